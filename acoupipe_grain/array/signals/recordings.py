"""Recordings as what sources radiate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float32

from acoupipe_grain.array.signals.configured import Configured
from acoupipe_grain.array.signals.signal import Signal, SignalRecord
from acoupipe_grain.array.signals.unit_power import with_unit_power
from acoupipe_grain.errors import ArgumentError, DataError
from acoupipe_grain.specs import require_source

AUDIO = "audio"
AXES = ("channel", "sample")


@dataclass(frozen=True, eq=False, repr=False)
class Recordings(Configured, Signal):
    """Excerpts of a data source of audio, each scaled to unit power; of every record of scenes different ones.

    Records of the source are drawn uniformly, without any of them twice in a scene. A record that is longer than the
    scene's recording gives its beginning. Beginning and end need not fit together, so there is a step where the
    simulated signal repeats. Nothing else is changed: an offset stays.

    Parameters
    ----------
    source
        A data source whose elements hold ``audio`` of one channel, such as `AudioDataSimpleSource` with ``mono=True``,
        at the setup's sampling rate and at least as long as the scene's recording.

    Raises
    ------
    ArgumentError
        If it is no such source.
    """

    kind: ClassVar[str] = "recordings"
    has_power_spectrum = False

    source: Any

    def __post_init__(self) -> None:
        spec = require_source(self.source).element_spec.get(AUDIO)
        if spec is None or tuple(spec.axes) != AXES:
            raise ArgumentError(
                f"source={type(self.source).__name__}: its elements have no {AUDIO!r} of the axes {AXES}; use a source "
                "of excerpts of audio files, such as AudioDataSimpleSource."
            )

    def check(self, num_samples: int, sample_rate: float, max_nsources: int) -> None:
        """Raise `ArgumentError` if the source's records are too few, too short, or of another kind."""
        channels, length = self.source.element_spec[AUDIO].shape
        name = type(self.source).__name__
        if channels not in (1, None):
            raise ArgumentError(
                f"signals: {name} has {channels} channels; expected one. Give it mono=True, which averages them."
            )
        rate = self._sample_rate()
        if rate != sample_rate:
            raise ArgumentError(
                f"signals: {name} has a sampling rate of {rate:g} Hz, the setup one of {sample_rate:g} Hz; give it "
                f"sample_rate={sample_rate:g}, or the setup sample_rate={rate:g}."
            )
        if length is not None and length < num_samples:
            raise ArgumentError(
                f"signals: {name} has records of {length} samples; expected at least the recording's {num_samples}. "
                f"Give it duration={num_samples / sample_rate!r} or more."
            )
        if len(self.source) < max_nsources:
            raise ArgumentError(
                f"signals: {name} has {len(self.source)} records; expected at least max_nsources={max_nsources}, one "
                "for each source of a scene. Give it a larger num_records."
            )

    def _sample_rate(self) -> float:
        rate = getattr(self.source, "sample_rate", None)
        if rate is None and "sample_rate" in self.source.element_spec:
            rate = self.source[0]["sample_rate"]
        if rate is None:
            raise ArgumentError(
                f"signals: {type(self.source).__name__} does not say its sampling rate; expected an attribute "
                "sample_rate, or elements with it."
            )
        return float(rate)

    def waveforms(self, record: SignalRecord) -> Float32[np.ndarray, "source sample"]:
        """Return the excerpts scaled to unit power, shape (J, T)."""
        numbers = self.numbers(record)
        return np.stack([self._excerpt(record, source, number) for source, number in enumerate(numbers)])

    def numbers(self, record: SignalRecord) -> list[int]:
        """Return which of the source's records are taken for a scene: J different ones, all equally likely."""
        total = len(self.source)
        moved: dict[int, int] = {}
        chosen = []
        # The first steps of a Fisher-Yates shuffle, of which only the places that changed are kept.
        for place, uniform in enumerate(record.uniforms("recordings", 1)[:, 0].tolist()):
            other = min(place + int(uniform * (total - place)), total - 1)
            chosen.append(moved.get(other, other))
            moved[other] = moved.get(place, place)
        return chosen

    def _excerpt(self, record: SignalRecord, source: int, number: int) -> Float32[np.ndarray, " sample"]:
        place = f"record {record.index}: signals: source {source}: record {number} of {type(self.source).__name__}"
        try:
            audio = np.asarray(self.source[number][AUDIO])
        except DataError as error:
            raise type(error)(f"{place}: {error}") from error
        if audio.ndim != 2 or audio.shape[0] != 1 or audio.shape[1] < record.num_samples:
            raise DataError(
                f"{place}: has audio of shape {audio.shape}; expected one channel of at least {record.num_samples} "
                "samples."
            )
        scaled = with_unit_power(audio[0, : record.num_samples])
        if scaled is None:
            raise DataError(
                f"{place}: is silent or not finite, so it cannot be scaled to unit power. Let the source look for loud "
                "excerpts with saliency_params, or leave broken files out with on_failure='skip'."
            )
        return scaled

    def to_json(self) -> Any:
        """Return the source's configuration, or raise `ArgumentError` if it has none."""
        configuration = getattr(self.source, "configuration", None)
        if configuration is None:
            raise ArgumentError(
                f"{type(self.source).__name__}: has no configuration that identifies it, so what it gives cannot be "
                "stored or cached."
            )
        return dict(configuration)

    def __repr__(self) -> str:
        return f"Recordings({self.source!r})"
