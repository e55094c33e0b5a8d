"""What sources of simulated records share, wherever their scenes come from: simulation, features, identity."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import jax
import numpy as np

from acoupipe_grain import arguments, workers
from acoupipe_grain.array.features import (
    Bands,
    Feature,
    FeatureComputation,
    FeatureGraph,
    Mode,
    batch_computation,
    in_batches,
    listed_frequencies,
    resolve_bands,
    resolve_features,
)
from acoupipe_grain.array.features.builtin import ALWAYS, LENGTH
from acoupipe_grain.array.features.modes import (
    RECORDING_QUANTITIES,
    with_simulated_signals,
    with_simulated_spectra,
)
from acoupipe_grain.array.features.radiation_modes import with_given_waveforms, with_radiated
from acoupipe_grain.array.features.response_modes import with_received_signals, with_received_spectra
from acoupipe_grain.array.features.simulation_steps import have_spectra_without_signals
from acoupipe_grain.array.radiating_scenes import RadiatingScenes
from acoupipe_grain.array.scene_radiation import SceneRadiation
from acoupipe_grain.array.scene_responses import SceneResponses
from acoupipe_grain.array.signals import Waveforms
from acoupipe_grain.array.simulate.acoular import DEFAULT_UPSAMPLING, simulate
from acoupipe_grain.array.simulate.convolution import simulate_through
from acoupipe_grain.array.simulate.periodic_signals import Propagation
from acoupipe_grain.array.simulate.recording import Recording
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.identity import Identified
from acoupipe_grain.memory import require_memory
from acoupipe_grain.specs import ArraySpec, Element, element_num_bytes

FeaturesLike: TypeAlias = str | Feature | Mapping[str, Any] | Sequence[str | Feature | Mapping[str, Any]]
"""What `resolve_features` takes."""

_building = threading.Lock()
ENGINES = ("acoular", "jax")
MAX_UPSAMPLING = 4096
MAX_CONSTANT_BYTES = 512 * 2**20
"""What the constants of all features may take for batches to be computed in the way that is fastest but needs most."""


class SimulatedSource(Identified, workers.StartsGrainWorkers):
    """Scenes, simulated and turned into features.

    Parameters
    ----------
    scenes
        Source of scenes with the elements of `SceneSource`, its ``setup``, ``max_num_samples``, ``max_nsources`` and
        ``random_signal_length``; for JAX to simulate, also its ``has_default_displacements``.
    waveforms
        What radiates in the time domain.
    mode
        Which quantities there are, and the steps to the features.
    radiation
        How sources radiate, if not as independent white noise from monopoles at rest in free field; the waveforms are
        then its own.
    engine, features, f, num, upsampling
        As for `SyntheticSource`.
    """

    read_options: Mapping[str, int] = {"num_threads": 0, "prefetch_buffer_size": 0}
    """Options of `grain.ReadOptions`: simulating ahead in threads would fill memory and not be faster."""

    def __init__(
        self,
        scenes: Any,
        waveforms: Waveforms,
        mode: Mode,
        *,
        engine: str,
        features: FeaturesLike,
        f: float | Sequence[float] | None,
        num: int,
        upsampling: int | None,
        radiation: SceneRadiation | None = None,
    ) -> None:
        self.inputs = self._scenes = scenes
        self.setup = scenes.setup
        self.mode = mode.name
        self._waveforms = waveforms
        self._radiation = radiation
        self._heard = radiation if isinstance(radiation, SceneResponses) else None
        self.engine, self.upsampling = _checked_engine(mode, engine, upsampling)
        if radiation is not None:
            radiation.radiation.require_simulated(mode.name, mode.is_time_domain, self.engine)
            mode = with_radiated(mode, radiation.given(mode.is_time_domain), radiation.radiation.lacking)
        if self._heard is not None and not mode.is_time_domain:
            mode = with_received_spectra(mode, self._heard.reference_mic)
        bands = resolve_bands(self.setup, f, num)
        self.f = listed_frequencies(f)
        self.num = bands.num
        always = (*ALWAYS, LENGTH) if scenes.random_signal_length else ALWAYS
        resolved = resolve_features(features, always)
        self.features = resolved[: len(resolved) - len(always)]
        self._graph = self._feature_graph(resolved, mode, bands)
        if radiation is not None:
            # Labels of the time domain hold for responses, wherever else these are needed.
            is_heard_in_time = self._heard is not None and mode.is_time_domain
            needed = [*self._graph.inputs, *(("responses",) if is_heard_in_time else ())]
            self.inputs = RadiatingScenes(radiation, [part for part in radiation.part_spec if part in needed])
        self._batches: jax.tree_util.Partial | None = None
        self._computation = FeatureComputation(self._graph)
        self.element_spec = self._graph.element_spec(self._input_spec())
        self._require_memory()

    def _feature_graph(self, features: tuple[Feature, ...], mode: Mode, bands: Bands) -> FeatureGraph:
        """Return the features' graph: with time signals simulated outside of it, within it, or not at all."""
        if not mode.is_time_domain or self.engine == "acoular":
            return FeatureGraph(features, mode, self.setup, bands)
        propagation = Propagation(self.setup, self._scenes.max_num_samples, self.upsampling)
        if self._heard is not None:
            heard = with_received_signals(with_simulated_signals(mode, propagation), self._heard.reference_mic)
            has_signals = self._heard.radiation.signals is not None
            return FeatureGraph(features, with_given_waveforms(heard) if has_signals else heard, self.setup, bands)
        if self._radiation is not None:
            # Signals without time signals at the microphones leak: a share of the strong lines, into the weak ones.
            simulated = with_given_waveforms(with_simulated_signals(mode, propagation))
            return FeatureGraph(features, simulated, self.setup, bands)
        if have_spectra_without_signals(self.setup, bands) and self._scenes.has_default_displacements:
            graph = FeatureGraph(features, with_simulated_spectra(mode, propagation), self.setup, bands)
            # What is computed from time signals must belong to the spectra beside it.
            if not any(graph.uses(name) for name in RECORDING_QUANTITIES):
                return graph
        return FeatureGraph(features, with_simulated_signals(mode, propagation), self.setup, bands)

    def _require_memory(self) -> None:
        recording = sum(self._input_spec()[name].num_bytes for name in self._graph.inputs)
        require_memory(
            # Constants on the host and on the device; signals in two layouts.
            2 * (self._graph.num_constant_bytes + recording + element_num_bytes(self.element_spec))
            + self._graph.num_working_bytes(self._scenes.max_nsources),
            f"one record ({self.setup.grid.size} grid points, {self._scenes.max_num_samples} samples)",
            "use fewer frequencies f, a coarser grid or a shorter signal_length",
        )

    def _input_spec(self) -> dict[str, ArraySpec]:
        scene = self._scenes
        length, num_mics = scene.max_num_samples, self.setup.num_mics
        parts = {} if self._radiation is None else self._radiation.part_spec
        return (
            scene.element_spec
            | parts
            | {
                "time_data": ArraySpec((length, num_mics), "float32", ("sample", "mic"), "Pa"),
                "reference_signals": ArraySpec((length, scene.max_nsources), "float32", ("sample", "source"), "Pa"),
                "noise_signals": ArraySpec((length, num_mics), "float32", ("sample", "mic"), "Pa"),
            }
        )

    @property
    def parameters(self) -> dict[str, Any]:
        """The constructor's arguments: JSON values, or objects with `to_json`."""
        radiation = {} if self._radiation is None else self._radiation.radiation.parameters
        return (self._scenes.parameters | radiation) | {
            "mode": self.mode,
            "engine": self.engine,
            "features": [item.identity for item in self.features],
            "f": self.f,
            "num": self.num,
            "upsampling": self.upsampling,
        }

    @property
    def compute_batch(self) -> jax.tree_util.Partial | None:
        """The computation of whole batches of ``source.inputs``; None where Acoular simulates.

        Its features agree with those of ``source[i]`` to 1e-5 of their maximum (eigenvectors of close eigenvalues, and
        methods that choose a maximum, excepted).
        """
        if self.engine == "acoular":
            return None
        with _building:
            if self._batches is None:
                graph = replace(self._graph, mode=in_batches(self._graph.mode))
                if graph.num_constant_bytes > MAX_CONSTANT_BYTES:
                    graph = self._graph
                self._batches = batch_computation(graph, self._scenes.max_nsources)
            return self._batches

    def __getstate__(self) -> dict[str, Any]:
        return super().__getstate__() | {"_batches": None}

    def __len__(self) -> int:
        return len(self.inputs)

    def __getitem__(self, index: int) -> Element:
        quantities: Mapping[str, Any] = self._scene(index)
        if parts := [name for name in self._graph.inputs if name in RECORDING_QUANTITIES]:
            quantities = {**quantities, **self._recording(quantities, parts)._asdict()}
        computed = self._computation(quantities)
        return {name: computed[name] for name in self.element_spec}

    def _recording(self, scene: Mapping[str, np.ndarray], parts: Sequence[str]) -> Recording:
        """Return what is simulated of a scene outside of the features' graph."""
        length = self._scenes.max_num_samples
        if self._heard is not None:
            heard = scene["responses"], self._heard.reference_mic
            return simulate_through(*heard, scene, self._waveforms, parts=parts, max_num_samples=length)
        return simulate(
            self.setup,
            scene,
            self._waveforms,
            upsampling=self.upsampling or DEFAULT_UPSAMPLING,
            parts=parts,
            max_num_samples=length,
            radiation=self._radiation,
        )

    def _scene(self, index: int) -> Mapping[str, np.ndarray]:
        """Return the scene that is simulated."""
        return self.inputs[index]


def _checked_engine(mode: Mode, engine: Any, upsampling: Any) -> tuple[str, int | None]:
    """Return who simulates, and with which resolution of delays: None where there are no delays to round."""
    engine = arguments.choice("engine", engine, ENGINES)
    if not mode.is_time_domain:
        if upsampling is not None:
            raise ArgumentError(
                f"upsampling={upsampling!r}: mode={mode.name!r} has exact phases and no delays to round; leave it out."
            )
        return "jax", None
    if upsampling is None:
        return engine, DEFAULT_UPSAMPLING if engine == "acoular" else None
    return engine, arguments.integer("upsampling", upsampling, minimum=1, maximum=MAX_UPSAMPLING)
