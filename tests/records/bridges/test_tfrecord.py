import hashlib
import json
import pickle
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import acoupipe_grain as apg
from acoupipe_grain.errors import ArgumentError, DataError, ExportError, RecordIndexError
from acoupipe_grain.records.bridges import tfrecord_writer as writing
from acoupipe_grain.records.bridges.tfrecord_source import TFRecordSource
from acoupipe_grain.records.bridges.tfrecord_writer import write_tfrecord

NUM_RECORDS = 7
SHAPES = {
    "csm": ((2, 3, 3), "complex64"),
    "loc": ((3, 4), "float32"),
    "half": ((5,), "float16"),
    "label": ((2, 2), "int32"),
    "key": ((2,), "uint32"),
    "mask": ((3,), "bool"),
    "idx": ((), "int32"),
    "level": ((), "float32"),
    "nothing": ((0, 3), "float32"),
}


class EveryDtype:
    """Random arrays of every kind, computed from the index."""

    element_spec = {
        name: apg.ArraySpec(shape, dtype, ("axis",) * len(shape)) for name, (shape, dtype) in SHAPES.items()
    }
    tables = {"label": ["car", "train"]}

    def __init__(self, num_records=NUM_RECORDS):
        self.num_records = num_records

    def __len__(self):
        return self.num_records

    def __getitem__(self, index):
        rng = np.random.default_rng(index)
        values = {name: rng.integers(0, 2**32, (*shape, 2)) for name, (shape, _) in SHAPES.items()}
        element = {name: _as_dtype(value, SHAPES[name][1]) for name, value in values.items()}
        return element | {"idx": np.array(index, dtype=np.int32)}

    def __repr__(self):
        return f"EveryDtype({self.num_records})"


def _as_dtype(value, dtype):
    if dtype == "complex64":
        return (value[..., 0] / 2**31 - 1j * value[..., 1]).astype(dtype)
    if dtype in ("float32", "float16"):
        return np.asarray(value[..., 0] / 2**31 - 1, dtype=dtype)
    return np.asarray(value[..., 0] % 2 if dtype == "bool" else value[..., 0]).astype(dtype)


