"""The arguments that commands share: a configuration file and overrides by flags."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from acoupipe_grain.config import build, load_arguments, parse_flags


def add_configuration(command: argparse.ArgumentParser) -> None:
    """Let a command take ``--args.load FILE`` and flags ``--Class.parameter value``."""
    command.add_argument("--args.load", dest="args_load", metavar="FILE", help="YAML file with keys Class.parameter")
    command.add_argument(
        "--scope",
        choices=("train", "val", "test"),
        default="",
        help="also use the file's keys with this prefix",
    )
    command.epilog = "Every key of the file can be overridden: --SyntheticSource.num_records 256"
    command.set_defaults(takes_flags=True)


def configured_arguments(known: argparse.Namespace, flags: Sequence[str]) -> dict[str, Any]:
    """Return the values of the configuration file, overridden by those on the command line."""
    loaded = load_arguments(known.args_load) if known.args_load else {}
    return loaded | parse_flags(flags)


def configured_source(known: argparse.Namespace, arguments: dict[str, Any]) -> Any:
    """Return the `SyntheticSource` of a configuration."""
    return build("SyntheticSource", arguments, known.scope)
