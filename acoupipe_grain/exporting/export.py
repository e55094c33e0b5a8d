"""The export of a data source to a folder of ArrayRecord shards with a manifest."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from tqdm import tqdm

from acoupipe_grain import arguments
from acoupipe_grain.errors import DataError, ExportError
from acoupipe_grain.exporting.plan import plan_export
from acoupipe_grain.exporting.processes import write_in_processes
from acoupipe_grain.exporting.write_shard import PARTIAL_SUFFIX, write_shard
from acoupipe_grain.records.array_record import import_array_record
from acoupipe_grain.records.manifest import (
    MANIFEST_NAME,
    PLAN_NAME,
    SHARD_SUFFIX,
    Content,
    Manifest,
    ShardRow,
    check_shard_sizes,
    read_json,
    read_manifest,
    shard_ranges,
    to_text,
)
from acoupipe_grain.specs import DataSource, require_source
from acoupipe_grain.workers import require_spawnable


def export(
    source: DataSource,
    path: str | Path,
    *,
    num_workers: int = 2,
    records_per_shard: int | None = None,
    compression: str = "zstd:3",
    progress: bool = True,
) -> Manifest:
    """Write all elements of a source to ArrayRecord shards and a manifest; the same bytes for any worker count.

    Parameters
    ----------
    source
        Any data source.
    path
        Folder to write; new, empty, or holding this very export (then nothing is done).
    num_workers
        Worker processes, each computing and writing whole shards on the CPU; 0: this process does. They are spawned:
        a script needs the usual ``if __name__ == "__main__":``.
    records_per_shard
        Records in a shard. None: at least 16 shards of at most about 256 MiB.
    compression
        "zstd:3" or "uncompressed" (larger files, faster to read).
    progress
        Whether to show a progress bar with rate and time left.

    Returns
    -------
    Manifest
        What was written.

    Raises
    ------
    ArgumentError
        If an argument has the wrong type or range.
    ExportError
        If the folder holds something else, an unfinished export, or this one damaged; nothing is touched.
    """
    require_source(source)
    import_array_record()
    folder = Path(path)
    arguments.flag("progress", progress)
    if arguments.integer("num_workers", num_workers, minimum=0):
        require_spawnable(num_workers)
    plan = plan_export(source, records_per_shard, compression)
    finished = _existing_export(folder, plan)
    if finished is not None:
        return finished
    created = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    _write_text(folder / PLAN_NAME, to_text(plan.to_json()))
    numbers = range(len(shard_ranges(plan.num_records, plan.records_per_shard)))
    try:
        with tqdm(total=plan.num_records, unit="record", disable=not progress, desc=f"export to {folder}") as bar:
            rows = sorted(_write_shards(plan, source, folder, numbers, num_workers, bar), key=lambda row: row.start)
    except BaseException:
        _remove_if_nothing_is_finished(folder, created)
        raise
    manifest = Manifest(plan, tuple(rows))
    _write_text(folder / MANIFEST_NAME, to_text(manifest.to_json()))
    (folder / PLAN_NAME).unlink()
    return manifest


def _write_shards(
    plan: Content, source: DataSource, folder: Path, numbers: Sequence[int], num_workers: int, bar: tqdm
) -> Iterator[ShardRow]:
    if num_workers == 0:
        for number in numbers:
            yield write_shard(plan, source, folder, number, on_record=lambda: bar.update(1))
        return
    yield from write_in_processes(plan, source, folder, numbers, num_workers, on_records=bar.update)


def _remove_if_nothing_is_finished(folder: Path, created: bool) -> None:
    """Leave no trace of an export that failed before its first shard was complete."""
    if any(folder.glob(f"*{SHARD_SUFFIX}")):
        return
    for path in (folder / PLAN_NAME, *folder.glob(f"*{PARTIAL_SUFFIX}")):
        path.unlink(missing_ok=True)
    if created:
        with contextlib.suppress(OSError):
            folder.rmdir()


def _existing_export(folder: Path, plan: Content) -> Manifest | None:
    """Return the manifest if `folder` holds exactly this export, None if it is free, else raise."""
    if not folder.exists():
        return None
    if not folder.is_dir():
        raise ExportError(f"path={str(folder)!r}: a file of this name exists; choose another folder.")
    if not any(folder.iterdir()):
        return None
    try:
        manifest = read_manifest(folder)
    except DataError as error:
        if (folder / PLAN_NAME).is_file() and read_json(folder / PLAN_NAME) == plan.to_json():
            raise ExportError(
                f"path={str(folder)!r}: holds an unfinished run of this export; it cannot be continued. Delete the "
                "folder or choose another one."
            ) from error
        raise ExportError(
            f"path={str(folder)!r}: not empty, and not this export; choose another folder. ({error})"
        ) from error
    if manifest.content.to_json() == plan.to_json():
        try:
            check_shard_sizes(folder, manifest)
        except DataError as error:
            raise ExportError(f"path={str(folder)!r}: holds this export, but damaged: {error}") from error
        return manifest
    differing = [key for key, value in plan.to_json().items() if manifest.content.to_json()[key] != value]
    raise ExportError(
        f"path={str(folder)!r}: holds a different data set (other {', '.join(differing)}); choose another folder."
    )


def _write_text(path: Path, text: str) -> None:
    partial = path.with_name(path.name + PARTIAL_SUFFIX)
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)
