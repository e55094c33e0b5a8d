"""Augmentation of pairs: what is measured is what was asked for, and depends on nothing but seed and index."""

import numpy as np
import pytest

import acoupipe_grain as apg
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.frames.augmentation import AddNoise, CropOrPad, MinMax, ReduceLabels, Resize, RotateFrames


@pytest.fixture(scope="module")
def batch():
    source = apg.ScattererSource(16, num_frames=4, velocity=2.0, angle=[0, 360], label="spread", size=48)
    return next(iter(apg.make_loader(source, 16, shuffle=False)))


def arrays(batch):
    return {name: np.asarray(array) for name, array in batch.items()}


@pytest.mark.parametrize("snr_db", [-10.0, 0.0, 20.0])
def test_noise_has_the_power_that_was_asked_for_and_labels_have_none(batch, snr_db):
    noisy = arrays(AddNoise(snr_db, seed=3)(batch))
    data = np.asarray(batch["data"], dtype=np.float64)
    power = (data**2).mean(axis=(1, 2, 3))
    noise = noisy["data"].astype(np.float64) - data
    measured = 10 * np.log10(power / (noise**2).mean(axis=(1, 2, 3)))
    np.testing.assert_allclose(measured, snr_db, atol=0.01)
    assert np.array_equal(noisy["label"], batch["label"])
    # White: 9216 numbers each, neighbours uncorrelated within 5.2 standard deviations in 32 numbers.
    for axis in (1, 2):
        one, other = (np.take(noise, range(start, start + 47), axis) for start in (0, 1))
        assert np.abs((one * other).mean(axis=(1, 2, 3)) / (noise**2).mean(axis=(1, 2, 3))).max() < 5.2 / 95


def test_no_noise_leaves_everything_as_it_is(batch):
    assert all(np.array_equal(array, batch[name]) for name, array in AddNoise(None)(batch).items())


@pytest.mark.parametrize("transform", [AddNoise(10.0, seed=7), RotateFrames(25.0, seed=2**40 + 1)])
def test_records_are_changed_alike_in_any_batch(batch, transform):
    whole = arrays(transform(batch))
    part = arrays(transform({name: array[np.array([9, 2])] for name, array in batch.items()}))
    for name in ("data", "label", "positions"):
        np.testing.assert_allclose(part[name], whole[name][[9, 2]], atol=2e-6)
    other = arrays(type(transform)(*list(vars(transform).values())[:1], seed=8)(batch))
    assert not np.allclose(other["data"], whole["data"], atol=1e-3)


def test_workers_change_nothing():
    source = apg.ScattererSource(12, size=16)
    loaders = [apg.make_loader(source, 4, num_workers=count, transforms=[AddNoise(5.0)]) for count in (0, 1)]
    kept = [[np.asarray(batch["data"]) for batch in loader] for loader in loaders]
    assert all(map(np.array_equal, *kept))


def test_data_label_and_positions_turn_by_one_angle(batch):
    turned = arrays(RotateFrames(40.0, seed=1)(batch))
    before, after = np.asarray(batch["positions"]) - 23.5, turned["positions"] - 23.5
    cross = before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]
    angles = np.rad2deg(np.arctan2(cross, np.sum(before * after, axis=1)))
    np.testing.assert_allclose(angles, np.broadcast_to(angles[:, :1, :1], angles.shape), atol=0.05)
    assert 20 < np.abs(angles).max() <= 40
    rendered = apg.ScattererSource(16, num_frames=4, velocity=2.0, angle=[0, 360], label="spread", size=48)
    compute = rendered.compute_batch
    shown = {"positions": turned["positions"], "mask": turned["mask"], "in_plane": np.ones_like(turned["mask"])}
    expected = arrays(compute(shown | {"idx": turned["idx"]}))
    # Where the frame before was not cut off, images turned are images of what was turned, but for the interpolation:
    # a quarter of the second derivative of a peak, 1/σ² (σ in pixels), times how many peaks lie on each other.
    inner = np.hypot(*(np.indices((48, 48)) - 23.5)) < 15
    for name, sigma in (("data", 0.1 * 23), ("label", 0.05 * 23)):
        difference = np.abs(turned[name] - expected[name])[:, inner].max()
        assert difference < 0.25 / sigma**2 * expected[name].max()


def test_labels_are_reduced_by_means_and_frames_are_left():
    label = np.arange(16.0, dtype=np.float32).reshape(1, 4, 4)
    reduced = ReduceLabels(2)({"label": label})["label"]
    assert reduced.tolist() == [[[2.5, 4.5], [10.5, 12.5]]]
    moving = np.zeros((3, 64, 64, 16), np.float32)
    assert ReduceLabels(2)({"label": moving})["label"].shape == (3, 32, 32, 16)
    with pytest.raises(ArgumentError, match="ratio=3: does not divide the 64 pixels of labels"):
        ReduceLabels(3)({"label": moving})


@pytest.mark.parametrize("size", [32, 33, 48, 64, 65])
def test_frames_are_cut_or_padded_about_their_centre(batch, size):
    changed = arrays(CropOrPad(size)(batch))
    assert changed["data"].shape == (16, size, size, 4)
    first = (48 - size) // 2
    whole = np.zeros((16, 200, 200, 4), np.float32)
    whole[:, 70:118, 70:118] = batch["data"]
    assert np.array_equal(changed["data"], whole[:, 70 + first :, 70 + first :][:, :size, :size])
    np.testing.assert_allclose(changed["positions"], np.asarray(batch["positions"]) - first)
    assert np.all(changed["mask"] <= np.asarray(batch["mask"]))


def test_resized_frames_show_scatterers_where_positions_say():
    source = apg.ScattererSource(40, num_scatterers=1, label="spread")
    changed = arrays(Resize(128)(next(iter(apg.make_loader(source, 40, shuffle=False)))))
    assert changed["data"].shape == changed["label"].shape == (40, 128, 128)
    for data, position in zip(changed["data"], changed["positions"][..., 0], strict=True):
        peak = np.unravel_index(data.argmax(), data.shape)
        assert np.abs(np.array(peak) - position).max() <= 1.5


def test_values_end_between_0_and_1(batch):
    changed = arrays(MinMax()(AddNoise(0.0)(batch)))
    for name in ("data", "label"):
        assert np.all(changed[name].min(axis=(1, 2, 3)) == 0)
        np.testing.assert_allclose(changed[name].max(axis=(1, 2, 3)), 1, atol=1e-6)
    assert not MinMax()({"data": np.full((2, 4, 4), 7, np.float32)})["data"].any()


@pytest.mark.parametrize(
    ("transform", "message"),
    [
        (lambda: AddNoise("loud"), "snr_db='loud'"),
        (lambda: AddNoise(3.0, seed=-1), "seed=-1"),
        (lambda: RotateFrames(200.0), "max_angle=200"),
        (lambda: Resize(0), "size=0"),
        (lambda: ReduceLabels(0), "ratio=0"),
        (lambda: CropOrPad(2.5), "size=2.5"),
    ],
)
def test_what_cannot_be_is_refused(transform, message):
    with pytest.raises(ArgumentError, match=message):
        transform()
