import struct

import numpy as np
import pytest
import soundfile
from scipy.io import wavfile

from acoupipe_grain.errors import ArgumentError, DataError
from acoupipe_grain.files.mapped import MappedMatrices
from acoupipe_grain.files.wav import read_wav, wav_matrix, write_wav


def sound(num_samples=500, num_channels=2, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, (num_samples, num_channels)).astype(np.float32)


@pytest.mark.parametrize("num_channels", [1, 2, 5])
@pytest.mark.parametrize(
    ("dtype", "full_scale"), [("int16", 2.0**15), ("int32", 2.0**31), ("float32", 1.0)], ids=["int16", "int32", "float"]
)
def test_sound_is_what_scipy_reads_with_full_scale_1_in_float32(tmp_path, dtype, full_scale, num_channels):
    written = (sound(num_channels=num_channels) * (full_scale * 0.99)).astype(dtype)
    wavfile.write(tmp_path / "a.wav", 8000, written[:, 0] if num_channels == 1 else written)
    sample_rate, found = read_wav(tmp_path / "a.wav")
    assert (sample_rate, found.dtype) == (8000, np.float32)
    expected = wavfile.read(tmp_path / "a.wav")[1].astype(np.float32) / np.float32(full_scale)
    assert found.shape == expected.shape == ((500,) if num_channels == 1 else (500, num_channels))
    np.testing.assert_array_equal(found, expected)
    assert found.flags.c_contiguous


@pytest.mark.parametrize(("encoding", "bits"), [("int16", 16), ("int32", 32)])
def test_written_integers_are_rounded_and_clipped(tmp_path, encoding, bits):
    scale = 2.0 ** (bits - 1)
    given = np.array([0.0, 1.4, 1.6, -1.4, -1.6, scale - 1, scale, 2 * scale, -scale, -2 * scale]) / scale
    write_wav(given, tmp_path / "a.wav", 16_000, encoding=encoding)
    expected = [0, 1, 2, -1, -2, scale - 1, scale - 1, scale - 1, -scale, -scale]
    sample_rate, found = wavfile.read(tmp_path / "a.wav")
    assert sample_rate == 16_000
    assert found.dtype == np.dtype(encoding)
    assert found.tolist() == expected


@pytest.mark.parametrize(("encoding", "error"), [("int16", 2.0**-16), ("int32", 2.0**-24), ("float32", 0)])
@pytest.mark.parametrize("shape", [(500,), (500, 3)])
def test_what_was_written_is_read(tmp_path, encoding, error, shape):
    """Within half a step of the integers, or of float32 below 1."""
    given = sound(num_channels=3)[:, 0] if len(shape) == 1 else sound(num_channels=3)
    write_wav(0.99 * given, tmp_path / "a.wav", 44_100, encoding=encoding)
    sample_rate, found = read_wav(tmp_path / "a.wav")
    assert sample_rate == 44_100
    assert np.abs(found - np.float32(0.99) * given).max() <= error
    assert found.shape == shape


def test_another_library_reads_the_same(tmp_path):
    write_wav(0.99 * sound(), tmp_path / "a.wav", 8000)
    found, sample_rate = soundfile.read(tmp_path / "a.wav", dtype="float32")
    assert sample_rate == 8000
    np.testing.assert_array_equal(found, read_wav(tmp_path / "a.wav")[1])


def test_chunks_around_the_sound_are_passed_over(tmp_path):
    """Before it a chunk of odd length and the extensible format, after it text."""
    samples = np.arange(-4, 4, dtype="<i2")
    guid = struct.pack("<IHH", 1, 0, 16) + bytes.fromhex("800000aa00389b71")
    described = struct.pack("<HHIIHHHHI", 0xFFFE, 2, 8000, 32_000, 4, 16, 22, 16, 3) + guid
    chunks = b"".join(
        name + struct.pack("<I", len(data)) + data + bytes(len(data) % 2)
        for name, data in (
            (b"abcd", b"odd"),
            (b"fmt ", described),
            (b"data", samples.tobytes()),
            (b"LIST", b"INFOISFT\x04\x00\x00\x00text"),
        )
    )
    (tmp_path / "a.wav").write_bytes(b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks)
    sample_rate, found = read_wav(tmp_path / "a.wav")
    assert sample_rate == 8000
    np.testing.assert_array_equal(found * 2.0**15, samples.reshape(4, 2))


def test_big_endian_files_are_read(tmp_path):
    soundfile.write(tmp_path / "a.wav", 0.9 * sound(), 8000, "PCM_16", endian="BIG")
    assert (tmp_path / "a.wav").read_bytes()[:4] == b"RIFX"
    np.testing.assert_array_equal(
        read_wav(tmp_path / "a.wav")[1], soundfile.read(tmp_path / "a.wav", dtype="float32")[0]
    )


