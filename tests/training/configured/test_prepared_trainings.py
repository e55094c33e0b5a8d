"""Trainings from keys and values: what suits, what identifies them, and what would have no effect."""

import json
import re
from dataclasses import dataclass

import jax
import numpy as np
import pytest
from flax import nnx

from acoupipe_grain.config import load_arguments
from acoupipe_grain.config.settings import Settings
from acoupipe_grain.config.training import prepare, train
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.training.errors import TrainingError
from acoupipe_grain.training.models import register_model, registry

NOISE = [{"name": "AddNoise", "snr_db": 20.0}]


def test_a_model_of_ones_own_is_trained_with_its_options(settings, tmp_path):
    result = train(settings | {"Pointwise.use_bias": False}, tmp_path / "run", progress=False)
    assert result.module.bias is None
    assert len(result.history) == 1


@pytest.fixture
def _misfits():
    """Offer models whose networks take or give something else than they are told."""

    @dataclass(frozen=True, kw_only=True)
    class Misfit:
        num_inputs: int = 1
        num_outputs: int = 1

        def build(self, inputs, outputs, *, rngs):
            return nnx.Linear(self.num_inputs, self.num_outputs, rngs=rngs)

    register_model(Misfit)
    yield
    del registry._MODELS["Misfit"]


@pytest.mark.usefixtures("_misfits")
@pytest.mark.parametrize(
    ("option", "message"),
    [
        (
            "num_outputs",
            "model Misfit for task ScattererFrames: gives (2, 8, 8, 2) for a batch of 2 items, (2, 8, 8, 1); the task "
            "takes (2, 8, 8, 1).",
        ),
        ("num_inputs", "model Misfit for task ScattererFrames: cannot take a batch of shape (2, 8, 8, 1): "),
    ],
)
def test_a_model_that_takes_or_gives_something_else_is_refused_before_the_first_step(
    settings, tmp_path, option, message
):
    own = {"Training.model": "Misfit"}
    assert prepare(settings | own, tmp_path / "run").network.in_features == 1
    with pytest.raises(ArgumentError, match=re.escape(message)):
        prepare(settings | own | {f"Misfit.{option}": 2}, tmp_path / "run")


def test_a_finished_training_says_so(settings, tmp_path, capsys):
    train(settings, tmp_path / "run")
    assert "is finished" not in capsys.readouterr().err
    again = train(settings, tmp_path / "run")
    assert "is finished, after step 2 and 1 epochs" in capsys.readouterr().err
    assert len(again.history) == 1


@pytest.mark.parametrize("scope", ["train", "val"])
def test_a_training_with_other_transforms_is_another_one(settings, tmp_path, scope):
    key = f"{scope}/make_loader.transforms"
    train(settings | {key: NOISE}, tmp_path / "run", progress=False)
    with pytest.raises(TrainingError, match="transforms"):
        train(settings | {key: [{"name": "AddNoise", "snr_db": 10.0}]}, tmp_path / "run", progress=False)
    train(settings | {key: NOISE}, tmp_path / "run", progress=False)


def test_what_is_saved_describes_the_same_training(settings, tmp_path):
    from acoupipe_grain.config.keys import package_keys
    from acoupipe_grain.config.saving import save_arguments

    prepared = prepare(settings, tmp_path / "run")
    save_arguments(Settings(settings, "test"), tmp_path / "saved.yml", package_keys().of(prepared.owners))
    again = prepare(load_arguments(tmp_path / "saved.yml"), tmp_path / "run")
    assert again.configuration == prepared.configuration
    assert again.options == prepared.options


def test_the_steps_of_an_epoch_are_a_pass_over_the_source(settings, tmp_path):
    for more, num_steps in (
        ({"train/ScattererSource.num_records": 11}, 2),
        ({"train/ScattererSource.num_records": 11, "train/make_loader.drop_remainder": False}, 3),
        ({"train/ScattererSource.num_records": 16, "train/make_loader.shard": [0, 2]}, 2),
    ):
        assert prepare(settings | more, tmp_path).options.steps_per_epoch == num_steps


class TestEarlierParameters:
    def test_a_training_begins_with_them_and_does_not_need_them_again(self, settings, tmp_path):
        first = train(settings, tmp_path / "first", progress=False).module
        second = settings | {"TrainingOptions.learning_rate": 1e-12}
        module = train(second, tmp_path / "second", init=tmp_path / "first", progress=False).module
        np.testing.assert_allclose(module.kernel[...], first.kernel[...], rtol=1e-6)
        (tmp_path / "first").rename(tmp_path / "elsewhere")
        train(second, tmp_path / "second", init=tmp_path / "first", progress=False)

    def test_their_folder_counts_and_not_how_it_is_written(self, settings, tmp_path, monkeypatch):
        train(settings, tmp_path / "first", progress=False)
        train(settings, tmp_path / "second", init=tmp_path / "first", progress=False)
        monkeypatch.chdir(tmp_path)
        train(settings, tmp_path / "second", init="./first", progress=False)
        with pytest.raises(TrainingError, match="init"):
            train(settings, tmp_path / "second", progress=False)

    def test_another_model_is_refused(self, settings, tmp_path):
        train(settings, tmp_path / "first", progress=False)
        with pytest.raises(TrainingError, match="holds another model"):
            prepare(settings | {"Pointwise.use_bias": False}, tmp_path / "other", init=tmp_path / "first")


