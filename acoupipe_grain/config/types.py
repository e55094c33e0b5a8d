"""Types of configured values: what annotations mean in a file, and values checked against them."""

from __future__ import annotations

import collections.abc
import datetime
import json
import types
from functools import lru_cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import numpy as np

from acoupipe_grain.annotations import InFiles, Unit

_PLAIN = {int: "integer", float: "number", str: "text", bool: "true or false", type(None): "null"}


def type_in_files(hint: Any) -> Any:
    """Return the type of the values that a file can give for an annotation; None if it can give none."""
    if hint in _PLAIN or get_origin(hint) is Literal:
        return hint
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        given = [item.type for item in hint.__metadata__ if isinstance(item, InFiles)]
        return given[-1] if given else type_in_files(arguments[0])
    if origin in (Union, types.UnionType):
        members = [kind for kind in map(type_in_files, arguments) if kind is not None]
        return None if set(members) <= {type(None)} else Union[tuple(members)]  # noqa: UP007
    if origin in (collections.abc.Sequence, list):
        item = type_in_files(arguments[0])
        return None if item is None else collections.abc.Sequence[item]  # type: ignore[valid-type]
    if origin is tuple:
        items = [type_in_files(item) for item in arguments]
        return None if None in items else tuple[tuple(items)]  # type: ignore[misc]
    if origin is collections.abc.Mapping:
        return collections.abc.Mapping[str, Any]
    return None


def unit_of(hint: Any) -> str:
    """Return the unit that an annotation says, anywhere in it, or ""."""
    for item in getattr(hint, "__metadata__", ()):
        if isinstance(item, Unit):
            return item.symbol
    for argument in get_args(hint):
        if symbol := unit_of(argument):
            return symbol
    return ""


def describe(kind: Any) -> str:
    """Return a type in the words of a configuration file."""
    if kind in _PLAIN:
        return _PLAIN[kind]
    if kind is Any:
        return "anything"
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        return " | ".join(map(str, arguments))
    if origin in (Union, types.UnionType):
        return " or ".join(describe(item) for item in arguments)
    if origin is tuple:
        return "[" + ", ".join(describe(item) for item in arguments) + "]"
    if origin is collections.abc.Sequence:
        return f"list of {describe(arguments[0])}"
    return "mapping"


def as_type(kind: Any, value: Any) -> Any:
    """Return `value` as the type: whole numbers become floats and the other way round, lists tuples.

    Raises
    ------
    ValueError
        If it is of another type; text never becomes a number or a switch.
    """
    adapter = _adapter(kind)
    try:
        text = json.dumps(value, default=_plain)
    except TypeError as error:
        raise ValueError(f"{type(value).__name__} is no plain value") from error
    try:
        return adapter.validate_json(text, strict=True)
    except ValueError:
        return adapter.validate_json(json.dumps(_whole(json.loads(text))), strict=True)


def advice(kind: Any, value: Any) -> str:
    """Return what to write instead of a value of another type."""
    expected = describe(kind)
    if not isinstance(value, str) and "text" in expected and "mapping" not in expected:
        return "; write it in quotes"
    if isinstance(value, str) and "text" not in expected:
        if "number" in expected or "integer" in expected:
            try:
                float(value)
            except ValueError:
                return ""
            return "; leave the quotes out"
        if value.lower() in ("yes", "no", "on", "off", "true", "false") and "true or false" in expected:
            return "; write true or false, without quotes"
    return ""


def _whole(value: Any) -> Any:
    """Return a value with whole floats as integers."""
    if isinstance(value, list):
        return [_whole(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _plain(value: Any) -> Any:
    """Return what is no JSON value but plainly means one: NumPy's numbers and arrays, and YAML's dates."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    if isinstance(value, datetime.date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is no plain value")


@lru_cache(maxsize=256)
def _adapter(kind: Any) -> Any:
    from pydantic import TypeAdapter  # late: only configurations need it

    return TypeAdapter(kind)
