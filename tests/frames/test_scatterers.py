"""Point spreads, paths and labels against their definitions, and the source of them."""

import pickle

import numpy as np
import pytest
from scipy.signal import convolve2d

import acoupipe_grain as apg
from acoupipe_grain.config import source_from_configuration
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.frames.paths import Paths, drawn_from, rotated
from acoupipe_grain.frames.point_spread import point_spreads

FIVE = [(30, 16), (47, 60), (8, 1), (60, 33), (29, 24)]


def frame(positions, sigma=0.1, mu=0.0, merge="sum", size=64):
    at = np.array(positions, dtype=np.float32).T
    return np.asarray(point_spreads(at, np.ones(len(positions), bool), size, sigma, mu, merge), dtype=np.float64)


def kernel(size, sigma, mu=0.0):
    """The point spread as a kernel of size − 1 points over −1 ... 1, as it is convolved with single pixels."""
    axis = np.linspace(-1, 1, size - 1)
    distance = np.hypot(axis[:, None], axis)
    return np.exp(-((distance - mu) ** 2) / (2 * sigma**2))


def test_the_kernel_has_the_numbers_it_must_have():
    spread = kernel(64, 0.1)
    assert spread.shape == (63, 63)
    assert spread[31, 31] == spread.max() == 1
    assert spread.sum() == pytest.approx(60.381411, abs=1e-6)
    assert kernel(64, 0.05).sum() == pytest.approx(15.095353, abs=1e-6)


@pytest.mark.parametrize("position", [(10, 20), (0, 0), (63, 31)])
@pytest.mark.parametrize("mu", [0.0, 0.3])
def test_frames_are_the_convolution_of_pixels_with_the_kernel(position, mu):
    pixels = np.zeros((64, 64))
    pixels[position] = 1
    # A ring reaches 31 pixels and more: beyond the kernel the closed form goes on where it has fallen to 1e-11.
    expected = convolve2d(pixels, kernel(64, 0.1, mu), mode="same")
    np.testing.assert_allclose(frame([position], mu=mu), expected, atol=2e-6)


def test_frames_have_the_numbers_they_must_have():
    np.testing.assert_allclose(
        frame([(31, 31)])[31, 31:37], [1, 0.949301, 0.812112, 0.626089, 0.434975, 0.272333], atol=1e-6
    )
    assert frame([(10, 20)]).sum() == pytest.approx(60.361198, rel=1e-6)
    assert frame([(0, 0)]).sum() == pytest.approx(19.230627, rel=1e-6)
    assert frame(FIVE, merge="max").sum() == pytest.approx(255.660353, rel=1e-6)
    assert frame(FIVE, sigma=0.05, merge="max").sum() == pytest.approx(72.550794, rel=1e-6)
    assert frame([(64, 64)], mu=0.3, size=128)[64, 64] == pytest.approx(0.011109, abs=1e-6)


def test_the_sum_is_that_of_single_frames_and_the_maximum_theirs():
    single = [frame([position], mu=mu) for mu in (0.0, 0.2) for position in FIVE]
    for mu, parts in ((0.0, single[:5]), (0.2, single[5:])):
        np.testing.assert_allclose(frame(FIVE, mu=mu), np.sum(parts, axis=0), atol=1e-6)
        np.testing.assert_allclose(frame(FIVE, mu=mu, merge="max"), np.max(parts, axis=0), atol=1e-6)


def paths(num_frames=4, velocity=5.0, angle=0.0, size=64):
    drawn = [drawn_from(name, value) for name, value in (("velocity", velocity), ("angle", angle), ("rotation", 0.0))]
    return Paths(size, 1, num_frames, *drawn)


def straight(start, velocity, angle, num_frames):
    direction = np.array([np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))])
    steps = velocity * direction[:, None] * np.arange(num_frames)
    return (np.array(start, float)[:, None] + steps)[None, :, None, :]


def test_one_pixel_a_frame_at_45_degrees_moves_as_far_as_it_says():
    source = apg.ScattererSource(20, num_frames=11, velocity=1.0, angle=45.0, num_scatterers=3)
    positions = source[4]["positions"]
    np.testing.assert_allclose(positions[..., 10] - positions[..., 0], 10 / np.sqrt(2), atol=1e-5)


