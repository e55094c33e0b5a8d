import os
import pickle
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from acoupipe_grain.array.responses import ImpulseResponses, write_hdf5
from acoupipe_grain.errors import ArgumentError, DataError, ExportError

h5py = pytest.importorskip("h5py")

STORAGES = {
    "contiguous": {},
    "chunks": {"chunks": (2, 5, 11)},
    "compressed": {"chunks": (1, 5, 11), "compression": "gzip"},
}


def is_mapped(responses):
    return responses.stored.array.offset is not None


@pytest.mark.parametrize("storage", STORAGES)
@pytest.mark.parametrize("dtype", ["<f4", ">f4", "<f8", "<f2"])
def test_a_file_in_any_storage_is_read_as_it_was_written(write_miracle, numbers, storage, dtype):
    stored = numbers.responses.astype(dtype)
    loaded = ImpulseResponses.load(write_miracle(storage=STORAGES[storage], data__impulse_response=stored))
    assert is_mapped(loaded) == (storage == "contiguous")
    read = loaded.read([5, 1])
    assert read.flags.c_contiguous
    assert read.dtype == np.float32
    np.testing.assert_array_equal(read, stored[[5, 1]].astype(np.float32))
    np.testing.assert_array_equal(loaded.source_positions, numbers.source_positions)
    np.testing.assert_array_equal(loaded.mic_positions, numbers.mic_positions)
    assert (loaded.sample_rate, loaded.speed_of_sound) == (16000.0, 344.5)
    assert loaded.name == "file-names-mean-nothing"


def test_every_storage_and_arrays_have_the_same_fingerprint(write_miracle, numbers):
    of_arrays = ImpulseResponses.from_arrays(*numbers.arrays, **numbers.medium)
    for name, storage in STORAGES.items():
        assert ImpulseResponses.load(write_miracle(name, storage=storage)) == of_arrays


def test_a_file_with_a_user_block_is_mapped_where_its_numbers_are(write_miracle, numbers):
    loaded = ImpulseResponses.load(write_miracle(userblock_size=1024))
    assert is_mapped(loaded)
    np.testing.assert_array_equal(loaded.read(range(7)), numbers.responses)


def test_axes_of_length_one_at_the_end_are_passed_over(write_miracle, numbers):
    path = write_miracle(
        data__impulse_response=numbers.responses[..., None], data__location__receiver=numbers.mic_positions.T[..., None]
    )
    np.testing.assert_array_equal(ImpulseResponses.load(path).read([3]), numbers.responses[[3]])


def test_the_speed_of_sound_is_the_mean_over_the_sources(write_miracle):
    path = write_miracle(metadata__c0=np.array([343, 344, 345, 346, 347, 348, 349], dtype=np.float32))
    assert ImpulseResponses.load(path).speed_of_sound == 346.0


def test_a_file_without_sampling_rate_has_32_khz(write_miracle):
    path = write_miracle(metadata__sampling_rate=None)
    assert ImpulseResponses.load(path).sample_rate == 32000.0
    assert ImpulseResponses.load(path, sample_rate=8000).sample_rate == 8000.0


@pytest.mark.parametrize("storage", STORAGES)
def test_threads_and_pickles_read_the_same(write_miracle, numbers, storage):
    loaded = ImpulseResponses.load(write_miracle(storage=STORAGES[storage]))
    loaded.read([0])  # opened
    again = pickle.loads(pickle.dumps(loaded))
    assert len(pickle.dumps(loaded)) < 4000
    for responses in (loaded, again):
        with ThreadPoolExecutor(4) as pool:
            for index, read in enumerate(pool.map(responses.read, [[index % 7] for index in range(50)])):
                np.testing.assert_array_equal(read[0], numbers.responses[index % 7])


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux how much memory was taken")
@pytest.mark.parametrize("compress", [False, True])
def test_memory_does_not_grow_with_the_file(tmp_path, compress):
    path = tmp_path / "large.h5"
    shape = (1500, 64, 1024)  # 393 MB
    with h5py.File(path, "w") as file:
        options = {"chunks": (1, 64, 1024), "compression": "lzf"} if compress else {}
        responses = file.create_dataset("data/impulse_response", shape, "f4", **options)
        for start in range(0, shape[0], 100):
            responses[start : start + 100] = np.full((100, *shape[1:]), start + 1, dtype=np.float32)
        file["data/location/source"] = np.random.default_rng(1).random((shape[0], 3))
        file["data/location/receiver"] = np.random.default_rng(2).random((shape[1], 3))
        file["metadata/c0"] = 343.0
    code = f"""
        import resource, sys
        from acoupipe_grain.array.responses import ImpulseResponses
        import h5py
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        responses = ImpulseResponses.load({str(path)!r})
        responses.read([3, 1400])
        responses.fingerprint
        print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
    """
    run = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True)
    assert int(run.stdout) < 120  # MB


