"""What all signals promise, and how users say which they want."""

import pickle

import numpy as np
import pytest
from signal_estimates import SAMPLE_RATE, record_of, uniform

import acoupipe_grain as apg
from acoupipe_grain.array.signals import (
    KINDS,
    ColoredNoise,
    CorrelatedNoise,
    ExcerptFunction,
    Signal,
    Sweeps,
    Tones,
    as_signal,
)
from acoupipe_grain.errors import ArgumentError

SIGNALS = {
    "pink": {"kind": "colored_noise"},
    "equalised": {"kind": "colored_noise", "exponent": uniform(0, 2), "equalizer": {"num_bands": 2, "gain": 6}},
    "band": {"kind": "colored_noise", "exponent": -1, "low": 0, "high": uniform(900, 4000)},
    "tones": {"kind": "tones", "frequency": uniform(200, 900), "num_harmonics": 3, "rolloff": 6},
    "sweeps": {"kind": "sweeps", "low": uniform(200, 900), "high": 3000, "duration": 0.125},
    "logarithmic": {"kind": "sweeps", "low": 3000, "high": uniform(200, 900), "law": "logarithmic"},
    "drawn": {"kind": "correlated_noise", "concentration": 2.0},
    "equal": {"kind": "correlated_noise", "coherence": uniform(0, 1)},
    "matrix": {"kind": "correlated_noise", "coherence": [[1, 0.5], [0.5, 1]]},
    "colored": {"kind": "correlated_noise", "coherence": 0.5, "spectrum": {"exponent": 2, "low": 40}},
}
ROOM = {name: 2 if name == "matrix" else 6 for name in SIGNALS}


@pytest.mark.parametrize("name", SIGNALS)
def test_every_signal_is_rebuilt_from_what_stands_for_it(name):
    signal = as_signal(SIGNALS[name])
    assert isinstance(signal, Signal)
    again = as_signal(signal.to_json())
    assert again == signal
    assert hash(again) == hash(signal)
    assert repr(again) == repr(signal)
    assert "0x" not in repr(signal)
    assert all(other == name or as_signal(SIGNALS[other]) != signal for other in SIGNALS)


@pytest.mark.parametrize("name", SIGNALS)
def test_pickled_signals_give_the_same_bits(name):
    signal, record = as_signal(SIGNALS[name]), record_of(2, num_sources=2, max_nsources=ROOM[name], num_samples=1024)
    again = pickle.loads(pickle.dumps(signal))
    assert again == signal
    assert np.array_equal(again.waveforms(record), signal.waveforms(record))
    assert np.array_equal(again.autocorrelations(record, 64), signal.autocorrelations(record, 64))


@pytest.mark.parametrize("name", SIGNALS)
@pytest.mark.parametrize("num_samples", [1000, 1001])
def test_a_source_radiates_the_same_however_many_others_there_are(name, num_samples):
    signal, room = as_signal(SIGNALS[name]), ROOM[name]
    signal.check(num_samples, SAMPLE_RATE, room)
    everything = record_of(3, num_sources=room, max_nsources=room, num_samples=num_samples)
    for count in range(1, room):
        some = record_of(3, num_sources=count, max_nsources=room, num_samples=num_samples)
        assert np.array_equal(signal.waveforms(some), signal.waveforms(everything)[:count])
        assert np.array_equal(signal.autocorrelations(some, 64), signal.autocorrelations(everything, 64)[:count])
        expected = signal.correlations(everything)[:count, :count]
        np.testing.assert_allclose(signal.correlations(some), expected, rtol=1e-14)


@pytest.mark.parametrize("name", SIGNALS)
def test_records_and_sources_differ(name):
    signal = as_signal(SIGNALS[name])
    waveforms = [
        signal.waveforms(record_of(index, num_sources=2, max_nsources=ROOM[name], num_samples=1024))
        for index in (0, 1, 0)
    ]
    assert np.array_equal(waveforms[0], waveforms[2])
    assert len({row.tobytes() for row in np.concatenate(waveforms[:2])}) == 4
    for array in waveforms:
        assert array.dtype == np.float32
        assert array.shape == (2, 1024)
        assert array.flags.c_contiguous


