import pytest

from acoupipe_grain.config import load_arguments, parse_flags
from acoupipe_grain.errors import ArgumentError


def write(folder, text, name="some.yml"):
    (folder / name).write_text(text)
    return folder / name


def test_values_have_the_types_of_yaml_1_2(tmp_path):
    text = """
    SyntheticSource.f: 1e3
    SyntheticSource.seed: 12
    SyntheticSource.snap_to_grid: true
    SyntheticSource.split: no
    SyntheticSource.features: [csm, loc]
    val/SyntheticSource.seed: 13
    """
    assert load_arguments(write(tmp_path, text)) == {
        "SyntheticSource.f": 1000.0,
        "SyntheticSource.seed": 12,
        "SyntheticSource.snap_to_grid": True,
        "SyntheticSource.split": "no",
        "SyntheticSource.features": ["csm", "loc"],
        "val/SyntheticSource.seed": 13,
    }


def test_included_files_give_way_to_the_including_one(tmp_path):
    (tmp_path / "sub").mkdir()
    write(tmp_path, "SyntheticSource.seed: 1\nSyntheticSource.num: 3", "base.yml")
    path = write(tmp_path / "sub", "$include: [../base.yml]\nSyntheticSource.seed: 2", "some.yml")
    assert load_arguments(path) == {"SyntheticSource.seed": 2, "SyntheticSource.num": 3}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("SyntheticSource.num_record: 1", "some.yml.*did you mean 'SyntheticSource.num_records'"),
        ("SyntheticSorce.seed: 1", "some.yml.*did you mean 'SyntheticSource.seed'"),
        ("trian/SyntheticSource.seed: 1", "some.yml.*did you mean 'train/SyntheticSource.seed'"),
        ("val/SyntheticSource.sed: 1", "did you mean 'val/SyntheticSource.seed'"),
        ("SyntheticSource: {seed: 1}", "some.yml"),
        ("- 1\n- 2", "some.yml.*keys and values"),
        ("a: [", "some.yml.*not valid YAML"),
        ("SyntheticSource.seed: 1\nSyntheticSource.seed: 2", "some.yml.*not valid YAML"),
        ("SyntheticSource.seed: !!python/object/apply:os.system ['touch hacked']", "some.yml.*not valid YAML"),
        ("$include: [some.yml]", "some.yml: includes itself"),
        ("$include:", "some.yml.*list of file names"),
        ("$include: [[base.yml]]", "some.yml.*list of file names"),
        ("$include: [nowhere.yml]", "nowhere.yml: cannot be read"),
    ],
)
def test_wrong_files_are_refused_by_name(tmp_path, text, message):
    with pytest.raises(ArgumentError, match=message):
        load_arguments(write(tmp_path, text))
    assert not (tmp_path / "hacked").exists()


def test_flags_are_keys_and_yaml_values():
    flags = [
        "--SyntheticSource.f",
        "[1000, 2e3]",
        "--SyntheticSource.mic_sig_noise=false",
        "--SyntheticSource.seed",
        "-1",
    ]
    assert parse_flags(flags) == {
        "SyntheticSource.f": [1000, 2000.0],
        "SyntheticSource.mic_sig_noise": False,
        "SyntheticSource.seed": -1,
    }


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--SyntheticSource.sed", "1"], "did you mean 'SyntheticSource.seed'"),
        (["--SyntheticSource.seed"], "needs a value"),
        (["--SyntheticSource.seed", "--SyntheticSource.num", "1"], "--SyntheticSource.seed needs a value"),
        (["--SyntheticSource.seed", "1", "--SyntheticSource.seed=2"], "given twice"),
        (["SyntheticSource.seed", "1"], "not a flag"),
        (["--SyntheticSource.f", "[1"], "not valid YAML"),
    ],
)
def test_wrong_flags_are_refused(flags, message):
    with pytest.raises(ArgumentError, match=message):
        parse_flags(flags)
