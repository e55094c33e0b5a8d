"""What identifies a source of the array wing: its configuration and its representation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from acoupipe_grain.seeding import GENERATOR_VERSION, PRNG


def source_configuration(name: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the JSON mapping that identifies and rebuilds a source of the array wing."""
    return {"class": name, "arguments": dict(values), "generator_version": GENERATOR_VERSION, "prng": PRNG}


def source_repr(name: str, values: Mapping[str, Any]) -> str:
    """Return a representation that identifies a source's content."""
    listed = ", ".join(f"{key}={value!r}" for key, value in values.items())
    return f"{name}({listed}, generator_version={GENERATOR_VERSION})"