@pytest.mark.parametrize("angle", [0, 90, 180, 270])
def test_tracks_along_the_axes_have_a_pixel_for_each_step_and_both_ends(angle):
    points, _ = paths().tracks(straight((30, 30), 5, angle, 4))
    points = points[0, :, 0][:, np.isfinite(points[0, 0, 0])]
    assert points.shape == (2, 16)
    ends = np.array([[30, 30], [30 + 15 * np.cos(np.deg2rad(angle)), 30 + 15 * np.sin(np.deg2rad(angle))]])
    np.testing.assert_allclose(points[:, [0, -1]].T, ends, atol=1e-12)
    assert len(np.unique(np.floor(points + 0.5 + 1e-9), axis=1).T) == 16


@pytest.mark.parametrize("angle", [20.0, 45.0, 133.0, 260.0])
def test_tracks_have_no_gaps(angle):
    source = apg.ScattererSource(6, num_frames=8, velocity=4.3, angle=angle, num_scatterers=1, label="track")
    for index in range(6):
        element = source[index]
        at = np.argwhere(element["label"])
        if len(at) > 1:
            # Each pixel has a neighbour, diagonal ones too.
            distance = np.abs(at[:, None] - at).max(axis=-1) + 99 * np.eye(len(at), dtype=int)
            assert np.all(distance.min(axis=1) == 1)
        for position in element["positions"][:, 0, element["mask"][0]].T:
            assert np.abs(at - position).max(axis=1).min() < 1


def test_sparse_labels_mark_the_nearest_pixels_of_what_is_on_the_frame():
    source = apg.ScattererSource(30, num_frames=6, velocity=[0, 20], angle=[0, 360], size=32)
    left = 0
    for index in range(30):
        element = source[index]
        expected = np.zeros((32, 32, 6))
        for scatterer, number in np.argwhere(element["mask"]):
            x, y = np.floor(element["positions"][:, scatterer, number].astype(float) + 0.5 + 1e-5).astype(int)
            expected[x, y, number] = 1
        assert np.array_equal(element["label"], expected)
        on_frame = np.all((element["positions"] > -1e-4) & (element["positions"] < 31 + 1e-4), axis=0)
        assert np.array_equal(on_frame, element["mask"])
        left += (~element["mask"]).sum()
    assert left > 100


def test_data_show_what_is_on_the_frame_at_its_position():
    source = apg.ScattererSource(5, num_frames=3, velocity=[0, 9], angle=[0, 360], label="spread", rotation=30.0)
    element = source[2]
    for number in range(3):
        shown = element["positions"][:, element["mask"][:, number], number].T
        np.testing.assert_allclose(element["data"][..., number], frame(shown) if len(shown) else 0, atol=1e-6)
        np.testing.assert_allclose(element["label"][..., number], frame(shown, 0.05) if len(shown) else 0, atol=1e-6)


def test_rotation_turns_positions_about_the_centre_and_is_uniform():
    still = {"num_records": 400, "num_scatterers": 2}
    plain, turned = apg.ScattererSource(**still), apg.ScattererSource(**still, rotation=30.0)
    before, after = (source.inputs.batch(range(400))["positions"] - 31.5 for source in (plain, turned))
    np.testing.assert_allclose(np.hypot(*before.swapaxes(0, 1)), np.hypot(*after.swapaxes(0, 1)), atol=1e-4)
    cross = before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]
    angles = np.rad2deg(np.arctan2(cross, np.sum(before * after, axis=1)))[..., 0]
    np.testing.assert_allclose(angles[:, 0], angles[:, 1], atol=1e-2)
    # Uniform from -30 to 30: the mean of 400 has the deviation 0.87, the largest is above 29 but for one in 1e5.
    assert abs(angles[:, 0].mean()) < 4
    assert 28.5 < np.abs(angles[:, 0]).max() <= 30
    quarter = rotated(np.array([10.0, 20.0]).reshape(1, 2, 1, 1), np.array([90.0]), 64)
    np.testing.assert_allclose(quarter.ravel(), [63 - 20, 10])


