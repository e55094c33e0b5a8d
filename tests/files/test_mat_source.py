import json
import pickle
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from scipy.io import savemat
from scipy.sparse import csc_array

from acoupipe_grain.errors import ArgumentError, DataError, RecordIndexError
from acoupipe_grain.files.mat_source import MatSource
from acoupipe_grain.specs import check_element, lengths_of, ragged_axes, require_source

h5py = pytest.importorskip("h5py")

CLASSES = {"f8": "double", "f4": "single", "b1": "logical"} | {
    f"{kind}{size}": f"{'u' if kind == 'u' else ''}int{8 * size}" for kind in "iu" for size in (1, 2, 4, 8)
}
FIELDS = {
    "data": {"path": "low_res.das", "shape": [64, 64, 11], "part": "real", "sum_axis": 2},
    "label": {"path": "conf_map.gauss", "shape": [128, 128]},
}
FORMATS = ("v5", "v7", "v7.3")


def write_v73(path, variables):
    """Write a file as MATLAB's ``save -v7.3`` does: a header of 512 bytes, classes as attributes, axes reversed."""
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, value in variables.items():
            put_v73(file, name, value)
    with open(path, "r+b") as file:
        text = b"MATLAB 7.3 MAT-file, Platform: GLNXA64, Created on: Mon Jan  5 12:00:00 2026 HDF5 schema 1.00 ."
        file.write(text.ljust(116) + bytes(8) + b"\x00\x02IM")


def put_v73(group, name, value):
    if isinstance(value, dict):
        inner = group.create_group(name)
        inner.attrs["MATLAB_class"] = np.bytes_("struct")
        for field, item in value.items():
            put_v73(inner, field, item)
        return
    array = np.atleast_2d(value)
    kind = array.dtype.kind
    stored = array.T
    if kind == "c":
        part = np.dtype("f4" if array.dtype == np.complex64 else "f8")
        stored = np.empty(array.T.shape, [("real", part), ("imag", part)])
        stored["real"], stored["imag"] = array.T.real, array.T.imag
        array = array.real
    elif kind == "b":
        stored = array.T.astype(np.uint8)
    if not array.size:
        stored = np.array(array.shape, dtype=np.uint64)
    dataset = group.create_dataset(name, data=stored)
    dataset.attrs["MATLAB_class"] = np.bytes_(CLASSES[array.dtype.str[1:]])
    if kind == "b":
        dataset.attrs["MATLAB_int_decode"] = np.int32(1)
    if not array.size:
        dataset.attrs["MATLAB_empty"] = np.uint8(1)


def write(path, variables, version="v5"):
    path.parent.mkdir(parents=True, exist_ok=True)
    if version == "v7.3":
        write_v73(path, variables)
    else:
        savemat(path, variables, do_compression=version == "v7", format="4" if version == "v4" else "5")


def das(number):
    rng = np.random.default_rng(number)
    return rng.standard_normal((64, 64, 11)) + 1j * rng.standard_normal((64, 64, 11))


def gauss(number):
    return np.random.default_rng(100 + number).random((128, 128))


@pytest.fixture(params=FORMATS)
def folder(request, tmp_path):
    """Three files of ultrasound-like images in structs."""
    for number, name in enumerate(["a", "b/c", "b/d"]):
        variables = {
            "low_res": {"das": das(number), "about": {"depth": 3.0}},
            "conf_map": {"gauss": gauss(number)},
            "num": number,
        }
        write(tmp_path / "mat" / f"{name}.mat", variables, request.param)
    return tmp_path / "mat"


def source_of(tmp_path, version, *arrays, **field):
    """Return a source of one field of files that each hold one array."""
    for number, array in enumerate(arrays):
        write(tmp_path / f"{number}.mat", {"x": array}, version)
    return MatSource(tmp_path, {"x": {"path": "x", **field}})


def same(one, other):
    return one.keys() == other.keys() and all(
        one[key].dtype == other[key].dtype and np.array_equal(one[key], other[key]) for key in one
    )


