"""Simulated microphone-array recordings as a random-access source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from acoupipe_grain.annotations import Hertz, Meters, Seconds, Unit
from acoupipe_grain.array.distributions import Drawn
from acoupipe_grain.array.features import Feature, mode_by_name
from acoupipe_grain.array.locations import LocationsLike
from acoupipe_grain.array.measurement import MeasurementSetup
from acoupipe_grain.array.radiation import DirectivityLike, FlowLike, SignalsLike, TrajectoriesLike, as_radiation
from acoupipe_grain.array.scene_radiation import SceneRadiation
from acoupipe_grain.array.scenes import SceneSource
from acoupipe_grain.array.signals import WhiteNoise
from acoupipe_grain.array.simulated_source import SimulatedSource


class SyntheticSource(SimulatedSource):
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
        How the cross-spectral matrix comes about. "welch": Welch's estimate from simulated time signals. "analytic":
        its limit for long blocks, without estimated labels. "wishart": a random matrix, distributed about that limit as
        Welch's estimate of a recording of this length.
    engine
        Who simulates in mode "welch". "acoular": record by record, with rounded delays. "jax": whole batches in one
        jitted call (`compute_batch`), with exact delays; its noise is another, and so is white noise of sources. Modes
        "analytic" and "wishart" have one implementation, in JAX.
    features
        Registered names, `feature` objects, or mappings of name, label and options.
    f
        Frequency or frequencies, Hz. None: all bins.
    num
        0: the line nearest each `f`; n: the 1/n-octave band around each `f`, summed in power.
    upsampling
        Delays are rounded to 1/`upsampling` sample in mode "welch". None: with Acoular 16, its default; in JAX exact.
    locations, nsources, strengths, noise, signal_lengths, mic_displacement
        As for `SceneSource`.
    signals
        What sources radiate: `ColoredNoise`, `Tones`, `Sweeps`, `CorrelatedNoise`, or mappings such as
        ``{"kind": "colored_noise", "exponent": 1}``; a source of audio (its records are drawn for the sources of a
        scene); or a function ``fn(rng, num_samples)`` or an object with ``excerpt(index, source, num_samples)`` that
        gives each source's samples. All are scaled to the source's strength. None: independent white noise.
    trajectories
        What sources move along, from their positions on: `LinearTrajectory`, `CircularTrajectory`, `SplineTrajectory`,
        mappings such as ``{"kind": "circle", "radius": 0.1, "rate": 0.5}``, or a function ``fn(rng, position,
        duration)``. Their strength is that at the reference position before they move. None: they rest.
    directivity
        `Dipole` or `SphericalHarmonics`, by name ("dipole") or as a mapping; the strength is that of a source whose
        axis points to the reference position. None: monopoles.
    flow
        `UniformFlow`, or a mapping such as ``{"mach": 0.1, "direction": [1, 0, 0]}``. None: the medium rests. Maps are
        steered as if it did.

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
        signals: SignalsLike = None,
        trajectories: TrajectoriesLike = None,
        directivity: DirectivityLike = None,
        flow: FlowLike = None,
    ) -> None:
        scenes = SceneSource(
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
        special = as_radiation(scenes, signals=signals, trajectories=trajectories, directivity=directivity, flow=flow)
        radiation = None if special is None else SceneRadiation(scenes, special)
        super().__init__(
            scenes,
            WhiteNoise(scenes.streams) if radiation is None else radiation,
            mode_by_name(mode),
            engine=engine,
            features=features,
            f=f,
            num=num,
            upsampling=upsampling,
            radiation=radiation,
        )
