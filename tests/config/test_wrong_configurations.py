"""Wrong configurations: every error names the file, the key, the value and what to write instead."""

import pytest

from acoupipe_grain.config import build, load_arguments
from acoupipe_grain.errors import ArgumentError

S = "SyntheticSource."

# text of the file; the key as the message names it; the value; the remedy
WRONG = [
    # keys
    (f"{S}num_record: 17", f"{S}num_record", "17", "did you mean 'SyntheticSource.num_records'"),
    ("SyntheticSorce.seed: 17", "SyntheticSorce.seed", "17", "did you mean 'SyntheticSource.seed'"),
    ("syntheticsource.seed: 17", "syntheticsource.seed", "17", "did you mean 'SyntheticSource.seed'"),
    ("trian/SyntheticSource.seed: 17", "trian/SyntheticSource.seed", "17", "did you mean 'train/SyntheticSource.seed'"),
    ("val/SyntheticSource.sed: 17", "val/SyntheticSource.sed", "17", "did you mean 'val/SyntheticSource.seed'"),
    ("SyntheticSource: {seed: 17}", "SyntheticSource", "{'seed': 17}", "write SyntheticSource.seed: ..."),
    ("seed: 17", "seed", "17", "did you mean 'SyntheticSource.seed'"),
    (
        f"{S}setup.sampel_rate: 17.0",
        f"{S}setup.sampel_rate",
        "17.0",
        "did you mean 'SyntheticSource.setup.sample_rate'",
    ),
    ("12: 17", "12", "17", "lists the package's keys"),
    ("PipelineSource.seed: 17", "PipelineSource.seed", "17", "lists the package's keys"),
    # types
    (f"{S}num_records: many", f"{S}num_records", "'many'", "expected integer"),
    (f"{S}num_records: '17'", f"{S}num_records", "'17'", "leave the quotes out"),
    (f"{S}num_records: 17.5", f"{S}num_records", "17.5", "expected integer"),
    (f"{S}num_records: null", f"{S}num_records", "None", "expected integer"),
    (f"{S}num_records: true", f"{S}num_records", "True", "expected integer"),
    (f"{S}f: '4e3'", f"{S}f", "'4e3'", "expected number or list of number or null, in Hz; leave the quotes out"),
    (f"{S}f: [1000, two]", f"{S}f", "[1000, 'two']", "expected number or list of number"),
    (f"{S}snap_to_grid: yes", f"{S}snap_to_grid", "'yes'", "write true or false, without quotes"),
    (f"{S}snap_to_grid: 1", f"{S}snap_to_grid", "1", "expected true or false"),
    (f"{S}mic_sig_noise: 'off'", f"{S}mic_sig_noise", "'off'", "write true or false, without quotes"),
    (f"{S}split: 3", f"{S}split", "3", "expected text"),
    (f"{S}features: 3", f"{S}features", "3", "expected text or mapping or list of"),
    (f"{S}setup: default", f"{S}setup", "'default'", "expected mapping or null"),
    (f"{S}signal_length: 2020-01-01", f"{S}signal_length", "2020", "expected number, in s"),
    (f"{S}min_source_distance: [0.1]", f"{S}min_source_distance", "[0.1]", "expected number or null, in m"),
    ("make_loader.shard: [0, 1, 2]", "make_loader.shard", "[0, 1, 2]", "expected [integer, integer] or null"),
    ("val/SyntheticSource.seed: one", "val/SyntheticSource.seed", "'one'", "expected integer"),
    # values
    (f"{S}num_records: 0", f"{S}num_records", "0", "at least 1"),
    (f"{S}seed: -1", f"{S}seed", "-1", "at least 0"),
    (f"{S}split: trainin", f"{S}split", "'trainin'", "did you mean 'training'"),
    (f"{S}mode: welhc", f"{S}mode", "'welhc'", "did you mean 'welch'"),
    (f"{S}engine: acoluar", f"{S}engine", "'acoluar'", "did you mean 'acoular'"),
    (f"{S}features: [sourcemaps]", f"{S}features", "'sourcemaps'", "did you mean 'sourcemap'"),
    (f"{S}features: []", f"{S}features", "[]", "expected a list of names"),
    (f"{S}features: [loc, loc]", f"{S}features", "'loc'", "another label"),
    (
        f"{S}features: [{{name: sourcemap, options: {{stering: I}}}}]",
        f"{S}features",
        "'stering'",
        "did you mean 'steering'",
    ),
    (f"{S}split: welch\n{S}mode: welch", f"{S}split", "'welch'", "Available: test, training, validation"),
    (f"{S}min_nsources: 20", f"{S}min_nsources", "20", "must be at least min_nsources=20"),
    (f"{S}strengths: {{dist: norm, what: 3}}", f"{S}strengths", "'what'", "Available: loc, scale"),
    (f"{S}strengths: {{dist: 5}}", f"{S}strengths", "5", "needs its name"),
    (f"{S}strengths: 1e300", f"{S}strengths", "1e+300", "expected at most"),
    (f"{S}nsources: 2.5", f"{S}nsources", "2.5", "expected whole numbers"),
    (f"{S}locations: [0.0, 0.0, 0.4]\n{S}snap_to_grid: true", f"{S}locations", "0.4", "leave z out"),
    (f"{S}f: 9000.0", f"{S}f", "9000", "expected 0 to 6860 Hz"),
    (f"{S}f: 4000\n{S}num: -1", f"{S}num", "-1", "at least 0"),
    (f"{S}num: 3", f"{S}num", "3", "bands need centre frequencies f"),
    (f"{S}max_nsources: 2\n{S}min_nsources: 3", f"{S}max_nsources", "2", "at least min_nsources=3"),
    (f"{S}signal_length: 0.001", f"{S}signal_length", "0.001", "expected at least"),
    (f"{S}min_source_distance: 3.0", f"{S}min_source_distance", "3.0", "give a smaller distance"),
    (f"{S}upsampling: 0", f"{S}upsampling", "0", "at least 1"),
    # the measurement setup
    (
        f"{S}setup: {{sampel_rate: 17.0}}",
        f"{S}setup.sampel_rate",
        "17.0",
        "did you mean 'SyntheticSource.setup.sample_rate'",
    ),
    (f"{S}setup: {{block_size: many}}", f"{S}setup.block_size", "'many'", "expected integer, in samples"),
    (
        f"val/{S}setup: {{sampel_rate: 17.0}}",
        f"val/{S}setup.sampel_rate",
        "17.0",
        "did you mean 'val/SyntheticSource.setup",
    ),
    (f"{S}setup: {{sample_rate: -17.0}}", f"{S}setup", "-17.0", "greater than 0"),
    (f"{S}setup.sample_rate: -17.0", f"{S}setup.sample_rate", "-17.0", "greater than 0"),
    (f"{S}setup.mic_positions: vogel64", f"{S}setup.mic_positions", "'vogel64'", "did you mean 'tub_vogel64'"),
    (f"{S}setup.mic_positions: nowhere.xml", f"{S}setup.mic_positions", "'nowhere.xml'", "no such file"),
    (f"{S}setup.overlap: 0.3", f"{S}setup.overlap", "0.3", "the nearest overlap that fits"),
    (f"{S}setup.window: haning", f"{S}setup.window", "'haning'", "did you mean 'hanning'"),
    (f"{S}setup.grid.z: 0.4", f"{S}setup.grid.z", "0.4", "lacks increment"),
    (f"{S}setup: {{grid: {{z: 0.4}}}}", f"{S}setup", "0.4", "lacks increment"),
    # distributions
    (f"{S}strengths: {{dist: raileigh, scale: 5}}", f"{S}strengths", "'raileigh'", "did you mean 'rayleigh'"),
    (f"{S}strengths: {{dist: rayleigh, scal: 5}}", f"{S}strengths", "'scal'", "did you mean 'scale'"),
    (f"{S}strengths: {{dist: norm, loc: 5}}", f"{S}strengths", "'norm'", "give it bounds"),
    (f"{S}strengths: {{scale: 5}}", f"{S}strengths", "{'scale': 5}", "{dist: rayleigh, scale: 5}"),
    (f"{S}strengths: {{function: os:system}}", f"{S}strengths", "'os:system'", "build the source in Python"),
    (f"{S}strengths: rayleigh", f"{S}strengths", "'rayleigh'", "expected number or mapping or null, in Pa^2"),
    (f"{S}nsources: {{dist: uniform}}", f"{S}nsources", "'uniform'", "use a discrete one"),
    (f"{S}nsources: 20", f"{S}nsources", "20", "max_nsources=10; change one of them"),
    (f"{S}locations: [0.1]", f"{S}locations", "[0.1]", "distributions for x and y"),
    (f"{S}locations: [9.0, 0.1]", f"{S}locations", "9.0", "give absolute coordinates"),
    (f"{S}noise: 0.1\n{S}mic_sig_noise: false", f"{S}noise", "0.1", "leave one of them out"),
    (f"{S}signal_lengths: 3.0", f"{S}signal_lengths", "3.0", "leave one of them out"),
]

