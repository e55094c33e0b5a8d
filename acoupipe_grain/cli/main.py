"""Commands and their arguments."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from acoupipe_grain import __version__
from acoupipe_grain.cli import (
    bench,
    config,
    convert,
    demo,
    download,
    export,
    inspect,
    predict,
    preview,
    recordings,
    repair,
    responses,
    split,
    statistics,
    train,
    verify,
)
from acoupipe_grain.config.flags import split_flags
from acoupipe_grain.errors import ArgumentError

_COMMANDS = (
    *(export, verify, repair, inspect, preview, convert, config),
    *(recordings, split, statistics, responses, download, train, predict, bench, demo),
)


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
    """Run a command and return its exit status: 0, 2 for an error in arguments or data, 130 when interrupted."""
    plain, flags = split_flags(sys.argv[1:] if argv is None else argv)
    known, unknown = parser().parse_known_args(plain)
    try:
        if unknown or (flags and not known.takes_flags):
            raise ArgumentError(f"command line: {' '.join(unknown or flags)}: unknown to `{known.command}`.")
        known.run(known, flags)
    except BrokenPipeError:
        # Whoever read our output has seen enough; what is left must not be flushed into the closed pipe.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt as interruption:
        print(f"acoupipe-grain {known.command}: {str(interruption) or 'interrupted'}", file=sys.stderr)
        return 130
    except (ValueError, IndexError, OSError) as error:
        print(f"acoupipe-grain {known.command}: error: {error}", file=sys.stderr)
        return 2
    return 0
