"""A damaged data set made whole: what is right is kept, the rest is written again."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from tqdm import tqdm

from acoupipe_grain.errors import DataError, ExportError, VerificationError
from acoupipe_grain.records.array_record import sha256_of
from acoupipe_grain.records.building import shards_in, tidy
from acoupipe_grain.records.damage import damage_of, damaged_record, recomputed_difference, sample_of_shards
from acoupipe_grain.records.format import FORMAT_VERSION, PARTIAL_SUFFIX, read_json, write_json
from acoupipe_grain.records.manifest import (
    MANIFEST_NAME,
    PLAN_NAME,
    ROW_SUFFIX,
    Manifest,
    ShardRow,
    read_manifest,
    read_plan,
    row_of,
)
from acoupipe_grain.records.plan import Plan, differences, in_short, plan_for
from acoupipe_grain.records.write_shard import Job, write_shard
from acoupipe_grain.specs import DataSource

_WORK_NAME = f"repair{PARTIAL_SUFFIX}"
"""Folder in which shards are written before they replace others."""


def trusted_plan(folder: Path) -> Plan:
    """Return the plan of a data set, from its manifest or, where that is damaged, from its plan.

    Raises
    ------
    VerificationError
        If neither can be used, they contradict each other, or the export is unfinished.
    """
    if not (folder / MANIFEST_NAME).exists() and any(
        next(folder.glob(pattern), None) for pattern in (f"*{ROW_SUFFIX}", f"shard-*{PARTIAL_SUFFIX}")
    ):
        raise VerificationError(f"{folder}: an unfinished export; run the same export again, it goes on where it was.")
    found, problems = {}, []
    for name, read in ((MANIFEST_NAME, lambda folder: read_manifest(folder).plan), (PLAN_NAME, read_plan)):
        try:
            found[name] = read(folder)
        except DataError as error:
            problems.append(str(error))
    for name in found:
        _require_own_format(folder / name)
    if not found:
        raise VerificationError(
            f"{folder}: neither {MANIFEST_NAME} nor {PLAN_NAME} can be used, so nothing says what belongs here; "
            f"restore one of them, or export again. ({' '.join(problems)})"
        )
    if len({plan.digest for plan in found.values()}) > 1:
        raise VerificationError(
            f"{folder}: {MANIFEST_NAME} and {PLAN_NAME} are of different data sets; remove the one that does not "
            "belong here."
        )
    return next(iter(found.values()))


def _require_own_format(path: Path) -> None:
    version = read_json(path)["format_version"]
    if version > FORMAT_VERSION:
        raise VerificationError(
            f"{path}: of format {version}, which this version reads but does not write ({FORMAT_VERSION}); repair it "
            "with the version that wrote it."
        )


def repair_records(folder: Path, source: DataSource, *, progress: bool = False) -> list[str]:
    """Write the damaged and missing shards of a data set again, and manifest and plan where they are.

    A shard is right if it is as an intact manifest says and every record decodes to what the specification says. Of
    shards of which no intact manifest tells, a record is computed anew and compared.

    Parameters
    ----------
    folder
        The data set.
    source
        The source that was stored.
    progress
        Whether to show a progress bar.

    Returns
    -------
    list of str
        Names of the files written again, and of copies of shards that were removed.

    Raises
    ------
    VerificationError
        If nothing says what belongs into the folder, it is an unfinished export, it holds shards that are no copies of
        its own, or a shard is as an intact manifest says and yet not what is computed now.
    ExportError
        If the source, platform or versions of libraries are not those of the plan, or a shard written anew does not
        have the bytes that the manifest says; it is not replaced then.
    """
    plan = trusted_plan(folder)
    _require_same_source(plan, source)
    known = _known_rows(folder)
    mended = _without_copies(folder, plan, known)
    rows, sample = [], sample_of_shards(plan)
    for number in tqdm(range(len(plan.ranges)), unit="shard", desc=f"repair {folder}", disable=not progress):
        is_recomputed = number not in known or number in sample
        row = _row_if_right(folder, plan, number, known.get(number), source if is_recomputed else None)
        if row is None:
            row = _written_again(Job(plan, source, folder), number, known.get(number))
            mended.append(row.name)
        rows.append(row)
    for name, mapping in ((MANIFEST_NAME, Manifest.of(plan, rows).to_json()), (PLAN_NAME, plan.to_json())):
        if not _holds(folder / name, mapping):
            write_json(folder / name, mapping)
            mended.append(name)
    tidy(folder, plan)
    return mended


def _require_same_source(plan: Plan, source: DataSource) -> None:
    again = plan_for(
        source,
        start=plan.start,
        stop=min(plan.stop, len(source)),
        records_per_shard=plan.records_per_shard,
        compression=plan.compression,
        platform=plan.platform,
        metadata=plan.metadata,
    )
    if lines := differences(plan.content(), again.content()):
        raise ExportError(
            "repair: shards written now would not be those that are missing; repair where all is as it was: "
            f"{in_short(lines)}."
        )


def _known_rows(folder: Path) -> dict[int, ShardRow]:
    """Return the rows of an intact manifest by their number; what a damaged one says is not believed."""
    try:
        return dict(enumerate(read_manifest(folder).shards))
    except DataError:
        return {}


def _without_copies(folder: Path, plan: Plan, known: Mapping[int, ShardRow]) -> list[str]:
    """Remove copies of the data set's own shards under other names, and return their names."""
    own = {plan.shard_name(number) for number in range(len(plan.ranges))}
    superfluous = sorted(shards_in(folder) - own)
    if not superfluous:
        return []
    digests = {sha256_of(folder / name) for name in own & shards_in(folder)} | {row.sha256 for row in known.values()}
    if foreign := [name for name in superfluous if sha256_of(folder / name) not in digests]:
        raise VerificationError(
            f"{folder}: {', '.join(foreign)} not of this data set; move them elsewhere, nothing here can replace them."
        )
    for name in superfluous:
        (folder / name).unlink()
    return superfluous