@pytest.mark.parametrize("compress", [False, True])
def test_what_is_written_is_read_again(tmp_path, numbers, compress):
    responses = ImpulseResponses.from_arrays(*numbers.arrays, **numbers.medium)
    path = tmp_path / "folder" / "mine.h5"
    write_hdf5(path, responses, compress=compress)
    loaded = ImpulseResponses.load(path)
    assert loaded == responses
    assert loaded.name == "mine"
    assert [file.name for file in path.parent.iterdir()] == ["mine.h5"]
    with h5py.File(path) as file:
        assert file["data/impulse_response"].dtype == np.float32
        assert file["data/impulse_response"].shape == (7, 5, 11)
        assert file["data/location/source"].shape == (7, 3)
        assert file["data/location/receiver"].shape == (5, 3)
        assert (file["metadata/c0"][()], file["metadata/sampling_rate"][()]) == (344.5, 16000.0)


def test_nothing_is_overwritten(tmp_path, numbers):
    responses = ImpulseResponses.from_arrays(*numbers.arrays, **numbers.medium)
    path = tmp_path / "mine.h5"
    path.write_text("precious")
    with pytest.raises(ExportError, match="exists, and nothing is overwritten"):
        write_hdf5(path, responses)
    assert path.read_text() == "precious"


def test_a_file_that_is_being_written_is_left_alone(tmp_path, numbers):
    responses = ImpulseResponses.from_arrays(*numbers.arrays, **numbers.medium)
    (tmp_path / "mine.h5.partial").write_text("another process")
    with pytest.raises(ExportError, match=r"mine.h5.partial: being written by another process"):
        write_hdf5(tmp_path / "mine.h5", responses)
    assert (tmp_path / "mine.h5.partial").read_text() == "another process"


def test_an_interrupted_file_leaves_nothing(tmp_path, write_miracle, numbers):
    numbers.responses[2, 0, 0] = np.nan
    broken = ImpulseResponses.load(write_miracle())
    with pytest.raises(DataError, match="source 2"):
        write_hdf5(tmp_path / "mine.h5", broken)
    assert not list(tmp_path.glob("mine*"))


def test_only_responses_are_written(tmp_path):
    with pytest.raises(ArgumentError, match="responses=ndarray: expected ImpulseResponses"):
        write_hdf5(tmp_path / "mine.h5", np.zeros(3))


def test_a_missing_file_is_an_error_that_names_the_nearest(write_miracle, tmp_path):
    write_miracle("A1.h5")
    with pytest.raises(ArgumentError, match=r"path: .*there is no such file or folder; did you mean .*A1\.h5"):
        ImpulseResponses.load(tmp_path / "A1.hdf5")


def test_a_folder_with_several_files_is_refused(write_miracle, tmp_path):
    write_miracle("A1.h5")
    write_miracle("A2.h5")
    with pytest.raises(ArgumentError, match=r"means 2 files; expected one, such as .*A1\.h5"):
        ImpulseResponses.load(tmp_path)


@pytest.mark.parametrize("path", [3, None, ""])
def test_what_is_no_path_is_refused(path):
    with pytest.raises(ArgumentError, match=f"path={path!r}: expected the path of a file"):
        ImpulseResponses.load(path)


def test_an_unknown_layout_is_refused(write_miracle):
    with pytest.raises(ArgumentError, match="unknown layout 'hdf'; did you mean 'hdf5'"):
        ImpulseResponses.load(write_miracle(), layout="hdf")


