"""Any records of a source in any order, as a source: those of some classes, or a shuffled training set."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Bool, Int, Int64

from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.pipeline.chosen import ChosenSource
from acoupipe_grain.specs import DataSource, require_source

_EXPECTED = "expected a list of record numbers, or one true or false for every record"


def selected(
    source: DataSource, indices: Int[np.ndarray, " record"] | Bool[np.ndarray, " record"] | Sequence[int]
) -> SelectedSource:
    """Return any records of a source, in the given order, as a source.

    Record i is record ``indices[i]`` of `source`, unchanged: its ``idx``, if it has one, is still that of `source`. A
    selection of a selection or of a slice is one selection of the innermost source.

    Parameters
    ----------
    source
        Any data source, see `acoupipe_grain.specs.DataSource`.
    indices
        Numbers of records, each 0 ... len(source) − 1, at least one; a record may come several times. Or a mask: True
        or False for every record of the source, at least one of them True.

    Raises
    ------
    ArgumentError
        If `source` is no data source, or `indices` is no such list or mask; negative numbers do not count from the end.
    """
    require_source(source)
    chosen = _checked_indices(indices, len(source))
    while isinstance(source, ChosenSource):
        chosen = _as_array(source.indices)[chosen]
        source = source.source
    return SelectedSource(source, chosen)


class SelectedSource(ChosenSource[Int64[np.ndarray, " record"]]):
    """What `selected` returns, a `ChosenSource`.

    Parameters
    ----------
    source
        The source that is read.
    indices
        Numbers of its records that are kept, in order, at least one.
    """

    kind = "selected"

    def __init__(self, source: DataSource, indices: Int64[np.ndarray, " record"]) -> None:
        super().__init__(source, indices)

    @cached_property
    def identity(self) -> dict[str, Any]:
        """How many records there are, and a digest of their numbers."""
        digest = hashlib.sha256(self.indices.astype("<i8").tobytes()).hexdigest()
        return {"num_records": len(self.indices), "digest": digest[:16]}


def _checked_indices(indices: Any, num_records: int) -> Int64[np.ndarray, " record"]:
    """Return numbers of records in an array of its own."""
    try:
        array = _as_array(indices)
    except (TypeError, ValueError):  # lists of different lengths
        array = np.empty((0, 0))
    is_mixed = array.dtype != bool and _holds_switch(indices)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "biu") or is_mixed:
        raise ArgumentError(f"indices={indices!r:.200}: {_EXPECTED}.")
    if array.dtype == bool:
        return _of_mask(array, num_records)
    if not array.size:
        raise ArgumentError(f"indices={indices!r}: there is none; expected at least one record.")
    if (outside := np.flatnonzero((array < 0) | (array >= num_records))).size:
        first = int(outside[0])
        raise ArgumentError(
            f"indices[{first}]={array[first]}: the source has {num_records} records; expected integers from 0 to "
            f"{num_records - 1}, negative ones do not count from the end."
        )
    return array.astype(np.int64)


def _as_array(indices: Any) -> np.ndarray:
    return np.arange(indices.start, indices.stop, indices.step) if isinstance(indices, range) else np.asarray(indices)


def _of_mask(mask: Bool[np.ndarray, " record"], num_records: int) -> Int64[np.ndarray, " record"]:
    if len(mask) != num_records:
        raise ArgumentError(
            f"indices: is a mask of {len(mask)} records, and the source has {num_records}; give one true or false for "
            "each of them, or the numbers of records."
        )
    if not mask.any():
        raise ArgumentError(f"indices: the mask is false for all {num_records} records; expected at least one.")
    return np.flatnonzero(mask).astype(np.int64)


def _holds_switch(indices: Any) -> bool:
    """Say whether there are true or false among numbers, which NumPy would take for 1 and 0."""
    return isinstance(indices, list | tuple) and any(isinstance(item, bool | np.bool_) for item in indices)
