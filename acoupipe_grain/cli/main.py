"""Commands and their arguments."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from acoupipe_grain import __version__
from acoupipe_grain.cli import bench, demo, export, inspect, preview, verify
from acoupipe_grain.errors import ArgumentError

_COMMANDS = (export, verify, inspect, preview, bench, demo)


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    root = argparse.ArgumentParser(
        prog="acoupipe-grain",
        description="Simulated microphone-array data for JAX.",
        allow_abbrev=False,
    )
    root.add_argument("--version", action="version", version=f"acoupipe-grain {__version__}")
    commands = root.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for module in _COMMANDS:
        module.add_command(commands)
    return root


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status: 0, or 2 for an error in arguments or data."""
    known, flags = parser().parse_known_args(argv)
    try:
        if flags and not known.takes_flags:
            raise ArgumentError(f"command line: {' '.join(flags)}: unknown to `{known.command}`.")
        known.run(known, flags)
    except (ValueError, IndexError) as error:
        print(f"acoupipe-grain {known.command}: error: {error}", file=sys.stderr)
        return 2
    return 0
