"""Sources heard through impulse responses as a careful user computes them with SciPy, Acoular and NumPy: the yardstick.

Acoular's own convolution leaves most of a response out; SciPy's is used, of all microphones at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from scipy.signal import oaconvolve

from acoupipe_grain.array.geometry_acoular import import_acoular
from acoupipe_grain.array.measurement import MeasurementSetup
from acoupipe_grain.bench import plain_spectra
from acoupipe_grain.bench.cases import Case
from acoupipe_grain.specs import Element

Responses = Callable[[Element], np.ndarray]
"""Function of a scene that returns its responses, scaled to unit energy at the reference microphone."""


def chain(case: Case, setup: MeasurementSetup, responses: Responses, averages: float) -> Callable[[Element], Any]:
    """Return the function of a scene that gives the request's feature."""
    lines = [int(np.argmin(np.abs(setup.bin_frequencies - case.f)))] if case.f else list(range(setup.num_bins))
    rng = np.random.default_rng(0)
    matrices: dict[str, Callable[[Element], np.ndarray]] = {
        "welch": lambda scene: welch_csm(setup, scene, responses(scene), rng)[lines],
        "analytic": lambda scene: spectral_csm(setup, scene, responses(scene), lines),
        "wishart": lambda scene: wishart_csm(setup, scene, responses(scene), lines, averages, rng),
    }
    matrix = matrices[case.mode]
    if case.features == ("csm",):
        return matrix
    of_matrix = plain_spectra.SpectralMap(setup, lines)
    return lambda scene: of_matrix(matrix(scene))


def welch_csm(setup: MeasurementSetup, scene: Element, responses: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the cross-spectral matrices of all bins of simulated signals."""
    acoular: Any = import_acoular()
    num_samples = int(scene["num_samples"])
    signals = np.sqrt(float(scene["noise_power"])) * rng.standard_normal((num_samples, setup.num_mics))
    for number in range(int(scene["num_sources"])):
        waveform = np.sqrt(float(scene["strengths"][number])) * rng.standard_normal(num_samples)
        signals += oaconvolve(waveform[:, None], responses[number].T.astype(float), axes=0)[:num_samples]
    samples = acoular.TimeSamples(data=signals, sample_freq=setup.sample_rate)
    window, overlap = setup.window.capitalize(), f"{100 * setup.overlap:g}%"
    spectra = acoular.PowerSpectra(
        source=samples, block_size=setup.block_size, window=window, overlap=overlap, cached=False
    )
    return np.asarray(spectra.csm)


def spectral_csm(setup: MeasurementSetup, scene: Element, responses: np.ndarray, lines: Sequence[int]) -> np.ndarray:
    """Return H Q Hᴴ + N of some lines, (line, mic, mic)."""
    columns, noise = _columns(setup, scene, responses, lines)
    return columns @ columns.conj().swapaxes(1, 2) + noise[:, None, None] * np.eye(setup.num_mics)


def wishart_csm(
    setup: MeasurementSetup,
    scene: Element,
    responses: np.ndarray,
    lines: Sequence[int],
    averages: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return complex Wishart matrices of some lines by Bartlett's decomposition, (line, mic, mic)."""
    return plain_spectra.drawn_csm(*_columns(setup, scene, responses, lines), averages, rng)


def _columns(
    setup: MeasurementSetup, scene: Element, responses: np.ndarray, lines: Sequence[int]
) -> tuple[np.ndarray, np.ndarray]:
    """Return H√Q (line, mic, source) and the noise's power (line,)."""
    angles = -2j * np.pi / setup.block_size * np.outer(np.arange(responses.shape[-1]), lines)
    transfer = np.moveaxis(responses @ np.exp(angles), (0, 1, 2), (2, 1, 0))
    shares = np.where(np.isin(lines, (0, setup.num_bins - 1)), 1.0, 2.0) / setup.block_size
    powers = shares[:, None, None] * scene["strengths"][: len(responses)]
    return transfer * np.sqrt(powers), shares * float(scene["noise_power"])
