"""Local worker processes: each computes and writes whole shards."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import cloudpickle

from acoupipe_grain import workers
from acoupipe_grain.exporting.write_shard import write_shard
from acoupipe_grain.records.manifest import Content, ShardRow
from acoupipe_grain.specs import DataSource

_worker_state: dict[str, Any] = {}


def write_in_processes(
    plan: Content, source: DataSource, folder: Path, numbers: Sequence[int], num_workers: int
) -> Iterator[ShardRow]:
    """Write shards in spawned processes and yield each shard's row as it is finished.

    The first error stops the export; shards in progress are finished, waiting ones are not begun.
    """
    initial = (workers.settings_for_workers(), cloudpickle.dumps((plan, source, folder)))
    pool = ProcessPoolExecutor(
        min(num_workers, len(numbers)),
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_start,
        initargs=initial,
    )
    with pool:
        try:
            for future in as_completed([pool.submit(_write, number) for number in numbers]):
                yield future.result()
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _start(enable_x64: bool, pickled: bytes) -> None:
    workers.start_worker(enable_x64)
    # In a freshly spawned worker: filled here, read by `_write` in the same process.
    _worker_state["job"] = cloudpickle.loads(pickled)


def _write(number: int) -> ShardRow:
    plan, source, folder = _worker_state["job"]
    return write_shard(plan, source, folder, number)
