"""Acoular's point source, fed with waveforms that were drawn elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np
from jaxtyping import Float
from scipy import fft

from acoupipe_grain.array.geometry_acoular import import_acoular
from acoupipe_grain.array.measurement import MeasurementSetup

_SAMPLES_PER_CALL = 256  # a block of float64 output that stays in the processor's cache


def point_source_blocks(
    setup: MeasurementSetup,
    waveform: Float[np.ndarray, " sample"],
    position: Float[np.ndarray, "3"],
    receivers: Float[np.ndarray, "3 receiver"],
    upsampling: int,
    environment: Any = None,
) -> Iterator[Float[np.ndarray, "sample receiver"]]:
    """Return what a monopole gives at receivers, block after block: delayed by r/c, spread by 1/r.

    Parameters
    ----------
    setup
        Supplies sampling rate and speed of sound.
    waveform
        The pressure at 1 m, a whole period.
    position
        Position of the source, m.
    receivers
        Positions of the receivers, m.
    upsampling
        Delay resolution in parts of a sample.
    environment
        Acoular's medium. None: at rest.
    """
    acoular = import_acoular()
    source = acoular.PointSource(
        signal=waveform_generator(waveform, setup.sample_rate),
        loc=position,
        mics=acoular.MicGeom(pos_total=receivers),
        env=acoular.Environment(c=setup.speed_of_sound) if environment is None else environment,
        up=upsampling,
        prepadding="loop",
    )
    return source.result(_SAMPLES_PER_CALL)


def waveform_generator(waveform: Float[np.ndarray, " sample"], sample_rate: float) -> Any:
    """Return an Acoular signal generator that hands over a given waveform."""
    return _waveform_generator_class()(waveform=waveform, num_samples=waveform.size, sample_freq=sample_rate)


@lru_cache(maxsize=1)
def _waveform_generator_class() -> type:
    """Return the Acoular signal generator that hands over a given waveform; Acoular is imported here, not earlier."""
    from traits.api import CArray, Property

    acoular = import_acoular()

    class WaveformGenerator(acoular.signals.SignalGenerator):  # type: ignore[name-defined]
        """A signal that was drawn elsewhere, upsampled in its own precision."""

        waveform = CArray(dtype=np.float32)
        digest = Property()

        def _get_digest(self) -> str:
            raise RuntimeError("the digest of a waveform would print all its samples")

        def signal(self) -> np.ndarray:
            return self.waveform

        def usignal(self, factor: int) -> np.ndarray:
            return upsample(self.waveform, factor)

    return WaveformGenerator


def upsample(waveform: Float[np.ndarray, " sample"], factor: int) -> Float[np.ndarray, " upsampled"]:
    """Return the band-limited periodic interpolation at `factor` times the sampling rate, in the input's precision."""
    size = waveform.size
    spectrum = fft.rfft(waveform)
    if size % 2 == 0 and factor > 1:
        spectrum[-1] *= 0.5  # the Nyquist line splits into a positive and a negative one
    return fft.irfft(spectrum, size * factor) * np.float32(factor)
