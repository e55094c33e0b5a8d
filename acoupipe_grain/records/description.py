"""What stored data say about the source they came from, as JSON values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.specs import DataSource


def configuration_of(source: DataSource) -> dict[str, Any]:
    """Return what rebuilds a source, or its ``repr`` if it has no configuration.

    Raises
    ------
    ArgumentError
        If the configuration holds what is no JSON value.
    """
    return as_json("source.configuration", getattr(source, "configuration", None) or {"repr": repr(source)})


def tables_of(source: DataSource) -> dict[str, Any]:
    """Return the names that belong to numbers in a source's elements.

    Raises
    ------
    ArgumentError
        If a table holds what is no JSON value.
    """
    return as_json("source.tables", {name: list(values) for name, values in getattr(source, "tables", {}).items()})


def as_json(name: str, mapping: Any) -> dict[str, Any]:
    """Return a mapping as it will be read back: lists for tuples.

    Raises
    ------
    ArgumentError
        If it is no mapping, or holds what is no JSON value.
    """
    if not isinstance(mapping, Mapping):
        raise ArgumentError(f"{name}={mapping!r}: expected a mapping from names to JSON values.")
    try:
        return json.loads(json.dumps(dict(mapping), allow_nan=False))
    except (TypeError, ValueError) as error:
        raise ArgumentError(
            f"{name}={mapping!r:.200}: expected JSON values only ({error}); use numbers, text, lists and mappings."
        ) from error
