"""Which paths can be simulated: slower than sound, clear of the microphones, and heard within the recording."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from acoupipe_grain.array import geometry
from acoupipe_grain.array.measurement import MeasurementSetup
from acoupipe_grain.array.measurement_checks import CLEARANCE
from acoupipe_grain.array.simulate.emission import emission_times
from acoupipe_grain.array.trajectories.path import Path
from acoupipe_grain.array.trajectories.trajectory import ARGUMENT, MAX_MACH
from acoupipe_grain.errors import ArgumentError

_FIRST_PARTS = 32
_FINEST = 1e-3  # clearances
"""How far a source may move unseen between two looks at its distance from the microphones."""


def require_usable_paths(
    setup: MeasurementSetup,
    paths: Sequence[Path],
    mic_positions: Float[np.ndarray, "3 mic"],
    num_samples: int,
    index: int,
) -> None:
    """Refuse paths on which a source is as fast as Mach 0.9, at a microphone, or heard too late.

    Parameters
    ----------
    setup
        Supplies sampling rate, speed of sound, reference position and aperture.
    paths
        The path of each source of a record.
    mic_positions
        The record's microphones, m, shape (3, M).
    num_samples
        Length of its recording in samples; signals are periodic in it, so no sound may be longer on its way.
    index
        Index of the record, for messages.

    Raises
    ------
    ArgumentError
        Naming the record and the source.
    """
    receivers = np.concatenate([mic_positions, setup.reference[:, None]], axis=1, dtype=np.float64)
    clearance = CLEARANCE * setup.aperture
    limit = MAX_MACH * setup.speed_of_sound
    duration = num_samples / setup.sample_rate
    for number, path in enumerate(paths):
        who = f"{ARGUMENT}: record {index}: source {number}"
        if not path.top_speed < limit:
            raise ArgumentError(
                f"{who} moves at up to {path.top_speed:.4g} m/s; expected less than {limit:.4g} m/s, Mach "
                f"{MAX_MACH:g}: choose slower trajectories, or give what is drawn bounds."
            )
        first = emission_times(path, receivers, np.zeros(1), setup.speed_of_sound).min()
        if first <= (1 - num_samples) / setup.sample_rate:
            raise ArgumentError(
                f"{who}: its sound at the beginning is {-first:.4g} s old, longer than the recording of "
                f"{duration:.4g} s; use a longer signal_length."
            )
        near = _time_within(path, receivers, clearance, float(first), duration)
        if near is not None:
            raise ArgumentError(
                f"{who} comes within {clearance:.3g} m of a microphone or the reference position after {near:.4g} s; "
                "keep its path clear of them."
            )


def _time_within(
    path: Path, receivers: Float[np.ndarray, "3 receiver"], clearance: float, start: float, end: float
) -> float | None:
    """Return a time at which the path is nearer to a receiver than `clearance`, or None if it never is.

    A distance changes no faster than the path's top speed; where it might fall short between two looks, more are taken.
    """
    half = (end - start) / _FIRST_PARTS / 2
    times = start + half * np.arange(1, 2 * _FIRST_PARTS, 2)
    while times.size:
        distances = geometry.distances(path.positions(times), receivers).min(axis=1)
        if distances.min() < clearance:
            return float(times[np.argmin(distances)])
        if path.top_speed * half <= _FINEST * clearance:
            return None
        times = times[distances - path.top_speed * half < clearance]
        half /= 2
        times = np.concatenate([times - half, times + half])
    return None
