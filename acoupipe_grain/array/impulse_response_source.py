"""Recordings of sources that are heard through measured or simulated impulse responses, as a random-access source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from acoupipe_grain.annotations import Hertz, Meters, Seconds, Unit
from acoupipe_grain.array import geometry
from acoupipe_grain.array.distributions import Drawn
from acoupipe_grain.array.features import Feature, mode_by_name, resolve_bands
from acoupipe_grain.array.locations import LocationsLike, as_locations
from acoupipe_grain.array.measured_locations import MeasuredLocations
from acoupipe_grain.array.measurement import MeasurementSetup
from acoupipe_grain.array.radiation import Radiation, SignalsLike, as_radiation
from acoupipe_grain.array.response_kinds import ResponsesLike, as_response_set
from acoupipe_grain.array.responses.response_set import ResponseSet
from acoupipe_grain.array.scene_responses import SceneResponses
from acoupipe_grain.array.scenes import SceneSource
from acoupipe_grain.array.simulated_source import SimulatedSource
from acoupipe_grain.errors import ArgumentError

_FIXED = ("snap_to_grid", "mic_displacement", "upsampling")
"""Arguments of `SyntheticSource` that have no meaning here."""


class ImpulseResponseSource(SimulatedSource):
    """Recordings of random scenes in measured or simulated rooms, as features: deterministic, thread-safe, picklable.

    As `SyntheticSource`, but sound gets from sources to microphones through impulse responses, all reflections
    included. Sources are at measured points: the nearest to positions that are drawn, never two at the same. All
    responses of a source are scaled by 1/√E, E = Σ h_ref², h_ref being its response to the microphone at the reference
    position: of white noise, the mean square there is the source's strength p². Responses stay causal. Signals are
    periodic over the recording.

    ``source_strength`` is a source's contribution to the reference microphone's auto-power in each line of the
    cross-spectral matrix: p² (2/N) |H_ref|²/E in modes "analytic" and "wishart", H_ref being the Fourier transform of
    the whole response; in mode "welch" what Welch's estimate is on average, p² (2/N) Σ_l ρ_w(l) r_ref(l) e^{−jωl},
    r_ref the autocorrelation of h_ref over E and ρ_w that of the window. For blocks much longer than the responses both
    are the same. `expected_welch_csm` has the other elements of the matrix.

    Parameters
    ----------
    responses
        `ImpulseResponses`, the path of a file with them (`ImpulseResponses.load`), or `ShoeboxRooms`; in files a path,
        or a mapping with the path and other arguments of `ImpulseResponses.load`, or with ``kind: shoebox_rooms``.
    num_records, seed, split
        As for `SyntheticSource`.
    setup
        A `MeasurementSetup`, or a mapping of its arguments. Of measured responses microphones, sampling rate and speed
        of sound are those of the measurement, the grid is that of its points. None: also the rest as by default.
    mode
        As for `SyntheticSource`.
    engine
        Who simulates in mode "welch". "acoular": record by record, but convolved by SciPy, as Acoular's convolution
        leaves most of a response out. "jax": whole batches in one jitted call (`compute_batch`).
    features, f, num
        As for `SyntheticSource`.
    min_nsources, max_nsources, mic_sig_noise, min_source_distance
        As for `SyntheticSource`.
    mic_pos_noise
        Only False: microphones are where the responses were measured.
    signal_length, random_signal_length
        As for `SyntheticSource`; recordings are at least as long as a block and a response.
    locations
        As for `SyntheticSource`, before sources move to the nearest measured points.
    nsources, strengths, noise, signal_lengths, signals
        As for `SyntheticSource`. Other signals than white noise are scaled alike: their strength is the mean square
        that white noise of the same power has at the reference position.

    Raises
    ------
    ArgumentError
        If a value has the wrong type or range, does not agree with the responses, or a feature is not available.
    RecordIndexError
        For an index outside 0 ... num_records − 1, negative ones included.
    DataError
        If responses cannot be read, are not finite, or are zero at the reference microphone.
    """

    def __init__(
        self,
        responses: ResponsesLike,
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
        mic_pos_noise: bool = False,
        mic_sig_noise: bool = True,
        min_source_distance: Meters | None = None,
        signal_length: Seconds = 5.0,
        random_signal_length: bool = False,
        locations: LocationsLike = None,
        nsources: Drawn = None,
        strengths: Annotated[Drawn, Unit("Pa^2")] = None,
        noise: Drawn = None,
        signal_lengths: Annotated[Drawn, Unit("s")] = None,
        signals: SignalsLike = None,
    ) -> None:
        if mic_pos_noise is not False:
            raise ArgumentError(
                f"mic_pos_noise={mic_pos_noise!r}: microphones are where the responses were measured; leave it out."
            )
        response_set = as_response_set(responses)
        setup = response_set.setup(setup)
        scenes = SceneSource(
            num_records,
            seed=seed,
            split=split,
            setup=setup,
            min_nsources=min_nsources,
            max_nsources=max_nsources,
            mic_pos_noise=False,
            mic_sig_noise=mic_sig_noise,
            min_source_distance=min_source_distance,
            signal_length=signal_length,
            random_signal_length=random_signal_length,
            locations=response_set.places(as_locations(locations, setup, max_nsources)),
            nsources=nsources,
            strengths=strengths,
            noise=noise,
            signal_lengths=signal_lengths,
        )
        response_set.check(setup, scenes.locations)
        _require_reference_mic(setup)
        _require_long_recordings(scenes, response_set)
        _require_points(scenes)
        radiation = as_radiation(scenes, signals=signals, trajectories=None, directivity=None, flow=None)
        lines = resolve_bands(setup, f, num).lines
        heard = SceneResponses(scenes, radiation or Radiation(), response_set, lines)
        super().__init__(
            scenes,
            heard,
            mode_by_name(mode),
            engine=engine,
            features=features,
            f=f,
            num=num,
            upsampling=None,
            radiation=heard,
        )

    @property
    def parameters(self) -> dict[str, Any]:
        """The constructor's arguments: JSON values, or objects with `to_json`."""
        given = {name: value for name, value in super().parameters.items() if name not in _FIXED}
        assert self._heard is not None
        return {"responses": self._heard.response_set} | given


def _require_reference_mic(setup: MeasurementSetup) -> None:
    if geometry.microphone_at(setup.reference, setup.mic_positions) is None:
        raise ArgumentError(
            f"setup.reference={setup.reference.tolist()}: no microphone is there, and strengths are those at a "
            "microphone, from the responses to it; give the position of one, or leave it out."
        )


def _require_long_recordings(scenes: SceneSource, response_set: ResponseSet) -> None:
    setup = scenes.setup
    needed = response_set.num_taps + setup.block_size
    if scenes.min_num_samples < needed:
        raise ArgumentError(
            f"signal_length: recordings may have {scenes.min_num_samples} samples; expected at least {needed}, a "
            f"response of {response_set.num_taps} and a block of {setup.block_size}, that is "
            f"{needed / setup.sample_rate:.4g} s. Use longer ones."
        )


def _require_points(scenes: SceneSource) -> None:
    """Refuse more sources than there are points that they can be at."""
    if isinstance(scenes.locations, MeasuredLocations):
        usable = len(scenes.locations.usable)
        if usable < scenes.max_nsources:
            raise ArgumentError(
                f"max_nsources={scenes.max_nsources}: there are only {usable} measured points for sources to be at; "
                "use fewer sources."
            )
