"""A damaged data set made whole: what is right is kept, the rest is written again."""

from __future__ import annotations

from pathlib import Path

from acoupipe_grain.errors import DataError, ExportError, VerificationError
from acoupipe_grain.records.array_record import sha256_of
from acoupipe_grain.records.building import shards_in, tidy
from acoupipe_grain.records.damage import damage_of, damaged_record, recomputed_difference, sample_of_shards
from acoupipe_grain.records.format import read_json, write_json
from acoupipe_grain.records.manifest import (
    MANIFEST_NAME,
    PLAN_NAME,
    Manifest,
    ShardRow,
    read_manifest,
    read_plan,
    row_of,
    rows_in,
)
from acoupipe_grain.records.plan import Plan, differences, in_short, plan_for
from acoupipe_grain.records.write_shard import Job, write_shard
from acoupipe_grain.specs import DataSource


def trusted_plan(folder: Path) -> Plan:
    """Return the plan of a data set, from its manifest or, where that is damaged, from its plan.

    Raises
    ------
    VerificationError
        If neither can be used, they contradict each other, or the export is unfinished.
    """
    found, problems = {}, []
    for name, read in ((MANIFEST_NAME, lambda folder: read_manifest(folder).plan), (PLAN_NAME, read_plan)):
        try:
            found[name] = read(folder)
        except DataError as error:
            problems.append(str(error))
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


def repair_records(folder: Path, source: DataSource) -> list[str]:
    """Write the damaged and missing shards of a data set again, and manifest and plan where they are.

    A shard is right if its digest is that of the manifest and every record decodes to what the specification says; some
    records are computed anew and compared, of a shard that the manifest has lost always.

    Parameters
    ----------
    folder
        The data set.
    source
        The source that was stored.

    Returns
    -------
    list of str
        Names of the files written again, and of copies of shards that were removed.

    Raises
    ------
    VerificationError
        If nothing says what belongs into the folder, or it holds shards that are no copies of its own.
    ExportError
        If the source, platform or versions of libraries are not those of the plan: other bytes would come of it.
    """
    plan = trusted_plan(folder)
    _require_same_source(plan, source)
    mended = _without_copies(folder, plan)
    rows, believed = [], _believed_rows(folder, plan)
    for number in range(len(plan.ranges)):
        row = _row_if_right(folder, plan, number, believed.get(number), source)
        if row is None:
            row = write_shard(Job(plan, source, folder), number)
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


def _without_copies(folder: Path, plan: Plan) -> list[str]:
    """Remove copies of the data set's own shards under other names, and return their names."""
    own = {plan.shard_name(number) for number in range(len(plan.ranges))}
    superfluous = sorted(shards_in(folder) - own)
    if not superfluous:
        return []
    digests = {sha256_of(folder / name) for name in own & shards_in(folder)}
    digests |= {row.sha256 for row in _believed_rows(folder, plan).values()}
    if foreign := [name for name in superfluous if sha256_of(folder / name) not in digests]:
        raise VerificationError(
            f"{folder}: {', '.join(foreign)} not of this data set; move them elsewhere, nothing here can replace them."
        )
    for name in superfluous:
        (folder / name).unlink()
    return superfluous


def _believed_rows(folder: Path, plan: Plan) -> dict[int, ShardRow]:
    """Return what the manifest, damaged or not, says of the planned shards, by their number."""
    path = folder / MANIFEST_NAME
    try:
        rows = {row.name: row for row in rows_in(read_json(path), path)}
    except DataError:
        return {}
    believed = {}
    for number, (start, stop) in enumerate(plan.ranges):
        row = rows.get(plan.shard_name(number))
        if row is not None and (row.start, row.stop) == (start, stop):
            believed[number] = row
    return believed


def _row_if_right(
    folder: Path, plan: Plan, number: int, believed: ShardRow | None, source: DataSource
) -> ShardRow | None:
    """Return the row of a shard that is right, None if it must be written again."""
    try:
        row = believed or row_of(plan, number, folder / plan.shard_name(number))
    except (DataError, OSError):
        return None
    wrong = damage_of(folder, row) or damaged_record(folder, plan, number)
    if not wrong and (believed is None or number in sample_of_shards(plan)):
        wrong = recomputed_difference(folder, plan, number, source)
    return None if wrong else row


def _holds(path: Path, mapping: object) -> bool:
    try:
        return read_json(path) == mapping
    except DataError:
        return False
