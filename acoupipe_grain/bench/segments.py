"""How fast log-mel segments come: from the loader, from a cache, and from a plain loop; and the memory they take.

``python -m acoupipe_grain.bench.segments CASE SECONDS`` prints one JSON object.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from acoupipe_grain.audio.segments.source import SegmentSource
from acoupipe_grain.bench.recordings import CASES, Recordings, write_recordings
from acoupipe_grain.extras import import_extra
from acoupipe_grain.pipeline import make_loader
from acoupipe_grain.records import cached

BATCH_SIZE = 64
ROUNDS = 5
NUM_SEGMENTS_FOR_MEMORY = 10_000
N_MELS = 64


def source_of(folder: Path, case: Recordings) -> SegmentSource:
    """Return log-mel segments of recordings."""
    return SegmentSource(
        str(folder),
        1.0,
        0.5,
        features=[{"name": "mel_spectrum", "options": {"n_mels": N_MELS}}],
        window_size=case.window_size,
        hop_size=case.hop_size,
    )


def plain_loop(source: SegmentSource, case: Recordings) -> Callable[[int], Any]:
    """Return the log-mel spectrum of a segment by soundfile and librosa."""
    soundfile = import_extra("soundfile", "audio", "audio files")
    librosa = import_extra("librosa", "dev", "the plain loop")
    files = [file.path for file in source.segments.recordings.files]
    table, num_samples = source.table, source.segments.grid.num_samples

    def segment(index: int) -> Any:
        path, start = files[table.file_indices[index]], int(table.starts[index])
        audio, rate = soundfile.read(path, start=start, frames=num_samples, dtype="float32")
        powers = librosa.feature.melspectrogram(
            y=audio, sr=rate, n_fft=case.window_size, hop_length=case.hop_size, n_mels=N_MELS, center=False
        )
        return librosa.power_to_db(powers, top_db=None)

    return segment


def segment_rates(case: Recordings, seconds: float) -> dict[str, float]:
    """Return segments/s of the loader, of a cached epoch and of the plain loop: medians of rounds that take turns.

    Also how much more memory the process has after 10,000 segments than after the first 1,000, bytes.
    """
    with tempfile.TemporaryDirectory() as folder:
        audio = Path(folder) / "audio"
        audio.mkdir()
        write_recordings(audio, case)
        source = source_of(audio, case)
        stored = cached(source, Path(folder) / "cache")
        order = np.random.default_rng(0).permutation(len(source))
        plain = plain_loop(source, case)
        ours, again = (iter(make_loader(item, BATCH_SIZE, num_epochs=None)) for item in (source, stored))
        growth = _memory_growth(ours)
        rates: dict[str, list[float]] = {"loader": [], "cached": [], "plain": []}
        for _ in range(ROUNDS):
            rates["loader"].append(
                _rate(lambda _: np.asarray(next(ours)["mel_spectrum"]), BATCH_SIZE, seconds / ROUNDS)
            )
            rates["cached"].append(_rate(lambda _: next(again), BATCH_SIZE, seconds / ROUNDS))
            rates["plain"].append(_rate(lambda count: plain(int(order[count % len(order)])), 1, seconds / ROUNDS))
        for iterator in (ours, again):
            iterator.close()
    return {name: float(np.median(values)) for name, values in rates.items()} | {"growth_bytes": growth}


def _memory_growth(iterator: Any) -> float:
    process = psutil.Process()
    sizes = []
    for count in range(NUM_SEGMENTS_FOR_MEMORY // BATCH_SIZE + 1):
        np.asarray(next(iterator)["mel_spectrum"])
        if count >= NUM_SEGMENTS_FOR_MEMORY // BATCH_SIZE // 10:
            sizes.append(process.memory_info().rss)
    return float(sizes[-1] - sizes[0])


def _rate(step: Callable[[int], Any], size: int, seconds: float) -> float:
    count = 0
    step(0)
    started = time.perf_counter()
    while time.perf_counter() - started < seconds:
        step(count)
        count += 1
    return count * size / (time.perf_counter() - started)


def main() -> None:
    """Run the measurement named on the command line."""
    print(json.dumps(segment_rates(CASES[sys.argv[1]], float(sys.argv[2]))))


if __name__ == "__main__":
    main()