def test_as_many_are_out_of_plane_as_expected():
    source = apg.ScattererSource(2000, num_frames=16, num_out_of_plane=4.0)
    missing = ~source.inputs.batch(range(2000))["in_plane"]
    # 160 000 slots at 1/20: five standard deviations of the share are 0.0027.
    assert missing.mean() == pytest.approx(0.05, abs=0.0027)
    element = source[int(np.argmax(missing.sum(axis=(1, 2))))]
    shown = element["mask"] & element["in_plane"]
    assert element["label"].sum() <= shown.sum() < element["mask"].sum()


def test_labels_may_keep_what_data_lack():
    options = {"num_records": 50, "num_frames": 8, "out_of_plane": 0.5}
    both, data = apg.ScattererSource(**options), apg.ScattererSource(**options, out_of_plane_in="data")
    full = apg.ScattererSource(50, num_frames=8)
    for index in range(5):
        assert np.array_equal(both[index]["data"], data[index]["data"])
        assert np.array_equal(data[index]["label"], full[index]["label"])
        assert both[index]["label"].sum() < full[index]["label"].sum()


def test_splits_and_seeds_have_nothing_in_common():
    starts = [
        apg.ScattererSource(200, seed=seed, split=split).inputs.batch(range(200))["positions"].ravel()
        for seed in (0, 1)
        for split in ("training", "validation", "test")
    ]
    correlations = np.corrcoef(starts)[np.triu_indices(6, 1)]
    assert np.abs(correlations).max() < 0.12  # 2000 numbers each: 5.4 standard deviations


def test_positions_are_uniform_over_all_pixels():
    positions = apg.ScattererSource(20_000, size=8).inputs.batch(range(20_000))["positions"]
    counts = np.bincount(positions.astype(int).ravel(), minlength=8)
    # 200 000 numbers, 25 000 each: five standard deviations are 740.
    assert np.all(np.abs(counts - 25_000) < 740)


@pytest.mark.parametrize("label", ["sparse", "spread", "track"])
def test_every_way_gives_the_same_elements(label, tmp_path):
    source = apg.ScattererSource(
        12, num_frames=4, velocity=[1, 5], angle=[0, 360], label=label, rotation=10.0, out_of_plane=0.2, size=32
    )
    for workers in (0, 1):
        for batch in apg.make_loader(source, 4, num_workers=workers, seed=3):
            for row, index in enumerate(np.asarray(batch["idx"])):
                for name, array in source[int(index)].items():
                    np.testing.assert_allclose(np.asarray(batch[name])[row], array, atol=1e-6)
    apg.export(source, tmp_path / "frames", num_workers=0)
    apg.verify(tmp_path / "frames", deep=True)
    stored = apg.ArrayRecordSource(tmp_path / "frames")
    assert dict(stored.element_spec) == dict(source.element_spec)
    again = source_from_configuration(stored.configuration["source"])
    assert again == source == pickle.loads(pickle.dumps(source))
    assert all(np.array_equal(again[5][name], array) for name, array in source[5].items())


def test_still_frames_have_no_axis_of_frames():
    element = apg.ScattererSource(3)[0]
    assert {name: array.shape for name, array in element.items()} == {
        "data": (64, 64), "label": (64, 64), "positions": (2, 5), "mask": (5,), "in_plane": (5,), "idx": ()
    }  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"velocity": 3.0}, "velocity=3.0: still frames do not move; give num_frames"),
        ({"label": "track"}, "label='track': still frames have no tracks"),
        ({"label": "dots"}, "label='dots'|unknown label"),
        ({"merge": "mean"}, "merge='mean'|unknown merge"),
        ({"sigma": 0}, "sigma=0"),
        ({"size": 2}, "size=2: must be at least 3"),
        ({"velocity": [5, 1], "num_frames": 3}, r"velocity=\[5, 1\]: expected a number, a range"),
        ({"angle": "up", "num_frames": 3}, "angle='up'"),
        ({"rotation": 200}, "rotation=200"),
        ({"out_of_plane": 1.5}, "out_of_plane=1.5"),
        ({"num_out_of_plane": 6}, "num_out_of_plane=6"),
        ({"num_out_of_plane": 1, "out_of_plane": 0.5}, "both say how many are out of plane"),
    ],
)
def test_what_cannot_be_is_refused(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        apg.ScattererSource(**arguments)
