"""What identifies impulse responses, wherever they are kept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence

import numpy as np
from jaxtyping import Float, Float32

RESPONSES_VERSION = 1
"""Changes when the same file or the same arrays give other responses, or another digest."""


def digest_of_responses(
    sample_rate: float,
    speed_of_sound: float,
    positions: Sequence[Float[np.ndarray, "3 _"]],
    blocks: Iterable[Float32[np.ndarray, "source mic tap"]],
) -> str:
    """Return the SHA-256 of what responses are.

    Parameters
    ----------
    sample_rate
        Hz.
    speed_of_sound
        m/s.
    positions
        Of sources and microphones, m.
    blocks
        All responses in order, in parts of any size, which do not change the digest.
    """
    digest = hashlib.sha256(json.dumps([RESPONSES_VERSION, sample_rate, speed_of_sound]).encode())
    for places in positions:
        digest.update(json.dumps(places.shape).encode())
        digest.update(np.ascontiguousarray(places, dtype="<f8"))
    for block in blocks:
        digest.update(np.ascontiguousarray(block, dtype="<f4"))
    return digest.hexdigest()
