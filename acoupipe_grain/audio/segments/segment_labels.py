"""Labels of segments from the label files of their recordings."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np
from jaxtyping import Int32

from acoupipe_grain import arguments
from acoupipe_grain.audio.files import AudioFile
from acoupipe_grain.audio.segments.grid import SegmentGrid
from acoupipe_grain.audio.segments.label_files import read_label_set
from acoupipe_grain.audio.segments.label_lines import may_separate
from acoupipe_grain.audio.segments.labelling import label_segments
from acoupipe_grain.audio.segments.labels import LabelledChunk, LabelSet
from acoupipe_grain.audio.segments.labels_of_files import chunks_by_file, labels_by_file
from acoupipe_grain.audio.segments.recordings import require_own_files
from acoupipe_grain.audio.segments.table import SegmentTable
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.file_patterns import expanded

RecordingLabels: TypeAlias = int | tuple[LabelledChunk, ...]
"""The label of a whole recording, or those of parts of it."""


@dataclass(frozen=True)
class LabelSource:
    """Where the labels of segments come from: a table of files, or a file of chunks for every recording.

    Attributes
    ----------
    labels
        File of the labels there are, or their names; None: all that occur.
    file_labels
        Table ``path,label``.
    chunk_labels
        Folder of files ``start,end,label``.
    label_extension
        Of the files in that folder.
    label_separator
        Between the columns of all these files.
    min_coverage
        Part of a segment that chunks of a label cover at least.

    Raises
    ------
    ArgumentError
        If a value has the wrong type or range, both kinds of files are given, or something that neither needs.
    """

    labels: str | Sequence[str] | None
    file_labels: str | None
    chunk_labels: str | None
    label_extension: str
    label_separator: str
    min_coverage: float

    def __post_init__(self) -> None:
        for name in ("file_labels", "chunk_labels"):
            value = getattr(self, name)
            if value is not None and not (isinstance(value, str | os.PathLike) and os.fspath(value)):
                raise ArgumentError(f"{name}={value!r}: expected a path.")
            object.__setattr__(self, name, None if value is None else os.fspath(value))
        if self.file_labels and self.chunk_labels:
            raise ArgumentError(
                f"chunk_labels={self.chunk_labels!r}: labels come from file_labels={self.file_labels!r} already; give "
                "one of them."
            )
        if self.labels is not None and not self.is_given:
            raise ArgumentError(
                f"labels={self.labels!r}: nothing says what is labelled so; give file_labels or chunk_labels, too."
            )
        object.__setattr__(self, "labels", _checked_labels(self.labels))
        if not isinstance(self.label_extension, str) or not self.label_extension.startswith("."):
            raise ArgumentError(f"label_extension={self.label_extension!r}: expected one with its dot, such as '.seg'.")
        if not isinstance(self.label_separator, str) or len(self.label_separator) != 1:
            raise ArgumentError(f"label_separator={self.label_separator!r}: expected one character, such as ','.")
        if not may_separate(self.label_separator):
            raise ArgumentError(
                f"label_separator={self.label_separator!r}: expected a character that stands in no number and no path, "
                "such as ','."
            )
        coverage = arguments.number("min_coverage", self.min_coverage, above=0, maximum=1)
        object.__setattr__(self, "min_coverage", coverage)
        self._require_use()

    def _require_use(self) -> None:
        """Raise `ArgumentError` if something is given that nothing uses."""
        of_chunks = {"label_extension": ".seg", "min_coverage": 0.5}
        for name, default in of_chunks.items():
            if not self.chunk_labels and getattr(self, name) != default:
                raise ArgumentError(
                    f"{name}={getattr(self, name)!r}: is of chunk_labels, which are not given; leave it out."
                )
        if not self.is_given and self.label_separator != ",":
            raise ArgumentError(f"label_separator={self.label_separator!r}: there are no label files; leave it out.")

    @property
    def is_given(self) -> bool:
        """Whether there are labels."""
        return bool(self.file_labels or self.chunk_labels)

    def read(self, files: Sequence[AudioFile]) -> tuple[LabelSet, list[RecordingLabels]]:
        """Return the labels there are, and those of recordings.

        Raises
        ------
        ArgumentError
            If a file is missing or wrong; the message names it and the line.
        """
        if isinstance(self.labels, str):
            given: LabelSet | None = read_label_set(expanded(self.labels), self.label_separator)
        else:
            given = None if self.labels is None else LabelSet.from_names(self.labels)
        names = [file.name for file in files]
        if self.file_labels:
            label_set, ids = labels_by_file(expanded(self.file_labels), names, given, self.label_separator)
            return label_set, ids.tolist()
        require_own_files(files, f"chunk_labels={self.chunk_labels!r}", self.label_extension)
        folder = expanded(str(self.chunk_labels))
        label_set, chunks = chunks_by_file(
            folder,
            names,
            given,
            self.label_separator,
            self.label_extension,
            durations=[Fraction(file.num_frames, file.sample_rate) for file in files],
        )
        return label_set, list(chunks)

    def to_json(self) -> dict[str, Any]:
        """Return the values as a JSON mapping."""
        return {
            "labels": self.labels if isinstance(self.labels, str | None) else list(self.labels),
            "file_labels": self.file_labels,
            "chunk_labels": self.chunk_labels,
            "label_extension": self.label_extension,
            "label_separator": self.label_separator,
            "min_coverage": self.min_coverage,
        }


def labels_of_segments(
    table: SegmentTable, grid: SegmentGrid, sample_rate: int, of_recordings: Sequence[RecordingLabels], coverage: float
) -> Int32[np.ndarray, " segment"]:
    """Return the ids of the labels of segments.

    Parameters
    ----------
    table, grid, sample_rate
        The segments, their length, and the rate of their samples, Hz.
    of_recordings
        The labels of every recording.
    coverage
        Part of a segment that chunks of its label cover at least.
    """
    labels = np.empty(len(table), dtype=np.int32)
    # Segments are in the order of their files.
    ends = np.cumsum(np.bincount(table.file_indices, minlength=len(of_recordings)))
    for start, end, given in zip([0, *ends[:-1]], ends, of_recordings, strict=True):
        labels[start:end] = (
            given
            if isinstance(given, int)
            else label_segments(table.starts[start:end], grid.num_samples, sample_rate, given, coverage)
        )
    return labels


def _checked_labels(labels: Any) -> str | tuple[str, ...] | None:
    if labels is None:
        return None
    if isinstance(labels, str | os.PathLike) and os.fspath(labels):
        return os.fspath(labels)
    if not isinstance(labels, list | tuple) or not labels or not all(isinstance(name, str) for name in labels):
        raise ArgumentError(f"labels={labels!r}: expected a file of labels, or a list of their names.")
    return tuple(labels)