@pytest.mark.parametrize("dtype", ["int16", "int32", "float32"])
@pytest.mark.parametrize("num_channels", [1, 3])
def test_any_samples_are_read_without_the_others(tmp_path, dtype, num_channels):
    write_wav(0.9 * sound(num_channels=num_channels), tmp_path / "a.wav", 8000, encoding=dtype)
    _, matrix = wav_matrix(tmp_path / "a.wav")
    assert (matrix.num_rows, matrix.num_columns) == (500, num_channels)
    whole = read_wav(tmp_path / "a.wav")[1].reshape(500, num_channels)
    rows = MappedMatrices([matrix])
    np.testing.assert_array_equal(rows.read(0, 17, 44), whole[17:44])
    target = np.empty((num_channels, 27), np.float32)
    rows.write(0, 17, target.T)
    np.testing.assert_array_equal(target, whole[17:44].T)


@pytest.mark.parametrize("encoding", ["PCM_24", "PCM_U8", "DOUBLE", "ULAW"])
def test_other_encodings_are_refused_with_a_remedy(tmp_path, encoding):
    soundfile.write(tmp_path / "a.wav", sound(), 8000, encoding)
    with pytest.raises(DataError, match=r"a\.wav: .*Convert it, or read it with SegmentSource"):
        read_wav(tmp_path / "a.wav")


def test_files_that_are_missing_empty_or_no_wav_are_refused(tmp_path):
    with pytest.raises(DataError, match=r"no\.wav: cannot be read \(No such file"):
        read_wav(tmp_path / "no.wav")
    for content in (b"", b"RIFF", b"not a WAV file at all, but long enough to hold a header" * 3):
        (tmp_path / "a.wav").write_bytes(content)
        with pytest.raises(DataError, match=r"a\.wav: is damaged, or it is no WAV file"):
            read_wav(tmp_path / "a.wav")
    wavfile.write(tmp_path / "a.wav", 8000, np.zeros(0, np.int16))
    with pytest.raises(DataError, match=r"a\.wav"):
        read_wav(tmp_path / "a.wav")


@pytest.mark.parametrize("num_bytes", [20, 43, 44, 46, 400, 1043])
def test_a_file_that_is_cut_off_is_refused_wherever_that_is(tmp_path, num_bytes):
    write_wav(0.9 * sound(250), tmp_path / "a.wav", 8000)
    content = (tmp_path / "a.wav").read_bytes()
    assert len(content) == 44 + 1000
    (tmp_path / "a.wav").write_bytes(content[:num_bytes])
    # Wherever the header is whole, it is the length that does not fit.
    expected = "is cut off, or its header does not tell its length" if num_bytes > 46 else ""
    with pytest.raises(DataError, match=rf"a\.wav: .*{expected}"):
        read_wav(tmp_path / "a.wav")


def test_what_a_header_cannot_say_is_refused(tmp_path):
    with pytest.raises(ArgumentError, match="is more than the header of a WAV file can say"):
        write_wav(np.zeros((1, 70_000)), tmp_path / "a.wav", 8000)
    with pytest.raises(ArgumentError, match="expected finite floating-point numbers"):
        write_wav(np.array([1e39]), tmp_path / "a.wav", 8000, encoding="float32")
    with pytest.raises(ArgumentError, match="unknown encoding"):
        write_wav(np.zeros(3), tmp_path / "a.wav", 8000, encoding=["int16"])
    assert not list(tmp_path.glob("*.wav"))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_numbers_that_are_not_finite_are_named_with_their_place(tmp_path, value):
    array = sound()
    array[123, 1] = value
    wavfile.write(tmp_path / "a.wav", 8000, array)
    with pytest.raises(DataError, match=rf"a\.wav: holds {value} in row 123, column 1"):
        read_wav(tmp_path / "a.wav")


@pytest.mark.parametrize(
    "array",
    [np.zeros((0, 2)), np.zeros((2, 2, 2)), np.zeros(5, int), np.array([0, np.nan])],
    ids=["empty", "three axes", "integers", "nan"],
)
def test_what_is_no_sound_is_not_written(tmp_path, array):
    with pytest.raises(ArgumentError, match="array: has the shape .* finite floating-point numbers"):
        write_wav(array, tmp_path / "a.wav", 8000)
    assert not (tmp_path / "a.wav").exists()


def test_unknown_encodings_and_sample_rates_are_refused(tmp_path):
    with pytest.raises(ArgumentError, match=r"unknown encoding 'int8'.* float32, int16, int32"):
        write_wav(sound(), tmp_path / "a.wav", 8000, encoding="int8")
    for sample_rate in (0, 8000.0, 10**8):
        with pytest.raises(ArgumentError, match="sample_rate="):
            write_wav(sound(), tmp_path / "a.wav", sample_rate)
