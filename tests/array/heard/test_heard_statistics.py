"""Simulated matrices of reverberant sources against their expectation; fixed seeds, family-wise confidence 99.9 %."""

import numpy as np
import pytest
from scipy import stats

import acoupipe_grain as apg

pytestmark = pytest.mark.slow

NUM_RECORDS = 60
OVERLAP = 0.161468  # of a Hann window at half its length, see PHYSICS: correlation of neighbouring blocks


def records(responses, **arguments):
    source = apg.ImpulseResponseSource(
        responses,
        NUM_RECORDS,
        seed=8,
        features=("csm", "source_strength_analytic", "source_strength_estimated"),
        signal_length=2.0,
        max_nsources=3,
        nsources=2,
        **arguments,
    )
    return source, [source[index] for index in range(NUM_RECORDS)]


def averages(source):
    blocks = source.setup.num_blocks(round(2.0 * source.setup.sample_rate))
    return blocks / (1 + 2 * (1 - 1 / blocks) * OVERLAP**2)


def z_scores(computed, expected, num_averages):
    """Return differences by their standard deviation, E abs(C_ij − S_ij)² = S_ii S_jj/K, at complex bins."""
    powers = np.einsum("kmm->km", expected).real
    deviation = np.sqrt(powers[:, :, None] * powers[:, None] / num_averages)
    return ((computed - expected) / deviation)[2:-2]


@pytest.mark.parametrize("engine", ["acoular", "jax"])
def test_welchs_matrices_scatter_about_their_expectation(reverberant, engine):
    source, elements = records(reverberant, engine=engine)
    scores = []
    for index, element in enumerate(elements):
        expected = apg.expected_welch_csm(source.setup, source.inputs[index])
        scores.append(z_scores(element["csm"], expected, averages(source)))
    scores = np.array(scores)
    assert 0.9 < np.sqrt(np.mean(np.abs(scores) ** 2)) <= 1.2
    # The mean of 60 records: neighbouring bins are correlated, records are not.
    mean = scores.mean(axis=0) * np.sqrt(NUM_RECORDS)
    assert np.sqrt(np.mean(np.abs(mean) ** 2)) <= 1.2
    assert np.abs(mean.real).max() < 1.2 * stats.norm.isf(1e-3 / mean.size / 8)


def test_wishart_matrices_scatter_about_the_analytic_ones(reverberant):
    source, elements = records(reverberant, mode="wishart")
    analytic = apg.ImpulseResponseSource(
        reverberant,
        NUM_RECORDS,
        seed=8,
        mode="analytic",
        features=("csm",),
        max_nsources=3,
        nsources=2,
        signal_length=2.0,
    )
    scores = np.array(
        [
            z_scores(element["csm"], analytic[index]["csm"].astype(complex), averages(source))
            for index, element in enumerate(elements)
        ]
    )
    assert np.sqrt(np.mean(np.abs(scores) ** 2)) == pytest.approx(1.0, abs=0.03)
    mean = scores.mean(axis=0) * np.sqrt(NUM_RECORDS)
    assert np.sqrt(np.mean(np.abs(mean) ** 2)) == pytest.approx(1.0, abs=0.1)


def test_wisharts_estimated_labels_are_unbiased(reverberant):
    source, elements = records(reverberant, mode="wishart")
    estimated, analytic = (
        np.array([item[f"source_strength_{kind}"][2:-2, :2] for item in elements]) for kind in ("estimated", "analytic")
    )
    ratios = estimated / analytic
    z = (np.mean(ratios) - 1) * np.sqrt(np.size(ratios) * averages(source))
    assert abs(z) < stats.norm.isf(1e-3 / 4 / 2)
    assert np.std(ratios) * np.sqrt(averages(source)) == pytest.approx(1.0, abs=0.05)


def test_worker_processes_give_the_same_records(reverberant):
    for mode, engine in (("welch", "acoular"), ("analytic", "jax")):
        source = apg.ImpulseResponseSource(
            reverberant, 8, mode=mode, engine=engine, features=("csm",), f=1000.0, signal_length=0.5, max_nsources=3
        )
        alone = [np.asarray(batch["csm"]) for batch in apg.make_loader(source, 4)]
        together = [np.asarray(batch["csm"]) for batch in apg.make_loader(source, 4, num_workers=2)]
        np.testing.assert_array_equal(np.array(alone), np.array(together))
