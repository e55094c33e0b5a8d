"""What frames are rendered from: positions of scatterers, and which of them are shown where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from acoupipe_grain import arguments
from acoupipe_grain.frames.paths import Paths, nearest_pixels
from acoupipe_grain.seeding import Streams
from acoupipe_grain.specs import ArraySpec, Element


@dataclass(frozen=True)
class FrameInputs:
    """Positions of scatterers by index, cheap: the inputs of a `ScattererSource`.

    Parameters
    ----------
    num_records
        How many records there are.
    streams
        Random streams of seed and split.
    paths
        Where scatterers are.
    removal
        Probability with which a scatterer is out of plane in a frame.
    label
        What is marked: "sparse", "spread" or "track".
    is_removed_from_label
        Whether the label lacks what is out of plane, too.
    """

    num_records: int
    streams: Streams
    paths: Paths
    removal: float
    label: str
    is_removed_from_label: bool

    @property
    def element_spec(self) -> dict[str, ArraySpec]:
        """Specification of every array of an element."""
        count, frames = self.paths.num_scatterers, self.paths.num_frames
        slots = ("scatterer", "frame")
        spec = {
            "positions": ArraySpec((2, count, frames), "float32", ("xy", *slots), "px"),
            "mask": ArraySpec((count, frames), "bool", slots),
            "in_plane": ArraySpec((count, frames), "bool", slots),
            "idx": ArraySpec((), "int32", ()),
        }
        if self.label == "sparse":
            spec["pixels"] = ArraySpec((2, count, frames), "float32", ("xy", *slots), "px")
            spec["pixel_mask"] = ArraySpec((count, frames), "bool", slots)
        elif self.label == "track":
            points = count * self.paths.num_track_points
            spec["pixels"] = ArraySpec((2, points), "float32", ("xy", "point"), "px")
            spec["pixel_mask"] = ArraySpec((points,), "bool", ("point",))
        return spec

    def __len__(self) -> int:
        return self.num_records

    def __getitem__(self, index: int) -> Element:
        return {name: np.array(array[0]) for name, array in self.batch([index]).items()}

    def batch(self, indices: Sequence[int]) -> Element:
        """Return many elements, stacked, drawn together."""
        numbers = [arguments.record_index(index, self.num_records) for index in indices]
        paths, count, frames = self.paths, self.paths.num_scatterers, self.paths.num_frames
        positions = paths.positions(self.streams, numbers)
        mask = paths.is_inside(positions)
        in_plane = np.ones_like(mask)
        if self.removal:
            uniforms = self.streams.uniforms("out_of_plane", numbers, count * frames)
            in_plane = uniforms.reshape(-1, count, frames) >= self.removal
        labelled = mask & in_plane if self.is_removed_from_label else mask
        batch = {
            "positions": positions.astype(np.float32),
            "mask": mask,
            "in_plane": in_plane,
            "idx": np.array(numbers, dtype=np.int32),
        }
        if self.label == "sparse":
            # Here, in double precision: on a device half a pixel could be rounded either way.
            batch |= {"pixels": nearest_pixels(positions).astype(np.float32), "pixel_mask": labelled}
        elif self.label == "track":
            points, nearest = paths.tracks(positions)
            is_point = np.isfinite(nearest)
            slots = np.where(is_point, nearest, 0).astype(np.int64)
            is_shown = np.take_along_axis(in_plane, slots, axis=-1) if self.is_removed_from_label else True
            pixels = nearest_pixels(np.where(is_point[:, None], points, -1))
            shown = is_point & paths.is_inside(points) & is_shown
            batch["pixels"] = pixels.astype(np.float32).reshape(len(numbers), 2, -1)
            batch["pixel_mask"] = shown.reshape(len(numbers), -1)
        return batch

    def __repr__(self) -> str:
        return (
            f"FrameInputs({self.num_records}, seed={self.streams.seed}, split={self.streams.split!r}, {self.paths!r}, "
            f"removal={self.removal!r}, label={self.label!r}, is_removed_from_label={self.is_removed_from_label})"
        )
