import numpy as np
import pytest
import scipy.fft
import soundfile
from recordings import noise, write

import acoupipe_grain as apg
from acoupipe_grain.audio.segments import activity
from acoupipe_grain.errors import ArgumentError


def framed(signal, window, hop, number):
    """Frames of a signal of shape (channels, samples), with silence after it."""
    padded = np.pad(signal, ((0, 0), (0, window)))
    return np.stack([padded[:, i * hop : i * hop + window] for i in range(number)], axis=1)


def active_by_definition(signal, starts, length, window, hop, energy_threshold=0.2, flatness_threshold=0.3):
    """The definition in plain NumPy and SciPy, in double precision."""
    weights = np.hanning(window + 1)[:-1]
    number = max(1, 1 + (signal.shape[1] - window) // hop)
    of_file = ((framed(signal, window, hop, number) * weights) ** 2).sum(axis=-1).mean(axis=0)
    usual = np.percentile(of_file, 95)
    found = []
    for start in starts:
        frames = framed(signal[:, start:], window, hop, length // hop) * weights
        energies = (frames**2).sum(axis=-1)
        magnitudes = np.abs(scipy.fft.rfft(frames))
        with np.errstate(divide="ignore", invalid="ignore"):
            flatness = np.exp(np.log(magnitudes).mean(axis=-1)) / magnitudes.mean(axis=-1)
        weighted = np.average(np.nan_to_num(flatness), weights=energies) if energies.any() else 1.0
        found.append(usual > 0 and energies.mean() > energy_threshold * usual and weighted < flatness_threshold)
    return np.array(found)


@pytest.fixture(scope="module")
def recording():
    """Of 4 s at 8 kHz: tones and bursts of noise of many levels over quiet noise."""
    rng = np.random.default_rng(3)
    signal = noise(4.0, seed=1, level=1e-3)
    for start in range(0, 32_000, 2000):
        level, length = 10 ** rng.uniform(-3, -0.5), 1500
        tone = np.sin(2 * np.pi * rng.uniform(200, 3000) * np.arange(length) / 8000)
        sound = tone if rng.uniform() < 0.6 else rng.standard_normal(length)
        signal[:, start : start + length] += (level * sound).astype(np.float32)
    return signal


@pytest.mark.parametrize(("window", "hop"), [(256, 128), (200, 200), (512, 100)])
def test_activity_is_that_of_the_definition(tmp_path, recording, window, hop):
    write(tmp_path / "a.wav", recording)
    source = apg.SegmentSource(tmp_path, 0.2, 0.5, window_size=window, hop_size=hop, activity_params={})
    expected = active_by_definition(recording, source.table.starts, 1600, window, hop)
    assert source.table.active.tolist() == expected.tolist()
    assert 5 < expected.sum() < len(expected) - 5


def test_thresholds_are_those_given(tmp_path, recording):
    write(tmp_path / "a.wav", recording)
    for energy, flatness in ((0.05, 0.3), (0.2, 0.9), (0.0, 0.2)):
        params = apg.ActivityParams(energy, flatness)
        source = apg.SegmentSource(tmp_path, 0.2, window_size=256, hop_size=128, activity_params=params)
        expected = active_by_definition(recording, source.table.starts, 1600, 256, 128, energy, flatness)
        assert source.table.active.tolist() == expected.tolist()


def test_levels_count_within_their_recording(tmp_path, recording):
    """The same sound 60 dB quieter is as active; another recording beside it changes nothing."""
    write(tmp_path / "loud.wav", recording)
    write(tmp_path / "quiet.wav", 1e-3 * recording)
    active = apg.SegmentSource(tmp_path, 0.2, activity_params={}).table.active.reshape(2, -1)
    assert active[0].any()
    assert np.array_equal(*active)


def test_nothing_is_active_in_silence(tmp_path):
    write(tmp_path / "a.wav", np.zeros((1, 8000)))
    assert not apg.SegmentSource(tmp_path, 0.25, activity_params={}).table.active.any()
    with pytest.raises(ArgumentError, match="active_segments_only=True: leaves none of 4 segments"):
        apg.SegmentSource(tmp_path, 0.25, activity_params={}, active_segments_only=True)


def test_recordings_are_read_in_blocks_with_the_same_result(tmp_path, recording, monkeypatch):
    write(tmp_path / "a.wav", recording)
    write(tmp_path / "short.wav", recording[:, :100])  # shorter than a frame
    whole = apg.SegmentSource(tmp_path, 0.2, 0.7, activity_params={}).table.active
    monkeypatch.setattr(activity, "BLOCK_BYTES", 40_000)
    assert np.array_equal(apg.SegmentSource(tmp_path, 0.2, 0.7, activity_params={}).table.active, whole)


def test_broken_audio_is_named(tmp_path):
    soundfile.write(tmp_path / "a.flac", noise(2.0).T, 8000)
    content = bytearray((tmp_path / "a.flac").read_bytes())
    content[len(content) // 2 : len(content) // 2 + 2000] = bytes(2000)
    (tmp_path / "a.flac").write_bytes(content)
    with pytest.raises(apg.DataError, match=r"a.flac"):
        apg.SegmentSource(tmp_path, 0.25, activity_params={})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"energy_threshold": -0.1}, "energy_threshold=-0.1: expected a finite number, at least 0"),
        ({"spectral_flatness_threshold": 0}, "spectral_flatness_threshold=0: expected a finite number, greater than 0"),
        ({"energy_threshold": "0.2"}, "energy_threshold='0.2'"),
    ],
)
def test_bad_thresholds_are_refused(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        apg.ActivityParams(**arguments)
