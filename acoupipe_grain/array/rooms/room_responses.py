"""Impulse responses in a room, from a source to all microphones."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Float32, Int
from scipy import fft

from acoupipe_grain.array.directivity import Directivity, SoundPart
from acoupipe_grain.array.measurement import MeasurementSetup
from acoupipe_grain.array.rooms import pulse_trains
from acoupipe_grain.array.rooms.images import Images, image_sources
from acoupipe_grain.array.rooms.room import Room, array_axes

_DECAY = 12.0
"""Time constants of a source's near field after which nothing is left of it, e^{−12} = 6e-6."""


class DirectedSource(NamedTuple):
    """A source, in the array's coordinates.

    Attributes
    ----------
    position
        m, shape (3,).
    directivity
        How strongly it radiates where; None: a monopole.
    axis
        Where its axis points, a unit vector; None for a monopole.
    """

    position: Float[np.ndarray, "3"]
    directivity: Directivity | None = None
    axis: Float[np.ndarray, "3"] | None = None


def room_responses(
    setup: MeasurementSetup, room: Room, source: DirectedSource, cells: Int[np.ndarray, "3 cell"], num_taps: int
) -> Float32[np.ndarray, "mic tap"]:
    """Return the impulse responses from a source to the microphones: Σ over its images of reflections δ(t − r/c)/r.

    Parameters
    ----------
    setup
        Supplies microphones, reference position, sampling rate and speed of sound.
    room
        The room.
    source
        The source.
    cells
        The mirrored rooms whose images are heard, shape (3, I).
    num_taps
        Samples of the responses.
    """
    images = image_sources(room, room.in_room(source.position[:, None])[:, 0], cells)
    mics = room.in_room(setup.mic_positions)
    if source.directivity is None:
        return _monopole(setup, images, mics, num_taps)
    return _directed(setup, room, source, images, mics, num_taps)


def _monopole(
    setup: MeasurementSetup, images: Images, mics: Float[np.ndarray, "3 mic"], num_taps: int
) -> Float32[np.ndarray, "mic tap"]:
    period = pulse_trains.grid_period(num_taps)
    responses = np.empty((mics.shape[1], num_taps), dtype=np.float32)
    for number, mic in enumerate(mics.T):
        distances = _lengths(mic[:, None] - images.positions)
        delays = distances * (setup.sample_rate / setup.speed_of_sound)
        spectrum = pulse_trains.train_spectrum(delays, images.reflections / distances, period)
        responses[number] = pulse_trains.samples(spectrum, num_taps)
    return responses


def _directed(
    setup: MeasurementSetup,
    room: Room,
    source: DirectedSource,
    images: Images,
    mics: Float[np.ndarray, "3 mic"],
    num_taps: int,
) -> Float32[np.ndarray, "mic tap"]:
    """Return the responses of a source that is no monopole.

    An image radiates as its source does, mirrored. Seen from the source itself, the sound leaves towards a receiver
    that is mirrored instead, so that what the source radiates where is asked of it once for all images.
    """
    reference_distance = float(np.linalg.norm(setup.reference - source.position))
    time_constant = reference_distance / setup.speed_of_sound * setup.sample_rate
    period = pulse_trains.grid_period(num_taps, memory=math.ceil(_DECAY * time_constant))
    impulse = np.zeros(period)
    impulse[0] = 1.0
    filters = [
        fft.rfft(waveform.astype(np.float64)) for waveform, _ in _parts(setup, source, setup.mic_positions, impulse)
    ]
    farthest = (num_taps + pulse_trains.HALF_LENGTH) / setup.sample_rate * setup.speed_of_sound
    to_array = array_axes(room.yaw).T
    responses = np.empty((mics.shape[1], num_taps), dtype=np.float32)
    for number, mic in enumerate(mics.T):
        ways = mic[:, None] - images.positions
        heard = _lengths(ways) < farthest
        ways = ways[:, heard]
        distances = _lengths(ways)
        delays = distances * (setup.sample_rate / setup.speed_of_sound)
        receivers = source.position[:, None] + to_array @ (images.orientations[:, heard] * ways)
        spectrum = np.zeros(period // 2 + 1, dtype=np.complex128)
        # Gains do not depend on the waveform: any short one will do.
        for response, (_, gains) in zip(filters, _parts(setup, source, receivers, np.zeros(2)), strict=True):
            amplitudes = images.reflections[heard] * gains / distances
            spectrum += response * pulse_trains.train_spectrum(delays, amplitudes, period)
        responses[number] = pulse_trains.samples(spectrum, num_taps)
    return responses


def _parts(
    setup: MeasurementSetup,
    source: DirectedSource,
    receivers: Float[np.ndarray, "3 receiver"],
    waveform: Float[np.ndarray, " point"],
) -> list[SoundPart]:
    """Return the parts of the source's sound, their filters made for the fine grid.

    The grid's Nyquist frequency is far above what is kept, so that filters are as they would be in continuous time.
    """
    assert source.directivity is not None
    assert source.axis is not None
    return source.directivity.parts(
        waveform,
        source.position,
        source.axis,
        receivers,
        setup.reference,
        setup.speed_of_sound,
        pulse_trains.OVERSAMPLING * setup.sample_rate,
    )


def _lengths(ways: Float[np.ndarray, "3 way"]) -> Float[np.ndarray, " way"]:
    x, y, z = ways  # a sum along the first axis takes three times as long
    return np.sqrt(x * x + y * y + z * z)
