"""What Welch's estimate of a signal's power spectrum is on average.

A block's windowed spectrum X(k) = Σ_n w(n) x(n) e^{−2πikn/N} of a stationary signal with the autocorrelation r has

    E|X(k)|² = Σ_n Σ_m w(n) w(m) r(n − m) e^{−2πik(n−m)/N} = W Σ_{|l|<N} r(l) ρ_w(l) cos(2πkl/N),

where W = Σ_n w(n)² and W ρ_w(l) = Σ_n w(n) w(n+l). The estimate is the average of c_k |X(k)|²/(N W) over blocks,
c_k = 2, but 1 at 0 Hz and at the Nyquist frequency (P. D. Welch, "The use of fast Fourier transform for the estimation
of power spectra", IEEE Trans. Audio Electroacoust. 15, 1967). Nothing is assumed of the signal but its autocorrelation,
so this holds at all bins, and for periodic signals with random phases too; overlap and number of blocks do not
enter.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from acoupipe_grain.array.measurement import MeasurementSetup


def expected_line_powers(
    autocorrelations: Float[np.ndarray, "source lag"], setup: MeasurementSetup
) -> Float[np.ndarray, "bin source"]:
    """Return Welch's power of each bin, expected of signals with these autocorrelations.

    P_k = c_k/N Σ_{|l|<N} r(l) ρ_w(l) cos(2πkl/N). The powers of all bins sum to r(0). White noise has 2/N, and 1/N at
    0 Hz and at the Nyquist frequency.

    Parameters
    ----------
    autocorrelations
        r(l) of each source at the lags of 0 ... N − 1 samples, N the setup's block size, shape (J, N).
    setup
        Supplies block size and window.

    Returns
    -------
    numpy.ndarray
        Shape (F, J), float64.
    """
    seen = autocorrelations * setup.window_correlation
    # Negative lags mirror the positive ones, and lag 0 is there once.
    powers = (2 * np.fft.rfft(seen, axis=1).real - seen[:, :1]) * (2 / setup.block_size)
    powers[:, [0, -1]] /= 2
    return np.ascontiguousarray(np.maximum(powers, 0.0).T)
