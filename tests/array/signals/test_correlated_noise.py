"""Correlated noise; fixed seeds, family-wise confidence 99.9 % in every test."""

import numpy as np
import pytest
from scipy import stats
from signal_estimates import SAMPLE_RATE, assert_means_are_one, record_of, relative_line_powers, uniform

import acoupipe_grain as apg
from acoupipe_grain.array.signals import CorrelatedNoise, correlation_factor
from acoupipe_grain.array.signals.random_correlations import random_correlation_factor
from acoupipe_grain.errors import ArgumentError

MATRIX = [[1, 0.9, -0.3, 0], [0.9, 1, -0.1, 0.2], [-0.3, -0.1, 1, 0.5], [0, 0.2, 0.5, 1]]
NOISES = {
    "drawn": CorrelatedNoise(),
    "equal": CorrelatedNoise(coherence=0.6),
    "equal, drawn": CorrelatedNoise(coherence=uniform(0, 1)),
    "matrix": CorrelatedNoise(coherence=MATRIX),
    "pink": CorrelatedNoise(coherence=0.5, spectrum="colored_noise"),
}
FOUR = {"num_sources": 4, "max_nsources": 4}


@pytest.mark.parametrize("name", [name for name in NOISES if name != "pink"])
def test_waveforms_have_the_correlations_said(name):
    """By Fisher's transform, artanh of a sample correlation has the variance 1/(T − 3)."""
    num_samples, noise = 2**16, NOISES[name]
    record = record_of(1, num_samples=num_samples, **FOUR)
    pairs = np.triu_indices(4, 1)
    expected = noise.correlations(record)
    z = np.arctanh(np.corrcoef(noise.waveforms(record))[pairs]) - np.arctanh(expected[pairs])
    assert np.abs(z).max() * np.sqrt(num_samples - 3) < stats.norm.isf(1e-3 / 2 / 6)
    assert np.all(np.linalg.eigvalsh(expected) > -1e-12)
    assert np.all(np.diag(expected) == 1)
    assert np.array_equal(expected, expected.T)


def test_colored_noise_is_coherent_alike_at_all_frequencies():
    """Lines are complex normal and independent: the sample coherency of n lines has the variance (1 − R²)²/n, real."""
    num_samples = 2**15
    noise = CorrelatedNoise(coherence=0.5, spectrum={"exponent": uniform(-1, 1), "low": 100})
    waveforms = noise.waveforms(record_of(num_samples=num_samples, num_sources=2, max_nsources=2))
    spectra = np.fft.rfft(waveforms.astype(float))[:, 600:16000]
    one, other = (spectrum.reshape(11, 1400) / np.abs(spectrum).std() for spectrum in spectra)
    cross = np.mean(one * other.conj(), axis=1)
    coherency = cross.real / np.sqrt(np.mean(np.abs(one) ** 2, axis=1) * np.mean(np.abs(other) ** 2, axis=1))
    # Of the real part, half of it.
    z = (coherency - 0.5) / ((1 - 0.25) / np.sqrt(2 * 1400))
    assert np.abs(z).max() < stats.norm.isf(1e-3 / 2 / 11)


@pytest.mark.parametrize("name", NOISES)
def test_the_estimated_spectrum_is_the_expected_one(name, small_setup):
    assert_means_are_one(relative_line_powers(NOISES[name], small_setup, 40, **FOUR))


def test_fully_coherent_sources_radiate_one_waveform():
    for coherence in (1, np.ones((4, 4)), [[1, -1, 1, 1], [-1, 1, -1, -1], [1, -1, 1, 1], [1, -1, 1, 1]]):
        noise = CorrelatedNoise(coherence=coherence)
        record = record_of(**FOUR)
        waveforms = noise.waveforms(record)
        signs = noise.correlations(record)[0].astype(np.float32)
        assert np.array_equal(waveforms, signs[:, None] * waveforms[0])


def test_sources_of_coherence_0_are_white_noise_as_it_is():
    record = record_of()
    assert np.array_equal(CorrelatedNoise(coherence=0).waveforms(record), record.white_noise())


@pytest.mark.parametrize("concentration", [0.5, 1.0, 4.0])
@pytest.mark.parametrize("dimension", [2, 3, 6])
def test_each_drawn_correlation_has_a_beta_distribution(dimension, concentration):
    """(R_ij + 1)/2 ~ Beta(b, b), b = η + d/2 − 1, for all pairs alike; with d = 2 and η = 1, R is uniform."""
    uniforms = np.random.default_rng(8).random((1500, dimension, dimension))
    factors = np.array([random_correlation_factor(values, concentration) for values in uniforms])
    matrices = factors @ factors.transpose(0, 2, 1)
    np.testing.assert_allclose(np.diagonal(matrices, axis1=1, axis2=2), 1, rtol=1e-12)
    shape = concentration + dimension / 2 - 1
    pairs = [(one, other) for other in range(dimension) for one in range(other)]
    for one, other in pairs:
        test = stats.kstest((matrices[:, one, other] + 1) / 2, stats.beta(shape, shape).cdf)
        assert test.pvalue > 1e-3 / len(pairs)


def test_drawn_matrices_of_concentration_1_are_uniform_over_correlation_matrices():
    """Determinants against those of matrices drawn from the cube, as far as they are positive semidefinite."""
    rng = np.random.default_rng(4)
    off = rng.uniform(-1, 1, (6000, 3))
    cube = np.ones((6000, 3, 3))
    for number, (row, column) in enumerate(((0, 1), (0, 2), (1, 2))):
        cube[:, row, column] = cube[:, column, row] = off[:, number]
    determinants = np.linalg.det(cube)
    accepted = determinants[determinants > 0]  # with ones on the diagonal, that is enough in three dimensions
    drawn = [np.prod(np.diag(random_correlation_factor(rng.random((3, 3)), 1.0)) ** 2) for _ in range(3000)]
    assert stats.ks_2samp(accepted, drawn).pvalue > 1e-3


