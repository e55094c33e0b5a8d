"""Ray: shards as tasks of a cluster, or of one that is started for the export."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import cloudpickle

from acoupipe_grain import workers
from acoupipe_grain.errors import ExportError
from acoupipe_grain.exporting.progress import Progress
from acoupipe_grain.extras import import_extra
from acoupipe_grain.records.write_shard import Job, write_shard

MAX_ATTEMPTS = 4
"""Times that a shard is begun before the death of its workers ends the export."""
_SECONDS_BETWEEN_LOOKS = 1.0
_jobs: dict[bytes, Job] = {}
"""In a worker: the job it works at. Only tasks, which run in workers, fill and read it."""


def write_on_ray(job: Job, numbers: Sequence[int], num_workers: int, address: str | None, progress: Progress) -> None:
    """Write shards as Ray tasks of one CPU, at most `num_workers` at the same time.

    Every node must see the export's folder and have this package installed; on the platform "gpu" a task has one GPU.
    Tasks whose worker or node dies are started again. A Ray that is connected already is used as it is; one that is
    started here ends with the export.

    Raises
    ------
    ExportError
        If no cluster can be reached, or the workers of one shard die again and again.
    """
    # Before Ray is imported; who wants its usage statistics sets the variable.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    ray = import_extra("ray", "ray", "exports on Ray")
    connected_before = ray.is_initialized()
    if not connected_before:
        _connect(ray, address, num_workers)
    try:
        _write_all(ray, job, numbers, num_workers, progress)
    finally:
        if not connected_before:
            ray.shutdown()


def _connect(ray: Any, address: str | None, num_workers: int) -> None:
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "warning"}
    try:
        if address is None:
            ray.init(address="local", num_cpus=num_workers, include_dashboard=False, **quiet)
        else:
            ray.init(address=address, **quiet)
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise ExportError(
            f"address={address!r}: no Ray cluster there ({error}); start one, or leave the address out to have one "
            "started on this machine."
        ) from error


def _write_all(ray: Any, job: Job, numbers: Sequence[int], num_workers: int, progress: Progress) -> None:
    # Retries are ours: Ray's own leave no trace, and the user should see them.
    task = ray.remote(num_cpus=1, num_gpus=int(job.plan.platform not in ("cpu", "tpu")), max_retries=0)(_write)
    pickled = ray.put(cloudpickle.dumps(job))
    settings = (job.plan.platform, workers.settings_for_workers())
    waiting = [(number, 1) for number in numbers][::-1]
    running: dict[Any, tuple[int, int]] = {}
    try:
        while waiting or running:
            while waiting and len(running) < num_workers:
                number, attempt = waiting.pop()
                running[task.remote(pickled, settings, number)] = (number, attempt)
            done, _ = ray.wait(list(running), timeout=_SECONDS_BETWEEN_LOOKS)
            for reference in done:
                number, attempt = running.pop(reference)
                try:
                    progress.add(ray.get(reference))
                except ray.exceptions.RayTaskError as error:
                    raise error.cause from error
                except ray.exceptions.RayError as error:
                    if attempt == MAX_ATTEMPTS:
                        raise ExportError(
                            f"{job.plan.shard_name(number)}: its worker died {MAX_ATTEMPTS} times (killed, out of "
                            f"memory, node lost): {error} Finished shards are kept."
                        ) from error
                    progress.report_failure(
                        f"{job.plan.shard_name(number)}: its worker died ({type(error).__name__}); it is written again."
                    )
                    waiting.append((number, attempt + 1))
    finally:
        for reference in running:
            ray.cancel(reference, force=True)


def _write(pickled: bytes, settings: tuple[str, bool], number: int) -> int:
    """Write a shard in a worker and return the number of its records."""
    if pickled not in _jobs:
        workers.use_platform(*settings)
        _jobs.clear()
        _jobs[pickled] = cloudpickle.loads(pickled)
    row = write_shard(_jobs[pickled], number)
    return row.num_records
