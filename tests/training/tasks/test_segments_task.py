"""Classes of segments: those of the source, with segments without a label left out."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import acoupipe_grain as apg
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.training.averages import weights_of
from acoupipe_grain.training.evaluation import averages_over
from acoupipe_grain.training.placement import Placement
from acoupipe_grain.training.tasks import SegmentClasses


class Segments:
    tables = {"labels": ("a", "b")}
    element_spec = {
        "mel_spectrum": apg.ArraySpec((1, 4, 5), "float32", ("channel", "mel", "frame")),
        "label": apg.ArraySpec((), "int32", ()),
    }


@pytest.fixture
def task():
    return task_for(Segments())


def task_for(source):
    return SegmentClasses().for_source(source, dict(source.element_spec))


def batch_of(*labels):
    return {"mel_spectrum": np.zeros((len(labels), 1, 4, 5), np.float32), "label": np.array(labels)}


def test_classes_are_those_of_the_source_and_unknown_segments_do_not_count(task):
    batch = batch_of(1, 0, -3)
    outputs = np.array([[-9.0, 9.0], [-9.0, 9.0], [9.0, -9.0]], dtype=np.float32)
    assert task.classes == ("a", "b")
    assert task.inputs(batch).shape == (3, 4, 5, 1)
    assert task.metrics["accuracy"](outputs, batch) == (1, 2)
    np.testing.assert_allclose(task.loss(jnp.asarray(outputs), batch), [0, 18, 0], atol=1e-3)
    np.testing.assert_array_equal(weights_of(task, batch), [1, 1, 0])
    np.testing.assert_allclose(task.predictions(outputs, batch)["probability"].sum(axis=1), 1, rtol=1e-6)


def test_the_loss_is_the_mean_over_segments_with_a_label(task):
    """Both classes are as probable: ln 2 of each segment, also of the batch without any label."""

    def outputs_and_losses(state, batch):
        outputs = jnp.zeros((batch["label"].shape[0], 2))
        return outputs, task.loss(outputs, batch)

    batches = [batch_of(0, -1, -1, -1), batch_of(-1, -2), batch_of(1)]
    means = averages_over(outputs_and_losses, None, task, batches, Placement(jax.devices()[:1])).means()
    assert means["loss"] == pytest.approx(np.log(2))


def test_a_source_without_labels_is_refused():
    with pytest.raises(ArgumentError, match=r"no table of labels"):
        task_for(apg.ScattererSource(2))
