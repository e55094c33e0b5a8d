"""What can be wrong with a stored shard, and how it is found."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from acoupipe_grain.errors import DataError
from acoupipe_grain.records.array_record import num_records_in, sha256_of
from acoupipe_grain.records.batches import element_batches, one_blas_thread
from acoupipe_grain.records.codec import decode
from acoupipe_grain.records.manifest import ShardRow, size_problem
from acoupipe_grain.records.plan import Plan
from acoupipe_grain.records.readers import ShardReaders
from acoupipe_grain.specs import DataSource, Element, check_element

MAX_DIFFERENCE = 1e-5
"""Largest difference of a recomputed feature, relative to its maximum, between machines."""


NUM_RECOMPUTED = 8
"""Most shards of which something is computed anew, of those that the manifest knows."""


def sample_of_shards(plan: Plan) -> set[int]:
    """Return the numbers of the shards, spread over the data set, of which something is computed anew."""
    num_shards = len(plan.ranges)
    return set(np.linspace(0, num_shards - 1, min(NUM_RECOMPUTED, num_shards)).astype(int).tolist())


def damage_of(folder: Path, row: ShardRow) -> str | None:
    """Say how a shard differs from its row in size, digest or number of records, or return None."""
    if problem := size_problem(folder, row):
        return problem
    path = folder / row.name
    if (digest := sha256_of(path)) != row.sha256:
        return f"{row.name}: its SHA-256 is {digest}, the manifest says {row.sha256}."
    try:
        num_records = num_records_in(path)
    except DataError as error:
        return str(error)
    if num_records != row.num_records:
        return f"{row.name}: {num_records} records, the manifest says {row.num_records}."
    return None


def damaged_record(folder: Path, plan: Plan, number: int) -> str | None:
    """Say which record of a shard does not decode to what the specification says, or return None."""
    try:
        for index, element in _stored_elements(folder, plan, number):
            check_element(element, plan.element_spec, _place(plan, number, index))
    except DataError as error:
        return str(error)
    return None


def recomputed_difference(folder: Path, plan: Plan, number: int, source: DataSource) -> str | None:
    """Compute a record of a shard anew, or the batch that it was computed in, and say how it differs, or return None.

    The record's place moves from the first of the first shard to the last of the last. Single records of a source that
    computes batches would differ in what depends on the batch (eigenvectors of equal eigenvalues).
    """
    start, stop = plan.ranges[number]
    position = number * (stop - start - 1) // max(1, len(plan.ranges) - 1)
    if plan.batch_size is not None:
        first = start + position // plan.batch_size * plan.batch_size
        stop = min(first + plan.batch_size, stop)
    else:
        first = start + position
        stop = first + 1
    stored = dict(_stored_elements(folder, plan, number, first, stop))
    with one_blas_thread():
        for batch in element_batches(source, first, stop, plan.batch_size, plan.platform):
            for index, again in batch:
                if problem := _difference(stored[index], again):
                    return (
                        f"{_place(plan, number, index)}: {problem}. It is damaged, or was written by other code or "
                        "another kind of processor."
                    )
    return None


def _difference(stored: Element, again: Element) -> str | None:
    for key, array in stored.items():
        expected = again[key]
        if array.shape != expected.shape:
            return f"{key!r} has the shape {array.shape}, recomputed {expected.shape}"
        finite = np.isfinite(expected)
        if not np.array_equal(array[~finite], expected[~finite], equal_nan=True):
            return f"{key!r} is not the recomputed value: not infinite or no number in the same places"
        scale = float(np.abs(expected[finite]).max(initial=0))
        allowed = MAX_DIFFERENCE * scale if array.dtype.kind in "fc" else 0.0
        difference = float(np.abs(array[finite].astype(np.complex128) - expected[finite]).max(initial=0))
        if not difference <= allowed:  # NaN is no agreement
            return f"{key!r} is not the recomputed value: off by {difference:.3g} (largest value {scale:.3g})"
    return None


def _stored_elements(
    folder: Path, plan: Plan, number: int, start: int | None = None, stop: int | None = None
) -> Iterator[tuple[int, Element]]:
    """Yield indices and elements of a shard, of a part of it if `start` and `stop` are given."""
    first, end = plan.ranges[number]
    readers = ShardReaders([folder / plan.shard_name(number)])
    for index in range(first if start is None else start, end if stop is None else stop):
        try:
            element = decode(readers.read(0, [index - first])[0])
        except (RuntimeError, ValueError, IndexError) as error:
            raise DataError(f"{_place(plan, number, index)}: {error}") from error
        yield index, element


def _place(plan: Plan, number: int, index: int) -> str:
    return f"{plan.shard_name(number)}, record {index - plan.ranges[number][0]} (index {index})"
