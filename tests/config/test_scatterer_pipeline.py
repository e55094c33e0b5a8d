"""Sources and loaders from data_pipeline's ``config.ini``."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

import acoupipe_grain as apg
from acoupipe_grain.config import build, load_arguments
from acoupipe_grain.config.factories import call, source_name
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.frames.augmentation import AddNoise, CropOrPad, MinMax, ReduceLabels

CONF = Path(__file__).parents[2] / "conf"
SMALL = """
[PIPELINE]
Seed = 7
[DATA]
NumDataTrain = 10
NumDataValid = 6
TargetSize = 32
NumScatter = 3
Movement = True
MovementVelocity = 1, 2
MovementDuration = 4
MovementAngle = 0, 360
[TRAINING]
Epochs = 2
[PREPROCESS_TRAIN]
SizeRatio = 2
TargetSize = 24
BatchSize = 4
NoiseDB = 10
RotationRange = 15
OutOfPlaneScat = 8
[PREPROCESS_VALID]
BatchSize = 3
Shuffle = False
[MODEL]
NumFilter = 8
SkipConnection = concat
"""


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "config.ini"
    file.write_text(SMALL)
    return file


def test_everything_is_there_at_once(path):
    pipeline = apg.scatterer_pipeline(path)
    frames = {
        "seed": 7,
        "size": 32,
        "num_scatterers": 3,
        "merge": "max",
        "label": "spread",
        "num_frames": 4,
        "velocity": [1.0, 2.0],
        "angle": [0.0, 360.0],
    }
    training = apg.ScattererSource(10, split="training", rotation=15.0, num_out_of_plane=2.0, **frames)
    assert repr(pipeline.train.source) == repr(training)
    assert repr(pipeline.val.source) == repr(apg.ScattererSource(6, split="validation", **frames))
    assert repr(pipeline.test.source) == repr(apg.ScattererSource(6, split="test", **frames))
    assert pipeline.num_epochs == 2
    assert pipeline.model == {"num_filters": 8, "skip": "concatenate"}
    assert pipeline.val.loader_arguments["transforms"] == [MinMax()]
    with pytest.raises(dataclasses.FrozenInstanceError):
        pipeline.num_epochs = 3


def test_batches_are_cut_reduced_made_noisy_and_normalised_in_true_epochs(path):
    train = apg.scatterer_pipeline(path).train
    crop, reduce, noise, last = train.loader_arguments["transforms"]
    assert (crop, reduce, last) == (CropOrPad(24), ReduceLabels(2), MinMax())
    assert noise == AddNoise(10.0, seed=noise.seed)
    batches = list(train.loader(transforms=[crop, reduce, last]))  # compiling the noise takes seconds
    assert len(batches) == 2 * (10 // 4)
    for batch in batches:
        assert batch["data"].shape == (4, 24, 24, 4)
        assert batch["label"].shape == (4, 12, 12, 4)
        for name in ("data", "label"):
            assert np.asarray(batch[name]).min() == 0
            assert np.asarray(batch[name]).max() == 1
    for epoch in (batches[:2], batches[2:]):
        assert len({int(index) for batch in epoch for index in batch["idx"]}) == 8


def test_splits_share_no_positions_and_no_noise(path):
    pipeline = apg.scatterer_pipeline(path)
    first = [split.source.inputs[0]["positions"] for split in (pipeline.train, pipeline.val, pipeline.test)]
    assert not any(np.array_equal(first[a], first[b]) for a, b in ((0, 1), (0, 2), (1, 2)))


def test_keys_and_values_give_the_same_sources_and_loaders(path):
    pipeline, settings = apg.scatterer_pipeline(path), load_arguments(path)
    assert settings.scopes == ["test", "train", "val"]
    for scope in settings.scopes:
        split = getattr(pipeline, scope)
        assert source_name(settings, scope, ("ScattererSource",)) == "ScattererSource"
        source = build("ScattererSource", settings, scope)
        assert repr(source) == repr(split.source)
    for batch, other in zip(
        call("make_loader", settings, "val", pipeline.val.source), pipeline.val.loader(), strict=True
    ):
        np.testing.assert_array_equal(batch["data"], other["data"])


def test_yaml_files_can_include_and_override_it(path):
    (path.parent / "small.yml").write_text("$include: [config.ini]\ntrain/ScattererSource.num_records: 5\n")
    settings = load_arguments(path.parent / "small.yml")
    assert len(build("ScattererSource", settings, "train")) == 5
    assert len(build("ScattererSource", settings, "val")) == 6


def test_values_that_sources_refuse_are_traced_to_the_file(path):
    path.write_text(SMALL.replace("OutOfPlaneScat = 8", "OutOfPlaneScat = 80"))
    # 80 / 4 of 3 scatterers × 4 frames
    message = r"config.ini: \[PREPROCESS_TRAIN\] OutOfPlaneScat: train/ScattererSource.num_out_of_plane: .*at most 12"
    with pytest.raises(ArgumentError, match=message):
        apg.scatterer_pipeline(path)
    with pytest.raises(ArgumentError, match=message):
        build("ScattererSource", load_arguments(path), "train")


def test_the_example_is_complete_and_trains_on_what_it_says():
    pipeline = apg.scatterer_pipeline(CONF / "scatterers.ini")
    assert [len(split.source) for split in (pipeline.train, pipeline.val, pipeline.test)] == [1000, 500, 500]
    assert pipeline.num_epochs == 15
    assert len(pipeline.model) == 15
    source = pipeline.train.source
    assert source.element_spec["data"].shape == (64, 64, 16)
    assert source.element_spec["label"].shape == (64, 64)
    # 4 of 80 (scatterer, frame) of a record are missing on average; of 1000, the mean has a deviation of 0.062.
    in_plane = np.asarray(source.inputs.batch(range(1000))["in_plane"])
    assert np.sum(~in_plane) / 1000 == pytest.approx(4, abs=4 * 0.062)


def test_without_a_scope_no_other_source_is_taken(path):
    message = "keys of ScattererSource in the scopes test, train, val only; choose one of these"
    with pytest.raises(ArgumentError, match=message):
        source_name(load_arguments(path))
