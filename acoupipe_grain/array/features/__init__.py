"""Features in JAX: pure functions resolved by name into one jitted computation."""

from acoupipe_grain.array.features import builtin as builtin
from acoupipe_grain.array.features.bands import Bands, listed_frequencies, resolve_bands
from acoupipe_grain.array.features.computation import FeatureComputation, batch_computation
from acoupipe_grain.array.features.graph import FeatureGraph, resolve_features
from acoupipe_grain.array.features.modes import Mode, in_batches, mode_by_name
from acoupipe_grain.array.features.registry import Feature, feature, register_feature, registered_features

__all__ = [
    "Bands",
    "Feature",
    "FeatureComputation",
    "FeatureGraph",
    "Mode",
    "batch_computation",
    "feature",
    "in_batches",
    "listed_frequencies",
    "mode_by_name",
    "register_feature",
    "registered_features",
    "resolve_bands",
    "resolve_features",
]
