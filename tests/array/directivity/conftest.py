"""A source in front of receivers, and what Acoular's sources give there."""

from dataclasses import dataclass, field

import acoular
import numpy as np
import pytest
from traits.api import CArray, Property

SPEED_OF_SOUND = 343.0
SAMPLE_RATE = 13720.0


class GivenWaveform(acoular.SignalGenerator):
    waveform = CArray(dtype=float)
    digest = Property()

    def _get_digest(self):
        return ""

    def signal(self):
        return self.waveform


@dataclass
class Field:
    """A waveform of odd length, so that there is no Nyquist line; the last receiver is the reference position."""

    waveform: np.ndarray = field(
        default_factory=lambda: np.random.default_rng(5).standard_normal(501).astype(np.float32)
    )
    position: np.ndarray = field(default_factory=lambda: np.array([0.1, -0.05, 0.5]))
    reference: np.ndarray = field(default_factory=lambda: np.array([0.04, -0.043, 0.0]))
    receivers: np.ndarray = field(
        default_factory=lambda: np.array(
            [[-0.4, 0.3, 0.45, 0.0, 0.12, 0.04], [0.2, -0.3, 0.1, 0.5, -0.05, -0.043], [0.0, 0.0, 0.1, 0.3, 0.9, 0.0]]
        )
    )

    @property
    def distances(self):
        return np.linalg.norm(self.receivers - self.position[:, None], axis=0)

    @property
    def reference_distance(self):
        return np.linalg.norm(self.reference - self.position)

    @property
    def wavenumbers(self):
        """As a column, rad/m."""
        return 2 * np.pi * np.fft.rfftfreq(self.waveform.size, 1 / SAMPLE_RATE)[:, None] / SPEED_OF_SOUND

    @property
    def spectrum(self):
        """As a column."""
        return np.fft.rfft(self.waveform.astype(float))[:, None]

    def parts(self, directivity, direction):
        medium = (SPEED_OF_SOUND, SAMPLE_RATE)
        return directivity.parts(self.waveform, self.position, direction, self.receivers, self.reference, *medium)

    def received(self, parts):
        """Return the spectra that the parts give at the receivers, their delays exact."""
        arriving = np.exp(-1j * self.wavenumbers * self.distances) / self.distances
        return sum(np.fft.rfft(part.waveform.astype(float))[:, None] * part.gains * arriving for part in parts)

    def simulated(self, waveform, upsampling, source=acoular.PointSource, **arguments):
        """Return the signals that one of Acoular's sources gives at the receivers."""
        signal = GivenWaveform(waveform=waveform, num_samples=waveform.size, sample_freq=SAMPLE_RATE)
        mics, medium = acoular.MicGeom(pos_total=self.receivers), acoular.Environment(c=SPEED_OF_SOUND)
        model = source(signal=signal, loc=self.position, mics=mics, env=medium, up=upsampling, **arguments)
        return np.concatenate([block.copy() for block in model.result(128)])


@pytest.fixture
def sound_field():
    return Field()
