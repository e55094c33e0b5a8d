import pytest
from recorded_birds import SETS, keys

from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.minibatches import MiniBatchGen
from acoupipe_grain.pipeline import MiniBatchOptions

COMPLETE = {name: files for name, files in SETS.items() if name != "none"} | {"rest": ["wrens/quiet.wav"]}


def test_options_of_mini_batches_are_read(recorded, tmp_path):
    values = {
        "shuffle_files": True,
        "shuffle_mb_block_size": 6,
        "seed": 3,
        "drop_remainder": False,
        "data_format": "NHWC",
        "num_workers": 2,
        "features_root": str(tmp_path),
    }
    config = keys(recorded) | {f"MiniBatchGen.{name}": value for name, value in values.items()}
    assert MiniBatchGen.from_config(config)["default"].options == MiniBatchOptions(4, **values)


def test_activity_is_configured_with_the_keys_of_its_class(recorded):
    config = keys(recorded, ActivityParams__energy_threshold=0.5)
    assert MiniBatchGen.from_config(config).source.activity_params.energy_threshold == 0.5


def test_there_is_a_set_for_each_scope(recorded):
    config = keys(recorded, SegmentSource__datasplit=COMPLETE) | {
        "val/SegmentSource.dataset": "validation",
        "train/SegmentSource.dataset": "train",
        "train/MiniBatchGen.shuffle_files": True,
        "val/MiniBatchGen.batch_size": 1,
    }
    mb_gen = MiniBatchGen.from_config(config)
    assert list(mb_gen) == ["train", "val"]
    assert mb_gen["train"].options == MiniBatchOptions(4, True)
    assert mb_gen["val"].options == MiniBatchOptions(1)
    assert mb_gen["train"].source.tables["files"] == SETS["train"]
    assert mb_gen["val"].source.tables["files"] == SETS["validation"]


def test_a_split_with_a_dataset_is_one_set(recorded):
    config = keys(recorded, SegmentSource__datasplit=COMPLETE, SegmentSource__dataset="test")
    mb_gen = MiniBatchGen.from_config(config)
    assert list(mb_gen) == ["default"]
    assert mb_gen.source.tables["files"] == SETS["test"]


def test_keys_of_an_export_may_stand_in_the_same_file(recorded):
    assert MiniBatchGen.from_config(keys(recorded) | {"export.num_workers": 2})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"SegmentSource.duratoin": 1},
            "config: SegmentSource.duratoin: 1: unknown key; did you mean 'SegmentSource.d",
        ),
        ({"batch_size": 3}, "config: batch_size: 3: unknown key; did you mean 'MiniBatchGen.batch_size'"),
        ({"trian/MiniBatchGen.seed": 3}, "unknown scope 'trian'; did you mean 'train/MiniBatchGen.seed'"),
        ({"MiniBatchGen.batch_size": "4"}, "config: MiniBatchGen.batch_size: '4': expected integer; leave the quotes"),
        ({"MiniBatchGen.batch_size": 0}, "config: MiniBatchGen.batch_size: batch_size=0: must be at least 1"),
        ({"MiniBatchGen.shuffle_files": 1}, "config: MiniBatchGen.shuffle_files: 1: expected true or false"),
        ({"MiniBatchGen.data_format": "NWHC"}, "config: MiniBatchGen.data_format: 'NWHC': expected NCHW | NHWC"),
        ({"make_loader.batch_size": 4}, "config: make_loader.batch_size: mini-batches are made by keys of SegmentSour"),
        ({"SyntheticSource.seed": 4}, "config: SyntheticSource.seed: mini-batches are made by keys of"),
        ({"minibatch_config": {}}, "config: has the block 'minibatch_config' and the key 'SegmentSource.files'"),
        ({"SegmentSource.dataset": "train"}, "SegmentSource.dataset: dataset='train': is a set of no split"),
        ({"SegmentSource.datasplit": "no.jl"}, "SegmentSource.datasplit: datasplit: '.*no.jl': a pickle may run"),
        ({"SegmentSource.datasplit": {"a": []}}, "SegmentSource.datasplit: datasplit: its sets a have no recording"),
        (
            {"train/MiniBatchGen.seed": 3, "SegmentSource.datasplit": COMPLETE},
            "dataset=None: which set of the datasplit is meant",
        ),
        ({"SegmentSource.features": ["mfc"]}, "SegmentSource.features: unknown feature 'mfc'; did you mean 'mfcc'"),
        (
            {"SegmentSource.features": [{"name": "mfcc", "scaler": "mfcc.pkl"}]},
            "config: SegmentSource.features: .*scaler='mfcc.pkl': a pickle can .*numpy.savez",
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_key(recorded, changes, message):
    with pytest.raises(ArgumentError, match=message):
        MiniBatchGen.from_config(keys(recorded) | changes)


def test_what_is_missing_is_listed():
    with pytest.raises(ArgumentError, match="lacks SegmentSource.files, SegmentSource.duration; SegmentSource has no"):
        MiniBatchGen.from_config({"MiniBatchGen.batch_size": 4})
