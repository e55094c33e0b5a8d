"""All segments of some recordings, as arrays: which file, where, and what is known of them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Int32, Int64

from acoupipe_grain.audio.files import AudioFile
from acoupipe_grain.audio.reading import num_samples_at
from acoupipe_grain.audio.segments.grid import SegmentGrid


@dataclass(frozen=True, eq=False)
class SegmentTable:
    """Segments, in the order of the files and of time.

    Attributes
    ----------
    file_indices
        Numbers of their files.
    segment_indices
        Their numbers within the file.
    starts
        Their first samples within the file, at the rate of the segments.
    labels
        Their labels' ids; None without labels.
    active
        Whether there is activity in them; None where nobody asked.
    """

    file_indices: Int32[np.ndarray, " segment"]
    segment_indices: Int32[np.ndarray, " segment"]
    starts: Int64[np.ndarray, " segment"]
    labels: Int32[np.ndarray, " segment"] | None = None
    active: Bool[np.ndarray, " segment"] | None = None

    def __len__(self) -> int:
        return len(self.starts)

    @cached_property
    def digest(self) -> str:
        """What identifies the segments and what is known of them."""
        arrays = (self.file_indices, self.starts, self.labels, self.active)
        digest = hashlib.sha256()
        for array in arrays:
            digest.update(b"-" if array is None else array.tobytes())
        return digest.hexdigest()

    def chosen(self, which: np.ndarray) -> SegmentTable:
        """Return some of the segments, by a mask or by their numbers."""
        return SegmentTable(
            self.file_indices[which],
            self.segment_indices[which],
            self.starts[which],
            None if self.labels is None else self.labels[which],
            None if self.active is None else self.active[which],
        )


def segments_of(files: Sequence[AudioFile], grid: SegmentGrid, sample_rate: int) -> SegmentTable:
    """Return the segments of recordings; no more than their headers are needed."""
    counts = [grid.count(num_samples_at(file, sample_rate)) for file in files]
    starts = grid.starts(max(counts))
    return SegmentTable(
        np.repeat(np.arange(len(files), dtype=np.int32), counts),
        np.concatenate([np.arange(count, dtype=np.int32) for count in counts]),
        np.concatenate([starts[:count] for count in counts]),
    )
