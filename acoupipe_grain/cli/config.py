"""``acoupipe-grain config``: every key that can be configured, or a configuration as it will be used."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import Any

from acoupipe_grain.cli.configuration import add_configuration, configured_arguments, save_if_asked
from acoupipe_grain.config.factories import (
    arguments_for,
    build,
    errors_with_place,
    missing_keys,
    require_scope,
    values_for,
)
from acoupipe_grain.config.keys import (
    CONFIGURABLE,
    REQUIRING,
    SOURCES,
    VALUES_OF,
    Key,
    learning,
    owners_of,
    package_keys,
)
from acoupipe_grain.config.saving import as_in_files, resolved_text
from acoupipe_grain.config.settings import Settings
from acoupipe_grain.config.types import describe
from acoupipe_grain.config.yaml import write_value
from acoupipe_grain.errors import unknown_name


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
    owners = list(owners_of(*(known.owners or CONFIGURABLE)))
    if not (known.args_load or flags or known.scope or known.args_save):
        for line in _table(package_keys().of(owners)):
            print(line)
        return
    settings = configured_arguments(known, flags, owners)
    if not known.owners:
        used = {_unscoped(key).partition(".")[0] for key in settings}
        # Of sources only those that are configured, and what trains where something of it is.
        optional = (*SOURCES, *VALUES_OF, *learning()) if used & {*SOURCES} else (*REQUIRING, *VALUES_OF, *learning())
        owners = [owner for owner in owners if owner in used or owner not in optional]
    if known.scope:
        require_scope(known.scope, settings)
    for scope in [known.scope] if known.scope else ["", *settings.scopes]:
        for name in SOURCES:
            if name in owners:
                _require_usable(name, settings, scope)
        if "make_loader" in owners:
            arguments_for("make_loader", settings, scope)  # builds the transforms
    save_if_asked(known, settings, owners)
    print(resolved_text(settings, package_keys().of(owners), known.scope), end="")


def _require_usable(name: str, settings: Settings, scope: str) -> None:
    """Build a source that has keys, and draw its first record: some values show only then what they are."""
    if not any(_unscoped(key).startswith(f"{name}.") for key in settings):
        return
    missing = missing_keys(name, values_for(name, settings, scope))
    is_for_scope = bool(scope) and any(key.startswith(f"{scope}/{name}.") for key in settings)
    if missing and not is_for_scope and set(missing) <= {_unscoped(key) for key in settings}:
        return  # it is complete, and meant, in other scopes
    source = build(name, settings, scope)
    with errors_with_place(name, settings, scope):
        getattr(source, "inputs", source)[0]


def _unscoped(key: str) -> str:
    return key.rpartition("/")[2]


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
