"""Whether there is something to hear in a segment: loud enough for its recording, and no noise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from acoupipe_grain import arguments
from acoupipe_grain.audio.features import FrameFeatureGraph, Framing, RecordComputation, resolve_frame_features
from acoupipe_grain.audio.files import AudioFile
from acoupipe_grain.audio.parameters import as_parameters
from acoupipe_grain.audio.reading import num_samples_at, read_excerpt
from acoupipe_grain.audio.segments.inputs import SegmentInputs
from acoupipe_grain.audio.segments.segmentation import Segmentation

PERCENTILE = 95
BLOCK_BYTES = 16 * 2**20
"""Of the frames that are computed at once, in double precision."""


@dataclass(frozen=True)
class ActivityParams:
    """When a segment counts as active, after Dynibatch's detector "simple".

    The mean energy of the segment's frames is more than `energy_threshold` times the 95th percentile of the frames'
    energy in its recording, and the mean of the frames' spectral flatness, weighted with their energy, is less than
    `spectral_flatness_threshold`. Over several channels both are means. In a silent recording nothing is active.

    Parameters
    ----------
    energy_threshold
        At least 0.
    spectral_flatness_threshold
        Above 0; a flat spectrum has 1, a single line 0.

    Raises
    ------
    ArgumentError
        If a value has the wrong type or range.
    """

    energy_threshold: float = 0.2
    spectral_flatness_threshold: float = 0.3

    def __post_init__(self) -> None:
        energy = arguments.number("energy_threshold", self.energy_threshold, minimum=0)
        flatness = arguments.number("spectral_flatness_threshold", self.spectral_flatness_threshold, above=0)
        object.__setattr__(self, "energy_threshold", energy)
        object.__setattr__(self, "spectral_flatness_threshold", flatness)

    def to_json(self) -> dict[str, Any]:
        """Return the values as a JSON mapping."""
        return asdict(self)


def as_activity(value: ActivityParams | Mapping[str, Any] | None) -> ActivityParams | None:
    """Return parameters that are given as such, as a mapping of their values, or not at all."""
    return as_parameters("activity_params", value, ActivityParams, "{energy_threshold: 0.2}")


def active_segments(segments: Segmentation, framing: Framing, params: ActivityParams) -> Bool[np.ndarray, " segment"]:
    """Return which segments are active, reading every recording once, and every segment once.

    Parameters
    ----------
    segments
        The segments.
    framing
        The frames.
    params
        When a segment is active.
    """
    loudness, flatness = _of_segments(segments, framing)
    limits = np.array([_usual_energy(file, segments, framing) for file in segments.recordings.files])
    limit = limits[segments.table.file_indices]
    return (limit > 0) & (loudness > params.energy_threshold * limit) & (flatness < params.spectral_flatness_threshold)


def _of_segments(
    segments: Segmentation, framing: Framing
) -> tuple[Float[np.ndarray, " segment"], Float[np.ndarray, " segment"]]:
    """Return the mean energy of the frames of segments, and their mean flatness weighted with it; 0 of silence."""
    features = resolve_frame_features(["energy", "spectral_flatness"])
    graph = FrameFeatureGraph(features, framing, segments.grid.num_samples)
    compute = RecordComputation(graph)
    inputs = SegmentInputs(segments, segments.table, graph.num_samples_read)
    size = _num_at_once(framing, graph.num_frames * segments.num_channels)
    means = np.empty((2, len(inputs)))
    for start in range(0, len(inputs), size):
        numbers = [min(number, len(inputs) - 1) for number in range(start, start + size)]  # one shape, compiled once
        computed = compute(inputs.batch(numbers)["audio"])
        energy = computed["energy"].astype(np.float64)
        total = energy.sum(axis=(1, 2))
        weighted = (energy * computed["spectral_flatness"]).sum(axis=(1, 2))
        of_each = energy.mean(axis=(1, 2)), np.divide(weighted, total, out=np.zeros_like(total), where=total > 0)
        means[:, start : start + size] = np.array(of_each)[:, : len(inputs) - start]
    return means[0], means[1]


def _usual_energy(file: AudioFile, segments: Segmentation, framing: Framing) -> float:
    """Return the 95th percentile of the energy of a recording's frames, the mean over its channels."""
    num_samples = num_samples_at(file, segments.sample_rate)
    num_frames = max(1, 1 + (num_samples - framing.window_size) // framing.hop_size)
    energies = np.concatenate(list(_energies(file, segments, framing, num_frames)))
    return float(np.percentile(energies[:num_frames], PERCENTILE))


def _energies(
    file: AudioFile, segments: Segmentation, framing: Framing, num_frames: int
) -> Iterator[Float[np.ndarray, " frame"]]:
    """Yield the energy of a recording's frames in blocks of one length; beyond its end there is silence."""
    size = _num_at_once(framing, segments.num_channels)
    length = (size - 1) * framing.hop_size + framing.window_size
    for first in range(0, num_frames, size):
        audio = read_excerpt(file, first * framing.hop_size, length, segments.sample_rate, mono=segments.mono)
        frames = np.lib.stride_tricks.sliding_window_view(audio, framing.window_size, axis=1)[:, :: framing.hop_size]
        yield ((frames * framing.window_values) ** 2).sum(axis=-1).mean(axis=0)


def _num_at_once(framing: Framing, num_frames: int) -> int:
    return max(1, BLOCK_BYTES // (8 * framing.window_size * num_frames))
