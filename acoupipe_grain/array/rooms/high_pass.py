"""The high-pass filter of responses, without which image sources leave a slowly decaying pressure at 0 Hz."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float32

ORDER = 2


def high_passed(
    responses: Float32[np.ndarray, "*n tap"], frequency: float, sample_rate: float
) -> Float32[np.ndarray, "*n tap"]:
    """Return responses filtered by a Butterworth high-pass filter: causal, the same for all, −3 dB at `frequency`.

    Reflections with positive factors all add up at 0 Hz, where a source of finite size does not radiate. The level
    |F|² = 1/(1 + (f_c/f)⁴) (bilinear transform apart) and the phase are common to all microphones.

    Parameters
    ----------
    responses
        Along the last axis.
    frequency
        f_c, Hz; 0: no filter.
    sample_rate
        Hz.
    """
    if frequency == 0:
        return responses
    from scipy import signal  # late: it takes a second to import

    sections = signal.butter(ORDER, frequency, "highpass", fs=sample_rate, output="sos")
    return signal.sosfilt(sections, responses.astype(np.float64)).astype(np.float32)
