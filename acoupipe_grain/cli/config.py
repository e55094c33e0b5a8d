"""``acoupipe-grain config``: every key that can be configured, or a configuration as it will be used."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import Any

from acoupipe_grain.cli.configuration import add_configuration, configured_arguments, save_if_asked
from acoupipe_grain.config.factories import build, place_of, require_scope
from acoupipe_grain.config.keys import CONFIGURABLE, SOURCES, Key, package_keys
from acoupipe_grain.config.saving import as_in_files, resolved_text
from acoupipe_grain.config.settings import Settings
from acoupipe_grain.config.types import describe
from acoupipe_grain.config.yaml import write_value
from acoupipe_grain.errors import ArgumentError, unknown_name


def add_command(commands: Any) -> None:
    """Add the command's parser."""
    command = commands.add_parser(
        "config", help="list every key with type, unit and default, or check a configuration", allow_abbrev=False
    )
    command.add_argument("owners", nargs="*", metavar="CLASS", help="only keys of these classes or functions")
    add_configuration(command)
    command.set_defaults(run=run)


def run(known: argparse.Namespace, flags: Sequence[str]) -> None:
    """Print the keys; or, with a configuration, check its keys, types and sources and print every value in force."""
    for owner in known.owners:
        if owner not in CONFIGURABLE:
            raise unknown_name("class", owner, CONFIGURABLE)
    owners = known.owners or list(CONFIGURABLE)
    keys = package_keys().of(owners)
    if not (known.args_load or flags or known.scope or known.args_save):
        for line in _table(keys):
            print(line)
        return
    settings = configured_arguments(known, flags, owners)
    if known.scope:
        require_scope(known.scope, settings)
    for scope in [known.scope] if known.scope else ["", *settings.scopes]:
        for name in SOURCES:
            if name in owners:
                _require_usable(name, settings, scope)
    save_if_asked(known, settings, owners)
    print(resolved_text(settings, keys, known.scope), end="")


def _require_usable(name: str, settings: Settings, scope: str) -> None:
    """Build a source that has keys, and draw its first scene: some values show only then what they are."""
    if any(key.rpartition("/")[2].startswith(f"{name}.") for key in settings):
        source = build(name, settings, scope)
        try:
            getattr(source, "inputs", source).batch([0])
        except ArgumentError as error:
            raise ArgumentError(f"{place_of(str(error), name, settings, scope)}{error}") from error


def _table(keys: Sequence[Key]) -> Iterator[str]:
    owner = ""
    for key in keys:
        if key.name.partition(".")[0] != owner:
            owner = key.name.partition(".")[0]
            yield f"{'' if key is keys[0] else chr(10)}{owner}"
        default = "required" if key.is_required else write_value(as_in_files(key.default))
        kind = describe(key.type) + (f", {key.unit}" if key.unit else "")
        yield f"  {key.name}: {default}  ({kind})"
        yield f"      {key.description.replace('None: ', 'null: ')}"
