"""Modules of the user's that register models and tasks: ``--import``."""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path

from acoupipe_grain.errors import ArgumentError


def add_modules(command: argparse.ArgumentParser) -> None:
    """Let a command take ``--import MODULE``."""
    command.add_argument(
        "--import",
        dest="modules",
        action="append",
        default=[],
        metavar="MODULE",
        help="a Python module, found from the current folder too, that registers models or tasks of yours",
    )


def import_modules(known: argparse.Namespace) -> None:
    """Import what ``--import`` names.

    Raises
    ------
    ArgumentError
        If there is no such module.
    """
    if known.modules and (here := str(Path.cwd())) not in sys.path:
        sys.path.insert(0, here)
    for name in known.modules:
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name != name.partition(".")[0] and error.name != name:
                raise
            raise ArgumentError(
                f"--import {name}: there is no such module here or installed; give its name without .py, for instance "
                "my_models, and run the command in its folder."
            ) from None