def test_records_draw_matrices_of_their_own_for_as_many_sources_as_there_can_be():
    """With room for 8 sources, η = 1 and d = 8: b = 4, for records of two sources too."""
    noise = CorrelatedNoise()
    records = [record_of(index, num_sources=2, max_nsources=8, num_samples=64) for index in range(600)]
    drawn = np.array([noise.correlations(record)[0, 1] for record in records])
    assert stats.kstest((drawn + 1) / 2, stats.beta(4, 4).cdf).pvalue > 1e-3


def test_equal_correlations_are_drawn_once_for_each_record():
    noise = CorrelatedNoise(coherence=uniform(0.2, 0.4))
    matrices = [noise.correlations(record_of(index)) for index in range(50)]
    values = np.array([matrix[np.triu_indices(3, 1)] for matrix in matrices])
    assert np.all(np.ptp(values, axis=1) == 0)
    assert np.unique(values).size == 50
    assert 0.2 < values.min() < values.max() < 0.4


@pytest.mark.parametrize(
    "matrix",
    [
        np.eye(3),
        np.ones((5, 5)),
        np.array(MATRIX),
        np.array([[1, 1, 0.5], [1, 1, 0.5], [0.5, 0.5, 1]]),
        np.array([[1, -1], [-1, 1]]),
        np.full((3, 3), -0.5) + 1.5 * np.eye(3),
    ],
)
def test_factors_give_the_matrix_back_singular_ones_included(matrix):
    factor = correlation_factor(matrix.astype(float))
    np.testing.assert_allclose(factor @ factor.T, matrix, atol=1e-12)
    assert np.array_equal(factor, np.tril(factor))


def test_factors_of_random_matrices_of_low_rank_give_them_back():
    rng = np.random.default_rng(2)
    for rank in (1, 2, 4, 8):
        for _ in range(20):
            vectors = rng.standard_normal((8, rank))
            vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
            factor = correlation_factor(vectors @ vectors.T)
            np.testing.assert_allclose(factor @ factor.T, vectors @ vectors.T, atol=1e-9)


def test_the_factor_of_the_first_sources_is_the_corner_of_the_factor():
    rng = np.random.default_rng(3)
    vectors = rng.standard_normal((9, 12))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    whole = correlation_factor(vectors @ vectors.T)
    for size in range(1, 9):
        assert np.array_equal(correlation_factor((vectors @ vectors.T)[:size, :size]), whole[:size, :size])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"coherence": 1.5}, "coherence=.*can be 1.5; expected at least 0 and at most 1"),
        ({"coherence": -0.1}, "coherence=.*can be -0.1"),
        ({"coherence": "high"}, "coherence='high'"),
        ({"coherence": [[1, 0.5], [0.5]]}, "coherence=.*expected a correlation matrix, rows of numbers"),
        (
            {"coherence": np.array([[1, 0.8j], [-0.8j, 1]])},
            "(?s)coherence=.*expected a correlation matrix, rows of numbers",
        ),
        ({"coherence": [1, 0.5]}, "coherence=.*as many rows as columns"),
        ({"coherence": [[1, np.nan], [np.nan, 1]]}, "coherence=.*as many rows as columns"),
        ({"coherence": [[1, 0.5], [0.4, 1]]}, "coherence=.*symmetric and with ones on its diagonal"),
        ({"coherence": [[2, 0.5], [0.5, 1]]}, "coherence=.*symmetric and with ones on its diagonal"),
        (
            {"coherence": [[1, 0.9, -0.9], [0.9, 1, 0.9], [-0.9, 0.9, 1]]},
            r"coherence=.*no signals have these correlations, as the smallest eigenvalue is -0\.8",
        ),
        ({"concentration": 0}, "concentration=0: expected a finite number, greater than 0"),
        ({"coherence": 0.5, "concentration": 2}, "concentration=2.* has no effect with coherence="),
        ({"spectrum": {"exponent": 99}}, "spectrum: exponent=.*can be 99"),
        ({"spectrum": {"kind": "tones", "frequency": 3}}, "spectrum: kind='tones': expected 'colored_noise'"),
        ({"spectrum": 1}, "spectrum=1: expected ColoredNoise, or a mapping"),
    ],
)
def test_arguments_that_cannot_be_used_are_refused(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        CorrelatedNoise(**arguments)


def test_a_matrix_for_too_few_sources_is_refused():
    noise = CorrelatedNoise(coherence=MATRIX)
    noise.check(4096, SAMPLE_RATE, 4)
    with pytest.raises(ArgumentError, match="coherence: has 4 rows; expected at least max_nsources=5"):
        noise.check(4096, SAMPLE_RATE, 5)


def test_spectra_are_checked():
    with pytest.raises(ArgumentError, match="high=.*can be 5000 Hz"):
        CorrelatedNoise(spectrum={"high": 5000}).check(4096, SAMPLE_RATE, 4)


def two(rng, size):
    return np.full(size, 2.0)


def test_values_of_functions_are_checked_when_they_are_drawn():
    noise = CorrelatedNoise(coherence=apg.distribution(two, key="two"))
    with pytest.raises(ArgumentError, match="coherence=.*gave 2 for record 7; expected at least 0 and at most 1"):
        noise.waveforms(record_of(7))
