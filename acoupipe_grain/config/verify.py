"""Verification and repair of a data set, with its source rebuilt from the manifest."""

from __future__ import annotations

from pathlib import Path

from acoupipe_grain.config.rebuild import source_from_configuration
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.records import repair_records, verify_records
from acoupipe_grain.records.manifest import Manifest
from acoupipe_grain.records.plan import Plan
from acoupipe_grain.records.repair import trusted_plan
from acoupipe_grain.records.verify import intact_manifest
from acoupipe_grain.specs import DataSource


def verify(
    path: str | Path, deep: bool = False, source: DataSource | None = None, *, progress: bool = False
) -> Manifest:
    """Check a stored data set and return its manifest.

    Parameters
    ----------
    path
        Folder written by `acoupipe_grain.export`.
    deep
        False: every shard's name, size, digest and number of records, and that manifest and plan were not changed.
        True: also every record is decoded and compared with the specification, and some records are computed anew and
        compared.
    source
        The source that was exported, where it cannot be rebuilt from the manifest (it uses your own functions).
    progress
        Whether to show a progress bar.

    Raises
    ------
    VerificationError
        If something is damaged, missing or superfluous; the message names every such shard and, where known, the
        record.
    ArgumentError
        With `deep`: if the source cannot be rebuilt and is not given; all that can be checked without it is right then.
    """
    if source is not None and not deep:
        raise ArgumentError("source: only a deep verification computes records anew; give deep=True with it.")
    if not deep or source is not None:
        return verify_records(path, deep=deep, source=source, progress=progress)
    try:
        source = _rebuilt(intact_manifest(Path(path)).plan, "verify(path, deep=True, ")
    except ArgumentError as error:
        verify_records(path, deep=True, progress=progress)
        raise ArgumentError(
            f"Every record is as the specification says, but none was computed anew. {error}"
        ) from error
    return verify_records(path, deep=True, source=source, progress=progress)


def repair(path: str | Path, source: DataSource | None = None, *, progress: bool = False) -> list[str]:
    """Write the damaged and missing shards of a data set again, and no others; also its manifest, from plan and shards.

    The bytes are those of the undamaged data set.

    Parameters
    ----------
    path
        Folder written by `acoupipe_grain.export`, finished once.
    source
        The source that was exported, where it cannot be rebuilt from the manifest (it uses your own functions).
    progress
        Whether to show a progress bar.

    Returns
    -------
    list of str
        Names of the files written again, and of copies of shards that were removed; empty if nothing was damaged.

    Raises
    ------
    VerificationError
        If manifest and plan are both unusable, the export is unfinished, shards of other data sets lie in the folder,
        or a shard is as an intact manifest says and yet not what is computed now.
    ExportError
        If source, platform or versions of libraries are not those of the export, or other bytes came of it; the damaged
        shard is left as it is then.
    ArgumentError
        If the source cannot be rebuilt and is not given.
    """
    folder = Path(path)
    return repair_records(folder, source or _rebuilt(trusted_plan(folder), "repair(path, "), progress=progress)


def _rebuilt(plan: Plan, call: str) -> DataSource:
    try:
        return source_from_configuration(plan.configuration)
    except ArgumentError as error:
        raise ArgumentError(
            f"{error} If records use functions of your own, call acoupipe_grain.{call}source=...) where these are "
            "defined."
        ) from error
