"""Features of audio as they are asked for: names, objects, or mappings as files and manifests have them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from acoupipe_grain.audio.features.registry import FrameFeature, frame_feature, option_names
from acoupipe_grain.errors import ArgumentError, unknown_name

FrameFeatureLike: TypeAlias = str | FrameFeature | Mapping[str, Any]

_KEYS = ("name", "label", "options", "scaler", "pca")


def resolve_frame_features(requested: FrameFeatureLike | Sequence[FrameFeatureLike]) -> tuple[FrameFeature, ...]:
    """Return the requested features of audio.

    Parameters
    ----------
    requested
        Names, `frame_feature` objects or mappings {name, label, options, scaler, pca} such as their `identity`; one of
        them or a sequence.

    Raises
    ------
    ArgumentError
        If nothing is asked for, two have the same key, or one of them is unknown or wrong.
    """
    items = [requested] if isinstance(requested, str | FrameFeature | Mapping) else requested
    if not isinstance(items, list | tuple) or not items:
        raise ArgumentError(
            f"features={requested!r}: expected a list of names such as 'mfcc', of frame_feature(...) objects, or of "
            "mappings of name, label, options, scaler, pca."
        )
    resolved = tuple(_resolved(item) for item in items)
    require_distinct(resolved)
    return resolved


def require_distinct(features: Sequence[FrameFeature]) -> None:
    """Raise `ArgumentError` if two features have the same key."""
    keys = [item.key for item in features]
    for key in keys:
        if keys.count(key) > 1:
            raise ArgumentError(f"features: {key!r} is asked for twice; give one of them another label.")


def _resolved(item: Any) -> FrameFeature:
    if isinstance(item, FrameFeature):
        return item
    if isinstance(item, str):
        return frame_feature(item)
    if not isinstance(item, Mapping) or not isinstance(item.get("name"), str):
        raise ArgumentError(
            f"features: {item!r} is not a registered name, a frame_feature(...) or a mapping of name, label, options, "
            "scaler, pca, such as {name: mel_spectrum, label: mel, options: {n_mels: 64}, scaler: mel.npz}."
        )
    for key in item:
        if key in option_names(item["name"]):
            raise ArgumentError(
                f"features: {key!r} is an option of {item['name']!r}; write {{name: {item['name']}, options: {{{key}: "
                f"{item[key]!r}}}}}."
            )
        if key not in _KEYS:
            raise unknown_name(f"part of feature {item['name']!r}:", key, _KEYS)
    options = item.get("options", {})
    if not isinstance(options, Mapping) or not all(isinstance(name, str) and name not in _KEYS for name in options):
        raise ArgumentError(
            f"features: options={options!r} of {item['name']!r}: expected a mapping such as {{n_mels: 64}}."
        )
    rest = {key: item[key] for key in _KEYS if key in item and key != "options"}
    return frame_feature(**rest, **options)
