"""``acoupipe-grain bench``: speed, side by side with plain Acoular."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from acoupipe_grain.arguments import number
from acoupipe_grain.bench import run_benchmarks


def add_command(commands: Any) -> None:
    """Add the command's parser."""
    command = commands.add_parser("bench", help="measure speed, side by side with plain Acoular", allow_abbrev=False)
    command.add_argument("--seconds", type=float, default=3.0, help="length of each measurement")
    command.add_argument("--only", default="", help="measure the requests and tables whose names contain this")
    command.set_defaults(run=run, takes_flags=False)


def run(known: argparse.Namespace, flags: Sequence[str]) -> None:
    """Print the tables."""
    del flags
    for line in run_benchmarks(number("seconds", known.seconds, above=0, unit="s"), known.only):
        print(line, flush=True)
