"""``config.ini`` of data_pipeline: every key becomes something or is refused by name."""

from pathlib import Path

import pytest

from acoupipe_grain.compat.scatterer_ini import read_scatterer_ini
from acoupipe_grain.compat.scatterer_ini.sections import SECTIONS
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.training.models import UNet

EXAMPLE = Path(__file__).parents[2] / "conf" / "scatterers.ini"
MOVING = {"DATA.Movement": "True", "DATA.MovementDuration": "4", "DATA.MovementVelocity": "2"}


@pytest.fixture
def read(tmp_path):
    def reading(text=None, **changes):
        """Read a file of keys given as SECTION.Key."""
        if text is None:
            sections = {"DATA": {}}
            for name, value in changes.items():
                section, _, key = name.partition(".")
                sections.setdefault(section, {})[key] = value
            text = "".join(
                f"[{section}]\n" + "".join(f"{key} = {value}\n" for key, value in keys.items())
                for section, keys in sections.items()
            )
        path = tmp_path / "config.ini"
        path.write_text(text)
        return read_scatterer_ini(path)

    return reading


def values_of(described, scope="train", owner="ScattererSource"):
    start = f"{scope}/{owner}."
    return {key.removeprefix(start): item.value for key, item in described.values.items() if key.startswith(start)}


@pytest.mark.parametrize(
    ("key", "text", "argument", "value"),
    [
        ("DATA.TargetSize", "128", "size", 128),
        ("DATA.TargetSize", "(128, 128)", "size", 128),
        ("DATA.NumScatter", "7", "num_scatterers", 7),
        ("DATA.GaussianSigma", "0.05", "sigma", 0.05),
        ("DATA.GaussianMu", "0.3", "mu", 0.3),
        ("DATA.MovementDuration", "16", "num_frames", 16),
        ("DATA.MovementVelocity", "10", "velocity", 10.0),
        ("DATA.MovementVelocity", "1, 5", "velocity", [1.0, 5.0]),
        ("DATA.MovementVelocity", "[1, 5]", "velocity", [1.0, 5.0]),
        ("DATA.MovementAngle", "90", "angle", 90.0),
        ("DATA.MovementAngle", "0,360", "angle", [0.0, 360.0]),
        ("DATA.Tracks", "True", "label", "track"),
        ("DATA.Stacks", "yes", "label", "spread"),
        ("DATA.Stacks", "False", "label", "track"),
        ("PIPELINE.Seed", "50", "seed", 50),
        ("PREPROCESS_TRAIN.RotationRange", "20", "rotation", 20.0),
    ],
)
def test_keys_of_frames_become_arguments_in_every_scope_they_hold_for(read, key, text, argument, value):
    described = read(**MOVING | {key: text})
    for scope in ["train"] if key.startswith("PREPROCESS") else ["train", "val", "test"]:
        assert values_of(described, scope)[argument] == value


def test_splits_and_numbers_of_records_are_those_of_the_scopes(read):
    given = {"DATA.NumDataTrain": "64", "DATA.NumDataValid": "32"}
    for more, last in (({}, 32), ({"DATA.NumDataEval": "8"}, 8)):
        values = [values_of(read(**given | more), scope) for scope in ("train", "val", "test")]
        assert [item["split"] for item in values] == ["training", "validation", "test"]
        assert [item["num_records"] for item in values] == [64, 32, last]


@pytest.mark.parametrize("movement", ["False", "None", "no", None])
def test_frames_without_movement_are_still_whatever_its_other_keys_say(read, movement):
    given = {"DATA.MovementVelocity": "10", "DATA.MovementDuration": "10", "DATA.Tracks": "True"}
    values = values_of(read(**given | ({} if movement is None else {"DATA.Movement": movement})))
    assert not {"num_frames", "velocity", "angle"} & set(values)
    assert values["label"] == "spread"


@pytest.mark.parametrize(
    ("text", "per_record"),
    # 4 frames, batches of 8
    [("64", 8.0), ("12", 1.5), ("0", 0.0), ("None", 4.0)],
)
def test_removals_of_a_batch_are_shared_among_its_records(read, text, per_record):
    given = {"PREPROCESS_VALID.BatchSize": "8", "PREPROCESS_VALID.OutOfPlaneScat": text}
    assert values_of(read(**MOVING | given), "val")["num_out_of_plane"] == per_record
    assert "num_out_of_plane" not in values_of(read(**MOVING | given), "train")


def test_one_scatterer_of_a_still_frame_is_missing_where_none_is_said(read):
    given = {"DATA.MovementDuration": "10", "PREPROCESS_EVAL.OutOfPlaneScat": "None"}
    assert values_of(read(**given), "test")["num_out_of_plane"] == 1.0


