"""Sources rebuilt from the configuration in a manifest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from acoupipe_grain.config.factories import build
from acoupipe_grain.config.keys import SOURCES
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.seeding import GENERATOR_VERSION, PRNG


def source_from_configuration(configuration: Mapping[str, Any]) -> Any:
    """Return the source that a configuration describes; only known names are built, nothing is imported.

    Raises
    ------
    ArgumentError
        If the class is unknown, the records came from another generator version or PRNG, or the files that they are
        excerpts of are not there or have changed.
    """
    name = configuration.get("class")
    if name not in SOURCES or not isinstance(configuration.get("arguments"), Mapping):
        raise ArgumentError(
            f"configuration: sources of class {name!r} cannot be rebuilt from a manifest (only {', '.join(SOURCES)}); "
            "pass the source itself."
        )
    for key, ours in (("generator_version", GENERATOR_VERSION), ("prng", PRNG)):
        if configuration.get(key) != ours:
            raise ArgumentError(
                f"configuration: {key} is {configuration.get(key)!r}, this version has {ours!r}; the same "
                "seed gives other data."
            )
    source = build(name, {f"{name}.{key}": value for key, value in configuration["arguments"].items()})
    if "files_digest" in configuration and source.configuration["files_digest"] != configuration["files_digest"]:
        raise ArgumentError(
            f"configuration: the files of {name} are not those that the records are excerpts of (names, headers or "
            "content have changed); restore them, or pass the source itself."
        )
    return source
