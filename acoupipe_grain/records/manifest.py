"""The manifest: what a folder of shards holds, as JSON without times, hosts, paths or worker counts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from acoupipe_grain.errors import DataError
from acoupipe_grain.specs import ArraySpec, spec_from_json, spec_to_json

FORMAT_VERSION = 1
MANIFEST_NAME = "manifest.json"
PLAN_NAME = "plan.json"
SHARD_SUFFIX = ".array_record"


@dataclass(frozen=True)
class ShardRow:
    """One finished shard: its name, the range of record indices, its size in bytes and its SHA-256 digest."""

    name: str
    start: int
    stop: int
    num_bytes: int
    sha256: str

    @property
    def num_records(self) -> int:
        """Number of records in the shard."""
        return self.stop - self.start


@dataclass(frozen=True)
class Content:
    """What is stored, whatever the shards look like.

    Attributes
    ----------
    configuration
        What rebuilds the source, or its ``repr`` if it has no configuration.
    element_spec
        Specification of every array of an element.
    tables
        Names that belong to numbers in the elements.
    num_records, records_per_shard
        Length of the data set and of its shards.
    compression
        ArrayRecord's compression option.
    versions
        Versions of the libraries that computed the elements.
    """

    configuration: Mapping[str, Any]
    element_spec: Mapping[str, ArraySpec]
    tables: Mapping[str, Sequence[str]]
    num_records: int
    records_per_shard: int
    compression: str
    versions: Mapping[str, str]

    def to_json(self) -> dict[str, Any]:
        """Return the content as a JSON mapping."""
        return {
            "format_version": FORMAT_VERSION,
            "configuration": dict(self.configuration),
            "element_spec": spec_to_json(self.element_spec),
            "tables": {name: list(values) for name, values in self.tables.items()},
            "num_records": self.num_records,
            "records_per_shard": self.records_per_shard,
            "compression": self.compression,
            "versions": dict(self.versions),
        }

    @classmethod
    def from_json(cls, mapping: Mapping[str, Any], path: Path) -> Content:
        """Rebuild the content from `to_json`; `path` is where it was read, for errors."""
        version = mapping.get("format_version")
        if version != FORMAT_VERSION:
            raise DataError(
                f"{path}: format_version={version!r}; this version of acoupipe_grain reads {FORMAT_VERSION}."
            )
        try:
            return cls(
                configuration=mapping["configuration"],
                element_spec=spec_from_json(mapping["element_spec"]),
                tables=mapping["tables"],
                num_records=mapping["num_records"],
                records_per_shard=mapping["records_per_shard"],
                compression=mapping["compression"],
                versions=mapping["versions"],
            )
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(f"{path}: damaged ({type(error).__name__}: {error}).") from error


@dataclass(frozen=True, repr=False)
class Manifest:
    """The content of a complete data set and its shards."""

    content: Content
    shards: tuple[ShardRow, ...]

    def __repr__(self) -> str:
        return f"Manifest({self.content.num_records} records, {len(self.shards)} shards, digest={self.digest})"

    @cached_property
    def digest(self) -> str:
        """Hash that identifies the stored elements: of content and shard digests."""
        return hashlib.sha256(to_text(self.to_json()).encode()).hexdigest()[:16]

    def to_json(self) -> dict[str, Any]:
        """Return the manifest as a JSON mapping."""
        return self.content.to_json() | {"shards": [asdict(row) for row in self.shards]}


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a complete data set.

    Raises
    ------
    DataError
        If there is none, the export is unfinished, or the file is damaged.
    """
    path = folder / MANIFEST_NAME
    if not path.is_file():
        if (folder / PLAN_NAME).is_file():
            raise DataError(f"{folder}: an unfinished export ({PLAN_NAME} without {MANIFEST_NAME}).")
        raise DataError(f"{folder}: not a data set, there is no {MANIFEST_NAME}.")
    mapping = read_json(path)
    content = Content.from_json(mapping, path)
    try:
        shards = tuple(ShardRow(**row) for row in mapping["shards"])
    except (KeyError, TypeError) as error:
        raise DataError(f"{path}: damaged ({type(error).__name__}: {error}).") from error
    ranges = [(row.start, row.stop) for row in shards]
    if ranges != shard_ranges(content.num_records, content.records_per_shard):
        raise DataError(f"{path}: its shards do not cover the records 0 ... {content.num_records - 1} once each.")
    return Manifest(content, shards)


def check_shard_sizes(folder: Path, manifest: Manifest) -> None:
    """Raise `DataError` if a shard is missing or does not have the size that the manifest says."""
    for row in manifest.shards:
        path = folder / row.name
        if not path.is_file():
            raise DataError(f"{row.name}: missing from {folder}.")
        if path.stat().st_size != row.num_bytes:
            raise DataError(f"{row.name}: {path.stat().st_size} bytes, the manifest says {row.num_bytes}.")


def shard_ranges(num_records: int, records_per_shard: int) -> list[tuple[int, int]]:
    """Return the ranges of record indices, one per shard."""
    return [(start, min(start + records_per_shard, num_records)) for start in range(0, num_records, records_per_shard)]


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON mapping or raise `DataError`."""
    try:
        mapping = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}).") from error
    except ValueError as error:
        raise DataError(f"{path}: not JSON ({error}).") from error
    if not isinstance(mapping, dict):
        raise DataError(f"{path}: expected a JSON mapping.")
    return mapping


def to_text(mapping: Mapping[str, Any]) -> str:
    """Return a mapping as canonical JSON text."""
    return json.dumps(mapping, indent=1, allow_nan=False) + "\n"
