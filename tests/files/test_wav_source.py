import json
import pickle
import shutil
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from scipy.io import wavfile

from acoupipe_grain.errors import ArgumentError, DataError, RecordIndexError
from acoupipe_grain.files.wav import read_wav, write_wav
from acoupipe_grain.files.wav_source import WavSource
from acoupipe_grain.specs import check_element, require_source

NUM_SAMPLES = {"a.wav": 1000, "b/c.WAV": 400, "b/d.wav": 800}


def sound(name, num_channels=2):
    rng = np.random.default_rng(list(name.encode()))
    return rng.uniform(-0.9, 0.9, (NUM_SAMPLES[name], num_channels))


@pytest.fixture(params=["int16", "int32", "float32"])
def folder(tmp_path, request):
    folder = tmp_path / "sounds"
    (folder / "b").mkdir(parents=True)
    for name in NUM_SAMPLES:
        write_wav(sound(name), folder / name, 8000, encoding=request.param)
    return folder


@pytest.fixture
def mono(tmp_path):
    folder = tmp_path / "mono"
    (folder / "b").mkdir(parents=True)
    for name in NUM_SAMPLES:
        write_wav(sound(name)[:, 0], folder / name, 8000)
    return folder


def same(one, other):
    return one.keys() == other.keys() and all(
        one[key].dtype == other[key].dtype and np.array_equal(one[key], other[key]) for key in one
    )


def test_records_are_the_samples_that_they_say(folder):
    source = require_source(WavSource(folder, num_samples=400))
    assert (len(source), source.num_channels, source.sample_rate) == (3 + 1 + 2, 2, 8000)
    assert source.tables == {"files": ["a.wav", "b/c.WAV", "b/d.wav"]}
    assert source.element_spec["audio"].shape == (2, None)
    assert source.element_spec["audio"].axes == ("channel", "sample")
    assert source.element_spec["sample_rate"].unit == "Hz"
    for index, num_samples in enumerate([400, 400, 200, 400, 400, 400]):
        element = source[index]
        check_element(element, source.element_spec, f"record {index}")
        assert (element["idx"], element["sample_rate"]) == (index, 8000)
        first = int(element["first_sample"])
        whole = read_wav(folder / source.tables["files"][element["file_index"]])[1]
        np.testing.assert_array_equal(element["audio"], whole[first : first + num_samples].T)
        assert element["audio"].flags.c_contiguous
        assert source.lengths["sample"][index] == num_samples


def test_one_channel_is_an_axis_of_its_own(mono):
    source = WavSource(mono)
    for index, name in enumerate(NUM_SAMPLES):
        assert source[index]["audio"].shape == (1, NUM_SAMPLES[name])
        np.testing.assert_array_equal(source[index]["audio"][0], read_wav(mono / name)[1])
    assert source.lengths["sample"].tolist() == [1000, 400, 800]


def test_batches_are_stacked_records(folder):
    source = WavSource(folder, num_samples=400, min_samples=400)
    assert source.element_spec["audio"].shape == (2, 400)
    assert source.lengths["sample"].tolist() == [400] * 5
    assert (source.chunks.num_left_out, source.chunks.rows_left_out) == (1, 200)
    batch = source.batch([4, 0, 0, 2])
    assert batch.keys() == source.element_spec.keys()
    for name, array in batch.items():
        stacked = np.stack([source[index][name] for index in (4, 0, 0, 2)])
        np.testing.assert_array_equal(array, stacked)
        assert array.dtype == stacked.dtype
        assert array.flags.c_contiguous
    with pytest.raises(RecordIndexError):
        source.batch([5])


def test_records_of_different_lengths_have_no_batch(mono):
    assert not hasattr(WavSource(mono), "batch")


def test_files_of_other_sample_rates_or_numbers_of_channels_are_refused(mono):
    write_wav(sound("a.wav")[:, 0], mono / "b/c.WAV", 16_000)
    with pytest.raises(
        ArgumentError, match=r"files: .*a\.wav has 8000 Hz, .*c\.WAV 16000 Hz; all must have the same .*SegmentSource"
    ):
        WavSource(mono)
    write_wav(sound("a.wav"), mono / "b/c.WAV", 8000)
    with pytest.raises(ArgumentError, match=r"files: .*a\.wav has 1 channels, .*c\.WAV 2; all must .*mono=True"):
        WavSource(mono)


def test_sample_rates_that_no_sound_has_are_refused(mono):
    content = bytearray((mono / "a.wav").read_bytes())
    content[24:32] = bytes(8)
    (mono / "a.wav").write_bytes(content)
    with pytest.raises(DataError, match=r"a\.wav: its header says 0 Hz, expected 1 \.\.\. 10000000; repair"):
        WavSource(mono)


def test_numbers_that_are_not_finite_are_named_with_file_and_place(tmp_path):
    array = sound("a.wav").astype(np.float32)
    array[500, 1] = np.nan
    wavfile.write(tmp_path / "a.wav", 8000, array)
    source = WavSource(tmp_path / "a.wav", num_samples=400, min_samples=400)
    for read in (lambda: source[1], lambda: source.batch([0, 1])):
        with pytest.raises(DataError, match=r"a\.wav: holds nan in row 500, column 1"):
            read()
    assert np.isfinite(source[0]["audio"]).all()


def test_the_content_identifies_the_source_and_not_the_place(mono, tmp_path):
    one = WavSource(mono, num_samples=400)
    shutil.copytree(mono, tmp_path / "elsewhere")
    assert repr(WavSource(tmp_path / "elsewhere", num_samples=400)) == repr(one)
    assert str(tmp_path) not in repr(one)
    write_wav(-sound("a.wav")[:, 0], tmp_path / "elsewhere/a.wav", 8000)
    assert repr(WavSource(tmp_path / "elsewhere", num_samples=400)) != repr(one)
    assert repr(WavSource(mono, num_samples=401)) != repr(one)


def test_the_same_configuration_gives_the_same_source(mono):
    source = WavSource([str(mono)], extensions=[".WAV"], num_samples=300, min_samples=200)
    again = WavSource(**json.loads(json.dumps(source.configuration))["arguments"])
    assert again == source
    assert all(same(source[index], again[index]) for index in range(len(source)))


def test_threads_and_pickled_copies_read_the_same(mono):
    source = WavSource(mono, num_samples=100)
    copy = pickle.loads(pickle.dumps(source))
    assert repr(copy) == repr(source)
    indices = np.random.default_rng(0).integers(0, len(source), 200).tolist()
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(copy.__getitem__, indices))
    assert all(same(element, source[index]) for index, element in zip(indices, found, strict=True))


def test_errors_name_argument_value_and_remedy(mono):
    with pytest.raises(ArgumentError, match=r"min_samples=500: no chunk is left, with num_samples=400 .*smaller min_"):
        WavSource(mono, num_samples=400, min_samples=500)
    for arguments in ({"num_samples": 0}, {"num_samples": 1.5}, {"min_samples": 0}, {"extensions": []}):
        with pytest.raises(ArgumentError, match=next(iter(arguments))):
            WavSource(mono, **arguments)
    with pytest.raises(RecordIndexError, match="index=-1: expected an integer from 0 to 2"):
        WavSource(mono)[-1]
    (mono / "a.wav").write_bytes((mono / "a.wav").read_bytes()[:-10])
    with pytest.raises(DataError, match=r"a\.wav"):
        WavSource(mono)
