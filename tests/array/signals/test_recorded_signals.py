import pickle
from collections import Counter

import numpy as np
import pytest
from scipy import stats
from scipy.io import wavfile
from signal_estimates import SAMPLE_RATE, record_of

import acoupipe_grain as apg
from acoupipe_grain.array.signals import Recordings, as_signal
from acoupipe_grain.errors import ArgumentError, DataError
from acoupipe_grain.specs import ArraySpec


class Numbered:
    """Records that tell their number, its share growing from sample to sample."""

    configuration = {"class": "Numbered", "arguments": {}}

    def __init__(self, num_records=20, num_samples=256, num_channels=1, **attributes):
        self.num_records = num_records
        self.shape = (num_channels, num_samples)
        self.sample_rate = 8000
        vars(self).update(attributes)

    @property
    def element_spec(self):
        return {"audio": ArraySpec(self.shape, "float32", ("channel", "sample")), **getattr(self, "more", {})}

    def __len__(self):
        return self.num_records

    def __getitem__(self, index):
        shape = tuple(8 if size is None else size for size in self.shape)
        return {"audio": np.full(shape, index + 1, np.float32) + np.arange(shape[1], dtype=np.float32)}

    def __repr__(self):
        return f"Numbered({self.num_records})"


def sizes(num_sources=3, max_nsources=4, num_samples=200):
    return {"num_sources": num_sources, "max_nsources": max_nsources, "num_samples": num_samples}


def test_excerpts_are_the_beginnings_of_records_scaled_to_unit_power():
    recordings, record = Recordings(Numbered()), record_of(3, **sizes())
    recordings.check(200, SAMPLE_RATE, 4)
    waveforms = recordings.waveforms(record)
    assert waveforms.dtype == np.float32
    for waveform, number in zip(waveforms, recordings.numbers(record), strict=True):
        excerpt = number + 1.0 + np.arange(200)
        np.testing.assert_allclose(waveform, excerpt / np.sqrt(np.mean(excerpt**2)), rtol=1e-6)
    assert not recordings.has_power_spectrum


def test_a_scene_has_no_record_twice_and_all_choices_are_equally_likely():
    recordings = Recordings(Numbered(4))
    chosen = Counter(tuple(recordings.numbers(record_of(index, **sizes(2)))) for index in range(2400))
    assert len(chosen) == 12
    assert all(one != other for one, other in chosen)
    assert stats.chisquare(list(chosen.values())).pvalue > 1e-3
    everything = recordings.numbers(record_of(0, **sizes(4)))
    assert sorted(everything) == [0, 1, 2, 3]


def test_which_records_a_source_gets_does_not_depend_on_the_others():
    recordings = Recordings(Numbered(5))
    for index in range(30):
        numbers = recordings.numbers(record_of(index, **sizes(4)))
        for count in range(1, 4):
            assert recordings.numbers(record_of(index, **sizes(count))) == numbers[:count]


@pytest.mark.parametrize("level", [1e-44, 3e38])
def test_the_smallest_and_the_largest_samples_are_scaled(level):
    class Constant(Numbered):
        def __getitem__(self, index):
            return {"audio": np.full((1, 256), level, np.float32)}

    waveforms = Recordings(Constant()).waveforms(record_of(**sizes(1)))
    assert np.array_equal(waveforms, np.ones((1, 200), np.float32))


@pytest.fixture(scope="module")
def audio(tmp_path_factory):
    folder = tmp_path_factory.mktemp("audio")
    for number in range(4):
        samples = np.random.default_rng(number).standard_normal((16_000, 2)) * 3000
        wavfile.write(folder / f"{number}.wav", 16_000, samples.astype(np.int16))
    wavfile.write(folder / "4.wav", 16_000, np.zeros((16_000, 2), np.int16))
    return folder


def test_audio_files_radiate(audio):
    source = apg.AudioDataSimpleSource({"noise": str(audio)}, 12, sample_rate=8000, duration=0.5, seed=3)
    recordings = as_signal(source)
    recordings.check(4000, SAMPLE_RATE, 10)
    record = record_of(3, num_samples=4000, num_sources=2, max_nsources=10)
    numbers = recordings.numbers(record)
    while any(source[number]["file_index"] == 4 for number in numbers):  # the silent file
        record = record_of(record.index + 1, num_samples=4000, num_sources=2, max_nsources=10)
        numbers = recordings.numbers(record)
    for waveform, number in zip(recordings.waveforms(record), numbers, strict=True):
        audio_of_record = source[number]["audio"][0].astype(float)
        np.testing.assert_allclose(waveform, audio_of_record / np.sqrt(np.mean(audio_of_record**2)), rtol=1e-6)
        assert np.mean(waveform.astype(float) ** 2) == pytest.approx(1, abs=1e-6)
    again = pickle.loads(pickle.dumps(recordings))
    assert again == recordings
    assert repr(again) == repr(recordings)
    assert recordings.to_json() == source.configuration
    other = apg.AudioDataSimpleSource({"noise": str(audio)}, 12, sample_rate=8000, duration=0.5, seed=4)
    assert Recordings(other) != recordings


