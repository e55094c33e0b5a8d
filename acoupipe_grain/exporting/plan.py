"""What an export will write: a fixed list of shards, known before the first record is computed."""

from __future__ import annotations

import json
import math
import sys
from importlib import metadata
from typing import Any

from acoupipe_grain import arguments
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.records.manifest import SHARD_SUFFIX, Content, shard_ranges
from acoupipe_grain.specs import DataSource, element_num_bytes

COMPRESSIONS = ("zstd:3", "uncompressed")
MIN_SHARDS = 16
TARGET_SHARD_BYTES = 256 * 2**20

_LIBRARIES = (
    "acoupipe-grain",
    "acoular",
    "grain",
    "jax",
    "jaxlib",
    "numpy",
    "scipy",
    "array-record",
    "msgpack",
)


def plan_export(source: DataSource, records_per_shard: int | None, compression: str) -> Content:
    """Return the content of the data set that exporting `source` gives."""
    num_records = len(source)
    spec = dict(source.element_spec)
    if ragged := [name for name, item in spec.items() if None in item.shape]:
        raise ArgumentError(
            f"source: {', '.join(ragged)} have axes of varying length, which shards are not planned for."
        )
    if records_per_shard is None:
        num_shards = max(MIN_SHARDS, math.ceil(num_records * element_num_bytes(spec) / TARGET_SHARD_BYTES))
        records_per_shard = math.ceil(num_records / num_shards)
    records_per_shard = arguments.integer("records_per_shard", records_per_shard, minimum=1)
    configuration: Any = getattr(source, "configuration", None) or {"repr": repr(source)}
    return Content(
        configuration=json.loads(json.dumps(configuration)),  # as it will be read back: lists for tuples
        element_spec=spec,
        tables=getattr(source, "tables", {}),
        num_records=num_records,
        records_per_shard=records_per_shard,
        compression=arguments.choice("compression", compression, COMPRESSIONS),
        versions=_versions(),
    )


def shard_name(plan: Content, number: int) -> str:
    """Return the file name of a shard."""
    count = len(shard_ranges(plan.num_records, plan.records_per_shard))
    return f"shard-{number:05d}-of-{count:05d}{SHARD_SUFFIX}"


def _versions() -> dict[str, str]:
    versions = {"python": f"{sys.version_info.major}.{sys.version_info.minor}"}
    for name in _LIBRARIES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions
