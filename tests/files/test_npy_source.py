import gzip
import io
import json
import pickle
import shutil
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from acoupipe_grain.errors import ArgumentError, DataError, RecordIndexError
from acoupipe_grain.files.npy_source import NpySource
from acoupipe_grain.specs import check_element, lengths_of, ragged_axes, require_source

NAMES = ["a", "sub/b", "sub/c"]


def npy(array, version=None):
    file = io.BytesIO()
    np.lib.format.write_array(file, np.asanyarray(array), version=version)
    return file.getvalue()


def write(path, array, *, gzipped=False):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(npy(array)) if gzipped else npy(array))


def data(number):
    return np.random.default_rng(number).standard_normal((4 + number, 3))


def labels(number):
    return np.random.default_rng(number).integers(0, 2, (8, 8, 2)).astype(np.uint8)


@pytest.fixture
def folder(tmp_path):
    """Three records of ragged float64 data, gzipped or not, and labels."""
    folder = tmp_path / "store"
    for number, name in enumerate(NAMES):
        gzipped, extension = [(False, ".npy"), (True, ".npy.gz"), (True, ".npy")][number]
        write(folder / "data" / f"{name}{extension}", data(number), gzipped=gzipped)
        write(folder / "labels" / f"{name}.npy", np.asfortranarray(labels(number)))
    (folder / "data" / "notes.txt").write_text("not an array")
    (folder / "data" / "table.csv.gz").write_bytes(b"not one, either")
    return folder


def same(one, other):
    return one.keys() == other.keys() and all(
        one[key].dtype == other[key].dtype and np.array_equal(one[key], other[key]) for key in one
    )


def test_records_are_the_files_of_one_name_in_all_folders(folder):
    source = require_source(NpySource(folder))
    assert source.tables == {"files": NAMES}
    for index in range(3):
        element = source[index]
        check_element(element, source.element_spec, f"record {index}")
        np.testing.assert_array_equal(element["data"], data(index).astype(np.float32))
        np.testing.assert_array_equal(element["labels"], labels(index))
        assert element["idx"] == element["file_index"] == index
        assert all(array.flags.c_contiguous for array in element.values())
        assert all(array.flags.writeable for array in element.values())


def test_axes_that_differ_are_ragged_and_their_lengths_known(folder):
    source = NpySource(folder)
    assert source.element_spec["data"].shape == (None, 3)
    assert source.element_spec["data"].axes == ("data_axis_0", "data_axis_1")
    assert source.element_spec["labels"].shape == (8, 8, 2)
    assert source.element_spec["labels"].dtype == "uint8"
    assert ragged_axes(source.element_spec) == ("data_axis_0",)
    assert {axis: lengths.tolist() for axis, lengths in lengths_of(source).items()} == {"data_axis_0": [4, 5, 6]}
    assert source.lengths["data_axis_0"].dtype == np.int64
    assert NpySource(folder, ["labels"]).lengths == {}


def test_any_number_of_arrays_in_any_order(folder):
    source = NpySource(str(folder), ("labels", "data"))
    assert list(source[1]) == ["labels", "data", "file_index", "idx"]
    assert list(NpySource(folder, ["data"])[0]) == ["data", "file_index", "idx"]


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (np.array([[1.5]], ">f8"), "float32"),
        (np.array([1], "<i8"), "int32"),
        (np.array([1 + 2j]), "complex64"),
        (np.array([True, False]), "bool"),
        (np.array([1], np.float16), "float16"),
        (np.array(3.0), "float32"),
        (np.zeros((0, 2)), "float32"),
    ],
)
def test_dtypes_are_at_most_of_32_bits(tmp_path, array, expected):
    write(tmp_path / "data" / "a.npy", array)
    source = NpySource(tmp_path, ["data"])
    assert source.element_spec["data"].dtype == expected
    check_element(source[0], source.element_spec, "record 0")
    np.testing.assert_array_equal(source[0]["data"], array)


def test_splits_are_folders_and_evaluation_is_a_test(folder, tmp_path):
    root = tmp_path / "splits"
    for name in ("training", "evaluation"):
        shutil.copytree(folder, root / name)
    (root / "evaluation" / "data" / "a.npy").unlink()
    (root / "evaluation" / "labels" / "a.npy").unlink()
    assert len(NpySource(root, split="training")) == 3
    assert NpySource(root, split="test").tables == {"files": NAMES[1:]}
    with pytest.raises(ArgumentError, match="split='validation': .* has no folder validation"):
        NpySource(root, split="validation")
    with pytest.raises(ArgumentError, match="unknown split 'evaluation'"):
        NpySource(root, split="evaluation")
    with pytest.raises(ArgumentError, match="data is no folder; give a split, one of training, test"):
        NpySource(root)
    shutil.copytree(folder, root / "test")
    with pytest.raises(ArgumentError, match="split='test': .* has both test and evaluation; remove one"):
        NpySource(root, split="test")


def test_headers_are_read_at_construction_and_numbers_when_used(folder):
    path = folder / "data" / "sub" / "b.npy.gz"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) - 12])
    source = NpySource(folder)
    source[0]
    with pytest.raises(DataError, match=r"sub/b.npy.gz: cannot be read as a .npy file \(Compressed file ended"):
        source[1]


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda array: npy(array)[:-1], r"has the shape \(4, 3\) and dtype float64, 96 bytes, but 95 are there"),
        (lambda array: npy(array) + b"x", "96 bytes, but 97 are there"),
        (lambda array: npy(array)[:20], "cannot be read as a .npy file"),
        (lambda array: b"", "cannot be read as a .npy file"),
        (lambda array: b"some text", "cannot be read as a .npy file"),
        (lambda array: gzip.compress(b"some text"), "cannot be read as a .npy file"),
        (lambda array: gzip.compress(npy(array))[:15], "cannot be read as a .npy file"),
        (lambda array: b"\x1f\x8bsome text", "cannot be read as a .npy file"),
        (lambda array: npy(array).replace(b"(4, 3)", b"(4,-3)"), r"of the shape \(4, -3\)"),
        (lambda array: npy(array.astype(object)), "an array of dtype object; expected numbers. Objects are never"),
        (lambda array: npy(array.astype("U3")), "an array of dtype <U3; expected numbers"),
        (lambda array: npy(np.zeros(2, [("x", "f4")])), "expected numbers"),
        (
            lambda array: npy(np.zeros(2, [("é", "f4")]), (3, 0)),
            r"version \(3, 0\) of NumPy's format, which is for tab",
        ),
        (lambda array: npy(array.astype(np.longdouble)), "expected numbers of at most 64 bits"),
    ],
)
def test_damage_that_headers_show_is_found_at_construction(folder, damage, message):
    (folder / "data" / "a.npy").write_bytes(damage(data(0)))
    with pytest.raises(DataError, match=f"data/a.npy: .*{message}"):
        NpySource(folder)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda array: gzip.compress(npy(array)[:-1]), "96 bytes, but only 95 are there"),
        (lambda array: gzip.compress(npy(array) + b"x"), "96 bytes, but more are there"),
        (lambda array: gzip.compress(npy(array))[:-8] + bytes(8), "cannot be read as a .npy file .CRC check failed"),
        (lambda array: npy(np.where(np.arange(12).reshape(4, 3) == 7, np.nan, array)), r"is NaN at \[2, 1\]"),
        (lambda array: npy(np.where(np.arange(12).reshape(4, 3) == 7, 1e300, array)), r"1e\+300 does not fit into f"),
    ],
)
def test_damage_in_the_numbers_is_found_when_they_are_used(folder, damage, message):
    (folder / "data" / "a.npy").write_bytes(damage(data(0)))
    source = NpySource(folder)
    with pytest.raises(DataError, match=f"data/a.npy'?: .*{message}"):
        source[0]


def test_no_more_of_a_gzipped_file_is_unpacked_than_its_header(tmp_path):
    array = np.random.default_rng(0).standard_normal(100_000)
    write(tmp_path / "data" / "a.npy", array, gzipped=True)
    whole = (tmp_path / "data" / "a.npy").read_bytes()
    (tmp_path / "data" / "a.npy").write_bytes(whole[:10_000])
    assert NpySource(tmp_path, ["data"]).element_spec["data"].shape == (100_000,)


def test_a_file_that_is_another_one_now_is_named(folder):
    source = NpySource(folder)
    write(folder / "data" / "a.npy", np.zeros((5, 3)))
    with pytest.raises(DataError, match=r"a.npy: has the shape \(5, 3\).* and had the shape \(4, 3\).*; make it anew"):
        source[0]
    (folder / "data" / "a.npy").unlink()
    with pytest.raises(DataError, match=r"a.npy: cannot be read as a .npy file \(No such file or directory\)"):
        source[0]


def test_a_record_too_large_for_memory_is_refused_at_construction(tmp_path):
    header = npy(np.zeros((10, 4))).replace(b"(10, 4), }" + b" " * 12, b"(10, 4000000000000), }")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.npy").write_bytes(gzip.compress(header))
    with pytest.raises(ArgumentError, match="the record 'a' needs about .* GiB of memory"):
        NpySource(tmp_path, ["data"])


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (np.zeros((4, 3), np.float32), "sub/b.npy.gz: has 2 axes of float32, and .*a.npy 2 of float64"),
        (np.zeros((4, 3, 1)), "sub/b.npy.gz: has 3 axes of float64, and .*a.npy 2 of float64"),
    ],
)
def test_files_of_one_array_must_not_differ_in_dtype_or_number_of_axes(folder, other, message):
    write(folder / "data" / "sub" / "b.npy.gz", other, gzipped=True)
    with pytest.raises(DataError, match=message):
        NpySource(folder)


def test_byte_order_and_order_of_axes_are_no_difference(folder):
    before = NpySource(folder)[1]
    write(folder / "data" / "sub" / "b.npy.gz", np.asfortranarray(data(1)).astype(">f8"))
    assert same(NpySource(folder)[1], before)


def test_records_without_a_partner_are_named(folder):
    (folder / "labels" / "sub" / "b.npy").unlink()
    with pytest.raises(ArgumentError, match=r"no file in 'labels' for 'sub/b' \('data' has 'sub/b'\)"):
        NpySource(folder)
    for number in range(7):
        write(folder / "labels" / f"more{number}.npy", labels(0))
    with pytest.raises(ArgumentError, match="no file in 'data' for 'more0', .*'more4' and 2 more"):
        NpySource(folder)


def test_two_files_of_one_record_are_named(folder):
    write(folder / "data" / "a.npy.gz", data(0), gzipped=True)
    with pytest.raises(ArgumentError, match="a.npy and .*a.npy.gz are both 'a'; remove one"):
        NpySource(folder)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"folder": 3}, "folder=3: expected the path of a folder"),
        ({"folder": "nowhere"}, "folder='nowhere': .*nowhere is no folder"),
        ({"arrays": "data"}, "arrays='data': expected a list of names"),
        ({"arrays": []}, r"arrays=\[\]: expected a list of names"),
        ({"arrays": ["data", "data"]}, "a name occurs twice"),
        ({"arrays": ["../data"]}, "'../data' is no name of a folder"),
        ({"arrays": ["idx"]}, "'idx' is what elements say of the record"),
        ({"arrays": ["data", "images"]}, "images is no folder; name those that are there"),
        ({"arrays": ["empty"]}, "empty': there is no file"),
        ({"arrays": ["others"]}, "others has no file .npy or .npy.gz"),
        ({"split": "train"}, "unknown split 'train'; did you mean 'training'"),
    ],
)
def test_wrong_arguments_are_named(folder, arguments, message):
    (folder / "empty").mkdir()
    (folder / "others").mkdir()
    (folder / "others" / "a.csv.gz").touch()
    with pytest.raises(ArgumentError, match=message):
        NpySource(**{"folder": str(folder), **arguments})


@pytest.mark.parametrize("index", [-1, 3])
def test_indices_outside_are_refused(folder, index):
    with pytest.raises(RecordIndexError, match=f"index={index}"):
        NpySource(folder)[index]


def test_what_identifies_a_source_is_content_not_place(folder, tmp_path):
    source = NpySource(folder)
    moved = NpySource(shutil.copytree(folder, tmp_path / "elsewhere"))
    assert repr(moved) == repr(source)
    assert str(tmp_path) not in repr(source)
    assert source.content["num_files"] == 3
    assert source != moved
    assert repr(NpySource(folder, ["labels", "data"])) != repr(source)
    write(folder / "labels" / "a.npy", 1 - labels(0))
    assert repr(NpySource(folder)) != repr(source)


def test_a_configuration_rebuilds_the_source(folder):
    source = NpySource(folder, ("labels",))
    configuration = json.loads(json.dumps(source.configuration))
    assert configuration["class"] == "NpySource"
    assert configuration["arguments"] == {"folder": str(folder), "arrays": ["labels"], "split": None}
    rebuilt = NpySource(**configuration["arguments"])
    assert rebuilt == source
    assert hash(rebuilt) == hash(source)


def test_copies_and_threads_read_the_same(folder):
    source = NpySource(folder)
    copy = pickle.loads(pickle.dumps(source))
    assert copy == source
    with ThreadPoolExecutor(8) as pool:
        read = list(pool.map(copy.__getitem__, [0, 1, 2] * 20))
    assert all(same(read[number], source[number % 3]) for number in range(60))
