"""Short-term features of audio in JAX: pure functions of frames, resolved by name into one jitted computation."""

from acoupipe_grain.audio.features import frame_features as frame_features
from acoupipe_grain.audio.features.computation import RecordComputation
from acoupipe_grain.audio.features.framing import Framing
from acoupipe_grain.audio.features.graph import FEATURES_VERSION, FrameFeatureGraph
from acoupipe_grain.audio.features.registry import (
    FrameFeature,
    frame_feature,
    register_frame_feature,
    registered_frame_features,
)
from acoupipe_grain.audio.features.requested import FrameFeatureLike, resolve_frame_features
from acoupipe_grain.audio.features.transform_files import as_components, as_standardization
from acoupipe_grain.audio.features.transforming import transformed
from acoupipe_grain.audio.features.transforms import PrincipalComponents, Standardization

__all__ = [
    "FEATURES_VERSION",
    "FrameFeature",
    "FrameFeatureGraph",
    "FrameFeatureLike",
    "Framing",
    "PrincipalComponents",
    "RecordComputation",
    "Standardization",
    "as_components",
    "as_standardization",
    "frame_feature",
    "register_frame_feature",
    "registered_frame_features",
    "resolve_frame_features",
    "transformed",
]
