"""The arguments that commands share: a configuration file, overrides by flags, and the result saved."""

from __future__ import annotations

import argparse
from collections.abc import Collection, Sequence
from typing import Any

from acoupipe_grain.config import build, parse_flags
from acoupipe_grain.config.factories import source_name
from acoupipe_grain.config.keys import SCOPES, SIMULATED, package_keys
from acoupipe_grain.config.loading import load_with_flags
from acoupipe_grain.config.saving import save_arguments
from acoupipe_grain.config.settings import Settings
from acoupipe_grain.errors import ArgumentError

_OF_ONE_JOB = ("export.shards",)
"""Keys that would be wrong in another run of the same configuration."""


def add_configuration(command: argparse.ArgumentParser, *, with_scope: bool = True) -> None:
    """Let a command take ``--args.load``, ``--args.save``, ``--scope`` and flags ``--Class.parameter value``."""
    command.add_argument(
        "--args.load",
        dest="args_load",
        action="append",
        metavar="FILE",
        help="YAML file with keys Class.parameter, or a config.ini of frames",
    )
    command.add_argument(
        "--args.save", dest="args_save", metavar="FILE", help="write every key used and its value to a YAML file"
    )
    if with_scope:
        command.add_argument("--scope", choices=SCOPES, default="", help="also use the keys with this prefix")
    command.epilog = "Every key can be given as a flag: --SyntheticSource.num_records 256. See `acoupipe-grain config`."
    command.set_defaults(takes_flags=True)


def configured_arguments(
    known: argparse.Namespace, flags: Sequence[str], owners: Collection[str], scopes: Collection[str] | None = None
) -> Settings:
    """Return the values of the configuration file, overridden by those on the command line.

    A file may hold keys for other commands and scopes; a flag that the command would not use is refused. `owners` are
    the classes and functions whose keys the command uses, `scopes` the scopes (None: the one on the command line).
    """
    used = [known.scope] if scopes is None else scopes
    given = parse_flags(flags)
    for key in given:
        scope, _, name = key.rpartition("/")
        if name.partition(".")[0] not in owners:
            raise ArgumentError(f"command line: --{key}: `{known.command}` uses keys of {', '.join(owners)} only.")
        if scope and scope not in used:
            remedy = f"takes effect with --scope {scope} only" if scopes is None else f"uses {', '.join(used)} only"
            raise ArgumentError(f"command line: --{key}: {remedy}.")
    return load_with_flags(known.args_load or [], given)


def configured_source(
    known: argparse.Namespace, arguments: Settings, usable: Sequence[str] = SIMULATED
) -> tuple[str, Any]:
    """Return name and instance of the source of which a configuration has keys, `SyntheticSource` if of none."""
    name = source_name(arguments, known.scope, usable)
    return name, build(name, arguments, known.scope)


def save_if_asked(known: argparse.Namespace, settings: Settings, owners: Collection[str]) -> None:
    """Write the configuration of a command to ``--args.save``; called when it has proved usable."""
    if known.args_save:
        keys = [key for key in package_keys().of(owners) if key.name not in _OF_ONE_JOB]
        save_arguments(settings, known.args_save, keys)