def assert_same(element, expected):
    assert list(element) == list(expected)
    for name in expected:
        assert element[name].dtype == expected[name].dtype, name
        assert element[name].shape == expected[name].shape, name
        assert element[name].tobytes() == expected[name].tobytes(), name


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Seven records of every dtype in three files."""
    folder = tmp_path_factory.mktemp("tfrecord") / "data"
    write_tfrecord(EveryDtype(), folder, records_per_file=3, progress=False)
    return folder


@pytest.fixture
def damaged(written, tmp_path):
    """A copy that a test may damage."""
    folder = tmp_path / "copy"
    shutil.copytree(written, folder)
    return folder


def digests_of(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


# Written and read


def test_elements_come_back_bit_for_bit(written):
    source = TFRecordSource(written)
    assert len(source) == NUM_RECORDS
    assert source.element_spec == EveryDtype.element_spec
    assert source.tables == EveryDtype.tables
    assert source.configuration["source"] == {"repr": "EveryDtype(7)"}
    for index in (6, 0, 3, 2, 5, 1, 4):
        assert_same(source[index], EveryDtype()[index])


def test_sources_that_compute_batches_come_back_bit_for_bit(tmp_path, small_source):
    write_tfrecord(small_source, tmp_path / "data", records_per_file=6, progress=False)
    apg.export(small_source, tmp_path / "exported", num_workers=0, records_per_shard=20, progress=False)
    source, exported = TFRecordSource(tmp_path / "data"), apg.ArrayRecordSource(tmp_path / "exported")
    assert source.configuration["source"] == small_source.configuration
    assert len(list((tmp_path / "data").glob("*.tfrecord"))) == 4
    for index in range(len(small_source)):
        assert_same(source[index], {name: exported[index][name] for name in source.element_spec})


def test_features_json_says_what_tensorflow_needs(written):
    features = json.loads((written / "features.json").read_text())
    assert features["encodings"]["csm"] == {"kind": "float_list", "shape": [2, 3, 3, 2]}
    assert features["encodings"]["half"] == {"kind": "float_list", "shape": [5]}
    assert features["encodings"]["mask"] == {"kind": "int64_list", "shape": [3]}
    assert features["encodings"]["idx"] == {"kind": "int64_list", "shape": []}
    assert features["num_records"] == 7
    assert [(row["name"], row["num_records"]) for row in features["files"]] == [
        ("data-00000-of-00003.tfrecord", 3),
        ("data-00001-of-00003.tfrecord", 3),
        ("data-00002-of-00003.tfrecord", 1),
    ]
    digests = digests_of(written)
    assert all(row["sha256"] == digests[row["name"]] for row in features["files"])


def test_equal_sources_give_equal_bytes(written, tmp_path):
    write_tfrecord(EveryDtype(), tmp_path / "again", records_per_file=3, progress=False)
    assert digests_of(tmp_path / "again") == digests_of(written)


def test_files_are_about_as_large_as_intended(tmp_path, monkeypatch):
    record = writing._encoded_num_bytes(EveryDtype.element_spec)
    monkeypatch.setattr(writing, "TARGET_FILE_BYTES", 4 * record)
    write_tfrecord(EveryDtype(10), tmp_path / "data", progress=False)
    files = json.loads((tmp_path / "data" / "features.json").read_text())["files"]
    assert [row["num_records"] for row in files] == [4, 4, 2]


def test_every_record_is_in_one_small_file_by_default(tmp_path):
    write_tfrecord(EveryDtype(), tmp_path / "data", progress=False)
    assert sorted(digests_of(tmp_path / "data")) == ["data-00000-of-00001.tfrecord", "features.json"]


# What is refused, and that nothing is left


class FailsAtFive(EveryDtype):
    def __getitem__(self, index):
        if index == 5:
            raise KeyboardInterrupt
        return super().__getitem__(index)


class Mistyped(EveryDtype):
    def __getitem__(self, index):
        return super().__getitem__(index) | {"idx": np.array(index, dtype=np.float32)}


def test_an_interruption_leaves_nothing(tmp_path):
    (tmp_path / "empty").mkdir()
    for folder in (tmp_path / "new", tmp_path / "empty"):
        with pytest.raises(KeyboardInterrupt):
            write_tfrecord(FailsAtFive(), folder, records_per_file=2, progress=False)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "working-directory"]


def test_elements_that_are_not_as_specified_are_named_and_leave_nothing(tmp_path):
    with pytest.raises(DataError, match=r"record 0 of EveryDtype\(7\): 'idx' has dtype float32"):
        write_tfrecord(Mistyped(), tmp_path / "data", progress=False)
    assert not (tmp_path / "data").exists()


def test_nothing_is_overwritten(written):
    before = digests_of(written)
    with pytest.raises(ExportError, match="no empty folder"):
        write_tfrecord(EveryDtype(), written, progress=False)
    assert digests_of(written) == before


def test_what_cannot_be_written_is_refused_at_once(tmp_path, monkeypatch):
    ragged = EveryDtype()
    ragged.element_spec = {"loc": apg.ArraySpec((3, None), "float32", ("xyz", "source"))}
    with pytest.raises(ArgumentError, match="loc have axes of varying length"):
        write_tfrecord(ragged, tmp_path / "data", progress=False)
    with pytest.raises(ArgumentError, match="records_per_file=0"):
        write_tfrecord(EveryDtype(), tmp_path / "data", records_per_file=0, progress=False)
    monkeypatch.setattr(writing, "MAX_RECORD_BYTES", 100)
    with pytest.raises(ArgumentError, match=r"an example holds less than 2 GiB; use acoupipe_grain\.export"):
        write_tfrecord(EveryDtype(), tmp_path / "data", progress=False)
    assert not (tmp_path / "data").exists()


# The source


def test_the_representation_identifies_the_content_not_the_place(written, damaged, tmp_path):
    assert repr(TFRecordSource(written)) == repr(TFRecordSource(damaged))
    assert str(written) not in repr(TFRecordSource(written))
    write_tfrecord(EveryDtype(6), tmp_path / "other", records_per_file=3, progress=False)
    assert repr(TFRecordSource(tmp_path / "other")).partition("digest")[2] not in repr(TFRecordSource(written))
    files, spec = sorted(written.glob("*.tfrecord")), {"idx": EveryDtype.element_spec["idx"]}
    of_files = TFRecordSource(files, spec)
    assert repr(of_files) == repr(TFRecordSource(sorted(damaged.glob("*.tfrecord")), spec))
    assert of_files.configuration == {"repr": repr(of_files)}
    assert repr(of_files) != repr(TFRecordSource(files[::-1], spec))
    assert repr(of_files) != repr(TFRecordSource(files, {"mask": EveryDtype.element_spec["mask"]}))


def test_threads_and_pickles_read_the_same(written):
    for source in (
        TFRecordSource(written),
        TFRecordSource([str(path) for path in sorted(written.glob("*.tfrecord"))], EveryDtype.element_spec),
    ):
        with ThreadPoolExecutor(8) as pool:
            for index, element in enumerate(pool.map(source.__getitem__, list(range(NUM_RECORDS)) * 10)):
                assert_same(element, EveryDtype()[index % NUM_RECORDS])
        copy = pickle.loads(pickle.dumps(source))
        assert repr(copy) == repr(source)
        assert_same(copy[4], EveryDtype()[4])


def test_no_files_stay_open(written):
    import psutil

    before = psutil.Process().num_fds()
    source = TFRecordSource(written)
    for index in range(NUM_RECORDS):
        source[index]
    assert psutil.Process().num_fds() == before


@pytest.mark.slow
def test_batches_are_loaded_in_workers(written):
    source = TFRecordSource(written)
    here, there = (apg.make_loader(source, 2, seed=3, num_workers=num_workers) for num_workers in (0, 1))
    iterator = iter(there)
    for batch, other in zip(here, iterator, strict=True):
        for name in SHAPES:
            assert np.array_equal(batch[name], other[name]), name
    iterator.close()


def test_what_was_read_is_exported(written, tmp_path):
    apg.export(TFRecordSource(written), tmp_path / "exported", num_workers=0, progress=False)
    exported = apg.ArrayRecordSource(tmp_path / "exported")
    assert exported.tables == EveryDtype.tables
    for index in range(NUM_RECORDS):
        assert_same(exported[index], EveryDtype()[index])


def test_indices_outside_are_refused(written):
    for index in (-1, NUM_RECORDS):
        with pytest.raises(RecordIndexError, match="0 to 6"):
            TFRecordSource(written)[index]


def test_a_specification_selects_features_of_files(written):
    source = TFRecordSource(sorted(written.glob("*.tfrecord")), {"csm": EveryDtype.element_spec["csm"]})
    assert len(source) == NUM_RECORDS
    assert source.tables == {}
    assert_same(source[5], {"csm": EveryDtype()[5]["csm"]})


def test_arguments_that_do_not_fit_together_are_refused(written):
    file, spec = next(written.glob("*.tfrecord")), EveryDtype.element_spec
    for paths, element_spec, message in (
        (file, None, "a file; give the folder that write_tfrecord wrote, or an element_spec"),
        ([file], None, "for a list of files give an element_spec"),
        (written, spec, "is a folder, which is given without element_spec"),
        ([], spec, "expected a file or a list of files"),
        (3, spec, "expected a file or a list of files"),
        (file, {}, "expected a mapping from names of features to ArraySpec"),
        (file, {"idx": "int32"}, "expected a mapping from names of features to ArraySpec"),
    ):
        with pytest.raises(ArgumentError, match=message):
            TFRecordSource(paths, element_spec)


# Damage


def test_a_folder_that_is_not_whole_is_refused(damaged):
    second = damaged / "data-00001-of-00003.tfrecord"
    data = second.read_bytes()
    second.write_bytes(data[:-1])
    with pytest.raises(DataError, match=rf"data-00001-of-00003\.tfrecord: {len(data) - 1} bytes, .* says {len(data)}"):
        TFRecordSource(damaged)
    second.unlink()
    with pytest.raises(DataError, match=r"data-00001-of-00003\.tfrecord: missing"):
        TFRecordSource(damaged)


def test_a_flipped_bit_is_found_on_reading(damaged):
    second = damaged / "data-00001-of-00003.tfrecord"
    data = bytearray(second.read_bytes())
    data[-10] ^= 1
    second.write_bytes(bytes(data))
    source = TFRecordSource(damaged)
    assert_same(source[4], EveryDtype()[4])
    with pytest.raises(DataError, match=r"data-00001-of-00003\.tfrecord, record 2: its data are damaged"):
        source[5]


def test_files_of_another_content_are_found(damaged, tmp_path):
    features = json.loads((damaged / "features.json").read_text())
    first = damaged / features["files"][0]["name"]
    features["files"][0]["num_records"], features["files"][1]["num_records"] = 2, 4
    (damaged / "features.json").write_text(json.dumps(features))
    with pytest.raises(DataError, match=rf"{first.name}: 3 records, features.json says 2"):
        TFRecordSource(damaged)[0]
    features["files"][0]["num_records"] = 9
    (damaged / "features.json").write_text(json.dumps(features))
    with pytest.raises(DataError, match="its files do not have all of its records"):
        TFRecordSource(damaged)


def test_features_that_nobody_announced_are_refused(damaged):
    features = json.loads((damaged / "features.json").read_text())
    del features["element_spec"]["key"], features["element_spec"]["mask"]
    (damaged / "features.json").write_text(json.dumps(features))
    with pytest.raises(DataError, match=r"record 0 \(index 3\): has the features key, mask, which are not in"):
        TFRecordSource(damaged)[3]


def test_a_damaged_description_is_refused(damaged, tmp_path):
    path = damaged / "features.json"
    text = path.read_text()
    for changed, message in (
        (text[:-10], "cannot be read"),
        (text.replace('"format_version": 1', '"format_version": 99'), "format_version=99; .* reads 1"),
        (text.replace('"element_spec"', '"spec"'), r"damaged \(KeyError"),
        ("[]", "format_version=None"),
    ):
        path.write_text(changed)
        with pytest.raises(DataError, match=message):
            TFRecordSource(damaged)
    with pytest.raises(DataError, match=r"there is no features\.json; for TFRecord files of other origin"):
        TFRecordSource(tmp_path)


def test_a_record_of_another_shape_is_named(written):
    spec = {"loc": apg.ArraySpec((3, 5), "float32", ("xyz", "source"))}
    source = TFRecordSource(written / "data-00000-of-00003.tfrecord", spec)
    with pytest.raises(
        DataError, match=r"data-00000-of-00003\.tfrecord, record 1 \(index 1\): feature 'loc' has 12 numb"
    ):
        source[1]


# Other programs


def run(script, *paths):
    """Run a script in a process of its own: the tfrecord package's message classes exclude TensorFlow's."""
    subprocess.run([sys.executable, "-W", "error", "-c", script, *map(str, paths)], check=True)


def test_the_tfrecord_package_reads_what_is_written(written, tmp_path):
    script = """
