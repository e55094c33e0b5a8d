"""One shard: computed, written, read back, digested, renamed into place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from acoupipe_grain.errors import ExportError
from acoupipe_grain.exporting.plan import shard_name
from acoupipe_grain.records.array_record import import_array_record, num_records_in, sha256_of
from acoupipe_grain.records.batches import elements_of_shard
from acoupipe_grain.records.codec import encode
from acoupipe_grain.records.manifest import Content, ShardRow, shard_ranges
from acoupipe_grain.specs import DataSource, check_element

PARTIAL_SUFFIX = ".partial"


def write_shard(
    plan: Content, source: DataSource, folder: Path, number: int, on_record: Callable[[], Any] = lambda: None
) -> ShardRow:
    """Compute and write one shard of a plan; idempotent, and a shard under its final name is complete.

    Parameters
    ----------
    plan
        The export's plan.
    source
        The source that was planned.
    folder
        Where the shard goes.
    number
        Which shard.
    on_record
        Called after each record.
    """
    start, stop = shard_ranges(plan.num_records, plan.records_per_shard)[number]
    final = folder / shard_name(plan, number)
    partial = final.with_name(final.name + PARTIAL_SUFFIX)
    # group_size:1 makes every record readable on its own: the reader seeks instead of decompressing neighbours.
    writer = import_array_record().ArrayRecordWriter(str(partial), f"group_size:1,{plan.compression}")
    name = repr(source)
    try:
        for index, element in elements_of_shard(source, start, stop):
            check_element(element, plan.element_spec, f"record {index} of {name}")
            writer.write(encode({name: element[name] for name in plan.element_spec}))
            on_record()
    finally:
        writer.close()
    if (written := num_records_in(partial)) != stop - start:
        raise ExportError(f"{partial}: holds {written} records after writing {stop - start}; is the disk full?")
    row = ShardRow(final.name, start, stop, partial.stat().st_size, sha256_of(partial))
    partial.replace(final)
    return row