def test_images_in_structs_summed_over_an_axis_and_their_labels(folder):
    source = require_source(MatSource(folder, FIELDS))
    assert source.tables == {"files": ["a.mat", "b/c.mat", "b/d.mat"]}
    assert source.element_spec["data"].shape == (64, 64)
    assert source.element_spec["data"].axes == ("data_axis_0", "data_axis_1")
    assert source.element_spec["label"].shape == (128, 128)
    assert source.lengths == {}
    for index in range(3):
        element = source[index]
        check_element(element, source.element_spec, f"record {index}")
        np.testing.assert_array_equal(element["data"], das(index).real.sum(axis=2).astype(np.float32))
        np.testing.assert_array_equal(element["label"], gauss(index).astype(np.float32))
        assert element["idx"] == element["file_index"] == index
        assert all(array.flags.c_contiguous for array in element.values())


def test_versions_give_the_same_elements(tmp_path):
    for version in FORMATS:
        write(tmp_path / version / "a.mat", {"low_res": {"das": das(0)}, "conf_map": {"gauss": gauss(0)}}, version)
    mixed = MatSource(tmp_path, FIELDS)
    first = MatSource(tmp_path / "v5", FIELDS)[0]
    for index in range(3):
        assert same(mixed[index] | {"idx": first["idx"], "file_index": first["file_index"]}, first)


@pytest.mark.parametrize("version", FORMATS)
@pytest.mark.parametrize(
    ("part", "expected"),
    [(None, lambda x: x), ("real", np.real), ("imag", np.imag), ("abs", np.abs)],
)
def test_parts_of_complex_and_real_numbers(tmp_path, version, part, expected):
    complex_numbers = das(0)[:3, :4, :2]
    real_numbers = complex_numbers.real
    write(tmp_path / "a.mat", {"c": complex_numbers, "r": real_numbers}, version)
    fields = {name: {"path": name, "shape": [3, 4, 2], "part": part} for name in "cr"}
    element = MatSource(tmp_path, fields)[0]
    np.testing.assert_allclose(element["c"], expected(complex_numbers), rtol=1e-6)
    np.testing.assert_allclose(element["r"], expected(real_numbers), rtol=1e-6)
    assert element["c"].dtype == (np.complex64 if part is None else np.float32)
    assert element["r"].dtype == np.float32


@pytest.mark.parametrize("version", FORMATS)
@pytest.mark.parametrize(
    ("dtype", "expected", "expected_sum"),
    [
        ("float64", "float32", "float32"),
        ("float32", "float32", "float32"),
        ("complex128", "complex64", "complex64"),
        ("complex64", "complex64", "complex64"),
        ("int8", "int8", "int32"),
        ("uint16", "uint16", "uint32"),
        ("int64", "int32", "int32"),
        ("uint64", "uint32", "uint32"),
        ("bool", "bool", "int32"),
    ],
)
def test_dtypes_are_matlabs_at_most_of_32_bits(tmp_path, version, dtype, expected, expected_sum):
    array = np.array([[0, 1, 1], [1, 0, 1]], dtype=dtype)
    write(tmp_path / "a.mat", {"x": array, "s": {"x": array}}, version)
    fields = {
        "whole": {"path": "x", "shape": [2, 3]},
        "inner": {"path": "s.x", "shape": [2, 3]},
        "sum": {"path": "x", "shape": [2, 3], "sum_axis": 1},
    }
    source = MatSource(tmp_path, fields)
    check_element(source[0], source.element_spec, "record 0")
    assert [source.element_spec[name].dtype for name in fields] == [expected, expected, expected_sum]
    np.testing.assert_array_equal(source[0]["whole"], array)
    np.testing.assert_array_equal(source[0]["inner"], array)
    np.testing.assert_array_equal(source[0]["sum"], [2, 2])