# text of the file; what of it the message shows; the remedy
UNREADABLE = [
    (f"{S}seed: !!python/object/apply:os.system ['touch hacked']", "python/object/apply:os.system", "correct it"),
    (f"{S}seed: !!python/name:os.system", "python/name:os.system", "correct it"),
    (f"{S}setup: !!python/module:os", "python/module:os", "correct it"),
    (f"{S}seed: !execute 3", "!execute", "correct it"),
    (f"{S}seed: 1\n{S}seed: 2", f'duplicate key "{S}seed"', "correct it"),
    (f"{S}split: 2020-13-45", "month must be in 1..12", "correct it"),
    (f"{S}f: " + 3000 * "[", "RecursionError", "correct it"),
    ("a: [", "line 1", "correct it"),
    ("- 17\n- 18", "", "keys and values such as"),
    ("$include: [nowhere.yml]", "nowhere.yml: cannot be read", "give the path"),
    ("$include: 17", "$include: 17", "such as [base.yml]"),
    ("$include: [some.yml]", "$include", "take it out"),
    ('$include: ["a\\0b"]', "$include", "such as [base.yml]"),
]


def message_of(tmp_path, text):
    path = tmp_path / "some.yml"
    path.write_text(text)
    with pytest.raises(ArgumentError) as caught:
        build("SyntheticSource", load_arguments(path))
    assert not (tmp_path / "hacked").exists()
    message = str(caught.value).replace(f"{tmp_path}/", "")
    assert "some.yml" in message
    assert "\n" not in message
    return message


