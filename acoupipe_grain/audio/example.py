"""A small set of labelled recordings to try things with, synthesised here."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float64, Int16

from acoupipe_grain.audio.example_sounds import SAMPLE_RATE, SOUNDS
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.extras import import_extra
from acoupipe_grain.seeding import Streams

CLASSES = tuple(SOUNDS)
FILES_PER_CLASS = 4
SECONDS = 6.0
"""Length of a recording."""

EVENT_SECONDS = (0.8, 1.6)
PAUSE_SECONDS = (0.6, 1.2)
LEVELS_DB = (-27.0, -19.0)
"""Root mean square of the events of a recording, dB re full scale; those of one recording differ by 1 dB at most."""
NOISE_DB = -72.0
"""Root mean square of the background noise, dB re full scale."""


@dataclass(frozen=True)
class Event:
    """A sound in a recording: where it begins and ends, in whole milliseconds."""

    start: int
    end: int


@dataclass(frozen=True, eq=False)
class Recording:
    """A synthesised recording.

    Attributes
    ----------
    label
        Its class.
    number
        Its number in the class.
    audio
        Its samples, full scale 32768, of one channel.
    events
        The sounds in it; between them there is faint noise.
    """

    label: str
    number: int
    audio: Int16[np.ndarray, " sample"]
    events: tuple[Event, ...]


def write_example_recordings(folder: str | os.PathLike[str], seed: int = 0) -> Path:
    """Write twelve labelled recordings to try things with: synthesised, with the true times of what is to be heard.

    Three classes (chirp, hum, knock) have four recordings each of 6 s at 16 kHz in one channel, about 1 MB together.
    The label files are those that `SegmentSource` reads::

        labels.csv         id,name                       labels
        files.csv          path,label                    file_labels: the class of every recording
        audio/chirp/0.flac ...                           files
        chunks/chirp/0.seg start,end,label (in seconds)  chunk_labels: when there is something to hear

    Where these recordings are already, nothing is written; what is missing of them is written.

    Parameters
    ----------
    folder
        Folder to write: new, empty, or of the same recordings. Other files in the latter are left alone.
    seed
        0 ... 2**64 - 1; the same seed gives the same recordings.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    ArgumentError
        If the folder holds something else (such as the same written by other versions of NumPy or libsndfile), the seed
        has the wrong type or range, soundfile is not installed, or a file cannot be written.
    """
    target, streams = Path(folder), Streams(seed, "training")
    recordings = [_recording(streams, label, number) for label in CLASSES for number in range(FILES_PER_CLASS)]
    contents = {name: text.encode() for name, text in _label_files(recordings)}
    contents |= {f"audio/{item.label}/{item.number}.flac": _as_flac(item.audio) for item in recordings}
    try:
        missing = _missing(target, contents)
        for name in missing:
            _write(target / name, contents[name])
    except OSError as error:
        raise ArgumentError(
            f"folder={str(target)!r}: cannot be written ({error.strerror}: {error.filename})."
        ) from error
    return target


def _missing(folder: Path, contents: Mapping[str, bytes]) -> list[str]:
    """Return the names of the files that are not there, of a folder that may be written to."""
    there = [name for name in contents if (folder / name).exists()]
    different = [name for name in there if (folder / name).read_bytes() != contents[name]]
    if different or (not there and folder.exists() and any(folder.iterdir())):
        what = f"its {different[0]} is another one" if different else "it is not empty"
        raise ArgumentError(
            f"folder={str(folder)!r}: holds something else than these recordings ({what}); give another folder, or "
            "remove this one."
        )
    return [name for name in contents if name not in there]


def _write(path: Path, content: bytes) -> None:
    """Write a file so that it is never seen half-written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_native_id()}.partial")
    try:
        partial.write_bytes(content)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def _as_flac(audio: Int16[np.ndarray, " sample"]) -> bytes:
    soundfile = import_extra("soundfile", "audio", "audio files")
    file = io.BytesIO()
    soundfile.write(file, audio, SAMPLE_RATE, format="FLAC", subtype="PCM_16")
    return file.getvalue()


def _recording(streams: Streams, label: str, number: int) -> Recording:
    """Return a recording, which depends on the seed, its class and its number alone."""
    rng = streams.generator(f"example_{label}", number)
    level, num_samples = rng.uniform(*LEVELS_DB), round(SECONDS * SAMPLE_RATE)
    audio = 10 ** (NOISE_DB / 20) * rng.standard_normal(num_samples)
    events = tuple(_events(rng))
    for event in events:
        sound = SOUNDS[label](rng, (event.end - event.start) / 1000)
        gain = 10 ** ((level + rng.uniform(-0.5, 0.5)) / 20) / np.sqrt(np.mean(sound**2))
        start = event.start * SAMPLE_RATE // 1000
        audio[start : start + len(sound)] += gain * sound
    return Recording(label, number, _as_integers(audio), events)


def _events(rng: np.random.Generator) -> Iterator[Event]:
    """Yield events with pauses before, between and after them."""
    start = _milliseconds(rng, PAUSE_SECONDS)
    while True:
        end = start + _milliseconds(rng, EVENT_SECONDS)
        if end > 1000 * (SECONDS - PAUSE_SECONDS[0]):
            return
        yield Event(start, end)
        start = end + _milliseconds(rng, PAUSE_SECONDS)


def _milliseconds(rng: np.random.Generator, seconds: tuple[float, float]) -> int:
    return round(1000 * rng.uniform(*seconds))


def _as_integers(audio: Float64[np.ndarray, " sample"]) -> Int16[np.ndarray, " sample"]:
    return np.clip(np.round(audio * 32768), -32768, 32767).astype(np.int16)


def _label_files(recordings: list[Recording]) -> Iterator[tuple[str, str]]:
    """Yield paths and texts of the label files."""
    yield "labels.csv", _table("id,name", *(f"{number},{name}" for number, name in enumerate(CLASSES)))
    yield "files.csv", _table("path,label", *(f"{item.label}/{item.number}.flac,{item.label}" for item in recordings))
    for item in recordings:
        lines = (f"{event.start / 1000:.3f},{event.end / 1000:.3f},{item.label}" for event in item.events)
        yield f"chunks/{item.label}/{item.number}.seg", _table("start,end,label", *lines)


def _table(*lines: str) -> str:
    return "".join(f"{line}\n" for line in lines)