@pytest.mark.parametrize("path", ["x", "s.x"])
def test_numbers_that_matlab_stores_as_small_integers_are_still_its_doubles(tmp_path, path):
    """MATLAB writes doubles that happen to be whole as integers; SciPy does not, so the files' classes are changed."""
    fields = {"x": {"path": path, "shape": [2, 3]}, "c": {"path": "s.c", "shape": []}}
    array = np.arange(6).reshape(2, 3)
    for name, stored in (
        ("a", array.astype(np.uint8)),
        ("b", array + 0.5),
        ("c", (array + 2**25 + 1).astype(np.int32)),
    ):
        write(tmp_path / f"{name}.mat", {"x": stored, "s": {"x": stored, "c": 1 + 2j}})
    for name, kind in (("a", 9), ("c", 12)):
        content = (tmp_path / f"{name}.mat").read_bytes()
        flags = b"\x06\x00\x00\x00\x08\x00\x00\x00"
        assert content.count(flags + bytes([kind])) == 2
        (tmp_path / f"{name}.mat").write_bytes(content.replace(flags + bytes([kind]), flags + b"\x06"))
    source = MatSource(tmp_path, fields)
    assert source.element_spec["x"].dtype == "float32"
    for index, expected in enumerate([array, array + 0.5, array + 2**25 + 1]):
        np.testing.assert_array_equal(source[index]["x"], expected.astype(np.float32))
        assert source[index]["c"] == 1 + 2j


def test_files_of_version_4_hold_doubles(tmp_path):
    source = source_of(tmp_path, "v4", np.int16([[1, 2]]), np.array([[1.5, 2.5]]), shape=[2])
    assert source.element_spec["x"].dtype == "float32"
    assert [source[index]["x"].tolist() for index in range(2)] == [[1, 2], [1.5, 2.5]]


@pytest.mark.parametrize("version", FORMATS)
@pytest.mark.parametrize(
    ("found", "shape"),
    [
        ((5, 1), [5]),
        ((1, 5), [5]),
        ((1, 5), [1, 5]),
        ((1, 1), [1]),
        ((1, 1), []),
        ((4, 3), [4, 3, 1]),
        ((4, 3), [4, 3, 1, 1]),
        ((4, 1, 3), [4, 1, 3]),
        ((0, 3), [0, 3]),
        ((0, 0), [0]),
    ],
)
def test_shapes_are_as_numpy_has_them_where_matlab_has_two_axes_at_least(tmp_path, version, found, shape):
    array = np.random.default_rng(0).random(found)
    source = source_of(tmp_path, version, array, shape=shape)
    assert source.element_spec["x"].shape == tuple(shape)
    np.testing.assert_array_equal(source[0]["x"], array.reshape(shape).astype(np.float32))


@pytest.mark.parametrize("version", FORMATS)
@pytest.mark.parametrize(
    ("found", "shape"),
    [
        ((4, 3), [3, 4]),
        ((4, 3), [4, 3, 2]),
        ((4, 3), [12]),
        ((4, 3), []),
        ((1, 2), []),
        ((1, 1, 5), [5]),
        ((0, 0), [1]),
        ((0, 0), []),
        ((4, 3, 2), [4, 3]),
        ((4, 3), [None, 4]),
    ],
)
def test_other_shapes_than_the_configured_ones_are_refused_with_both(tmp_path, version, found, shape):
    with pytest.raises(DataError) as error:
        source_of(tmp_path, version, np.zeros(found), shape=shape)
    assert f"0.mat: 'x' (fields['x']) has the shape {list(found)}, and shape={shape} is expected" in str(error.value)


@pytest.mark.parametrize("version", FORMATS)
@pytest.mark.parametrize("path", ["x", "s.x"])
def test_axes_that_may_differ_are_ragged_and_their_lengths_known(tmp_path, version, path):
    arrays = [np.random.default_rng(number).random((3, 4 + number)) for number in range(3)]
    for number, array in enumerate(arrays):
        write(tmp_path / f"{number}.mat", {"x": array, "s": {"x": array}}, version)
    source = MatSource(tmp_path, {"data": {"path": path, "shape": [None, None], "axes": ["mic", "time"]}})
    assert source.element_spec["data"].shape == (3, None)
    assert ragged_axes(source.element_spec) == ("time",)
    assert {axis: lengths.tolist() for axis, lengths in lengths_of(source).items()} == {"time": [4, 5, 6]}
    assert source.lengths["time"].dtype == np.int64
    for index, array in enumerate(arrays):
        check_element(source[index], source.element_spec, f"record {index}")
        np.testing.assert_array_equal(source[index]["data"], array.astype(np.float32))


