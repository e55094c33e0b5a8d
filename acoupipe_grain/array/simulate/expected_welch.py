"""What Welch's estimate of a scene's cross-spectral matrix is on average: the yardstick for simulated recordings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Complex, Float
from scipy import fft

from acoupipe_grain import arguments
from acoupipe_grain.array.geometry import distances, microphone_at
from acoupipe_grain.array.measurement import MeasurementSetup, as_setup
from acoupipe_grain.array.signals import expected_line_powers
from acoupipe_grain.errors import ArgumentError

_SPECIAL = (
    "source_transfer",
    "signal_line_powers",
    "source_mixing",
    "waveforms",
    "directions",
    "block_positions",
)
"""What scenes have besides where sources are something else than white noise from monopoles at rest."""
_NEEDED = ("positions", "strengths", "mic_positions", "noise_power", "num_sources")


def expected_welch_csm(
    setup: MeasurementSetup | Mapping[str, Any] | None, scene: Mapping[str, np.ndarray], upsampling: int | None = None
) -> Complex[np.ndarray, "bin mic mic"]:
    """Return the expectation of Welch's cross-spectral matrix of a scene of white noise sources, Pa².

    E[C_mn(k)] = Σⱼ q_jk g_mj g_nj Σ_l ρ_w(l) sinc(l − Δ) e^{−jω_k l} + δ_mn N_k, where g = r₀/r is the spreading, Δ the
    difference of the two delays in samples, ρ_w the window's normalised autocorrelation, |l| < N, ω_k = 2πk/N. The
    windows of two microphones see pieces of the source that are Δ samples apart, so that coherence is lost off the
    diagonal; for blocks much longer than every Δ this is the matrix of mode "analytic" (except at the Nyquist
    frequency, where spectra are real). Independent of the length of the recording. Derived in docs/physics.md.

    Where sources are heard through impulse responses h of unit energy at the reference microphone, it is

    E[C_mn(k)] = Σⱼ q_jk Σ_l ρ_w(l) r_mn(l) e^{−jω_k l} + δ_mn N_k, r_mn(l) = Σ_i h_m(i + l) h_n(i).

    Parameters
    ----------
    setup
        Measurement setup, a mapping of its arguments, or None for the default.
    scene
        An element of `SceneSource`: ``positions`` (3, J), ``strengths`` (J,), ``mic_positions`` (3, M),
        ``noise_power`` (), ``num_sources`` (). Or one of the ``inputs`` of an `ImpulseResponseSource` of mode "welch",
        which also has ``responses`` (J, M, taps).
    upsampling
        Delays are rounded to 1/`upsampling` sample, as Acoular's point sources do. None: exact delays.

    Returns
    -------
    numpy.ndarray
        Shape (F, M, M), complex128, all bins of the setup.

    Raises
    ------
    ArgumentError
        If the scene lacks a quantity, or `upsampling` is not an integer of at least 1.
    """
    setup = as_setup(setup)
    if missing := [name for name in _NEEDED if name not in scene]:
        raise ArgumentError(f"scene: lacks {', '.join(missing)}; expected an element of a SceneSource.")
    responses = scene.get("responses")
    _require_white_noise(setup, scene)
    if upsampling is not None:
        upsampling = arguments.integer("upsampling", upsampling, minimum=1)
        if responses is not None:
            raise ArgumentError(f"upsampling={upsampling}: impulse responses have no delays to round; leave it out.")
    mics = np.asarray(scene["mic_positions"], dtype=np.float64)
    line_powers = np.full(setup.num_bins, 2.0 / setup.block_size)
    line_powers[[0, -1]] /= 2
    csm = np.zeros((setup.num_bins, mics.shape[1], mics.shape[1]), dtype=np.complex128)
    for number in range(int(scene["num_sources"])):
        strength = float(scene["strengths"][number])
        if responses is not None:
            csm += strength * _coherence_of_responses(setup, np.asarray(responses[number], dtype=np.float64))
            continue
        position = np.asarray(scene["positions"], dtype=np.float64)[:, number, None]
        spreading = distances(position, setup.reference[:, None]) / distances(position, mics)
        delays = distances(position, mics)[0] / setup.speed_of_sound * setup.sample_rate
        if upsampling is not None:
            delays = np.ceil(delays * upsampling - 0.5) / upsampling
        csm += strength * (spreading.T @ spreading) * _coherence(setup, delays)
    csm += float(scene["noise_power"]) * np.eye(mics.shape[1])
    return csm * line_powers[:, None, None]


def _require_white_noise(setup: MeasurementSetup, scene: Mapping[str, np.ndarray]) -> None:
    """Refuse scenes of which something else is known than what this expectation is made of."""
    is_heard = "responses" in scene
    special = [name for name in _SPECIAL if name in scene and not (is_heard and name == "signal_line_powers")]
    if is_heard and "signal_line_powers" in scene:
        count = int(scene["num_sources"])
        reference = _reference_mic(setup)
        heard = np.asarray(scene["responses"])[:count, reference].astype(np.float64)
        length = fft.next_fast_len(heard.shape[-1] + setup.block_size, real=True)
        correlations = fft.irfft(np.abs(fft.rfft(heard, length)) ** 2, length)[:, : setup.block_size]
        powers = expected_line_powers(correlations, setup)
        if not np.allclose(
            scene["signal_line_powers"][:, :count], powers, rtol=1e-3, atol=1e-6 * powers.max(initial=0)
        ):
            special.append("signal_line_powers")
    if special:
        raise ArgumentError(
            f"scene: has {', '.join(special)}; expected white noise of monopoles at rest, that is inputs of mode "
            "'welch' without signals, trajectories, directivity and flow."
        )


def _reference_mic(setup: MeasurementSetup) -> int:
    number = microphone_at(setup.reference, setup.mic_positions)
    if number is None:
        raise ArgumentError(
            f"setup.reference={setup.reference.tolist()}: no microphone is there; give the setup of the source that "
            "the scene with responses is of."
        )
    return number


def _coherence(setup: MeasurementSetup, delays: Float[np.ndarray, " mic"]) -> Complex[np.ndarray, "bin mic mic"]:
    """Return Σ_l ρ_w(l) sinc(l − Δ_mn) e^{−jω_k l} for all pairs of microphones."""
    size, num_mics = setup.block_size, delays.size
    lags = np.arange(1 - size, size)
    rows, columns = np.triu_indices(num_mics)
    correlation = setup.window_correlation[np.abs(lags)]
    seen = correlation * np.sinc(lags - (delays[rows] - delays[columns])[:, None])
    phases = np.exp(-2j * np.pi / size * np.outer(lags, np.arange(setup.num_bins)))
    coherence = np.empty((setup.num_bins, num_mics, num_mics), dtype=np.complex128)
    coherence[:, rows, columns] = (seen @ phases).T
    coherence[:, columns, rows] = coherence[:, rows, columns].conj()
    return coherence


def _coherence_of_responses(
    setup: MeasurementSetup, responses: Float[np.ndarray, "mic tap"]
) -> Complex[np.ndarray, "bin mic mic"]:
    """Return Σ_l ρ_w(l) r_mn(l) e^{−jω_k l} for all pairs of microphones."""
    size, correlation = setup.block_size, setup.window_correlation
    length = fft.next_fast_len(
        responses.shape[1] + size, real=True
    )  # so that lags of |l| < N are not mixed with others
    transforms = fft.rfft(responses, length)
    coherence = np.empty((setup.num_bins, len(responses), len(responses)), dtype=np.complex128)
    for mic, transform in enumerate(transforms):
        correlations = fft.irfft(transform * transforms.conj(), length)
        # The exponential has the period N: the lag l − N may be added to the lag l.
        seen = correlations[:, :size] * correlation
        seen[:, 1:] += correlations[:, length - size + 1 :] * correlation[:0:-1]
        coherence[:, mic] = fft.rfft(seen).T
    return coherence
