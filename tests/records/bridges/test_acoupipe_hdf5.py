import pickle
import shutil
from concurrent.futures import ThreadPoolExecutor

import h5py
import numpy as np
import pytest

import acoupipe_grain as apg
from acoupipe_grain.errors import ArgumentError, DataError, RecordIndexError
from acoupipe_grain.records.bridges.acoupipe_hdf5 import AcouPipeHDF5Source
from acoupipe_grain.specs import ArraySpec, check_element, require_source

NUM_SOURCES = {number: 1 + number % 4 for number in range(12)}


def sample(number, num_sources):
    """What AcouPipe gives for one sample."""
    rng = np.random.default_rng(number)
    return {
        "idx": number,
        "seeds": np.array([(sampler, 10**12 + sampler * 10**7 + number) for sampler in range(3)]),
        "loc": rng.normal(size=(3, num_sources)),
        "source_strength_analytic": rng.random((2, num_sources)),
        "csm": rng.random((2, 4, 4)) + 1j * rng.random((2, 4, 4)),
        "f": np.array([1000.0, 2000.0]),
        "num": 3,
    }


def write(path, samples, metadata=None):
    """Write samples as AcouPipe's ``WriteH5Dataset`` does: groups named after ``idx``, a data set per feature."""
    with h5py.File(path, "w") as file:
        for number, data in samples.items():
            file.create_group(str(number))
            for name, value in data.items():
                file.create_dataset(f"{number}/{name}", data=value)
        for name, value in (metadata or {}).items():
            file.create_dataset(f"metadata/{name}", data=value)
    return path


@pytest.fixture
def samples():
    """Twelve samples in the order in which parallel workers finished."""
    return {number: sample(number, NUM_SOURCES[number]) for number in (3, 11, 0, 7, 10, 1, 2, 9, 4, 8, 6, 5)}


@pytest.fixture
def path(tmp_path, samples):
    metadata = {"fs": 13720.0, "version": "ds1-v02", "mics": np.ones((3, 2)), "names": ["a", "b"], "cached": False}
    return write(tmp_path / "data.h5", samples, metadata)


def assert_same(element, expected):
    assert element.keys() == expected.keys()
    for name in expected:
        assert np.array_equal(element[name], expected[name]), name
        assert element[name].dtype == expected[name].dtype


def test_samples_come_in_the_order_of_their_numbers(path):
    source = AcouPipeHDF5Source(path)
    assert len(source) == 12
    assert [int(source[index]["idx"]) for index in range(12)] == list(range(12))


def test_features_come_back_in_32_bits(path, samples):
    source = AcouPipeHDF5Source(path)
    require_source(source)
    for index in range(12):
        element, stored = source[index], samples[index]
        check_element(element, source.element_spec, "element")
        assert all(array.flags.c_contiguous for array in element.values())
        assert np.array_equal(element["csm"], stored["csm"].astype(np.complex64))
        assert np.array_equal(element["f"], np.float32([1000, 2000]))
        assert element["num"] == 3
        assert element["num"].dtype == np.int32


def test_sources_are_padded_with_zeros_and_masked(path, samples):
    source = AcouPipeHDF5Source(path)
    for index, count in NUM_SOURCES.items():
        element = source[index]
        assert element["num_sources"] == count
        assert element["source_mask"].tolist() == [True] * count + [False] * (4 - count)
        assert np.array_equal(element["loc"][:, :count], samples[index]["loc"].astype(np.float32))
        assert not element["loc"][:, count:].any()
        assert not element["source_strength_analytic"][:, count:].any()


def test_the_specification_names_axes_and_units(path):
    spec = AcouPipeHDF5Source(path).element_spec
    assert spec["loc"] == ArraySpec((3, 4), "float32", ("xyz", "source"), "m")
    assert spec["csm"] == ArraySpec((2, 4, 4), "complex64", ("frequency", "mic", "mic"), "Pa^2")
    assert spec["source_mask"] == ArraySpec((4,), "bool", ("source",))
    assert spec["idx"] == ArraySpec((), "int32", ())
    assert "loc_shape" not in spec


def test_seeds_of_the_validation_split_keep_all_their_bits(path, samples):
    words = AcouPipeHDF5Source(path)[5]["seeds"].astype(np.uint64)
    assert words.shape == (3, 2, 2)
    assert np.array_equal(words[..., 0] + (words[..., 1] << np.uint64(32)), samples[5]["seeds"])


def test_idx_is_acoupipes_number_not_the_position(tmp_path):
    samples = {number: {"loc": np.zeros((3, 1))} for number in (30, 4, 100)}
    source = AcouPipeHDF5Source(write(tmp_path / "subset.h5", samples))
    assert [int(source[index]["idx"]) for index in range(3)] == [4, 30, 100]
    assert source[0]["idx"].dtype == np.int32


