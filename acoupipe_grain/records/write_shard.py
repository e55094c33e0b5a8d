"""One shard: computed, written, read back, digested, renamed into place, and its row written."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from acoupipe_grain.errors import DataError, ExportError
from acoupipe_grain.records.array_record import ShardWriter, cannot_write
from acoupipe_grain.records.batches import element_batches
from acoupipe_grain.records.codec import encode
from acoupipe_grain.records.format import partial_path, read_json, require_unchanged, with_digest, write_json
from acoupipe_grain.records.manifest import ShardRow, row_of
from acoupipe_grain.records.plan import SHARD_SUFFIX, Plan
from acoupipe_grain.specs import DataSource, Element, check_element

ROW_SUFFIX = ".row.json"
_MAX_WAITING_BATCHES = 1


@dataclass(frozen=True)
class Job:
    """A planned data set, the source of its elements and the folder for its shards."""

    plan: Plan
    source: DataSource
    folder: Path


def write_shard(job: Job, number: int, on_records: Callable[[int], Any] | None = None) -> ShardRow:
    """Compute and write one shard; idempotent, and a shard under its final name is complete.

    Parameters
    ----------
    job
        What is written where.
    number
        Which shard.
    on_records
        Called with the number of records computed since the last call, if given; what it raises ends the work.

    Raises
    ------
    ExportError
        If the system does not let us write.
    DataError
        If an element is not what the source's specification says.
    """
    final = job.folder / job.plan.shard_name(number)
    partial = partial_path(final)
    try:
        _write_records(job, number, partial, on_records)
        try:
            row = row_of(job.plan, number, partial)
        except DataError as error:
            raise ExportError(f"{partial}: cannot be read back: {error} Is the disk full?") from error
        with _refusals(final):
            partial.replace(final)
            write_json(row_path(job.folder, job.plan, number), with_digest({"plan": job.plan.digest} | asdict(row)))
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
    return row


def _write_records(job: Job, number: int, path: Path, on_records: Callable[[int], Any] | None) -> None:
    """Compute in this thread and write in another, so that neither waits for the other."""
    plan, source = job.plan, job.source
    name = repr(source)
    writer = ShardWriter(path, plan.compression)

    def write(batch: Sequence[tuple[int, Element]]) -> None:
        for index, element in batch:
            check_element(element, plan.element_spec, f"record {index} of {name}")
            writer.write(encode({key: element[key] for key in plan.element_spec}))

    waiting: deque[Future[None]] = deque()
    try:
        with ThreadPoolExecutor(1, "shard-writer") as thread:
            for batch in element_batches(source, *plan.ranges[number], plan.batch_size, plan.platform):
                waiting.append(thread.submit(write, batch))
                if len(waiting) > _MAX_WAITING_BATCHES:
                    waiting.popleft().result()
                if on_records is not None:
                    on_records(len(batch))
            for written in waiting:
                written.result()
    except BaseException:
        with contextlib.suppress(ExportError):
            writer.close()
        raise
    writer.close()


@contextlib.contextmanager
def _refusals(path: Path) -> Any:
    try:
        yield
    except OSError as error:
        raise cannot_write(path, str(error.strerror)) from error


def row_path(folder: Path, plan: Plan, number: int) -> Path:
    """Return where the row of a finished shard is written."""
    return folder / (plan.shard_name(number).removesuffix(SHARD_SUFFIX) + ROW_SUFFIX)


def written_row(folder: Path, plan: Plan, number: int) -> ShardRow | None:
    """Return the row of a shard if it was written for this plan, else None."""
    path = row_path(folder, plan, number)
    try:
        mapping = read_json(path)
        require_unchanged(mapping, path)
        digests = mapping.pop("plan"), mapping.pop("digest")
        row = ShardRow(**mapping)
    except (DataError, KeyError, TypeError):
        return None  # the shard is written anew
    is_planned = (row.name, row.start, row.stop) == (plan.shard_name(number), *plan.ranges[number])
    return row if digests[0] == plan.digest and is_planned else None
