import json
import pickle
import shutil
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from acoupipe_grain.errors import ArgumentError, DataError, RecordIndexError
from acoupipe_grain.files import chunked_source
from acoupipe_grain.files.raw import write_raw
from acoupipe_grain.files.raw_source import RawMatrixSource
from acoupipe_grain.specs import check_element, lengths_of, ragged_axes, require_source

NUM_ROWS = {"a.raw": 10, "b/c.raw": 4, "b/d.raw": 8}


def content(name):
    return np.random.default_rng(list(name.encode())).standard_normal((NUM_ROWS[name], 3), dtype=np.float32)


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "features"
    (folder / "b").mkdir(parents=True)
    for name in NUM_ROWS:
        write_raw(content(name), folder / name)
    return folder


def same(one, other):
    return one.keys() == other.keys() and all(
        one[key].dtype == other[key].dtype and np.array_equal(one[key], other[key]) for key in one
    )


def test_records_are_the_rows_that_they_say(folder):
    source = require_source(RawMatrixSource(folder, 3, num_rows=4))
    assert len(source) == 3 + 1 + 2
    assert source.tables == {"files": ["a.raw", "b/c.raw", "b/d.raw"]}
    assert source.element_spec["values"].shape == (None, 3)
    assert source.element_spec["values"].axes == ("row", "column")
    for index, num_rows in enumerate([4, 4, 2, 4, 4, 4]):
        element = source[index]
        check_element(element, source.element_spec, f"record {index}")
        assert element["idx"] == index
        first = int(element["first_row"])
        name = source.tables["files"][element["file_index"]]
        np.testing.assert_array_equal(element["values"], content(name)[first : first + num_rows])
        assert element["values"].flags.c_contiguous
        assert len(element["values"]) == source.lengths["row"][index] == num_rows


def test_whole_files_without_a_number_of_rows(folder):
    source = RawMatrixSource(str(folder), 3)
    for index, name in enumerate(NUM_ROWS):
        np.testing.assert_array_equal(source[index]["values"], content(name))
        assert source[index]["first_row"] == 0
    assert lengths_of(source)["row"].tolist() == [10, 4, 8]
    assert lengths_of(source)["row"].dtype == np.int64


def test_short_chunks_are_left_out_and_the_axis_then_has_one_length(folder):
    source = RawMatrixSource(folder, 3, num_rows=4, min_rows=4)
    assert source.element_spec["values"].shape == (4, 3)
    assert ragged_axes(source.element_spec) == ()
    assert source.lengths["row"].tolist() == [4] * 5
    assert (len(source), source.chunks.num_left_out, source.chunks.rows_left_out) == (5, 1, 2)


@pytest.mark.parametrize("big_endian", [False, True])
def test_batches_are_stacked_records(folder, big_endian):
    source = RawMatrixSource(folder, 3, num_rows=4, min_rows=4, big_endian=big_endian)
    indices = [4, 0, 0, 2]
    batch = source.batch(indices)
    for name, array in batch.items():
        stacked = np.stack([source[index][name] for index in indices])
        np.testing.assert_array_equal(array, stacked)
        assert array.dtype == stacked.dtype
        assert array.flags.c_contiguous
    with pytest.raises(RecordIndexError):
        source.batch([0, 5])


def test_records_of_different_lengths_have_no_batch(folder):
    source = RawMatrixSource(folder, 3)
    assert not hasattr(source, "batch")
    with pytest.raises(AttributeError, match="'RawMatrixSource' has no 'batch' where records have different lengths"):
        _ = source.batch


@pytest.mark.parametrize("index", [-1, 6, np.int64(6)])
def test_indices_outside_are_refused(folder, index):
    with pytest.raises(RecordIndexError, match="expected an integer from 0 to 5"):
        RawMatrixSource(folder, 3, num_rows=4)[index]


def test_indices_that_are_no_integers_are_refused_and_those_of_numpy_taken(folder):
    source = RawMatrixSource(folder, 3, num_rows=4)
    for index in (True, 1.0, "1", None):
        with pytest.raises(ArgumentError, match="index="):
            source[index]
    assert same(source[np.int32(3)], source[3])


def test_what_a_record_holds_is_its_own(folder):
    source = RawMatrixSource(folder, 3, num_rows=4)
    element, before = source[2], source[2]
    for array in element.values():
        array[...] = 77
    assert same(source[2], before)


