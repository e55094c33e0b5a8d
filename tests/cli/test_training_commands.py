"""Trainings as the examples in conf/ have them: trained, predicted, and refused where they cannot be."""

import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest

import acoupipe_grain as apg
from acoupipe_grain.cli.main import main
from acoupipe_grain.config import load_arguments
from acoupipe_grain.config.factories import call
from acoupipe_grain.training.models import registry

CONF = Path(__file__).parents[2] / "conf"
FEW = [
    "--train/SyntheticSource.num_records=16",
    "--val/SyntheticSource.num_records=8",
    "--train/make_loader.batch_size=4",
    "--val/make_loader.batch_size=4",
]
SMALL = [
    "--Training.model=LightUNet",
    "--LightUNet.num_filters=4",
    "--LightUNet.upsampling=simple",
    "--TrainingOptions.num_epochs=2",
    "--TrainingOptions.log_every=1",
]
COARSE = "--SyntheticSource.setup.grid={x_min: -0.5, x_max: 0.5, y_min: -0.5, y_max: 0.5, z: 0.5, increment: 0.125}"


def losses(folder):
    lines = [json.loads(line) for line in (Path(folder) / "log.jsonl").read_text().splitlines()]
    return np.array([line["loss"] for line in lines if line["kind"] == "step"])


def trained(folder, name, *flags):
    return main(["train", str(folder), "--args.load", str(CONF / name), *flags])


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Return the folders of a training on scenes simulated as it learns, and of one on the same scenes stored."""
    folder = tmp_path_factory.mktemp("runs")
    flags = [*FEW, COARSE, *SMALL, "--TrainingOptions.steps_per_epoch=4", "--TrainingOptions.warmup_steps=2"]
    assert trained(folder / "maps", "train_maps.yml", *flags) == 0
    for scope in ("train", "val"):
        export = ["export", str(folder / scope), "--args.load", str(CONF / "train_maps.yml"), "--scope", scope]
        own = [flag for flag in FEW if f"--{scope}/SyntheticSource" in flag]
        assert main([*export, *own, COARSE, "--export.num_workers=0"]) == 0
    stored = [f"--{scope}/ArrayRecordSource.path={folder / scope}" for scope in ("train", "val")]
    loaders = ["--train/make_loader.batch_size=4", "--val/make_loader.batch_size=4"]
    own = ["--TrainingOptions.steps_per_epoch=4", "--TrainingOptions.warmup_steps=2"]
    assert trained(folder / "stored", "train_stored.yml", *stored, *loaders, *SMALL, *own) == 0
    return folder


@pytest.mark.slow
class TestMaps:
    def test_losses_of_simulated_and_of_stored_scenes_agree_step_by_step(self, runs):
        simulated, stored = losses(runs / "maps"), losses(runs / "stored")
        assert len(simulated) == len(stored) == 8
        np.testing.assert_allclose(simulated, stored, rtol=1e-3)

    def test_pictures_metrics_and_what_identifies_it_are_there(self, runs):
        names = {path.name for path in (runs / "maps" / "history").iterdir()}
        assert {"loss.png", "localisation_f1.png", "level_error.png"} <= names
        assert (runs / "maps" / "pictures" / "example_0.png").exists()
        described = json.loads((runs / "maps" / "training.json").read_text())
        assert described["configuration"]["model"]["class"] == "LightUNet"
        assert described["configuration"]["sources"]["val"]["arguments"]["split"] == "validation"

    def test_predictions_are_stored_beside_the_data(self, runs):
        assert main(["predict", str(runs / "maps"), str(runs / "predicted"), "--data", str(runs / "val")]) == 0
        predicted, data = apg.ArrayRecordSource(runs / "predicted"), apg.ArrayRecordSource(runs / "val")
        assert len(predicted) == len(data) == 8
        assert predicted[5]["presence"].shape == (9, 9)
        assert int(predicted[5]["idx"]) == int(data[5]["idx"])
        assert np.all((predicted[5]["presence"] >= 0) & (predicted[5]["presence"] <= 1))

    def test_other_frequencies_and_records_that_nobody_named_are_refused(self, runs, capsys):
        command = ["predict", str(runs / "maps"), str(runs / "other"), "--args.load", str(CONF / "train_maps.yml")]
        flags = ["--val/SyntheticSource.num_records=4", COARSE, "--export.num_workers=0"]
        assert main([*command, *flags, "--scope=val", "--SyntheticSource.f=[2000.0]"]) == 2
        shown = capsys.readouterr().err
        assert "source: has features of {'f': [2000.0], 'num': 0}; the model was trained with {'f': [1000.0]," in shown
        assert main(command) == 2
        assert "keys of the scopes train, val; say with --scope which records" in capsys.readouterr().err
        assert not (runs / "other").exists()

    def test_another_training_in_its_folder_is_refused(self, runs, capsys):
        flags = [*FEW, COARSE, *SMALL, "--TrainingOptions.steps_per_epoch=4", "--TrainingOptions.seed=5"]
        assert trained(runs / "maps", "train_maps.yml", *flags, "--TrainingOptions.warmup_steps=2") == 2
        assert "seed" in capsys.readouterr().err


OWN_MODEL = """
from dataclasses import dataclass

from flax import nnx

from acoupipe_grain.training.models import register_model


@register_model
@dataclass(frozen=True, kw_only=True)
class Plain:
    use_bias: bool = True

    def build(self, inputs, outputs, *, rngs):
        return nnx.Linear(inputs.shape[-1], outputs.shape[-1], use_bias=self.use_bias, rngs=rngs)
