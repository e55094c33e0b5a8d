"""AcouPipe's `DatasetSynthetic` as a random-access source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from acoupipe_grain import arguments
from acoupipe_grain.annotations import Hertz, Seconds
from acoupipe_grain.array.features import Feature, mode_by_name
from acoupipe_grain.array.measurement import MeasurementSetup
from acoupipe_grain.array.simulated_source import SimulatedSource
from acoupipe_grain.compat.acoupipe_scaling import with_acoupipe_scaling
from acoupipe_grain.compat.acoupipe_scenes import AcouPipeScenes
from acoupipe_grain.errors import ArgumentError

SCALINGS = ("physical", "acoupipe")
NOISE_SEED_OFFSET = 1000


class AcouPipeSource(SimulatedSource):
    """The records of AcouPipe's ``DatasetSynthetic``: the same scenes and waveforms for the same index.

    ``source[i]`` is what ``DatasetSynthetic(...).generate(split=..., start_idx=i, size=1)`` simulates, in AcouPipe of
    May 2025; its random spectra are not reproduced: mode "wishart" draws as that of `SyntheticSource` does.

    Parameters
    ----------
    num_records, split, setup, min_nsources, max_nsources, mic_pos_noise, mic_sig_noise, snap_to_grid
        As for `AcouPipeScenes`; the scenes are ``source.inputs``.
    signal_length, random_signal_length
        As for `AcouPipeScenes`.
    mode
        "welch" or "analytic": as in AcouPipe. "wishart": this package's random matrices about AcouPipe's scenes.
    engine, features, num, upsampling
        As for `SyntheticSource`; AcouPipe's waveforms are simulated by Acoular only.
    f
        Frequency or frequencies, Hz. None: all bins. With `scaling` "acoupipe" and single lines: frequencies of bins.
    scaling
        "physical": spectra and labels as everywhere in this package. "acoupipe": as AcouPipe scales them (labels and
        analytic matrices p²/F per bin, doubled lines at DC and Nyquist).

    Raises
    ------
    ArgumentError
        If a value has the wrong type or range, or a feature is not available.
    RecordIndexError
        For an index outside 0 ... num_records − 1, negative ones included.
    """

    def __init__(
        self,
        num_records: int = 10_000,
        *,
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
        scaling: str = "physical",
        min_nsources: int = 1,
        max_nsources: int = 10,
        mic_pos_noise: bool = True,
        mic_sig_noise: bool = True,
        snap_to_grid: bool = False,
        signal_length: Seconds = 5.0,
        random_signal_length: bool = False,
        upsampling: int | None = None,
    ) -> None:
        scenes = AcouPipeScenes(
            num_records,
            split=split,
            setup=setup,
            min_nsources=min_nsources,
            max_nsources=max_nsources,
            mic_pos_noise=mic_pos_noise,
            mic_sig_noise=mic_sig_noise,
            snap_to_grid=snap_to_grid,
            signal_length=signal_length,
            random_signal_length=random_signal_length,
        )
        self.scaling = arguments.choice("scaling", scaling, SCALINGS)
        chosen = mode_by_name(mode)
        if self.scaling == "acoupipe" and chosen.name == "wishart":
            raise ArgumentError(
                "scaling='acoupipe', mode='wishart': AcouPipe's random matrices are not reproduced; use "
                "scaling='physical' for this package's draws about AcouPipe's scenes, or another mode."
            )
        if chosen.is_time_domain and engine == "jax":
            raise ArgumentError(
                "engine='jax', mode='welch': draws waveforms of its own, not AcouPipe's; use engine='acoular', or "
                "SyntheticSource."
            )
        super().__init__(
            scenes,
            AcouPipeNoise(scenes),
            with_acoupipe_scaling(chosen) if self.scaling == "acoupipe" else chosen,
            engine=engine,
            features=features,
            f=f,
            num=num,
            upsampling=upsampling,
        )
        if self.scaling == "acoupipe" and self.num == 0:
            _require_bins(self.setup, self.f or [])

    @property
    def parameters(self) -> dict[str, Any]:
        """The constructor's arguments: JSON values, or objects with `to_json`."""
        return super().parameters | {"scaling": self.scaling}

    def _scene(self, index: int) -> Mapping[str, np.ndarray]:
        """Return the scene in double precision: delays are rounded as in AcouPipe."""
        return self.inputs.draw(index)


@dataclass(frozen=True)
class AcouPipeNoise:
    """AcouPipe's waveforms: white noise of NumPy's legacy generator, one seed for each source and microphone."""

    scenes: AcouPipeScenes

    def sources(self, index: int, num_sources: int, num_samples: int) -> Float[np.ndarray, "source sample"]:
        """Return the signal of each source, float32, shape (num_sources, num_samples)."""
        return _noise(self.scenes.signal_seed(index), num_sources, num_samples)

    def noise(self, index: int, num_samples: int, num_mics: int) -> Float[np.ndarray, "sample mic"]:
        """Return the sensor noise of each microphone, float32, shape (num_samples, num_mics)."""
        first = self.scenes.signal_seed(index) + NOISE_SEED_OFFSET
        return np.ascontiguousarray(_noise(first, num_mics, num_samples).T)


def _noise(first_seed: int, count: int, num_samples: int) -> Float[np.ndarray, "channel sample"]:
    channels = np.empty((count, num_samples), dtype=np.float32)
    for number in range(count):
        channels[number] = np.random.RandomState(first_seed + number).standard_normal(num_samples)
    return channels


def _require_bins(setup: MeasurementSetup, frequencies: Sequence[float]) -> None:
    """Refuse frequencies between bins: AcouPipe takes the next higher bin, this package the nearest."""
    bins = setup.bin_frequencies.tolist()
    for frequency in frequencies:
        nearest, higher = int(np.argmin(np.abs(np.subtract(bins, frequency)))), int(np.searchsorted(bins, frequency))
        if abs(bins[nearest] - frequency) > 1e-6 * bins[1]:
            raise ArgumentError(
                f"f={frequency:g}: between bins, of which AcouPipe takes the next higher one ({bins[higher]!r} Hz) and "
                f"this package the nearest ({bins[nearest]!r} Hz); give the frequency of a bin."
            )
