"""From files, a grid and label files to all segments: which there are, and what they are labelled."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from acoupipe_grain.audio.files import AudioFile
from acoupipe_grain.audio.formats import common_num_channels, common_sample_rate
from acoupipe_grain.audio.segments.grid import SegmentGrid
from acoupipe_grain.audio.segments.labels import LabelSet
from acoupipe_grain.audio.segments.precomputed import PrecomputedFeature
from acoupipe_grain.audio.segments.precomputed_arrays import PrecomputedArrays
from acoupipe_grain.audio.segments.recordings import Recordings, find_recordings
from acoupipe_grain.audio.segments.segment_labels import LabelSource, labels_of_segments
from acoupipe_grain.audio.segments.splits import as_split
from acoupipe_grain.audio.segments.table import SegmentTable, segments_of
from acoupipe_grain.errors import ArgumentError, unknown_name
from acoupipe_grain.file_patterns import expanded

MAX_NAMES_SHOWN = 3
MAX_TIMES_LONGEST = 100
"""A segment so many times as long as any recording is a mistake."""


@dataclass(frozen=True, eq=False)
class Segmentation:
    """Recordings in segments.

    Attributes
    ----------
    recordings
        The recordings.
    sample_rate
        Of the segments, Hz.
    num_channels, mono
        Channels of the segments, and whether they are the mean of a recording's.
    grid
        Where segments begin.
    table
        The segments.
    label_set
        The labels there are; None without any.
    """

    recordings: Recordings
    sample_rate: int
    num_channels: int
    mono: bool
    grid: SegmentGrid
    table: SegmentTable
    label_set: LabelSet | None

    def opened(self, feature: PrecomputedFeature) -> PrecomputedArrays:
        """Return the rows of a precomputed feature.

        Raises
        ------
        ArgumentError
            If a file is missing, has another shape than the others, or too few rows.
        """
        last = np.cumsum(np.bincount(self.table.file_indices)) - 1
        starts = self.table.starts[last].tolist()
        return PrecomputedArrays(feature, self.recordings.files, self.grid.num_samples, self.sample_rate, starts)


def find_segments(
    patterns: Sequence[str],
    extensions: Sequence[str],
    label_source: LabelSource,
    *,
    datasplit: Any,
    dataset: Any,
    duration: float,
    overlap: float,
    sample_rate: int | None,
    mono: bool,
) -> Segmentation:
    """Return the segments of recordings, with their labels if there are any; no more than headers are read.

    Parameters are those of `SegmentSource`.

    Raises
    ------
    ArgumentError
        If files are missing or differ that must not, or a value or a label file is wrong.
    BrokenFileError
        If a file cannot be read as audio, or holds no sample.
    """
    everything = find_recordings(patterns, extensions)
    numbers = _numbers_in_set(everything.names, datasplit, dataset)
    recordings = Recordings(tuple(everything.files[number] for number in numbers))
    rate = common_sample_rate(recordings.files, sample_rate, minimum=1)
    grid = SegmentGrid.from_seconds(duration, overlap, rate)
    _require_seconds(duration, recordings.files)
    table = segments_of(recordings.files, grid, rate)
    label_set = None
    if label_source.is_given:
        # Read for all files: a label has the same number in every set.
        label_set, of_all = label_source.read(everything.files)
        of_recordings = [of_all[number] for number in numbers]
        labels = labels_of_segments(table, grid, rate, of_recordings, label_source.min_coverage)
        table = replace(table, labels=labels)
    return Segmentation(recordings, rate, common_num_channels(recordings.files, mono), mono, grid, table, label_set)


def _require_seconds(duration: float, files: Sequence[AudioFile]) -> None:
    longest = max(file.num_frames / file.sample_rate for file in files)
    if duration > MAX_TIMES_LONGEST * longest:
        raise ArgumentError(
            f"duration={duration!r}: the longest of {len(files)} recordings has {longest:g} s; expected seconds, is it "
            "in ms?"
        )


def _numbers_in_set(names: Sequence[str], datasplit: Any, dataset: Any) -> list[int]:
    """Return the numbers of the files in a set of a split, of all files without one."""
    if datasplit is None:
        if dataset is not None:
            raise ArgumentError(f"dataset={dataset!r}: is a set of no split; give the datasplit, too.")
        return list(range(len(names)))
    sets = as_split(expanded(datasplit) if isinstance(datasplit, str) else datasplit).sets
    if dataset is None:
        raise ArgumentError(f"dataset=None: which set of the datasplit is meant? There are {', '.join(sets)}.")
    if not isinstance(dataset, str) or dataset not in sets:
        raise unknown_name("dataset", dataset, sets)
    known = {name: number for number, name in enumerate(names)}
    if missing := [name for files in sets.values() for name in files if name not in known]:
        raise ArgumentError(
            f"datasplit: {_shown(missing)} of it cannot be found among the {len(names)} files, which are called "
            f"{names[0]!r} and so on; split what is there, or give the folder that the names are relative to."
        )
    if left_out := sorted(set(names) - {name for files in sets.values() for name in files}):
        warnings.warn(f"datasplit: {_shown(left_out)} of {len(names)} files are in none of its sets.", stacklevel=4)
    if not sets[dataset]:
        raise ArgumentError(f"dataset={dataset!r}: this set of the datasplit has no file.")
    return sorted(known[name] for name in sets[dataset])


def _shown(names: Sequence[str]) -> str:
    more = f" and {len(names) - MAX_NAMES_SHOWN} more" if len(names) > MAX_NAMES_SHOWN else ""
    return f"{', '.join(map(repr, names[:MAX_NAMES_SHOWN]))}{more}"
