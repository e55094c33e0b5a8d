"""The inverse distribution functions against SciPy's own."""

import numpy as np
import pytest
from scipy import stats

from acoupipe_grain.sampling import inverse

U = np.concatenate([[2.0**-53], np.linspace(1e-6, 1 - 1e-6, 2001), [1 - 2.0**-53]])


def test_uniform():
    np.testing.assert_allclose(inverse.uniform(U, 1e-5, 0.1), stats.uniform(1e-5, 0.1 - 1e-5).ppf(U), rtol=1e-12)


def test_normal():
    np.testing.assert_allclose(inverse.normal(U, 1.0, 0.5), stats.norm(1.0, 0.5).ppf(U), rtol=1e-12)


def test_rayleigh():
    np.testing.assert_allclose(inverse.rayleigh(U, 5.0), stats.rayleigh(scale=5.0).ppf(U), rtol=1e-12)


def test_truncated_normal():
    expected = stats.truncnorm(-2.0, 3.0, loc=0.1, scale=0.2).ppf(U)
    values = inverse.truncated_normal(U, 0.1, 0.2, 0.1 - 0.4, 0.1 + 0.6)
    np.testing.assert_allclose(values, expected, atol=1e-9)


def test_truncated_normal_stays_inside_at_the_ends():
    values = inverse.truncated_normal(U, 0.0, 1.0, -0.5, 0.5)
    assert values.min() >= -0.5
    assert values.max() <= 0.5


def test_truncated_normal_of_an_empty_interval_is_its_end():
    assert np.all(inverse.truncated_normal(U, 0.0, 1.0, 0.3, 0.3) == 0.3)


def test_count_probabilities_are_the_truncated_poisson():
    counts = np.arange(2, 9)
    expected = stats.poisson(3, loc=1).pmf(counts)
    np.testing.assert_allclose(inverse.count_probabilities(3.0, 2, 8), expected / expected.sum(), rtol=1e-12)


def test_truncated_count_takes_each_value_on_its_share_of_the_unit_interval():
    u = (np.arange(100_000) + 0.5) / 100_000
    values, counts = np.unique(inverse.truncated_count(u, 3.0, 1, 10), return_counts=True)
    assert values.tolist() == list(range(1, 11))
    np.testing.assert_allclose(counts / u.size, inverse.count_probabilities(3.0, 1, 10), atol=2e-5)


@pytest.mark.parametrize("only", [1, 40])
def test_a_single_allowed_count_is_always_drawn_however_improbable(only):
    assert np.all(inverse.truncated_count(U, 3.0, only, only) == only)
