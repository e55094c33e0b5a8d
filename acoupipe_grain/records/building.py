"""A data set under construction: its plan first, then a row for every finished shard, at last the manifest."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from acoupipe_grain.errors import DataError, ExportError
from acoupipe_grain.records.array_record import cannot_write, sha256_of
from acoupipe_grain.records.format import PARTIAL_SUFFIX, is_abandoned, is_alive, partial_path, write_json
from acoupipe_grain.records.manifest import (
    MANIFEST_NAME,
    PLAN_NAME,
    Manifest,
    check_shard_sizes,
    read_manifest,
    read_plan,
    size_problem,
)
from acoupipe_grain.records.plan import SHARD_SUFFIX, Plan, differences, in_short
from acoupipe_grain.records.write_shard import row_path, written_row


def begin(folder: Path, plan: Plan) -> tuple[Plan, bool]:
    """Make a folder ready for the shards of a plan; return the plan that stands in it, and whether this call wrote it.

    A plan that another process wrote may have its entries in another order: then its own is followed.

    Raises
    ------
    ExportError
        If the folder holds something else or cannot be written; nothing in it is touched.
    """
    if folder.exists() and not folder.is_dir():
        raise ExportError(f"path={str(folder)!r}: a file of this name exists; choose another folder.")
    found = [path for path in folder.iterdir() if path.suffix != PARTIAL_SUFFIX] if folder.exists() else []
    # Looked for after the others: another process may be beginning the same export.
    if (folder / PLAN_NAME).is_file():
        begun = _same_plan(folder, plan)
        _remove_abandoned_files(folder)
        return begun, False
    if found:
        raise ExportError(f"path={str(folder)!r}: not empty, and not this export; choose another folder.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        began = _write_plan_once(folder, plan)
    except OSError as error:
        raise cannot_write(folder, str(error.strerror)) from error
    return _same_plan(folder, plan), began


def finished_export(folder: Path, plan: Plan) -> Manifest | None:
    """Return the manifest if a folder holds exactly this plan, complete; None if it has no manifest.

    Raises
    ------
    ExportError
        If it holds another data set, or this one damaged.
    """
    if not (folder / MANIFEST_NAME).is_file():
        return None
    try:
        manifest = read_manifest(folder)
        check_shard_sizes(folder, manifest)
    except DataError as error:
        raise ExportError(
            f"path={str(folder)!r}: holds a data set, but damaged: {error} `acoupipe-grain repair` mends it."
        ) from error
    _require_equal(folder, manifest.plan, plan)
    return manifest


def is_finished(folder: Path, plan: Plan, number: int) -> bool:
    """Say whether a shard is there, whole, as its row says: its digest is computed."""
    row = written_row(folder, plan, number)
    return row is not None and size_problem(folder, row) is None and sha256_of(folder / row.name) == row.sha256


def num_finished(folder: Path, plan: Plan) -> int:
    """Return the number of shards that have a row."""
    return sum(row_path(folder, plan, number).is_file() for number in range(len(plan.ranges)))


def finish(folder: Path, plan: Plan) -> Manifest | None:
    """Merge plan and rows into the manifest; None while rows are missing.

    Several processes may do this at the same time: they write the same.
    """
    rows = []
    for number in range(len(plan.ranges)):
        row = written_row(folder, plan, number)
        if row is None:
            return already_finished(folder, plan)  # another process was faster, or shards are missing
        if problem := size_problem(folder, row):
            raise ExportError(f"{problem} It was finished; run the same export again, it is written anew.")
        rows.append(row)
    manifest = Manifest.of(plan, rows)
    try:
        write_json(folder / MANIFEST_NAME, manifest.to_json())
        tidy(folder, plan)
    except OSError as error:
        raise cannot_write(folder / MANIFEST_NAME, str(error.strerror)) from error
    return manifest


def already_finished(folder: Path, plan: Plan) -> Manifest | None:
    """Do `finished_export`, and remove what is not needed beside a manifest."""
    manifest = finished_export(folder, plan)
    if manifest is not None:
        tidy(folder, plan)
    return manifest


def tidy(folder: Path, plan: Plan) -> None:
    """Remove the rows that the manifest holds, and shards that were left half-written."""
    for number in range(len(plan.ranges)):
        row_path(folder, plan, number).unlink(missing_ok=True)
    for path in folder.glob(f"shard-*{PARTIAL_SUFFIX}"):
        if not is_alive(path):
            path.unlink(missing_ok=True)
    _remove_abandoned_files(folder)


def abandon(folder: Path, existed: bool) -> None:
    """Leave no trace of an export that failed before its first shard was complete; it may have found the folder."""
    with contextlib.suppress(OSError):
        if [path.name for path in folder.iterdir()] == [PLAN_NAME]:
            (folder / PLAN_NAME).unlink()
            if not existed:
                folder.rmdir()


def _write_plan_once(folder: Path, plan: Plan) -> bool:
    """Write the plan unless another process has just done so."""
    place = partial_path(folder / PLAN_NAME)
    written = place.with_name(f"new-{place.name}")
    write_json(written, plan.to_json())
    try:
        try:
            os.link(written, folder / PLAN_NAME)
        except FileExistsError:
            return False
        except OSError:  # a file system without hard links
            written.replace(folder / PLAN_NAME)
        return True
    finally:
        written.unlink(missing_ok=True)


def _same_plan(folder: Path, plan: Plan) -> Plan:
    try:
        begun = read_plan(folder)
    except DataError as error:
        raise ExportError(
            f"path={str(folder)!r}: holds an export whose plan cannot be used: {error} Choose another folder."
        ) from error
    _require_equal(folder, begun, plan)
    return begun


def _require_equal(folder: Path, begun: Plan, plan: Plan) -> None:
    if lines := differences(begun.content(), plan.content()):
        remedy = "choose another folder, or export as it was begun"
        if not shards_in(folder):
            remedy += ", or delete it: no shard of it is finished"
        raise ExportError(f"path={str(folder)!r}: holds another data set; {remedy}: {in_short(lines)}.")


def _remove_abandoned_files(folder: Path) -> None:
    """Remove what killed processes of this machine left half-written."""
    for path in folder.glob(f"*{PARTIAL_SUFFIX}"):
        if path.is_file() and is_abandoned(path):
            path.unlink(missing_ok=True)


def shards_in(folder: Path) -> set[str]:
    """Return the names of all shards in a folder."""
    return {path.name for path in folder.glob(f"*{SHARD_SUFFIX}")}