import sys, numpy as np
from tfrecord.reader import tfrecord_loader
kinds = {"csm": "float", "loc": "float", "half": "float", "label": "int", "key": "int", "mask": "int", "idx": "int"}
examples = list(tfrecord_loader(sys.argv[1], None, kinds))
np.savez(sys.argv[2], **{f"{name} {i}": value for i, e in enumerate(examples) for name, value in e.items()})
"""
    run(script, written / "data-00001-of-00003.tfrecord", tmp_path / "read.npz")
    with np.load(tmp_path / "read.npz") as read:
        assert len(read) == 3 * 7
        for record in range(3):
            expected = EveryDtype()[3 + record]
            assert np.array_equal(read[f"csm {record}"], expected["csm"].ravel().view(np.float32))
            for name in ("loc", "half", "label", "key", "mask", "idx"):
                assert np.array_equal(read[f"{name} {record}"], expected[name].ravel()), name


def test_what_the_tfrecord_package_writes_is_read(tmp_path):
    # As AcouPipe writes: flat lists, real and imaginary parts in a last axis, as many locations as there are sources.
    script = """
import sys, numpy as np
from tfrecord.writer import TFRecordWriter
writer = TFRecordWriter(sys.argv[1])
for count in (1, 4):
    writer.write({
        "idx": (count, "int"),
        "csm": (np.arange(18, dtype=np.float32) * count, "float"),
        "loc": (np.arange(3 * count, dtype=np.float32), "float"),
        "name": (b"a scene", "byte"),
    })
