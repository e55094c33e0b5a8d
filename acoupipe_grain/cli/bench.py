"""``acoupipe-grain bench``: speed, side by side with plain Acoular."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from acoupipe_grain.arguments import integer
from acoupipe_grain.bench import run_benchmarks


def add_command(commands: Any) -> None:
    """Add the command's parser."""
    command = commands.add_parser("bench", help="measure speed, side by side with plain Acoular", allow_abbrev=False)
    command.add_argument("--records", type=int, default=30, help="records per measurement")
    command.set_defaults(run=run, takes_flags=False)


def run(known: argparse.Namespace, flags: Sequence[str]) -> None:
    """Print the table."""
    del flags
    for line in run_benchmarks(integer("records", known.records, minimum=1)):
        print(line, flush=True)
