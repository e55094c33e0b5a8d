import subprocess
import sys

import argbind
import pytest

import acoupipe_grain as apg
from acoupipe_grain.config import build, package_keys, source_from_configuration
from acoupipe_grain.errors import ArgumentError


def test_a_source_is_built_from_its_keys():
    source = build("SyntheticSource", {"SyntheticSource.num_records": 7, "SyntheticSource.features": ["loc"]})
    assert repr(source) == repr(apg.SyntheticSource(7, features=("loc",)))


def test_keys_in_the_scope_win():
    arguments = {
        "SceneSource.seed": 1,
        "SceneSource.num_records": 5,
        "train/SceneSource.seed": 2,
        "val/SceneSource.split": "validation",
    }
    assert build("SceneSource", arguments).streams.seed == 1
    assert build("SceneSource", arguments, "train").streams.seed == 2
    validation = build("SceneSource", arguments, "val")
    assert (validation.streams.seed, validation.streams.split) == (1, "validation")


@pytest.mark.parametrize(
    ("name", "arguments", "scope", "message"),
    [
        ("SyntheticSorce", {}, "", "did you mean 'SyntheticSource'"),
        ("SyntheticSource", {"SyntheticSource.sed": 1}, "", "did you mean"),
        ("SyntheticSource", {}, "training", "did you mean 'train'"),
        ("SyntheticSource", {"SyntheticSource.seed": "one"}, "", "SyntheticSource.seed: 'one': expected integer"),
    ],
)
def test_wrong_requests_are_refused(name, arguments, scope, message):
    with pytest.raises(ArgumentError, match=message):
        build(name, arguments, scope)


def test_every_argument_of_the_sources_can_be_configured():
    keys = package_keys().by_name
    assert "SyntheticSource.upsampling" in keys
    assert "export.num_workers" in keys
    assert "make_loader.batch_size" in keys


def test_sources_work_inside_argbinds_own_scope_and_stay_plain_classes():
    from acoupipe_grain.config import bound

    with argbind.scope({"SceneSource.seed": 3, "val/SceneSource.seed": 4}, "val"):
        assert bound.SceneSource(num_records=5).streams.seed == 4
        assert apg.SceneSource(num_records=5).streams.seed == 0


SCRIPT = """
import argbind
import acoupipe_grain as apg
{imports}

@argbind.bind("train")
def export(folder: str = "mine"):
    return folder

args = argbind.parse_args()
with argbind.scope(args, "train"):
    print(export(), {built})
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("imports", "built", "flags", "shown"),
    [
        ("", "'no source'", ["--export.folder", "yours"], "yours no source"),
        (
            "from acoupipe_grain.config.bound import SceneSource",
            "SceneSource().snap_to_grid, SceneSource().num_records",
            ["--SceneSource.snap_to_grid", "true", "--train/SceneSource.num_records", "7"],
            "mine True 7",
        ),
    ],
)
def test_users_own_argbind_programs_work(tmp_path, imports, built, flags, shown):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.format(imports=imports, built=built))
    result = subprocess.run([sys.executable, script, *flags], capture_output=True, text=True, check=False)
    assert result.stdout.strip() == shown, result.stderr


def test_a_scope_without_keys_is_refused():
    with pytest.raises(ArgumentError, match="no key begins with 'val/'.*scopes train"):
        build("SceneSource", {"train/SceneSource.seed": 1}, "val")


def test_a_configuration_rebuilds_its_source(small_source):
    for source in (small_source, small_source.inputs):
        assert repr(source_from_configuration(source.configuration)) == repr(source)


def test_labelled_features_and_options_are_rebuilt_too(small_setup):
    source = apg.SyntheticSource(
        3,
        setup=small_setup,
        features=(apg.feature("sourcemap", label="first", steering="I", remove_diagonal=True), "csm"),
        f=[1000.0, 2000.0],
        num=3,
        random_signal_length=True,
        min_source_distance=0.05,
    )
    import json

    again = source_from_configuration(json.loads(json.dumps(source.configuration)))
    assert repr(again) == repr(source)
    assert again.element_spec == source.element_spec
