"""Labelled recordings, and configurations that read them in either form."""

import json
import math

import numpy as np
import soundfile

RATE = 8000
SECONDS = {"owls/long.wav": 1.3, "owls/short.wav": 0.45, "wrens/a.wav": 0.8, "wrens/b.wav": 1.0, "wrens/quiet.wav": 0.9}
"""Length of the recordings, in the order of their names."""
LABELS = {
    "owls/long.wav": "owl",
    "owls/short.wav": "owl",
    "wrens/a.wav": "wren",
    "wrens/b.wav": "wren",
    "wrens/quiet.wav": "unknown",
}
SETS = {
    "train": ["owls/long.wav", "wrens/b.wav"],
    "validation": ["owls/short.wav"],
    "test": ["wrens/a.wav"],
    "none": [],
}
NUM_SEGMENTS = 29
"""Of 0.25 s, half of which the next one has, too."""


def write_recordings(folder):
    """Write recordings of 2 channels, files of labels of either kind, a split, and a precomputed feature."""
    for number, (name, seconds) in enumerate(SECONDS.items()):
        path, stem = folder / "audio" / name, name.removesuffix(".wav")
        num_samples = round(seconds * RATE)
        audio = 1e-3 * np.random.default_rng(number).standard_normal((num_samples, 2))
        if "quiet" not in name:
            start = num_samples // 2
            times = np.arange(num_samples - start) / RATE
            audio[start:] += 0.2 * np.sin(2 * np.pi * (400 + 300 * number) * times)[:, np.newaxis]
        chunks = folder / "chunks" / f"{stem}.seg"
        chunks.parent.mkdir(parents=True, exist_ok=True)
        chunks.write_text(f"0,{seconds / 2},silence\n{seconds / 2},{seconds},{LABELS[name]}\n")
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, audio.astype(np.float32), RATE, subtype="FLOAT")
        for feature, rate, size in (("pitch", 40, (3,)), ("level", 40, ())):
            array, shape = folder / feature / f"{stem}.npy", (math.ceil(rate * seconds), *size)
            array.parent.mkdir(parents=True, exist_ok=True)
            np.save(array, 1000.0 * number + np.arange(np.prod(shape)).reshape(shape))
    (folder / "files.csv").write_text("".join(f"{name},{label}\n" for name, label in LABELS.items()))
    (folder / "labels.txt").write_text("wren\nowl\n")
    (folder / "split.json").write_text(json.dumps({"id": 1, "sets": SETS}))


def blocks(folder, **changes):
    """Return a configuration in Dynibatch's blocks; changes are ``block__key=value``, Ellipsis to leave it out."""
    config = {
        "data_path_config": {
            "audio_root": str(folder / "audio"),
            "features_root": "",
            "file2label_filename": str(folder / "files.csv"),
            "datasplit_path": "",
        },
        "minibatch_config": {"batch_size": 4, "shuffle_files": 0, "shuffle_mb_block_size": 0},
        "segment_config": {"seg_duration": 0.25, "seg_overlap": 0.5},
        "audio_frame_config": {"sample_rate": RATE, "win_size": 128, "hop_size": 64},
        "features": [{"name": "audio_chunk"}],
    }
    for name, value in changes.items():
        block, _, key = name.partition("__")
        place, name = (config.setdefault(block, {}), key) if key else (config, block)
        place.pop(name, None)
        if value is not ...:
            place[name] = value
    return config


def keys(folder, **changes):
    """Return a configuration of keys with dots that means the same; changes are ``Class__argument=value``."""
    config = {
        "SegmentSource.files": str(folder / "audio"),
        "SegmentSource.file_labels": str(folder / "files.csv"),
        "SegmentSource.duration": 0.25,
        "SegmentSource.overlap": 0.5,
        "SegmentSource.sample_rate": RATE,
        "SegmentSource.mono": True,
        "SegmentSource.window_size": 128,
        "SegmentSource.hop_size": 64,
        "SegmentSource.features": ["audio"],
        "MiniBatchGen.batch_size": 4,
    }
    return config | {name.replace("__", "."): value for name, value in changes.items()}
