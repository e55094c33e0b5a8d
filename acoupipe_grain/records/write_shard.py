"""One shard: computed, written, read back, digested, renamed into place, and its row written."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from acoupipe_grain.errors import DataError, ExportError
from acoupipe_grain.records.array_record import ShardWriter, cannot_write
from acoupipe_grain.records.batches import element_batches, one_blas_thread
from acoupipe_grain.records.codec import Encoder
from acoupipe_grain.records.format import partial_path, read_json, require_unchanged, with_digest, write_json
from acoupipe_grain.records.manifest import MANIFEST_NAME, ROW_SUFFIX, ShardRow, read_manifest, row_from, row_of
from acoupipe_grain.records.plan import SHARD_SUFFIX, Plan
from acoupipe_grain.specs import DataSource, Element, check_element

_MAX_WAITING_BATCHES = 1
_WRITER_NICENESS = 10


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
    return write_shards(job, [number], on_records)[0]


def write_shards(job: Job, numbers: Sequence[int], on_records: Callable[[int], Any] | None = None) -> list[ShardRow]:
    """Do `write_shard` for several, one after the other; while one is completed, the next is computed."""
    rows: list[ShardRow] = []
    completing: deque[Future[ShardRow]] = deque()
    # One thread writes, in the order in which it is told to.
    with one_blas_thread(), ThreadPoolExecutor(1, "shard-writer", _step_back) as thread:
        for number in numbers:
            completing.append(_compute_shard(job, number, thread, on_records))
            if len(completing) > 1:
                rows.append(completing.popleft().result())
        rows += [completed.result() for completed in completing]
    return rows


def _step_back() -> None:
    """Let this thread use what the computation leaves of the processor.

    XLA shares out work in equal parts: where one core also compresses, the others would wait for it.
    """
    if sys.platform == "linux":  # elsewhere priorities are those of processes
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _WRITER_NICENESS)


def _compute_shard(
    job: Job, number: int, thread: ThreadPoolExecutor, on_records: Callable[[int], Any] | None
) -> Future[ShardRow]:
    """Compute a shard's elements in this thread, and return its row that another one is completing."""
    shard = _Shard(job, number)
    waiting: deque[Future[None]] = deque()
    try:
        for batch in element_batches(job.source, *job.plan.ranges[number], job.plan.batch_size, job.plan.platform):
            # Encoded here: a source may fill the same arrays again.
            waiting.append(thread.submit(shard.write, shard.encoded(batch)))
            if len(waiting) > _MAX_WAITING_BATCHES:
                waiting.popleft().result()
            if on_records is not None:
                on_records(len(batch))
    except BaseException:
        thread.submit(shard.discard).result()
        raise
    return thread.submit(shard.complete, waiting)


class _Shard:
    """A shard that is being written, under another name."""

    def __init__(self, job: Job, number: int) -> None:
        self._job, self._number = job, number
        self._name = repr(job.source)
        self._encode = Encoder(job.plan.element_spec)
        self._final = job.folder / job.plan.shard_name(number)
        self._partial = partial_path(self._final)
        self._writer = ShardWriter(self._partial, job.plan.compression)

    def encoded(self, batch: Sequence[tuple[int, Element]]) -> list[bytes]:
        """Return the records of some elements, which are what the source's specification says."""
        for index, element in batch:
            check_element(element, self._job.plan.element_spec, f"record {index} of {self._name}")
        return [self._encode(element) for _, element in batch]

    def write(self, records: Sequence[bytes]) -> None:
        for record in records:
            self._writer.write(record)

    def complete(self, writes: Iterable[Future[None]]) -> ShardRow:
        """Close, count, digest and rename the file, and write its row, if all `writes` succeeded."""
        try:
            for write in writes:
                write.result()
            self._writer.close()
            return self._put_in_place()
        except BaseException:
            self.discard()
            raise

    def _put_in_place(self) -> ShardRow:
        plan, folder = self._job.plan, self._job.folder
        try:
            row = row_of(plan, self._number, self._partial)
            self._partial.replace(self._final)
            path = row_path(folder, plan, self._number)
            write_json(path, with_digest({"plan": plan.digest} | asdict(row)))
        except (DataError, OSError) as error:
            if not self._partial.exists() and (folder / MANIFEST_NAME).is_file():
                # A job on another machine finished the export, this shard included, and tidied up.
                return read_manifest(folder).shards[self._number]
            if isinstance(error, OSError):
                raise cannot_write(self._final, str(error.strerror)) from error
            raise ExportError(f"{self._partial}: cannot be read back: {error} Is the disk full?") from error
        return row

    def discard(self) -> None:
        """Leave nothing of it."""
        with contextlib.suppress(ExportError):
            self._writer.close()
        with contextlib.suppress(OSError):
            self._partial.unlink(missing_ok=True)


def row_path(folder: Path, plan: Plan, number: int) -> Path:
    """Return where the row of a finished shard is written."""
    return folder / (plan.shard_name(number).removesuffix(SHARD_SUFFIX) + ROW_SUFFIX)


def written_row(folder: Path, plan: Plan, number: int) -> ShardRow | None:
    """Return the row of a shard if it was written for this plan, else None."""
    path = row_path(folder, plan, number)
    try:
        mapping = read_json(path)
        require_unchanged(mapping, path)
        digest, row = mapping["plan"], row_from(mapping)
    except (DataError, KeyError, TypeError):
        return None  # the shard is written anew
    is_planned = (row.name, row.start, row.stop) == (plan.shard_name(number), *plan.ranges[number])
    return row if digest == plan.digest and is_planned else None
