"""The export of a data source to a folder of ArrayRecord shards with a manifest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from acoupipe_grain import arguments
from acoupipe_grain.errors import ArgumentError, ExportError
from acoupipe_grain.exporting.on_ray import write_on_ray
from acoupipe_grain.exporting.processes import write_in_processes
from acoupipe_grain.exporting.progress import Progress
from acoupipe_grain.exporting.shares import share_of
from acoupipe_grain.interruption import noticed_interruptions
from acoupipe_grain.records.array_record import import_array_record
from acoupipe_grain.records.batches import device_of
from acoupipe_grain.records.building import (
    abandon,
    already_finished,
    begin,
    finish,
    finished_export,
    is_finished,
    num_finished,
)
from acoupipe_grain.records.manifest import Manifest, has_lost_manifest
from acoupipe_grain.records.plan import Plan, plan_for
from acoupipe_grain.records.write_shard import Job, write_shards
from acoupipe_grain.specs import DataSource, require_source
from acoupipe_grain.workers import require_spawnable

EXECUTORS = ("processes", "ray")


def export(
    source: DataSource,
    path: str | Path,
    *,
    num_workers: int = 2,
    records_per_shard: int | None = None,
    start: int = 0,
    stop: int | None = None,
    shards: str | None = None,
    executor: Literal["processes", "ray"] = "processes",
    address: str | None = None,
    platform: str | None = None,
    compression: str = "zstd:3",
    metadata: Mapping[str, Any] | None = None,
    progress: bool = True,
) -> Manifest | None:
    """Write a source's elements to ArrayRecord shards and a manifest; the same bytes whatever runs it.

    It can be stopped and killed at any time: the same call goes on where it was. Finished shards are checked and
    skipped.

    Parameters
    ----------
    source
        Any data source.
    path
        Folder to write; new, empty, or holding this very export, unfinished or finished (then nothing is done).
    num_workers
        Worker processes, or Ray tasks at a time, each computing and writing whole shards on the CPU; 0: this process
        does. Processes are spawned: a script needs the usual ``if __name__ == "__main__":``.
    records_per_shard
        Records in a shard. None: a sixteenth of them, or what takes about 256 MiB if that is less.
    start, stop
        Store the records from `start` to below `stop`; None: to the last.
    shards
        "k/n": write every n-th shard only, beginning with the k-th, counted from 0: one of n jobs that share the
        folder. "jax": this process's share among those of `jax.distributed`. The job that finishes last writes the
        manifest. None: all.
    executor
        "processes": on this machine. "ray": on a Ray cluster, whose nodes see the folder.
    address
        Address of the Ray cluster, such as "auto"; None: one is started on this machine for the export.
    platform
        JAX platform that computes batches: "cpu", "gpu", ... None: the default one for 0 workers, else "cpu".
    compression
        "zstd:3" or "uncompressed" (larger files, faster to read).
    metadata
        JSON values to be stored in the manifest: name, description, license, ...
    progress
        Whether to show a progress bar with rate, time left and failures.

    Returns
    -------
    Manifest
        What was written; None where shards of other jobs are still missing.

    Raises
    ------
    ArgumentError
        If an argument has the wrong type or range.
    ExportError
        If the folder holds something else (the message says what differs), or cannot be written. Finished shards are
        kept.
    """
    require_source(source)
    import_array_record()
    folder = Path(path).absolute()
    arguments.flag("progress", progress)
    num_workers = _checked_workers(num_workers, executor, address)
    platform = platform or (None if num_workers == 0 else "cpu")
    if platform is not None and executor == "processes":
        device_of(platform)
    plan = plan_for(
        source,
        start=start,
        stop=stop,
        records_per_shard=records_per_shard,
        compression=compression,
        platform=platform,
        metadata=metadata,
    )
    numbers = share_of(shards, len(plan.ranges))
    if (finished := already_finished(folder, plan)) is not None:
        return finished
    if has_lost_manifest(folder):
        raise ExportError(
            f"path={str(folder)!r}: all shards are there, but the manifest was lost; `acoupipe-grain repair` makes it "
            "anew."
        )
    existed = folder.exists()
    plan, began = begin(folder, plan)
    try:
        _write_missing(Job(plan, source, folder), numbers, num_workers, executor, address, progress)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            f"export to {folder} stopped: {num_finished(folder, plan)} of {len(plan.ranges)} shards are finished. Run "
            "the same export again, it goes on where it was."
        ) from None
    finally:
        if began and shards is None:
            abandon(folder, existed)
    return finish(folder, plan)


def _write_missing(
    job: Job, numbers: Sequence[int], num_workers: int, executor: str, address: str | None, is_shown: bool
) -> None:
    """Check the shards that are there and write the others."""
    with (
        noticed_interruptions() as check,
        Progress(_num_records(job.plan, numbers), job.folder, is_shown, check) as progress,
    ):
        missing = []
        for number in numbers:
            if is_finished(job.folder, job.plan, number):
                progress.skip(_num_records(job.plan, [number]))
            else:
                missing.append(number)
        if not missing or finished_export(job.folder, job.plan) is not None:
            return  # other jobs may have finished it while this one looked
        if executor == "ray":
            write_on_ray(job, missing, num_workers, address, progress)
        elif num_workers:
            write_in_processes(job, missing, num_workers, progress)
        else:
            write_shards(job, missing, progress.add)


def _num_records(plan: Plan, numbers: Sequence[int]) -> int:
    return sum(plan.ranges[number][1] - plan.ranges[number][0] for number in numbers)


def _checked_workers(num_workers: Any, executor: Any, address: Any) -> int:
    arguments.choice("executor", executor, EXECUTORS)
    if executor == "ray":
        return arguments.integer("num_workers", num_workers, minimum=1)
    if address is not None:
        raise ArgumentError(f'address={address!r}: only a Ray cluster has one; give executor="ray" with it.')
    num_workers = arguments.integer("num_workers", num_workers, minimum=0)
    if num_workers:
        require_spawnable(num_workers)
    return num_workers
