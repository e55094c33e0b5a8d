"""Any source, computed once and read from ArrayRecord shards afterwards."""

from __future__ import annotations

import hashlib
from pathlib import Path

from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.records.building import begin, finish, is_finished
from acoupipe_grain.records.manifest import MANIFEST_NAME
from acoupipe_grain.records.plan import plan_for
from acoupipe_grain.records.stored import ArrayRecordSource
from acoupipe_grain.records.write_shard import Job, write_shards
from acoupipe_grain.specs import DataSource, require_source


def cached(source: DataSource, folder: str | Path, *, compression: str = "uncompressed") -> ArrayRecordSource:
    """Return a source's elements stored in a folder; what is not there yet is computed first, by this process.

    Sources are told apart by their ``repr``, each in a folder of its own; so one that changes gets another cache. A
    call that was interrupted is continued by the next. To compute with several processes use `acoupipe_grain.export`.

    Parameters
    ----------
    source
        Any data source.
    folder
        Where caches lie. Delete it, or a folder in it, to free the space.
    compression
        As for `acoupipe_grain.export`, of what is computed now. "uncompressed" is read fastest; "zstd:3" takes less
        room where numbers repeat, in masks and padding for instance.

    Raises
    ------
    ExportError
        If the cache was begun, and not finished, with other versions of libraries or on another platform, or cannot be
        written.
    ArgumentError
        If a source of the same ``repr`` but other elements was cached there.
    """
    require_source(source)
    place = Path(folder) / hashlib.sha256(repr(source).encode()).hexdigest()[:16]
    if not (place / MANIFEST_NAME).is_file():
        _compute(source, place, compression)
    stored = ArrayRecordSource(place)
    if dict(stored.element_spec) != dict(source.element_spec):
        raise ArgumentError(
            f"source={source!r}: its elements are not those cached in {place}; give a source that changed another "
            "repr, or delete that folder."
        )
    return stored


def _compute(source: DataSource, place: Path, compression: str) -> None:
    plan = plan_for(source, compression=compression)
    plan, _ = begin(place, plan)
    missing = [number for number in range(len(plan.ranges)) if not is_finished(place, plan, number)]
    write_shards(Job(plan, source, place), missing)
    finish(place, plan)
