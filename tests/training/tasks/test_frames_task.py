"""Scatterers in frames: labels as targets, peaks of labels as the truth."""

import jax.numpy as jnp
import numpy as np
import pytest
from matplotlib.figure import Figure

import acoupipe_grain as apg
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.frames.augmentation import ReduceLabels
from acoupipe_grain.training.tasks import ScattererFrames


def task_for(task, source):
    return task.for_source(source, dict(source.element_spec))


@pytest.mark.parametrize(
    "options", [{}, {"num_frames": 3, "velocity": 2.0}, {"num_frames": 3, "velocity": 2.0, "label": "track"}]
)
def test_labels_themselves_are_all_found_and_have_no_loss(options):
    source = apg.ScattererSource(3, size=32, num_scatterers=3, **({"label": "spread"} | options))
    batch = {name: np.asarray(array) for name, array in next(iter(apg.make_loader(source, 3))).items()}
    task = task_for(ScattererFrames(), source)
    assert task.inputs(batch).shape[1:] == task.input_shape(source.element_spec).shape
    outputs = batch["label"][..., None]
    assert outputs.shape[1:] == task.output_shape(source.element_spec).shape
    np.testing.assert_allclose(task.loss(jnp.asarray(outputs), batch), 0)
    total, count = task.metrics["localisation_f1"](outputs, batch)
    assert total == count


def test_logits_are_probabilities_of_labels():
    source = apg.ScattererSource(2, size=32)
    batch = next(iter(apg.make_loader(source, 2)))
    task = task_for(ScattererFrames(loss_function="binary_cross_entropy", positive_weight=10.0), source)
    outputs = jnp.where(batch["label"] > 0, 20.0, -20.0)[..., None]
    assert np.max(task.loss(outputs, batch)) < 1e-6
    np.testing.assert_allclose(task.predictions(outputs, batch)["label"], batch["label"], atol=1e-6)


def test_frames_of_sequences_are_animated_and_single_images_are_not():
    task, generator = ScattererFrames(), np.random.default_rng(1)
    data, track = generator.random((1, 8, 8, 3), np.float32), generator.random((1, 8, 8), np.float32)
    figure = Figure()
    draw, num_frames = task.animate(figure, data[..., None], {"data": data, "label": track})
    assert num_frames == 3
    for number in range(num_frames):
        shown = [np.asarray(picture.get_array()) for picture in draw(number)]
        for image, expected in zip(shown, (data[0, ..., number], track[0], data[0, ..., number]), strict=True):
            np.testing.assert_array_equal(image, expected.T)
    assert task.animate(figure, track[..., None], {"data": track, "label": track}) is None


def test_a_weight_without_effect_is_refused():
    with pytest.raises(ArgumentError, match=r"positive_weight=2\.0: .* has none"):
        ScattererFrames(positive_weight=2.0)


def metrics_of(task, label, outputs=None):
    """Return the sums and counts of the localisation metrics, of the label itself as the output if none is given."""
    outputs = (label if outputs is None else outputs)[..., None]
    return {name: tuple(metric(outputs, {"label": label})) for name, metric in task.metrics.items()}


@pytest.mark.parametrize("ratio", [1, 2, 4])
@pytest.mark.parametrize("num_frames", [None, 3])
def test_labels_reduced_by_a_mean_have_their_scatterers(ratio, num_frames):
    """Three scatterers far apart, ones at single pixels."""
    label = np.zeros((1, 32, 32, num_frames or 1), np.float32)
    for x, y in ((3, 4), (16, 25), (27, 9)):
        label[0, x, y] = 1
    label = label if num_frames else label[..., 0]
    batch = ReduceLabels(ratio)({"data": label, "label": label})
    reduced, count = np.asarray(batch["label"]), 3 * (num_frames or 1)
    assert metrics_of(ScattererFrames(), reduced)["localisation_recall"][1] == count
    found = metrics_of(ScattererFrames(threshold=0.5 / ratio**2), reduced)
    assert found["localisation_recall"] == found["localisation_precision"] == (count, count)


def test_scatterers_of_one_block_do_not_hide_those_of_others():
    label = np.zeros((1, 32, 32), np.float32)
    label[0, [4, 4, 5, 21], [4, 5, 4, 20]] = 1
    reduced = np.asarray(ReduceLabels(2)({"data": label, "label": label})["label"])
    assert metrics_of(ScattererFrames(), reduced, np.zeros_like(reduced))["localisation_recall"] == (0, 2)


def test_an_empty_frame_has_no_scatterers_and_hides_none_of_others():
    """The middle one of three frames is empty, and one of two items is."""
    label = np.zeros((2, 16, 16, 3), np.float32)
    label[0, 5, 5, [0, 2]] = 0.25
    assert metrics_of(ScattererFrames(), label)["localisation_recall"] == (0, 2)
    found = metrics_of(ScattererFrames(threshold=0.1), label)
    assert found["localisation_recall"] == found["localisation_precision"] == (2, 2)
    nothing = metrics_of(ScattererFrames(threshold=0.1), label[1:], 1 - label[:1])
    assert nothing["localisation_recall"] == (0, 0)


@pytest.mark.parametrize("threshold", [1, 1.0, 3.0])
def test_a_probability_that_nothing_exceeds_is_refused(threshold):
    with pytest.raises(ArgumentError, match=rf"threshold={threshold}: expected a finite number.*less than 1"):
        ScattererFrames(loss_function="binary_cross_entropy", threshold=threshold)
    assert ScattererFrames(threshold=threshold).threshold == threshold