def test_batches_are_as_each_split_says(read):
    described = read(
        **{
            "TRAINING.Epochs": "15",
            "PREPROCESS_TRAIN.BatchSize": "32",
            "PREPROCESS_TRAIN.Shuffle": "True",
            "PREPROCESS_VALID.BatchSize": "16",
            "PREPROCESS_VALID.Shuffle": "off",
        }
    )
    train, val, test = (values_of(described, scope, "make_loader") for scope in ("train", "val", "test"))
    assert (train["batch_size"], train["shuffle"], train["num_epochs"]) == (32, True, 15)
    assert (val["batch_size"], val["shuffle"]) == (16, False)
    assert not {"batch_size", "shuffle", "num_epochs"} & set(test)
    assert described.num_epochs == 15


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ({}, []),
        ({"SizeRatio": "1", "Rescale": "1.0", "TargetSize": "64", "NoiseDB": "None", "RotationRange": "None"}, []),
        ({"Rescale": "None"}, []),
        ({"Rescale": "False"}, []),
        ({"NoiseDB": "0"}, [{"name": "AddNoise", "snr_db": 0.0}]),
        ({"TargetSize": "48"}, [{"name": "CropOrPad", "size": 48}]),
        ({"SizeRatio": "2"}, [{"name": "ReduceLabels", "ratio": 2}]),
        (
            {"NoiseDB": "-3.5", "SizeRatio": "3", "TargetSize": "96"},
            [
                {"name": "CropOrPad", "size": 96},
                {"name": "ReduceLabels", "ratio": 3},
                {"name": "AddNoise", "snr_db": -3.5},
            ],
        ),
    ],
)
def test_preprocessing_is_sizes_then_noise_and_normalisation_last(read, given, names):
    described = read(**{"DATA.TargetSize": "64"} | {f"PREPROCESS_TRAIN.{key}": text for key, text in given.items()})
    found = values_of(described, owner="make_loader")["transforms"]
    assert [{key: value for key, value in item.items() if key != "seed"} for item in found] == [
        *names,
        {"name": "MinMax"},
    ]
    assert values_of(described, "val", "make_loader")["transforms"] == [{"name": "MinMax"}]


def test_seeds_of_noise_and_order_differ_between_splits_and_follow_the_seed(read):
    def seeds(seed):
        described = read(**{"PIPELINE.Seed": seed} | {f"{name}.NoiseDB": "10" for name in SECTIONS if "_" in name})
        loaders = [values_of(described, scope, "make_loader") for scope in ("train", "val", "test")]
        return [item["seed"] for item in loaders] + [item["transforms"][0]["seed"] for item in loaders]

    assert seeds("50") == seeds("50")
    assert len({*seeds("50"), *seeds("51")}) == 12


@pytest.mark.parametrize(
    ("key", "text", "option", "value"),
    [
        ("NumFilter", "64", "num_filters", 64),
        ("Padding", "same", "padding", "same"),
        ("OutputActivation", "sigmoid", "output_activation", "sigmoid"),
        ("OutputActivation", "None", "output_activation", None),
        ("UpSampling", "subpixel", "upsampling", "subpixel"),
        ("UpSampling", "transposed", "upsampling", "transpose"),
        ("DownSampling", "maxpool", "downsampling", "maxpool"),
        ("Activation", "lrelu", "activation", "lrelu"),
        ("Conv1DLater", "True", "conv1x1_last", False),
        ("Initializer", "glorot_uniform", "initializer", "glorot_uniform"),
        ("BatchNorm", "False", "batch_norm", False),
        ("Shortcut", "True", "block_shortcut", True),
        ("DropOutRate", "0.3", "dropout_rate", 0.3),
        ("DropOutRate", "None", "dropout_rate", 0.0),
        ("SkipConnection", "add", "skip", "add"),
        ("SkipConnection", "concat", "skip", "concatenate"),
        ("SkipConnection", "None", "skip", None),
    ],
)
def test_options_of_the_network_have_names_and_values_of_this_package(read, key, text, option, value):
    assert read(**{f"MODEL.{key}": text}).model == {option: value}


DROPPING, STILL = {"MODEL.DropOutRate": "0.3"}, {"DATA.Movement": "False"}
SUBPIXEL, SIMPLE = ({"MODEL.UpSampling": name} for name in ("subpixel", "simple"))


