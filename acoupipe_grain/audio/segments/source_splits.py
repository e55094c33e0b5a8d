"""Splits of the recordings of a source of segments, and what is in their sets."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from acoupipe_grain.audio.segments.source import SegmentSource
from acoupipe_grain.audio.segments.split_files import split_files
from acoupipe_grain.audio.segments.split_statistics import SplitStatistics, count_segments
from acoupipe_grain.audio.segments.splits import DataSplit
from acoupipe_grain.errors import ArgumentError


def split_recordings(source: SegmentSource, ratios: Mapping[str, float], seed: int = 0) -> DataSplit:
    """Share out the recordings of a source to sets by chance, so that every set has its part of each label's.

    A recording is in one set, with all its segments. Recordings with several labels are shared out by iterative
    stratification; those without any that is known like recordings of a label of their own.

    Parameters
    ----------
    source
        Segments of all recordings.
    ratios
        Part of the recordings by set, for example {"train": 0.7, "validation": 0.15, "test": 0.15}.
    seed
        0 ... 2**64 - 1; the same recordings, labels, ratios and seed give the same split.

    Raises
    ------
    ArgumentError
        If the ratios do not add up to 1, or a set would have no recording.
    """
    _require_segments(source)
    files, labels = source.table.file_indices, source.table.labels
    of_files: list[list[int]] = [[] for _ in source.tables["files"]]
    if labels is not None:
        for file, label in np.unique(np.stack([files, labels]), axis=1).T.tolist():
            of_files[file].append(label)
    return split_files(source.tables["files"], of_files, ratios, seed)


def split_statistics(source: SegmentSource, split: DataSplit) -> SplitStatistics:
    """Return how many recordings and segments of each label the sets of a split have, active ones apart.

    Parameters
    ----------
    source
        Segments of all recordings.
    split
        The sets.
    """
    _require_segments(source)
    table = source.table
    return count_segments(
        split, source.tables["files"], table.file_indices, table.labels, table.active, source.label_set
    )


def _require_segments(source: object) -> None:
    if not isinstance(source, SegmentSource):
        raise ArgumentError(f"source={type(source).__name__}: expected a SegmentSource, to split its recordings.")
