"""Properties of the beamformers beyond their equality with Acoular's (tests/oracles/test_acoular_beamformers.py)."""

import jax
import numpy as np
import pytest

import acoupipe_grain as apg
from acoupipe_grain.errors import ArgumentError


def source(small_setup, *features, **options):
    options = {"mode": "wishart", "f": [1500.0, 2500.0], "max_nsources": 3, "noise": 0.02} | options
    return apg.SyntheticSource(5, setup=small_setup, features=features, **options)


def maps(label, method, **options):
    return apg.feature("sourcemap", label=label, method=method, **options)


def test_a_method_is_the_registered_variant_under_the_features_own_name(small_setup):
    by_method = source(small_setup, apg.feature("sourcemap", method="capon"))[2]["sourcemap"]
    by_name = source(small_setup, "sourcemap_capon")[2]["sourcemap_capon"]
    assert np.array_equal(by_method, by_name)
    assert apg.feature("sourcemap", method="conventional").identity == {
        "name": "sourcemap",
        "label": "sourcemap",
        "options": {},
    }
    mapping = {"name": "sourcemap", "label": "map", "options": {"method": "capon", "steering": "I"}}
    assert (
        source(small_setup, mapping).configuration
        == source(small_setup, maps("map", "capon", steering="I")).configuration
    )


def test_functional_beamforming_with_exponent_1_is_conventional(small_setup):
    record = source(small_setup, "sourcemap", maps("one", "functional", gamma=1.0))[1]
    np.testing.assert_allclose(record["one"], record["sourcemap"], rtol=2e-5)


def test_functional_beamforming_lowers_side_lobes_and_keeps_the_peak(small_setup):
    record = source(
        small_setup,
        maps("low", "functional", gamma=2.0, steering="IV"),
        maps("high", "functional", gamma=50.0, steering="IV"),
        max_nsources=1,
        snap_to_grid=True,
        mic_pos_noise=False,
        mode="analytic",
    )[1]
    for line in range(2):
        low, high = record["low"][line], record["high"][line]
        assert low.argmax() == high.argmax()
        assert high.max() == pytest.approx(low.max(), rel=0.05)
        assert np.median(high) < 0.5 * np.median(low)


def test_the_maps_of_all_eigenvalues_sum_to_the_conventional_one(small_setup):
    for removed in (False, True):
        each = [maps(f"map{i}", "eigenvalue", component=i, remove_diagonal=removed) for i in range(5)]
        conventional = apg.feature("sourcemap", label="whole", remove_diagonal=removed)
        record = source(small_setup, *each, conventional)[0]
        total = sum(record[f"map{i}"] for i in range(5))
        if removed:
            # Each map is cut off at zero on its own.
            assert np.all(total >= record["whole"] * (1 - 1e-5))
        else:
            np.testing.assert_allclose(total, record["whole"], rtol=1e-5)


def test_components_count_from_either_end(small_setup):
    record = source(small_setup, maps("last", "eigenvalue"), maps("fourth", "eigenvalue", component=4))[0]
    assert np.array_equal(record["last"], record["fourth"])


def test_orthogonal_beamforming_distributes_the_largest_eigenvalues(small_setup):
    record = source(small_setup, "csm", maps("map", "orthogonal", num_components=3))[4]
    for line in range(2):
        values = np.linalg.eigvalsh(record["csm"][line].astype(complex))
        assert record["map"][line].sum() == pytest.approx(values[-3:].sum() / 5, rel=1e-5)
        assert np.count_nonzero(record["map"][line]) <= 3


def test_music_is_at_most_0_db(small_setup):
    record = source(small_setup, maps("map", "music", num_components=2))[3]["map"]
    np.testing.assert_allclose(record.max(axis=(1, 2)), 4e-10, rtol=1e-6)
    assert record.min() > 0


def test_a_matrix_without_noise_has_finite_maps_with_the_peak_at_the_source(small_setup):
    methods = ("functional", "capon", "music", "clean_sc")
    records = source(
        small_setup,
        *(maps(method, method, steering="IV") for method in methods),
        "targetmap_analytic",
        mode="analytic",
        noise=None,
        mic_sig_noise=False,
        mic_pos_noise=False,
        max_nsources=1,
        snap_to_grid=True,
    )
    for index in range(5):
        record = records[index]
        for method in methods:
            assert np.isfinite(record[method]).all()
            for line in range(2):
                assert record[method][line].argmax() == record["targetmap_analytic"][line].argmax(), method


