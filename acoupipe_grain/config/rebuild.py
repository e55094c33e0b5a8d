"""Sources rebuilt from the configuration in a manifest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from acoupipe_grain.audio.features import FEATURES_VERSION
from acoupipe_grain.config.factories import build
from acoupipe_grain.config.keys import FILES, SOURCES
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.files.file_source import FILES_VERSION
from acoupipe_grain.seeding import GENERATOR_VERSION, PRNG

_VERSIONS_OF_DRAWS: Mapping[str, Any] = {"generator_version": GENERATOR_VERSION, "prng": PRNG}
_VERSIONS: Mapping[str, Mapping[str, Any]] = {
    "SegmentSource": {"features_version": FEATURES_VERSION},
    **{name: {"files_version": FILES_VERSION} for name in FILES},
}
"""Of sources that draw nothing."""

_DIGESTS = {
    "files_digest": "names, headers or content",
    "segments_digest": "labels, sets or activity",
    "features_digests": "precomputed features",
}


def source_from_configuration(configuration: Mapping[str, Any]) -> Any:
    """Return the source that a configuration describes; only known names are built, nothing is imported.

    Raises
    ------
    ArgumentError
        If the class is unknown, the records came from another version of what draws or computes them, or the files
        that they come of are not there or have changed.
    """
    name = configuration.get("class")
    if name not in SOURCES or not isinstance(configuration.get("arguments"), Mapping):
        raise ArgumentError(
            f"configuration: sources of class {name!r} cannot be rebuilt from a manifest (only {', '.join(SOURCES)}); "
            "pass the source itself."
        )
    arguments = {f"{name}.{key}": value for key, value in configuration["arguments"].items()}
    for key, ours in _VERSIONS.get(name, _VERSIONS_OF_DRAWS).items():
        if configuration.get(key) != ours:
            raise ArgumentError(
                f"configuration: {key} is {configuration.get(key)!r}, this version has {ours!r}; the same arguments "
                "give other data."
            )
    source = build(name, arguments)
    _require_same_files(configuration, source.configuration)
    return source


def _require_same_files(configuration: Mapping[str, Any], ours: Mapping[str, Any]) -> None:
    """Raise `ArgumentError` if files have changed: a source's own, or those that its simulated sources radiate."""
    for key in _DIGESTS:
        if key in configuration and ours[key] != configuration[key]:
            raise ArgumentError(
                f"configuration: the files of {configuration['class']} are not those that the records come of "
                f"({_DIGESTS[key]} have changed); restore them, or pass the source itself."
            )
    inner = configuration["arguments"].get("signals")
    if isinstance(inner, Mapping) and "class" in inner:
        _require_same_files(inner, ours["arguments"]["signals"])
