"""``acoupipe-grain preview``: maps and true positions, signals, or recordings, as a PNG; moving maps as a GIF."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from acoupipe_grain.array.features import resolve_features
from acoupipe_grain.array.measurement import MeasurementSetup, as_setup
from acoupipe_grain.array.stored_setup import stored_setup
from acoupipe_grain.cli.configuration import add_configuration, configured_arguments, save_if_asked
from acoupipe_grain.config.factories import build, owners_used, require_scope, source_name, values_for
from acoupipe_grain.config.keys import AUDIO, FRAMES, SIMULATED, owners_of
from acoupipe_grain.config.settings import Settings
from acoupipe_grain.errors import ArgumentError, unknown_name
from acoupipe_grain.plotting import (
    animate,
    animate_frames,
    preview,
    preview_frames,
    preview_recordings,
    preview_signals,
)
from acoupipe_grain.plotting.animation import MAP, POSITIONS, SEGMENT_SECONDS
from acoupipe_grain.plotting.frames import shows_frames
from acoupipe_grain.plotting.maps import MAP_AXES, PREFERRED_FREQUENCY
from acoupipe_grain.plotting.recordings import shows_recordings
from acoupipe_grain.plotting.signals import BANDS_PER_OCTAVE, band_centers
from acoupipe_grain.records import ArrayRecordSource
from acoupipe_grain.specs import DataSource

_LABELS = ["loc", "f"]
_USABLE = (*SIMULATED, *AUDIO, *FRAMES)
_OWNERS = owners_of(*_USABLE)


def add_command(commands: Any) -> None:
    """Add the command's parser."""
    command = commands.add_parser(
        "preview", help="draw source maps and the array, recordings, or frames, to a PNG", allow_abbrev=False
    )
    command.add_argument("picture", help="PNG file to write, or GIF: an animation of the first record")
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
        draw = _draw_recordings if name in AUDIO else _draw_frames if name in FRAMES else _draw_simulated
        draw(known, arguments, name)
    print(f"{known.picture}: records {', '.join(map(str, known.records))}")


def _draw_stored(known: argparse.Namespace, source: ArrayRecordSource) -> None:
    """Draw recordings, frames, or maps with the setup that the data set was made from."""
    if shows_frames(source.element_spec):
        _draw(known, source)
        return
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


def _draw_frames(known: argparse.Namespace, arguments: Settings, name: str) -> None:
    """Draw records as they are configured, or one of them as an animation."""
    source = build(name, arguments, known.scope)
    save_if_asked(known, arguments, owners_of(name))
    _draw(known, source)


def _draw(known: argparse.Namespace, source: DataSource) -> None:
    _require_no_map(known)
    if Path(known.picture).suffix == ".gif":
        known.records = known.records[:1]  # one animation shows one record
        animate_frames(source, known.picture, known.records[0])
    else:
        preview_frames(source, known.picture, known.records)


def _draw_simulated(known: argparse.Namespace, arguments: Settings, name: str) -> None:
    """Draw an animation, or what the signals of sources are like, or maps alone."""
    values = values_for(name, arguments, known.scope)
    setup = _setup_to_draw(arguments, name, values, known.scope)
    own: dict[str, Any] = {}
    if values.get("f") is None:  # all bins would begin with 0 Hz
        own["f"] = float(setup.bin_frequencies[np.argmin(np.abs(setup.bin_frequencies - PREFERRED_FREQUENCY))])
    if Path(known.picture).suffix == ".gif":
        _require_no_map(known)
        segment = max(1, round(SEGMENT_SECONDS * setup.sample_rate / setup.hop_size))
        positions = "loc" if values.get("trajectories") is None else POSITIONS
        options = {"blocks_per_segment": segment}
        shown = [{"name": item, "options": options} for item in (MAP, positions) if item != "loc"]
        own["features"] = [*shown, *_LABELS]
        source = _configured(known, arguments, name, own)
        seconds = segment * setup.hop_size / setup.sample_rate
        known.records = known.records[:1]  # one animation shows one record
        animate(source, setup, known.picture, known.records[0], seconds_per_segment=seconds)
    elif _has_signals(values) and known.map is None:
        maps = {"features": ["sourcemap", *_LABELS], "f": band_centers(setup), "num": BANDS_PER_OCTAVE}
        spectrograms = {"features": "reference_spectrogram", "f": None, "num": 0}
        drawn, beside = (_configured(known, arguments, name, features) for features in (maps, spectrograms))
        preview_signals(drawn, beside, setup, known.picture, known.records)
    else:
        own["features"] = [_configured_map(values.get("features"), known.map), *_LABELS]
        preview(_configured(known, arguments, name, own), setup, known.picture, known.records, known.map)


def _setup_to_draw(arguments: Settings, name: str, values: Mapping[str, Any], scope: str) -> MeasurementSetup:
    """Return the measurement setup: that of the responses for sources that are heard through such."""
    if "responses" not in values:
        return as_setup(values.get("setup"))
    labels = Settings({f"{name}.features": "loc", f"{name}.f": None, f"{name}.num": 0}, "preview")
    return build(name, arguments.overridden_by(labels), scope).setup


def _configured(known: argparse.Namespace, arguments: Settings, name: str, own: Mapping[str, Any]) -> Any:
    """Return the configured source with values of the picture's own."""
    given = Settings({f"{name}.{key}": value for key, value in own.items()}, "preview")
    source = build(name, arguments.overridden_by(given), known.scope)
    save_if_asked(known, arguments, owners_used(name, arguments, known.scope))
    return source


def _has_signals(values: Mapping[str, Any]) -> bool:
    """Say whether sources radiate signals of their own as functions of time."""
    return values.get("signals") is not None and values.get("mode", "welch") == "welch"


def _require_no_map(known: argparse.Namespace) -> None:
    if known.map is not None:
        raise ArgumentError(f"--map {known.map}: there are no maps to draw; leave it out.")


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