def test_clean_sc_finds_level_and_place_of_separated_sources():
    """Two sources far apart on grid points, formulation III; the whole power ends up at their cells."""
    grid = apg.RectGrid(-0.5, 0.5, -0.5, 0.5, 0.5, 0.05)
    source = apg.SyntheticSource(
        1,
        setup={"grid": grid},
        mode="analytic",
        features=(maps("clean", "clean_sc"), "targetmap_analytic"),
        f=5000.0,
        locations=lambda rng, size: np.array([[-0.3, 0.25], [0.2, -0.3]]),
        nsources=2,
        strengths=lambda rng, size: np.array([4.0, 1.0]),
        mic_sig_noise=False,
        mic_pos_noise=False,
    )
    record = source[0]
    clean, target = record["clean"], record["targetmap_analytic"]
    found = clean > 1e-5 * clean.max()  # far below, rounding errors of an emptied matrix are distributed
    assert np.array_equal(found, target > 0)
    # Not exactly: each source has a little coherence with the steering vector of the other.
    assert np.abs(10 * np.log10(clean[found] / target[found])).max() < 0.2


def test_the_first_iteration_of_clean_sc_takes_its_share_of_the_maximum(small_setup):
    record = source(small_setup, "sourcemap", maps("one", "clean_sc", num_iterations=1, damping=0.25))[0]
    for line in range(2):
        place = record["sourcemap"][line].argmax()
        assert record["one"][line].argmax() == place
        assert record["one"][line].sum() == pytest.approx(0.25 * record["sourcemap"][line].max(), rel=1e-5)


@pytest.mark.parametrize("method", ["functional", "capon"])
@pytest.mark.parametrize("scenes", [{"noise": None, "mic_sig_noise": False}, {"signal_length": 0.05}])
def test_matrices_without_full_rank_have_the_same_maps_in_either_precision(small_setup, method, scenes):
    """Zero eigenvalues count as single precision's rounding in both, not as what is left of them."""
    options = {"mode": "analytic" if "mic_sig_noise" in scenes else "wishart", "nsources": 2} | scenes
    single = source(small_setup, maps("map", method), **options)[1]["map"]
    with jax.enable_x64(True):
        double = source(small_setup, maps("map", method), **options)[1]["map"]
    for line in range(2):
        np.testing.assert_allclose(double[line], single[line], atol=0.02 * single[line].max())


def test_no_power_gives_an_empty_clean_map(small_setup):
    record = source(small_setup, maps("map", "clean_sc"), strengths=0.0)[0]
    assert not record["map"].any()


@pytest.mark.parametrize(
    "method",
    [
        "functional",
        "eigenvalue",
        "music",
        "orthogonal",
        *(pytest.param(name, marks=pytest.mark.slow) for name in ("capon", "clean_sc")),
    ],
)
def test_bands_are_the_sums_of_their_lines(small_setup, method):
    band = source(small_setup, maps("map", method), f=2000.0, num=3)
    lines = source(small_setup, maps("map", method), f=None)
    inside = [k for k in range(33) if 2000 * 2 ** (-1 / 6) <= k * 125 < 2000 * 2 ** (1 / 6)]
    expected = lines[1]["map"][inside].sum(axis=0)
    np.testing.assert_allclose(band[1]["map"][0], expected, atol=1e-5 * expected.max())


@pytest.mark.parametrize(
    ("method", "options", "message"),
    [
        ("functional", {"gamma": 0.5}, r"gamma=0\.5.*at least 1"),
        ("functional", {"remove_diagonal": True}, "whole cross-spectral matrix"),
        ("capon", {"remove_diagonal": True}, "its option remove_diagonal=False"),
        ("music", {"remove_diagonal": True}, "whole cross-spectral matrix"),
        ("capon", {"gamma": 2.0}, "unknown option"),
        ("eigenvalue", {"component": 5}, "at least -5 and at most 4"),
        ("music", {"num_components": 5}, "at least 1 and at most 4"),
        ("music", {"num_components": 0}, "num_components=0"),
        ("orthogonal", {"num_components": 6}, "at most 5"),
        ("clean_sc", {"num_iterations": 0}, "num_iterations=0"),
        ("clean_sc", {"damping": 1.5}, r"damping=1\.5.*at most 1"),
        ("clean_sc", {"damping": 0.0}, "damping=0"),
        ("clean_sc", {"patience": 0}, "patience=0"),
        ("capon", {"steering": "V"}, "steering formulation"),
        ("capno", {}, "did you mean 'capon'"),
        (["capon"], {}, "unknown method"),
        ("das", {}, "unknown method of feature 'sourcemap'.*conventional"),
    ],
)
def test_options_that_cannot_be_used_are_refused_at_construction(small_setup, method, options, message):
    with pytest.raises(ArgumentError, match=message):
        source(small_setup, maps("map", method, **options))


def test_a_setup_without_diagonals_asks_for_a_decision(small_setup):
    setup = apg.MeasurementSetup.from_mapping(small_setup.to_json() | {"remove_diagonal": True})
    with pytest.raises(ArgumentError, match="whole cross-spectral matrix"):
        source(setup, "sourcemap_capon")
    record = source(setup, "sourcemap", maps("capon", "capon", remove_diagonal=False))[0]
    assert set(record) >= {"sourcemap", "capon"}
