"""An export that was stopped goes on where it was, and gives the bytes of one that was not."""

import json
import os
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import jax
import numpy as np
import pytest

import acoupipe_grain as apg
from acoupipe_grain.errors import ArgumentError, DataError, ExportError
from acoupipe_grain.records import write_shard as writing


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def export(source, folder, **options):
    return apg.export(source, folder, **({"num_workers": 0, "progress": False, "records_per_shard": 3} | options))


class Counting:
    """Twenty records; it says which were computed, and breaks at some of them."""

    element_spec = {"value": apg.ArraySpec((50,), "float32", ("sample",)), "idx": apg.ArraySpec((), "int32", ())}

    def __init__(self, breaks_at=(), error=None, name="Counting()", scale=1.0):
        self.breaks_at, self.name, self.scale = set(breaks_at), name, scale
        self.error = error or ValueError("broken record")
        self.computed = []

    def __len__(self):
        return 20

    def __getitem__(self, index):
        self.computed.append(index)
        if index in self.breaks_at:
            raise self.error
        values = np.random.default_rng(index).standard_normal(50) * self.scale
        return {"value": values.astype(np.float32), "idx": np.array(index, dtype=np.int32)}

    def __repr__(self):
        return self.name


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed") / "data"
    export(Counting(), folder)
    return contents(folder)


@pytest.mark.parametrize("num_workers", [0, 1])
def test_an_export_that_broke_goes_on_and_gives_the_same_bytes(undisturbed, tmp_path, num_workers):
    folder = tmp_path / "data"
    with pytest.raises(ValueError, match="broken record"):
        export(Counting(breaks_at=[13]), folder, num_workers=num_workers)
    assert not (folder / "manifest.json").exists()
    assert not list(folder.glob("*.partial"))
    with pytest.raises(DataError, match=r"unfinished export.*run the same export again"):
        apg.ArrayRecordSource(folder)
    source = Counting()
    export(source, folder)
    assert set(source.computed).isdisjoint(range(9))  # three shards were finished before
    assert set(source.computed) >= {12, 13}
    assert contents(folder) == undisturbed


def test_an_interruption_says_how_to_go_on(tmp_path):
    with pytest.raises(KeyboardInterrupt, match=r"stopped: 2 of 7 shards are finished. Run the same export again"):
        export(Counting(breaks_at=[7], error=KeyboardInterrupt()), tmp_path / "data")
    assert not list((tmp_path / "data").glob("*.partial"))


def test_a_finished_shard_that_was_damaged_meanwhile_is_written_again(undisturbed, tmp_path):
    folder = tmp_path / "data"
    with pytest.raises(ValueError):
        export(Counting(breaks_at=[13]), folder)
    shard = folder / "shard-00001-of-00007.array_record"
    data = bytearray(shard.read_bytes())
    data[-70_000 % len(data)] ^= 1
    shard.write_bytes(bytes(data))
    (folder / "shard-00002-of-00007.row.json").write_text("{")
    source = Counting()
    export(source, folder)
    assert set(source.computed) == set(range(3, 9)) | set(range(12, 20))
    assert contents(folder) == undisturbed


def test_shards_under_another_name_than_theirs_are_not_taken_for_finished(undisturbed, tmp_path):
    folder = tmp_path / "data"
    with pytest.raises(ValueError):
        export(Counting(breaks_at=[13]), folder)
    for suffix in ("array_record", "row.json"):
        (folder / f"shard-00003-of-00007.{suffix}").write_bytes(
            (folder / f"shard-00000-of-00007.{suffix}").read_bytes()
        )
    export(Counting(), folder)
    assert contents(folder) == undisturbed


@pytest.mark.parametrize(
    ("changed", "options", "message"),
    [
        (Counting(name="Counting(2)"), {}, r'configuration.repr was "Counting\(\)", is "Counting\(2\)"'),
        (Counting(), {"records_per_shard": 4}, "records_per_shard was 3, is 4"),
        (Counting(), {"compression": "uncompressed"}, 'compression was "zstd:3", is "uncompressed"'),
        (Counting(), {"stop": 19}, "stop was 20, is 19"),
        (Counting(), {"metadata": {"license": "CC0"}}, 'metadata.license was not there, is "CC0"'),
    ],
)
@pytest.mark.parametrize("is_finished", [False, True])
def test_another_export_is_refused_with_the_difference(tmp_path, changed, options, message, is_finished):
    folder = tmp_path / "data"
    if is_finished:
        export(Counting(), folder)
    else:
        with pytest.raises(ValueError):
            export(Counting(breaks_at=[13]), folder)
    before = contents(folder)
    with pytest.raises(ExportError, match=message):
        export(changed, folder, **options)
    assert contents(folder) == before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seed": 1}, "configuration.arguments.seed was 0, is 1"),
        ({"split": "test"}, 'configuration.arguments.split was "training", is "test"'),
    ],
)
def test_another_seed_or_split_is_refused_with_the_difference(small_setup, tmp_path, change, message):
    export(apg.SceneSource(20, setup=small_setup), tmp_path / "data")
    with pytest.raises(ExportError, match=message):
        export(apg.SceneSource(20, setup=small_setup, **change), tmp_path / "data")


