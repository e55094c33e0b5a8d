"""What is read of segments before features are computed, for many at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from acoupipe_grain import arguments
from acoupipe_grain.audio.read_ahead import read_ahead
from acoupipe_grain.audio.reading import read_excerpt
from acoupipe_grain.audio.segments.precomputed_arrays import PrecomputedArrays
from acoupipe_grain.audio.segments.segmentation import Segmentation
from acoupipe_grain.audio.segments.table import SegmentTable
from acoupipe_grain.errors import DataError
from acoupipe_grain.specs import ArraySpec, Element, element_num_bytes
from acoupipe_grain.workers import StartsGrainWorkers


class SegmentInputs(StartsGrainWorkers):
    """Segments of recordings: their audio with what frames need beyond it, precomputed features, and labels.

    Parameters
    ----------
    segments
        Recordings, and how they are read.
    table
        Those of their segments that are meant.
    num_samples_read
        Samples of the recording from the beginning of a segment on; 0: no audio is read.
    precomputed
        Features that are read.
    """

    def __init__(
        self,
        segments: Segmentation,
        table: SegmentTable,
        num_samples_read: int,
        precomputed: Sequence[PrecomputedArrays] = (),
    ) -> None:
        self.segments = segments
        self.table = table
        self.num_samples_read = num_samples_read
        self.precomputed = precomputed
        self.element_spec = self._spec()

    def _spec(self) -> dict[str, ArraySpec]:
        spec = {}
        if self.num_samples_read:
            shape = (self.segments.num_channels, self.num_samples_read)
            spec["audio"] = ArraySpec(shape, "float32", ("channel", "sample"))
        return spec | {f"precomputed/{item.feature.key}": item.row_spec for item in self.precomputed} | self.about_spec

    @property
    def about_spec(self) -> dict[str, ArraySpec]:
        """Specification of what elements say about segments, besides features."""
        spec = {
            "sample_rate": ArraySpec((), "int32", (), "Hz"),
            "file_index": ArraySpec((), "int32", ()),
            "segment_index": ArraySpec((), "int32", ()),
            "offset": ArraySpec((), "float32", (), "s"),
        }
        if self.table.labels is not None:
            spec["label"] = ArraySpec((), "int32", ())
        if self.table.active is not None:
            spec["active"] = ArraySpec((), "bool", ())
        return {**spec, "idx": ArraySpec((), "int32", ())}

    @property
    def read_options(self) -> Mapping[str, int]:
        """Options of `grain.ReadOptions`."""
        return read_ahead(element_num_bytes(self.element_spec))

    def batch(self, indices: Sequence[int]) -> Element:
        """Return many elements, stacked."""
        numbers = np.array([arguments.record_index(index, len(self)) for index in indices])
        table = self.table.chosen(numbers)
        batch = self._read(numbers, table)
        batch |= {
            "sample_rate": np.full(len(numbers), self.segments.sample_rate, dtype=np.int32),
            "file_index": table.file_indices,
            "segment_index": table.segment_indices,
            "offset": (table.starts / self.segments.sample_rate).astype(np.float32),
        }
        if table.labels is not None:
            batch["label"] = table.labels
        if table.active is not None:
            batch["active"] = table.active
        return {**batch, "idx": numbers.astype(np.int32)}

    def _read(self, numbers: np.ndarray, table: SegmentTable) -> Element:
        batch: Element = {}
        if self.num_samples_read:
            shape = (len(numbers), self.segments.num_channels, self.num_samples_read)
            batch["audio"] = np.empty(shape, dtype=np.float32)
        for item in self.precomputed:
            batch[f"precomputed/{item.feature.key}"] = np.empty((len(numbers), *item.shape), dtype=np.float32)
        for row, number in enumerate(numbers):
            file_index, start = int(table.file_indices[row]), int(table.starts[row])
            try:
                if self.num_samples_read:
                    file = self.segments.recordings.files[file_index]
                    batch["audio"][row] = read_excerpt(
                        file, start, self.num_samples_read, self.segments.sample_rate, mono=self.segments.mono
                    )
                for item in self.precomputed:
                    batch[f"precomputed/{item.feature.key}"][row] = item.read(file_index, start)
            except DataError as error:
                raise type(error)(f"record {number}: {error}") from error
        return batch

    def __len__(self) -> int:
        return len(self.table)

    def __getitem__(self, index: int) -> Element:
        return {name: array[0, ...] for name, array in self.batch([index]).items()}

    def __repr__(self) -> str:
        read = [f"{self.num_samples_read} samples"] if self.num_samples_read else []
        read += [f"{item.feature.key} {item.digest[:16]} {item.shape}" for item in self.precomputed]
        recordings = self.segments.recordings
        return (
            f"SegmentInputs({len(self)} segments {self.table.digest[:16]} of {len(recordings.files)} files "
            f"{recordings.digest[:16]}, {self.segments.sample_rate} Hz, mono={self.segments.mono}, {', '.join(read)})"
        )
