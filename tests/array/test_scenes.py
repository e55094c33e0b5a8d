import pickle

import numpy as np
import pytest

import acoupipe_grain as apg
from acoupipe_grain.errors import ArgumentError, RecordIndexError
from acoupipe_grain.specs import check_element


def test_single_draws_have_the_bits_of_batched_ones():
    scenes = apg.SceneSource(2000, seed=3)
    indices = [5, 1999, 0, 5, 700]
    batch = scenes.batch(indices)
    for row, index in enumerate(indices):
        element = scenes[index]
        check_element(element, scenes.element_spec, f"scene {index}")
        for name, array in element.items():
            assert np.array_equal(array, batch[name][row]), name
            assert array.flags.c_contiguous


@pytest.mark.parametrize("options", [{"snap_to_grid": True}, {"min_source_distance": 0.2}])
def test_redraws_do_not_depend_on_the_batch(options):
    scenes = apg.SceneSource(500, **options)
    batch = scenes.batch(range(500))
    for index in (0, 13, 499):
        assert np.array_equal(scenes[index]["positions"], batch["positions"][index])


def test_scenes_hold_what_the_documentation_says():
    batch = apg.SceneSource(3000).batch(range(3000))
    mask, counts = batch["source_mask"], batch["num_sources"]
    assert np.array_equal(mask.sum(axis=1), counts)
    assert counts.min() == 1
    assert counts.max() <= 10
    x, y, z = np.moveaxis(batch["positions"], 1, 0)
    assert np.all(np.abs(x[mask]) <= 0.5)
    assert np.all(np.abs(y[mask]) <= 0.5)
    assert np.all(z[mask] == np.float32(0.5))
    assert np.all(batch["positions"].transpose(0, 2, 1)[~mask] == 0)
    assert np.all((batch["strengths"] > 0) == mask)
    ratio = batch["noise_power"] / batch["strengths"].sum(axis=1)
    assert ratio.min() > 1e-5
    assert ratio.max() < 0.1
    assert np.all(batch["num_samples"] == 68_600)
    displacement = batch["mic_positions"] - apg.MeasurementSetup.default().mic_positions
    assert np.all(displacement[:, 2] == 0)
    assert displacement[:, :2].std() == pytest.approx(0.001, rel=0.01)
    assert np.unique(batch["key"], axis=0).shape == (3000, 2)
    assert np.array_equal(batch["idx"], np.arange(3000))


def test_snapped_sources_sit_on_grid_points_and_never_share_one():
    scenes = apg.SceneSource(300, snap_to_grid=True, min_nsources=10)
    grid = scenes.setup.grid
    for positions in scenes.batch(range(300))["positions"]:
        cells = grid.nearest(positions[:2].T.astype(float))
        assert np.unique(cells, axis=0).shape == (10, 2)
        on_grid = np.stack([grid.axes[0][cells[:, 0]], grid.axes[1][cells[:, 1]]])
        np.testing.assert_allclose(positions[:2], on_grid, atol=1e-7)


def test_snapping_can_fill_a_whole_grid(small_setup):
    grid = apg.RectGrid(-0.1, 0.1, -0.1, 0.1, 0.4, 0.2)
    setup = apg.MeasurementSetup(mic_positions=small_setup.mic_positions, grid=grid)
    positions = apg.SceneSource(5, setup=setup, snap_to_grid=True, min_nsources=4, max_nsources=4)[2]["positions"]
    assert {tuple(np.sign(point)) for point in positions[:2].T} == {(1, 1), (1, -1), (-1, 1), (-1, -1)}


def test_the_minimum_distance_is_kept():
    batch = apg.SceneSource(300, min_source_distance=0.15, min_nsources=5).batch(range(300))
    for positions, count in zip(batch["positions"], batch["num_sources"], strict=True):
        points = positions[:2, :count].T
        gaps = np.linalg.norm(points[:, None] - points[None], axis=2)[np.triu_indices(count, 1)]
        assert gaps.min() >= 0.15 - 1e-6