writer.close()
"""
    run(script, tmp_path / "foreign.tfrecord")
    spec = {
        "loc": apg.ArraySpec((3, None), "float32", ("xyz", "source"), "m"),
        "csm": apg.ArraySpec((1, 3, 3), "complex64", ("frequency", "mic", "mic"), "Pa^2"),
        "idx": apg.ArraySpec((), "int32", ()),
    }
    source = TFRecordSource(tmp_path / "foreign.tfrecord", spec)
    assert len(source) == 2
    for index, count in enumerate((1, 4)):
        csm = (np.arange(18, dtype=np.float32) * count).view(np.complex64).reshape(1, 3, 3)
        loc = np.arange(3 * count, dtype=np.float32).reshape(3, count)
        assert_same(source[index], {"loc": loc, "csm": csm, "idx": np.array(count, dtype=np.int32)})
    with pytest.raises(
        DataError, match=r"foreign\.tfrecord, record 0 \(index 0\): feature 'name' is of the kind bytes"
    ):
        TFRecordSource([tmp_path / "foreign.tfrecord"], {"name": apg.ArraySpec((7,), "uint8", ("letter",))})[0]


@pytest.mark.filterwarnings("ignore")
def test_tensorflow_reads_what_is_written_in_the_same_process(written):
    source = TFRecordSource(written)
    source[0]
    tf = pytest.importorskip("tensorflow")
    description = json.loads((written / "features.json").read_text())
    dtypes = {"float_list": tf.float32, "int64_list": tf.int64}
    features = {
        name: tf.io.FixedLenFeature(encoding["shape"], dtypes[encoding["kind"]])
        for name, encoding in description["encodings"].items()
    }
    files = [str(written / row["name"]) for row in description["files"]]
    records = list(tf.data.TFRecordDataset(files))
    assert len(records) == NUM_RECORDS
    for index, record in enumerate(records):
        read = {name: value.numpy() for name, value in tf.io.parse_single_example(record, features).items()}
        read["csm"] = read["csm"].view(np.complex64)[..., 0]
        assert_same({name: read[name].astype(spec.dtype) for name, spec in source.element_spec.items()}, source[index])
        assert tf.train.Example.FromString(record.numpy()).features.feature["idx"].int64_list.value == [index]