@pytest.mark.parametrize("name", ["GENERATOR_VERSION", "PRNG"])
def test_another_generator_is_refused_with_the_difference(small_setup, tmp_path, monkeypatch, name):
    from acoupipe_grain import identity

    source = apg.SceneSource(20, setup=small_setup)
    with pytest.raises(ValueError):
        export(Broken(source), tmp_path / "data")
    monkeypatch.setattr(identity, name, "another")
    with pytest.raises(ExportError, match=rf'configuration.{name.lower()} was .*, is "another"'):
        export(apg.SceneSource(20, setup=small_setup), tmp_path / "data")


class Broken:
    """A source that stops after some records."""

    def __init__(self, source):
        self.source, self.element_spec, self.configuration = source, source.element_spec, source.configuration

    def __len__(self):
        return len(self.source)

    def __getitem__(self, index):
        if index == 7:
            raise ValueError("broken record")
        return self.source[index]

    def __repr__(self):
        return repr(self.source)


def test_other_versions_of_libraries_and_another_platform_are_refused_with_the_difference(tmp_path, monkeypatch):
    from acoupipe_grain.records import plan

    with pytest.raises(ValueError):
        export(Counting(breaks_at=[13]), tmp_path / "data")
    with monkeypatch.context() as patch:
        patch.setattr(plan.workers, "platform", lambda: "gpu")
        with pytest.raises(ExportError, match='platform was "cpu", is "gpu"'):
            export(Counting(), tmp_path / "data")
    monkeypatch.setattr(plan.installed, "version", lambda name: "0.0")
    with pytest.raises(ExportError, match=r'versions.jax was "[\d.]+", is "0.0"'):
        export(Counting(), tmp_path / "data")


def test_a_plan_that_was_edited_is_not_followed(tmp_path):
    folder = tmp_path / "data"
    with pytest.raises(ValueError):
        export(Counting(breaks_at=[13]), folder)
    path = folder / "plan.json"
    path.write_text(path.read_text().replace('"stop": 20', '"stop": 19'))
    with pytest.raises(ExportError, match="was changed after it was written"):
        export(Counting(), folder)


def test_rows_left_by_a_process_that_died_after_the_manifest_are_removed(undisturbed, tmp_path):
    folder = tmp_path / "data"
    export(Counting(), folder)
    (folder / "shard-00000-of-00007.row.json").write_text("{}")
    (folder / "shard-00000-of-00007.array_record.host.1.partial").write_text("")
    export(Counting(), folder)
    assert contents(folder) == undisturbed


def test_a_range_of_records_is_exported_and_read_as_its_own_data_set(tmp_path):
    source = Counting()
    manifest = export(source, tmp_path / "data", start=5, stop=12)
    assert [(row.start, row.stop) for row in manifest.shards] == [(5, 8), (8, 11), (11, 12)]
    stored = apg.ArrayRecordSource(tmp_path / "data")
    assert [int(stored[index]["idx"]) for index in range(len(stored))] == [5, 6, 7, 8, 9, 10, 11]
    apg.verify(tmp_path / "data", deep=True, source=source)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"start": 20}, "start=20: must be at least 0 and at most 19"),
        ({"start": 5, "stop": 5}, "stop=5: must be at least 6 and at most 20"),
        ({"stop": 21}, "stop=21"),
        ({"platform": "abacus"}, "platform='abacus': JAX has no such device here"),
        ({"executor": "dask"}, "executor 'dask'"),
        ({"address": "auto"}, "address='auto': only a Ray cluster has one"),
        ({"shards": "4/4"}, r'shards=.4/4.: jobs are counted from 0, so "k/4" ends with "3/4"'),
        ({"shards": "0/0"}, "shards='0/0': shared out among no jobs"),
        ({"shards": "one"}, "shards='one': expected"),
        ({"metadata": {"when": np.zeros(1)}}, "metadata=.*JSON values only"),
        ({"metadata": [1]}, "metadata=.*mapping"),
    ],
)
def test_arguments_out_of_range_are_refused_and_nothing_is_written(tmp_path, options, message):
    with pytest.raises(ArgumentError, match=message):
        export(Counting(), tmp_path / "data", **options)
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("configuration", {"gain": np.float32(1)}),
        ("configuration", {"gain": float("nan")}),
        ("tables", {"names": [b"a"]}),
    ],
)
def test_what_is_no_json_in_a_source_is_refused_by_name(tmp_path, attribute, value):
    source = Counting()
    setattr(source, attribute, value)
    with pytest.raises(ArgumentError, match=rf"source.{attribute}=.*expected JSON values only"):
        export(source, tmp_path / "data")
    assert not (tmp_path / "data").exists()


