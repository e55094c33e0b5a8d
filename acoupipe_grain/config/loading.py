"""Reading configuration: safe YAML 1.2 files with includes, and command-line flags."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from acoupipe_grain.config.factories import require_known
from acoupipe_grain.errors import ArgumentError

INCLUDE = "$include"


def load_arguments(path: str | Path) -> dict[str, Any]:
    """Return the keys and values of a YAML file and of the files it includes.

    ``$include: [base.yml]`` takes over the keys of other files, relative to the including file; its own keys win.
    Nothing in a file is executed.

    Raises
    ------
    ArgumentError
        If a file does not exist, is not a YAML mapping, includes itself, or has an unknown key.
    """
    return _load(Path(path), ())


def _load(path: Path, including: tuple[Path, ...]) -> dict[str, Any]:
    if path.resolve() in including:
        raise ArgumentError(f"{path}: includes itself.")
    try:
        mapping = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ArgumentError(f"{path}: cannot be read ({error.strerror}).") from error
    except (YAMLError, UnicodeDecodeError) as error:
        raise ArgumentError(f"{path}: not valid YAML ({error}).") from error
    mapping = {} if mapping is None else mapping
    if not isinstance(mapping, dict):
        raise ArgumentError(f"{path}: expected keys and values such as `SyntheticSource.num_records: 1000`.")
    included = mapping.pop(INCLUDE, [])
    included = [included] if isinstance(included, str) else included
    if not isinstance(included, list) or not all(isinstance(name, str) for name in included):
        raise ArgumentError(f"{path}: {INCLUDE}={included!r}: expected a list of file names.")
    arguments: dict[str, Any] = {}
    for name in included:
        arguments |= _load(path.parent / name, (*including, path.resolve()))
    for key in mapping:
        require_known(str(key), str(path))
    return arguments | mapping


def parse_flags(flags: Sequence[str]) -> dict[str, Any]:
    """Return keys and values of command-line flags ``--Class.parameter value`` or ``--Class.parameter=value``.

    Values are read as YAML: ``true``, ``4000``, ``[sourcemap, loc]``.

    Raises
    ------
    ArgumentError
        If something is not such a flag, a value is missing, or a key is unknown or given twice.
    """
    arguments: dict[str, Any] = {}
    remaining = list(flags)
    while remaining:
        flag = remaining.pop(0)
        key, equals, text = flag.removeprefix("--").partition("=")
        if not flag.startswith("--") or not key:
            raise ArgumentError(f"command line: {flag!r} is not a flag of the form --SyntheticSource.num_records 256.")
        require_known(key, "the command line")
        if not equals:
            if not remaining or remaining[0].startswith("--"):
                raise ArgumentError(f"command line: --{key} needs a value (true or false for a switch).")
            text = remaining.pop(0)
        if key in arguments:
            raise ArgumentError(f"command line: --{key} is given twice.")
        try:
            arguments[key] = YAML(typ="safe", pure=True).load(text)
        except YAMLError as error:
            raise ArgumentError(f"command line: --{key} {text!r} is not valid YAML ({error}).") from error
    return arguments
