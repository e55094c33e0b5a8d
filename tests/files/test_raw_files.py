import os
import pickle
import struct
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from acoupipe_grain.errors import ArgumentError, DataError
from acoupipe_grain.files import mapped
from acoupipe_grain.files.mapped import MappedMatrices
from acoupipe_grain.files.raw import append_raw, raw_matrix, read_raw, write_raw


def matrix(num_rows=7, num_columns=3, seed=0):
    return np.random.default_rng(seed).standard_normal((num_rows, num_columns), dtype=np.float32)


def test_the_file_holds_little_endian_numbers_row_by_row_and_nothing_else(tmp_path):
    write_raw([[1, 2.5], [-3, 4]], tmp_path / "a.raw")
    assert (tmp_path / "a.raw").read_bytes() == struct.pack("<4f", 1, 2.5, -3, 4)
    write_raw([[1, 2.5], [-3, 4]], tmp_path / "a.raw", big_endian=True)
    assert (tmp_path / "a.raw").read_bytes() == struct.pack(">4f", 1, 2.5, -3, 4)


@pytest.mark.parametrize("big_endian", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64", ">f4", "int16", "bool"])
def test_what_was_written_is_read(tmp_path, dtype, big_endian):
    array = (10 * matrix()).astype(dtype)
    write_raw(array, tmp_path / "a.raw", big_endian=big_endian)
    found = read_raw(tmp_path / "a.raw", 3, big_endian=big_endian)
    assert found.dtype == np.dtype("float32")
    assert found.dtype.isnative
    assert found.flags.c_contiguous
    np.testing.assert_array_equal(found, array.astype(np.float32))


def test_one_column_is_read_along_one_axis(tmp_path):
    write_raw(np.arange(5.0), tmp_path / "a.raw")
    np.testing.assert_array_equal(read_raw(tmp_path / "a.raw"), np.arange(5, dtype=np.float32))
    assert read_raw(tmp_path / "a.raw", 5).shape == (1, 5)


def test_strided_arrays_are_written_row_by_row(tmp_path):
    array = matrix(8, 6)[::2].T
    write_raw(array, tmp_path / "a.raw")
    np.testing.assert_array_equal(read_raw(tmp_path / "a.raw", 4), array)


def test_appended_rows_follow(tmp_path):
    for part in (matrix(seed=1), matrix(2, seed=2)):
        append_raw(part, tmp_path / "a.raw")
    np.testing.assert_array_equal(read_raw(tmp_path / "a.raw", 3), np.concatenate([matrix(seed=1), matrix(2, seed=2)]))


def test_rows_are_appended_to_an_empty_file_but_not_to_one_of_other_columns(tmp_path):
    (tmp_path / "a.raw").touch()
    append_raw([1.0, 2.0], tmp_path / "a.raw")
    with pytest.raises(DataError, match=r"a\.raw: its 8 bytes are not whole rows of 3 columns of 4 bytes \(8 are left"):
        append_raw(matrix(), tmp_path / "a.raw")
    np.testing.assert_array_equal(read_raw(tmp_path / "a.raw"), [1, 2])


@pytest.mark.parametrize("num_columns", [3, 5])
def test_a_size_that_does_not_fit_is_refused(tmp_path, num_columns):
    """62 bytes were read as (5, 3) elsewhere."""
    (tmp_path / "a.raw").write_bytes(bytes(62))
    with pytest.raises(DataError, match=f"62 bytes are not whole rows of {num_columns} columns.*number of columns"):
        read_raw(tmp_path / "a.raw", num_columns)


def test_files_that_are_missing_empty_or_folders_are_refused(tmp_path):
    with pytest.raises(DataError, match=r"no\.raw: cannot be read \(No such file"):
        read_raw(tmp_path / "no.raw")
    (tmp_path / "empty.raw").touch()
    with pytest.raises(DataError, match=r"empty\.raw: is empty; remove it"):
        read_raw(tmp_path / "empty.raw")
    for value in (0, -1, 2.0, True, None):
        with pytest.raises(ArgumentError, match="num_columns="):
            read_raw(tmp_path / "empty.raw", value)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite_are_named_with_their_place(tmp_path, value):
    array = matrix(50, 3)
    array[31, 2] = value
    array.tofile(tmp_path / "a.raw")
    with pytest.raises(DataError, match=rf"a\.raw: holds {value} in row 31, column 2; expected finite"):
        read_raw(tmp_path / "a.raw", 3)
    matrices = MappedMatrices([raw_matrix(tmp_path / "a.raw", 3)])
    np.testing.assert_array_equal(matrices.read(0, 0, 31), array[:31])
    with pytest.raises(DataError, match="in row 31, column 2"):
        matrices.read(0, 30, 40)
    with pytest.raises(DataError, match="in row 31, column 2"):
        matrices.write(0, 30, np.empty((10, 3), np.float32))
    with pytest.raises(ArgumentError, match=r"array\[\(31, 2\)\]=.*expected finite"):
        write_raw(array, tmp_path / "b.raw")


def test_large_numbers_are_read_though_their_sums_and_squares_are_not_finite(tmp_path):
    array = np.full((40, 2), 3e38, np.float32)
    array[::2] = -1e30
    write_raw(array, tmp_path / "a.raw")
    matrices = MappedMatrices([raw_matrix(tmp_path / "a.raw", 2)])
    np.testing.assert_array_equal(matrices.read(0, 0, 40), array)
    target = np.empty((40, 2), np.float32)
    matrices.write(0, 0, target)
    np.testing.assert_array_equal(target, array)


@pytest.mark.parametrize(
    "array", [np.zeros((2, 2, 2)), np.zeros((0, 3)), np.array(1.0), np.array([1j]), ["a"]], ids=lambda item: str(item)
)
def test_what_is_no_matrix_of_real_numbers_is_not_written(tmp_path, array):
    with pytest.raises(ArgumentError, match="array: has the shape .*expected real numbers"):
        write_raw(array, tmp_path / "a.raw")
    assert not (tmp_path / "a.raw").exists()


def test_numbers_beyond_float32_are_not_written(tmp_path):
    with pytest.raises(ArgumentError, match=r"array\[\(1,\)\]=.*1e\+39.*float32"):
        write_raw([1.0, 1e39], tmp_path / "a.raw")


@pytest.mark.parametrize("big_endian", [False, True])
def test_any_rows_are_read_without_the_others(tmp_path, big_endian):
    write_raw(matrix(50), tmp_path / "a.raw", big_endian=big_endian)
    matrices = MappedMatrices([raw_matrix(tmp_path / "a.raw", 3, big_endian=big_endian)])
    for start, stop in ((0, 50), (7, 8), (49, 50), (12, 31)):
        found = matrices.read(0, start, stop)
        np.testing.assert_array_equal(found, matrix(50)[start:stop])
        assert found.dtype.isnative
        assert found.flags.c_contiguous
        assert found.flags.writeable
    found[...] = 0
    np.testing.assert_array_equal(matrices.read(0, start, stop), matrix(50)[start:stop])


def test_rows_are_written_into_parts_of_arrays(tmp_path):
    write_raw(matrix(50), tmp_path / "a.raw")
    whole = np.zeros((20, 8), np.float32)
    MappedMatrices([raw_matrix(tmp_path / "a.raw", 3)]).write(0, 12, whole[4:9, 2:5])
    np.testing.assert_array_equal(whole[4:9, 2:5], matrix(50)[12:17])
    assert np.count_nonzero(whole) == 15


def test_few_files_stay_open_however_many_there_are(tmp_path, monkeypatch):
    monkeypatch.setattr(mapped, "MAX_OPEN_FILES", 3)
    for number in range(10):
        write_raw(np.full(4, number), tmp_path / f"{number}.raw")
    matrices = MappedMatrices([raw_matrix(tmp_path / f"{number}.raw", 1) for number in range(10)])
    for number in (*range(10), *range(9, -1, -1), 5):
        assert matrices.read(number, 1, 3).tolist() == [[number], [number]]
        assert len(matrices._opened) <= 3


def test_threads_and_pickled_copies_read_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(mapped, "MAX_OPEN_FILES", 2)
    for number in range(6):
        write_raw(matrix(20, seed=number), tmp_path / f"{number}.raw")
    matrices = MappedMatrices([raw_matrix(tmp_path / f"{number}.raw", 3) for number in range(6)])
    matrices.read(0, 0, 1)
    copy = pickle.loads(pickle.dumps(matrices))
    assert len(copy) == 6
    numbers = np.random.default_rng(0).integers(0, 6, 400).tolist()
    with ThreadPoolExecutor(8) as pool:
        for found in (pool.map(lambda number, of=item: of.read(number, 3, 9), numbers) for item in (matrices, copy)):
            for number, rows in zip(numbers, found, strict=True):
                np.testing.assert_array_equal(rows, matrix(20, seed=number)[3:9])


def test_a_file_that_is_gone_or_has_another_size_is_not_read(tmp_path):
    write_raw(matrix(), tmp_path / "a.raw")
    matrices = MappedMatrices([raw_matrix(tmp_path / "a.raw", 3)])
    append_raw(matrix(), tmp_path / "a.raw")
    with pytest.raises(DataError, match=r"a\.raw: has 168 bytes, and had 84 when the source was made; make it anew"):
        matrices.read(0, 0, 1)
    os.remove(tmp_path / "a.raw")
    with pytest.raises(DataError, match=r"a\.raw: cannot be read"):
        matrices.read(0, 0, 1)


def test_what_replaces_a_file_leaves_those_who_have_it_mapped_alone(tmp_path):
    write_raw(np.zeros(100_000), tmp_path / "a.raw")
    matrices = MappedMatrices([raw_matrix(tmp_path / "a.raw", 1)])
    matrices.read(0, 0, 1)
    write_raw(np.ones(100), tmp_path / "a.raw")
    assert not matrices.read(0, 99_000, 99_001).any()
    assert read_raw(tmp_path / "a.raw").sum() == 100
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["a.raw"]


@pytest.mark.skipif(sys.platform == "win32", reason="no limit of descriptors")
def test_many_files_are_read_with_few_descriptors(tmp_path):
    for number in range(60):
        write_raw(np.full(3, number), tmp_path / f"{number:02d}.raw")
    script = (
        "import resource; from acoupipe_grain.files.raw_source import RawMatrixSource\n"
        f"sources = [RawMatrixSource({str(tmp_path)!r}) for _ in range(3)]\n"
        "open_now = len(__import__('os').listdir('/proc/self/fd')) if __import__('sys').platform == 'linux' else 20\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (open_now + 24, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))\n"
        "print(sum(float(source[i]['values'].sum()) for _ in range(2) for source in sources for i in range(60)))"
    )
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert float(found.stdout) == 2 * 3 * 3 * sum(range(60))