def test_entries_in_another_order_are_the_same_export(tmp_path):
    folder = tmp_path / "data"
    with pytest.raises(ValueError):
        export(Counting(breaks_at=[13]), folder, metadata={"name": "a", "version": 1})
    source = Counting()
    export(source, folder, metadata={"version": 1.0, "name": "a"})
    assert set(source.computed).isdisjoint(range(9))
    apg.verify(folder, deep=True, source=source)


class Doubled:
    """Twenty records computed in batches from inputs that may break."""

    element_spec = {"value": apg.ArraySpec((50,), "float32", ("sample",))}
    compute_batch = jax.tree_util.Partial(lambda batch: {"value": 2 * batch["value"]})

    def __init__(self, breaks_at=()):
        self.inputs = Counting(breaks_at)

    def __len__(self):
        return 20

    def __getitem__(self, index):
        return {"value": 2 * self.inputs[index]["value"]}

    def __repr__(self):
        return "Doubled()"


def test_batches_are_the_same_in_an_export_that_broke_and_in_a_repair(tmp_path):
    export(Doubled(), tmp_path / "undisturbed", records_per_shard=7, start=2)
    with pytest.raises(ValueError, match="broken record"):
        export(Doubled(breaks_at=[13]), tmp_path / "data", records_per_shard=7, start=2)
    export(Doubled(), tmp_path / "data", records_per_shard=7, start=2, num_workers=1)
    assert contents(tmp_path / "data") == contents(tmp_path / "undisturbed")
    apg.verify(tmp_path / "data", deep=True, source=Doubled())
    (tmp_path / "data" / "shard-00002-of-00003.array_record").unlink()
    assert apg.repair(tmp_path / "data", source=Doubled()) == ["shard-00002-of-00003.array_record"]
    assert contents(tmp_path / "data") == contents(tmp_path / "undisturbed")


def test_two_stored_data_sets_of_one_source_are_not_mixed(tmp_path):
    for name, start in (("first", 0), ("second", 10)):
        export(Counting(), tmp_path / name, start=start, stop=start + 10)
    export(apg.ArrayRecordSource(tmp_path / "first"), tmp_path / "copy")
    with pytest.raises(ExportError, match="configuration.digest was"):
        export(apg.ArrayRecordSource(tmp_path / "second"), tmp_path / "copy")


def test_a_source_that_fills_one_array_again_and_again_is_stored_as_it_was(tmp_path):
    class Reusing(Counting):
        def __getitem__(self, index):
            self.buffer = getattr(self, "buffer", np.zeros(50, np.float32))
            self.buffer[:] = index
            return {"value": self.buffer, "idx": np.array(index, dtype=np.int32)}

    export(Reusing(), tmp_path / "data", records_per_shard=20)
    stored = apg.ArrayRecordSource(tmp_path / "data")
    assert [float(stored[index]["value"][0]) for index in range(20)] == list(range(20))


def test_a_lost_manifest_is_no_reason_to_compute_all_again(tmp_path):
    export(Counting(), tmp_path / "data")
    (tmp_path / "data" / "manifest.json").unlink()
    source = Counting()
    with pytest.raises(ExportError, match="the manifest was lost; `acoupipe-grain repair` makes it anew"):
        export(source, tmp_path / "data")
    assert source.computed == []
    with pytest.raises(DataError, match=r"manifest.json was lost; `acoupipe-grain repair`"):
        apg.ArrayRecordSource(tmp_path / "data")


def test_a_job_does_not_finish_an_export_whose_shards_were_lost_meanwhile(tmp_path):
    export(Counting(), tmp_path / "data", shards="0/2")
    (tmp_path / "data" / "shard-00002-of-00007.array_record").unlink()
    with pytest.raises(ExportError, match="shard-00002.*missing.*run the same export again"):
        export(Counting(), tmp_path / "data", shards="1/2")
    assert export(Counting(), tmp_path / "data", shards="0/2") is not None


