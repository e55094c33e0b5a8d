"""One record of a request as a careful user writes it with NumPy and Acoular: the yardstick."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from acoupipe_grain.array.measurement import MeasurementSetup
from acoupipe_grain.bench import plain, plain_spectra
from acoupipe_grain.bench.cases import Case
from acoupipe_grain.specs import Element

AVERAGES = 1017.02
"""Effective number of averages of the default recording."""


def plain_chain(case: Case, setup: MeasurementSetup) -> Callable[[Element], Any]:
    """Return the function of a scene that gives the request's features; grid and steering vectors are set up once."""
    lines = _lines(case, setup)
    if case.features == ("time_data",):
        return lambda scene: plain.time_data(setup, scene)
    if case.features == ("spectrogram",):
        return lambda scene: plain.spectrogram(setup, plain.time_data(setup, scene), lines)
    matrix = _matrix(case, setup, lines)
    of_matrix = [_of_matrix(feature, setup, lines) for feature in case.features]

    def record(scene: Element) -> Any:
        csm = matrix(scene)
        return [feature(csm) for feature in of_matrix]

    return record


def _lines(case: Case, setup: MeasurementSetup) -> list[int]:
    if case.f is None:
        return list(range(setup.num_bins))
    return [int(np.argmin(np.abs(setup.bin_frequencies - case.f)))]


def _matrix(case: Case, setup: MeasurementSetup, lines: list[int]) -> Callable[[Element], np.ndarray]:
    """Return the function of a scene that gives its cross-spectral matrices."""
    if case.mode == "analytic":
        return lambda scene: plain_spectra.analytic_csm(setup, scene, lines)
    if case.mode == "wishart":
        rng = np.random.default_rng(0)
        return lambda scene: plain_spectra.wishart_csm(setup, scene, lines, AVERAGES, rng)
    return lambda scene: plain.csm(setup, scene)[lines]


def _of_matrix(feature: str, setup: MeasurementSetup, lines: list[int]) -> Callable[[np.ndarray], Any]:
    """Return the function of the matrices that gives a feature."""
    if feature == "sourcemap":
        return plain_spectra.SpectralMap(setup, lines)
    return {"csm": lambda csm: csm, "csmtriu": plain_spectra.csmtriu, "eigmode": plain_spectra.eigmode}[feature]