@pytest.mark.parametrize(("text", "key", "value", "remedy"), WRONG, ids=[case[0].replace("\n", "; ") for case in WRONG])
def test_every_error_names_file_key_value_and_remedy(tmp_path, text, key, value, remedy):
    place, found, rest = message_of(tmp_path, text).partition(f"some.yml: {key}: ")
    assert (place, found) == ("", f"some.yml: {key}: ")
    assert value in rest
    assert remedy in rest


@pytest.mark.parametrize(
    ("text", "shown", "remedy"), UNREADABLE, ids=[case[0][:40].replace("\n", "; ") for case in UNREADABLE]
)
def test_what_is_no_configuration_is_refused_and_never_run(tmp_path, text, shown, remedy):
    message = message_of(tmp_path, text)
    assert shown in message
    assert remedy in message


def test_these_are_many():
    assert len(WRONG) >= 40


@pytest.mark.parametrize(
    ("flag", "value", "remedy"),
    [
        ("--SyntheticSource.f", "9000", "expected 0 to 6860 Hz"),
        ("--SyntheticSource.num_records", "0", "at least 1"),
        ("--SyntheticSource.setup.sample_rate", "-5.0", "greater than 0"),
    ],
)
def test_values_from_the_command_line_are_named_as_such(flag, value, remedy):
    from acoupipe_grain.config import parse_flags

    with pytest.raises(ArgumentError) as caught:
        build("SyntheticSource", parse_flags([flag, value]))
    for part in ("command line", flag.removeprefix("--"), value, remedy):
        assert part in str(caught.value)


def test_the_including_file_is_named_only_for_what_it_gives(tmp_path):
    (tmp_path / "base.yml").write_text("SyntheticSource.num_records: 0\n")
    (tmp_path / "some.yml").write_text("$include: [base.yml]\nSyntheticSource.seed: 3\n")
    with pytest.raises(ArgumentError, match=r"base\.yml: SyntheticSource.num_records: num_records=0"):
        build("SyntheticSource", load_arguments(tmp_path / "some.yml"))
