"""``acoupipe-grain repair``: what is damaged in a stored data set written again."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from acoupipe_grain.config.verify import repair


def add_command(commands: Any) -> None:
    """Add the command's parser."""
    command = commands.add_parser(
        "repair", help="write the damaged and missing shards of a data set again", allow_abbrev=False
    )
    command.add_argument("folder", help="folder written by export")
    command.set_defaults(run=run, takes_flags=False)


def run(known: argparse.Namespace, flags: Sequence[str]) -> None:
    """Repair and say what was written."""
    del flags
    mended = repair(known.folder, progress=True)
    print(f"{known.folder}: {', '.join(mended) if mended else 'nothing was damaged'}")
