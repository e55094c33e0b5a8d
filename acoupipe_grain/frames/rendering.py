"""Frames of data and labels from positions: whole batches in JAX."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp

from acoupipe_grain.frames.point_spread import marked_pixels, point_spreads


@dataclass(frozen=True)
class Rendering:
    """What elements are made of inputs: pure, jittable, hashable; equal ones share a compiled program.

    Parameters
    ----------
    size
        Pixels of either axis.
    is_moving
        Whether records have an axis of frames.
    sigma, mu
        Width and radius of the point spread.
    merge
        What is shown where point spreads overlap.
    label
        "sparse", "spread" or "track".
    is_removed_from_label
        Whether the label lacks what is out of plane, too.
    """

    size: int
    is_moving: bool
    sigma: float
    mu: float
    merge: str
    label: str
    is_removed_from_label: bool

    def __call__(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Return the elements of inputs (batch, ...)."""
        positions, mask, in_plane = inputs["positions"], inputs["mask"], inputs["in_plane"]
        labelled = mask & in_plane if self.is_removed_from_label else mask
        if self.label == "spread":
            label = self._frames(positions, labelled, self.sigma / 2)
        elif self.label == "track":
            label = marked_pixels(inputs["pixels"], inputs["pixel_mask"], self.size)
        else:
            label = self._over_frames(marked_pixels, inputs["pixels"], inputs["pixel_mask"])
        elements = {
            "data": self._frames(positions, mask & in_plane, self.sigma),
            "label": label,
            "positions": positions,
            "mask": mask,
            "in_plane": in_plane,
        }
        if not self.is_moving:
            still = {name: elements[name][..., 0] for name in elements if name != "label" or self.label != "track"}
            elements |= still
        return elements | {"idx": inputs["idx"]}

    def _frames(self, positions: Any, is_shown: Any, sigma: float) -> Any:
        def frames(at: Any, shown: Any, size: int) -> Any:
            return point_spreads(at, shown, size, sigma, self.mu, self.merge)

        return self._over_frames(frames, positions, is_shown)

    def _over_frames(self, function: Any, positions: Any, is_shown: Any) -> Any:
        """Return (batch, x, y, frame) of a function of the positions in single frames."""
        frames = function(jnp.moveaxis(positions, -1, -3), jnp.moveaxis(is_shown, -1, -2), self.size)
        return jnp.moveaxis(frames, -3, -1)