@pytest.mark.parametrize(
    ("key", "text", "option", "value", "needed", "others"),
    [
        ("DropOutWarning", "False", "dropout_position", "after", DROPPING, {}),
        ("DropOutWarning", "True", "dropout_position", "between", DROPPING, {"MODEL.DropOutRate": "None"}),
        ("DropOutEncoderOnly", "True", "dropout_encoder_only", True, DROPPING, {"MODEL.DropOutRate": "0"}),
        ("TemporalDownScaling", "False", "temporal_downsampling", False, MOVING | {"DATA.Stacks": "True"}, STILL),
        ("Conv1DLater", "False", "conv1x1_last", True, SUBPIXEL, SIMPLE),
        ("Conv1DLater", "False", "conv1x1_last", True, {}, {"MODEL.UpSampling": "transpose"}),
    ],
)
def test_options_of_what_is_not_there_are_left_out(read, key, text, option, value, needed, others):
    given = {f"MODEL.{key}": text}
    with_effect, without = read(**needed | given).model, read(**others | given).model
    assert with_effect[option] == value
    assert option not in without
    UNet(**with_effect)
    UNet(num_dimensions=2, **without)


@pytest.mark.parametrize("key", ["DropOutWarning", "DropOutEncoderOnly", "TemporalDownScaling", "Conv1DLater"])
def test_options_of_what_is_not_there_are_checked_all_the_same(read, key):
    with pytest.raises(ArgumentError, match=f"{key}='2': expected True or False"):
        read(**{"MODEL.UpSampling": "simple", f"MODEL.{key}": "2"})


@pytest.mark.parametrize(
    ("key", "text", "reason"),
    [
        ("DATA.NumScater", "5", "unknown key; did you mean 'NumScatter'"),
        ("DATA.Epochs", "5", "unknown key; it belongs to [TRAINING]"),
        ("DATA.NumScatterTrain", "1, 5", "cannot be honoured; all records have as many scatterers; write NumScatter"),
        ("DATA.RemovalProbability", "0.1", "cannot be honoured; leave it out, and give ScattererSource.out_of_plane"),
        ("DATA.NumDataTrain", "many", "expected an integer of at least 1"),
        ("DATA.NumDataValid", "0", "must be at least 1"),
        ("DATA.TargetSize", "64, 32", "frames are square; write one number"),
        ("DATA.TargetSize", "a", "expected an integer"),
        ("DATA.Movement", "maybe", "expected True or False"),
        ("DATA.Movement", "True", "for how many frames? Give MovementDuration"),
        ("DATA.MovementVelocity", "fast", "expected a number, or a range such as 1, 5"),
        ("DATA.MovementVelocity", "1, 2, 3", "expected a number, or a range such as 1, 5"),
        ("DATA.MovementAngle", "90, 0", "the range is empty"),
        ("DATA.GaussianSigma", "0", "greater than 0"),
        ("DATA.GaussianMu", "nan", "expected a finite number"),
        ("PIPELINE.Seed", "-1", "must be at least 0"),
        ("TRAINING.Epochs", "0", "must be at least 1"),
        ("PREPROCESS_TRAIN.SizeRatio", "0.5", "expected an integer of at least 1"),
        ("PREPROCESS_TRAIN.Rescale", "0.5", "a factor of the values of data cannot be honoured"),
        ("PREPROCESS_TRAIN.Rescale", "True", "expected a number"),
        ("PREPROCESS_VALID.BatchSize", "None", "expected an integer"),
        ("PREPROCESS_EVAL.NoiseDB", "loud", "expected a number"),
        ("PREPROCESS_EVAL.RotationRange", "270", "at most 180"),
        ("PREPROCESS_EVAL.OutOfPlaneScat", "12", "counts what is missing in a batch; give BatchSize"),
        ("MODEL.SkipConnection", "ad", "unknown; did you mean 'add'? Available: add, concat"),
        ("MODEL.Initializer", "zeros", "unknown"),
        ("MODEL.Activation", "sigmoid", "Available: lrelu, relu"),
        ("MODEL.DropOutRate", "1", "less than 1"),
        ("MODEL.BatchNorm", "2", "expected True or False"),
    ],
)
def test_what_cannot_be_used_is_refused_with_file_section_key_value_and_remedy(read, key, text, reason):
    section, _, name = key.partition(".")
    with pytest.raises(ArgumentError) as refusal:
        read(**{key: text})
    message = str(refusal.value)
    assert f"config.ini: [{section}] {name}=" in message
    assert text in message
    assert reason in message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[DATA]\n[PREPROCESS_TEST]\nBatchSize = 3\n", r"\[PREPROCESS_TEST\]: unknown section; did you mean"),
        ("[DEFAULT]\nSeed = 3\n[DATA]\n", r"\[DEFAULT\]: unknown section"),
        ("[TRAINING]\nEpochs = 3\n", r"lacks the section \[DATA\]"),
        ("", r"lacks the section \[DATA\]"),
        ("NumScatter = 5\n", "not a valid INI file"),
        ("[DATA]\nNumScatter\n", "not a valid INI file"),
        ("[DATA]\nNumScatter = 5\nNumScatter = 6\n", "not a valid INI file.*already exists"),
        ("[DATA]\nNumScatter = 5\nnumscatter = 6\n", "is given twice, in other case"),
        ("[DATA]\nNumScatter = 5 ; five\n", r"NumScatter='5 ; five': expected an integer"),
        ("[DATA]\nMovement=1\nMovementDuration=4\nStacks=True\nTracks=True\n", "one and only one of them must be True"),
        (
            "[DATA]\nMovement=1\nMovementDuration=4\nStacks=False\nTracks=False\n",
            "one and only one of them must be True",
        ),
        (
            "[DATA]\nTargetSize=64\n[PREPROCESS_VALID]\nSizeRatio=5\n",
            r"\[PREPROCESS_VALID\] SizeRatio='5': does not divide",
        ),
    ],
)
def test_files_that_are_wrong_as_a_whole_are_refused(read, text, message):
    with pytest.raises(ArgumentError, match=f"config.ini.*{message}"):
        read(text)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ArgumentError, match="nowhere.ini: cannot be read"):
        read_scatterer_ini(tmp_path / "nowhere.ini")


