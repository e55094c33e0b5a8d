"""Simulated recordings against the expectation and the variance of Welch's estimate.

The estimate's expectation is `expected_welch_csm` (itself checked in tests/array/simulate/test_expected_welch.py), its
variance that of K = B/(1 + 2 Σ (1 − l/B) ρ_l²) independent averages (P. D. Welch, IEEE Trans. Audio Electroacoust.
15(2), 1967; at bins 1 and F − 2 of a Hann window 1.041 times as large). One geometry of eight sources, 400 recordings
of 1 s, from each engine; fixed seed, confidence 99.9 % in all (Bonferroni).
"""

import numpy as np
import pytest
from scipy import stats

import acoupipe_grain as apg

pytestmark = [pytest.mark.slow, pytest.mark.computing]

NUM_SCENES, NUM_SOURCES = 400, 8
LINES = (1, 5, 12, 20, 30, 37, 45, 55, 62)
ENGINES = {
    "Acoular": ({"engine": "acoular"}, LINES),
    "JAX, time signals": ({"engine": "jax"}, LINES),
    "JAX, rounded delays": ({"engine": "jax", "upsampling": 16}, LINES),
    "JAX, spectra": ({"engine": "jax"}, LINES[1:-1]),
    "JAX, spectra of noise": ({"engine": "jax"}, (37,)),
}
KINDS = ("source_strength", "noise_strength")
LEVEL = 1e-3 / 5 / len(ENGINES)
X = np.array([-0.41, -0.3, -0.12, 0.0, 0.08, 0.21, 0.33, 0.45])
Y = np.array([0.2, -0.35, 0.43, -0.02, -0.18, 0.3, -0.44, 0.1])


def fixed_geometry(rng, size):
    return np.stack([X[: size[1]], Y[: size[1]]])


def fixed_scenes(num_records, block_size=128, **options):
    return apg.SyntheticSource(
        num_records,
        seed=7,
        setup=apg.MeasurementSetup(block_size=block_size),
        locations=fixed_geometry,
        nsources=NUM_SOURCES,
        strengths=lambda rng, size: np.linspace(1.0, 3.0, size),
        noise=0.02,
        mic_pos_noise=False,
        signal_length=1.0,
        **options,
    )


def source_of(engine):
    options, lines = ENGINES[engine]
    frequencies = [float(apg.MeasurementSetup.default().bin_frequencies[line]) for line in lines]
    labels = [f"{kind}_{state}" for kind in KINDS for state in ("analytic", "estimated")]
    return fixed_scenes(NUM_SCENES, features=("csm", *labels), f=frequencies, **options)


def records_of(source):
    batches = list(apg.make_loader(source, 20, shuffle=False))
    names = [name for name in source.element_spec if name not in ("idx", "num_sources", "source_mask")]
    return {name: np.concatenate([np.asarray(batch[name]) for batch in batches]) for name in names}


def averages_of(source, lines):
    """Return the effective number of averages K, by line."""
    blocks = source.setup.num_blocks(source.inputs.max_num_samples)
    by_line = np.full(lines.size, blocks / (1 + 2 * (1 - 1 / blocks) * 0.161468**2))
    by_line[lines == 1] /= 1.041
    return by_line


def assert_standard_normal(z):
    assert np.abs(z).max() < stats.norm.isf(LEVEL / 2 / np.size(z))


def powers(csm):
    power = np.diagonal(csm, axis1=1, axis2=2).real
    return power[:, :, None] * power[:, None, :]


@pytest.mark.parametrize("engine", ENGINES)
def test_estimates_have_their_mean_and_their_variance(engine, subtests):
    source, lines = source_of(engine), np.array(ENGINES[engine][1])
    records, averages = records_of(source), averages_of(source, lines)
    with subtests.test("mean of the matrix"):
        the_mean_matrix_is_the_expected_one(source, lines, records, averages)
    with subtests.test("variance of the matrix"):
        the_matrix_varies_as_the_effective_number_of_averages_says(source, lines, records, averages)
    for kind in KINDS:
        with subtests.test(f"mean of {kind}"):
            estimated_labels_have_the_analytic_ones_as_their_mean(records, averages, kind)
        with subtests.test(f"variance of {kind}"):
            estimated_labels_vary_as_the_effective_number_of_averages_says(records, averages, kind)