@pytest.mark.parametrize("version", FORMATS)
def test_vectors_of_any_length_may_lie_or_stand(tmp_path, version):
    arrays = [np.ones((1, 3)), np.ones((4, 1)), np.ones((1, 1)), np.ones((0, 0))]
    source = source_of(tmp_path, version, *arrays, shape=[None])
    assert source.lengths["x_axis_0"].tolist() == [3, 4, 1, 0]
    assert [source[index]["x"].shape for index in range(4)] == [(3,), (4,), (1,), (0,)]


def test_an_axis_that_differs_but_is_summed_over_is_not_ragged(tmp_path):
    source = source_of(tmp_path, "v7", np.ones((2, 3)), np.ones((2, 5)), shape=[2, None], sum_axis=1)
    assert source.lengths == {}
    assert [source[index]["x"].tolist() for index in range(2)] == [[3, 3], [5, 5]]


def test_axes_of_one_name_have_one_length_in_a_record(tmp_path):
    for number in range(2):
        write(tmp_path / f"{number}.mat", {"x": np.ones((2, 3 + number)), "y": np.ones(3 + number), "z": np.ones(3)})
    fields = {
        "x": {"path": "x", "shape": [2, None], "axes": ["mic", "time"]},
        "y": {"path": "y", "shape": [None], "axes": ["time"]},
    }
    source = MatSource(tmp_path, fields)
    assert list(source.lengths) == ["time"]
    wrong = {**fields, "z": {"path": "z", "shape": [3], "axes": ["time"]}}
    with pytest.raises(ArgumentError, match=r"fields\['z'\]: the axis 'time' has the length 3 in .*1.mat, and .* 4"):
        MatSource(tmp_path, wrong)


def others_v73(path):
    """Write what is no array of numbers, as MATLAB does."""
    write_v73(path, {"x": 1.0, "s": {"x": 1.0, "t": {"y": 2.0}}})
    with h5py.File(path, "r+") as file:
        references = np.full((1, 2), file["x"].ref, dtype=h5py.ref_dtype)
        text = file.create_dataset("text", data=np.array([[104], [105]], dtype=np.uint16))
        text.attrs["MATLAB_class"] = np.bytes_("char")
        file.create_dataset("cell", data=references).attrs["MATLAB_class"] = np.bytes_("cell")
        file.create_group("structs").attrs["MATLAB_class"] = np.bytes_("struct")
        file["structs"].create_dataset("x", data=references)
        sparse = file.create_group("sparse")
        sparse.attrs["MATLAB_class"], sparse.attrs["MATLAB_sparse"] = np.bytes_("double"), np.uint64(2)
        for name in ("data", "ir", "jc"):
            sparse.create_dataset(name, data=np.ones(2))
        file.create_group("#refs#").create_dataset("a", data=1.0)
        file.create_dataset("plain", data=np.ones(3))


def others_v5(path, **options):
    structs = np.zeros((1, 2), dtype=[("x", object)])
    structs["x"] = 1.0
    variables = {
        "x": 1.0,
        "s": {"x": 1.0, "t": {"y": 2.0}},
        "text": "hi",
        "cell": np.array([1.0, "a"], dtype=object),
        "structs": structs,
        "sparse": csc_array(np.eye(2)),
        "inner": {
            "text": "hi",
            "cell": np.array([1.0, "a"], dtype=object),
            "structs": structs,
            "sparse": csc_array(np.eye(2)),
        },
    }
    savemat(path, variables, **options)


