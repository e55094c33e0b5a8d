import json
import os

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import acoupipe_grain as apg
from acoupipe_grain.errors import ArgumentError, DataError, ExportError


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def export(source, folder, **options):
    return apg.export(source, folder, **({"num_workers": 0, "progress": False} | options))


@pytest.mark.parametrize("num_workers", [pytest.param(1, marks=pytest.mark.slow), 2])
def test_the_bytes_do_not_depend_on_the_number_of_workers(small_source, tmp_path, num_workers):
    export(small_source, tmp_path / "serial")
    export(small_source, tmp_path / "parallel", num_workers=num_workers)
    assert contents(tmp_path / "serial") == contents(tmp_path / "parallel")


def test_the_manifest_says_what_and_nothing_of_when_where_and_how(small_source, tmp_path):
    manifest = export(small_source, tmp_path / "data")
    text = (tmp_path / "data" / "manifest.json").read_text()
    mapping = json.loads(text)
    assert set(mapping) == {
        "format_version",
        "min_reader_version",
        "configuration",
        "element_spec",
        "tables",
        "start",
        "stop",
        "records_per_shard",
        "batch_size",
        "compression",
        "platform",
        "enable_x64",
        "versions",
        "metadata",
        "shards",
        "digest",
    }
    assert mapping["configuration"]["class"] == "SyntheticSource"
    assert mapping["configuration"]["generator_version"] == 2
    assert mapping["configuration"]["arguments"]["seed"] == 0
    assert mapping["versions"]["acoular"]
    assert sum(row["stop"] - row["start"] for row in mapping["shards"]) == 20
    assert all(len(row["sha256"]) == 64 for row in mapping["shards"])
    assert str(tmp_path) not in text
    assert os.uname().nodename not in text
    assert "worker" not in text
    assert {path.name for path in (tmp_path / "data").iterdir()} == {
        "manifest.json",
        "plan.json",
        *(row.name for row in manifest.shards),
    }


def test_by_default_there_are_at_least_sixteen_shards_where_records_suffice(small_setup, tmp_path):
    source = apg.SceneSource(64, setup=small_setup)
    assert len(export(source, tmp_path / "data").shards) == 16


def test_scenes_and_uncompressed_records_export_too(small_source, tmp_path):
    export(small_source.inputs, tmp_path / "data", compression="uncompressed")
    stored = apg.ArrayRecordSource(tmp_path / "data")
    for name, array in small_source.inputs[11].items():
        assert np.array_equal(stored[11][name], array)
    apg.verify(tmp_path / "data", deep=True)


class Batched:
    """A source whose elements come from a batched computation."""

    def __init__(self):
        self.inputs = apg.SceneSource(70, max_nsources=3)
        self.element_spec = {
            "doubled": apg.ArraySpec((3,), "float32", ("source",), "Pa^2"),
            "idx": apg.ArraySpec((), "int32", ()),
        }
        self.compute_batch = jax.tree_util.Partial(
            lambda factor, batch: {"doubled": factor * batch["strengths"], "idx": batch["idx"]}, jnp.full((3,), 2.0)
        )
        self.tables = {"names": ["a", "b"]}

    def __len__(self):
        return 70

    def __getitem__(self, index):
        scene = self.inputs[index]
        return {"doubled": 2 * scene["strengths"], "idx": scene["idx"]}

    def __repr__(self):
        return "Batched()"


def test_a_batched_source_is_exported_through_its_batches_with_its_tables(tmp_path):
    source = Batched()
    export(source, tmp_path / "data", records_per_shard=67)
    stored = apg.ArrayRecordSource(tmp_path / "data")
    assert stored.tables == {"names": ["a", "b"]}
    for index in (0, 63, 64, 66, 67, 69):
        np.testing.assert_array_equal(stored[index]["doubled"], source[index]["doubled"])
        assert stored[index]["idx"] == index
    apg.verify(tmp_path / "data", deep=True, source=source)