def test_other_axes_that_differ_are_padded_and_their_sizes_kept(tmp_path):
    lengths = (5, 8, 2)
    samples = {number: {"time_data": np.ones((length, 2), np.float32)} for number, length in enumerate(lengths)}
    source = AcouPipeHDF5Source(write(tmp_path / "lengths.h5", samples))
    assert source.element_spec["time_data"] == ArraySpec((8, 2), "float32", ("sample", "mic"), "Pa")
    assert "num_sources" not in source.element_spec
    for index, length in enumerate(lengths):
        element = source[index]
        check_element(element, source.element_spec, "element")
        assert element["time_data_shape"].tolist() == [length, 2]
        assert element["time_data"].sum() == 2 * length


def test_unknown_features_and_small_dtypes_are_kept(tmp_path):
    data = {"p2": np.ones((2, 3), np.float16), "valid": True, "level": np.uint8(200), "none": np.empty((0,))}
    source = AcouPipeHDF5Source(write(tmp_path / "own.h5", {0: data}))
    element = source[0]
    check_element(element, source.element_spec, "element")
    assert source.element_spec["p2"] == ArraySpec((2, 3), "float16", ("axis_0", "axis_1"))
    assert (element["valid"].dtype, element["level"].dtype, element["none"].shape) == (bool, np.uint8, (0,))
    assert element["level"] == 200


def test_what_the_file_says_itself_is_not_replaced(tmp_path):
    data = {"loc": np.zeros((3, 2)), "num_sources": 7.5, "idx": 3}
    element = AcouPipeHDF5Source(write(tmp_path / "own.h5", {0: data}))[0]
    assert element["num_sources"] == np.float32(7.5)
    assert element["idx"] == 3


def test_big_endian_files_give_native_numbers(tmp_path):
    data = {"loc": np.arange(6, dtype=">f8").reshape(3, 2), "seeds": np.array([[0, 2**40 + 1]], dtype=">i8")}
    element = AcouPipeHDF5Source(write(tmp_path / "big.h5", {0: data}))[0]
    assert element["loc"].dtype.isnative
    assert np.array_equal(element["loc"], np.arange(6).reshape(3, 2))
    assert element["seeds"].tolist() == [[[0, 0], [1, 256]]]


def test_metadata_are_numbers_text_and_lists(path):
    expected = {"fs": 13720.0, "version": "ds1-v02", "mics": [[1, 1]] * 3, "names": ["a", "b"], "cached": False}
    source = AcouPipeHDF5Source(path)
    assert source.metadata == expected
    assert source.configuration["metadata"] == expected


def test_metadata_that_json_lacks_are_text_in_the_configuration(tmp_path):
    path = write(tmp_path / "data.h5", {0: {"num": 1}}, {"z": [1 + 2j], "gain": np.inf})
    assert AcouPipeHDF5Source(path).metadata == {"z": [1 + 2j], "gain": np.inf}
    assert AcouPipeHDF5Source(path).configuration["metadata"] == {"z": ["(1+2j)"], "gain": "inf"}
    assert AcouPipeHDF5Source(write(tmp_path / "none.h5", {0: {"num": 1}})).metadata == {}


def test_the_representation_identifies_the_content_not_the_place(path, samples, tmp_path):
    copy = tmp_path / "elsewhere.h5"
    shutil.copy(path, copy)
    assert repr(AcouPipeHDF5Source(copy)) == repr(AcouPipeHDF5Source(path))
    samples[5]["num"] = 4
    assert repr(AcouPipeHDF5Source(write(copy, samples))) != repr(AcouPipeHDF5Source(path))
    assert str(tmp_path) not in repr(AcouPipeHDF5Source(path))


def test_threads_and_pickles_read_the_same(path):
    source = AcouPipeHDF5Source(path)
    expected = [source[index] for index in range(12)]
    copy = pickle.loads(pickle.dumps(source))
    with ThreadPoolExecutor(8) as pool:
        for index, element in enumerate(pool.map(copy.__getitem__, list(range(12)) * 10)):
            assert_same(element, expected[index % 12])


def test_indices_outside_are_refused(path):
    source = AcouPipeHDF5Source(path)
    for index in (-1, 12):
        with pytest.raises(RecordIndexError, match="0 to 11"):
            source[index]
    with pytest.raises(ArgumentError):
        source["0"]


def test_samples_load_in_shuffled_batches_and_workers(path):
    source = AcouPipeHDF5Source(path)
    for num_workers in (0, 1):
        iterator = iter(apg.make_loader(source, 4, seed=9, num_workers=num_workers))
        batches = list(iterator)
        iterator.close()
        order = np.concatenate([batch["idx"] for batch in batches])
        assert sorted(order) == list(range(12))
        loc = np.concatenate([batch["loc"] for batch in batches])
        assert np.array_equal(loc, np.stack([source[int(index)]["loc"] for index in order]))


