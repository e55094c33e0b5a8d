import inspect
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from frame_signals import noise

from acoupipe_grain.audio.features import (
    FrameFeatureGraph,
    Framing,
    RecordComputation,
    Standardization,
    frame_feature,
    register_frame_feature,
    registered_frame_features,
    registry,
    resolve_frame_features,
)
from acoupipe_grain.errors import ArgumentError

FRAMING = Framing(8000, 256, 100)
EVERYTHING = tuple(
    frame_feature(name, **({"n_mels": 32} if name in ("mel_spectrum", "mfcc") else {}))
    for name in registered_frame_features()
)


@pytest.fixture(autouse=True)
def _registry_as_before(monkeypatch):
    monkeypatch.setattr(registry, "_REGISTERED", dict(registry._REGISTERED))


def graph_of(*features, framing=FRAMING, num_samples=1000):
    return FrameFeatureGraph(resolve_frame_features(features), framing, num_samples)


@pytest.fixture(scope="module")
def everything():
    graph = graph_of(*EVERYTHING)
    return graph, RecordComputation(graph)


def test_batches_equal_single_records(everything):
    """Whatever leading axes there are, within 1e-5 of the maximum."""
    graph, compute = everything
    audio = noise(3, 2, graph.num_samples_read)
    batch = jax.jit(graph)(audio)
    for record in range(3):
        for channel in range(2):
            for key, array in compute(audio[record, channel]).items():
                found = np.asarray(batch[key][record, channel])
                np.testing.assert_allclose(found, array, atol=1e-5 * np.abs(array).max(), rtol=0, err_msg=key)


def test_results_are_what_the_specification_says(everything):
    graph, compute = everything
    spec = graph.element_spec((2,), ("channel",))
    audio = noise(2, graph.num_samples_read)
    element = compute(audio)
    assert list(spec) == [item.key for item in EVERYTHING]
    assert set(element) == set(spec)
    assert {key: array_spec.mismatch(element[key]) for key, array_spec in spec.items()} == dict.fromkeys(spec)
    assert spec["mfcc"].axes == ("channel", "coefficient", "frame")
    assert (spec["mel_spectrum"].shape, spec["mel_spectrum"].unit) == ((2, 32, 10), "dB")
    assert all(array.flags.writeable for array in element.values())


def test_raw_audio_is_the_segment_alone(everything):
    graph, compute = everything
    audio = noise(2, graph.num_samples_read)
    assert graph.num_samples_read == 9 * 100 + 256
    np.testing.assert_array_equal(compute(audio)["audio"], audio[:, :1000])


def test_raw_audio_needs_no_frames_and_no_computation():
    graph = graph_of("audio", frame_feature("audio", label="again"), num_samples=50)
    assert (graph.num_samples_read, graph.num_frames, graph.needs_computation) == (50, 0, False)
    assert not graph.waits_for_threads
    element = RecordComputation(graph)(noise(2, 50))
    for key in ("audio", "again"):
        np.testing.assert_array_equal(element[key], noise(2, 50))
        assert graph.element_spec((2,), ("channel",))[key].mismatch(element[key]) is None
        np.testing.assert_array_equal(graph(noise(2, 50))[key], noise(2, 50))


def test_features_of_frames_need_a_segment_of_a_hop():
    graph_of("energy", num_samples=100)
    with pytest.raises(ArgumentError, match="^hop_size=100: a segment of 99 samples"):
        graph_of("energy", num_samples=99)


def test_there_is_one_fourier_transform():
    graph = graph_of(*EVERYTHING)
    program = jax.make_jaxpr(graph)(noise(graph.num_samples_read))
    assert str(program).count("= fft[") == 1
    assert graph.waits_for_threads


def test_features_of_samples_do_not_wait_for_threads():
    assert not graph_of("energy", "zero_crossing_rate", "audio").waits_for_threads


def test_features_are_the_same_in_either_mode_of_jax(everything):
    graph, compute = everything
    audio = noise(2, graph.num_samples_read)
    with jax.enable_x64(True):
        wide = jax.jit(graph)(audio.astype(np.float64))
        assert graph.element_spec() == graph_of(*EVERYTHING).element_spec()
    for key, array in compute(audio).items():
        assert wide[key].dtype == array.dtype == np.float32
        np.testing.assert_allclose(wide[key], array, atol=1e-5 * np.abs(array).max(), rtol=0, err_msg=key)


def test_graphs_and_computations_are_pickled(everything):
    graph, compute = everything
    audio = noise(2, graph.num_samples_read)
    expected = compute(audio)
    for copy in (pickle.loads(pickle.dumps(compute)), RecordComputation(pickle.loads(pickle.dumps(graph)))):
        for key, array in copy(audio).items():
            np.testing.assert_array_equal(array, expected[key])
        assert copy.computation.waits_for_threads


