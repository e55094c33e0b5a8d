"""Simulated spectra and estimated labels against what they estimate; fixed seeds, family-wise confidence 99.9 %.

Effective number of averages of Welch's estimate (Hann, 50 %): K = B / (1 + 2 (1 − 1/B) ρ₁²), ρ₁ = 0.161468.
"""

import numpy as np
import pytest
from scipy import stats

import acoupipe_grain as apg

pytestmark = [pytest.mark.slow, pytest.mark.computing]

NUM_SCENES = 150
LINES = (4, 20, 37, 58)
NUM_TESTS = 4


@pytest.fixture(scope="module")
def records():
    setup = apg.MeasurementSetup.default()
    source = apg.SyntheticSource(
        NUM_SCENES,
        seed=11,
        features=(
            "csm",
            "source_strength_analytic",
            "source_strength_estimated",
            "noise_strength_analytic",
            "noise_strength_estimated",
        ),
        f=[float(setup.bin_frequencies[line]) for line in LINES],
        signal_length=1.0,
        min_nsources=2,
        max_nsources=4,
        mic_pos_noise=False,
    )
    return source, [source[index] for index in range(NUM_SCENES)]


def effective_averages(source):
    blocks = source.setup.num_blocks(source.inputs.max_num_samples)
    return blocks / (1 + 2 * (1 - 1 / blocks) * 0.161468**2)


def assert_unbiased(ratios, averages):
    """Assert that chi-square-like ratios, mean 1 and variance 1/K, have the mean 1."""
    z = (np.mean(ratios) - 1) / np.sqrt(1 / averages / np.size(ratios))
    assert abs(z) < stats.norm.isf(1e-3 / NUM_TESTS / 2)


def test_estimated_source_strengths_estimate_the_analytic_ones(records):
    source, elements = records
    ratios = [
        (record["source_strength_estimated"] / np.where(record["source_mask"], record["source_strength_analytic"], 1))[
            :, record["source_mask"]
        ].ravel()
        for record in elements
    ]
    assert_unbiased(np.concatenate(ratios), effective_averages(source))


def test_estimated_noise_strengths_estimate_the_analytic_ones(records):
    source, elements = records
    ratios = [record["noise_strength_estimated"] / record["noise_strength_analytic"] for record in elements]
    assert_unbiased(np.array(ratios), effective_averages(source))


def test_the_variance_of_estimated_strengths_is_that_of_the_effective_number_of_averages(records):
    source, elements = records
    ratios = np.array([record["noise_strength_estimated"] / record["noise_strength_analytic"] for record in elements])
    # The four lines are far apart and independent; the variance of a sample variance is 2σ⁴/n, nearly (K is large).
    z = (ratios.var() * effective_averages(source) - 1) / np.sqrt(2 / ratios.size)
    assert abs(z) < stats.norm.isf(1e-3 / NUM_TESTS / 2)


def test_the_diagonal_of_the_matrix_is_spread_sources_plus_noise(records):
    """E[C_mm] = Σⱼ q_j (r₀ⱼ/r_mj)² + n; microphones of one record are correlated through its sources."""
    source, elements = records
    setup = source.setup
    means = []
    for index, record in enumerate(elements):
        scene = source.inputs[index]
        positions = scene["positions"].astype(float)
        to_mics = np.linalg.norm(positions[:, :, None] - setup.mic_positions[:, None, :], axis=0)
        to_reference = np.linalg.norm(positions - setup.reference[:, None], axis=0)
        spread = (to_reference[:, None] / to_mics) ** 2 * record["source_mask"][:, None]
        expected = record["source_strength_analytic"] @ spread + record["noise_strength_analytic"]
        measured = np.diagonal(record["csm"], axis1=1, axis2=2).real
        means.append((measured / expected).mean(axis=1))
    means = np.array(means)
    z = (means.mean() - 1) / (means.std(ddof=1) / np.sqrt(means.size))
    assert abs(z) < stats.t.isf(1e-3 / NUM_TESTS / 2, means.size - 1)
