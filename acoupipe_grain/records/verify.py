"""Checks of a stored data set against its manifest."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from acoupipe_grain.errors import DataError, VerificationError
from acoupipe_grain.records.array_record import num_records_in, sha256_of
from acoupipe_grain.records.batches import batch_starts, elements_of_batch
from acoupipe_grain.records.manifest import MANIFEST_NAME, SHARD_SUFFIX, Manifest, check_shard_sizes, read_manifest
from acoupipe_grain.records.stored import ArrayRecordSource
from acoupipe_grain.specs import DataSource, Element, check_element, compute_batch_of

NUM_REGENERATED = 8
MAX_DIFFERENCE = 1e-5
"""Largest difference of a recomputed feature, relative to its maximum, between machines."""


def verify_records(folder: str | Path, *, deep: bool = False) -> Manifest:
    """Check every shard of a data set and return its manifest.

    Parameters
    ----------
    folder
        The data set.
    deep
        Also decode every record and compare it with the specification.

    Raises
    ------
    VerificationError
        If a shard is damaged, missing or superfluous; the message names the shard and, where known, the record.
    """
    folder = Path(folder)
    try:
        manifest = read_manifest(folder)
    except DataError as error:
        raise VerificationError(str(error)) from error
    _check_shards(folder, manifest)
    if deep:
        stored = ArrayRecordSource(folder)
        for row in manifest.shards:
            for index in range(row.start, row.stop):
                name = f"{row.name}, record {index - row.start} (index {index})"
                try:
                    check_element(stored[index], stored.element_spec, name)
                except DataError as error:
                    raise VerificationError(str(error)) from error
    return manifest


def _check_shards(folder: Path, manifest: Manifest) -> None:
    expected = {row.name for row in manifest.shards}
    present = {path.name for path in folder.glob(f"*{SHARD_SUFFIX}")}
    if superfluous := sorted(present - expected):
        raise VerificationError(f"{folder}: {', '.join(superfluous)} are not in {MANIFEST_NAME}.")
    try:
        check_shard_sizes(folder, manifest)
    except DataError as error:
        raise VerificationError(str(error)) from error
    for row in manifest.shards:
        path = folder / row.name
        if (digest := sha256_of(path)) != row.sha256:
            raise VerificationError(f"{row.name}: its SHA-256 is {digest}, the manifest says {row.sha256}.")
        try:
            num_records = num_records_in(path)
        except DataError as error:
            raise VerificationError(str(error)) from error
        if num_records != row.num_records:
            raise VerificationError(f"{row.name}: {num_records} records, the manifest says {row.num_records}.")


def verify_sample(folder: str | Path, source: DataSource) -> None:
    """Compute some records, spread over the data set, anew from `source` and compare them with the stored ones.

    Raises
    ------
    VerificationError
        If a record differs, floating-point values by more than 1e-5 of their maximum.
    """
    stored = ArrayRecordSource(folder)
    if dict(source.element_spec) != dict(stored.element_spec):
        raise VerificationError(
            f"source: its elements ({', '.join(source.element_spec)}) have another specification than those stored "
            f"({', '.join(stored.element_spec)})."
        )
    if len(source) != len(stored):
        raise VerificationError(f"source: has {len(source)} records, the data set {len(stored)}.")
    for index, again in _computed_anew(source, stored):
        element = stored[index]
        for key, array in element.items():
            scale = float(np.abs(again[key]).max(initial=0))
            allowed = MAX_DIFFERENCE * scale if array.dtype.kind in "fc" else 0.0
            difference = float(np.abs(array.astype(np.complex128) - again[key]).max(initial=0))
            if not difference <= allowed:  # NaN is no agreement
                row = next(row for row in stored.manifest.shards if row.start <= index < row.stop)
                raise VerificationError(
                    f"{row.name}, record {index - row.start} (index {index}): {key!r} is not the recomputed value: off "
                    f"by {difference:.3g} (largest value {scale:.3g}). It is damaged, or was written by other code or "
                    "another kind of processor."
                )


def _computed_anew(source: DataSource, stored: ArrayRecordSource) -> Iterator[tuple[int, Element]]:
    """Yield some records spread over the data set; of a source that computes batches the first and the last one.

    Single records of such a source would differ in what depends on the batch (eigenvectors of equal eigenvalues).
    """
    if compute_batch_of(source) is None:
        for index in np.unique(np.linspace(0, len(stored) - 1, NUM_REGENERATED).astype(int)):
            yield int(index), source[int(index)]
        return
    first, last = stored.manifest.shards[0], stored.manifest.shards[-1]
    batches = [
        (batch_starts(source, first.start, first.stop)[0], first),
        (batch_starts(source, last.start, last.stop)[-1], last),
    ]
    for start_of_batch, row in dict.fromkeys(batches):
        yield from elements_of_batch(source, start_of_batch, row.start, row.stop)