def test_exported_samples_are_the_same(path, tmp_path):
    source = AcouPipeHDF5Source(path)
    apg.export(source, tmp_path / "records", num_workers=0, progress=False)
    stored = apg.ArrayRecordSource(tmp_path / "records")
    assert stored.element_spec == source.element_spec
    assert stored.configuration["source"] == source.configuration
    for index in range(12):
        assert_same(stored[index], source[index])


def damaged(samples, number, **changes):
    """Return the samples with other values in one of them; None removes a feature."""
    data = {name: value for name, value in (samples[number] | changes).items() if value is not None}
    return samples | {number: data}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"csm": None}, "group 7: lacks csm, which group 0 has"),
        ({"extra": 1.0}, "group 7: has extra, which group 0 lacks"),
        ({"csm": np.zeros((2, 4, 4))}, "group 7, 'csm': has dtype float64 .* in group 0 it has complex128"),
        ({"num": [3]}, "group 7, 'num': has dtype int64 and 1 axes, in group 0 it has int64 and 0"),
        ({"source_strength_analytic": np.zeros((2, 9))}, "group 7: its features have different numbers of sources"),
        ({"num": "three"}, "group 7, 'num': holds no numbers"),
        ({"num": np.longdouble(3)}, "group 7, 'num': holds no numbers of at most 64 bits"),
        ({"num": h5py.Empty("f8")}, "group 7, 'num': holds no numbers"),
    ],
)
def test_samples_that_differ_are_named(tmp_path, samples, changes, message):
    path = write(tmp_path / "data.h5", damaged(samples, 7, **changes))
    with pytest.raises(DataError, match=message) as raised:
        AcouPipeHDF5Source(path)
    assert str(path) in str(raised.value)


def test_groups_within_samples_are_named(path):
    with h5py.File(path, "a") as file:
        file.create_group("7/nested")
    with pytest.raises(DataError, match="group 7, 'nested': is no data set"):
        AcouPipeHDF5Source(path)


def test_numbers_that_do_not_fit_are_named_when_read(tmp_path, samples):
    source = AcouPipeHDF5Source(write(tmp_path / "data.h5", damaged(samples, 7, num=2**40)))
    assert source[6]["num"] == 3
    with pytest.raises(DataError, match="group 7: 'num': 1099511627776 does not fit"):
        source[7]


@pytest.mark.parametrize("name", ["samples", "-1", "007", str(2**31)])
def test_files_of_another_layout_are_refused(path, name):
    with h5py.File(path, "a") as file:
        file.create_group(name)
    with pytest.raises(DataError, match=f"holds '{name}' besides numbered groups"):
        AcouPipeHDF5Source(path)


def test_data_sets_in_the_place_of_samples_are_refused(path):
    with h5py.File(path, "a") as file:
        file["12"] = np.zeros(3)
    with pytest.raises(DataError, match="group 12: is no group"):
        AcouPipeHDF5Source(path)


def test_files_without_samples_are_refused(tmp_path):
    with pytest.raises(DataError, match="holds no samples"):
        AcouPipeHDF5Source(write(tmp_path / "empty.h5", {}, {"fs": 1.0}))


def test_metadata_that_are_no_numbers_or_text_are_refused(path):
    with h5py.File(path, "a") as file:
        file.create_group("metadata/nested")
    with pytest.raises(DataError, match="'metadata': is no group of numbers and text"):
        AcouPipeHDF5Source(path)


def test_files_that_are_no_hdf5_are_refused(path, tmp_path):
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    (tmp_path / "text.h5").write_text("text")
    for name in ("data.h5", "text.h5", "nowhere.h5", "."):
        with pytest.raises(DataError, match="cannot be opened as an HDF5 file"):
            AcouPipeHDF5Source(tmp_path / name)


def test_a_file_that_changed_since_is_refused(path, samples):
    pickled = pickle.dumps(AcouPipeHDF5Source(path))
    write(path, samples | {12: sample(12, 2)})
    with pytest.raises(DataError, match="make the source anew"):
        pickle.loads(pickled)[0]


def test_samples_that_cannot_be_read_are_named(path):
    pickled = pickle.dumps(AcouPipeHDF5Source(path))
    with h5py.File(path) as file:
        header = h5py.h5o.get_info(file["7/csm"].id).addr
    content = bytearray(path.read_bytes())
    content[header : header + 64] = bytes(64)
    path.write_bytes(content)
    source = pickle.loads(pickled)
    assert source[6]["idx"] == 6
    with pytest.raises(DataError, match=r"data\.h5, group 7: 'csm': cannot be read"):
        source[7]
