"""Which segments are wanted: all, or those that are active or whose labels are known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from acoupipe_grain import arguments
from acoupipe_grain.audio.segments.labels import UNKNOWN
from acoupipe_grain.audio.segments.table import SegmentTable
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.specs import MAX_RECORDS


@dataclass(frozen=True)
class Selection:
    """Which segments are wanted.

    Attributes
    ----------
    active_segments_only
        Whether those without activity are left out.
    known_labels_only
        Whether those whose label is unknown are left out; no activity, and garbage, are known to be that.
    """

    active_segments_only: bool
    known_labels_only: bool

    def __post_init__(self) -> None:
        for name in ("active_segments_only", "known_labels_only"):
            object.__setattr__(self, name, arguments.flag(name, getattr(self, name)))

    def require_possible(self, *, has_activity: bool, has_labels: bool) -> None:
        """Raise `ArgumentError` unless there is what segments are selected by."""
        if self.active_segments_only and not has_activity:
            raise ArgumentError("active_segments_only=True: nothing says what is active; give activity_params.")
        if self.known_labels_only and not has_labels:
            raise ArgumentError("known_labels_only=True: there are no labels; give file_labels or chunk_labels.")

    def of(self, table: SegmentTable) -> SegmentTable:
        """Return the segments of a table that are wanted.

        Raises
        ------
        ArgumentError
            If there are none, or more than a source can have.
        """
        wanted = np.ones(len(table), dtype=bool)
        if self.active_segments_only and table.active is not None:
            wanted &= table.active
        if self.known_labels_only and table.labels is not None:
            wanted &= table.labels != UNKNOWN
        if not wanted.any():
            names = [name for name in ("active_segments_only", "known_labels_only") if getattr(self, name)]
            raise ArgumentError(
                f"{names[0]}=True: leaves none of {len(table)} segments"
                f"{', with known_labels_only=True' if len(names) > 1 else ''}; look at them all first."
            )
        if wanted.sum() > MAX_RECORDS:
            raise ArgumentError(f"overlap: there are {wanted.sum()} segments; expected at most {MAX_RECORDS}.")
        return table.chosen(wanted)
