"""What a time-domain simulation gives."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float


class Recording(NamedTuple):
    """Signals of one scene, float32, Pa; parts that nobody asked for are None.

    Attributes
    ----------
    time_data
        Microphone signals, sensor noise included, shape (T, M).
    reference_signals
        Signal of each source alone at the reference position, without noise, shape (T, J_max).
    noise_signals
        Sensor noise alone, shape (T, M).
    """

    time_data: Float[np.ndarray, "sample mic"] | None
    reference_signals: Float[np.ndarray, "sample source"] | None
    noise_signals: Float[np.ndarray, "sample mic"] | None
