"""Command-line flags: ``--Class.parameter value``, ``--Class.parameter=value``, and switches alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from acoupipe_grain.config.keys import Keys, package_keys
from acoupipe_grain.config.settings import Settings
from acoupipe_grain.config.yaml import YAMLError, read_yaml
from acoupipe_grain.errors import ArgumentError

COMMAND_LINE = "command line"
_SWITCH_WORDS = ("true", "false", "yes", "no", "on", "off", "1", "0", "null", "none")


def split_flags(words: Sequence[str], keys: Keys | None = None) -> tuple[list[str], list[str]]:
    """Return the words that are no flags of keys, and those flags in the form ``--key=value``.

    A flag takes the next word as its value, unless that is a flag itself. A switch takes ``true`` or ``false``, and
    alone it is switched on; other words that look like its value are taken too, to be refused.
    """
    plain: list[str] = []
    flags: list[str] = []
    remaining = list(words)
    known = keys or package_keys()
    while remaining:
        word = remaining.pop(0)
        name, equals, _ = word.removeprefix("--").partition("=")
        is_key = "." in name or name.rpartition("/")[2] in known.by_name
        if not word.startswith("--") or not is_key or name.startswith("args."):
            plain.append(word)
        elif equals:
            flags.append(word)
        elif _is_switch(name, known):
            follows = bool(remaining) and remaining[0].lower() in _SWITCH_WORDS
            flags.append(f"{word}={remaining.pop(0) if follows else 'true'}")
        elif remaining and not remaining[0].startswith("--"):
            flags.append(f"{word}={remaining.pop(0)}")
        else:
            flags.append(word)
    return plain, flags


def parse_flags(words: Sequence[str], keys: Keys | None = None) -> Settings:
    """Return the keys and values of flags; values are YAML: ``false``, ``4000``, ``[sourcemap, loc]``.

    Raises
    ------
    ArgumentError
        If something is no such flag, a value is missing or of the wrong type, or a key is unknown or given twice.
    """
    known = keys or package_keys()
    plain, flags = split_flags(words, known)
    if plain:
        raise ArgumentError(
            f"{COMMAND_LINE}: {plain[0]!r} is not a flag of the form --SyntheticSource.num_records 256."
        )
    values: dict[str, Any] = {}
    for flag in flags:
        name, equals, text = flag.removeprefix("--").partition("=")
        if name in values:
            raise ArgumentError(f"{COMMAND_LINE}: --{name} {text}: is given twice; leave one of them out.")
        if not equals or not text.strip():
            known.require(name, None, COMMAND_LINE)
            raise ArgumentError(f"{COMMAND_LINE}: --{name} needs a value: --{name} VALUE (null for none).")
        try:
            values[name] = read_yaml(text)
        except YAMLError as error:
            raise ArgumentError(f"{COMMAND_LINE}: --{name} {text!r} is not valid YAML ({error}); quote it.") from error
    return Settings(values, COMMAND_LINE, known)


def _is_switch(name: str, keys: Keys) -> bool:
    key = keys.by_name.get(name.rpartition("/")[2])
    return key is not None and key.type is bool
