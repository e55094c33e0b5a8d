"""Distributions of all drawn quantities; fixed seeds, family-wise confidence 99.9 % (Bonferroni)."""

import numpy as np
import pytest
from scipy import stats

import acoupipe_grain as apg
from acoupipe_grain.sampling.inverse import count_probabilities

pytestmark = pytest.mark.slow

NUM_SCENES = 40_000
NUM_TESTS = 11
LEVEL = 1e-3 / NUM_TESTS


@pytest.fixture(scope="module")
def scenes():
    source = apg.SceneSource(NUM_SCENES, seed=2026, random_signal_length=True)
    parts = [source.batch(range(start, start + 1000)) for start in range(0, NUM_SCENES, 1000)]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def assert_distributed(values, distribution):
    assert stats.kstest(np.ravel(values).astype(float), distribution.cdf).pvalue > LEVEL


def test_number_of_sources(scenes):
    observed = np.bincount(scenes["num_sources"], minlength=11)[1:]
    expected = NUM_SCENES * count_probabilities(3.0, 1, 10)
    assert stats.chisquare(observed, expected).pvalue > LEVEL


@pytest.mark.parametrize("axis", [0, 1])
def test_positions(scenes, axis):
    deviation = 0.1688
    law = stats.truncnorm(-0.5 / deviation, 0.5 / deviation, scale=deviation)
    assert_distributed(scenes["positions"][:, axis][scenes["source_mask"]], law)


def test_strengths(scenes):
    assert_distributed(scenes["strengths"][scenes["source_mask"]], stats.rayleigh(scale=5.0))


@pytest.mark.parametrize("axis", [0, 1])
def test_microphone_displacements(scenes, axis):
    nominal = apg.MeasurementSetup.default().mic_positions[axis]
    displacement = scenes["mic_positions"][:2000, axis].astype(float) - nominal
    # float32 positions of up to half a metre are rounded to 3e-8 m, far below the 1e-3 m of the law.
    assert_distributed(displacement, stats.norm(scale=0.001))


def test_noise_ratio(scenes):
    assert_distributed(scenes["noise_power"] / scenes["strengths"].sum(axis=1), stats.uniform(1e-5, 0.1 - 1e-5))


def test_signal_length(scenes):
    assert_distributed(scenes["num_samples"] / 13_720 + 0.5 / 13_720, stats.uniform(1.0, 9.0 + 0.5 / 13_720))


def test_quantities_are_uncorrelated_with_each_other_and_with_the_next_scene(scenes):
    columns = np.stack(
        [
            scenes["num_sources"],
            scenes["positions"][:, 0, 0],
            scenes["positions"][:, 1, 0],
            scenes["strengths"][:, 0],
            scenes["mic_positions"][:, 0, 0],
            scenes["num_samples"],
            scenes["key"][:, 0],
        ]
    ).astype(float)
    columns = np.concatenate([columns[:, :-1], columns[:, 1:]])
    correlations = np.corrcoef(columns)[np.triu_indices(len(columns), 1)]
    bound = stats.norm.isf(LEVEL / 2 / correlations.size) / np.sqrt(NUM_SCENES - 1)
    assert np.abs(correlations).max() < bound


def test_keys_and_splits_share_nothing(scenes):
    assert np.unique(scenes["key"], axis=0).shape[0] == NUM_SCENES
    other = apg.SceneSource(NUM_SCENES, seed=2026, split="validation").batch(range(1000))
    keys = {tuple(key) for key in scenes["key"]}
    assert not any(tuple(key) in keys for key in other["key"])


@pytest.mark.parametrize("axis", [0, 1])
def test_snapped_positions_have_the_laws_mass_in_each_cell(axis):
    """With one source nothing is redrawn."""
    source = apg.SceneSource(20_000, seed=7, snap_to_grid=True, max_nsources=1)
    grid = source.setup.grid
    x = source.batch(range(20_000))["positions"][:, axis, 0].astype(float)
    cells = np.rint((x - grid.x_min) / grid.steps[0]).astype(int)
    deviation = 0.1688
    law = stats.truncnorm(-0.5 / deviation, 0.5 / deviation, scale=deviation)
    edges = grid.x_min + (np.arange(65) - 0.5) * grid.steps[0]
    expected = 20_000 * np.diff(law.cdf(edges))
    assert stats.chisquare(np.bincount(cells, minlength=64), expected).pvalue > LEVEL
