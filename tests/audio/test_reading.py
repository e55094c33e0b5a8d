import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import soundfile
import soxr
from recordings import noise, sine, write

from acoupipe_grain.audio.files import BrokenFileError, read_header
from acoupipe_grain.audio.reading import num_samples_at, read_excerpt
from acoupipe_grain.errors import DataError
from acoupipe_grain.file_patterns import FoundFile

RATES = [(44_100, 48_000), (48_000, 44_100), (44_100, 16_000), (16_000, 44_100), (48_000, 8000), (8000, 8001)]


def header(path):
    return read_header(FoundFile(str(path), path.name))


def test_an_excerpt_begins_and_ends_where_it_should(ramp):
    file = header(ramp)
    for start in (0, 1, 4095, 15_000):
        excerpt = read_excerpt(file, start, 1000, 8000, mono=False)
        expected = np.arange(start, start + 1000) / 32_768
        assert excerpt.dtype == np.float32
        assert excerpt.flags.c_contiguous
        np.testing.assert_array_equal(excerpt, np.stack([expected, -expected]).astype(np.float32))


def test_what_lies_beyond_the_end_is_zero(ramp):
    excerpt = read_excerpt(header(ramp), 15_900, 300, 8000, mono=False)
    assert excerpt.shape == (2, 300)
    assert np.all(excerpt[0, :100] > 0.48)
    assert not excerpt[:, 100:].any()
    assert not read_excerpt(header(ramp), 16_000, 300, 8000, mono=False).any()


@pytest.mark.parametrize("num_channels", [1, 2, 7])
def test_channels_are_averaged(tmp_path, num_channels):
    audio = noise(0.2, num_channels=num_channels)
    file = header(write(tmp_path / "x.wav", audio))
    excerpt = read_excerpt(file, 100, 800, 8000, mono=True)
    np.testing.assert_allclose(excerpt, audio[:, 100:900].mean(axis=0, keepdims=True), atol=1e-7)


@pytest.mark.parametrize(("suffix", "atol"), [(".flac", 0), (".ogg", 1e-6), (".wav", 0)])
def test_excerpts_of_all_formats_are_those_of_the_whole_file(tmp_path, suffix, atol):
    path = write(tmp_path / f"x{suffix}", noise(1.5))
    whole = soundfile.read(path, dtype="float32", always_2d=True)[0].T
    for start in (0, 1, 3333, 9000):
        excerpt = read_excerpt(header(path), start, 3000, 8000, mono=False)
        np.testing.assert_allclose(excerpt, whole[:, start : start + 3000], rtol=0, atol=atol)


@pytest.mark.parametrize(("of_file", "wanted"), RATES)
def test_a_resampled_sine_is_the_same_sine(tmp_path, of_file, wanted):
    """Frequency, phase and level against the sine itself, from 0.1 s to 0.9 s of 1 s: 1e-5 of full scale, −100 dB."""
    file = header(write(tmp_path / "x.wav", sine(1.0, 997.0, of_file), of_file))
    start, length = round(0.1 * wanted), round(0.8 * wanted)
    excerpt = read_excerpt(file, start, length, wanted, mono=False)[0]
    np.testing.assert_allclose(excerpt, sine(1.0, 997.0, wanted)[start : start + length], atol=1e-5)


def test_what_the_lower_rate_cannot_hold_is_gone(tmp_path):
    file = header(write(tmp_path / "x.wav", sine(1.0, 9000.0, 44_100), 44_100))
    assert np.abs(read_excerpt(file, 1600, 12_800, 16_000, mono=False)).max() < 1e-5


