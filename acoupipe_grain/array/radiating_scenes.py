"""Scenes together with what their sources radiate, as a source: the inputs of computations on whole batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from acoupipe_grain.array.scene_radiation import SceneRadiation
from acoupipe_grain.array.scenes import SceneSource
from acoupipe_grain.identity import Identified
from acoupipe_grain.specs import ArraySpec, Element
from acoupipe_grain.workers import StartsGrainWorkers


class RadiatingScenes(Identified, StartsGrainWorkers):
    """A random-access source of scenes and of what their sources radiate: deterministic, thread-safe, picklable.

    Elements are those of `SceneSource`, with some of the quantities of `SceneRadiation.parts`.

    Parameters
    ----------
    drawn
        The scenes, and how their sources radiate.
    parts
        Names of the quantities that are wanted besides those of the scenes.
    """

    read_options: Mapping[str, int] = SceneSource.read_options

    def __init__(self, drawn: SceneRadiation, parts: Sequence[str]) -> None:
        self.drawn = drawn
        self.parts = tuple(parts)

    @property
    def element_spec(self) -> dict[str, ArraySpec]:
        """Specification of every array of an element."""
        of_parts = self.drawn.part_spec
        return self.drawn.scenes.element_spec | {name: of_parts[name] for name in self.parts}

    @property
    def parameters(self) -> dict[str, Any]:
        """What tells such sources apart: JSON values, or objects with `to_json`."""
        return self.drawn.scenes.parameters | self.drawn.radiation.parameters | {"parts": list(self.parts)}

    def __len__(self) -> int:
        return len(self.drawn.scenes)

    def __getitem__(self, index: int) -> Element:
        scene = self.drawn.scenes[index]
        return scene | self.drawn.parts(self.parts, scene)

    def batch(self, indices: Sequence[int] | range) -> Element:
        """Return the stacked elements of `indices`, with the bits of single ones."""
        scenes = self.drawn.scenes.batch(indices)
        return scenes | self.drawn.stacked_parts(self.parts, scenes)
