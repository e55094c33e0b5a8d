"""Sets of mini-batches from keys with dots, as the package's configuration files have them."""

from __future__ import annotations

from typing import Any

from acoupipe_grain.config.factories import build, call, place_of, values_for
from acoupipe_grain.config.keys import SCOPES, owners_of
from acoupipe_grain.config.settings import Settings
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.minibatches.mini_batches import MiniBatches
from acoupipe_grain.minibatches.split_sets import DEFAULT, names_of_sets

SOURCE = "SegmentSource"
OPTIONS = "MiniBatchGen"
OWNERS = (*owners_of(SOURCE), OPTIONS)
"""Whose keys make mini-batches."""

_OF_COMMANDS = ("export",)
"""Whose keys the same file may hold for commands."""


def sets_of_keys(settings: Settings) -> dict[str, MiniBatches]:
    """Return mini-batches by set: for each scope, else for each set of the split, else "default".

    Raises
    ------
    ArgumentError
        If a key is missing or of something else, or a value cannot be used.
    """
    _require_own_keys(settings)
    if settings.scopes:
        return {scope: _mini_batches(settings, scope) for scope in SCOPES if scope in settings.scopes}
    values = values_for(SOURCE, settings)
    if values.get("datasplit") is None or values.get("dataset") is not None:
        return {DEFAULT: _mini_batches(settings)}
    try:
        names = names_of_sets(values["datasplit"])
    except ArgumentError as error:
        raise ArgumentError(f"{place_of(str(error), SOURCE, settings, '')}{error}") from error
    return {name: _mini_batches(settings | {f"{SOURCE}.dataset": name}) for name in names}


def _mini_batches(settings: Settings, scope: str = "") -> MiniBatches:
    options: Any = call(OPTIONS, settings, scope)
    return MiniBatches(build(SOURCE, settings, scope), options)


def _require_own_keys(settings: Settings) -> None:
    for layer in settings.layers:
        for key, given in layer.items():
            owner = key.rpartition("/")[2].partition(".")[0]
            if owner not in (*OWNERS, *_OF_COMMANDS):
                raise ArgumentError(
                    f"{given.origin}: {key}: mini-batches are made by keys of {', '.join(OWNERS)}; leave it out."
                )
