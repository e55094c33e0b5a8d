"""When, and so where, a moving source emitted what arrives at a receiver."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from acoupipe_grain.array.measurement import MeasurementSetup
from acoupipe_grain.array.trajectories.path import Path

TOLERANCE = 1e-12
"""Emission times are found to this many seconds, or to the last bits of the times."""

_MAX_NEWTON_STEPS = 20


def emission_times(
    path: Path, receivers: Float[np.ndarray, "3 receiver"], times: Float[np.ndarray, " time"], speed_of_sound: float
) -> Float[np.ndarray, "receiver time"]:
    """Return when the source emitted what receivers hear: the solutions τ of τ + abs(x(τ) − receiver)/c = t, s.

    Parameters
    ----------
    path
        Where the source is; slower than sound at all times.
    receivers
        Positions of the receivers, m, shape (3, M).
    times
        Times t at the receivers, s, shape (n,).
    speed_of_sound
        Speed of sound c, m/s.
    """
    shape = (receivers.shape[1], times.size)
    heard = np.broadcast_to(times, shape).ravel()
    listening = np.repeat(receivers.astype(np.float64), times.size, axis=1)
    # At rest where it is when it is heard: the first guess.
    emitted = heard - _distances(path.positions(heard), listening) / speed_of_sound
    tolerance = np.maximum(TOLERANCE, 4 * np.spacing(np.abs(heard)))
    pending = np.arange(heard.size)
    for _ in range(_MAX_NEWTON_STEPS):
        positions, velocities = path.states(emitted[pending])
        away = positions - listening[:, pending]
        distances = np.linalg.norm(away, axis=0)
        radial_mach = np.einsum("xn,xn->n", velocities, away) / (distances * speed_of_sound)
        step = (emitted[pending] + distances / speed_of_sound - heard[pending]) / (1 + radial_mach)
        emitted[pending] -= step
        pending = pending[np.abs(step) > tolerance[pending]]
        if pending.size == 0:
            return emitted.reshape(shape)
    # Newton's steps may go in circles where a path bends within the way of its sound. This cannot: each step brings the
    # time nearer by the Mach number or more.
    while pending.size:
        now = heard[pending] - _distances(path.positions(emitted[pending]), listening[:, pending]) / speed_of_sound
        step, emitted[pending] = now - emitted[pending], now
        pending = pending[np.abs(step) > tolerance[pending]]
    return emitted.reshape(shape)


def block_positions(
    setup: MeasurementSetup,
    paths: Sequence[Path],
    num_samples: int,
    max_nsources: int,
    max_num_samples: int | None = None,
) -> Float[np.ndarray, "block 3 source"]:
    """Return where each source emitted what arrives at the reference position at the middle of each block, m, float32.

    The middle of a block of N samples is (N − 1)/2 samples after its first one, as that of its window is.

    Parameters
    ----------
    setup
        Supplies blocks, sampling rate, speed of sound and reference position.
    paths
        The path of each of the J sources.
    num_samples
        Length of the recording in samples.
    max_nsources
        Room J_max for sources; beyond J there are zeros.
    max_num_samples
        Length in samples to whose B blocks recordings are padded; beyond their own there are zeros. None: no padding.

    Returns
    -------
    np.ndarray
        Of shape (B, 3, J_max).
    """
    num_blocks = setup.num_blocks(num_samples)
    result = np.zeros((setup.num_blocks(max_num_samples or num_samples), 3, max_nsources), dtype=np.float32)
    middles = (np.arange(num_blocks) * setup.hop_size + (setup.block_size - 1) / 2) / setup.sample_rate
    for number, path in enumerate(paths):
        emitted = emission_times(path, setup.reference[:, None], middles, setup.speed_of_sound)[0]
        result[:num_blocks, :, number] = path.positions(emitted).T
    return result


def _distances(
    positions: Float[np.ndarray, "3 pair"], receivers: Float[np.ndarray, "3 pair"]
) -> Float[np.ndarray, " pair"]:
    return np.linalg.norm(positions - receivers, axis=0)
