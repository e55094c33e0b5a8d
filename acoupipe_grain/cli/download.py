"""``acoupipe-grain download``: published impulse responses."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from acoupipe_grain.array.responses.download import MIRACLE_FILES, download_miracle


def add_command(commands: Any) -> None:
    """Add the command's parser."""
    command = commands.add_parser(
        "download", help="download impulse responses of the MIRACLE data set", allow_abbrev=False
    )
    command.add_argument("scenario", choices=sorted(MIRACLE_FILES), help="which of them")
    command.add_argument("--folder", help="where to; else the cache of downloads")
    command.set_defaults(run=run, takes_flags=False)


def run(known: argparse.Namespace, flags: Sequence[str]) -> None:
    """Download and say what to try next."""
    del flags
    path = download_miracle(known.scenario, known.folder)
    print(f"{path}: impulse responses, checked")
    print(f"Try next:\n  acoupipe-grain responses {path} --scenario {known.scenario} --picture responses.png")