REFUSED = [
    ("text", "'text' .* is text; expected numbers"),
    ("cell", "'cell' .* is a cell array; expected numbers"),
    ("sparse", "'sparse' .* is a sparse matrix"),
    ("structs.x", "'structs' is an array of structs, not one"),
    ("s", r"'s' .* is a struct; add one of its fields to the path: t, x"),
    ("s.t", r"'s.t' .* is a struct; add one of its fields to the path: y"),
    ("x.y", "'x.y' .*: 'x' is no struct"),
    ("s.x.y", "'s.x' is no struct"),
    ("ext", "the file has no 'ext'; did you mean 'text'[?] It has .*cell, .*sparse, structs, text, x"),
    ("s.tt", "the struct 's' has no 'tt'; did you mean 't'[?] It has t, x"),
    ("s.t.z", "the struct 's.t' has no 'z'.* It has y"),
]


@pytest.mark.parametrize("version", FORMATS)
@pytest.mark.parametrize(("path", "message"), REFUSED)
def test_what_is_no_array_of_numbers_is_refused_by_name(tmp_path, version, path, message):
    if version == "v7.3":
        others_v73(tmp_path / "a.mat")
    else:
        others_v5(tmp_path / "a.mat", do_compression=version == "v7")
    with pytest.raises(DataError, match=message) as error:
        MatSource(tmp_path, {"data": {"path": path, "shape": [2]}})
    assert "a.mat: " in str(error.value)
    assert "fields['data']" in str(error.value)


@pytest.mark.parametrize("kind", ["text", "cell array", "array of structs", "sparse matrix"])
def test_what_is_no_array_of_numbers_within_a_struct_is_refused(tmp_path, kind):
    others_v5(tmp_path / "a.mat")
    path = {"text": "text", "cell array": "cell", "array of structs": "structs.x", "sparse matrix": "sparse"}[kind]
    with pytest.raises(DataError, match=kind):
        MatSource(tmp_path, {"data": {"path": f"inner.{path}", "shape": [2]}})


def test_hdf5_that_matlab_did_not_write_is_refused(tmp_path):
    others_v73(tmp_path / "a.mat")
    with pytest.raises(DataError, match="'plain' .* has no MATLAB_class: the file is HDF5, but was not written by"):
        MatSource(tmp_path, {"data": {"path": "plain", "shape": [3]}})


@pytest.mark.parametrize(
    "content", [b"", b"some text that is no MATLAB file", b"\x89HDF\r\n\x1a\n and then nothing", bytes(600)]
)
def test_other_files_are_refused(tmp_path, content):
    write(tmp_path / "a.mat", {"x": 1.0})
    (tmp_path / "b.mat").write_bytes(content)
    with pytest.raises(DataError, match="b.mat: "):
        MatSource(tmp_path, {"data": {"path": "x", "shape": []}})


@pytest.mark.parametrize("version", FORMATS)
def test_files_that_are_cut_off_are_refused_when_they_are_read(tmp_path, version):
    array = np.random.default_rng(0).random((50, 50))
    for name in "ab":
        write(tmp_path / f"{name}.mat", {"x": array}, version)
    content = (tmp_path / "b.mat").read_bytes()
    (tmp_path / "b.mat").write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match="b.mat: cannot be read as a MATLAB file"):
        MatSource(tmp_path, {"data": {"path": "x", "shape": [50, 50]}})[1]


@pytest.mark.parametrize("version", FORMATS)
@pytest.mark.parametrize("sum_axis", [None, 0])
def test_nan_is_refused_with_its_place(tmp_path, version, sum_axis):
    array = np.zeros((2, 3))
    array[1, 2] = np.nan
    source = source_of(tmp_path, version, np.zeros((2, 3)), array, shape=[2, 3], sum_axis=sum_axis)
    with pytest.raises(DataError, match=r"1.mat: 'x' \(fields\['x'\]\) is NaN at \[1, 2\]"):
        source[1]
    if sum_axis is not None:
        write(tmp_path / "1.mat", {"x": np.array([[np.inf, 1, 2], [-np.inf, 1, 2]])}, version)
        with pytest.raises(DataError, match="1.mat: 'x' .* holds infinities that cancel along sum_axis=0"):
            source[1]
    complex_numbers = np.full((2, 3), complex(0, np.nan))
    write(tmp_path / "1.mat", {"x": complex_numbers}, version)
    fields = {"x": {"path": "x", "shape": [2, 3], "part": "real"}}
    assert not MatSource(tmp_path, fields)[1]["x"].any()