@pytest.mark.slow
def test_a_users_feature_exports_with_workers_and_verifies_with_the_source(small_setup, tmp_path, monkeypatch):
    from acoupipe_grain.array.features import registry

    monkeypatch.setattr(registry, "_REGISTERED", dict(registry._REGISTERED))
    apg.register_feature("loudest", lambda csm: jnp.abs(csm).max(axis=(-1, -2)), axes=("frequency",), unit="Pa^2")
    source = apg.SyntheticSource(6, setup=small_setup, features=("loudest",), f=1000.0, signal_length=0.1)
    export(source, tmp_path / "data", num_workers=1)
    stored = apg.ArrayRecordSource(tmp_path / "data")
    assert np.array_equal(stored[5]["loudest"], source[5]["loudest"])
    apg.verify(tmp_path / "data", deep=True, source=source)


def test_a_finished_export_is_left_as_it_is(small_source, tmp_path):
    first = export(small_source, tmp_path / "data")
    times = {path: path.stat().st_mtime_ns for path in (tmp_path / "data").iterdir()}
    assert export(small_source, tmp_path / "data", num_workers=2) == first
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "data").iterdir()} == times


def test_another_export_is_refused_and_nothing_touched(small_source, tmp_path):
    export(small_source.inputs, tmp_path / "data")
    before = contents(tmp_path / "data")
    with pytest.raises(
        ExportError, match="another data set.*configuration.class was .SceneSource., is .SyntheticSource."
    ):
        export(small_source, tmp_path / "data")
    assert contents(tmp_path / "data") == before


def test_a_folder_with_something_else_is_refused_and_nothing_touched(small_source, tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(ExportError, match="not empty"):
        export(small_source, folder)
    assert contents(folder) == {"notes.txt": b"mine"}
    with pytest.raises(ExportError, match="a file of this name"):
        export(small_source, folder / "notes.txt")


class Failing:
    """A source that breaks at a record."""

    def __init__(self, scenes, at, error):
        self._scenes, self._at, self._error = scenes, at, error
        self.element_spec = scenes.element_spec

    def __len__(self):
        return len(self._scenes)

    def __getitem__(self, index):
        if index == self._at:
            raise self._error
        return self._scenes[index]

    def __repr__(self):
        return "Failing()"


@pytest.mark.slow
@pytest.mark.parametrize("num_workers", [0, 1])
def test_an_export_that_fails_at_once_leaves_nothing(small_source, tmp_path, num_workers):
    source = Failing(small_source.inputs, 0, ValueError("broken record"))
    with pytest.raises(ValueError, match="broken record"):
        export(source, tmp_path / "data", num_workers=num_workers, records_per_shard=20)
    assert not (tmp_path / "data").exists()


def test_a_finished_export_that_lost_a_shard_is_not_taken_for_whole(small_source, tmp_path):
    export(small_source.inputs, tmp_path / "data")
    next((tmp_path / "data").glob("*.array_record")).unlink()
    with pytest.raises(ExportError, match=r"damaged: shard-.*missing.*repair"):
        export(small_source.inputs, tmp_path / "data")


def test_an_element_that_is_not_what_the_specification_says_is_refused_by_name(small_source, tmp_path):
    class Wrong(Failing):
        def __getitem__(self, index):
            return self._scenes[index] | ({"idx": np.array(1.0)} if index == 3 else {})

    with pytest.raises(DataError, match="record 3 of.*'idx' has dtype float64"):
        export(Wrong(small_source.inputs, -1, None), tmp_path / "data")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_workers": -1}, "num_workers=-1"),
        ({"num_workers": 1.5}, "num_workers=1.5"),
        ({"records_per_shard": 0}, "records_per_shard=0"),
        ({"compression": "zip"}, "compression"),
    ],
)
def test_bad_arguments_are_refused_and_nothing_is_written(small_source, tmp_path, options, message):
    with pytest.raises(ArgumentError, match=message):
        export(small_source, tmp_path / "data", **options)
    assert not (tmp_path / "data").exists()


def test_something_that_is_no_source_is_refused(tmp_path):
    with pytest.raises(ArgumentError, match="element_spec"):
        export([1, 2, 3], tmp_path / "data")
    assert not (tmp_path / "data").exists()


@pytest.mark.slow
@pytest.mark.parametrize("num_workers", [0, 1])
def test_a_progress_bar_shows_rate_and_time_left(small_source, tmp_path, capsys, num_workers):
    apg.export(small_source.inputs, tmp_path / "data", num_workers=num_workers)
    shown = capsys.readouterr().err
    assert "20/20" in shown
    assert "record/s" in shown
