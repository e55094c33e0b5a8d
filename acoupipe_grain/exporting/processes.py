"""Local worker processes: each computes and writes whole shards."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import cloudpickle

from acoupipe_grain import workers
from acoupipe_grain.errors import ExportError
from acoupipe_grain.exporting.write_shard import write_shard
from acoupipe_grain.records.manifest import Content, ShardRow
from acoupipe_grain.specs import DataSource

_SECONDS_BETWEEN_REPORTS = 0.5
_worker_state: dict[str, Any] = {}


def write_in_processes(
    plan: Content,
    source: DataSource,
    folder: Path,
    numbers: Sequence[int],
    num_workers: int,
    on_records: Callable[[int], Any],
) -> Iterator[ShardRow]:
    """Write shards in spawned processes and yield each shard's row as it is finished.

    The first error, or an interruption, stops all workers after their current record. `on_records` is called every now
    and then with the number of records computed since.

    Raises
    ------
    ExportError
        If a worker process dies.
    """
    context = multiprocessing.get_context("spawn")
    counter, stop = context.Value("Q", 0), context.Event()
    pool = ProcessPoolExecutor(
        min(num_workers, len(numbers)),
        mp_context=context,
        initializer=_start,
        initargs=(workers.settings_for_workers(), cloudpickle.dumps((plan, source, folder)), counter, stop),
    )
    counted = 0
    with pool:
        try:
            waiting = {pool.submit(_write, number) for number in numbers}
            while waiting:
                finished, waiting = wait(waiting, timeout=_SECONDS_BETWEEN_REPORTS, return_when=FIRST_COMPLETED)
                on_records(counter.value - counted)
                counted = counter.value
                for future in finished:
                    yield future.result()
        except BrokenProcessPool as error:
            raise ExportError(
                f"num_workers={num_workers}: a worker process ended unexpectedly (killed, out of memory, it could "
                'not load the source, or the script lacks `if __name__ == "__main__":` around its main part).'
            ) from error
        except BaseException:
            stop.set()
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _start(enable_x64: bool, pickled: bytes, counter: Any, stop: Any) -> None:
    workers.start_worker(enable_x64)
    # In a freshly spawned worker: filled here, read by `_write` in the same process.
    _worker_state["job"] = (*cloudpickle.loads(pickled), counter, stop)


def _write(number: int) -> ShardRow:
    plan, source, folder, counter, stop = _worker_state["job"]

    def count_record() -> None:
        if stop.is_set():
            raise ExportError("the export was stopped.")
        with counter.get_lock():
            counter.value += 1

    if stop.is_set():
        raise ExportError("the export was stopped.")
    try:
        return write_shard(plan, source, folder, number, on_record=count_record)
    except Exception as error:
        raise workers.transportable(error, f"shard {number} of {source!r}") from error
