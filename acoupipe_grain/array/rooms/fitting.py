"""Whether rooms are large enough for array and grid, and responses long enough for direct sound and reverberation."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from jaxtyping import Float

from acoupipe_grain.array import geometry
from acoupipe_grain.array.locations import Locations
from acoupipe_grain.array.measurement import MeasurementSetup
from acoupipe_grain.array.rooms import placement
from acoupipe_grain.array.rooms.pulse_trains import HALF_LENGTH
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.sampling import Distribution

ROUNDING = 1e-9
"""How much nearer to a wall something may be by rounding, m."""

DECAY = 30.0
"""By how much sound of a given reverberation time must have decayed at the end of responses, dB."""


def require_arrival(
    setup: MeasurementSetup, sources: Float[np.ndarray, "3 source"], num_taps: int, index: int | None = None
) -> None:
    """Refuse sources whose direct sound is not over when responses end.

    Parameters
    ----------
    setup
        Supplies microphones, sampling rate and speed of sound.
    sources
        Where sources are or can be, m.
    num_taps
        Samples of the responses.
    index
        Index of the record, for messages; None: of all records.
    """
    farthest = float(geometry.distances(sources, setup.receivers).max())
    needed = math.ceil(farthest / setup.speed_of_sound * setup.sample_rate) + HALF_LENGTH + 1
    if needed > num_taps:
        who = "sources can be" if index is None else f"record {index}: a source is"
        raise ArgumentError(
            f"responses: num_taps={num_taps}: {who} {farthest:.4g} m from a microphone, and the direct sound takes "
            f"{needed} samples; expected at least that many, and as many again as there is to be reverberation."
        )


def require_decay(reverberation_time: Distribution, sample_rate: float, num_taps: int) -> None:
    """Refuse reverberation times of which responses are too short to show a decay by `DECAY`.

    Parameters
    ----------
    reverberation_time
        What the times are drawn from, s.
    sample_rate
        Hz.
    num_taps
        Samples of the responses.
    """
    longest = reverberation_time.range[1]
    if not math.isfinite(longest):
        raise ArgumentError(
            f"responses: reverberation_time={reverberation_time!r}: can be of any length, and responses have "
            f"num_taps={num_taps} samples; give it bounds, apg.distribution(..., bounds=(lowest, highest)), and "
            f"num_taps of at least {DECAY / 60.0 * sample_rate:g} Hz times the highest."
        )
    needed = math.ceil(round(DECAY / 60.0 * longest * sample_rate, 6))  # rounded: 0.2 + 0.4 is more than 0.6
    if needed > num_taps:
        raise ArgumentError(
            f"responses: num_taps={num_taps}: reverberation_time={reverberation_time!r} can be {longest:.4g} s, and "
            f"after {needed} samples of it sound has decayed by {DECAY:g} dB; expected at least that many, or shorter "
            "times: a distribution with bounds=(lowest, highest)."
        )


def require_fitting_rooms(rooms: Any, setup: MeasurementSetup, locations: Locations) -> None:
    """Refuse rooms into which array, grid and sources may not fit, whatever direction the array may look to.

    What is not known (functions, sources anywhere) is left to the records.
    """
    sources = placement.possible_sources(setup, locations)
    points = np.concatenate([placement.fixed_points(setup), sources], axis=1)
    smallest = np.array([length.range[0] for length in rooms.size])
    smallest = np.where(np.isfinite(smallest), smallest, np.inf)
    yaws = placement.directions(rooms.yaw)
    limits = [
        placement.array_positions(smallest, yaw, points, rooms.wall_distance) for yaw in (yaws if yaws.size else [0.0])
    ]
    lowest, highest = (np.array(values) for values in zip(*limits, strict=True))
    if not yaws.size:  # what is known of the height does not depend on it
        lowest[:, :2], highest[:, :2] = -np.inf, np.inf
    gaps = (lowest - highest).max(axis=0)
    lowest, highest = lowest.max(axis=0), highest.min(axis=0)  # of an array that stands still, whatever the yaw
    for number, which in enumerate(("long", "wide", "high")):
        if gaps[number] > ROUNDING:
            raise ArgumentError(
                f"responses: size={list(rooms.size)!r}: rooms can be {smallest[number]:.4g} m {which}; array, grid and "
                f"sources need {smallest[number] + gaps[number]:.4g} m there, wall_distance={rooms.wall_distance:g} m "
                "included: give larger rooms or a smaller wall_distance."
            )
    for number, position in enumerate(rooms.array_position or ()):
        _require_within("xyz"[number], position, (lowest[number], highest[number]), rooms.wall_distance)


def _require_within(axis: str, position: Distribution, limits: tuple[float, float], wall_distance: float) -> None:
    low, high = position.range
    is_low = math.isfinite(low) and low < limits[0] - ROUNDING
    is_high = math.isfinite(high) and high > limits[1] + ROUNDING
    if is_low or is_high:
        raise ArgumentError(
            f"responses: array_position.{axis}={position!r}: can be {low:.4g} to {high:.4g} m; expected "
            f"{limits[0]:.4g} to {limits[1]:.4g} m, so that array, grid and sources are at least "
            f"wall_distance={wall_distance:g} m from the walls of the smallest room, whatever the yaw."
        )
