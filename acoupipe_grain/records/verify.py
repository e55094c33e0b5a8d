"""Checks of a stored data set against its manifest."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tqdm import tqdm

from acoupipe_grain.errors import DataError, VerificationError
from acoupipe_grain.records.building import shards_in
from acoupipe_grain.records.damage import damage_of, damaged_record, recomputed_difference, sample_of_shards
from acoupipe_grain.records.manifest import MANIFEST_NAME, PLAN_NAME, Manifest, read_manifest, read_plan
from acoupipe_grain.records.plan import Plan
from acoupipe_grain.specs import DataSource

MAX_PROBLEMS_SHOWN = 20


def verify_records(
    folder: str | Path, *, deep: bool = False, source: DataSource | None = None, progress: bool = False
) -> Manifest:
    """Check every shard of a data set and return its manifest.

    Parameters
    ----------
    folder
        The data set.
    deep
        Also decode every record and compare it with the specification.
    source
        The source that was stored: some records, spread over the data set, are computed anew and compared. Floating
        point values may differ by 1e-5 of their maximum.
    progress
        Whether to show a progress bar.

    Raises
    ------
    VerificationError
        If something is damaged, missing or superfluous; the message names every such shard and, where known, the
        record.
    """
    folder = Path(folder)
    manifest = intact_manifest(folder)
    if source is not None:
        require_planned(source, manifest.plan)
    problems = [*_plan_problems(folder, manifest), *_shard_problems(folder, manifest, deep, source, progress)]
    if problems:
        left = len(problems) - MAX_PROBLEMS_SHOWN
        shown = [*problems[:MAX_PROBLEMS_SHOWN], *([f"... and {left} more."] if left > 0 else [])]
        raise VerificationError("\n".join(shown))
    return manifest


def intact_manifest(folder: Path) -> Manifest:
    """Return the manifest of a data set or raise `VerificationError` if it cannot be used."""
    try:
        return read_manifest(folder)
    except DataError as error:
        raise VerificationError(str(error)) from error


def require_planned(source: DataSource, plan: Plan) -> None:
    """Raise `VerificationError` unless a source has the records that a plan says."""
    if dict(source.element_spec) != dict(plan.element_spec):
        raise VerificationError(
            f"source: its elements ({', '.join(source.element_spec)}) have another specification than those stored "
            f"({', '.join(plan.element_spec)})."
        )
    if len(source) < plan.stop:
        raise VerificationError(
            f"source: has {len(source)} records, the data set holds those from {plan.start} to {plan.stop - 1}."
        )


def _plan_problems(folder: Path, manifest: Manifest) -> Iterator[str]:
    if (folder / PLAN_NAME).is_file():
        try:
            if read_plan(folder).digest != manifest.plan.digest:
                yield f"{PLAN_NAME}: is not the plan of {MANIFEST_NAME}."
        except DataError as error:
            yield str(error)
    if superfluous := sorted(shards_in(folder) - {row.name for row in manifest.shards}):
        yield f"{folder}: {', '.join(superfluous)} not in {MANIFEST_NAME}."


def _shard_problems(
    folder: Path, manifest: Manifest, deep: bool, source: DataSource | None, progress: bool
) -> Iterator[str]:
    """Yield the first problem of every shard."""
    plan = manifest.plan
    recomputed = set() if source is None else sample_of_shards(plan)
    shards = tqdm(manifest.shards, unit="shard", desc=f"verify {folder}", disable=not progress)
    for number, row in enumerate(shards):
        problem = damage_of(folder, row)
        if problem is None and deep:
            problem = damaged_record(folder, plan, number)
        if problem is None and source is not None and number in recomputed:
            problem = recomputed_difference(folder, plan, number, source)
        if problem is not None:
            yield problem