def test_records_are_computed_in_many_threads(everything):
    graph, compute = everything
    audio = noise(32, 2, graph.num_samples_read)
    with ThreadPoolExecutor(8) as pool:
        elements = list(pool.map(compute, audio))
    for record, element in enumerate(elements):
        np.testing.assert_array_equal(element["mfcc"], compute(audio[record])["mfcc"])


@pytest.mark.slow
def test_fourier_transforms_of_threads_and_programs_do_not_block_each_other():
    script = """
from concurrent.futures import ThreadPoolExecutor
import jax, jax.numpy as jnp, numpy as np
from acoupipe_grain.audio.features import *
@register_frame_feature("autocorrelation", axes=("lag", "frame"))
def autocorrelation(frames):
    spectra = jnp.fft.rfft(frames, n=1024)
    return jnp.swapaxes(jnp.fft.irfft(jnp.abs(spectra) ** 2), -1, -2)
graph = FrameFeatureGraph(resolve_frame_features(["mfcc", "autocorrelation"]), Framing(16000), 16000)
compute = RecordComputation(graph)
audio = np.random.default_rng(0).standard_normal((64, graph.num_samples_read)).astype(np.float32)
with ThreadPoolExecutor(8) as pool:
    list(pool.map(compute, audio))
for _ in range(20):
    jax.block_until_ready(jax.jit(graph)(audio))
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=120)


def test_a_users_feature_is_offered_like_the_others():
    @register_frame_feature("crest_factor", axes=("frame",))
    def crest_factor(frames, *, floor=1e-6):
        rms = jnp.sqrt(jnp.mean(frames**2, axis=-1))
        return jnp.abs(frames).max(axis=-1) / jnp.maximum(rms, floor)

    graph = graph_of("crest_factor", frame_feature("crest_factor", label="none", floor=1e6))
    audio = noise(2, graph.num_samples_read)
    element = RecordComputation(graph)(audio)
    frames = np.lib.stride_tricks.sliding_window_view(audio, 256, axis=-1)[:, ::100]
    expected = np.abs(frames).max(axis=-1) / np.sqrt((frames**2).mean(axis=-1))
    np.testing.assert_allclose(element["crest_factor"], expected, rtol=1e-5)
    assert element["none"].max() < 1e-5
    assert graph.element_spec((2,), ("channel",))["crest_factor"].shape == (2, 10)


def test_a_users_feature_builds_on_quantities_and_features_with_their_options():
    @register_frame_feature("loudest_band", axes=("frame",))
    def loudest_band(mel_levels):
        return jnp.argmax(mel_levels, axis=-1)

    @register_frame_feature("change", axes=("mel", "change"))
    def change(mel_spectrum, framing):
        return jnp.diff(mel_spectrum, axis=-1) * framing.sample_rate / framing.hop_size

    mel = frame_feature("mel_spectrum", n_mels=24)
    graph = graph_of(
        mel, frame_feature("loudest_band", n_mels=24), frame_feature("mel_spectrum", label="mel"), "change"
    )
    element = RecordComputation(graph)(noise(graph.num_samples_read))
    np.testing.assert_array_equal(element["loudest_band"], element["mel_spectrum"].argmax(axis=0))
    assert graph.element_spec()["loudest_band"].dtype == "int32"
    np.testing.assert_allclose(element["change"], np.diff(element["mel"]) * 80, rtol=1e-5, atol=1e-3)


def test_an_option_of_a_users_feature_has_its_default_in_the_steps_too():
    @register_frame_feature("coarse", axes=("mel", "frame"))
    def coarse(mel_powers, *, n_mels=5):
        return jnp.swapaxes(mel_powers, -1, -2) * n_mels

    graph = graph_of("coarse", frame_feature("coarse", label="six", n_mels=6))
    spec = graph.element_spec()
    assert (spec["coarse"].shape, spec["six"].shape) == ((5, 10), (6, 10))


def test_a_users_fourier_transform_waits_for_the_others():
    @register_frame_feature("autocorrelation", axes=("lag", "frame"))
    def autocorrelation(frames):
        spectra = jnp.fft.rfft(frames, n=512)
        return jnp.swapaxes(jnp.fft.irfft(jnp.abs(spectra) ** 2)[..., :100], -1, -2)

    alone = graph_of("autocorrelation")
    assert alone.waits_for_threads
    graph = graph_of("power_spectrum", "autocorrelation")
    assert str(jax.make_jaxpr(graph)(noise(graph.num_samples_read))).count(" min ") == 1  # what the second waits for
    audio = noise(graph.num_samples_read)
    element = RecordComputation(graph)(audio)
    expected = np.correlate(audio[:256], audio[:256], "full")[255:355]
    np.testing.assert_allclose(element["autocorrelation"][:, 0], expected, atol=1e-5 * expected.max())


def test_shared_steps_are_computed_once():
    calls = []

    @register_frame_feature("shared", axes=("sample",))
    def shared(audio):
        calls.append(1)
        return 2 * audio

    register_frame_feature("one", lambda shared: shared + 1, axes=("sample",))
    register_frame_feature("two", lambda shared: shared + 2, axes=("sample",))
    graph_of("one", "two", num_samples=20).element_spec()
    assert len(calls) == 1


def test_wide_results_are_narrowed():
    @register_frame_feature("wide", axes=("sample",))
    def wide(audio):
        with jax.enable_x64(True):
            return audio.astype(jnp.float64)

    graph = graph_of("wide")
    assert RecordComputation(graph)(noise(graph.num_samples_read))["wide"].dtype == np.float32


def test_standardised_features_have_no_unit():
    mel = frame_feature("mel_spectrum", n_mels=8, scaler=Standardization(np.zeros(8), np.full(8, 2.0)))
    graph = graph_of(mel, frame_feature("mel_spectrum", label="plain", n_mels=8))
    element = RecordComputation(graph)(noise(graph.num_samples_read))
    np.testing.assert_allclose(element["mel_spectrum"], element["plain"] / 2, rtol=1e-6)
    spec = graph.element_spec()
    assert (spec["mel_spectrum"].unit, spec["plain"].unit) == ("1", "dB")


def test_what_a_users_feature_needs_is_named_if_it_is_unknown():
    register_frame_feature("wrong", lambda frame: frame, axes=("frame", "sample"))
    with pytest.raises(ArgumentError, match="quantity needed by feature 'wrong': 'frame'; did you mean 'frames'"):
        graph_of("wrong")


def test_features_that_need_each_other_are_refused_with_the_cycle():
    register_frame_feature("hen", lambda egg: egg, axes=("frame",))
    register_frame_feature("egg", lambda hen: hen, axes=("frame",))
    with pytest.raises(ArgumentError, match="hen -> egg -> hen"):
        graph_of("hen")


@pytest.mark.parametrize("axes", [("frame", "sample"), ()])
def test_a_feature_with_other_axes_than_it_says_is_refused(axes):
    register_frame_feature("wrong", lambda frames: frames[..., 0], axes=axes)
    with pytest.raises(ArgumentError, match=r"feature 'wrong': its result has shape \(2, 10\) .* but its axes are"):
        graph_of("wrong").element_spec((2,), ("channel",))


def test_a_feature_that_mixes_leading_axes_is_refused():
    register_frame_feature("wrong", lambda frames: frames[0], axes=("frame", "sample"))
    with pytest.raises(ArgumentError, match="feature 'wrong'"):
        graph_of("wrong").element_spec((2, 3), ("record", "channel"))


@pytest.mark.parametrize("wrong", [lambda frames: None, lambda frames: {"a": frames}])
def test_a_feature_that_returns_no_array_is_refused(wrong):
    register_frame_feature("wrong", wrong, axes=("frame",))
    with pytest.raises(ArgumentError, match="feature 'wrong' returned a .*; it must return one array"):
        graph_of("wrong").element_spec()


def test_an_error_in_a_users_feature_names_it():
    register_frame_feature("wrong", lambda frames: frames @ frames, axes=("frame",))
    with pytest.raises(TypeError) as raised:
        graph_of("wrong").element_spec()
    assert raised.value.__notes__[0] == "While computing feature wrong {}."


def test_an_option_without_a_value_is_asked_for():
    def scaled(audio, *, factor):
        return factor * audio

    register_frame_feature("scaled", scaled, axes=("sample",))
    with pytest.raises(ArgumentError, match=r"option 'factor' of feature 'scaled' .* frame_feature\('scaled', factor="):
        graph_of("scaled")
    element = RecordComputation(graph_of(frame_feature("scaled", factor=3.0), num_samples=20))(np.ones(20))
    np.testing.assert_array_equal(element["scaled"], np.full(20, 3.0))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_mfcc": 33, "n_mels": 32}, "^features: 'mfcc': n_mfcc=33: must be at least 1 and at most 32"),
        ({"n_mels": 0}, "^features: 'mfcc': n_mels=0"),
        ({"max_freq": 4001}, r"^features: 'mfcc': max_freq=4001: .* at most 4000"),
    ],
)
def test_wrong_values_of_options_are_refused_when_the_specification_is_asked_for(options, message):
    with pytest.raises(ArgumentError, match=message):
        graph_of(frame_feature("mfcc", **options)).element_spec()


def test_a_switch_takes_true_and_false_only():
    """Called without the check of types that tests have."""
    with pytest.raises(ArgumentError, match="^log='no'"):
        inspect.unwrap(frame_feature("mel_spectrum").compute)(jnp.ones((2, 3)), log="no")


def test_audio_of_another_length_is_refused():
    graph = graph_of("energy")
    with pytest.raises(ArgumentError, match=r"^audio: has the shape \(2, 1000\); expected \(..., 1156\)"):
        graph(noise(2, 1000))


def test_features_that_are_asked_for_twice_are_refused():
    energy = frame_feature("energy")
    with pytest.raises(ArgumentError, match="features: 'energy' is asked for twice"):
        FrameFeatureGraph((energy, energy), FRAMING, 1000)