@pytest.mark.parametrize("content", [b"", b"RIFF....WAVE"])
def test_files_of_other_kinds_are_refused(tmp_path, content):
    path = tmp_path / "A1.h5"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"A1\.h5: is neither an HDF5 nor a SOFA nor an \.npz file"):
        ImpulseResponses.load(path)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_truncated_file_is_refused(write_miracle, share):
    path = write_miracle()
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(DataError, match="file-names-mean-nothing: cannot be read, it is damaged"):
        ImpulseResponses.load(path)


@pytest.mark.parametrize("storage", STORAGES)
@pytest.mark.parametrize("keep", [0, 300])
def test_a_file_that_is_cut_after_loading_is_refused(write_miracle, storage, keep):
    path = write_miracle(storage=STORAGES[storage])
    loaded = ImpulseResponses.load(path)
    size = path.stat().st_size
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(DataError, match=f"has {keep} bytes, and had {size} when it was loaded; load it anew"):
        loaded.read([0])


def test_a_file_that_is_gone_is_an_error(write_miracle):
    path = write_miracle()
    loaded = ImpulseResponses.load(path)
    path.unlink()
    with pytest.raises(DataError, match="cannot be read"):
        loaded.read([0])


def test_a_damaged_chunk_is_an_error(write_miracle):
    path = write_miracle(storage=STORAGES["compressed"] | {"fletcher32": True})
    loaded = ImpulseResponses.load(path)
    with h5py.File(path) as file:
        chunk = file["data/impulse_response"].id.get_chunk_info(2)
    content = bytearray(path.read_bytes())
    content[chunk.byte_offset + chunk.size // 2] ^= 0xFF
    written = path.stat()
    path.write_bytes(content)
    os.utime(path, ns=(written.st_atime_ns, written.st_mtime_ns))  # a disk's fault, and nobody's writing
    with pytest.raises(DataError, match="/data/impulse_response cannot be read"):
        loaded.read([2])


def test_a_file_written_anew_is_no_longer_the_same(write_miracle):
    path = write_miracle()
    stored = pickle.dumps(ImpulseResponses.load(path))
    path.write_bytes(path.read_bytes())
    os.utime(path, ns=(1, 1))
    with pytest.raises(DataError, match="was written anew since it was loaded"):
        pickle.loads(stored).read([0])


@pytest.mark.parametrize("name", ["data/impulse_response", "data/location/source", "data/location/receiver"])
def test_a_missing_data_set_is_named(write_miracle, name):
    with pytest.raises(DataError, match=f"there is no data set {name}; expected data/impulse_response, "):
        ImpulseResponses.load(write_miracle(**{name.replace("/", "__"): None}))


@pytest.mark.parametrize("name", ["data/impulse_response", "data/location/source", "data/location/receiver"])
@pytest.mark.parametrize("dtype", [np.int32, np.complex64])
def test_data_sets_of_other_numbers_are_refused(write_miracle, name, dtype):
    path = write_miracle(**{name.replace("/", "__"): np.ones((7, 5, 3), dtype=dtype)})
    with pytest.raises(DataError, match=f"{name} holds {np.dtype(dtype)}; expected real floating-point numbers"):
        ImpulseResponses.load(path)


@pytest.mark.parametrize(
    ("name", "shape", "message"),
    [
        ("data/impulse_response", (7, 55), "expected 3 axes"),
        ("data/impulse_response", (7, 5, 11, 2), "expected 3 axes"),
        ("data/location/source", (21,), "expected 2 axes"),
        ("data/location/source", (7, 2), r"expected \(number of positions, 3\)"),
        ("data/location/receiver", (3, 5), r"expected \(number of positions, 3\)"),
        ("data/impulse_response", (6, 5, 11), r"data/location/source \(7, 3\)"),
        ("data/location/receiver", (4, 3), r"data/location/receiver \(4, 3\)"),
    ],
)
def test_shapes_that_disagree_are_named(write_miracle, name, shape, message):
    path = write_miracle(**{name.replace("/", "__"): np.random.default_rng(4).random(shape)})
    with pytest.raises(DataError, match=f"(?s){name}.*has shape|.*{message}") as raised:
        ImpulseResponses.load(path)
    assert str(shape) in str(raised.value)


def test_a_missing_speed_of_sound_is_asked_for(write_miracle):
    path = write_miracle(metadata__c0=None)
    with pytest.raises(ArgumentError, match="states no speed of sound; give speed_of_sound in m/s"):
        ImpulseResponses.load(path)
    assert ImpulseResponses.load(path, speed_of_sound=340).speed_of_sound == 340.0


@pytest.mark.parametrize("value", [0.0, -343.0, np.nan, np.array([343.0] * 6 + [np.inf]), b"fast"])
def test_a_speed_of_sound_that_is_none_is_refused(write_miracle, value):
    with pytest.raises(DataError, match="metadata/c0 is .*expected a finite number greater than 0 in m/s"):
        ImpulseResponses.load(write_miracle(metadata__c0=value))


@pytest.mark.parametrize("name", ["c0", "sampling_rate"])
def test_metadata_of_another_size_are_refused(write_miracle, name):
    path = write_miracle(**{f"metadata__{name}": np.full(6, 343.0)})
    with pytest.raises(DataError, match=rf"metadata/{name} has shape \(6,\); expected 1"):
        ImpulseResponses.load(path)


def test_another_sampling_rate_than_the_files_is_refused(write_miracle):
    path = write_miracle()
    with pytest.raises(ArgumentError, match=r"sample_rate=32000\.0: .* has a sampling rate of 16000\.0 Hz"):
        ImpulseResponses.load(path, sample_rate=32000)
    assert ImpulseResponses.load(path, sample_rate=16000).sample_rate == 16000.0


def test_another_speed_of_sound_than_the_files_is_refused(write_miracle):
    path = write_miracle()
    with pytest.raises(ArgumentError, match=r"speed_of_sound=340\.0: .* has a speed of sound of 344\.5 m/s"):
        ImpulseResponses.load(path, speed_of_sound=340)
    assert ImpulseResponses.load(path, speed_of_sound=344.55).speed_of_sound == 344.55


@pytest.mark.parametrize("name", ["sample_rate", "speed_of_sound"])
def test_arguments_out_of_range_are_refused(write_miracle, name):
    path = write_miracle(metadata__c0=None, metadata__sampling_rate=None)
    with pytest.raises(ArgumentError, match=f"{name}=0: expected a finite number"):
        ImpulseResponses.load(path, **{"speed_of_sound": 343, name: 0})


def test_an_empty_grid_in_a_file_is_refused(write_miracle):
    path = write_miracle(data__impulse_response=np.empty((0, 5, 11)), data__location__source=np.empty((0, 3)))
    with pytest.raises(DataError, match="file-names-mean-nothing: source_positions: there are no sources"):
        ImpulseResponses.load(path)


def test_two_sources_of_a_file_at_one_place_are_refused(write_miracle, numbers):
    numbers.source_positions[:, 5] = numbers.source_positions[:, 0]
    with pytest.raises(DataError, match="file-names-mean-nothing: source_positions: sources 0 and 5 are both at"):
        ImpulseResponses.load(write_miracle())


@pytest.mark.parametrize("storage", STORAGES)
def test_responses_of_a_file_that_are_not_finite_are_named_when_they_are_read(write_miracle, numbers, storage):
    numbers.responses[4, 3, 10] = np.inf
    loaded = ImpulseResponses.load(write_miracle(storage=STORAGES[storage]))
    np.testing.assert_array_equal(loaded.read([5, 3]), numbers.responses[[5, 3]])
    message = "file-names-mean-nothing: the response of source 4 to microphone 3 is inf at tap 10"
    with pytest.raises(DataError, match=message):
        loaded.read([5, 4])
    with pytest.raises(DataError, match=message):
        _ = loaded.fingerprint


def test_numbers_of_a_file_too_large_for_single_precision_are_named(write_miracle, numbers):
    too_large = numbers.responses.astype(np.float64)
    too_large[1, 0, 0] = -1e39
    loaded = ImpulseResponses.load(write_miracle(data__impulse_response=too_large))
    with pytest.raises(DataError, match="source 1 to microphone 0 is -inf at tap 0"):
        loaded.read([1])


def test_without_h5py_it_is_said_how_to_install_it(write_miracle, monkeypatch):
    path = write_miracle()
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(ArgumentError, match=r"need the package h5py: pip install 'acoupipe-grain\[hdf5\]'"):
        ImpulseResponses.load(path)