def test_neighbouring_grid_points_keep_a_distance_of_one_step():
    grid = apg.RectGrid(-0.1, 0.1, -0.1, 0.1, 0.5, 0.1)
    setup = apg.MeasurementSetup(grid=grid)
    scenes = apg.SceneSource(
        20, setup=setup, snap_to_grid=True, min_source_distance=0.1, min_nsources=9, max_nsources=9
    )
    cells = {tuple(np.rint(point / 0.1).astype(int)) for point in scenes[3]["positions"][:2].T}
    assert len(cells) == 9


def test_recordings_must_be_longer_than_the_sound_travels():
    """Acoular reads beyond its signals for longer delays."""
    far = {"grid": {"x_min": -0.5, "x_max": 0.5, "y_min": -0.5, "y_max": 0.5, "z": 40.0, "increment": 0.1}}
    apg.SceneSource(3, setup=far, signal_length=0.12)
    with pytest.raises(ArgumentError, match=r"signal_length=0\.1.*expected at least 160\d"):
        apg.SceneSource(3, setup=far, signal_length=0.1)
    with pytest.raises(ArgumentError, match="random_signal_length=True.*13720 samples"):
        apg.SceneSource(3, setup={"block_size": 2**17}, random_signal_length=True)


def test_an_impossible_distance_is_an_error_that_says_so():
    with pytest.raises(ArgumentError, match="min_source_distance=0.9.*found no place"):
        apg.SceneSource(3, min_source_distance=0.9, min_nsources=10)[0]
    with pytest.raises(ArgumentError, match="diagonal is only 1.414"):
        apg.SceneSource(3, min_source_distance=1.5)


def test_switches_switch():
    scene = apg.SceneSource(5, mic_pos_noise=False, mic_sig_noise=False)[4]
    np.testing.assert_array_equal(
        scene["mic_positions"], apg.MeasurementSetup.default().mic_positions.astype(np.float32)
    )
    assert scene["noise_power"] == 0


def test_random_signal_lengths_lie_between_one_and_ten_seconds():
    samples = apg.SceneSource(2000, random_signal_length=True).batch(range(2000))["num_samples"] / 13_720
    assert 1 <= samples.min() < 1.05
    assert 9.95 < samples.max() <= 10


def test_more_records_and_room_for_more_sources_leave_earlier_draws_alone():
    few, many = apg.SceneSource(10, max_nsources=4), apg.SceneSource(1000, max_nsources=9)
    checked = 0
    for index in range(10):
        one, other = few[index], many[index]
        count = min(one["num_sources"], other["num_sources"])
        assert np.array_equal(one["positions"][:, :count], other["positions"][:, :count])
        assert np.array_equal(one["strengths"][:count], other["strengths"][:count])
        assert np.array_equal(one["mic_positions"], other["mic_positions"])
        checked += count
    assert checked > 10


def test_splits_and_seeds_give_other_scenes():
    drawn = [
        apg.SceneSource(3, seed=seed, split=split)[0]["positions"]
        for seed in (0, 1)
        for split in ("training", "validation", "test")
    ]
    assert len({array.tobytes() for array in drawn}) == 6


def test_representation_identifies_the_content():
    assert repr(apg.SceneSource(5)) == repr(pickle.loads(pickle.dumps(apg.SceneSource(5))))
    assert repr(apg.SceneSource(5)) != repr(apg.SceneSource(5, max_nsources=9))
    assert "0x" not in repr(apg.SceneSource(5))


@pytest.mark.parametrize("index", [-1, 10, 2**40])
def test_indices_outside_are_refused(index):
    with pytest.raises(RecordIndexError, match="0 to 9"):
        apg.SceneSource(10)[index]


@pytest.mark.parametrize("index", [1.0, "1", True, slice(1, 2)])
def test_indices_of_other_types_are_refused(index):
    with pytest.raises(ArgumentError, match="index="):
        apg.SceneSource(10)[index]
