import pickle
from dataclasses import dataclass

import numpy as np
import pytest
from signal_estimates import SAMPLE_RATE, record_of

from acoupipe_grain.array.signals import ExcerptFunction, as_signal
from acoupipe_grain.errors import ArgumentError


def clicks(rng, num_samples):
    waveform = np.zeros(num_samples)
    waveform[rng.integers(num_samples)] = -3.0
    return waveform


@dataclass(frozen=True)
class Ramps:
    """An object that gives excerpts and identifies itself."""

    slope: float = 2.0

    def excerpt(self, index, source, num_samples):
        return index + source + self.slope * np.arange(num_samples)

    def to_json(self):
        return {"class": "Ramps", "slope": self.slope}


class Anonymous:
    def excerpt(self, index, source, num_samples):
        return np.ones(num_samples, dtype=np.int16)


def test_functions_get_a_generator_for_each_record_and_source():
    record = record_of(4)
    waveforms = ExcerptFunction(clicks).waveforms(record)
    assert waveforms.dtype == np.float32
    for source, waveform in enumerate(waveforms):
        rng = record.streams.generator(f"signals.excerpt.{source}", 4)
        np.testing.assert_allclose(waveform, np.sqrt(4096) / 3 * clicks(rng, 4096), rtol=1e-6)
    assert len({np.argmin(waveform) for waveform in waveforms}) == 3


def test_objects_get_record_source_and_length():
    waveforms = ExcerptFunction(Ramps()).waveforms(record_of(4))
    for source, waveform in enumerate(waveforms):
        expected = 4 + source + 2 * np.arange(4096.0)
        np.testing.assert_allclose(waveform, expected / np.sqrt(np.mean(expected**2)), rtol=1e-6)
    assert np.array_equal(ExcerptFunction(Anonymous()).waveforms(record_of()), np.ones((3, 4096), np.float32))


def test_their_spectra_are_not_known():
    function = ExcerptFunction(clicks)
    function.check(4096, SAMPLE_RATE, 3)
    assert not function.has_power_spectrum
    with pytest.raises(NotImplementedError, match="ExcerptFunction: has no power spectrum"):
        function.autocorrelations(record_of(), 64)


def test_functions_are_identified_by_module_and_name_or_key():
    assert ExcerptFunction(clicks).to_json() == {"function": f"{__name__}:clicks"}
    assert ExcerptFunction(lambda rng, size: rng.random(size), key="noise-v1").to_json() == {"key": "noise-v1"}
    assert ExcerptFunction(clicks, key="a") == ExcerptFunction(clicks, key="a")
    assert ExcerptFunction(clicks, key="a") != ExcerptFunction(clicks, key="b")
    with pytest.raises(ArgumentError, match="nothing identifies this function"):
        ExcerptFunction(lambda rng, size: rng.random(size)).to_json()


def test_objects_are_identified_by_themselves_or_by_a_key():
    class Configured(Anonymous):
        configuration = {"class": "Configured"}

    assert ExcerptFunction(Ramps(3.0)).to_json() == {"object": {"class": "Ramps", "slope": 3.0}}
    assert ExcerptFunction(Configured()).to_json() == {"object": {"class": "Configured"}}
    assert ExcerptFunction(Anonymous(), key="ones").to_json() == {"key": "ones"}
    assert ExcerptFunction(Ramps(3.0)) != ExcerptFunction(Ramps())
    assert "0x" not in repr(ExcerptFunction(Anonymous()))
    with pytest.raises(ArgumentError, match=r"Anonymous: nothing identifies this object.*to_json\(\), or a key="):
        ExcerptFunction(Anonymous()).to_json()
    with pytest.raises(ArgumentError, match="key='x': Ramps identifies itself; leave the key out"):
        ExcerptFunction(Ramps(), key="x")


@pytest.mark.parametrize("function", [clicks, Ramps(), Anonymous()])
def test_functions_and_objects_survive_pickling(function):
    signal = as_signal(function)
    again = pickle.loads(pickle.dumps(signal))
    assert repr(again) == repr(signal)
    assert np.array_equal(again.waveforms(record_of(2)), signal.waveforms(record_of(2)))


def test_functions_without_identity_equal_themselves_only():
    one = ExcerptFunction(lambda rng, size: rng.random(size))
    other = ExcerptFunction(lambda rng, size: rng.random(size))
    assert one == one
    assert one != other


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda rng: rng.random(3), r"<lambda>: expected a function fn\(rng, num_samples\)"),
        (Ramps, "Ramps: is a class; give an object of it"),
        (7, "7: expected a function"),
    ],
)
def test_what_cannot_be_called_so_is_refused(function, message):
    with pytest.raises(ArgumentError, match=message):
        ExcerptFunction(function)


def test_methods_with_other_arguments_are_refused():
    class Short:
        def excerpt(self, index):
            return index

    with pytest.raises(ArgumentError, match=r"Short\.excerpt: expected a method excerpt\(index, source, num_samples\)"):
        ExcerptFunction(Short())


@pytest.mark.parametrize("key", ["", 3])
def test_keys_are_names(key):
    with pytest.raises(ArgumentError, match="key=.*expected a name"):
        ExcerptFunction(clicks, key=key)


@pytest.mark.parametrize(
    ("waveform", "message"),
    [
        (np.ones(4), r"returned float64 values of shape \(4,\); expected 4096 real numbers"),
        (np.ones((1, 4096)), r"returned float64 values of shape \(1, 4096\)"),
        (np.ones(4096, complex), "returned complex128 values"),
        (["a"] * 4096, "returned <U1 values"),
        ([[1], [1, 2]], "returned object values"),
        (np.zeros(4096), "returned zeros only, or values that are not finite"),
        (np.full(4096, np.nan), "returned zeros only, or values that are not finite"),
        (np.full(4096, np.inf), "returned zeros only, or values that are not finite"),
    ],
)
def test_what_is_no_waveform_is_refused(waveform, message):
    def wrong(rng, num_samples):
        return waveform

    with pytest.raises(ArgumentError, match=rf"^signals: .*wrong: record 7, source 0: {message}"):
        ExcerptFunction(wrong).waveforms(record_of(7))


def test_errors_of_functions_say_where_they_happened():
    def broken(rng, num_samples):
        raise RuntimeError("no signal")

    with pytest.raises(RuntimeError, match="no signal") as caught:
        ExcerptFunction(broken).waveforms(record_of(7))
    assert caught.value.__notes__[0].endswith("broken: record 7, source 0.")
