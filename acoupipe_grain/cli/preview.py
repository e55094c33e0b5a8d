"""``acoupipe-grain preview``: source maps, true positions and the array, or recordings, as a PNG."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

import numpy as np

from acoupipe_grain.array.features import resolve_features
from acoupipe_grain.array.measurement import MeasurementSetup, as_setup
from acoupipe_grain.cli.configuration import add_configuration, configured_arguments, save_if_asked
from acoupipe_grain.config.factories import build, require_scope, source_name, values_for
from acoupipe_grain.config.keys import AUDIO, SIMULATED, owners_of
from acoupipe_grain.config.settings import Settings
from acoupipe_grain.errors import ArgumentError, unknown_name
from acoupipe_grain.plotting import preview, preview_recordings
from acoupipe_grain.plotting.maps import MAP_AXES, PREFERRED_FREQUENCY
from acoupipe_grain.plotting.recordings import shows_recordings
from acoupipe_grain.plotting.stored_setup import stored_setup
from acoupipe_grain.records import ArrayRecordSource

_LABELS = ["loc", "f"]
_USABLE = (*SIMULATED, *AUDIO)
_OWNERS = tuple(dict.fromkeys(owner for name in _USABLE for owner in owners_of(name)))


def add_command(commands: Any) -> None:
    """Add the command's parser."""
    command = commands.add_parser(
        "preview", help="draw source maps and the array, or recordings, to a PNG", allow_abbrev=False
    )
    command.add_argument("picture", help="PNG file to write")
    command.add_argument("--data", metavar="FOLDER", help="draw records of an exported data set instead")
    command.add_argument("--map", metavar="NAME", help="the map to draw, of those configured or stored")
    command.add_argument("--records", type=int, nargs="+", default=[0, 1, 2], metavar="INDEX", help="records to draw")
    add_configuration(command)
    command.set_defaults(run=run)


def run(known: argparse.Namespace, flags: Sequence[str]) -> None:
    """Draw and say where."""
    if known.data:
        if flags or known.args_load:
            raise ArgumentError("command line: --data shows what is stored; a configuration cannot be given with it.")
        _draw_stored(known, ArrayRecordSource(known.data))
    else:
        arguments = configured_arguments(known, flags, _OWNERS)
        if known.scope:
            require_scope(known.scope, arguments)
        name = source_name(arguments, known.scope, _USABLE)
        draw = _draw_recordings if name in AUDIO else _draw_maps
        draw(known, arguments, name)
    print(f"{known.picture}: records {', '.join(map(str, known.records))}")


def _draw_stored(known: argparse.Namespace, source: ArrayRecordSource) -> None:
    """Draw recordings, or maps with the setup that the data set was made from."""
    if not shows_recordings(source.element_spec):
        preview(source, _setup_of(source), known.picture, known.records, known.map)
        return
    _require_no_map(known)
    preview_recordings(source, known.picture, known.records)


def _draw_recordings(known: argparse.Namespace, arguments: Settings, name: str) -> None:
    """Draw records as they are configured."""
    _require_no_map(known)
    source = build(name, arguments, known.scope)
    save_if_asked(known, arguments, owners_of(name))
    preview_recordings(source, known.picture, known.records)


def _draw_maps(known: argparse.Namespace, arguments: Settings, name: str) -> None:
    """Draw maps at one frequency; of the features that are configured, one map is computed."""
    values = values_for(name, arguments, known.scope)
    own: dict[str, Any] = {f"{name}.features": [_configured_map(values.get("features"), known.map), *_LABELS]}
    if values.get("f") is None:  # all bins would begin with 0 Hz
        bins = as_setup(values.get("setup")).bin_frequencies
        own[f"{name}.f"] = float(bins[np.argmin(np.abs(bins - PREFERRED_FREQUENCY))])
    source = build(name, arguments.overridden_by(Settings(own, "preview")), known.scope)
    save_if_asked(known, arguments, (name,))
    preview(source, source.setup, known.picture, known.records, known.map)


def _require_no_map(known: argparse.Namespace) -> None:
    if known.map is not None:
        raise ArgumentError(f"--map {known.map}: there are no maps to draw, but recordings; leave it out.")


def _configured_map(features: Any, map_name: str | None) -> Any:
    """Return the feature to draw: the map of that name, the first one there is, or the conventional one."""
    resolved = resolve_features(features or ["sourcemap"], ())
    maps = {item.key: item.identity for item in resolved if item.axes == MAP_AXES}
    if map_name is None:
        return next(iter(maps.values()), "sourcemap")
    if map_name not in maps:
        raise unknown_name("map", map_name, maps)
    return maps[map_name]


def _setup_of(source: ArrayRecordSource) -> MeasurementSetup:
    setup = stored_setup(source.configuration)
    if setup is None:
        raise ArgumentError(f"--data: {source!r} was not made from a measurement setup; there is no grid to draw on.")
    return setup
