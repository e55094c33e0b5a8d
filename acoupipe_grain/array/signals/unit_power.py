"""Signals from elsewhere, scaled to unit power."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float32, Num


def with_unit_power(samples: Num[np.ndarray, " sample"]) -> Float32[np.ndarray, " sample"] | None:
    """Return samples scaled to a mean square of 1; None if they are all zero or not all finite."""
    # In double precision, as the squares of the smallest and the largest numbers do not fit into single precision.
    values = samples.astype(np.float64)
    largest = np.abs(values).max()
    if largest == 0 or not np.isfinite(largest):
        return None
    values /= largest
    return (values / np.sqrt(np.mean(np.square(values)))).astype(np.float32)
