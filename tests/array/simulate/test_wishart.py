"""Draws of cross-spectral matrices: what they depend on, and their form. Their moments: tests/oracles."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import acoupipe_grain as apg
from acoupipe_grain.array.simulate.wishart import draw_wishart, effective_averages


def wishart(**options):
    features = ("csm", "source_strength_estimated", "noise_strength_estimated")
    return apg.SyntheticSource(**({"num_records": 20, "mode": "wishart", "features": features} | options))


@pytest.mark.parametrize(("overlap", "share"), [(0.0, 1.0), (0.5, 0.95048), (0.75, 0.5238)])
def test_effective_averages_of_a_hann_window(overlap, share):
    setup = apg.MeasurementSetup(overlap=overlap)
    correlations = setup.window_correlation[setup.hop_size :: setup.hop_size]
    averages = effective_averages(jnp.array([1070, 1, 2]), correlations)
    assert averages[0] / 1070 == pytest.approx(share, rel=2e-3)
    assert averages[1] == 1
    # Two blocks overlap once: K = 2/(1 + ρ₁²).
    first = correlations[0] if correlations.size else 0
    assert averages[2] == pytest.approx(2 / (1 + first**2), rel=1e-6)


def test_the_default_recording_counts_as_1017_02_averages():
    setup = apg.MeasurementSetup.default()
    assert setup.window_correlation[64] == pytest.approx(0.161468, abs=1e-6)
    averages = effective_averages(jnp.int32(setup.num_blocks(68_600)), setup.window_correlation[[64]])
    assert averages == pytest.approx(1017.02, abs=0.01)


@pytest.mark.slow
@pytest.mark.computing
def test_a_draw_depends_on_nothing_but_its_record_and_line():
    source = wishart()
    graph, scenes = source._graph, source.inputs.batch(range(6))
    compute = jax.jit(lambda inputs: graph({}, inputs))
    batch = compute({name: scenes[name] for name in graph.inputs})
    single = wishart(f=4000.0)
    for index in (0, 5):
        record = source[index]
        for name in ("csm", "source_strength_estimated"):
            np.testing.assert_allclose(batch[name][index], record[name], atol=1e-6 * np.abs(record[name]).max())
        one = single[index]
        assert np.array_equal(one["csm"][0], record["csm"][37])
        assert np.array_equal(one["noise_strength_estimated"][0], record["noise_strength_estimated"][37])
    few, whole = wishart(f=[0.0, 4000.0, 6860.0, 500.0])[3]["csm"], source[3]["csm"]
    for place, line in enumerate((0, 37, 64, 5)):
        assert np.array_equal(few[place], whole[line])


@pytest.mark.slow
@pytest.mark.computing
def test_records_splits_seeds_and_lines_draw_differently():
    options = {"mic_pos_noise": False, "nsources": 1, "strengths": 1.0, "noise": 0.1, "snap_to_grid": True}
    options |= {"locations": lambda rng, size: np.zeros(size), "f": [2000.0, 4000.0]}
    records = [
        wishart(**options)[3],
        wishart(**options)[4],
        wishart(**options, seed=1)[3],
        wishart(**options, split="validation")[3],
    ]
    draws = [record["noise_strength_estimated"][line] for record in records for line in (0, 1)]
    correlations = np.corrcoef(draws)[np.triu_indices(8, 1)]
    assert np.abs(correlations).max() < 0.55  # of 64 independent microphones; 4.4σ


@pytest.mark.slow
@pytest.mark.computing
def test_the_bits_of_the_random_numbers_do_not_depend_on_jaxs_settings():
    source = wishart(f=4000.0)
    expected = source[2]["noise_strength_estimated"]
    for setting in (jax.threefry_partitionable(False), jax.default_prng_impl("rbg"), jax.enable_x64(True)):
        with setting:
            again = wishart(f=4000.0)[2]["noise_strength_estimated"]
        np.testing.assert_allclose(again, expected, rtol=1e-6)


def test_matrices_are_hermitian_positive_and_real_at_the_ends_of_the_spectrum():
    csm = wishart()[1]["csm"].astype(complex)
    assert np.array_equal(csm, csm.conj().swapaxes(1, 2))
    assert not csm[[0, 64]].imag.any()
    assert csm[1:64].imag.any(axis=(1, 2)).all()
    assert np.linalg.eigvalsh(csm).min() > 0


def test_few_averages_give_matrices_of_their_rank():
    source = wishart(signal_length=0.2, f=[4000.0, 6860.0], noise=0.1)
    blocks = source.setup.num_blocks(source.inputs.max_num_samples)
    rank = round(float(effective_averages(jnp.int32(blocks), source.setup.window_correlation[[64]])))
    assert rank < 64
    for index in range(3):
        values = np.linalg.eigvalsh(source[index]["csm"].astype(complex))
        assert np.all(np.abs(values[:, : 64 - rank]) < 1e-5 * values[:, -1:])
        assert np.all(values[:, 64 - rank] > 1e-4 * values[:, -1])


def test_records_of_random_length_are_drawn_with_their_own_averages():
    """A recording of a tenth of the length varies ten times as much; here by the drawn length."""
    source = wishart(num_records=300, random_signal_length=True, f=4000.0, features=("noise_strength_estimated",))
    plain = wishart(num_records=300, mode="analytic", f=4000.0, features=("noise_strength_analytic",))
    scenes = source.inputs.batch(range(300))
    assert scenes["num_samples"].min() < 20_000 < 120_000 < scenes["num_samples"].max()
    ratios = [
        source[index]["noise_strength_estimated"] / plain[index]["noise_strength_analytic"] for index in range(300)
    ]
    averages = effective_averages(
        jnp.asarray(source.setup.num_blocks(scenes["num_samples"])), source.setup.window_correlation[[64]]
    )
    squared = np.mean((np.array(ratios)[:, 0] - 1) ** 2, axis=1) * np.asarray(averages)
    # Each is a mean of 64 squares: standard deviation √(2/64).
    assert np.mean(squared) == pytest.approx(1, abs=4 * np.sqrt(2 / 64 / 300))
    assert np.corrcoef(squared, scenes["num_samples"])[0, 1] == pytest.approx(0, abs=0.25)


@pytest.mark.slow
@pytest.mark.computing
def test_the_powers_of_a_draw_are_those_of_its_matrix():
    """With noise alone, the matrix's diagonal is the noise's drawn power."""
    key = jnp.array([1, 2], dtype=jnp.uint32)
    parts = jnp.zeros((1, 4, 2), jnp.complex64), jnp.zeros((1, 2)), jnp.full((1, 4), 3.0)
    drawn = draw_wishart(key, jnp.float32(50), *parts, lines=np.array([5]), block_size=128)
    np.testing.assert_allclose(np.diagonal(drawn.csm[0]).real, drawn.noise_powers[0], rtol=1e-6)
    assert not np.any(drawn.source_powers)