def test_remedies_that_errors_name_help(audio):
    files = {"noise": str(audio)}
    stereo = Recordings(apg.AudioDataSimpleSource(files, mono=False))
    with pytest.raises(ArgumentError, match=r"^signals: AudioDataSimpleSource has 2 channels.*mono=True"):
        stereo.check(4000, SAMPLE_RATE, 3)
    fast = Recordings(apg.AudioDataSimpleSource(files))
    with pytest.raises(ArgumentError, match="sampling rate of 16000 Hz, the setup one of 8000 Hz.*sample_rate=8000"):
        fast.check(4000, SAMPLE_RATE, 3)
    short = Recordings(apg.AudioDataSimpleSource(files, sample_rate=8000, duration=0.25))
    with pytest.raises(ArgumentError, match="records of 2000 samples; expected at least the recording's 4000.*=0.5"):
        short.check(4000, SAMPLE_RATE, 3)
    few = Recordings(apg.AudioDataSimpleSource(files, sample_rate=8000, duration=0.5))
    with pytest.raises(ArgumentError, match="has 5 records; expected at least max_nsources=6.*larger num_records"):
        few.check(4000, SAMPLE_RATE, 6)
    Recordings(apg.AudioDataSimpleSource(files, 6, sample_rate=8000, duration=0.5)).check(4000, SAMPLE_RATE, 6)


def test_silent_excerpts_are_named(audio):
    source = apg.AudioDataSimpleSource({"silence": str(audio / "4.wav")}, 4, sample_rate=8000)
    recordings, record = Recordings(source), record_of(9, **sizes(1))
    number = recordings.numbers(record)[0]
    message = f"record 9: signals: source 0: record {number} of AudioDataSimpleSource: is silent.*saliency_params.*skip"
    with pytest.raises(DataError, match=message):
        recordings.waveforms(record)


def test_records_that_cannot_be_read_are_named():
    class Broken(Numbered):
        def __getitem__(self, index):
            raise DataError("the file is broken.")

    with pytest.raises(DataError, match=r"record 9: signals: source 0: record \d+ of Broken: the file is broken"):
        Recordings(Broken()).waveforms(record_of(9, **sizes()))


def test_stored_records_tell_their_sampling_rate():
    class Stored(Numbered):
        more = {"sample_rate": ArraySpec((), "int32", (), "Hz")}

        def __getitem__(self, index):
            return super().__getitem__(index) | {"sample_rate": np.array(8000, np.int32)}

    Recordings(Stored(sample_rate=None)).check(200, SAMPLE_RATE, 3)
    with pytest.raises(ArgumentError, match="sampling rate of 8000 Hz, the setup one of 13720 Hz"):
        Recordings(Stored(sample_rate=None)).check(200, 13720.0, 3)
    with pytest.raises(ArgumentError, match="Numbered does not say its sampling rate"):
        Recordings(Numbered(sample_rate=None)).check(200, SAMPLE_RATE, 3)


def test_records_of_unknown_length_are_checked_when_they_are_read():
    recordings = Recordings(Numbered(num_samples=None))
    recordings.check(200, SAMPLE_RATE, 3)
    with pytest.raises(DataError, match=r"has audio of shape \(1, 8\); expected one channel of at least 200 samples"):
        recordings.waveforms(record_of(**sizes()))


def test_sources_without_audio_or_identity_are_refused():
    class Other(Numbered):
        element_spec = {"audio": ArraySpec((3,), "float32", ("sample",))}

    with pytest.raises(ArgumentError, match=r"source=Other: its elements have no 'audio' of the axes \('channel'"):
        Recordings(Other())
    with pytest.raises(ArgumentError, match="not a data source"):
        Recordings("folder")
    with pytest.raises(ArgumentError, match="Numbered: has no configuration that identifies it"):
        Recordings(Numbered(configuration=None)).to_json()
