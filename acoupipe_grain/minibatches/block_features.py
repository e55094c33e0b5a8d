"""Features as Dynibatch's configuration names them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from acoupipe_grain import arguments
from acoupipe_grain.audio.features import registered_frame_features, resolve_frame_features
from acoupipe_grain.audio.segments.precomputed import PrecomputedFeature
from acoupipe_grain.audio.segments.requested import SegmentFeature
from acoupipe_grain.errors import ArgumentError, unknown_name
from acoupipe_grain.file_patterns import expanded
from acoupipe_grain.minibatches.blocks import Blocks, as_switch

NAMES: Mapping[str, str] = {
    "audio_chunk": "audio",
    "fft_spectrum": "magnitude_spectrum",
    "fft_power_spectrum": "power_spectrum",
}
"""Features of this package by Dynibatch's name, where it is another one."""

OPTIONS: Mapping[str, str] = {"log_amp": "log"}
"""Options of features likewise."""

_COMPUTED_KEYS = ("name", "config", "scaler", "pca")
_PRECOMPUTED_KEYS = ("name", "sample_rate", "size", "folder", "scaler", "pca")


@dataclass(frozen=True)
class BlockFeature:
    """A feature, and the size that the configuration says it has, None if it says nothing."""

    feature: SegmentFeature
    size: int | None = None


def features_of(blocks: Blocks, features_root: str | None) -> list[BlockFeature]:
    """Return the features that a configuration in blocks asks for, under the names that it gives them.

    Parameters
    ----------
    blocks
        The configuration.
    features_root
        Where precomputed features are that name no folder.

    Raises
    ------
    ArgumentError
        If one is unknown or wrong, or two precomputed ones are in the same folder.
    """
    found = []
    for number, mapping in enumerate(blocks.features):
        name = mapping.get("name") if isinstance(mapping, Mapping) else None
        place = f"{blocks.origin}: {'feature' if blocks.is_single else f'features[{number}]'}"
        if not isinstance(name, str):
            raise ArgumentError(f"{place}={mapping!r:.200}: expected a mapping such as {{name: mfcc}}.")
        try:
            found.append(_feature_of(name, mapping, features_root))
        except ArgumentError as error:
            raise ArgumentError(f"{place} {name!r}: {error}") from error
    folders: dict[str, str] = {}
    for feature in (item.feature for item in found):
        if isinstance(feature, PrecomputedFeature):
            other = folders.setdefault(expanded(feature.folder), feature.name)
            if other != feature.name:
                raise ArgumentError(
                    f"{blocks.origin}: features: {other!r} and {feature.name!r} are in the same files, in "
                    f"{feature.folder!r}; give each of them a folder of its own."
                )
    return found


def _feature_of(name: str, mapping: Mapping[str, Any], features_root: str | None) -> BlockFeature:
    computed = {*NAMES, *registered_frame_features()}
    is_computed = name in computed
    if not is_computed and "sample_rate" not in mapping:
        raise unknown_name("feature", name, computed)
    keys = _COMPUTED_KEYS if is_computed else _PRECOMPUTED_KEYS
    for key in mapping:
        if key not in keys:
            raise unknown_name("key", key, keys)
    transforms = {key: mapping.get(key) or None for key in ("scaler", "pca")}
    if is_computed:
        return BlockFeature(_computed(name, mapping.get("config"), transforms))
    folder = mapping.get("folder") or features_root
    if not folder:
        raise ArgumentError("is computed elsewhere; give the folder of its .npy files, or features_root.")
    size = mapping.get("size")
    return BlockFeature(
        PrecomputedFeature(name, folder, mapping["sample_rate"], **transforms),
        None if size is None else arguments.integer("size", size, minimum=1),
    )


def _computed(name: str, config: Any, transforms: Mapping[str, Any]) -> SegmentFeature:
    if config is not None and not isinstance(config, Mapping):
        raise ArgumentError(f"config={config!r:.200}: expected a mapping such as {{n_mels: 64}}.")
    for older, name_here in OPTIONS.items():
        if config and older in config and name_here in config:
            raise ArgumentError(f"config: {older} and {name_here} mean the same; keep one of them.")
    options = {
        OPTIONS.get(key, key): as_switch(value) if key in OPTIONS else value for key, value in (config or {}).items()
    }
    (feature,) = resolve_frame_features(
        {"name": NAMES.get(name, name), "label": name, "options": options, **transforms}
    )
    return feature
