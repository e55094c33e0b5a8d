"""Local worker processes: each computes and writes whole shards."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any

import cloudpickle

from acoupipe_grain import workers
from acoupipe_grain.errors import ExportError
from acoupipe_grain.exporting.progress import Progress
from acoupipe_grain.records.write_shard import Job, write_shard

MAX_FAILURES = 3
"""Times in a row that workers may die without a shard being finished."""
_SECONDS_BETWEEN_REPORTS = 0.5
_MAX_SUBMITTED = 2
"""Shards per worker that are given out ahead."""
_worker_state: dict[str, Any] = {}


def write_in_processes(job: Job, numbers: Sequence[int], num_workers: int, progress: Progress) -> None:
    """Write shards in spawned processes.

    The first error, or an interruption, stops all workers after their current record or batch. Where one dies (killed,
    out of memory), all are started anew and the shards that are missing written again.

    Raises
    ------
    ExportError
        If workers die `MAX_FAILURES` times without a shard being finished.
    """
    missing, num_failures = list(numbers), 0
    while missing:
        finished: set[int] = set()
        try:
            _write_once(job, missing, num_workers, progress, finished)
        except BrokenProcessPool as error:
            num_failures = 1 if finished else num_failures + 1
            if num_failures == MAX_FAILURES:
                raise ExportError(
                    f"num_workers={num_workers}: worker processes ended unexpectedly {MAX_FAILURES} times (killed, out "
                    "of memory, they could not load the source, or the script lacks "
                    '`if __name__ == "__main__":` around its main part). Finished shards are kept.'
                ) from error
            progress.report_failure(f"export to {job.folder}: a worker process died; its shard is written again.")
        missing = [number for number in missing if number not in finished]


def _write_once(job: Job, numbers: Sequence[int], num_workers: int, progress: Progress, finished: set[int]) -> None:
    """Write shards until all are finished, which is noted in `finished`, or a worker dies."""
    context = multiprocessing.get_context("spawn")
    counter, stop = context.Value("Q", 0), context.Event()
    settings = (workers.settings_for_workers(), job.plan.platform)
    pool = ProcessPoolExecutor(
        min(num_workers, len(numbers)),
        mp_context=context,
        initializer=_start,
        initargs=(settings, cloudpickle.dumps(job), counter, stop),
    )
    counted = num_records = 0
    with pool:
        try:
            left = list(numbers)[::-1]
            running: dict[Future[None], int] = {}
            while left or running:
                while left and len(running) < _MAX_SUBMITTED * num_workers:
                    number = left.pop()
                    running[pool.submit(_write, number)] = number
                done, _ = wait(running, timeout=_SECONDS_BETWEEN_REPORTS, return_when=FIRST_COMPLETED)
                progress.add(counter.value - counted)
                counted = counter.value
                for future in done:
                    future.result()
                    finished.add(running.pop(future))
        except BrokenProcessPool:
            for number in finished:
                start, end = job.plan.ranges[number]
                num_records += end - start
            progress.add(num_records - counted)
            raise
        except BaseException:
            stop.set()
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _start(settings: tuple[bool, str], pickled: bytes, counter: Any, stop: Any) -> None:
    # An interruption reaches every process of the terminal; the parent alone decides what follows.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    workers.start_worker(*settings)
    # In a freshly spawned worker: filled here, read by `_write` in the same process.
    _worker_state["job"] = (cloudpickle.loads(pickled), counter, stop)


def _write(number: int) -> None:
    job, counter, stop = _worker_state["job"]

    def count_records(count: int) -> None:
        if stop.is_set():
            raise ExportError("the export was stopped.")
        with counter.get_lock():
            counter.value += count

    try:
        count_records(0)
        write_shard(job, number, count_records)
    except Exception as error:
        raise workers.transportable(error, f"shard {number} of {job.source!r}") from error
