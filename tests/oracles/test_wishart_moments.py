"""Drawn cross-spectral matrices against the moments of the complex Wishart distribution.

For a complex Wishart matrix C of K averages and mean S (Goodman, Ann. Math. Statist. 34, 1963): E C = S, Var C_ii =
S_ii²/K, E|C_ij − S_ij|² = S_ii S_jj/K, E(C_ij − S_ij)² = S_ij²/K, 2K C_ii/S_ii ~ χ²(2K). For a real one: Var C_ij =
(S_ii S_jj + S_ij²)/K. For S = I the eigenvalues fill [(1 − √(M/K))², (1 + √(M/K))²] (Marchenko and Pastur, 1967), with
fluctuations of the upper edge on the scale σ = (√K + √M)(1/√K + 1/√M)^{1/3}/K (Johnstone, Ann. Statist. 29, 2001).

Fixed seed; every statement about means holds with a family-wise confidence of 99.9 % (Bonferroni).
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

import acoupipe_grain as apg
from acoupipe_grain.array.simulate.spectral import transfer_functions
from acoupipe_grain.array.simulate.wishart import draw_wishart

pytestmark = [pytest.mark.slow, pytest.mark.computing]

NUM_DRAWS, CHUNK, NUM_MICS = 20_000, 250, 64
LINES = np.array([0, 37, 64])
CASES = [(kind, averages) for kind in ("identity", "scene") for averages in (1017.02, 32.0)]
LEVEL = 1e-3 / (len(CASES) * 12)
"""Allowed probability of each assertion; each covers all of its numbers."""


def parts_of(kind):
    """Return transfer functions and powers: of sensor noise of power 1 alone, or of a scene of five sources."""
    setup, scene = apg.MeasurementSetup.default(), apg.SceneSource(10, seed=3, nsources=5)[4]
    mask = scene["source_mask"]
    wavenumbers = 2 * np.pi * setup.bin_frequencies[LINES] / setup.speed_of_sound
    transfer = transfer_functions(
        *(jnp.asarray(scene[name]) for name in ("positions", "source_mask", "mic_positions")),
        jnp.asarray(setup.reference),
        jnp.asarray(wavenumbers),
    )
    sources = np.where(mask, scene["strengths"], 0) if kind == "scene" else np.zeros(mask.size)
    noise = np.full(NUM_MICS, 0.05 * sources.sum() if kind == "scene" else 1.0)
    return (
        transfer,
        jnp.asarray(np.tile(sources, (LINES.size, 1)), dtype=jnp.float32),
        jnp.asarray(np.tile(noise, (LINES.size, 1)), dtype=jnp.float32),
    )


def mean_matrix(transfer, sources, noise):
    transfer, sources = np.asarray(transfer, complex), np.asarray(sources, float)
    mean = np.einsum("fmj,fj,fnj->fmn", transfer, sources, transfer.conj())
    mean += np.asarray(noise, float)[:, :, None] * np.eye(NUM_MICS)
    mean[[0, -1]] = mean[[0, -1]].real  # spectra at 0 Hz and Nyquist are real
    return mean


class Moments:
    """Sums over draws, in double precision."""

    def __init__(self, mean):
        self.mean, self.count, self.sums = mean, 0, {}

    def add(self, csm):
        deviation = csm.astype(complex) - self.mean
        squared = deviation.real**2 + deviation.imag**2
        for name, values in (
            ("deviation", deviation),
            ("squared", squared),
            ("fourth", squared**2),
            ("pseudo", deviation**2),
        ):
            self.sums[name] = self.sums.get(name, 0) + values.sum(axis=0)
        self.count += len(csm)

    def __getitem__(self, name):
        return self.sums[name] / self.count


def draws_of(kind, averages):
    """Draw, and return what the checks need of it."""
    parts = parts_of(kind)
    mean = mean_matrix(*parts)
    draw = jax.jit(jax.vmap(partial(draw_wishart, lines=LINES, block_size=128), in_axes=(0, None, None, None, None)))
    moments, first_mics, labels, eigenvalues = Moments(mean), [], [], []
    words = np.random.default_rng(2026).integers(0, 2**32, (NUM_DRAWS, 2), dtype=np.uint32)
    for start in range(0, NUM_DRAWS, CHUNK):
        drawn = draw(words[start : start + CHUNK], jnp.float32(averages), *parts)
        csm = np.asarray(drawn.csm)
        assert not csm[:, [0, 2]].imag.any()
        moments.add(csm)
        first_mics.append(np.diagonal(csm[:, 1], axis1=1, axis2=2)[:, :4].real)
        labels.append(np.concatenate([drawn.source_powers, drawn.noise_powers], axis=-1))
        if kind == "identity":
            eigenvalues.append(np.linalg.eigvalsh(csm[:, 1]))
            np.testing.assert_allclose(np.diagonal(csm, axis1=2, axis2=3).real, drawn.noise_powers, rtol=2e-5)
    return {
        "kind": kind,
        "averages": averages,
        "parts": parts,
        "mean": mean,
        "moments": moments,
        "first_mics": np.concatenate(first_mics),
        "labels": np.concatenate(labels),
        "eigenvalues": np.concatenate(eigenvalues) if eigenvalues else None,
    }


def assert_standard_normal(z):
    """Assert that the largest of many standardised means is one that chance would give."""
    z = np.ravel(z)
    assert np.abs(z).max() < stats.norm.isf(LEVEL / 2 / z.size)


def powers(mean):
    power = np.diagonal(mean, axis1=-2, axis2=-1).real
    return power[..., :, None] * power[..., None, :]


def the_mean_is_that_of_the_scene(case):
    error = case["moments"]["deviation"] / np.sqrt(powers(case["mean"]) / case["averages"] / NUM_DRAWS)
    # A part of a complex deviation has between none and all of its variance; real matrices have up to twice of it.
    for line, most in zip(range(3), (2, 1, 2), strict=True):
        assert_standard_normal(error[line].real / np.sqrt(most))
        assert_standard_normal(error[line].imag / np.sqrt(most))
    # 4096 degrees of freedom of the noise alone, some tens of the sources.
    measured, margin = np.sqrt(np.mean(np.abs(error[1]) ** 2)), 0.05 if case["kind"] == "identity" else 0.4
    assert abs(measured - 1) < margin


def variances_and_second_moments_off_the_diagonal(case):
    moments, mean = case["moments"], case["mean"]
    expected = powers(mean) / case["averages"]
    expected[[0, -1]] += mean[[0, -1]].real ** 2 / case["averages"]
    spread = np.sqrt((moments["fourth"] - moments["squared"] ** 2) / NUM_DRAWS)
    assert_standard_normal((moments["squared"] - expected) / spread)


def second_moments_without_conjugation(case):
    moments, mean = case["moments"], case["mean"][1]
    error = moments["pseudo"][1] - mean**2 / case["averages"]
    spread = np.sqrt(moments["fourth"][1] / NUM_DRAWS)
    assert_standard_normal(error.real / spread)
    assert_standard_normal(error.imag / spread)


def auto_powers_are_chi_square_distributed(case):
    averages = case["averages"]
    for mic in range(4):
        scaled = 2 * averages * case["first_mics"][:, mic] / case["mean"][1, mic, mic].real
        assert stats.kstest(scaled, stats.chi2(2 * averages).cdf).pvalue > LEVEL / 4


def drawn_labels_have_the_scenes_powers_and_their_variance(case):
    _, sources, noise = case["parts"]
    expected = np.concatenate([sources, noise], axis=-1).astype(float)
    present = expected > 0
    ratio = case["labels"][:, present] / expected[present]
    real = np.broadcast_to(np.isin(np.arange(3), (0, 2))[:, None], present.shape)[present]
    variance = np.where(real, 2, 1) / case["averages"]
    assert_standard_normal((ratio.mean(axis=0) - 1) / np.sqrt(variance / NUM_DRAWS))
    squared = (ratio - 1) ** 2
    assert_standard_normal((squared.mean(axis=0) - variance) / (squared.std(axis=0) / np.sqrt(NUM_DRAWS)))
    assert not case["labels"][:, ~present].any()


def eigenvalues_of_noise_fill_the_marchenko_pastur_interval(case):
    values, averages = case["eigenvalues"], case["averages"]
    ratio = np.sqrt(NUM_MICS / averages)
    lower, upper = (1 - ratio) ** 2, (1 + ratio) ** 2
    rank = min(NUM_MICS, round(averages))
    assert np.all(np.abs(values[:, : NUM_MICS - rank]) < 1e-4)
    largest, smallest = values[:, -1], values[:, NUM_MICS - rank]
    assert np.mean(largest > upper) <= 0.06
    assert np.mean(smallest < lower) <= 0.06
    scale = np.sqrt(averages) + np.sqrt(NUM_MICS)
    scale *= (1 / np.sqrt(averages) + 1 / np.sqrt(NUM_MICS)) ** (1 / 3) / averages
    assert largest.max() < upper + 4 * scale
    # And they do fill it: the edges are reached to a few scales.
    assert np.median(largest) > upper - 4 * scale


@pytest.mark.parametrize(("kind", "averages"), CASES)
def test_draws_are_wishart_distributed(kind, averages, subtests):
    case = draws_of(kind, averages)
    checks = [
        the_mean_is_that_of_the_scene,
        variances_and_second_moments_off_the_diagonal,
        second_moments_without_conjugation,
        auto_powers_are_chi_square_distributed,
        drawn_labels_have_the_scenes_powers_and_their_variance,
    ]
    if kind == "identity":
        checks.append(eigenvalues_of_noise_fill_the_marchenko_pastur_interval)
    for check in checks:
        with subtests.test(check.__name__):
            check(case)
