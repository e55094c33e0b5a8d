"""Transforms of batches by name in configurations."""

import numpy as np
import pytest

import acoupipe_grain as apg
from acoupipe_grain.cli.main import main
from acoupipe_grain.config import bound, load_arguments
from acoupipe_grain.config.factories import arguments_for, call
from acoupipe_grain.config.saving import resolved_text
from acoupipe_grain.config.transforms import TRANSFORMS
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.frames.augmentation import AddNoise, CropOrPad, MinMax, ReduceLabels, Resize, RotateFrames

TEXT = """
ScattererSource.num_records: 8
make_loader.batch_size: 4
make_loader.shuffle: false
make_loader.transforms:
  - {name: CropOrPad, size: 48}
  - {name: ReduceLabels, ratio: 2}
  - {name: MinMax}
val/make_loader.transforms: []
"""
BY_HAND = [CropOrPad(48), ReduceLabels(2), MinMax()]


@pytest.fixture
def settings(tmp_path):
    def reading(text=TEXT):
        path = tmp_path / "frames.yml"
        path.write_text(text)
        return load_arguments(path)

    return reading


def require_equal(loader, expected):
    for batch, other in zip(loader, expected, strict=True):
        assert set(batch) == set(other)
        for name in batch:
            np.testing.assert_array_equal(batch[name], other[name])


def test_named_transforms_are_those_built_by_hand(settings):
    source = apg.ScattererSource(8)
    given = settings()
    assert arguments_for("make_loader", given)["transforms"] == BY_HAND
    by_hand = apg.make_loader(source, 4, shuffle=False, transforms=BY_HAND)
    require_equal(call("make_loader", given, "", source), by_hand)


def test_a_scope_may_have_others_or_none(settings):
    source = apg.ScattererSource(8)
    require_equal(call("make_loader", settings(), "val", source), apg.make_loader(source, 4, shuffle=False))


def test_every_transform_has_a_name(settings):
    text = """make_loader.transforms:
  - {name: AddNoise, snr_db: 10.0, seed: 1}
  - {name: RotateFrames, max_angle: 20, seed: 2}
  - {name: Resize, size: 32}
  - {name: ReduceLabels, ratio: 2}
  - {name: CropOrPad, size: 16}
  - {name: MinMax}
"""
    expected = [
        AddNoise(snr_db=10.0, seed=1),
        RotateFrames(20, 2),
        Resize(32),
        ReduceLabels(2),
        CropOrPad(16),
        MinMax(),
    ]
    assert arguments_for("make_loader", settings(text))["transforms"] == expected
    assert {type(item).__name__ for item in expected} == set(TRANSFORMS)


def test_bound_loaders_take_them_too_and_functions_in_python_stay_functions(settings):
    source = apg.ScattererSource(8)
    with bound.scope(settings()):
        require_equal(bound.make_loader(source), apg.make_loader(source, 4, shuffle=False, transforms=BY_HAND))
        only = [lambda batch: {"idx": batch["idx"]}]
        assert [set(batch) for batch in bound.make_loader(source, transforms=only)] == [{"idx"}, {"idx"}]
    with pytest.raises(ArgumentError, match=r"arguments: make_loader.transforms: .*expected list of mapping"):
        call("make_loader", {"make_loader.transforms": only}, "", source)


def test_errors_of_bound_loaders_name_the_key():
    wrong = {"make_loader.transforms": [{"name": "MinMaxx"}]}
    with pytest.raises(ArgumentError, match="arguments: make_loader.transforms: .*'MinMax'"), bound.scope(wrong):
        bound.make_loader(apg.ScattererSource(4))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("[{name: AddNois, snr_db: 3}]", r"transforms\[0\]: unknown transform 'AddNois'; did you mean 'AddNoise'"),
        ("[{name: [MinMax]}]", r"transforms\[0\]: unknown transform \['MinMax'\]"),
        ("[{name: MinMax}, {snr_db: 3}]", r"transforms\[1\]=.*lacks a name; write for instance {name: MinMax}"),
        ("[{name: AddNoise, snr: 3}]", r"transforms\[0\]: AddNoise has unknown option 'snr'; did you mean 'snr_db'"),
        ("[{name: AddNoise, seed: 3}]", r"transforms\[0\]: AddNoise lacks snr_db, which has no default"),
        ("[{name: AddNoise, snr_db: loud}]", r"transforms\[0\]: AddNoise: snr_db='loud': expected a finite number"),
        ("[{name: CropOrPad, size: 0}]", r"transforms\[0\]: CropOrPad: size=0: must be at least 1"),
    ],
)
def test_wrong_transforms_are_refused_where_the_loader_is_built(settings, given, message):
    wrong = settings(f"train/make_loader.transforms: {given}\n")
    with pytest.raises(ArgumentError, match=f"frames.yml: train/make_loader.transforms: {message}"):
        call("make_loader", wrong, "train", apg.ScattererSource(4))


@pytest.mark.parametrize("given", ["MinMax", "[MinMax]", "{name: MinMax}"])
def test_other_types_are_refused_when_the_file_is_read(settings, given):
    with pytest.raises(ArgumentError, match="frames.yml: make_loader.transforms: .*expected list of mapping"):
        settings(f"make_loader.transforms: {given}\n")


def test_flags_give_them_and_saved_configurations_keep_them(settings, tmp_path):
    from acoupipe_grain.config import parse_flags
    from acoupipe_grain.config.keys import package_keys

    flags = parse_flags(["--make_loader.transforms", "[{name: CropOrPad, size: 32}]"])
    together = settings().overridden_by(flags)
    assert arguments_for("make_loader", together)["transforms"] == [CropOrPad(32)]
    saved = settings(resolved_text(together, package_keys().of(["make_loader"])))
    assert arguments_for("make_loader", saved)["transforms"] == [CropOrPad(32)]


def test_the_config_command_lists_the_key_and_checks_values(tmp_path, capsys):
    assert main(["config", "make_loader"]) == 0
    shown = capsys.readouterr().out
    assert "make_loader.transforms: []  (list of mapping)" in shown
    assert all(name in shown for name in TRANSFORMS)
    path = tmp_path / "wrong.yml"
    path.write_text("ScattererSource.num_records: 4\nval/make_loader.transforms: [{name: CropOrPad}]\n")
    assert main(["config", "--args.load", str(path)]) == 2
    assert "val/make_loader.transforms: transforms[0]: CropOrPad lacks size" in capsys.readouterr().err