class TestRefused:
    def refusal(self, settings, tmp_path):
        with pytest.raises(ArgumentError) as caught:
            prepare(settings, tmp_path / "run")
        assert not (tmp_path / "run").exists()
        return str(caught.value)

    def test_training_data_that_lack_something(self, tmp_path):
        grid = {"x_min": -0.5, "x_max": 0.5, "y_min": -0.5, "y_max": 0.5, "z": 0.5, "increment": 0.25}
        asked = {
            "SyntheticSource.mode": "analytic",
            "SyntheticSource.engine": "jax",
            "SyntheticSource.f": [2000.0],
            "SyntheticSource.setup.grid": grid,
            "train/SyntheticSource.num_records": 32,
            "val/SyntheticSource.num_records": 32,
            "Training.model": "Pointwise",
        }
        whole = ["sourcemap", "loc", "source_strength_analytic"]
        lacking = asked | {"train/SyntheticSource.features": whole[:2], "val/SyntheticSource.features": whole}
        assert "train: task SourceMaps: unknown array 'source_strength_analytic'" in self.refusal(lacking, tmp_path)
        moved = asked | {"SyntheticSource.features": whole, "val/SyntheticSource.setup.grid": grid | {"z": 0.6}}
        assert "differs between the sources" in self.refusal(moved, tmp_path)

    def test_elements_of_other_sizes(self, settings, tmp_path):
        assert "elements of train and val differ" in self.refusal(settings | {"val/ScattererSource.size": 16}, tmp_path)

    @pytest.mark.parametrize(
        ("key", "value", "message"),
        [
            ("train/TrainingOptions.num_epochs", 2, "holds in all scopes; write TrainingOptions.num_epochs"),
            ("val/ScattererFrames.tolerance", 2.0, "write ScattererFrames.tolerance"),
            ("train/Pointwise.use_bias", False, "write Pointwise.use_bias"),
            ("val/make_loader.num_epochs", 3, "3: has no effect on a training; records are evaluated once"),
            ("val/make_loader.drop_remainder", True, "all records are evaluated"),
            ("val/make_loader.shuffle", True, "records are evaluated in order"),
            ("Training.num_devices", 9999, "num_devices=9999: there are"),
            ("Training.platform", "tpu", "platform='tpu': JAX has none here, but cpu"),
            ("Training.platform", "CPU", "platform"),
        ],
    )
    def test_keys_without_effect_and_devices_that_are_not_there(self, settings, tmp_path, key, value, message):
        assert message in self.refusal(settings | {key: value}, tmp_path)

    def test_epochs_of_the_loader_instead_of_the_trainings(self, settings, tmp_path):
        given = settings | {"train/make_loader.num_epochs": 3}
        prepare(given, tmp_path / "run")  # TrainingOptions.num_epochs says what counts
        del given["TrainingOptions.num_epochs"]
        assert "3: has no effect on a training; say TrainingOptions.num_epochs" in self.refusal(given, tmp_path)

    def test_options_of_what_is_not_trained_on_the_command_line(self, settings, tmp_path):
        given = Settings(settings | {"UNet.num_filters": 8}, "file") | Settings(
            {"SourceMaps.threshold": 0.4}, "command line"
        )
        assert "--SourceMaps.threshold: ScattererFrames and Pointwise are trained" in self.refusal(given, tmp_path)

    def test_batches_that_do_not_go_evenly_into_the_devices(self, settings, tmp_path, monkeypatch):
        monkeypatch.setattr(jax, "local_devices", lambda **_: [jax.devices()[0]] * 2)
        odd = settings | {"train/make_loader.batch_size": 3}
        assert "batch_size=3: does not go evenly into 2 devices" in self.refusal(odd, tmp_path)
        rest = {"train/ScattererSource.num_records": 7, "train/make_loader.drop_remainder": False}
        assert "batch_size=3: does not go evenly" in self.refusal(settings | rest, tmp_path)


def test_the_folder_says_what_was_trained_on(settings, tmp_path):
    train(settings | {"make_loader.transforms": NOISE}, tmp_path / "run", progress=False)
    told = json.loads((tmp_path / "run" / "training.json").read_text())["configuration"]
    assert told["transforms"] == {"train": NOISE, "val": NOISE}
    assert told["elements"]["data"]["shape"] == [8, 8]
    assert told["sources"]["val"]["arguments"]["split"] == "validation"