@pytest.mark.parametrize(("of_file", "wanted"), RATES)
def test_an_excerpt_is_that_of_the_whole_resampled_file(tmp_path, of_file, wanted):
    """At both ends and between; within 1e-5 of full scale, also for rates with no ratio of small numbers.

    Noise up to the Nyquist frequency is the hardest case.
    """
    audio = noise(1.31, level=0.2, sample_rate=of_file)
    file = header(write(tmp_path / "x.wav", audio, of_file))
    whole = soxr.resample(audio.T, of_file, wanted, quality="HQ").T
    length = wanted // 10
    for start in (0, 1, 777, wanted // 2, wanted, whole.shape[1] - length):
        excerpt = read_excerpt(file, start, length, wanted, mono=False)
        np.testing.assert_allclose(excerpt, whole[:, start : start + length], rtol=0, atol=1e-5)


def test_a_file_has_the_samples_within_its_duration(tmp_path):
    file = header(write(tmp_path / "x.wav", noise(0.1, sample_rate=44_100), 44_100))
    assert [num_samples_at(file, rate) for rate in (44_100, 48_000, 8000, 44_101)] == [4410, 4800, 800, 4411]
    excerpt = read_excerpt(file, 0, 1000, 8000, mono=False)
    assert excerpt[:, 799].all()
    assert not excerpt[:, 800:].any()


def test_a_file_of_one_sample_can_be_resampled(tmp_path):
    file = header(write(tmp_path / "x.wav", np.full((1, 1), 0.5)))
    assert read_excerpt(file, 0, 4, 32_000, mono=True)[0, 0] == pytest.approx(0.5, abs=0.06)


@pytest.mark.parametrize("wanted", [8000, 11_025])
def test_no_more_is_read_than_is_needed(tmp_path, monkeypatch, wanted):
    file = header(write(tmp_path / "x.wav", noise(10.0)))
    numbers = []
    read = soundfile.SoundFile.read
    monkeypatch.setattr(soundfile.SoundFile, "read", lambda self, n, **kw: (numbers.append(n), read(self, n, **kw))[1])
    read_excerpt(file, 3 * wanted, wanted, wanted, mono=True)
    assert sum(numbers) <= 8000 + (0 if wanted == 8000 else 2 * 256 + 320)


def test_reading_is_the_same_in_any_order_and_thread(tmp_path):
    file = header(write(tmp_path / "x.ogg", noise(3.0)))
    starts = [7 * number for number in range(60)]
    alone = [read_excerpt(file, start, 2000, 11_025, mono=True) for start in starts]
    with ThreadPoolExecutor(8) as pool:
        together = pool.map(lambda start: read_excerpt(file, start, 2000, 11_025, mono=True), starts[::-1])
    assert all(np.array_equal(one, other) for one, other in zip(alone, list(together)[::-1], strict=True))


def truncated(tmp_path):
    path = write(tmp_path / "x.flac", noise(2.0))
    os.truncate(path, path.stat().st_size // 2)
    return path


def not_finite(tmp_path):
    audio = noise(2.0)
    audio[1, 15_000] = np.nan
    return write(tmp_path / "x.wav", audio)


@pytest.mark.parametrize("damage", [truncated, not_finite])
def test_what_cannot_be_decoded_is_broken(tmp_path, damage):
    file = header(damage(tmp_path))
    assert read_excerpt(file, 0, 1000, 8000, mono=True).any()
    with pytest.raises(BrokenFileError, match=str(file.path)):
        read_excerpt(file, 14_500, 1000, 8000, mono=True)


def test_a_file_that_vanished_is_broken(tmp_path):
    file = header(write(tmp_path / "x.wav", noise(0.1)))
    os.remove(file.path)
    with pytest.raises(BrokenFileError, match=r"x.wav: cannot be decoded"):
        read_excerpt(file, 0, 100, 8000, mono=True)


def test_a_file_with_another_header_is_refused(tmp_path):
    file = header(write(tmp_path / "x.wav", noise(0.2)))
    write(tmp_path / "x.wav", noise(0.1, num_channels=1))
    with pytest.raises(DataError, match=r"has 800 frames at 8000 Hz in 1 channels, and had 1600 at 8000 Hz in 2"):
        read_excerpt(file, 0, 100, 8000, mono=True)
