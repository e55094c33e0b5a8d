"""AcouPipe's scenes: its own numbers, and its samplers' draws written down with NumPy and SciPy as it calls them."""

import pickle

import numpy as np
import pytest
from scipy.stats import norm, poisson

import acoupipe_grain as apg
from acoupipe_grain.compat import AcouPipeScenes
from acoupipe_grain.errors import ArgumentError, RecordIndexError
from acoupipe_grain.specs import check_element

MICROPHONES = np.array(
    [
        (-0.68526741, -0.7593943, -1.99918406, 0.08414458),
        (-0.60619132, 1.20374544, -0.27378946, -1.38583541),
        (0.32909911, 0.56201909, -0.24697204, -0.68677001),
    ]
)
APERTURE = 2.996157712310416


@pytest.fixture(scope="module")
def four_microphones():
    """The test array of AcouPipe's own tests."""
    half = APERTURE / 2
    setup = apg.MeasurementSetup(
        mic_positions=MICROPHONES, grid=apg.RectGrid(-half, half, -half, half, half, APERTURE / 5)
    )
    assert setup.aperture == pytest.approx(APERTURE, rel=1e-15)
    assert setup.grid.shape == (6, 6)
    return setup


def test_index_3_is_acoupipes(four_microphones):
    scenes = AcouPipeScenes(10, setup=four_microphones)
    scene = scenes.draw(3)
    assert scene["num_sources"] == 2
    assert scenes.signal_seed(3) == 848951400
    np.testing.assert_allclose(scene["strengths"][:2], (6.409106794732512, 3.367753399592892), rtol=1e-9)
    ratio = scene["noise_power"] / scene["strengths"].sum()
    assert ratio == pytest.approx(0.001298875370170656, rel=1e-9)
    expected = [
        (0.5469832743442157, -0.36837831032608775),
        (0.40879767046089127, 0.36873586778336875),
        (1.498078856155208, 1.498078856155208),
    ]
    np.testing.assert_allclose(scene["positions"][:, :2], expected, rtol=1e-9)
    assert not scene["positions"][:, 2:].any()
    assert not scene["strengths"][2:].any()


def independent_scene(setup, index, offset, max_nsources=10, min_nsources=1):
    """Return what AcouPipe's samplers give, called as it calls them."""
    rng = [np.random.default_rng(offset + key * 10**7 + index) for key in range(7)]
    count = 0
    while not min_nsources <= count <= max_nsources:
        count = int(poisson(mu=3, loc=1).rvs(size=1, random_state=rng[0])[0])
    mics = setup.mic_positions.copy()
    mics[:2] += norm(loc=0, scale=0.001).rvs(size=(setup.num_mics, 2), random_state=rng[1]).T
    seed = int(rng[2].uniform(1, 1e9))
    powers = np.sqrt(rng[3].rayleigh(5, max_nsources))[:count] ** 2
    law, half = norm(0, 0.1688 * setup.aperture), setup.aperture / 2
    positions = []
    while len(positions) < count:
        x, y = (law.rvs(size=1, random_state=rng[4])[0] for _ in range(2))
        if abs(x) <= half and abs(y) <= half:
            positions.append((x, y, half))
    noise = powers.sum() * rng[5].uniform(10e-6, 0.1)
    return {"positions": np.array(positions).T, "strengths": powers, "mic_positions": mics, "noise_power": noise}, seed


@pytest.mark.parametrize(("split", "offset"), [("training", 0), ("validation", 10**12)])
@pytest.mark.parametrize("index", [0, 3, 17, 9999])
def test_the_samplers_calls_give_the_same_scene(split, offset, index):
    scenes = AcouPipeScenes(10_000, split=split)
    scene = scenes.draw(index)
    expected, seed = independent_scene(scenes.setup, index, offset)
    count = int(scene["num_sources"])
    assert scenes.signal_seed(index) == seed
    assert expected["strengths"].size == count
    np.testing.assert_allclose(scene["positions"][:, :count], expected["positions"], rtol=1e-12)
    np.testing.assert_allclose(scene["strengths"][:count], expected["strengths"], rtol=1e-12)
    np.testing.assert_allclose(scene["mic_positions"], expected["mic_positions"], atol=1e-15)
    np.testing.assert_allclose(scene["noise_power"], expected["noise_power"], rtol=1e-12)


