"""The manifest: plan and shards of a complete data set, as JSON without times, hosts, paths or worker counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from acoupipe_grain.errors import DataError
from acoupipe_grain.records.array_record import num_records_in, sha256_of
from acoupipe_grain.records.format import (
    read_json,
    require_readable,
    require_unchanged,
    versions_of_format,
    with_digest,
)
from acoupipe_grain.records.plan import Plan

MANIFEST_NAME = "manifest.json"
PLAN_NAME = "plan.json"
ROW_SUFFIX = ".row.json"


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


def row_from(mapping: Mapping[str, Any]) -> ShardRow:
    """Return the row in a JSON mapping, which may have entries of later formats; it raises KeyError or TypeError."""
    return ShardRow(**{name: mapping[name] for name in ShardRow.__dataclass_fields__})


def row_of(plan: Plan, number: int, path: Path) -> ShardRow:
    """Return the row of a shard that lies, whole, at `path`.

    Raises
    ------
    DataError
        If it cannot be opened or holds another number of records than planned.
    """
    start, stop = plan.ranges[number]
    if (num_records := num_records_in(path)) != stop - start:
        raise DataError(f"{plan.shard_name(number)}: {num_records} records, {stop - start} are planned.")
    return ShardRow(plan.shard_name(number), start, stop, path.stat().st_size, sha256_of(path))


@dataclass(frozen=True, repr=False)
class Manifest:
    """A complete data set.

    Attributes
    ----------
    plan
        What it holds.
    shards
        Its shards, in order.
    digest
        Hash that identifies the stored elements: of plan and shards.
    """

    plan: Plan
    shards: tuple[ShardRow, ...]
    digest: str

    @classmethod
    def of(cls, plan: Plan, shards: Sequence[ShardRow]) -> Manifest:
        """Return the manifest of a plan whose shards are written."""
        return cls(plan, tuple(shards), _mapping(plan, shards)["digest"])

    def __repr__(self) -> str:
        return f"Manifest({self.plan.num_records} records, {len(self.shards)} shards, digest={self.digest[:16]})"

    def to_json(self) -> dict[str, Any]:
        """Return the manifest as a JSON mapping."""
        return _mapping(self.plan, self.shards)


def _mapping(plan: Plan, shards: Sequence[ShardRow]) -> dict[str, Any]:
    return with_digest(versions_of_format() | plan.content() | {"shards": [asdict(row) for row in shards]})


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a complete data set.

    Raises
    ------
    DataError
        If there is none, the export is unfinished, the file is damaged or was changed, or of a later format.
    """
    path = folder / MANIFEST_NAME
    if not path.is_file():
        if (folder / PLAN_NAME).is_file():
            raise DataError(_without_manifest(folder))
        raise DataError(f"{folder}: not a data set, there is no {MANIFEST_NAME}.")
    mapping = read_json(path)
    require_readable(mapping, path)
    require_unchanged(mapping, path)
    plan = Plan.from_json(mapping, path)
    rows = rows_in(mapping, path)
    names = [plan.shard_name(number) for number in range(len(plan.ranges))]
    if [(row.name, row.start, row.stop) for row in rows] != [
        (name, *limits) for name, limits in zip(names, plan.ranges, strict=True)
    ]:
        raise DataError(f"{path}: its shards do not cover the records {plan.start} ... {plan.stop - 1} once each.")
    return Manifest(plan, rows, mapping["digest"])


def _without_manifest(folder: Path) -> str:
    """Say what a folder is that has a plan only."""
    if has_lost_manifest(folder):
        return f"{folder}: {MANIFEST_NAME} was lost; `acoupipe-grain repair` makes it anew from {PLAN_NAME} and shards."
    return (
        f"{folder}: an unfinished export ({PLAN_NAME} without {MANIFEST_NAME}); run the same export again, it goes on "
        "where it was."
    )


def has_lost_manifest(folder: Path) -> bool:
    """Say whether a folder has plan and shards but neither a manifest nor the rows that it is made from."""
    if (folder / MANIFEST_NAME).is_file() or any(folder.glob(f"*{ROW_SUFFIX}")):
        return False
    try:
        plan = read_plan(folder)
    except DataError:
        return False
    return all((folder / plan.shard_name(number)).is_file() for number in range(len(plan.ranges)))


def rows_in(mapping: Mapping[str, Any], path: Path) -> tuple[ShardRow, ...]:
    """Return the rows of a manifest that was read at `path`."""
    try:
        return tuple(row_from(row) for row in mapping["shards"])
    except (KeyError, TypeError) as error:
        raise DataError(f"{path}: damaged ({type(error).__name__}: {error}).") from error


def read_plan(folder: Path) -> Plan:
    """Read the plan of a data set, finished or not.

    Raises
    ------
    DataError
        If it cannot be read, is damaged, was changed, or is of a later format.
    """
    path = folder / PLAN_NAME
    mapping = read_json(path)
    require_readable(mapping, path)
    require_unchanged(mapping, path)
    return Plan.from_json(mapping, path)


def check_shard_sizes(folder: Path, manifest: Manifest) -> None:
    """Raise `DataError` if a shard is missing or does not have the size that the manifest says."""
    for row in manifest.shards:
        if problem := size_problem(folder, row):
            raise DataError(problem)


def size_problem(folder: Path, row: ShardRow) -> str | None:
    """Say how a shard is not there in the size that its row says, or return None."""
    path = folder / row.name
    if not path.is_file():
        return f"{row.name}: missing from {folder}."
    if path.stat().st_size != row.num_bytes:
        return f"{row.name}: {path.stat().st_size} bytes, the manifest says {row.num_bytes}."
    return None
