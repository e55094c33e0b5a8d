"""Constants of levels. They are Python's numbers, which leave arrays their precision; those of NumPy do not."""

from __future__ import annotations

import math

DECIBELS = 10 / math.log(10)
"""What the natural logarithm of a ratio of powers is in decibels."""
REFERENCE_POWER = 4e-10
"""Square of 20 µPa, Pa²."""
