"""The features that are asked for: computed of audio, or precomputed and read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from acoupipe_grain.audio.features import FrameFeature, resolve_frame_features
from acoupipe_grain.audio.segments.precomputed import PrecomputedFeature
from acoupipe_grain.errors import ArgumentError

SegmentFeature: TypeAlias = FrameFeature | PrecomputedFeature
SegmentFeaturesLike: TypeAlias = (
    str | SegmentFeature | Mapping[str, Any] | Sequence[str | SegmentFeature | Mapping[str, Any]]
)
"""What `resolve_segment_features` takes."""


def resolve_segment_features(requested: Any) -> tuple[SegmentFeature, ...]:
    """Return features by name, as objects, or as mappings of their arguments; those with a folder are precomputed.

    Raises
    ------
    ArgumentError
        If one is unknown or asked for twice, or an option is wrong.
    """
    items = [requested] if isinstance(requested, str | FrameFeature | PrecomputedFeature | Mapping) else requested
    if not isinstance(items, list | tuple) or not items:
        raise ArgumentError(
            f"features={requested!r}: expected a list of names such as ['mel_spectrum'], of frame_feature(...) objects "
            "or of mappings."
        )
    resolved: list[SegmentFeature] = []
    for item in items:
        if isinstance(item, Mapping) and ("folder" in item or "sample_rate" in item):
            resolved.append(PrecomputedFeature.from_mapping(item))
        elif isinstance(item, PrecomputedFeature):
            resolved.append(item)
        else:
            resolved.extend(resolve_frame_features([item]))
    keys = [item.key for item in resolved]
    if repeated := next((key for key in keys if keys.count(key) > 1), None):
        raise ArgumentError(f"features: {repeated!r} is asked for twice; give one of them another label.")
    return tuple(resolved)


def without_place(feature: SegmentFeature) -> Any:
    """Return a feature's identity without the folder that it is in."""
    identity = feature.identity
    if isinstance(identity, str):
        return identity
    return {name: value for name, value in identity.items() if name != "folder"}
