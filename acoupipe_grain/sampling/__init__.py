"""Random values from uniform ones: distributions and placement of points."""

from acoupipe_grain.sampling.distributions import (
    count_probabilities,
    normal,
    rayleigh,
    truncated_count,
    truncated_normal,
    uniform,
)
from acoupipe_grain.sampling.placement import MAX_ATTEMPTS, place_points

__all__ = [
    "MAX_ATTEMPTS",
    "count_probabilities",
    "normal",
    "place_points",
    "rayleigh",
    "truncated_count",
    "truncated_normal",
    "uniform",
]