@pytest.mark.parametrize("attempt", range(5))
def test_jobs_that_begin_and_end_at_the_same_time_make_one_data_set(undisturbed, tmp_path, attempt):
    with ThreadPoolExecutor(6) as pool:
        jobs = [pool.submit(export, Counting(), tmp_path / "data", shards=f"{index % 3}/3") for index in range(6)]
    results = [job.result() for job in jobs]
    assert any(result is not None for result in results)
    assert contents(tmp_path / "data") == undisturbed


@pytest.mark.slow
def test_the_bytes_do_not_depend_on_the_number_of_cores_that_may_be_used(tmp_path):
    """Decompositions by LAPACK do, where it has more than one thread."""
    if not hasattr(os, "sched_setaffinity") or len(os.sched_getaffinity(0)) < 2:
        pytest.skip("needs two cores, and Linux to do without one")
    script = """
import os, sys
os.sched_setaffinity(0, map(int, sys.argv[2:]))
import acoupipe_grain as apg
source = apg.SyntheticSource(8, mode="wishart", features=("eigmode",), f=4000.0)
apg.export(source, sys.argv[1], num_workers=0, records_per_shard=4, progress=False)
"""
    for number, cores in enumerate([os.sched_getaffinity(0), {min(os.sched_getaffinity(0))}]):
        command = [sys.executable, "-c", script, str(tmp_path / str(number)), *map(str, cores)]
        subprocess.run(command, check=True)
    assert contents(tmp_path / "0") == contents(tmp_path / "1")


def test_what_the_user_says_of_the_data_is_stored_with_it(tmp_path):
    metadata = {"license": "CC-BY-4.0", "creators": ["A. Nyone"]}
    export(Counting(), tmp_path / "data", metadata=metadata)
    assert apg.ArrayRecordSource(tmp_path / "data").metadata == metadata
    assert json.loads((tmp_path / "data" / "manifest.json").read_text())["metadata"] == metadata


def test_shares_of_several_jobs_make_one_data_set(undisturbed, tmp_path):
    folder = tmp_path / "data"
    assert export(Counting(), folder, shards="1/3") is None
    assert export(Counting(), folder, shards="0/3") is None
    source = Counting()
    assert export(source, folder, shards="2/3").plan.num_records == 20
    assert set(source.computed) == {6, 7, 8, 15, 16, 17}
    assert contents(folder) == undisturbed


def test_a_share_that_fails_leaves_the_plan_that_other_jobs_work_at(tmp_path):
    with pytest.raises(ValueError):
        export(Counting(breaks_at=[0]), tmp_path / "data", shards="0/3")
    assert (tmp_path / "data" / "plan.json").is_file()


def test_processes_of_a_jax_job_share_the_shards(undisturbed, tmp_path, monkeypatch):
    monkeypatch.setattr(jax, "process_count", lambda: 2)
    for index, result in ((1, False), (0, True)):
        monkeypatch.setattr(jax, "process_index", lambda index=index: index)
        assert (export(Counting(), tmp_path / "data", shards="jax") is not None) == result
    assert contents(tmp_path / "data") == undisturbed


def test_a_system_that_refuses_loses_no_finished_shard_and_says_what_to_do(undisturbed, tmp_path, monkeypatch):
    folder = tmp_path / "data"

    class Full(writing.ShardWriter):
        def write(self, record):
            if "00004" in self._path.name:
                raise self._failure(RuntimeError("write() failed: No space left on device"))
            super().write(record)

    with monkeypatch.context() as patch:
        patch.setattr(writing, "ShardWriter", Full)
        with pytest.raises(ExportError, match=r"shard-00004.*No space left.*shards are kept: make room.*again"):
            export(Counting(), folder)
    assert not list(folder.glob("*.partial"))
    assert len(list(folder.glob("*.array_record"))) == 4
    export(Counting(), folder)
    assert contents(folder) == undisturbed


def test_what_killed_processes_left_is_removed_and_what_others_write_is_not(tmp_path):
    folder = tmp_path / "data"
    with pytest.raises(ValueError):
        export(Counting(breaks_at=[13]), folder)
    dead = folder / f"shard-00005-of-00007.array_record.{socket.gethostname()}.1.{2**22 + 5}.partial"
    alive = folder / f"shard-00005-of-00007.array_record.{socket.gethostname()}.1.{os.getppid()}.partial"
    elsewhere = folder / "shard-00005-of-00007.array_record.elsewhere.1.12.partial"
    for path in (dead, alive, elsewhere):
        path.write_text("half")
    with pytest.raises(ValueError):
        export(Counting(breaks_at=[13]), folder)
    assert (dead.exists(), alive.exists(), elsewhere.exists()) == (False, True, True)
