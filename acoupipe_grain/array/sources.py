"""Simulated microphone-array recordings as a random-access source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from acoupipe_grain import arguments, workers
from acoupipe_grain.annotations import Hertz, Meters, Seconds, Unit
from acoupipe_grain.array.distributions import Drawn
from acoupipe_grain.array.features import (
    Feature,
    FeatureComputation,
    FeatureGraph,
    listed_frequencies,
    mode_by_name,
    resolve_bands,
    resolve_features,
)
from acoupipe_grain.array.features.builtin import ALWAYS, LENGTH
from acoupipe_grain.array.features.modes import RECORDING_QUANTITIES
from acoupipe_grain.array.identity import Identified
from acoupipe_grain.array.locations import LocationsLike
from acoupipe_grain.array.measurement import MeasurementSetup
from acoupipe_grain.array.scenes import SceneSource
from acoupipe_grain.array.simulate.acoular import DEFAULT_UPSAMPLING, simulate
from acoupipe_grain.memory import require_memory
from acoupipe_grain.specs import ArraySpec, Element, element_num_bytes

ENGINES = ("acoular",)
MAX_UPSAMPLING = 4096


class SyntheticSource(Identified, workers.StartsGrainWorkers):
    """Simulated recordings of random scenes, as features: deterministic, thread-safe, picklable.

    ``source[i]`` draws the scene of index i, simulates the array and computes the features. It depends on the
    configuration, the seed, the split and i alone. Elements are flat dicts of arrays of fixed shape; sources come
    in the order drawn, padded with zeros to `max_nsources`. Every element carries ``idx``, ``num_sources`` and
    ``source_mask``, with `random_signal_length` also ``num_samples``.

    Parameters
    ----------
    num_records, seed, split, setup
        As for `SceneSource`.
    min_nsources, max_nsources, mic_pos_noise, mic_sig_noise, snap_to_grid, min_source_distance
        As for `SceneSource`; the scenes are ``source.inputs``.
    signal_length, random_signal_length
        As for `SceneSource`.
    mode
        "welch": time signals, and Welch's estimate of their cross-spectral matrix.
    engine
        "acoular": Acoular simulates the time signals.
    features
        Registered names, `feature` objects, or mappings of name, label and options.
    f
        Frequency or frequencies, Hz. None: all bins.
    num
        0: the line nearest each `f`; n: the 1/n-octave band around each `f`, summed in power.
    upsampling
        Delays are rounded to 1/`upsampling` sample. None: 16, Acoular's default.
    locations, nsources, strengths, noise, signal_lengths, mic_displacement
        As for `SceneSource`.

    Raises
    ------
    ArgumentError
        If a value has the wrong type or range, or a feature is not available.
    RecordIndexError
        For an index outside 0 ... num_records − 1, negative ones included.
    """

    compute_batch = None
    """The Acoular engine has no batched path: elements come complete from ``source[i]``."""

    read_options: Mapping[str, int] = {"num_threads": 0, "prefetch_buffer_size": 0}
    """Options of `grain.ReadOptions`: simulating ahead in threads would fill memory and not be faster."""

    def __init__(
        self,
        num_records: int = 10_000,
        *,
        seed: int = 0,
        split: str = "training",
        setup: MeasurementSetup | Mapping[str, Any] | None = None,
        mode: str = "welch",
        engine: str = "acoular",
        features: str | Feature | Mapping[str, Any] | Sequence[str | Feature | Mapping[str, Any]] = (
            "sourcemap",
            "loc",
            "source_strength_analytic",
        ),
        f: Hertz | Sequence[Hertz] | None = None,
        num: int = 0,
        min_nsources: int = 1,
        max_nsources: int = 10,
        mic_pos_noise: bool = True,
        mic_sig_noise: bool = True,
        snap_to_grid: bool = False,
        min_source_distance: Meters | None = None,
        signal_length: Seconds = 5.0,
        random_signal_length: bool = False,
        upsampling: int | None = None,
        locations: LocationsLike = None,
        nsources: Drawn = None,
        strengths: Annotated[Drawn, Unit("Pa^2")] = None,
        noise: Drawn = None,
        signal_lengths: Annotated[Drawn, Unit("s")] = None,
        mic_displacement: Annotated[Drawn, Unit("m")] = None,
    ) -> None:
        self.inputs = SceneSource(
            num_records,
            seed=seed,
            split=split,
            setup=setup,
            min_nsources=min_nsources,
            max_nsources=max_nsources,
            mic_pos_noise=mic_pos_noise,
            mic_sig_noise=mic_sig_noise,
            snap_to_grid=snap_to_grid,
            min_source_distance=min_source_distance,
            signal_length=signal_length,
            random_signal_length=random_signal_length,
            locations=locations,
            nsources=nsources,
            strengths=strengths,
            noise=noise,
            signal_lengths=signal_lengths,
            mic_displacement=mic_displacement,
        )
        quantities = mode_by_name(mode)
        self.mode = quantities.name
        self.engine = arguments.choice("engine", engine, ENGINES)
        self.upsampling = (
            DEFAULT_UPSAMPLING
            if upsampling is None
            else arguments.integer("upsampling", upsampling, minimum=1, maximum=MAX_UPSAMPLING)
        )
        self.setup = self.inputs.setup
        bands = resolve_bands(self.setup, f, num)
        self.f = listed_frequencies(f)
        self.num = bands.num
        always = (*ALWAYS, LENGTH) if random_signal_length else ALWAYS
        resolved = resolve_features(features, always)
        self.features = resolved[: len(resolved) - len(always)]
        self._graph = FeatureGraph(resolved, quantities, self.setup, bands)
        self._computation = FeatureComputation(self._graph)
        self.element_spec = self._graph.element_spec(self._input_spec())
        self._require_memory()

    def _require_memory(self) -> None:
        recording = sum(self._input_spec()[name].num_bytes for name in self._graph.inputs)
        require_memory(
            # Constants on the host and on the device; signals in two layouts.
            2 * (self._graph.num_constant_bytes + recording + element_num_bytes(self.element_spec)),
            f"one record ({self.setup.grid.size} grid points, {self.inputs.max_num_samples} samples)",
            "use fewer frequencies f, a coarser grid or a shorter signal_length",
        )

    def _input_spec(self) -> dict[str, ArraySpec]:
        scene = self.inputs
        length, num_mics = scene.max_num_samples, self.setup.num_mics
        return scene.element_spec | {
            "time_data": ArraySpec((length, num_mics), "float32", ("sample", "mic"), "Pa"),
            "reference_signals": ArraySpec((length, scene.max_nsources), "float32", ("sample", "source"), "Pa"),
            "noise_signals": ArraySpec((length, num_mics), "float32", ("sample", "mic"), "Pa"),
        }

    @property
    def parameters(self) -> dict[str, Any]:
        """The constructor's arguments: JSON values, or objects with `to_json`."""
        return self.inputs.parameters | {
            "mode": self.mode,
            "engine": self.engine,
            "features": [item.identity for item in self.features],
            "f": self.f,
            "num": self.num,
            "upsampling": self.upsampling,
        }

    def __len__(self) -> int:
        return len(self.inputs)

    def __getitem__(self, index: int) -> Element:
        scene = self.inputs[index]
        parts = [name for name in self._graph.inputs if name in RECORDING_QUANTITIES]
        recording = simulate(
            self.setup,
            scene,
            self.inputs.streams,
            upsampling=self.upsampling,
            parts=parts,
            max_num_samples=self.inputs.max_num_samples,
        )
        computed = self._computation(scene | recording._asdict())
        return {name: computed[name] for name in self.element_spec}
