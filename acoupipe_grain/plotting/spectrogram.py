"""Levels within mel bands over time: those that elements have, or computed from their audio."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from jaxtyping import Float32, Float64

from acoupipe_grain.audio.features import FrameFeatureGraph, Framing, RecordComputation, frame_feature
from acoupipe_grain.audio.features.mel import hz_to_mel
from acoupipe_grain.audio.segments.source import SegmentSource
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.specs import DataSource, ElementSpec

MEL_AXES = ("channel", "mel", "frame")
NUM_MELS = 64
FRAME_SECONDS = 0.03
"""Of spectra that are computed here; at least `MIN_WINDOW_SIZE` samples, that every band has a line."""
MIN_WINDOW_SIZE = 256
FREQUENCIES = (125, 250, 500, 1000, 2000, 4000, 8000, 16_000, 32_000, 64_000)
"""Hz, where axes have ticks."""
MIN_TICK_DISTANCE = 0.06
"""Of all bands."""
_OF_FRAMES = ("window_size", "hop_size", "window")


@dataclass(frozen=True, eq=False)
class Spectrogram:
    """Levels within mel bands over time.

    Attributes
    ----------
    levels
        Shape (mel, frame), dB.
    hop
        From one frame to the next, s; None if nothing says what it is.
    frequency_range
        Where the lowest band begins and the highest one ends, Hz; None if nothing says where.
    lead
        From the beginning of the record to where the first frame is drawn, s: around its middle.
    """

    levels: Float32[np.ndarray, "mel frame"]
    hop: float | None
    frequency_range: tuple[float, float] | None
    lead: float = 0.0

    def draw(self, axis: Any, start: float, color_range: tuple[float, float]) -> Any:
        """Draw the levels and return the image.

        Parameters
        ----------
        axis
            Where to draw.
        start
            Time of the record's beginning, s.
        color_range
            Levels of the darkest and of the brightest colour, dB.
        """
        num_mels, num_frames = self.levels.shape
        first, step = (0.0, 1.0) if self.hop is None else (start + self.lead, self.hop)
        extent = (first, first + step * num_frames, -0.5, num_mels - 0.5)
        low, high = color_range
        image = axis.imshow(
            self.levels, origin="lower", aspect="auto", extent=extent, vmin=low, vmax=high, cmap="magma"
        )
        axis.set_facecolor("black")  # as the lowest levels
        axis.set_xlabel("frame" if self.hop is None else "time / s")
        if self.frequency_range is not None:
            frequencies = self._ticks(*self.frequency_range)
            axis.set_yticks(self.bands_of(frequencies), [f"{item / 1000:g}" for item in frequencies])
        return image

    @property
    def frequency_label(self) -> str:
        """What the vertical axis shows."""
        return "mel band" if self.frequency_range is None else "frequency / kHz"

    def bands_of(self, frequencies: Sequence[float]) -> Float64[np.ndarray, " frequency"]:
        """Return where frequencies in Hz lie, counted in bands; the centre of the first band is at 0.

        Raises
        ------
        ArgumentError
            If nothing says where the bands are.
        """
        if self.frequency_range is None:
            raise ArgumentError("frequency_range=None: nothing says at which frequencies the bands are.")
        low, high = hz_to_mel(np.array(self.frequency_range))
        return (hz_to_mel(np.array(frequencies, dtype=np.float64)) - low) / (high - low) * (len(self.levels) + 1) - 1

    def _ticks(self, low: float, high: float) -> list[int]:
        """Return frequencies within a range, Hz, that lie far enough apart in the picture."""
        shown: list[int] = []
        for frequency in (item for item in FREQUENCIES[::-1] if low < item < high):
            bands = self.bands_of([frequency, *shown[:1]])
            if bands.size == 1 or bands[1] - bands[0] > MIN_TICK_DISTANCE * len(self.levels):
                shown.insert(0, frequency)
        return shown


def mel_levels_in(spec: ElementSpec) -> str | None:
    """Return the name of the first array of levels within mel bands over time, or None."""
    return next((name for name, item in spec.items() if item.axes == MEL_AXES and item.unit == "dB"), None)


def given_spectrogram(
    source: DataSource, name: str, levels: Float32[np.ndarray, "channel mel frame"], sample_rate: int | None
) -> Spectrogram:
    """Return levels of an element, of the first channel; the source's arguments say what times they are.

    Parameters
    ----------
    source
        Of the element: of segments, or one that was exported from such a source.
    name
        Of the array.
    levels
        The array.
    sample_rate
        Of the audio that they are of, Hz; None: nothing says it.
    """
    arguments = _segment_arguments(source)
    if arguments is None or sample_rate is None:
        return Spectrogram(levels[0], None, None)
    framing = Framing(sample_rate, **{key: arguments[key] for key in _OF_FRAMES})
    described = [item for item in arguments["features"] if isinstance(item, Mapping)]
    options: Mapping[str, Any] = next(
        (item.get("options", {}) for item in described if name in (item.get("label"), item["name"])), {}
    )
    high = options.get("max_freq")
    frequency_range = options.get("min_freq", 0.0), sample_rate / 2 if high is None else high
    return Spectrogram(levels[0], framing.hop_size / sample_rate, frequency_range, _lead(framing))


def _segment_arguments(source: DataSource) -> Mapping[str, Any] | None:
    """Return the arguments of the source of segments that a source is or was exported from; None of another one."""
    if isinstance(source, SegmentSource):
        return source.parameters
    configuration: Any = getattr(source, "configuration", None)
    while isinstance(configuration, Mapping) and configuration.get("class") != SegmentSource.__name__:
        configuration = configuration.get("source")
    return configuration["arguments"] if isinstance(configuration, Mapping) else None


def computed_spectrogram(audio: Float32[np.ndarray, " sample"], sample_rate: int) -> Spectrogram:
    """Return the levels within mel bands of audio with a sample rate in Hz; every frame lies within the audio.

    Audio that is shorter than a frame has silence added.
    """
    graph, compute = _computation(len(audio), sample_rate)
    read = np.zeros(graph.num_samples_read, dtype=np.float32)
    read[: len(audio)] = audio[: len(read)]
    levels, hop = compute(read)["mel_spectrum"], graph.framing.hop_size / sample_rate
    lead = min(_lead(graph.framing), max(0.0, len(audio) / sample_rate - hop) / 2)  # shown however short the audio is
    return Spectrogram(levels, hop, (0.0, sample_rate / 2), lead)


def _lead(framing: Framing) -> float:
    """Return where a frame at the beginning is drawn, s: a hop around its middle."""
    return (framing.window_size - framing.hop_size) / 2 / framing.sample_rate


@lru_cache(maxsize=8)
def _computation(num_samples: int, sample_rate: int) -> tuple[FrameFeatureGraph, RecordComputation]:
    """Return the computation of mel levels; frames of about 30 ms overlap by three quarters."""
    window_size = max(MIN_WINDOW_SIZE, 2 ** math.ceil(math.log2(FRAME_SECONDS * sample_rate)))
    hop_size = window_size // 4
    num_frames = 1 + max(0, num_samples - window_size) // hop_size
    features = (frame_feature("mel_spectrum", n_mels=NUM_MELS),)
    graph = FrameFeatureGraph(features, Framing(sample_rate, window_size, hop_size), num_frames * hop_size)
    return graph, RecordComputation(graph)