@pytest.mark.parametrize("version", FORMATS)
@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        (np.ones(3), 1j * np.ones(3), "is complex, and real in the first file; give a part"),
        (np.ones(3, np.int16), np.full(3, 0.5), "1.mat: 'x': has dtype float64, which does not become int16"),
        (np.ones(3, np.int8), np.full(3, 200, np.int16), "1.mat: 'x': 200 does not fit into int8"),
        (np.ones(3), np.full(3, 1e300), r"1.mat: 'x': 1e\+300 does not fit into float32; scale it"),
    ],
)
def test_the_first_file_decides_about_dtypes(tmp_path, version, first, second, message):
    source = source_of(tmp_path, version, first, second, shape=[3])
    with pytest.raises(DataError, match=message):
        source[1]


@pytest.mark.parametrize("version", FORMATS)
def test_real_numbers_are_complex_ones_where_the_first_file_has_such(tmp_path, version):
    source = source_of(tmp_path, version, 1j * np.ones(3), np.ones(3), shape=[3])
    assert source[1]["x"].dtype == np.complex64
    assert source[1]["x"].tolist() == [1, 1, 1]


def test_the_magnitude_of_the_smallest_integer_does_not_overflow(tmp_path):
    arrays = np.array([1, -127], np.int8), np.array([1, -128], np.int8)
    source = source_of(tmp_path, "v5", *arrays, shape=[2], part="abs")
    assert source[0]["x"].tolist() == [1, 127]
    with pytest.raises(DataError, match="128 does not fit into int8"):
        source[1]


def test_headers_of_all_files_are_checked_at_construction(tmp_path):
    for version in FORMATS:
        write(tmp_path / version / "a.mat", {"x": np.ones((2, 3)), "y": 1.0}, version)
        write(tmp_path / version / "b.mat", {"x": np.ones((2, 4)), "z": 1.0}, version)
        with pytest.raises(DataError, match=r"b.mat: 'x' .* has the shape \[2, 4\], and shape=\[2, 3\] is expected"):
            MatSource(tmp_path / version, {"x": {"path": "x", "shape": [2, 3]}})
        with pytest.raises(DataError, match="b.mat: 'y' .* the file has no 'y'. It has x, z"):
            MatSource(tmp_path / version, {"y": {"path": "y", "shape": []}})


def test_fields_of_structs_in_later_files_are_checked_when_they_are_read(tmp_path):
    for number in range(2):
        write(tmp_path / f"{number}.mat", {"s": {"x": np.ones((2, 3 + number))}})
    source = MatSource(tmp_path, {"x": {"path": "s.x", "shape": [2, 3]}})
    with pytest.raises(DataError, match=r"1.mat: 's.x' .* has the shape \[2, 4\], and shape=\[2, 3\] is expected"):
        source[1]


def test_a_file_that_is_another_one_now_is_named(tmp_path):
    source = source_of(tmp_path, "v5", np.ones(3), np.ones(4), shape=[None])
    write(tmp_path / "1.mat", {"x": np.ones(5)})
    with pytest.raises(DataError, match=r"1.mat: 'x' .* gives the shape \(5,\), and gave \(4,\) when the source was"):
        source[1]
    (tmp_path / "1.mat").unlink()
    with pytest.raises(DataError, match=r"1.mat: cannot be read as a MATLAB file \(No such file or directory\)"):
        source[1]