def test_the_grids_extent_does_not_bound_positions_the_aperture_does():
    half = apg.MeasurementSetup.default().aperture / 2
    small = {"grid": apg.RectGrid(-half / 4, half / 4, -half / 4, half / 4, half, half / 16)}
    default, narrow = AcouPipeScenes(50), AcouPipeScenes(50, setup=small)
    for index in range(50):
        assert np.array_equal(default.draw(index)["positions"], narrow.draw(index)["positions"])


def test_limits_that_cannot_be_met_end_with_an_error():
    with pytest.raises(ArgumentError, match=r"min_nsources=40, max_nsources=41.*100000 times"):
        AcouPipeScenes(3, min_nsources=40, max_nsources=41).draw(0)


def test_elements_are_scenes_in_single_precision_and_batches_their_stack():
    scenes = AcouPipeScenes(20)
    batch = scenes.batch([4, 0])
    for row, index in enumerate((4, 0)):
        element, drawn = scenes[index], scenes.draw(index)
        check_element(element, scenes.element_spec, f"scene {index}")
        assert scenes.element_spec == apg.SceneSource(20).element_spec
        for name, array in element.items():
            np.testing.assert_allclose(array, drawn[name], rtol=1e-7)
            assert np.array_equal(batch[name][row], array)
    assert scenes[4]["seeds"].tolist() == [scenes.signal_seed(4), 0, 0, 2, 4, 0]


def test_snapped_sources_are_the_unbounded_draws_moved_to_the_nearest_point():
    scenes = AcouPipeScenes(200, snap_to_grid=True)
    grid = scenes.setup.grid
    for index in (0, 5, 199):
        scene, rng = scenes.draw(index), np.random.default_rng(4 * 10**7 + index)
        for number in range(int(scene["num_sources"])):
            drawn = np.array([rng.standard_normal() * 0.1688, rng.standard_normal() * 0.1688])
            cell = grid.nearest(drawn)
            expected = grid.axes[0][cell[0]], grid.axes[1][cell[1]]
            np.testing.assert_allclose(scene["positions"][:2, number], expected, atol=1e-12)


def test_options_switch_their_draws_off_and_change_no_other():
    default = AcouPipeScenes(10).draw(2)
    still = AcouPipeScenes(10, mic_pos_noise=False, mic_sig_noise=False).draw(2)
    assert np.array_equal(still["mic_positions"], apg.MeasurementSetup.default().mic_positions)
    assert still["noise_power"] == 0
    for name in ("positions", "strengths", "num_sources"):
        assert np.array_equal(still[name], default[name])


def test_a_fixed_number_of_sources_is_not_drawn():
    scenes = AcouPipeScenes(10, min_nsources=4, max_nsources=4)
    assert {int(scenes.draw(index)["num_sources"]) for index in range(10)} == {4}


def test_random_lengths_drop_fractions_of_a_sample():
    scenes = AcouPipeScenes(10, random_signal_length=True)
    for index in range(10):
        seconds = np.random.default_rng(6 * 10**7 + index).uniform(1, 10)
        assert scenes.draw(index)["num_samples"] == int(seconds * 13_720) <= scenes.max_num_samples


def test_scenes_survive_pickling():
    scenes = AcouPipeScenes(10, split="validation")
    again = pickle.loads(pickle.dumps(scenes))
    assert again == scenes
    assert np.array_equal(again[3]["positions"], scenes[3]["positions"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"split": "test"}, "beyond 64 bits"),
        ({"split": "train"}, "did you mean 'training'"),
        ({"num_records": 10**7 + 1}, "at most 10000000"),
        ({"max_nsources": 1, "min_nsources": 2}, "max_nsources=1"),
        ({"signal_length": 0.001}, "at least 128"),
        ({"mic_pos_noise": 1}, "mic_pos_noise=1"),
        ({"setup": 3}, "setup=3"),
        (
            {"setup": {"grid": apg.RectGrid(-1, 1, -1, 1, 1.0, 0.5)}},
            r"z=1\.0; AcouPipe's sources lie at half the aperture",
        ),
    ],
)
def test_bad_arguments_are_refused_by_name(options, message):
    with pytest.raises(ArgumentError, match=message):
        AcouPipeScenes(**options)


@pytest.mark.parametrize("index", [-1, 10])
def test_indices_outside_are_refused(index):
    with pytest.raises(RecordIndexError):
        AcouPipeScenes(10)[index]
