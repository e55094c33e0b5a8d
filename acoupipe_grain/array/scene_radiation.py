"""What the sources of given scenes radiate: signals, paths and axes, drawn for each scene from its own streams."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32

from acoupipe_grain.array.radiation import Radiation
from acoupipe_grain.array.scenes import SceneSource
from acoupipe_grain.array.signals import SignalRecord, WhiteNoise, correlation_factor, expected_line_powers
from acoupipe_grain.array.simulate.emission import block_positions
from acoupipe_grain.array.trajectories import Path
from acoupipe_grain.array.trajectories.path_checks import require_usable_paths
from acoupipe_grain.specs import ArraySpec, stack_elements

Scene = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class SceneRadiation:
    """How the sources of given scenes radiate.

    Attributes
    ----------
    scenes
        The scenes.
    radiation
        How their sources radiate.
    """

    scenes: SceneSource
    radiation: Radiation

    @property
    def part_spec(self) -> dict[str, ArraySpec]:
        """Specification of everything that `part` returns."""
        scenes, setup, size = self.scenes, self.scenes.setup, self.scenes.max_nsources
        num_blocks = int(setup.num_blocks(scenes.max_num_samples))
        return {
            "waveforms": ArraySpec((size, scenes.max_num_samples), "float32", ("source", "sample"), "1"),
            "signal_line_powers": ArraySpec((setup.num_bins, size), "float32", ("bin", "source"), "1"),
            "source_mixing": ArraySpec((size, size), "float32", ("source", "signal"), "1"),
            "directions": ArraySpec((3, size), "float32", ("xyz", "source"), "1"),
            "block_positions": ArraySpec((num_blocks, 3, size), "float32", ("block", "xyz", "source"), "m"),
        }

    def given(self, is_time_domain: bool) -> tuple[str, ...]:
        """Return the names of the parts that features compute from, in modes of the time domain or the others."""
        del is_time_domain  # the same in both
        return self.radiation.given

    def part(self, name: str, scene: Scene) -> np.ndarray:
        """Return one of the quantities in `part_spec` of a scene; zeros for padding.

        ============================== ==========================================================================
        waveforms (J_max, T)           what sources radiate, of unit power, a whole period
        signal_line_powers (F, J_max)  expected power of each source in each bin at the reference, by its strength
        source_mixing (J_max, J_max)   what each source takes of independent signals: R = L Lᵀ are correlations
        directions (3, J_max)          axes of the sources' directivity
        block_positions (B, 3, J_max)  where each source was when it radiated what the reference hears mid-block
        ============================== ==========================================================================
        """
        parts: dict[str, Callable[[Scene], np.ndarray]] = {
            "waveforms": self._waveforms,
            "signal_line_powers": self._line_powers,
            "source_mixing": self._mixing,
            "directions": self.directions,
            "block_positions": self._block_positions,
        }
        return padded_part(self.part_spec[name], parts[name](scene))

    def parts(self, names: Collection[str], scene: Scene) -> dict[str, np.ndarray]:
        """Return several of the quantities in `part_spec` of a scene."""
        return {name: self.part(name, scene) for name in names}

    def stacked_parts(self, names: Collection[str], scenes: Scene) -> dict[str, np.ndarray]:
        """Return several of the quantities in `part_spec` of stacked scenes."""
        rows = ({name: array[row] for name, array in scenes.items()} for row in range(len(scenes["idx"])))
        return stack_elements(self.parts(names, scene) for scene in rows) if names else {}

    def sources(self, index: int, num_sources: int, num_samples: int) -> Float32[np.ndarray, "source sample"]:
        """Return the waveform of each source: white noise of `num_samples`, or a whole period of other signals."""
        if self.radiation.signals is None:
            return WhiteNoise(self.scenes.streams).sources(index, num_sources, num_samples)
        return self.radiation.signals.waveforms(self._record(index, num_sources))

    def noise(self, index: int, num_samples: int, num_mics: int) -> Float32[np.ndarray, "sample mic"]:
        """Return the sensor noise of each microphone."""
        return WhiteNoise(self.scenes.streams).noise(index, num_samples, num_mics)

    def paths(self, scene: Scene) -> list[Path]:
        """Return what each source moves along; that of the longest recording, however short the scene's is."""
        assert self.radiation.trajectories is not None
        scenes, setup, index = self.scenes, self.scenes.setup, int(scene["idx"])
        longest = scenes.max_num_samples
        drawn = scenes.streams, index, _positions(scene), scenes.max_nsources, longest / setup.sample_rate
        paths = self.radiation.trajectories.paths(*drawn)
        require_usable_paths(setup, paths, scene["mic_positions"], longest, index)
        return paths

    def directions(self, scene: Scene) -> Float[np.ndarray, "3 source"]:
        """Return the axis of each source's directivity, unit vectors."""
        assert self.radiation.directivity is not None
        scenes = self.scenes
        drawn = scenes.streams, int(scene["idx"]), _positions(scene)
        return self.radiation.directivity.directions(*drawn, scenes.setup.reference)

    def _record(self, index: int, num_sources: int) -> SignalRecord:
        scenes = self.scenes
        length = scenes.max_num_samples, scenes.setup.sample_rate
        return SignalRecord(scenes.streams, index, num_sources, scenes.max_nsources, *length)

    def _record_of(self, scene: Scene) -> SignalRecord:
        return self._record(int(scene["idx"]), int(scene["num_sources"]))

    def _waveforms(self, scene: Scene) -> Float32[np.ndarray, "source sample"]:
        return self.sources(int(scene["idx"]), int(scene["num_sources"]), self.scenes.max_num_samples)

    def _line_powers(self, scene: Scene) -> Float[np.ndarray, "bin source"]:
        setup = self.scenes.setup
        powers = expected_line_powers(self.autocorrelations(scene, setup.block_size), setup)
        if self.radiation.directivity is None:
            return powers
        sources = zip(_positions(scene).T, self.directions(scene).T, strict=True)
        at_reference = [self.radiation.directivity.reference_power(*source, setup.reference) for source in sources]
        return powers * np.array(at_reference)

    def autocorrelations(self, scene: Scene, num_lags: int) -> Float[np.ndarray, "source lag"]:
        """Return the expected autocorrelation of what each source radiates, 1 at lag 0."""
        if self.radiation.signals is not None:
            return self.radiation.signals.autocorrelations(self._record_of(scene), num_lags)
        white = np.zeros((int(scene["num_sources"]), num_lags))
        white[:, 0] = 1
        return white

    def _mixing(self, scene: Scene) -> Float[np.ndarray, "source signal"]:
        assert self.radiation.signals is not None
        return correlation_factor(self.radiation.signals.correlations(self._record_of(scene)))

    def _block_positions(self, scene: Scene) -> Float32[np.ndarray, "block 3 source"]:
        size = self.scenes.max_nsources
        return block_positions(self.scenes.setup, self.paths(scene), int(scene["num_samples"]), size)


def padded_part(spec: ArraySpec, given: np.ndarray) -> np.ndarray:
    """Return a quantity of the scene's sources with zeros for those that it has not."""
    padded = np.zeros([size or 0 for size in spec.shape], spec.dtype)
    padded[tuple(slice(size) for size in given.shape)] = given
    return padded


def _positions(scene: Scene) -> Float[np.ndarray, "3 source"]:
    """Return the positions of the scene's sources, without padding, m."""
    return scene["positions"][:, : int(scene["num_sources"])].astype(np.float64)