def test_version_73_without_h5py_says_what_to_install(tmp_path, monkeypatch):
    write(tmp_path / "a.mat", {"x": 1.0}, "v7.3")
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(ArgumentError, match=r"a.mat' need the package h5py: pip install 'acoupipe-grain\[hdf5\]'"):
        MatSource(tmp_path, {"data": {"path": "x", "shape": []}})


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ({"shape": [3]}, r"fields\['x'\]: path=None: expected a variable"),
        ({"path": "x"}, r"fields\['x'\]: shape=None: expected a list of sizes"),
        ({"path": "x..y", "shape": [3]}, "path='x..y': expected a variable"),
        ({"path": "x", "shape": 3}, "shape=3: expected a list of sizes"),
        ({"path": "x", "shape": [-1]}, r"shape\[0\]=-1: must be at least 0"),
        ({"path": "x", "shape": ["3"]}, r"shape\[0\]='3': expected an integer"),
        ({"path": "x", "shape": [3], "part": "phase"}, "part 'phase'.* Available: abs, imag, real"),
        ({"path": "x", "shape": [3], "sum_axis": 1}, "sum_axis=1: must be at least 0 and at most 0"),
        ({"path": "x", "shape": [3], "sum_axis": -1}, "sum_axis=-1: must be at least 0"),
        ({"path": "x", "shape": [], "sum_axis": 0}, r"sum_axis=0: shape=\[\] has no axis"),
        ({"path": "x", "shape": [3], "axes": ["a", "b"]}, "expected 1 different names"),
        ({"path": "x", "shape": [3, 4], "axes": ["a", "a"]}, "expected 2 different names"),
        ({"path": "x", "shape": [3, 4], "sum_axis": 0, "axes": ["a", "b"]}, "expected 1 different names"),
        ({"path": "x", "shape": [3], "sumaxis": 0}, "unknown key 'sumaxis'; did you mean 'sum_axis'"),
        ("x", r"fields\['x'\]='x': expected a mapping with path and shape"),
    ],
)
def test_wrong_fields_are_named(tmp_path, field, message):
    write(tmp_path / "a.mat", {"x": np.ones(3)})
    with pytest.raises(ArgumentError, match=message):
        MatSource(tmp_path, {"x": field})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"files": []}, r"files=\[\]: expected a folder"),
        ({"files": "nowhere"}, "files: 'nowhere'"),
        ({"fields": {}}, r"fields=\{\}: expected a mapping from names"),
        ({"fields": ["x"]}, r"fields=\['x'\]: expected a mapping from names"),
        ({"fields": {"idx": {"path": "x", "shape": [3]}}}, "'idx' is no name for an array"),
        ({"extensions": "mat"}, "extensions='mat': expected a list"),
        ({"extensions": [".m"]}, "there is no file with the extension .m"),
    ],
)
def test_wrong_arguments_are_named(tmp_path, arguments, message):
    write(tmp_path / "a.mat", {"x": np.ones(3)})
    with pytest.raises(ArgumentError, match=message):
        MatSource(**{"files": str(tmp_path), "fields": {"x": {"path": "x", "shape": [3]}}, **arguments})


@pytest.mark.parametrize("index", [-1, 3])
def test_indices_outside_are_refused(folder, index):
    with pytest.raises(RecordIndexError, match=f"index={index}"):
        MatSource(folder, FIELDS)[index]


def test_what_identifies_a_source_is_content_not_place(folder, tmp_path):
    source = MatSource(folder, FIELDS)
    moved = MatSource(shutil.copytree(folder, tmp_path / "elsewhere"), FIELDS)
    assert repr(moved) == repr(source)
    assert str(tmp_path) not in repr(source)
    assert source.content["num_files"] == 3
    assert repr(MatSource(folder, {"label": FIELDS["label"]})) != repr(source)
    shutil.copy(folder / "a.mat", folder / "b" / "c.mat")
    assert repr(MatSource(folder, FIELDS)) != repr(source)


def test_a_configuration_rebuilds_the_source(folder):
    source = MatSource(folder, FIELDS)
    configuration = json.loads(json.dumps(source.configuration))
    assert configuration["class"] == "MatSource"
    rebuilt = MatSource(**configuration["arguments"])
    assert rebuilt == source
    assert rebuilt.configuration == source.configuration
    assert same(rebuilt[1], source[1])


def test_copies_and_threads_read_the_same(folder):
    source = MatSource(folder, FIELDS)
    copy = pickle.loads(pickle.dumps(source))
    assert copy == source
    with ThreadPoolExecutor(8) as pool:
        read = list(pool.map(copy.__getitem__, [0, 1, 2] * 4))
    assert all(same(read[number], source[number % 3]) for number in range(12))
