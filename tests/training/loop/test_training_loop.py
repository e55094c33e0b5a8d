import math
from dataclasses import dataclass

import jax
import numpy as np
import pytest
from flax import nnx
from tiny_training import (
    Lines,
    Regression,
    absolute_error,
    arrays_of,
    linear,
    log_of,
    options,
    stream,
    train,
    validation,
)

import acoupipe_grain as apg
from acoupipe_grain.errors import ArgumentError, DataError
from acoupipe_grain.training.errors import TrainingError

pytestmark = pytest.mark.usefixtures("quick")


def columns(source):
    elements = [source[index] for index in range(len(source))]
    return tuple(np.stack([element[name] for element in elements]).astype(np.float64) for name in ("x", "y"))


def residuals(module, source):
    """Return what a linear module gives less what is right, in double precision."""
    x, y = columns(source)
    return x @ np.float64(module.kernel[...]) + np.float64(module.bias[...]) - y


def fit_linear(folder, train_data=None, **changes):
    chosen = options(**changes)
    return train(folder, train_data, chosen, module=linear(chosen))


def test_a_line_is_learned(tmp_path):
    result = fit_linear(tmp_path / "run", num_epochs=3, steps_per_epoch=30, learning_rate=0.1)
    np.testing.assert_allclose(result.module.kernel[...].ravel(), [2, -1, 0], atol=0.05)
    np.testing.assert_allclose(result.module.bias[...], [0.5], atol=0.05)
    assert [(record.epoch, record.step) for record in result.history] == [(1, 30), (2, 60), (3, 90)]


def test_validation_averages_over_items_and_not_over_batches(tmp_path):
    """Ten records in batches of four, four and two."""
    result = fit_linear(tmp_path / "run")
    errors = residuals(result.module, Lines(10, seed=9))
    seen = result.history[result.best_epoch - 1].validation
    assert seen["loss"] == pytest.approx((errors**2).mean(), rel=1e-5)
    assert seen["absolute_error"] == pytest.approx(np.abs(errors).mean(), rel=1e-5)
    assert seen["close"] == pytest.approx((np.abs(errors) < 0.5).mean())


def test_training_averages_over_items_and_not_over_batches(tmp_path):
    """Parameters that hardly move, and a last batch of two."""
    chosen = options(num_epochs=1, steps_per_epoch=None, learning_rate=1e-12, training_metrics=True)
    module = linear(chosen)
    errors = residuals(module, Lines(10))
    loader = apg.make_loader(Lines(10), 4, drop_remainder=False)
    seen = train(tmp_path / "run", loader, chosen, module=module).history[0].training
    assert seen["loss"] == pytest.approx((errors**2).mean(), rel=1e-5)
    assert seen["absolute_error"] == pytest.approx(np.abs(errors).mean(), rel=1e-5)


def test_metrics_of_training_batches_are_computed_only_if_asked_for(tmp_path):
    assert set(fit_linear(tmp_path / "run", num_epochs=1).history[0].training) == {"loss"}


def test_a_step_goes_against_the_mean_gradient(tmp_path):
    chosen = options(num_epochs=1, steps_per_epoch=1, optimiser="sgd", learning_rate=0.1)
    module = linear(chosen)
    kernel, (x, _) = np.float64(module.kernel[...]), columns(Lines(4))
    gradient = 2 * x.T @ residuals(module, Lines(4)) / 4
    train(tmp_path / "run", stream(num_records=4), chosen, module=module)
    np.testing.assert_allclose(module.kernel[...], kernel - 0.1 * gradient, rtol=1e-5)


def test_each_step_draws_another_dropout_and_updates_batch_statistics(tmp_path):
    result = train(tmp_path / "run")
    arrays = arrays_of(result.module)
    assert arrays["dropout.rngs.count"] == result.history[result.best_epoch - 1].step
    assert np.all(arrays["norm.mean"] != 0)


def test_the_module_is_trained_in_place_and_left_in_evaluation_mode(tmp_path):
    chosen = options(num_epochs=1)
    module = nnx.Dropout(0.5, rngs=chosen.rngs())
    holder = nnx.Sequential(linear(chosen), module)
    assert train(tmp_path / "run", chosen=chosen, module=holder).module is holder
    assert module.deterministic


def test_the_rate_of_an_epoch_is_that_of_its_last_step(tmp_path):
    result = fit_linear(tmp_path / "run", schedule="linear", final_fraction=0.0, learning_rate=0.5)
    rates = [record.learning_rate for record in result.history]
    assert rates == pytest.approx([0.5 * (1 - 3 / 8), 0.5 * (1 - 7 / 8)])


def test_without_steps_an_epoch_is_a_pass(tmp_path):
    loader = apg.make_loader(Lines(12), 4)
    assert [item.step for item in fit_linear(tmp_path / "run", loader, steps_per_epoch=None).history] == [3, 6]


def test_a_stream_that_ends_is_an_error(tmp_path):
    with pytest.raises(DataError, match="ended after 2 of 4 steps of an epoch; make it with num_epochs=None"):
        fit_linear(tmp_path / "run", apg.make_loader(Lines(8), 4))


