"""How many recordings and segments of each label a split's sets have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Int

from acoupipe_grain.audio.segments.labels import RESERVED, LabelSet
from acoupipe_grain.audio.segments.splits import DataSplit
from acoupipe_grain.errors import ArgumentError


@dataclass(frozen=True)
class SetCounts:
    """What a set has of a label.

    Attributes
    ----------
    files
        Recordings with at least one segment of the label.
    active_files
        Recordings with at least one such segment that is active; None where nobody asked for activity.
    segments
        Segments.
    active_segments
        Active segments; None where nobody asked.
    """

    files: int
    active_files: int | None
    segments: int
    active_segments: int | None


@dataclass(frozen=True)
class LabelCounts:
    """What the sets have of a label.

    Attributes
    ----------
    id
        The label's id; None for all labels together.
    name
        Its name; "total" for all together.
    sets
        The counts by set.
    """

    id: int | None
    name: str
    sets: Mapping[str, SetCounts]


@dataclass(frozen=True)
class SplitStatistics:
    """How many recordings and segments of each label the sets of a split have; as text, a table.

    Attributes
    ----------
    rows
        Labels by id, reserved ids that occur, and all together.
    num_files_in_no_set
        Recordings that the split does not have.
    num_files_not_there
        Files of the split that are none of the recordings.
    """

    rows: tuple[LabelCounts, ...]
    num_files_in_no_set: int
    num_files_not_there: int

    def to_json(self) -> dict[str, Any]:
        """Return the statistics as a JSON mapping."""
        return asdict(self) | {"rows": [asdict(row) for row in self.rows]}  # a list, as it is read back

    def __str__(self) -> str:
        return "\n".join((*self._table(), *self._notes()))

    def _table(self) -> Iterator[str]:
        total = self.rows[-1].sets
        columns = ["files", "segments"]
        if next(iter(total.values())).active_files is not None:
            columns = ["files", "active_files", "segments", "active_segments"]
        lines = [["label", *(column.replace("_", " ") for column in columns)]]
        lines += [[row.name, *(_with_slashes(row, column) for column in columns)] for row in self.rows]
        widths = [max(map(len, cells)) for cells in zip(*lines, strict=True)]
        yield "numbers in " + "/".join(total)
        for name, *cells in lines:
            right = (cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True))
            yield "  ".join((name.ljust(widths[0]), *right))

    def _notes(self) -> Iterator[str]:
        if self.num_files_in_no_set:
            yield f"recordings in no set: {self.num_files_in_no_set}"
        if self.num_files_not_there:
            yield f"files in sets that are no recordings: {self.num_files_not_there}"


def count_segments(
    split: DataSplit,
    files: Sequence[str],
    file_indices: Int[np.ndarray, " segment"],
    labels: Int[np.ndarray, " segment"] | None,
    active: Bool[np.ndarray, " segment"] | None,
    label_names: LabelSet | None,
) -> SplitStatistics:
    """Count recordings and segments of every label in every set.

    Parameters
    ----------
    split
        The split.
    files
        Names of the recordings.
    file_indices
        Number in `files` of every segment's recording.
    labels
        Id of every segment's label; None without labels, then all segments are counted together only.
    active
        Whether there is activity in a segment; None where nobody asked.
    label_names
        The labels there are; a label without segments has a row, too. None without labels.

    Raises
    ------
    ArgumentError
        If arrays have different lengths, or a label is not in the set of labels.
    """
    for name, array in (("labels", labels), ("active", active)):
        if array is not None and len(array) != len(file_indices):
            raise ArgumentError(f"{name}: there are {len(array)} for {len(file_indices)} segments; expected as many.")
    set_of = {file: number for number, own in enumerate(split.sets.values()) for file in own}
    sets = np.array([set_of.get(file, len(split.sets)) for file in files], dtype=np.int64)
    segments = _Segments(np.asarray(file_indices), sets, None if active is None else np.asarray(active, dtype=bool))
    names, rows = _rows(labels, label_names)
    by_label = [] if labels is None else segments.counts(rows, len(names), list(split.sets))
    everything = segments.counts(np.zeros(len(file_indices), dtype=np.int64), 1, list(split.sets))
    known = set(files)
    return SplitStatistics(
        rows=tuple(
            LabelCounts(id_, name, counts)
            for (id_, name), counts in zip([*names, (None, "total")], [*by_label, *everything], strict=True)
        ),
        num_files_in_no_set=sum(file not in set_of for file in files),
        num_files_not_there=sum(file not in known for file in set_of),
    )


def _rows(labels: np.ndarray | None, label_names: LabelSet | None) -> tuple[list[tuple[int, str]], np.ndarray]:
    """Return ids and names of the labels there are, and the place of every segment's label among them."""
    if labels is None:
        return [], np.zeros(0, dtype=np.int64)
    label_set = LabelSet({}) if label_names is None else label_names
    present, places = np.unique(labels, return_inverse=True)
    ids = [*label_set.names, *(id_ for id_ in RESERVED if id_ in present)]
    names = [(id_, label_set.name_of(id_)) for id_ in dict.fromkeys([*ids, *present.tolist()])]
    rows = np.array([ids.index(id_) for id_ in present.tolist()], dtype=np.int64)
    return names, rows[places]


@dataclass(frozen=True, eq=False)
class _Segments:
    """Segments: the numbers of their recordings, the sets of the recordings (the last one: none), which are active."""

    files: np.ndarray
    sets: np.ndarray
    active: np.ndarray | None

    def counts(self, rows: np.ndarray, num_rows: int, sets: Sequence[str]) -> list[dict[str, SetCounts]]:
        """Return what sets have of segments, for every row that segments are counted in."""
        shape = num_rows, len(sets) + 1
        counted = self._counted(rows, self.files, shape)
        active = None if self.active is None else self._counted(rows[self.active], self.files[self.active], shape)
        return [
            {
                name: SetCounts(
                    files=int(counted[0][row, number]),
                    active_files=None if active is None else int(active[0][row, number]),
                    segments=int(counted[1][row, number]),
                    active_segments=None if active is None else int(active[1][row, number]),
                )
                for number, name in enumerate(sets)
            }
            for row in range(num_rows)
        ]

    def _counted(self, rows: np.ndarray, files: np.ndarray, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
        """Return the number of recordings and of segments by row and set."""
        pairs = np.unique(rows * len(self.sets) + files)
        own_rows, own_files = np.divmod(pairs, len(self.sets))
        num_files, num_segments = (
            np.bincount(first * shape[1] + self.sets[second], minlength=shape[0] * shape[1]).reshape(shape)
            for first, second in ((own_rows, own_files), (rows, files))
        )
        return num_files, num_segments


def _with_slashes(row: LabelCounts, column: str) -> str:
    return "/".join(str(getattr(counts, column)) for counts in row.sets.values())
