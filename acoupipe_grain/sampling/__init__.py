"""Random values: distributions, placement of points, and random processes over the attributes of objects."""

from acoupipe_grain.sampling.choices import SetSampler, SourceSetSampler
from acoupipe_grain.sampling.distribution import DistributionLike, as_distribution, distribution
from acoupipe_grain.sampling.location_processes import LocationSampler, PointSourceSampler
from acoupipe_grain.sampling.microphone_process import MicGeomSampler
from acoupipe_grain.sampling.placement import MAX_ATTEMPTS, place_points
from acoupipe_grain.sampling.processes import ContainerSampler, NumericAttributeSampler, Sampler
from acoupipe_grain.sampling.random_variables import (
    UNBOUNDED,
    Distribution,
    FunctionDistribution,
    InverseDistribution,
    ScipyDistribution,
)
from acoupipe_grain.sampling.sizes import Sizes

__all__ = [
    "MAX_ATTEMPTS",
    "UNBOUNDED",
    "ContainerSampler",
    "Distribution",
    "DistributionLike",
    "FunctionDistribution",
    "InverseDistribution",
    "LocationSampler",
    "MicGeomSampler",
    "NumericAttributeSampler",
    "PointSourceSampler",
    "Sampler",
    "ScipyDistribution",
    "SetSampler",
    "Sizes",
    "SourceSetSampler",
    "as_distribution",
    "distribution",
    "place_points",
]