def the_mean_matrix_is_the_expected_one(source, lines, records, averages):
    expected = apg.expected_welch_csm(source.setup, source.inputs[0], source.upsampling)[lines]
    spread = np.sqrt(powers(expected) / averages[:, None, None] / NUM_SCENES)
    z = np.abs(records["csm"].astype(complex).mean(axis=0) - expected) / spread
    assert np.sqrt(np.mean(z**2)) <= 1.2
    assert np.all(np.sqrt(np.mean(z**2, axis=(1, 2))) <= 1.3)  # 64 degrees of freedom a line
    # A test that could not tell delays from rounded ones would show nothing: here it does.
    other = apg.expected_welch_csm(source.setup, source.inputs[0], 16 if source.upsampling is None else None)[lines]
    z = np.abs(records["csm"].astype(complex).mean(axis=0) - other) / spread
    assert np.all(np.sqrt(np.mean(z[lines >= 20] ** 2, axis=(1, 2))) > 2)


def estimated_labels_have_the_analytic_ones_as_their_mean(records, averages, kind):
    ratio = records[f"{kind}_estimated"].astype(float)
    analytic = records[f"{kind}_analytic"].astype(float)
    present = analytic[0, 0] > 0
    mean = (ratio[:, :, present] / analytic[:, :, present]).mean(axis=0)
    assert_standard_normal((mean - 1) * np.sqrt(averages[:, None] * NUM_SCENES))


def estimated_labels_vary_as_the_effective_number_of_averages_says(records, averages, kind):
    analytic = records[f"{kind}_analytic"].astype(float)
    present = analytic[0, 0] > 0
    ratio = records[f"{kind}_estimated"][:, :, present] / analytic[:, :, present]
    # All sources, or microphones, of a line alike and independent: the variance of a mean square is 2σ⁴/n, nearly.
    variance = np.mean((ratio - 1) ** 2, axis=(0, 2)) * averages
    assert_standard_normal((variance - 1) / np.sqrt(2 / (NUM_SCENES * present.sum())))


def the_matrix_varies_as_the_effective_number_of_averages_says(source, lines, records, averages):
    expected = apg.expected_welch_csm(source.setup, source.inputs[0], source.upsampling)[lines]
    deviation = np.abs(records["csm"].astype(complex) - expected) ** 2
    by_record = (deviation / powers(expected)).mean(axis=(2, 3)) * averages
    spread = by_record.std(axis=0, ddof=1) / np.sqrt(NUM_SCENES)
    assert_standard_normal((by_record.mean(axis=0) - 1) / spread)


def test_welch_tends_to_the_analytic_matrix_as_the_block_grows():
    """From one that 40 recordings tell from the analytic matrix to one that they do not.

    The standardised rms distance of the right matrix is 1 ± 0.06 (64 degrees of freedom).
    """
    frequency, count, distances, away = 3965.9375, 40, [], []
    for block_size in (128, 256, 512, 1024):
        options = {"features": ("csm",), "f": frequency}
        analytic = fixed_scenes(1, block_size, mode="analytic", **options)[0]["csm"]
        welch = fixed_scenes(count, block_size, engine="jax", **options)
        (batch,) = apg.make_loader(welch, count, shuffle=False)
        mean = np.asarray(batch["csm"]).mean(axis=0)
        line = int(np.argmin(np.abs(welch.setup.bin_frequencies - frequency)))
        expected = apg.expected_welch_csm(welch.setup, welch.inputs[0])[[line]]
        distances.append(np.sqrt(np.mean(np.abs(expected - analytic) ** 2 / powers(analytic))))
        blocks = welch.setup.num_blocks(welch.inputs.max_num_samples)
        spread = np.sqrt(powers(analytic) * (1 + 2 * (1 - 1 / blocks) * 0.161468**2) / blocks / count)
        assert np.sqrt(np.mean(np.abs((mean - expected) / spread) ** 2)) <= 1.2
        away.append(np.sqrt(np.mean(np.abs((mean - analytic) / spread) ** 2)))
    # A Hann window loses coherence with the square of the delay over its length.
    np.testing.assert_allclose(np.divide(distances[:-1], distances[1:]), 4, rtol=0.1)
    assert away[0] > 1.5
    assert away[-1] <= 1.2