def test_keys_are_read_in_any_case(read):
    assert values_of(read("[DATA]\nnumscatter = 3\n"))["num_scatterers"] == 3


OTHERS = {
    "Movement": "False",
    "MovementVelocity": "3",
    "MovementAngle": "45",
    "GaussianSigma": "0.2",
    "GaussianMu": "0.1",
    "Padding": "valid",
    "OutputActivation": "relu",
    "UpSampling": "simple",
    "DownSampling": "avgpool",
    "Activation": "relu",
    "Initializer": "orthogonal",
    "DropOutRate": "0.1",
    "SkipConnection": "concat",
}
"""Values that the example does not have; of numbers it has no 4, and switches are turned."""
REFUSED = ("Rescale", "Stacks", "Tracks")
"""Keys of which another value alone is an error."""


def plain(described):
    return {name: item.value for name, item in described.values.items()} | dict(described.model)


@pytest.mark.parametrize("section", SECTIONS)
def test_the_example_has_every_key_and_none_is_without_effect(read, section):
    text = EXAMPLE.read_text(encoding="utf-8")
    for key in SECTIONS[section]:
        head, start, rest = text.partition(f"[{section}]")
        before, found, after = rest.partition(f"\n{key} = ")
        given, _, after = after.partition("\n")
        other = OTHERS.get(key) or {"True": "False", "False": "True"}.get(given, "4")
        changed = f"{head}{start}{before}{found}{other}\n{after}"
        if key in REFUSED:
            with pytest.raises(ArgumentError, match=f"{key}='{other}'"):
                read(changed)
        else:
            assert plain(read(changed)) != plain(read(text)), key


@pytest.mark.parametrize("velocity", ["", "MovementVelocity=None\n"])
def test_frames_that_move_and_stand_still_are_refused(tmp_path, velocity):
    path = tmp_path / "config.ini"
    path.write_text(f"[DATA]\nMovement=True\nMovementDuration=8\nTracks=True\n{velocity}")
    with pytest.raises(ArgumentError, match=r"how fast do scatterers move\? Give MovementVelocity"):
        read_scatterer_ini(path)


def test_a_byte_order_mark_is_read_over(tmp_path):
    path = tmp_path / "config.ini"
    path.write_bytes(b"\xef\xbb\xbf[DATA]\nNumScatter=7\n")
    assert read_scatterer_ini(path).values["train/ScattererSource.num_scatterers"].value == 7


@pytest.mark.parametrize("text", ["1_0", "\u0663", "1e1"])
def test_numbers_are_plain_digits(tmp_path, text):
    path = tmp_path / "config.ini"
    path.write_text(f"[DATA]\nNumScatter={text}\n", encoding="utf-8")
    with pytest.raises(ArgumentError, match=r"NumScatter=.*expected an integer"):
        read_scatterer_ini(path)


def test_what_is_trained_is_the_network_on_these_frames():
    values = {key: item.value for key, item in read_scatterer_ini(EXAMPLE).values.items()}
    assert (values["Training.task"], values["Training.model"]) == ("ScattererFrames", "UNet")
    assert values["UNet.num_filters"] == 64
    assert values["TrainingOptions.num_epochs"] == 15
