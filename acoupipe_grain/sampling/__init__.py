"""Random values: distributions, placement of points, and random processes over the attributes of objects."""

from acoupipe_grain.sampling.distribution import DistributionLike, as_distribution, distribution
from acoupipe_grain.sampling.inverse import (
    count_probabilities,
    normal,
    rayleigh,
    truncated_count,
    truncated_normal,
    uniform,
)
from acoupipe_grain.sampling.placement import MAX_ATTEMPTS, place_points
from acoupipe_grain.sampling.random_variables import (
    UNBOUNDED,
    Distribution,
    FunctionDistribution,
    InverseDistribution,
    ScipyDistribution,
    Sizes,
)

__all__ = [
    "MAX_ATTEMPTS",
    "UNBOUNDED",
    "Distribution",
    "DistributionLike",
    "FunctionDistribution",
    "InverseDistribution",
    "ScipyDistribution",
    "Sizes",
    "as_distribution",
    "count_probabilities",
    "distribution",
    "normal",
    "place_points",
    "rayleigh",
    "truncated_count",
    "truncated_normal",
    "uniform",
]
