"""What a data set will be, known before its first record is computed."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib import metadata as installed
from pathlib import Path
from typing import Any

import numpy as np

from acoupipe_grain import arguments, workers
from acoupipe_grain.errors import DataError
from acoupipe_grain.records.batches import batch_size_for
from acoupipe_grain.records.description import as_json, configuration_of, tables_of
from acoupipe_grain.records.format import require_readable, versions_of_format, with_digest
from acoupipe_grain.specs import (
    ArraySpec,
    DataSource,
    lengths_of,
    mean_num_bytes,
    ragged_axes,
    spec_from_json,
    spec_to_json,
)

SHARD_SUFFIX = ".array_record"
COMPRESSIONS = ("zstd:3", "uncompressed")
MIN_SHARDS = 16
TARGET_SHARD_BYTES = 256 * 2**20
MAX_DIFFERENCES_SHOWN = 8

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

_ABSENT = object()
_OPTIONAL = ("lengths", "normalised", "unvoiced")
"""Attributes of a plan that are not there for most sources."""


@dataclass(frozen=True)
class Plan:
    """A fixed list of index ranges, one a shard, and all that the bytes of the shards depend on.

    Attributes
    ----------
    configuration
        What rebuilds the source, or its ``repr`` if it has no configuration.
    element_spec
        Specification of every array of an element.
    tables
        Names that belong to numbers in the elements.
    start, stop
        The source's records from `start` to below `stop` are stored.
    records_per_shard
        Length of every shard but the last.
    batch_size
        Records in a call of the source's `compute_batch`; None: its elements come one by one.
    compression
        ArrayRecord's compression option.
    platform
        The JAX platform that computes: "cpu", "gpu", ...
    enable_x64
        JAX's 64-bit mode.
    versions
        Versions of the libraries that compute.
    metadata
        What the user says of the data set.
    lengths
        How long axes that differ in length are in each record that is stored, by name, if the source knows it.
    normalised, unvoiced
        Which entries of arrays are to be normalised, and up to which values they do not count in statistics (None: all
        count), if the source says it.
    """

    configuration: Mapping[str, Any]
    element_spec: Mapping[str, ArraySpec]
    tables: Mapping[str, Sequence[str]]
    start: int
    stop: int
    records_per_shard: int
    batch_size: int | None
    compression: str
    platform: str
    enable_x64: bool
    versions: Mapping[str, str]
    metadata: Mapping[str, Any]
    lengths: Mapping[str, Sequence[int]] = field(default_factory=dict)
    normalised: Mapping[str, Sequence[bool]] = field(default_factory=dict)
    unvoiced: Mapping[str, Sequence[float | None]] = field(default_factory=dict)

    @property
    def _optional(self) -> Sequence[tuple[str, Mapping[str, Sequence[Any]]]]:
        return [(name, getattr(self, name)) for name in _OPTIONAL]

    @property
    def num_records(self) -> int:
        """Number of records of the data set."""
        return self.stop - self.start

    @cached_property
    def ranges(self) -> tuple[tuple[int, int], ...]:
        """First index, and the one after the last, of each shard."""
        starts = range(self.start, self.stop, self.records_per_shard)
        return tuple((start, min(start + self.records_per_shard, self.stop)) for start in starts)

    def shard_name(self, number: int) -> str:
        """Return the file name of a shard."""
        width = max(5, len(str(len(self.ranges))))  # names sort as numbers
        return f"shard-{number:0{width}d}-of-{len(self.ranges):0{width}d}{SHARD_SUFFIX}"

    @cached_property
    def digest(self) -> str:
        """Hash of everything in the plan."""
        return str(self.to_json()["digest"])

    def to_json(self) -> dict[str, Any]:
        """Return the plan as a JSON mapping."""
        return with_digest(versions_of_format() | self.content())

    def content(self) -> dict[str, Any]:
        """Return the attributes as a JSON mapping."""
        return {
            "configuration": dict(self.configuration),
            "element_spec": spec_to_json(self.element_spec),
            "tables": {name: list(values) for name, values in self.tables.items()},
            "start": self.start,
            "stop": self.stop,
            "records_per_shard": self.records_per_shard,
            "batch_size": self.batch_size,
            "compression": self.compression,
            "platform": self.platform,
            "enable_x64": self.enable_x64,
            "versions": dict(self.versions),
            "metadata": dict(self.metadata),
            **{name: {key: list(item) for key, item in said.items()} for name, said in self._optional if said},
        }

    @classmethod
    def from_json(cls, mapping: Mapping[str, Any], path: Path) -> Plan:
        """Rebuild a plan from a mapping that was read at `path`."""
        require_readable(mapping, path)
        try:
            values = {name: mapping[name] for name in cls.__dataclass_fields__ if name not in _OPTIONAL}
            values |= {name: mapping.get(name, {}) for name in _OPTIONAL}
            values["element_spec"] = spec_from_json(values["element_spec"])
            plan = cls(**values)
            if any(len(lengths) != plan.num_records for lengths in plan.lengths.values()):
                raise ValueError(f"lengths of other than {plan.num_records} records")
            if not 0 <= plan.start < plan.stop or plan.records_per_shard < 1:
                raise ValueError(f"records {plan.start} ... {plan.stop} in shards of {plan.records_per_shard}")
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(f"{path}: damaged ({type(error).__name__}: {error}).") from error
        return plan


def plan_for(
    source: DataSource,
    *,
    start: int = 0,
    stop: int | None = None,
    records_per_shard: int | None = None,
    compression: str = "zstd:3",
    platform: str | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> Plan:
    """Return the plan of the data set that storing a source's records gives.

    Parameters
    ----------
    source
        Any data source.
    start, stop
        Store the records from `start` to below `stop`; None: to the last.
    records_per_shard
        Records in a shard; None: a sixteenth of them, or what takes about 256 MiB if that is less (axes whose lengths
        differ, and which the source does not know, count as 1).
    compression
        "zstd:3" or "uncompressed".
    platform
        The JAX platform that computes; None: the default one.
    metadata
        JSON values to be stored with the data.

    Raises
    ------
    ArgumentError
        If a value has the wrong type or range.
    """
    start = arguments.integer("start", start, minimum=0, maximum=len(source) - 1)
    stop = len(source) if stop is None else arguments.integer("stop", stop, minimum=start + 1, maximum=len(source))
    spec = dict(source.element_spec)
    known, ragged = lengths_of(source), ragged_axes(spec)
    lengths = {axis: np.asarray(known[axis])[start:stop].tolist() for axis in ragged if axis in known}
    if records_per_shard is None:
        size = (stop - start) * mean_num_bytes(source, start, stop)
        records_per_shard = math.ceil((stop - start) / max(MIN_SHARDS, math.ceil(size / TARGET_SHARD_BYTES)))
    records_per_shard = arguments.integer("records_per_shard", records_per_shard, minimum=1)
    return Plan(
        configuration=configuration_of(source),
        element_spec=spec,
        tables=tables_of(source),
        start=start,
        stop=stop,
        records_per_shard=records_per_shard,
        batch_size=batch_size_for(source, min(records_per_shard, stop - start)),
        compression=arguments.choice("compression", compression, COMPRESSIONS),
        platform=workers.platform() if platform is None else platform,
        enable_x64=workers.settings_for_workers(),
        versions=_versions(),
        metadata=as_json("metadata", metadata or {}),
        lengths=lengths,
        normalised={name: np.asarray(flags).tolist() for name, flags in getattr(source, "normalised", {}).items()},
        unvoiced={
            name: [None if value == -math.inf else value for value in np.asarray(values).tolist()]
            for name, values in getattr(source, "unvoiced", {}).items()
        },
    )


def differences(old: Any, new: Any, name: str = "") -> list[str]:
    """Return one line for every value that differs between two JSON values."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        return [
            line
            for key in dict.fromkeys([*old, *new])
            for line in differences(old.get(key, _ABSENT), new.get(key, _ABSENT), f"{name}.{key}" if name else key)
        ]
    return [] if old == new else [f"{name} was {_shortened(old)}, is {_shortened(new)}"]


def in_short(lines: Sequence[str]) -> str:
    """Return the first differences in one line."""
    left = len(lines) - MAX_DIFFERENCES_SHOWN
    return "; ".join([*lines[:MAX_DIFFERENCES_SHOWN], *([f"and {left} more"] if left > 0 else [])])


def _shortened(value: Any) -> str:
    text = "not there" if value is _ABSENT else json.dumps(value)
    return text if len(text) <= 80 else f"{text[:60]}... ({len(text)} characters)"


def _versions() -> dict[str, str]:
    versions = {"python": f"{sys.version_info.major}.{sys.version_info.minor}"}
    for name in _LIBRARIES:
        try:
            versions[name] = installed.version(name)
        except installed.PackageNotFoundError:
            continue
    return versions
