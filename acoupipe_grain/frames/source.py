"""Frames of point scatterers as a random-access source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import jax
import numpy as np

from acoupipe_grain import arguments
from acoupipe_grain.annotations import InFiles, Unit
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.frames.inputs import FrameInputs
from acoupipe_grain.frames.paths import Paths, drawn_from
from acoupipe_grain.frames.point_spread import MERGES
from acoupipe_grain.frames.rendering import Rendering
from acoupipe_grain.identity import Identified
from acoupipe_grain.memory import require_memory
from acoupipe_grain.sampling import Distribution, distribution
from acoupipe_grain.seeding import MAX_SEED, SPLITS, Streams
from acoupipe_grain.specs import MAX_RECORDS, ArraySpec, Element, apply_batch_computation, element_num_bytes
from acoupipe_grain.workers import StartsGrainWorkers, cpu_device

LABELS = ("sparse", "spread", "track")
MIN_SIZE, MAX_SIZE = 3, 4096
Drawn = Annotated[Any, InFiles(float | Sequence[float] | Mapping[str, Any])]
"""A number, a range [low, high], or a distribution."""


class ScattererSource(Identified, StartsGrainWorkers):
    """Synthetic imaging frames of point scatterers, still or moving: deterministic, thread-safe, picklable.

    Scatterers are at whole pixels, uniformly drawn (several may be at one), and move along straight lines. An imaging
    system shows each as its point spread; the label says where they are. x is the first axis of a frame. Elements, T
    being the axis of `num_frames`, which still frames do not have:

    ========= ============== ======= ==========================================================================
    data      (N, N[, T])    float32 point spreads exp(−(d − µ)²/(2σ²)), peak 1, summed or their maximum
    label     (N, N[, T])    float32 "sparse": 1 at the nearest pixels; "spread": point spreads of half the
                                     width; "track": (N, N), 1 along all paths, both ends included
    positions (2, K[, T])    float32 x and y in pixels, also beyond the frame
    mask      (K[, T])       bool    which scatterers are on the frame, 0 ≤ x, y ≤ N − 1; others show nothing
    in_plane  (K[, T])       bool    which are not out of plane
    idx       ()             int32   record index
    ========= ============== ======= ==========================================================================

    Distances d are in units of which N/2 − 1 pixels are one. Splits of one seed have no random number in common.
    Loaders and exports render whole batches in JAX, from ``source.inputs``.

    Parameters
    ----------
    num_records
        How many records there are.
    seed
        0 ... 2**64 − 1.
    split
        "training", "validation" or "test".
    size
        Pixels of either axis, N.
    num_scatterers
        Scatterers of a record, K.
    sigma
        Width of the point spread, σ > 0; with 0.1 it is 3.1 pixels at N = 64.
    mu
        Radius of a ring, µ ≥ 0; 0: a spot.
    merge
        Where point spreads overlap: their "sum", or their maximum, "max".
    label
        "sparse", "spread" or "track".
    num_frames
        Frames of a record, T; None: still frames without that axis.
    velocity
        Pixels a frame: a number, a range [low, high] or a distribution, drawn for each scatterer.
    angle
        Direction of the motion: 0° along the first axis, 90° along the second; likewise.
    rotation
        A record is turned about the centre of the frame by an angle drawn uniformly from −`rotation` to `rotation`,
        0 ... 180, scatterers and paths before they are rendered.
    out_of_plane
        Probability with which a scatterer is missing in a frame, 0 ... 1.
    num_out_of_plane
        Instead, the expected number of scatterers and frames missing in a record, 0 ... K T.
    out_of_plane_in
        What lacks them: "both" data and label, or "data" alone.

    Raises
    ------
    ArgumentError
        If a value has the wrong type or range, or has no effect with the others.
    RecordIndexError
        For an index outside 0 ... `num_records` − 1, negative ones included.
    """

    def __init__(
        self,
        num_records: int = 10_000,
        *,
        seed: int = 0,
        split: Literal["training", "validation", "test"] = "training",
        size: int = 64,
        num_scatterers: int = 5,
        sigma: float = 0.1,
        mu: float = 0.0,
        merge: Literal["sum", "max"] = "sum",
        label: Literal["sparse", "spread", "track"] = "sparse",
        num_frames: int | None = None,
        velocity: Drawn = 0.0,
        angle: Annotated[Drawn, Unit("°")] = 0.0,
        rotation: Annotated[float, Unit("°")] = 0.0,
        out_of_plane: float = 0.0,
        num_out_of_plane: float | None = None,
        out_of_plane_in: Literal["both", "data"] = "both",
    ) -> None:
        self._given: dict[str, Any] = {
            "num_records": arguments.integer("num_records", num_records, minimum=1, maximum=MAX_RECORDS),
            "seed": arguments.integer("seed", seed, minimum=0, maximum=MAX_SEED),
            "split": arguments.choice("split", split, SPLITS),
            "size": arguments.integer("size", size, minimum=MIN_SIZE, maximum=MAX_SIZE),
            "num_scatterers": arguments.integer("num_scatterers", num_scatterers, minimum=1),
            "sigma": arguments.number("sigma", sigma, above=0),
            "mu": arguments.number("mu", mu, minimum=0),
            "merge": arguments.choice("merge", merge, MERGES),
            "label": arguments.choice("label", label, LABELS),
            "num_frames": None if num_frames is None else arguments.integer("num_frames", num_frames, minimum=1),
            "velocity": drawn_from("velocity", velocity),
            "angle": drawn_from("angle", angle),
            "rotation": arguments.number("rotation", rotation, minimum=0, maximum=180),
            "out_of_plane": arguments.number("out_of_plane", out_of_plane, minimum=0, maximum=1),
            "num_out_of_plane": num_out_of_plane,
            "out_of_plane_in": arguments.choice("out_of_plane_in", out_of_plane_in, ("both", "data")),
        }
        self._require_effect(velocity)
        given = self._given
        frames = given["num_frames"] or 1
        paths = Paths(
            given["size"], given["num_scatterers"], frames, given["velocity"], given["angle"], _turn(given["rotation"])
        )
        removal = self._removal(given["num_scatterers"] * frames)
        both = given["out_of_plane_in"] == "both"
        self.inputs = FrameInputs(
            given["num_records"], Streams(given["seed"], given["split"]), paths, removal, given["label"], both
        )
        point_spread = given["sigma"], given["mu"], given["merge"]
        rendering = Rendering(given["size"], given["num_frames"] is not None, *point_spread, given["label"], both)
        self.compute_batch = jax.tree_util.Partial(rendering)
        require_memory(
            (given["num_scatterers"] + 4) * element_num_bytes(self.element_spec),
            f"size={size}: one record of {frames} frames",
            "use smaller or fewer frames",
        )

    def _require_effect(self, velocity: Any) -> None:
        given = self._given
        if given["num_frames"] is None and given["velocity"].range != (0, 0):
            raise ArgumentError(f"velocity={velocity!r}: still frames do not move; give num_frames, or leave it out.")
        if given["label"] == "track" and given["num_frames"] is None:
            raise ArgumentError("label='track': still frames have no tracks; give num_frames, or another label.")

    def _removal(self, num_slots: int) -> float:
        """Return the probability of being out of plane."""
        probability, expected = self._given["out_of_plane"], self._given["num_out_of_plane"]
        if expected is None:
            return probability
        expected = arguments.number("num_out_of_plane", expected, minimum=0, maximum=num_slots)
        if probability:
            raise ArgumentError(
                f"num_out_of_plane={expected!r}, out_of_plane={probability!r}: both say how many are out of plane; "
                "leave one of them out."
            )
        return expected / num_slots

    @property
    def element_spec(self) -> Mapping[str, ArraySpec]:
        """Specification of every array of an element."""
        size, count, frames = (self._given[name] for name in ("size", "num_scatterers", "num_frames"))
        over, axis = ((), ()) if frames is None else ((frames,), ("frame",))
        frame = ArraySpec((size, size, *over), "float32", ("x", "y", *axis))
        is_track = self._given["label"] == "track"
        slots = ArraySpec((count, *over), "bool", ("scatterer", *axis))
        return {
            "data": frame,
            "label": ArraySpec((size, size), "float32", ("x", "y")) if is_track else frame,
            "positions": ArraySpec((2, count, *over), "float32", ("xy", "scatterer", *axis), "px"),
            "mask": slots,
            "in_plane": slots,
            "idx": ArraySpec((), "int32", ()),
        }

    @property
    def parameters(self) -> dict[str, Any]:
        """The constructor's arguments: JSON values, or objects with `to_json`."""
        return self._given

    def __len__(self) -> int:
        return self._given["num_records"]

    def __getitem__(self, index: int) -> Element:
        # On the CPU always: a record must not change with the process that computes it.
        with jax.default_device(cpu_device()):
            batch = apply_batch_computation(self.compute_batch, self.inputs.batch([index]))
            return {name: np.array(array[0]) for name, array in batch.items()}


def _turn(rotation: float) -> Distribution:
    return distribution("uniform", loc=-rotation, scale=2 * rotation) if rotation else distribution(0.0)
