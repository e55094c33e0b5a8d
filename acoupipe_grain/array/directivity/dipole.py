"""The acoustic dipole."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy import fft

from acoupipe_grain.array.directivity.directivity import Directivity, SoundPart


@dataclass(frozen=True, kw_only=True)
class Dipole(Directivity):
    """The acoustic dipole with its near field: a fluctuating force, or two opposite monopoles close to each other.

    The field of a dipole of moment d s(t) is p = −d · ∇[s(t − r/c)/r]. With the angle θ from its axis, k = ω/c, and the
    spectrum W that it gives at the distance r₀ on its axis:

        P(ω) = W cos θ (r₀/r) (1 + 1/(jkr)) / (1 + 1/(jkr₀)) e^{−jkr}
             = [W jkr₀/(1 + jkr₀) · r₀ cos θ + W/(1 + jkr₀) · cos θ r₀²/r] e^{−jkr}/r

    These are two parts with bounded filters: the far field's high-pass and the near field's low-pass, which meet at
    kr₀ = 1. At 0 Hz all is near field. (P. M. Morse and K. U. Ingard, Theoretical Acoustics, McGraw-Hill, 1968, ch. 7;
    A. P. Dowling and J. E. Ffowcs Williams, Sound and Sources of Sound, Ellis Horwood, 1983, ch. 7.)

    Acoular's `PointSourceDipole` does not give this: its two monopoles are 1e-5 sample apart, and both delays are
    rounded to 1/`up` sample. Nearly always they round alike. Then only the difference of 1/r is left,
    cos θ s(t − r/c)/r: a monopole times a cosine, without the near field and the derivative. Where they do not, the
    difference of two samples next to each other is divided by 1e-5 sample.

    Parameters
    ----------
    direction
        Where the sources' axes point: a vector of any length; "reference": to the reference position; None: everywhere,
        drawn uniformly over the sphere for each source.
    """

    kind = "dipole"

    def pattern(
        self, ways: Float[np.ndarray, "3 receiver"], direction: Float[np.ndarray, "3"]
    ) -> Float[np.ndarray, " receiver"]:
        """Return the cosine of the angle from the axis."""
        return direction @ ways / np.linalg.norm(ways, axis=0)

    def parts(
        self,
        waveform: Float[np.ndarray, " sample"],
        position: Float[np.ndarray, "3"],
        direction: Float[np.ndarray, "3"],
        receivers: Float[np.ndarray, "3 receiver"],
        reference: Float[np.ndarray, "3"],
        speed_of_sound: float,
        sample_rate: float,
    ) -> list[SoundPart]:
        """Return the far field and the near field."""
        ways = receivers - position[:, None]
        distances = np.linalg.norm(ways, axis=0)
        reference_distance = float(np.linalg.norm(reference - position))
        near = _low_pass(waveform, reference_distance / speed_of_sound * sample_rate)
        far_gains = reference_distance * self.pattern(ways, direction)
        return [
            # 1 − 1/(1 + jkr₀) = jkr₀/(1 + jkr₀): at the reference position the two give the waveform, rounding apart.
            SoundPart((waveform - near).astype(np.float32), far_gains),
            SoundPart(near.astype(np.float32), far_gains * (reference_distance / distances)),
        ]


def _low_pass(waveform: Float[np.ndarray, " sample"], num_samples: float) -> Float[np.ndarray, " sample"]:
    """Return a periodic waveform filtered with 1/(1 + jωτ), the time constant τ given in samples."""
    frequencies = 2.0 * np.pi * fft.rfftfreq(waveform.size)
    return fft.irfft(fft.rfft(waveform.astype(np.float64)) / (1.0 + 1j * frequencies * num_samples), waveform.size)