def _row_if_right(
    folder: Path, plan: Plan, number: int, known: ShardRow | None, source: DataSource | None
) -> ShardRow | None:
    """Return the row of a shard that is right, None if it must be written again.

    Where the source is given, a record is computed anew.
    """
    try:
        row = known or row_of(plan, number, folder / plan.shard_name(number))
    except (DataError, OSError):
        return None
    if (known is not None and damage_of(folder, known)) or damaged_record(folder, plan, number):
        return None
    difference = None if source is None else recomputed_difference(folder, plan, number, source)
    if difference and known is not None:
        raise VerificationError(
            f"{difference} Its digest is that of an intact manifest, so it is not overwritten: export to another "
            "folder, and compare."
        )
    return None if difference else row


def _written_again(job: Job, number: int, known: ShardRow | None) -> ShardRow:
    """Write a shard beside the data set, and let it replace the damaged one if it has the bytes that are known."""
    work = job.folder / _WORK_NAME
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    try:
        row = write_shard(Job(job.plan, job.source, work), number)
        if known is not None and not _is_confirmed(row, known, job.folder):
            raise ExportError(
                f"{row.name}: written anew it has other bytes than the manifest says, so nothing is replaced; repair "
                "on the kind of processor that wrote it."
            )
        (work / row.name).replace(job.folder / row.name)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return row


def _is_confirmed(row: ShardRow, known: ShardRow, folder: Path) -> bool:
    """Say whether something that was there before agrees with a shard that was written anew.

    That is what the manifest says, or the shard itself: then it is the manifest that was wrong. Of a shard that has its
    digest and does not decode, nothing that was there is right.
    """
    if row.sha256 == known.sha256 or damage_of(folder, known) is None:
        return True
    path = folder / row.name
    return path.is_file() and sha256_of(path) == row.sha256


def _holds(path: Path, mapping: object) -> bool:
    try:
        return read_json(path) == mapping
    except DataError:
        return False
