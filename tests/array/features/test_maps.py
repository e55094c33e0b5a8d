import jax.numpy as jnp
import numpy as np
import pytest

import acoupipe_grain as apg
from acoupipe_grain.array.features import maps
from acoupipe_grain.array.features.bands import resolve_bands
from acoupipe_grain.array.features.constants import build_map_weights, build_steering


def random_csm(shape, num_mics, seed=0):
    rng = np.random.default_rng(seed)
    samples = rng.standard_normal((*shape, num_mics, 30)) + 1j * rng.standard_normal((*shape, num_mics, 30))
    return (samples @ samples.conj().swapaxes(-1, -2) / 30).astype(np.complex64)


@pytest.mark.parametrize("way", ["steering", "map_weights"])
@pytest.mark.parametrize("remove", [False, True])
@pytest.mark.parametrize(("f", "num"), [(2000.0, 0), (None, 0), ([1000.0, 2000.0], 3)])
def test_maps_are_the_quadratic_form_summed_over_the_band(small_setup, remove, f, num, way):
    bands = resolve_bands(small_setup, f, num)
    csm = random_csm((2, bands.lines.size), 5)
    steering = build_steering(small_setup, bands, steering="I")
    if way == "steering":
        lines = maps.conventional_lines(jnp.asarray(csm), jnp.asarray(steering), remove_diagonal=remove)
    else:
        weights = build_map_weights(small_setup, bands, steering="I")
        lines = maps.conventional_lines_of_batches(jnp.asarray(csm), jnp.asarray(weights), remove_diagonal=remove)
    measured = np.asarray(maps.sourcemap(lines, small_setup, bands))
    used = csm * (1 - np.eye(5)) if remove else csm
    by_line = np.einsum("fgm,rfmn,fgn->rfg", steering.conj(), used, steering).real
    if remove:
        by_line = np.maximum(by_line * 5 / 4, 0)
    total = by_line if bands.membership is None else np.einsum("bl,rlg->rbg", bands.membership, by_line)
    expected = total.reshape(2, len(bands.frequencies), *small_setup.grid.shape)
    np.testing.assert_allclose(measured, expected, atol=2e-6 * np.abs(expected).max())


@pytest.mark.parametrize("remove", [False, True])
def test_the_map_of_sources_is_that_of_their_matrix(small_setup, remove):
    """Mode "analytic" never builds the matrix for a map; asked for both, they belong together."""
    feature = apg.feature("sourcemap", remove_diagonal=remove, steering="II")
    source = apg.SyntheticSource(4, setup=small_setup, mode="analytic", features=("csm", feature), f=[800.0, 3000.0])
    bands = resolve_bands(small_setup, [800.0, 3000.0], 0)
    steering = build_steering(small_setup, bands, steering="II")
    for index in range(4):
        record = source[index]
        used = record["csm"] * (1 - np.eye(5)) * 5 / 4 if remove else record["csm"]
        expected = np.einsum("fgm,fmn,fgn->fg", steering.conj(), used, steering).real.reshape(2, 8, 6)
        expected = np.maximum(expected, 0) if remove else expected
        np.testing.assert_allclose(record["sourcemap"], expected, atol=3e-6 * np.abs(record["csm"]).max())


def test_the_level_at_a_source_on_a_grid_point_is_its_strength():
    """One source on the grid without noise: formulations II and III give its level, I and IV have their peak there."""
    setup = apg.MeasurementSetup.default()
    labels = {number: apg.feature("sourcemap", label=number, steering=number) for number in ("I", "II", "III", "IV")}
    source = apg.SyntheticSource(
        20,
        features=(*labels.values(), "source_strength_estimated", "targetmap_analytic"),
        f=3000.0,
        max_nsources=1,
        snap_to_grid=True,
        mic_pos_noise=False,
        mic_sig_noise=False,
        signal_length=2.0,
    )
    for index in (0, 7):
        record = source[index]
        cell = np.unravel_index(record["targetmap_analytic"][0].argmax(), setup.grid.shape)
        label = record["source_strength_estimated"][0, 0]
        for number in ("II", "III"):
            # Welch's coherence loss over the array: below 0.2 dB (mean over microphones) even in the corners.
            assert abs(10 * np.log10(record[number][0][cell] / label)) < 0.2
        for number in ("I", "IV"):
            assert np.unravel_index(record[number][0].argmax(), setup.grid.shape) == cell


def test_target_maps_add_strengths_at_the_nearest_points(small_setup):
    positions = np.array([[-0.35, -0.31, 0.349], [-0.25, -0.21, 0.25], [0.4, 0.4, 0.4]], dtype=np.float32)
    strengths = np.array([[1.0, 2.0, 4.0], [10.0, 20.0, 40.0]], dtype=np.float32)
    mask = np.array([True, True, True])
    target = np.asarray(maps.target_map(*map(jnp.asarray, (strengths, positions, mask)), small_setup))
    assert target.shape == (2, 8, 6)
    assert target[0, 0, 0] == 3.0
    assert target[1, 7, 5] == 40.0
    assert target.sum() == strengths.sum()


def test_target_maps_agree_with_the_grid_and_ignore_padding():
    source = apg.SyntheticSource(50, features=("targetmap_analytic", "source_strength_analytic", "loc"), f=2000.0)
    grid = source.setup.grid
    for index in range(20):
        record = source[index]
        expected = np.zeros(grid.shape)
        cells = grid.nearest(record["loc"][:2].T.astype(float))
        for number in np.flatnonzero(record["source_mask"]):
            expected[tuple(cells[number])] += record["source_strength_analytic"][0, number]
        np.testing.assert_allclose(record["targetmap_analytic"][0], expected, rtol=1e-6)
