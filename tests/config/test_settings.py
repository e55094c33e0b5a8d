import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import acoupipe_grain as apg
from acoupipe_grain.config import build, load_arguments, package_keys, parse_flags, source_from_configuration
from acoupipe_grain.config.saving import resolved_text, save_arguments
from acoupipe_grain.config.settings import Settings
from acoupipe_grain.errors import ArgumentError


def write(folder, text, name="some.yml"):
    (folder / name).write_text(text)
    return folder / name


def test_values_are_cast_to_their_annotations(tmp_path):
    text = "SyntheticSource.num_records: 1e4\nSyntheticSource.f: 4000\nmake_loader.shard: [0, 2]\n"
    values = load_arguments(write(tmp_path, text))
    assert [type(value) for value in values.values()] == [int, float, tuple]
    assert values["SyntheticSource.num_records"] == 10_000


def test_floats_are_floats_however_they_are_written(tmp_path):
    for text in ("1e-4", "1.0e-4", "0.0001", "1E-4", "+1e-4"):
        path = write(tmp_path, f"SyntheticSource.min_source_distance: {text}")
        assert load_arguments(path)["SyntheticSource.min_source_distance"] == 1e-4


def test_single_values_of_a_setup_have_keys_of_their_own(tmp_path):
    write(tmp_path, "SceneSource.setup: {sample_rate: 20000.0, block_size: 256}\n", "base.yml")
    path = write(tmp_path, "$include: [base.yml]\nSceneSource.setup.sample_rate: 30000\n")
    settings = load_arguments(path).overridden_by(parse_flags(["--SceneSource.setup.window", "hamming"]))
    setup = build("SceneSource", settings).setup
    assert (setup.sample_rate, setup.block_size, setup.window) == (30000.0, 256, "hamming")


def test_a_whole_setup_replaces_single_values_given_before(tmp_path):
    path = write(tmp_path, "SceneSource.setup.sample_rate: 30000.0\n")
    settings = load_arguments(path).overridden_by(parse_flags(["--SceneSource.setup={block_size: 256}"]))
    setup = build("SceneSource", settings).setup
    assert (setup.sample_rate, setup.block_size) == (13720.0, 256)


def test_a_scoped_setup_wins_over_single_values_without_scope(tmp_path):
    text = "SceneSource.setup.sample_rate: 30000.0\nval/SceneSource.setup: {block_size: 256}\n"
    setup = build("SceneSource", load_arguments(write(tmp_path, text)), "val").setup
    assert (setup.sample_rate, setup.block_size) == (13720.0, 256)


def test_what_is_typed_takes_effect_in_every_scope(tmp_path):
    """A flag that a file's scoped key would silently outdo is a trap."""
    path = write(tmp_path, "SceneSource.seed: 1\ntrain/SceneSource.seed: 2\nval/SceneSource.seed: 3\n")
    settings = load_arguments(path).overridden_by(parse_flags(["--SceneSource.seed", "9", "--val/SceneSource.seed=8"]))
    assert [build("SceneSource", settings, scope).streams.seed for scope in ("", "train", "val")] == [9, 9, 8]


def test_what_is_typed_wins_over_a_whole_setup_in_a_scope(tmp_path):
    path = write(tmp_path, "train/SceneSource.setup: {sample_rate: 20000.0, block_size: 256}\n")
    settings = load_arguments(path).overridden_by(parse_flags(["--SceneSource.setup.sample_rate", "30000"]))
    for given in (settings, saved_and_loaded(settings, tmp_path)):
        setup = build("SceneSource", given, "train").setup
        assert (setup.sample_rate, setup.block_size) == (30000.0, 256)


def saved_and_loaded(settings, folder):
    save_arguments(settings, folder / "again.yml", package_keys().of(["SceneSource", "SyntheticSource"]))
    return load_arguments(folder / "again.yml")


@pytest.mark.parametrize(
    "value",
    [
        {"block_size": 256},
        {"mic_positions": "no"},
        {"mic_positions": "1e3"},
        {"mic_positions": "? a: b, [c] # 'd' é"},
        {"sample_rate": 1e-05, "grid": {"z": 1e22}},
        {"reference": [0.0, 1.5, -2.0]},
    ],
    ids=str,
)
def test_what_is_saved_is_read_back(tmp_path, value):
    settings = Settings({"SyntheticSource.setup": value, "val/SceneSource.setup": value}, "test")
    again = saved_and_loaded(settings, tmp_path)
    assert again["SyntheticSource.setup"] == again["val/SceneSource.setup"] == value


def test_switches_can_be_switched_off_and_stand_alone():
    flags = ["--SyntheticSource.mic_sig_noise", "false", "--SyntheticSource.snap_to_grid", "--SceneSource.seed", "1"]
    assert parse_flags(flags) == {
        "SyntheticSource.mic_sig_noise": False,
        "SyntheticSource.snap_to_grid": True,
        "SceneSource.seed": 1,
    }


