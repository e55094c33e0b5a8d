"""Trainings as the examples in conf/ have them: trained, predicted, and refused where they cannot be."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

import acoupipe_grain as apg
from acoupipe_grain.cli.main import main
from acoupipe_grain.config import load_arguments
from acoupipe_grain.config.factories import call
from acoupipe_grain.config.training import train

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

    def test_another_training_in_its_folder_is_refused(self, runs, capsys):
        flags = [*FEW, COARSE, *SMALL, "--TrainingOptions.steps_per_epoch=4", "--TrainingOptions.seed=5"]
        assert trained(runs / "maps", "train_maps.yml", *flags, "--TrainingOptions.warmup_steps=2") == 2
        assert "seed" in capsys.readouterr().err

    def test_a_training_begins_with_what_another_learned(self, runs):
        settings = load_arguments(CONF / "train_maps.yml")
        flags = {
            "train/SyntheticSource.num_records": 4,
            "val/SyntheticSource.num_records": 8,
            "train/make_loader.batch_size": 4,
            "val/make_loader.batch_size": 4,
            "SyntheticSource.setup.grid": {
                "x_min": -0.5, "x_max": 0.5, "y_min": -0.5, "y_max": 0.5, "z": 0.5, "increment": 0.125,
            },
            "Training.model": "LightUNet",
            "LightUNet.num_filters": 4,
            "LightUNet.upsampling": "simple",
            "TrainingOptions.num_epochs": 1,
            "TrainingOptions.steps_per_epoch": 1,
            "TrainingOptions.warmup_steps": 0,
            "TrainingOptions.schedule": "constant",
            "TrainingOptions.learning_rate": 1e-9,
        }  # fmt: skip
        settings = settings | flags
        train(settings, runs / "more", init=runs / "maps", progress=False)
        described = json.loads((runs / "more" / "training.json").read_text())
        assert described["configuration"]["init"] == str(runs / "maps")
        other = settings | {"LightUNet.num_filters": 8}
        with pytest.raises(ValueError, match="holds another model"):
            train(other, runs / "other", init=runs / "maps", progress=False)


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


@pytest.mark.parametrize("name", ["train_maps", "train_stored", "train_frames", "train_eigenmodes", "train_segments"])
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
            (["--SyntheticSource.features=[sourcemap, loc]"], "unknown array 'source_strength_analytic'"),
            (["--TrainingOptions.monitor=f1"], "unknown monitor 'f1'"),
            (["--UNet.num_filter=3"], "did you mean 'UNet.num_filters'"),
        ],
    )
    def test_a_bad_configuration_is_an_error_before_the_first_step(self, tmp_path, capsys, flags, message):
        assert trained(tmp_path / "run", "train_maps.yml", *FEW, *flags) == 2
        assert message in capsys.readouterr().err
        assert not (tmp_path / "run" / "checkpoints").exists()

    def test_a_configuration_without_validation_is_refused(self, tmp_path, capsys):
        assert main(["train", str(tmp_path / "run"), "--SyntheticSource.num_records=4"]) == 2
        assert "no key begins with 'val/'" in capsys.readouterr().err
