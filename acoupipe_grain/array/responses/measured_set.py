"""Impulse responses that were measured, or simulated beforehand, for the sources of scenes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Float32, Int
from scipy.spatial import KDTree

from acoupipe_grain.array.locations import Locations
from acoupipe_grain.array.measured_locations import MeasuredLocations
from acoupipe_grain.array.measurement import MeasurementSetup, as_setup
from acoupipe_grain.array.responses.impulse_responses import ImpulseResponses
from acoupipe_grain.array.responses.measured_grid import grid_of
from acoupipe_grain.array.responses.response_set import ResponseSet
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.seeding import Streams

SAME_PLACE = 1e-6
"""Metres up to which two positions are one."""

SAME_PLANE = 1e-3
"""Metres up to which points are in one plane."""


@dataclass(frozen=True)
class MeasuredResponses(ResponseSet):
    """The responses of the measured points at which the sources of scenes are.

    Attributes
    ----------
    responses
        Responses and positions.
    """

    responses: ImpulseResponses

    @property
    def num_taps(self) -> int:  # type: ignore[override]
        """Samples of every response."""
        return self.responses.num_taps

    @property
    def num_remembered(self) -> int:  # type: ignore[override]
        """How many different responses there are."""
        return self.responses.num_sources

    @cached_property
    def _tree(self) -> KDTree:
        return KDTree(self.responses.source_positions.T)

    def numbers(self, scene: Mapping[str, np.ndarray]) -> Int[np.ndarray, " source"]:
        """Return which response each source of a scene, or of stacked ones, has, one after another."""
        positions = np.moveaxis(scene["positions"], -2, -1)[scene["source_mask"]].astype(np.float64)
        return np.asarray(self._tree.query(positions)[1], dtype=np.int64)

    def read(self, numbers: Int[np.ndarray, " source"]) -> Float32[np.ndarray, "source mic tap"]:
        """Return some of the responses."""
        return self.responses.read(numbers)

    def of_scene(
        self, setup: MeasurementSetup, streams: Streams, scene: Mapping[str, np.ndarray]
    ) -> Float32[np.ndarray, "source mic tap"]:
        """Return the responses of a scene's sources, without padding, from each to all microphones."""
        del setup, streams  # nothing is drawn, and the setup is the measurement's
        return self.read(self.numbers(scene))

    def setup(self, given: MeasurementSetup | Mapping[str, Any] | None) -> MeasurementSetup:
        """Return the measurement setup: microphones, grid, medium and sampling are those of the measurement.

        Parameters
        ----------
        given
            A setup that agrees with it; or values of the others, in a mapping or None.
        """
        if not isinstance(given, Mapping | None):
            return as_setup(given)
        values = dict(given or {})
        measured = {
            "mic_positions": self.responses.mic_positions,
            "sample_rate": self.responses.sample_rate,
            "speed_of_sound": self.responses.speed_of_sound,
        }
        if values.get("grid") is None:
            values["grid"] = grid_of(self.responses.source_positions)
            if values["grid"] is None:
                raise ArgumentError(
                    f"setup: {self.responses!r} has its sources at points that make no rectangular grid; give the "
                    "setup's grid, for the maps."
                )
        return as_setup(measured | {name: value for name, value in values.items() if value is not None})

    def places(self, locations: Locations) -> Locations:
        """Return the measured points nearest to positions drawn from `locations`."""
        return MeasuredLocations(locations.setup, locations, self.responses.source_positions.T)

    def check(self, setup: MeasurementSetup, locations: Locations) -> None:
        """Raise `ArgumentError` if the setup is not that of the measurement, or there is no point on its grid."""
        measured = self.responses
        for name, unit in (("sample_rate", "Hz"), ("speed_of_sound", "m/s")):
            given, expected = getattr(setup, name), getattr(measured, name)
            if abs(given - expected) > 1e-9 * expected:
                raise ArgumentError(
                    f"setup.{name}={given!r}: the responses were measured with {expected!r} {unit}; leave it out."
                )
        if setup.num_mics != measured.num_mics:
            raise ArgumentError(
                f"setup.mic_positions: {setup.num_mics} microphones, but the responses have {measured.num_mics}; leave "
                "them out."
            )
        apart = np.linalg.norm(setup.mic_positions - measured.mic_positions, axis=0)
        if apart.max() > SAME_PLACE:
            raise ArgumentError(
                f"setup.mic_positions: microphone {int(np.argmax(apart))} is {apart.max():.3g} m from where the "
                "responses were measured; leave them out."
            )
        plane = measured.source_positions[2]
        if np.ptp(plane) <= SAME_PLANE and abs(plane.mean() - setup.grid.z) > max(SAME_PLANE, *setup.grid.steps):
            raise ArgumentError(
                f"setup.grid: is at z={setup.grid.z:g} m, all measured points at {plane.mean():g} m; give it that z."
            )
        if locations.outside(measured.source_positions.T).all():
            raise ArgumentError(
                f"setup.grid={setup.grid!r}: none of the {measured.num_sources} measured points is on it; give another "
                "grid, or leave it out."
            )

    def to_json(self) -> Any:
        """Return the JSON value that stands for the responses in a configuration."""
        return self.responses.to_json()

    def __repr__(self) -> str:
        return repr(self.responses)