def test_a_loader_that_cannot_be_stored_is_refused(tmp_path):
    with pytest.raises(ArgumentError, match="train=list: its iterator has no get_state"):
        fit_linear(tmp_path / "run", list(validation()))


class Nothing:
    """A loader without batches."""

    def __iter__(self):
        return self

    def __next__(self):
        raise StopIteration

    def get_state(self):
        return {}

    def set_state(self, state):
        pass


@pytest.mark.parametrize("steps_per_epoch", [None, 4])
def test_an_empty_training_loader_is_an_error(tmp_path, steps_per_epoch):
    with pytest.raises(ArgumentError, match="train: the loader gives no batch"):
        fit_linear(tmp_path / "run", Nothing(), steps_per_epoch=steps_per_epoch)


def test_an_empty_validation_loader_is_an_error_before_anything_is_written(tmp_path):
    with pytest.raises(ArgumentError, match="validation: the loader gives no batch"):
        train(tmp_path / "run", validation=Nothing())
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("monitor", "message"),
    [
        ("absolut_error", r"unknown monitor 'absolut_error'; did you mean 'absolute_error'\? Available: .*loss"),
        ("plain", "monitor='plain': the metric does not say whether smaller is better"),
    ],
)
def test_a_monitor_that_cannot_be_is_an_error_before_anything_is_written(tmp_path, monitor, message):
    with pytest.raises(ArgumentError, match=message):
        train(tmp_path / "run", chosen=options(monitor=monitor))
    assert not (tmp_path / "run").exists()


class NamedLoss(Regression):
    metrics = {"loss": absolute_error}


def test_a_metric_cannot_be_called_as_the_loss(tmp_path):
    with pytest.raises(ArgumentError, match="has a metric 'loss'"):
        train(tmp_path / "run", task=NamedLoss())


class TotalLoss(Regression):
    def loss(self, outputs, batch):
        return ((outputs - batch["y"]) ** 2).mean()


def test_a_loss_that_is_not_of_each_item_is_an_error(tmp_path):
    with pytest.raises(ArgumentError, match=r"its loss has shape \(\); expected one value for each of the 4 items"):
        train(tmp_path / "run", task=TotalLoss())


@dataclass(frozen=True)
class Field(Regression):
    value: object = None


def test_a_task_that_nothing_identifies_is_an_error(tmp_path):
    with pytest.raises(ArgumentError, match=r"task: nothing identifies its value=<object object at 0x"):
        train(tmp_path / "run", task=Field(value=object()))
    train(tmp_path / "run", task=Field(value=np.float32(1)), chosen=options(num_epochs=1, steps_per_epoch=1))


class Broken(Lines):
    """Lines with an infinite target in one record."""

    def __getitem__(self, index):
        element = super().__getitem__(index)
        return element | {"y": element["y"] * np.float32(math.inf)} if index == 6 else element


def test_a_loss_that_is_no_number_stops_and_keeps_the_last_checkpoint(tmp_path):
    """The record comes in the second batch of four of an epoch of four."""
    loader = apg.make_loader(Broken(16), 4, shuffle=False, num_epochs=None)
    for _ in range(2):  # it is the same when it is tried again
        with pytest.raises(
            TrainingError, match=r"step 2, in epoch 1: the loss is inf; the checkpoint of step 1 is kept"
        ):
            train(tmp_path / "run", loader, options(checkpoint_every=1))
    assert [path.name for path in (tmp_path / "run" / "checkpoints").iterdir()] == ["1"]


class SteepLoss(Regression):
    """A loss of 0 whose gradient is infinite: the square root of 0."""

    def loss(self, outputs, batch):
        return jax.numpy.sqrt(((outputs - outputs) ** 2).mean(axis=1))


def test_a_gradient_that_is_no_number_stops_before_its_parameters_are_stored(tmp_path):
    with pytest.raises(
        TrainingError, match="step 1, in epoch 1: the norm of the gradient is nan; there is no checkpoint"
    ):
        train(tmp_path / "run", task=SteepLoss(), chosen=options(checkpoint_every=1))


def test_the_options_are_training_options(tmp_path):
    with pytest.raises(ArgumentError, match="expected TrainingOptions"):
        train(tmp_path / "run", chosen={"num_epochs": 3}, module=linear(options()))


def test_the_log_has_each_step_asked_for_and_each_epoch_once(tmp_path):
    train(tmp_path / "run", chosen=options(log_every=3))
    lines = log_of(tmp_path / "run")
    assert [(line["kind"], line["epoch"], line["step"]) for line in lines] == [
        ("step", 1, 3),
        ("epoch", 1, 4),
        ("step", 2, 6),
        ("epoch", 2, 8),
    ]
    assert set(lines[0]) == {"kind", "step", "epoch", "loss", "gradient_norm", "learning_rate"}
    assert set(lines[1]["validation"]) == {"loss", "absolute_error", "close", "plain"}
    text = (tmp_path / "run" / "log.txt").read_text()
    assert "options.learning_rate: 0.01" in text
    assert "layers.0.kernel  (3, 8)  24" in text
    assert "parameters               57" in text  # 3·8 + 8, 8 + 8, 8 + 1
    assert text.count("\nepoch 1, step 4: training loss") == 1