@pytest.mark.parametrize(("word", "value"), [("False", False), ("TRUE", True), ("false", False)])
def test_switches_take_either_spelling(word, value):
    assert parse_flags(["--SyntheticSource.snap_to_grid", word]) == {"SyntheticSource.snap_to_grid": value}


@pytest.mark.parametrize("word", ["off", "no", "0", "None"])
def test_words_that_mean_a_switch_are_not_taken_for_something_else(word):
    with pytest.raises(ArgumentError, match="expected true or false"):
        parse_flags(["--SyntheticSource.snap_to_grid", word])


def test_saved_arguments_give_the_same_source(tmp_path):
    text = (
        "SyntheticSource.strengths: {dist: rayleigh, scale: 2}\ntrain/SyntheticSource.seed: 4\nexport.num_workers: 0\n"
    )
    settings = load_arguments(write(tmp_path, text)).overridden_by(parse_flags(["--SyntheticSource.num_records=5"]))
    save_arguments(settings, tmp_path / "saved.yml", package_keys().of(["SyntheticSource", "export"]))
    again = load_arguments(tmp_path / "saved.yml")
    assert all(again[name] == value for name, value in settings.items())
    assert set(again) >= {key.name for key in package_keys().of(["export"])}
    for scope in ("", "train"):
        assert build("SyntheticSource", again, scope) == build("SyntheticSource", settings, scope)


def test_saving_does_not_overwrite_something_else(tmp_path):
    keys = package_keys().of(["export"])
    path = write(tmp_path, "mine\n")
    with pytest.raises(ArgumentError, match="exists and holds something else"):
        save_arguments(parse_flags([]), path, keys)
    assert path.read_text() == "mine\n"
    save_arguments(parse_flags([]), tmp_path / "new.yml", keys)
    save_arguments(parse_flags([]), tmp_path / "new.yml", keys)


def test_resolved_text_is_what_every_key_has():
    text = resolved_text(parse_flags(["--export.num_workers", "3"]), package_keys().of(["export"]))
    assert text.splitlines() == [
        "export.num_workers: 3",
        "export.records_per_shard: null",
        "export.start: 0",
        "export.stop: null",
        "export.shards: null",
        "export.executor: processes",
        "export.address: null",
        "export.platform: null",
        "export.compression: zstd:3",
        "export.metadata: null",
        "export.progress: true",
    ]


def test_every_key_has_a_type_and_a_line_of_description():
    for key in package_keys().by_name.values():
        assert len(key.description) > 8, key
        assert key.type is not None


def test_units_are_told():
    units = {name: key.unit for name, key in package_keys().by_name.items()}
    assert units["SyntheticSource.f"] == "Hz"
    assert units["SyntheticSource.signal_length"] == "s"
    assert units["SyntheticSource.setup.speed_of_sound"] == "m/s"
    assert units["SyntheticSource.strengths"] == "Pa^2"
    assert units["SyntheticSource.setup.grid.increment"] == "m"
    assert units["export.num_workers"] == ""


def test_threads_build_what_their_own_scope_says():
    settings = Settings({"train/SceneSource.seed": 1, "val/SceneSource.seed": 2}, "test")
    barrier = threading.Barrier(2)

    def built(scope):
        barrier.wait()
        return [build("SceneSource", settings, scope).streams.seed for _ in range(50)]

    with ThreadPoolExecutor(2) as pool:
        assert [set(seeds) for seeds in pool.map(built, ("train", "val"))] == [{1}, {2}]


def test_workers_see_the_configured_values():
    settings = Settings({"val/SceneSource.seed": 7, "SceneSource.num_records": 8}, "test")
    source = build("SceneSource", settings, "val")
    (batch,) = apg.make_loader(source, 8, shuffle=False, num_workers=1)
    assert np.array_equal(batch["strengths"], apg.SceneSource(8, seed=7).batch(range(8))["strengths"])


def test_a_source_from_a_manifest_equals_the_original(tmp_path):
    source = apg.SyntheticSource(
        3,
        setup={"mic_positions": "minidsp_uma-16", "sample_rate": 20000.0},
        f=[1000.0, 2000.0],
        num=3,
        features=("loc", apg.feature("sourcemap", label="map", steering="I")),
        signal_length=0.1,
        strengths={"dist": "gamma", "a": 2.0},
        locations=[{"dist": "norm", "scale": 0.01}, 0.0],
    )
    apg.export(source, tmp_path / "data", num_workers=0, progress=False)
    again = source_from_configuration(apg.ArrayRecordSource(tmp_path / "data").manifest.plan.configuration)
    assert again == source
    assert apg.verify(tmp_path / "data", deep=True)
