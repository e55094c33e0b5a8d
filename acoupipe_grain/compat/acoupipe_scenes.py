"""The scenes of AcouPipe's `DatasetSynthetic`, index by index."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from acoupipe_grain import arguments
from acoupipe_grain.annotations import Seconds
from acoupipe_grain.array import scene_checks
from acoupipe_grain.array.measurement import MeasurementSetup, as_setup
from acoupipe_grain.array.scenes import scene_spec
from acoupipe_grain.compat import acoupipe_draws as draws
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.identity import Identified
from acoupipe_grain.seeding import Streams
from acoupipe_grain.specs import ArraySpec, Element, stack_elements
from acoupipe_grain.workers import StartsGrainWorkers

SIGNAL_LENGTH_RANGE = (1.0, 10.0)  # s


class AcouPipeScenes(Identified, StartsGrainWorkers):
    """The scenes that AcouPipe's ``DatasetSynthetic`` draws for an index: deterministic, thread-safe, picklable.

    Elements are those of `SceneSource`, in float32; `draw` gives them in double precision as they are simulated.
    ``seeds`` begins with the seed of the record's waveforms.

    Parameters
    ----------
    num_records
        Number of records, 1 ... 10⁷.
    split
        "training" or "validation". (AcouPipe's test split has seeds beyond 64 bits.)
    setup
        A `MeasurementSetup` or a mapping of its arguments. None: AcouPipe's default array and grid. Sources lie within
        half an aperture of the origin in x and y, whatever the grid's extent.
    min_nsources
        Smallest number of sources.
    max_nsources
        Largest number of sources, and the room for sources in elements.
    mic_pos_noise
        Whether microphones are displaced in x and y (normal, 1 mm).
    mic_sig_noise
        Whether there is sensor noise, of power ν Σ p² per microphone.
    snap_to_grid
        Whether sources sit on grid points; several may share one.
    signal_length
        Length of the recording, s; not used with `random_signal_length`.
    random_signal_length
        Whether the length is drawn instead, uniform in (1, 10) s.

    Raises
    ------
    ArgumentError
        If a value has the wrong type or range.
    RecordIndexError
        For an index outside 0 ... num_records − 1, negative ones included.
    """

    read_options: Mapping[str, int] = {"num_threads": 0, "prefetch_buffer_size": 0}
    """Options of `grain.ReadOptions`: a scene is cheaper than the threads that would run ahead."""

    def __init__(
        self,
        num_records: int = 10_000,
        *,
        split: str = "training",
        setup: MeasurementSetup | Mapping[str, Any] | None = None,
        min_nsources: int = 1,
        max_nsources: int = 10,
        mic_pos_noise: bool = True,
        mic_sig_noise: bool = True,
        snap_to_grid: bool = False,
        signal_length: Seconds = 5.0,
        random_signal_length: bool = False,
    ) -> None:
        self.num_records = arguments.integer("num_records", num_records, minimum=1, maximum=draws.KEY_STRIDE)
        if split == "test":
            raise ArgumentError(
                "split='test': the seeds of AcouPipe's test split are beyond 64 bits, its data cannot be stored; use "
                "'training' or 'validation'."
            )
        self.split = arguments.choice("split", split, draws.OFFSETS)
        self.setup = as_setup(setup)
        self.min_nsources = arguments.integer("min_nsources", min_nsources, minimum=1)
        self.max_nsources = arguments.integer("max_nsources", max_nsources, minimum=1)
        if self.max_nsources < self.min_nsources:
            raise ArgumentError(f"max_nsources={max_nsources}: must be at least min_nsources={min_nsources}.")
        self.mic_pos_noise = arguments.flag("mic_pos_noise", mic_pos_noise)
        self.mic_sig_noise = arguments.flag("mic_sig_noise", mic_sig_noise)
        self.snap_to_grid = arguments.flag("snap_to_grid", snap_to_grid)
        self._require_reachable_plane()
        self.signal_length = arguments.number("signal_length", signal_length, above=0, unit="s")
        self.random_signal_length = arguments.flag("random_signal_length", random_signal_length)
        lengths = SIGNAL_LENGTH_RANGE if self.random_signal_length else (self.signal_length, self.signal_length)
        given = f"random_signal_length=True ({lengths} s)" if random_signal_length else f"signal_length={lengths[0]}"
        scene_checks.require_usable_length(self.setup, given, lengths, (0.0, 0.0))

    def _require_reachable_plane(self) -> None:
        """Refuse planes that AcouPipe's bounds exclude: there, it would redraw forever."""
        expected = self.setup.aperture / 2
        if not self.snap_to_grid and abs(self.setup.grid.z - expected) > 1e-9 * expected:
            raise ArgumentError(
                f"setup: the grid is at z={self.setup.grid.z!r}; AcouPipe's sources lie at half the aperture, "
                f"z={expected!r} m, unless snap_to_grid=True."
            )

    @property
    def max_num_samples(self) -> int:
        """Length of the longest recording in samples."""
        return self._num_samples(SIGNAL_LENGTH_RANGE[1] if self.random_signal_length else self.signal_length)

    def _num_samples(self, seconds: float) -> int:
        return int(seconds * self.setup.sample_rate)  # fractions of a sample are dropped, as there

    @property
    def element_spec(self) -> dict[str, ArraySpec]:
        """Specification of every array of an element."""
        return scene_spec(self.max_nsources, self.setup.num_mics)

    @property
    def parameters(self) -> dict[str, Any]:
        """The constructor's arguments: JSON values, or objects with `to_json`."""
        names = ("num_records", "split", "setup", "min_nsources", "max_nsources", "mic_pos_noise", "mic_sig_noise")
        others = ("snap_to_grid", "signal_length", "random_signal_length")
        return {name: getattr(self, name) for name in (*names, *others)}

    def __len__(self) -> int:
        return self.num_records

    def __getitem__(self, index: int) -> Element:
        drawn = self.draw(index)
        return {name: np.array(drawn[name], spec.dtype, order="C") for name, spec in self.element_spec.items()}

    def batch(self, indices: Sequence[int] | range) -> Element:
        """Return the stacked scenes of `indices`."""
        return stack_elements(self[int(index)] for index in indices)

    def draw(self, index: int) -> dict[str, np.ndarray]:
        """Return the scene of an index in double precision, padded with zeros as elements are."""
        index = arguments.record_index(index, self.num_records)
        count = draws.num_sources(self._generator(draws.NUM_SOURCES, index), self.min_nsources, self.max_nsources)
        drawn = draws.strengths(self._generator(draws.STRENGTHS, index), self.max_nsources, count)
        strengths, positions = np.zeros(self.max_nsources), np.zeros((3, self.max_nsources))
        strengths[:count] = drawn
        rng = self._generator(draws.POSITIONS, index)
        positions[:, :count] = draws.positions(rng, self.setup, count, self.snap_to_grid)
        mics = self.setup.mic_positions
        if self.mic_pos_noise:
            mics = draws.mic_positions(self._generator(draws.MIC_POSITIONS, index), mics)
        noise_power = 0.0
        if self.mic_sig_noise:
            noise_power = drawn.sum() * draws.noise_ratio(self._generator(draws.NOISE_RATIO, index))
        seconds = self.signal_length
        if self.random_signal_length:
            seconds = draws.signal_length(self._generator(draws.SIGNAL_LENGTH, index))
        streams = Streams(self.signal_seed(index), self.split)
        return {
            "positions": positions,
            "strengths": strengths,
            "mic_positions": mics,
            "noise_power": np.array(noise_power),
            "num_samples": np.array(self._num_samples(seconds), dtype=np.int32),
            "key": streams.jax_keys([index])[0],
            "seeds": streams.identity([index])[0],
            "idx": np.array(index, dtype=np.int32),
            "num_sources": np.array(count, dtype=np.int32),
            "source_mask": np.arange(self.max_nsources) < count,
        }

    def signal_seed(self, index: int) -> int:
        """Return the seed s of a record's waveforms: source j has s + j, microphone m's noise s + 1000 + m."""
        return draws.signal_seed(self._generator(draws.SIGNAL_SEED, index))

    def _generator(self, quantity: int, index: int) -> np.random.Generator:
        return draws.generator(self.split, quantity, index)