def test_the_content_identifies_the_source_and_not_the_place(folder, tmp_path):
    one = RawMatrixSource(folder, 3, num_rows=4)
    shutil.copytree(folder, tmp_path / "elsewhere")
    other = RawMatrixSource(tmp_path / "elsewhere", 3, num_rows=4)
    assert repr(one) == repr(other)
    assert str(tmp_path) not in repr(one)
    assert one != other
    assert one == RawMatrixSource(folder, 3, num_rows=4)
    changed = content("b/c.raw")
    changed[2, 1] += 1
    write_raw(changed, tmp_path / "elsewhere/b/c.raw")
    assert repr(RawMatrixSource(tmp_path / "elsewhere", 3, num_rows=4)) != repr(one)
    assert repr(RawMatrixSource(folder, 3, num_rows=5)) != repr(one)
    assert repr(RawMatrixSource(folder, 3, num_rows=4, big_endian=True)) != repr(one)


def test_the_same_configuration_gives_the_same_source(folder):
    source = RawMatrixSource([str(folder / "b"), folder], 3, extensions=[".RAW"], num_rows=4, min_rows=2)
    configuration = json.loads(json.dumps(source.configuration))
    again = RawMatrixSource(**configuration["arguments"])
    assert again == source
    assert configuration["num_files"] == 3
    assert all(same(source[index], again[index]) for index in range(len(source)))


def test_threads_and_pickled_copies_read_the_same(folder):
    source = RawMatrixSource(folder, 3, num_rows=2)
    copy = pickle.loads(pickle.dumps(source))
    assert repr(copy) == repr(source)
    indices = np.random.default_rng(0).integers(0, len(source), 200).tolist()
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(copy.__getitem__, indices))
    assert all(same(element, source[index]) for index, element in zip(indices, found, strict=True))


def test_numbers_that_are_not_finite_are_named_with_file_and_place(folder):
    array = content("a.raw")
    array[5, 1] = np.nan
    array.tofile(folder / "a.raw")
    source = RawMatrixSource(folder, 3, num_rows=4, min_rows=4)
    for read in (lambda: source[1], lambda: source.batch([0, 1])):
        with pytest.raises(DataError, match=r"a\.raw: holds nan in row 5, column 1"):
            read()
    assert np.isfinite(source[0]["values"]).all()


def test_errors_name_argument_value_and_remedy(folder):
    with pytest.raises(DataError, match=r"c\.raw: its 48 bytes are not whole rows of 5 columns"):
        RawMatrixSource(folder / "b" / "c.raw", 5)
    with pytest.raises(ArgumentError, match=r"min_rows=11: no chunk is left, .*at most 10 rows"):
        RawMatrixSource(folder, 3, min_rows=11)
    with pytest.raises(ArgumentError, match=r"files: .*there is no file with the extension \.f0, but 3 \.raw"):
        RawMatrixSource(folder, 3, extensions=[".f0"])
    for arguments in ({"num_columns": 0}, {"num_rows": 0}, {"min_rows": 0}, {"big_endian": 1}, {"extensions": "raw"}):
        with pytest.raises(ArgumentError, match=next(iter(arguments))):
            RawMatrixSource(folder, **arguments)
    with pytest.raises(ArgumentError, match="files=5: expected a folder"):
        RawMatrixSource(5)


def test_chunks_that_begin_later_than_elements_can_say_are_refused(folder, monkeypatch):
    monkeypatch.setattr(chunked_source, "MAX_FIRST_ROW", 7)
    with pytest.raises(ArgumentError, match=r"a\.raw: a chunk begins at 8, elements can say at most 7; split the file"):
        RawMatrixSource(folder, 3, num_rows=4)


def test_records_that_cannot_fit_into_memory_are_refused(tmp_path):
    with open(tmp_path / "a.raw", "wb") as file:
        file.truncate(2**42)  # takes no room on the disk
    with pytest.raises(ArgumentError, match=r"num_rows: the longest record has \d+ rows and needs about 4096\.0 GiB"):
        RawMatrixSource(tmp_path, 1024)
    assert not RawMatrixSource(tmp_path, 1024, num_rows=2**10)[2**20 - 1]["values"].any()


def test_links_in_a_folder_are_records_of_their_own(tmp_path):
    write_raw(np.ones(3), tmp_path / "z.raw")
    (tmp_path / "a.raw").symlink_to(tmp_path / "z.raw")
    assert RawMatrixSource(tmp_path).tables["files"] == ["a.raw", "z.raw"]
    assert RawMatrixSource([str(tmp_path), str(tmp_path / "z.raw")]).tables["files"] == ["a.raw", "z.raw"]


def test_lengths_that_no_file_can_have_are_refused(tmp_path):
    write_raw(np.ones(3), tmp_path / "z.raw")
    with pytest.raises(ArgumentError, match="num_rows=10{30}"):
        RawMatrixSource(tmp_path, num_rows=10**30)
