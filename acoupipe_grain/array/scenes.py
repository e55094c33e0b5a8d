"""Scenes: what radiates where, how strongly, and how it is recorded.

A scene is drawn from its index alone; nothing about simulation or features enters. Values are defined as float32:
both the simulation and the labels use exactly the numbers of the scene.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from acoupipe_grain import arguments, sampling
from acoupipe_grain.array.identity import source_configuration, source_repr
from acoupipe_grain.array.measurement import MeasurementSetup, as_setup
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.seeding import Streams
from acoupipe_grain.specs import ArraySpec, Element
from acoupipe_grain.workers import StartsGrainWorkers

MEAN_EXTRA_SOURCES = 3.0
MIC_DISPLACEMENT_DEVIATION = 0.001  # m
LOCATION_DEVIATION = 0.1688  # apertures
STRENGTH_SCALE = 5.0  # Pa²
NOISE_RATIO_RANGE = (1e-5, 0.1)
SIGNAL_LENGTH_RANGE = (1.0, 10.0)  # s
MAX_RECORDS = 2**31 - 1
MAX_NUM_SAMPLES = 2**31 - 1


class SceneSource(StartsGrainWorkers):
    """A random-access source of scenes: deterministic, thread-safe, picklable.

    Elements (J_max = max_nsources; M microphones; sources in the order drawn, padded with zeros):

    ============== ============ ======= =====================================================
    positions      (3, J_max)   float32 source positions, m
    strengths      (J_max,)     float32 mean square pressure at the reference position, Pa²
    mic_positions  (3, M)       float32 displaced microphone positions, m
    noise_power    ()           float32 mean square of the sensor noise per microphone, Pa²
    num_samples    ()           int32   length of the recording
    key            (2,)         uint32  JAX threefry key of the record
    seeds          (6,)         uint32  words that identify the record's draws
    idx            ()           int32   record index
    num_sources    ()           int32   number of sources
    source_mask    (J_max,)     bool    which entries are sources
    ============== ============ ======= =====================================================

    Parameters
    ----------
    num_records
        Number of records, at least 1.
    seed, split
        0 ... 2**64 - 1, and "training", "validation" or "test"; together they select the random streams.
    setup
        A `MeasurementSetup`, a mapping of its arguments, or None for the default.
    min_nsources, max_nsources
        Range of the number of sources, drawn as 1 + Poisson(3) within it.
    mic_pos_noise
        Whether microphones are displaced in x and y (normal, 1 mm).
    mic_sig_noise
        Whether there is sensor noise, of power ν Σ p² per microphone with ν uniform in (1e-5, 0.1).
    snap_to_grid
        Whether sources sit on grid points, never two on the same one.
    min_source_distance
        Smallest distance between two sources, m, or None.
    signal_length
        Length of the recording, s; not used with `random_signal_length`.
    random_signal_length
        Whether the length is drawn instead, uniform in (1, 10) s.

    Raises
    ------
    ArgumentError
        If a value has the wrong type or range.
    """

    read_options: Mapping[str, int] = {"num_threads": 0, "prefetch_buffer_size": 0}
    """Options of `grain.ReadOptions`: a vectorised draw is cheaper than the threads that would run ahead."""

    def __init__(
        self,
        num_records: int = 10_000,
        *,
        seed: int = 0,
        split: str = "training",
        setup: MeasurementSetup | Mapping[str, Any] | None = None,
        min_nsources: int = 1,
        max_nsources: int = 10,
        mic_pos_noise: bool = True,
        mic_sig_noise: bool = True,
        snap_to_grid: bool = False,
        min_source_distance: float | None = None,
        signal_length: float = 5.0,
        random_signal_length: bool = False,
    ) -> None:
        self.num_records = arguments.integer("num_records", num_records, minimum=1, maximum=MAX_RECORDS)
        self.streams = Streams(seed, split)
        self.setup = as_setup(setup)
        self.min_nsources = arguments.integer("min_nsources", min_nsources, minimum=1)
        self.max_nsources = arguments.integer("max_nsources", max_nsources, minimum=1)
        if self.max_nsources < self.min_nsources:
            raise ArgumentError(f"max_nsources={max_nsources}: must be at least min_nsources={min_nsources}.")
        self.mic_pos_noise = arguments.flag("mic_pos_noise", mic_pos_noise)
        self.mic_sig_noise = arguments.flag("mic_sig_noise", mic_sig_noise)
        self.snap_to_grid = arguments.flag("snap_to_grid", snap_to_grid)
        grid = self.setup.grid
        if self.snap_to_grid and grid.size < self.max_nsources:
            raise ArgumentError(
                f"max_nsources={max_nsources}: the grid has only {grid.size} points for sources to snap to."
            )
        self.min_source_distance = (
            None
            if min_source_distance is None
            else arguments.number("min_source_distance", min_source_distance, above=0, unit="m")
        )
        diagonal = math.hypot(grid.x_max - grid.x_min, grid.y_max - grid.y_min)
        if self.min_source_distance is not None and self.min_source_distance > diagonal and self.max_nsources > 1:
            raise ArgumentError(
                f"min_source_distance={min_source_distance!r}: the grid's diagonal is only {diagonal:.4g} m; "
                "give a smaller distance, a larger grid or max_nsources=1."
            )
        self.signal_length = arguments.number("signal_length", signal_length, above=0, unit="s")
        self.random_signal_length = arguments.flag("random_signal_length", random_signal_length)
        self._require_usable_length()

    def _require_usable_length(self) -> None:
        shortest = self._num_samples(SIGNAL_LENGTH_RANGE[0]) if self.random_signal_length else self.max_num_samples
        longest_delay = self.setup.longest_distance + 10 * MIC_DISPLACEMENT_DEVIATION
        needed = max(
            self.setup.block_size, math.ceil(longest_delay / self.setup.speed_of_sound * self.setup.sample_rate) + 1
        )
        if shortest < needed or self.max_num_samples > MAX_NUM_SAMPLES:
            given = (
                "random_signal_length=True" if self.random_signal_length else f"signal_length={self.signal_length!r}"
            )
            raise ArgumentError(
                f"{given}: recordings may have {shortest} samples; expected at least {needed} (one block of "
                f"{self.setup.block_size}, and longer than the sound takes from the grid to the array), that is "
                f"{needed / self.setup.sample_rate:.4g} s, and at most {MAX_NUM_SAMPLES}."
            )

    @property
    def max_num_samples(self) -> int:
        """Length of the longest recording in samples."""
        return self._num_samples(SIGNAL_LENGTH_RANGE[1] if self.random_signal_length else self.signal_length)

    @property
    def parameters(self) -> dict[str, Any]:
        """The constructor's arguments as a JSON mapping."""
        return {
            "num_records": self.num_records,
            "seed": self.streams.seed,
            "split": self.streams.split,
            "setup": self.setup.to_json(),
            "min_nsources": self.min_nsources,
            "max_nsources": self.max_nsources,
            "mic_pos_noise": self.mic_pos_noise,
            "mic_sig_noise": self.mic_sig_noise,
            "snap_to_grid": self.snap_to_grid,
            "min_source_distance": self.min_source_distance,
            "signal_length": self.signal_length,
            "random_signal_length": self.random_signal_length,
        }

    @property
    def configuration(self) -> dict[str, Any]:
        """A JSON mapping that rebuilds the source."""
        return source_configuration("SceneSource", self.parameters)

    @cached_property
    def element_spec(self) -> dict[str, ArraySpec]:
        """Specification of every array of an element."""
        num_sources, num_mics = self.max_nsources, self.setup.num_mics
        return {
            "positions": ArraySpec((3, num_sources), "float32", ("xyz", "source"), "m"),
            "strengths": ArraySpec((num_sources,), "float32", ("source",), "Pa^2"),
            "mic_positions": ArraySpec((3, num_mics), "float32", ("xyz", "mic"), "m"),
            "noise_power": ArraySpec((), "float32", (), "Pa^2"),
            "num_samples": ArraySpec((), "int32", (), "1"),
            "key": ArraySpec((2,), "uint32", ("word",), "1"),
            "seeds": ArraySpec((6,), "uint32", ("word",), "1"),
            "idx": ArraySpec((), "int32", (), "1"),
            "num_sources": ArraySpec((), "int32", (), "1"),
            "source_mask": ArraySpec((num_sources,), "bool", ("source",), "1"),
        }

    def __len__(self) -> int:
        return self.num_records

    def __getitem__(self, index: int) -> Element:
        batch = self.batch([index])
        return {name: array[0, ...].copy() for name, array in batch.items()}

    def batch(self, indices: Sequence[int] | range) -> Element:
        """Return the stacked scenes of `indices`, drawn in one vectorised call with the bits of single draws."""
        rows = np.array([arguments.record_index(index, self.num_records) for index in indices], dtype=np.int64)
        counts = sampling.truncated_count(
            self.streams.uniforms("num_sources", rows, 1)[:, 0],
            MEAN_EXTRA_SOURCES,
            self.min_nsources,
            self.max_nsources,
        )
        mask = np.arange(self.max_nsources) < counts[:, None]
        strengths = sampling.rayleigh(self.streams.uniforms("strengths", rows, self.max_nsources), STRENGTH_SCALE)
        strengths = np.where(mask, strengths, 0.0)
        scenes = {
            "positions": np.where(mask[:, None, :], self._positions(rows, counts), 0.0).astype(np.float32),
            "strengths": strengths.astype(np.float32),
            "mic_positions": self._mic_positions(rows).astype(np.float32),
            "noise_power": self._noise_power(rows, strengths).astype(np.float32),
            "num_samples": self._draw_num_samples(rows).astype(np.int32),
            "key": self.streams.words("jax_key", rows, 1).astype("<u8").view("<u4").astype(np.uint32),
            "seeds": self.streams.identity(rows),
            "idx": rows.astype(np.int32),
            "num_sources": counts.astype(np.int32),
            "source_mask": mask,
        }
        return {name: np.ascontiguousarray(array) for name, array in scenes.items()}

    def _num_samples(self, seconds: float) -> int:
        return round(seconds * self.setup.sample_rate)

    def _draw_num_samples(self, rows: Int[np.ndarray, " record"]) -> Int[np.ndarray, " record"]:
        if not self.random_signal_length:
            return np.full(rows.size, self.max_num_samples)
        seconds = sampling.uniform(self.streams.uniforms("signal_length", rows, 1)[:, 0], *SIGNAL_LENGTH_RANGE)
        return np.rint(seconds * self.setup.sample_rate).astype(np.int64)

    def _mic_positions(self, rows: Int[np.ndarray, " record"]) -> Float[np.ndarray, "record 3 mic"]:
        positions = np.tile(self.setup.mic_positions, (rows.size, 1, 1))
        if self.mic_pos_noise:
            uniforms = self.streams.uniforms("mic_displacement", rows, 2 * self.setup.num_mics)
            displacement = sampling.normal(uniforms, 0.0, MIC_DISPLACEMENT_DEVIATION)
            positions[:, :2] += displacement.reshape(rows.size, 2, self.setup.num_mics)
        return positions

    def _noise_power(
        self, rows: Int[np.ndarray, " record"], strengths: Float[np.ndarray, "record source"]
    ) -> Float[np.ndarray, " record"]:
        if not self.mic_sig_noise:
            return np.zeros(rows.size)
        ratios = sampling.uniform(self.streams.uniforms("noise_ratio", rows, 1)[:, 0], *NOISE_RATIO_RANGE)
        return ratios * strengths.sum(axis=1)

    def _positions(
        self, rows: Int[np.ndarray, " record"], counts: Int[np.ndarray, " record"]
    ) -> Float[np.ndarray, "record 3 source"]:
        def draw(selected: np.ndarray, attempt: int) -> np.ndarray:
            return self._candidates(rows[selected], attempt)

        distance = self.min_source_distance
        if distance is None and not self.snap_to_grid:
            points = draw(np.arange(rows.size), 0)
        else:
            # Snapped sources on different points are at least one step apart.
            least = max(distance or 0.0, 0.5 * min(self.setup.grid.steps) if self.snap_to_grid else 0.0)
            points = sampling.place_points(
                draw,
                counts,
                lambda previous, point: np.linalg.norm(previous - point, axis=2) < least * (1 - 1e-9),
                f"min_source_distance={distance}, snap_to_grid={self.snap_to_grid}",
            )
        z = np.full((*points.shape[:2], 1), self.setup.grid.z)
        return np.concatenate([points, z], axis=2).transpose(0, 2, 1)

    def _candidates(self, rows: Int[np.ndarray, " record"], attempt: int) -> Float[np.ndarray, "record source 2"]:
        grid = self.setup.grid
        deviation = LOCATION_DEVIATION * self.setup.aperture
        u = self.streams.uniforms("positions", rows, 2 * self.max_nsources, attempt).reshape(len(rows), -1, 2)
        x = sampling.truncated_normal(u[..., 0], grid.center[0], deviation, grid.x_min, grid.x_max)
        y = sampling.truncated_normal(u[..., 1], grid.center[1], deviation, grid.y_min, grid.y_max)
        if self.snap_to_grid:
            ix, iy = np.moveaxis(grid.nearest(np.stack([x, y], axis=-1)), -1, 0)
            x, y = grid.axes[0][ix], grid.axes[1][iy]
        return np.stack([x, y], axis=-1)

    def __repr__(self) -> str:
        return source_repr("SceneSource", self.parameters | {"setup": self.setup})
