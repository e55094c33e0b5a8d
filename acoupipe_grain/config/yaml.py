"""YAML 1.2, read without executing anything."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

__all__ = ["YAMLError", "read_yaml", "write_value", "write_yaml"]


def read_yaml(text: str) -> Any:
    """Return what a YAML text holds: plain values only, ``1e-4`` a number, ``no`` a text, no key twice."""
    try:
        return YAML(typ="safe", pure=True).load(text)
    except (ValueError, RecursionError) as error:  # impossible dates, endless numbers, endless nesting
        raise YAMLError(f"{type(error).__name__}: {error}") from error


def write_yaml(mapping: Mapping[str, Any]) -> str:
    """Return plain values by key as YAML, a line for each key."""
    return "".join(f"{name}: {write_value(value)}\n" for name, value in mapping.items())


def write_value(value: Any) -> str:
    """Return a plain value as YAML on one line."""
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = True
    yaml.width = 2**20
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    stream = io.StringIO()
    yaml.dump(value if isinstance(value, dict | list) else [value], stream)
    text = stream.getvalue().strip()
    return text if isinstance(value, dict | list) else text[1:-1]