"""


@pytest.fixture
def _own_model(tmp_path, monkeypatch):
    """Write a module that offers a model where commands run, and forget it afterwards."""
    (tmp_path / "my_models.py").write_text(OWN_MODEL)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    yield
    registry._MODELS.pop("Plain", None)
    sys.modules.pop("my_models", None)


@pytest.mark.slow
@pytest.mark.usefixtures("_own_model")
def test_a_model_of_ones_own_is_trained_saved_predicted_with_and_gone_on_from(capsys):
    flags = [
        *("--Training.task=ScattererFrames", "--Training.model=Plain", "--Plain.use_bias=False"),
        *("--ScattererSource.size=8", "--train/ScattererSource.num_records=8", "--val/ScattererSource.num_records=4"),
        *("--make_loader.batch_size=4", "--TrainingOptions.num_epochs=1", "--TrainingOptions.num_pictures=0"),
    ]
    own = ["--import", "my_models"]
    assert main(["train", "run", *own, *flags, "--args.save", "saved.yml"]) == 0
    first = capsys.readouterr().out
    assert main(["train", "run", *own, "--args.load", "saved.yml"]) == 0
    assert capsys.readouterr().out == first
    data = ["--ScattererSource.size=8", "--ScattererSource.num_records=3", "--ScattererSource.split=test"]
    assert main(["export", "data", *data, "--export.num_workers=0"]) == 0
    assert main(["predict", "run", "predicted", *own, "--data", "data", "--export.num_workers=0"]) == 0
    assert apg.ArrayRecordSource("predicted")[2]["label"].shape == (8, 8)
    assert main(["train", "more", *own, "--args.load", "saved.yml", "--init", "run"]) == 0
    assert json.loads(Path("more/training.json").read_text())["configuration"]["init"] == str(Path("run").resolve())


def test_a_module_that_is_not_there_is_named(tmp_path, capsys):
    assert main(["train", str(tmp_path / "run"), "--import", "no_such_models"]) == 2
    assert "--import no_such_models: there is no such module here" in capsys.readouterr().err


def test_a_configuration_beside_stored_data_is_refused(tmp_path, capsys):
    arguments = ["predict", str(tmp_path / "run"), str(tmp_path / "out"), "--data", str(tmp_path / "data")]
    assert main([*arguments, "--scope", "val"]) == 2
    assert "--data is what is stored" in capsys.readouterr().err
    assert main([*arguments, "--SyntheticSource.seed=3"]) == 2
    assert "uses keys of export only" in capsys.readouterr().err


@pytest.mark.slow
def test_an_older_pipelines_configuration_is_trained_by_one_command(tmp_path, capsys):
    text = (CONF / "scatterers.ini").read_text()
    small = {
        "NumDataTrain = 1000": "NumDataTrain = 4",
        "NumDataValid = 500": "NumDataValid = 2",
        "TargetSize = 64": "TargetSize = 16",
        "MovementDuration = 16": "MovementDuration = 4",
        "NumFilter = 64": "NumFilter = 8",
        "BatchSize = 32": "BatchSize = 2",
        "BatchSize = 16": "BatchSize = 2",
        "Epochs = 15": "Epochs = 1",
    }
    for old, new in small.items():
        assert old in text
        text = text.replace(old, new)
    text = re.sub(r"OutOfPlaneScat = \d+", "OutOfPlaneScat = 2", text)
    (tmp_path / "config.ini").write_text(text)
    assert main(["train", str(tmp_path / "run"), "--args.load", str(tmp_path / "config.ini")]) == 0
    assert "1 epochs, best 1: loss" in capsys.readouterr().out


@pytest.mark.parametrize(
    "name", ["train_maps", "train_stored", "train_frames", "train_eigenmodes", "train_matrices", "train_segments"]
)
def test_tasks_models_and_options_of_the_examples_can_be_made(name):
    settings = load_arguments(CONF / f"{name}.yml")
    experiment = call("Training", settings)
    for part in (experiment.task, experiment.model, "TrainingOptions"):
        assert call(part, settings) is not None
    assert {"train", "val"} <= set(settings.scopes)


class TestErrors:
    @pytest.mark.parametrize(
        ("flags", "message"),
        [
            (["--Training.model=Unet"], "did you mean 'UNet'"),
            (["--UNet.skip=sum"], "UNet.skip"),
            (["--UNet.padding=valid"], "33 along x is no multiple of 8"),
            (
                ["--SyntheticSource.features=[sourcemap, loc]"],
                "train: task SourceMaps: unknown array 'source_strength_analytic'",
            ),
            (["--TrainingOptions.monitor=f1"], "unknown monitor 'f1'"),
            (["--UNet.num_filter=3"], "did you mean 'UNet.num_filters'"),
            (["--LightUNet.num_filters=3"], "SourceMaps and UNet are trained"),
            (["--train/UNet.num_filters=3"], "holds in all scopes; write UNet.num_filters"),
        ],
    )
    def test_a_bad_configuration_is_an_error_before_the_first_step(self, tmp_path, capsys, flags, message):
        assert trained(tmp_path / "run", "train_maps.yml", *FEW, *flags) == 2
        assert message in capsys.readouterr().err
        assert not (tmp_path / "run" / "checkpoints").exists()

    def test_a_configuration_without_validation_is_refused(self, tmp_path, capsys):
        assert main(["train", str(tmp_path / "run"), "--SyntheticSource.num_records=4"]) == 2
        assert "no key begins with 'val/'" in capsys.readouterr().err