@pytest.mark.parametrize("name", SIGNALS)
def test_autocorrelations_begin_with_one_and_correlations_have_a_unit_diagonal(name):
    signal, record = as_signal(SIGNALS[name]), record_of(1, num_sources=2, max_nsources=ROOM[name], num_samples=1024)
    r = signal.autocorrelations(record, 100)
    assert r.shape == (2, 100)
    assert r.dtype == np.float64
    np.testing.assert_allclose(r[:, 0], 1, rtol=1e-14)
    assert np.abs(r).max() <= 1 + 1e-12
    correlations = signal.correlations(record)
    assert correlations.dtype == np.float64
    assert np.all(np.diag(correlations) == 1)
    assert signal.is_correlated or np.array_equal(correlations, np.eye(2))


def test_white_noise_is_none():
    assert as_signal(None) is None
    assert as_signal("white_noise") is None
    assert as_signal({"kind": "white_noise"}) is None


def test_signals_are_given_by_name_mapping_object_or_function():
    assert as_signal("colored_noise") == ColoredNoise()
    assert as_signal("correlated_noise") == CorrelatedNoise()
    assert as_signal({"kind": "tones", "frequency": 500}) == Tones(frequency=500)
    assert as_signal({"kind": "sweeps", "low": 500, "high": 900}) == Sweeps(low=500, high=900)
    noise = ColoredNoise(exponent=2)
    assert as_signal(noise) is noise
    assert isinstance(as_signal(np.random.Generator.standard_normal), ExcerptFunction)
    assert set(KINDS) == {"colored_noise", "correlated_noise", "sweeps", "tones"}


def test_functions_that_draw_parameters_tell_signals_apart():
    def draw(rng, size):
        return rng.uniform(500, 600, size)

    keyed = Tones(frequency=apg.distribution(draw, key="a"))
    assert keyed == Tones(frequency=apg.distribution(draw, key="a"))
    assert keyed != Tones(frequency=apg.distribution(draw, key="b"))
    anonymous = Tones(frequency=draw)
    assert anonymous != Tones(frequency=draw)
    assert "0x" not in repr(anonymous)
    with pytest.raises(ArgumentError, match="frequency: .*nothing identifies this function"):
        anonymous.to_json()


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (
            3,
            r"signals=3: expected the name or mapping of a kind \(white_noise, colored_noise, correlated_noise, sweeps",
        ),
        (apg.SceneSource(3), "signals=SceneSource: expected .*a data source whose elements hold 'audio'"),
        ("pink_noise", "signals: unknown kind 'pink_noise'; did you mean 'white_noise'"),
        ({"kind": "tone"}, "signals: unknown kind 'tone'; did you mean 'tones'"),
        ({"kind": 3}, "signals: unknown kind 3"),
        ({"kind": ["tones"]}, r"signals: unknown kind \['tones'\]"),
        ("tones", "signals: kind='tones': lacks frequency; it takes frequency, num_harmonics, rolloff"),
        ({"kind": "sweeps", "low": 3}, "signals: kind='sweeps': lacks high"),
        ({"kind": "tones", "freq": 3}, "signals: unknown argument of kind 'tones': 'freq'; did you mean 'frequency'"),
        ({"kind": "tones", "frequency": -3}, "signals: frequency=.*can be -3 Hz"),
        ({"kind": "white_noise", "exponent": 0}, "signals: kind='white_noise': takes no arguments; got exponent"),
        ({"exponent": 0}, r"signals: a mapping needs the kind of the signals, such as \{kind: colored_noise"),
        ({"class": "AudioDataSimpleSource"}, "signals: class='AudioDataSimpleSource': the configuration of a source"),
        ({"function": "module:name"}, "signals: given by a function of yours"),
        (ColoredNoise, "signals: ColoredNoise: is a class; give an object of it"),
        (lambda: 0, r"signals: .*<lambda>: expected a function fn\(rng, num_samples\)"),
        (
            {"kind": "colored_noise", "equalizer": {"q": 0}},
            "signals: equalizer: q=.*can be 0; expected more than 0",
        ),
    ],
)
def test_what_is_no_signal_is_refused(value, message):
    with pytest.raises(ArgumentError, match=message):
        as_signal(value)
