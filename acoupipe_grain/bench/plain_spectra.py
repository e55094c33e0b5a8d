"""Spectral data as a careful user would compute them record by record with NumPy and Acoular: the yardstick."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from acoupipe_grain.array.measurement import MeasurementSetup
from acoupipe_grain.bench.plain import import_acoular, steering_of
from acoupipe_grain.specs import Element


def analytic_csm(setup: MeasurementSetup, scene: Element, lines: Sequence[int]) -> np.ndarray:
    """Return H Q Hᴴ + N of some lines, (line, mic, mic)."""
    columns, noise = _columns(setup, scene, lines)
    return columns @ columns.conj().swapaxes(1, 2) + noise[:, None, None] * np.eye(setup.num_mics)


def wishart_csm(
    setup: MeasurementSetup, scene: Element, lines: Sequence[int], averages: float, rng: np.random.Generator
) -> np.ndarray:
    """Return complex Wishart matrices of some lines by Bartlett's decomposition, (line, mic, mic)."""
    return drawn_csm(*_columns(setup, scene, lines), averages, rng)


def drawn_csm(columns: np.ndarray, noise: np.ndarray, averages: float, rng: np.random.Generator) -> np.ndarray:
    """Return complex Wishart matrices with the expectation H Q Hᴴ + N, from H√Q (line, mic, source) and N (line,)."""
    num_lines, num_mics, num_sources = columns.shape
    csm = np.empty((num_lines, num_mics, num_mics), dtype=complex)
    size = num_mics + num_sources
    for number in range(num_lines):
        mixing = np.hstack([np.sqrt(noise[number]) * np.eye(num_mics), columns[number]])
        factor = np.tril(rng.standard_normal((size, size)) + 1j * rng.standard_normal((size, size)), -1) / np.sqrt(2)
        factor[range(size), range(size)] = np.sqrt(rng.gamma(averages - np.arange(size)))
        received = mixing @ factor
        csm[number] = received @ received.conj().T / averages
    return csm


def eigmode(csm: np.ndarray) -> np.ndarray:
    """Return eigenvectors scaled by their eigenvalues."""
    values, vectors = np.linalg.eigh(csm)
    return vectors * values[:, None, :]


def csmtriu(csm: np.ndarray) -> np.ndarray:
    """Return the matrices in real numbers."""
    return np.triu(csm.real) + np.tril(csm.imag.swapaxes(1, 2), -1)


class SpectralMap:
    """Acoular's maps of given matrices; grid and steering vectors are set up once."""

    def __init__(self, setup: MeasurementSetup, lines: Sequence[int]) -> None:
        self._frequencies = setup.bin_frequencies[list(lines)]
        self._steer = steering_of(setup)

    def __call__(self, csm: np.ndarray) -> np.ndarray:
        """Return the maps of all lines."""
        acoular: Any = import_acoular()
        spectra = acoular.PowerSpectraImport(csm=csm, frequencies=self._frequencies)
        beamformer = acoular.BeamformerBase(freq_data=spectra, steer=self._steer, r_diag=False, cached=False)
        return np.array([beamformer.synthetic(frequency, 0) for frequency in self._frequencies])


def _columns(setup: MeasurementSetup, scene: Element, lines: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """Return H√Q (line, mic, source) and the noise's power (line,)."""
    count = int(scene["num_sources"])
    positions, mics = scene["positions"][:, :count].astype(float), scene["mic_positions"].astype(float)
    to_mics = np.linalg.norm(mics[:, :, None] - positions[:, None, :], axis=0)
    to_reference = np.linalg.norm(positions - setup.reference[:, None], axis=0)
    wavenumbers = 2 * np.pi * setup.bin_frequencies[list(lines)] / setup.speed_of_sound
    shares = np.where(np.isin(lines, (0, setup.num_bins - 1)), 1.0, 2.0) / setup.block_size
    transfer = to_reference / to_mics * np.exp(-1j * wavenumbers[:, None, None] * (to_mics - to_reference))
    return transfer * np.sqrt(shares[:, None, None] * scene["strengths"][:count]), shares * float(scene["noise_power"])
