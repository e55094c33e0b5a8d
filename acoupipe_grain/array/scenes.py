"""Scenes: what radiates where, how strongly, and how it is recorded.

A scene is drawn from its index alone; nothing about simulation or features enters. Values are defined as float32:
both the simulation and the labels use exactly the numbers of the scene.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Annotated, Any

import numpy as np
from jaxtyping import Float, Int

from acoupipe_grain import arguments
from acoupipe_grain.annotations import Meters, Seconds, Unit
from acoupipe_grain.array import distributions, scene_checks
from acoupipe_grain.array.distributions import Drawn
from acoupipe_grain.array.locations import (
    DefaultLocations,
    LocationsLike,
    as_locations,
    place_sources,
)
from acoupipe_grain.array.measurement import MeasurementSetup, as_setup
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.identity import Identified
from acoupipe_grain.sampling import Sizes
from acoupipe_grain.seeding import Streams
from acoupipe_grain.specs import MAX_RECORDS, ArraySpec, Element
from acoupipe_grain.workers import StartsGrainWorkers


class SceneSource(Identified, StartsGrainWorkers):
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

    Quantities are drawn from defaults, or from what `distribution` takes: frozen `scipy.stats` variables, mappings such
    as ``{"dist": "rayleigh", "scale": 5}``, numbers, or functions ``fn(rng, size)`` with the record's own generator.

    Parameters
    ----------
    num_records
        Number of records, at least 1.
    seed
        Selects the random streams, with the split: 0 ... 2**64 - 1.
    split
        "training", "validation" or "test"; they have no random number in common.
    setup
        A `MeasurementSetup` or a mapping of its arguments. None: the default array and grid.
    min_nsources
        Smallest number of sources.
    max_nsources
        Largest number of sources, and the room for sources in elements.
    mic_pos_noise
        Whether microphones are displaced in x and y (normal, 1 mm).
    mic_sig_noise
        Whether there is sensor noise, of power ν Σ p² per microphone.
    snap_to_grid
        Whether sources sit on grid points, never two on the same one.
    min_source_distance
        Smallest distance between two sources, m. None: any.
    signal_length
        Length of the recording, s; not used with `random_signal_length`.
    random_signal_length
        Whether the length is drawn instead.
    locations
        Distribution of the source positions, m: one for x and y, a pair, a triple with z, or a function that returns
        (2, J) or (3, J) coordinates. None: normal about the grid's centre, 0.1688 apertures, on its plane. Positions
        beyond the grid's extent in x and y are redrawn.
    nsources
        Distribution of the number of sources; counts outside `min_nsources` ... `max_nsources` are redrawn.
        None: 1 + Poisson(3).
    strengths
        Distribution of the source strengths at the reference position, Pa². None: Rayleigh(5).
    noise
        Distribution of ν, the sensor noise's share of the sources' power. None: uniform in (1e-5, 0.1).
    signal_lengths
        Distribution of the recordings' lengths with `random_signal_length`, s; a function needs bounds. None: uniform
        in (1, 10) s.
    mic_displacement
        Distribution of each microphone's displacement in x and in y, m. None: normal, 1 mm.

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
        min_source_distance: Meters | None = None,
        signal_length: Seconds = 5.0,
        random_signal_length: bool = False,
        locations: LocationsLike = None,
        nsources: Drawn = None,
        strengths: Annotated[Drawn, Unit("Pa^2")] = None,
        noise: Drawn = None,
        signal_lengths: Annotated[Drawn, Unit("s")] = None,
        mic_displacement: Annotated[Drawn, Unit("m")] = None,
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
        self.min_source_distance = (
            None
            if min_source_distance is None
            else arguments.number("min_source_distance", min_source_distance, above=0, unit="m")
        )
        self.signal_length = arguments.number("signal_length", signal_length, above=0, unit="s")
        self.random_signal_length = arguments.flag("random_signal_length", random_signal_length)
        distributions.require_used("noise", noise, "mic_sig_noise", self.mic_sig_noise)
        distributions.require_used("mic_displacement", mic_displacement, "mic_pos_noise", self.mic_pos_noise)
        distributions.require_used("signal_lengths", signal_lengths, "random_signal_length", self.random_signal_length)
        self.locations = as_locations(locations, self.setup, self.max_nsources)
        self._counts = distributions.source_counts(nsources, self.min_nsources, self.max_nsources)
        self._strengths = distributions.strengths(strengths)
        self._noise_ratios = distributions.noise_ratios(noise)
        self._signal_lengths = distributions.signal_lengths(signal_lengths)
        self._mic_displacements = distributions.mic_displacements(mic_displacement)
        scene_checks.require_room(self.locations, self.max_nsources, self.min_source_distance, self.snap_to_grid)
        self._require_usable_length()

    def _require_usable_length(self) -> None:
        displacements = self._mic_displacements.range if self.mic_pos_noise else (0.0, 0.0)
        if not self.random_signal_length:
            given, lengths = f"signal_length={self.signal_length!r}", (self.signal_length, self.signal_length)
        else:
            chosen = distributions.given(self._signal_lengths)
            given, lengths = f"random_signal_length=True, signal_lengths={chosen!r}", self._signal_lengths.range
        scene_checks.require_usable_length(self.setup, given, lengths, displacements)

    @property
    def min_num_samples(self) -> int:
        """Length of the shortest recording in samples."""
        seconds = self._signal_lengths.range[0] if self.random_signal_length else self.signal_length
        return round(seconds * self.setup.sample_rate)

    @property
    def max_num_samples(self) -> int:
        """Length of the longest recording in samples."""
        seconds = self._signal_lengths.range[1] if self.random_signal_length else self.signal_length
        return round(seconds * self.setup.sample_rate)

    @property
    def parameters(self) -> dict[str, Any]:
        """The constructor's arguments: JSON values, or objects with `to_json`."""
        return {
            "num_records": self.num_records,
            "seed": self.streams.seed,
            "split": self.streams.split,
            "setup": self.setup,
            "min_nsources": self.min_nsources,
            "max_nsources": self.max_nsources,
            "mic_pos_noise": self.mic_pos_noise,
            "mic_sig_noise": self.mic_sig_noise,
            "snap_to_grid": self.snap_to_grid,
            "min_source_distance": self.min_source_distance,
            "signal_length": self.signal_length,
            "random_signal_length": self.random_signal_length,
            "locations": None if isinstance(self.locations, DefaultLocations) else self.locations,
            "nsources": distributions.given(self._counts),
            "strengths": distributions.given(self._strengths),
            "noise": distributions.given(self._noise_ratios),
            "signal_lengths": distributions.given(self._signal_lengths),
            "mic_displacement": distributions.given(self._mic_displacements),
        }

    @property
    def has_default_displacements(self) -> bool:
        """Whether microphones are where they should be, or displaced by the default distribution."""
        return distributions.given(self._mic_displacements) is None

    @cached_property
    def element_spec(self) -> dict[str, ArraySpec]:
        """Specification of every array of an element."""
        return scene_spec(self.max_nsources, self.setup.num_mics)

    def __len__(self) -> int:
        return self.num_records

    def __getitem__(self, index: int) -> Element:
        batch = self.batch([index])
        return {name: array[0, ...].copy() for name, array in batch.items()}

    def batch(self, indices: Sequence[int] | range) -> Element:
        """Return the stacked scenes of `indices`, drawn in one vectorised call with the bits of single draws."""
        rows = np.array([arguments.record_index(index, self.num_records) for index in indices], dtype=np.int64)
        counts = self._num_sources(rows)
        mask = np.arange(self.max_nsources) < counts[:, None]
        strengths = self._strengths.draw("strengths", self.streams, rows, Sizes((self.max_nsources,), counts))
        strengths = np.where(mask, strengths, 0.0)
        distributions.require_powers("strengths", self._strengths, strengths, rows)
        positions = np.where(mask[:, :, None], self._positions(rows, counts), 0.0).transpose(0, 2, 1)
        scenes = {
            "positions": positions.astype(np.float32),
            "strengths": strengths.astype(np.float32),
            "mic_positions": self._mic_positions(rows).astype(np.float32),
            "noise_power": self._noise_power(rows, strengths).astype(np.float32),
            "num_samples": self._draw_num_samples(rows).astype(np.int32),
            "key": self.streams.jax_keys(rows),
            "seeds": self.streams.identity(rows),
            "idx": rows.astype(np.int32),
            "num_sources": counts.astype(np.int32),
            "source_mask": mask,
        }
        if not self.locations.on_plane or distributions.given(self._mic_displacements):
            scene_checks.require_audible(self.setup, scenes)
        return {name: np.ascontiguousarray(array) for name, array in scenes.items()}

    def _num_sources(self, rows: Int[np.ndarray, " record"]) -> Int[np.ndarray, " record"]:
        limits = (float(self.min_nsources), float(self.max_nsources))
        drawn = self._counts.draw("num_sources", self.streams, rows, Sizes(), within=limits)
        counts = np.rint(drawn).astype(np.int64)
        if np.any(counts != drawn):
            raise ArgumentError(f"nsources={self._counts!r}: gave {drawn[counts != drawn][0]}; expected whole numbers.")
        return counts

    def _positions(
        self, rows: Int[np.ndarray, " record"], counts: Int[np.ndarray, " record"]
    ) -> Float[np.ndarray, "record source 3"]:
        return place_sources(
            self.locations,
            self.streams,
            rows,
            counts,
            snap_to_grid=self.snap_to_grid,
            min_distance=self.min_source_distance,
        )

    def _draw_num_samples(self, rows: Int[np.ndarray, " record"]) -> Int[np.ndarray, " record"]:
        if not self.random_signal_length:
            return np.full(rows.size, self.max_num_samples)
        seconds = self._signal_lengths.draw("signal_length", self.streams, rows, Sizes())
        return np.rint(seconds * self.setup.sample_rate).astype(np.int64)

    def _mic_positions(self, rows: Int[np.ndarray, " record"]) -> Float[np.ndarray, "record 3 mic"]:
        positions = np.tile(self.setup.mic_positions, (rows.size, 1, 1))
        if self.mic_pos_noise:
            sizes = Sizes((2, self.setup.num_mics))
            positions[:, :2] += self._mic_displacements.draw("mic_displacement", self.streams, rows, sizes)
        return positions

    def _noise_power(
        self, rows: Int[np.ndarray, " record"], strengths: Float[np.ndarray, "record source"]
    ) -> Float[np.ndarray, " record"]:
        if not self.mic_sig_noise:
            return np.zeros(rows.size)
        ratios = self._noise_ratios.draw("noise_ratio", self.streams, rows, Sizes())
        powers = ratios * strengths.sum(axis=1)
        distributions.require_powers("noise", self._noise_ratios, powers, rows)
        return powers


def scene_spec(num_sources: int, num_mics: int) -> dict[str, ArraySpec]:
    """Return the specification of a scene with room for so many sources, as an element."""
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
