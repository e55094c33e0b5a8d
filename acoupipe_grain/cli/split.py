"""``acoupipe-grain split``: recordings shared out to sets, such as those to train and to test with."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from acoupipe_grain.audio.segments.source_splits import split_recordings, split_statistics
from acoupipe_grain.cli.configuration import add_configuration, configured_arguments, save_if_asked
from acoupipe_grain.config.factories import build, source_name
from acoupipe_grain.config.keys import owners_of
from acoupipe_grain.config.settings import Settings
from acoupipe_grain.errors import ArgumentError

_RATIOS = ("train=0.7", "validation=0.15", "test=0.15")
_SOURCE = "SegmentSource"


def add_command(commands: Any) -> None:
    """Add the command's parser."""
    command = commands.add_parser(
        "split", help="share out recordings to sets, of each label its part", allow_abbrev=False
    )
    command.add_argument("file", help="JSON file to write, for SegmentSource.datasplit")
    command.add_argument(
        "--ratios", nargs="+", default=_RATIOS, metavar="SET=PART", help=f"default: {' '.join(_RATIOS)}"
    )
    command.add_argument("--seed", type=int, default=0, help="what the split is drawn from")
    command.add_argument("--overwrite", action="store_true", help="replace another split, or whatever the file holds")
    add_configuration(command)
    command.set_defaults(run=run)


def run(known: argparse.Namespace, flags: Sequence[str]) -> None:
    """Split all recordings of the configured source, whatever set it is of, and say what is in the sets."""
    ratios = _ratios(known.ratios)
    arguments = configured_arguments(known, flags, owners_of(_SOURCE))
    source_name(arguments, known.scope, (_SOURCE,))  # refused here if it is another one
    all_recordings = Settings({f"{_SOURCE}.datasplit": None, f"{_SOURCE}.dataset": None}, "split")
    source = build(_SOURCE, arguments.overridden_by(all_recordings), known.scope)
    split = split_recordings(source, ratios, known.seed)
    split.save(known.file, overwrite=known.overwrite)
    save_if_asked(known, arguments, owners_of(_SOURCE))
    sizes = ", ".join(f"{len(files)} {name}" for name, files in split.sets.items())
    print(f"{known.file}: {len(source.tables['files'])} recordings: {sizes}")
    print(split_statistics(source, split))


def _ratios(words: Sequence[str]) -> dict[str, float]:
    """Return the parts of sets from words ``SET=PART``."""
    ratios: dict[str, float] = {}
    for word in words:
        name, _, text = word.partition("=")
        try:
            part = float(text)
        except ValueError:
            raise ArgumentError(f"--ratios: {word!r}: expected a set and its part, such as train=0.7.") from None
        if name in ratios:
            raise ArgumentError(f"--ratios: {word!r}: {name!r} is given twice; leave one of them out.")
        ratios[name] = part
    return ratios
