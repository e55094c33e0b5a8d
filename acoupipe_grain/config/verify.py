"""Verification of a data set, with its source rebuilt from the manifest."""

from __future__ import annotations

from pathlib import Path

from acoupipe_grain.config.rebuild import source_from_configuration
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.records import verify_records, verify_sample
from acoupipe_grain.records.manifest import Manifest
from acoupipe_grain.specs import DataSource


def verify(path: str | Path, deep: bool = False, source: DataSource | None = None) -> Manifest:
    """Check a stored data set and return its manifest.

    Parameters
    ----------
    path
        Folder written by `acoupipe_grain.export`.
    deep
        False: every shard's name, size, digest and number of records. True: also every record is decoded and compared
        with the specification, and some records are computed anew and compared.
    source
        The source that was exported, where it cannot be rebuilt from the manifest (it uses your own functions).

    Raises
    ------
    VerificationError
        If something is damaged, missing or superfluous; the message names the shard and, where known, the record.
    ArgumentError
        With `deep`: if the source cannot be rebuilt and is not given.
    """
    if source is not None and not deep:
        raise ArgumentError("source: only a deep verification computes records anew; give deep=True with it.")
    manifest = verify_records(path, deep=deep)
    if deep:
        verify_sample(path, source or _rebuilt(manifest))
    return manifest


def _rebuilt(manifest: Manifest) -> DataSource:
    try:
        return source_from_configuration(manifest.content.configuration)
    except ArgumentError as error:
        raise ArgumentError(
            f"{error} If records use functions of your own, call acoupipe_grain.verify(path, deep=True, source=...) "
            "where these are defined; without deep, digests and counts are checked."
        ) from error
