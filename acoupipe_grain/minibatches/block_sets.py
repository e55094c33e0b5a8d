"""Sets of mini-batches from Dynibatch's configuration in blocks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from acoupipe_grain.audio.segments.source import SegmentSource
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.minibatches.block_features import BlockFeature, features_of
from acoupipe_grain.minibatches.blocks import ACTIVITY_ARGUMENTS, BATCH_ARGUMENTS, SOURCE_ARGUMENTS, read_blocks
from acoupipe_grain.minibatches.mini_batches import MiniBatches
from acoupipe_grain.minibatches.split_sets import DEFAULT, names_of_sets
from acoupipe_grain.pipeline import MiniBatchOptions


def sets_of_blocks(config: Mapping[Any, Any], origin: str) -> dict[str, MiniBatches]:
    """Return mini-batches by set: for each set of the split, else "default".

    Parameters
    ----------
    config
        Blocks by name.
    origin
        Where they were read.

    Raises
    ------
    ArgumentError
        If a block or key is unknown or missing, or a value cannot be used.
    """
    blocks = read_blocks(config, origin)
    with blocks.placed():
        options = MiniBatchOptions(**blocks.of(BATCH_ARGUMENTS))
    features = features_of(blocks, options.features_root)
    values = blocks.of(SOURCE_ARGUMENTS) | {"features": [item.feature for item in features], "mono": True}
    if blocks.has_activity:
        values["activity_params"] = blocks.of(ACTIVITY_ARGUMENTS)
    with blocks.placed():
        sets = [None] if "datasplit" not in values else names_of_sets(values["datasplit"])
        sources = [SegmentSource(**values, dataset=name) for name in sets]
        _require_sizes(sources[0], features)
        return {
            name or DEFAULT: MiniBatches(source, options, single_feature=blocks.is_single)
            for name, source in zip(sets, sources, strict=True)
        }


def _require_sizes(source: SegmentSource, features: Sequence[BlockFeature]) -> None:
    """Raise `ArgumentError` if the rows of precomputed features have other sizes than the configuration says."""
    sizes = {item.feature.key: item.size for item in features if item.size is not None}
    for item in source.inputs.precomputed:
        name, size = item.feature.key, item.size or 1
        if sizes.get(name, size) != size:
            raise ArgumentError(
                f"features: size={sizes[name]} of {name!r}: rows of its files have the size {size}; correct it, or "
                "leave it out."
            )
