"""``acoupipe-grain recordings``: labelled recordings to try things with."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from acoupipe_grain.audio.example import CLASSES, FILES_PER_CLASS, SECONDS, write_example_recordings
from acoupipe_grain.audio.example_sounds import SAMPLE_RATE

_IN_CONFIGURATIONS = Path("recordings")
"""The folder in which conf/excerpts.yml, conf/segments.yml and conf/minibatches.yml look for recordings."""


def add_command(commands: Any) -> None:
    """Add the command's parser."""
    command = commands.add_parser(
        "recordings", help="synthesise a few labelled recordings to try things with", allow_abbrev=False
    )
    command.add_argument("folder", help="folder to write: new, empty, or of the same recordings")
    command.add_argument("--seed", type=int, default=0, help="what the recordings are drawn from")
    command.set_defaults(run=run, takes_flags=False)


def run(known: argparse.Namespace, flags: Sequence[str]) -> None:
    """Write the recordings and say what there is and what to try next."""
    del flags
    folder = write_example_recordings(known.folder, known.seed)
    first, last = f"{CLASSES[0]}/0", f"{CLASSES[-1]}/{FILES_PER_CLASS - 1}"
    print(
        f"{folder}: {len(CLASSES) * FILES_PER_CLASS} recordings of {SECONDS:g} s at {SAMPLE_RATE} Hz: "
        f"{', '.join(CLASSES)}"
    )
    for names, meaning in (
        (f"audio/{first}.flac ... audio/{last}.flac", ""),
        (f"chunks/{first}.seg ... chunks/{last}.seg", "when there is something to hear"),
        ("files.csv", "the class of every recording"),
        ("labels.csv", "the classes"),
    ):
        print(f"  {names:42} {meaning}".rstrip())
    print("Try next:")
    for line in _next(folder):
        print(f"  acoupipe-grain {line}")


def _next(folder: Path) -> Iterator[str]:
    """Yield commands that use the recordings."""
    if folder == _IN_CONFIGURATIONS:
        segments = "--args.load conf/segments.yml"
    else:
        audio, chunks = (shlex.quote(str(folder / name)) for name in ("audio", "chunks"))
        values = {"files": audio, "chunk_labels": chunks, "duration": 0.5, "overlap": 0.5}
        segments = " ".join(f"--SegmentSource.{name} {value}" for name, value in values.items())
    yield f"preview segments.png {segments} --records 5 97 189"
    yield f"split split.json {segments} --ratios train=0.5 validation=0.25 test=0.25"
    yield f"export data/segments {segments}"
