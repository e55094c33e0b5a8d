import json

import jax.numpy as jnp
import numpy as np
import pytest

from acoupipe_grain.audio import features as package
from acoupipe_grain.audio.features import (
    FrameFeature,
    Standardization,
    frame_feature,
    register_frame_feature,
    registered_frame_features,
    registry,
    resolve_frame_features,
)
from acoupipe_grain.errors import ArgumentError


@pytest.fixture(autouse=True)
def _registry_as_before(monkeypatch):
    monkeypatch.setattr(registry, "_REGISTERED", dict(registry._REGISTERED))


def peak(frames, *, exponent=1.0, weights=(1, 2)):
    return jnp.abs(frames).max(axis=-1) ** exponent


def test_the_features_are_these():
    """Their names, axes and units are part of stored data."""
    own = {
        name: item for name, item in registered_frame_features().items() if "acoupipe_grain" in item.compute.__module__
    }
    described = {name: (item.axes, item.unit) for name, item in own.items()}
    assert described == {
        "audio": (("sample",), "1"),
        "energy": (("frame",), "1"),
        "spectral_flatness": (("frame",), "1"),
        "magnitude_spectrum": (("bin", "frame"), "1"),
        "power_spectrum": (("bin", "frame"), "1"),
        "mel_spectrum": (("mel", "frame"), "dB"),
        "mfcc": (("coefficient", "frame"), "dB"),
        "zero_crossing_rate": (("frame",), "1"),
    }
    assert frame_feature("mel_spectrum", log=False).unit == "1"
    assert package.FEATURES_VERSION == 1


def test_public_names_are_sorted_and_there():
    assert package.__all__ == sorted(package.__all__)
    assert all(hasattr(package, name) for name in package.__all__)


def test_a_feature_by_its_name_is_its_name_in_json():
    assert frame_feature("mfcc").identity == "mfcc"
    assert frame_feature("mfcc", label="mfcc", n_mfcc=20, max_freq=None, n_mels=128).identity == "mfcc"
    assert frame_feature("mfcc", n_mfcc=20) == frame_feature("mfcc")


@pytest.mark.parametrize(
    "arguments",
    [
        {"label": "mel"},
        {"n_mels": 64, "min_freq": 20.0},
        {"log": False},
        {"n_mels": 2, "scaler": {"mean": [0.1, 1 / 3], "scale": [1.0, 2.0]}},
        {"n_mels": 2, "label": "pca", "pca": {"mean": [0, 1], "components": [[0.6, 0.8]]}},
    ],
)
def test_the_identity_rebuilds_the_feature_from_json(arguments):
    item = frame_feature("mel_spectrum", **arguments)
    identity = json.loads(json.dumps(item.identity))
    (rebuilt,) = resolve_frame_features(identity)
    assert rebuilt == item
    assert rebuilt.identity == item.identity
    options = {name: value for name, value in arguments.items() if name not in ("label", "scaler", "pca")}
    assert identity.get("options", {}) == options
    assert set(identity) == {"name"} | ({"options"} if options else set()) | (set(arguments) - set(options))


def test_features_are_told_apart_by_their_transforms():
    plain = frame_feature("mel_spectrum", n_mels=2)
    scaled = frame_feature("mel_spectrum", n_mels=2, scaler=Standardization(np.zeros(2), np.ones(2)))
    assert plain != scaled
    assert scaled.identity["scaler"] == {"mean": [0.0, 0.0], "scale": [1.0, 1.0]}


def test_principal_components_take_the_place_of_the_sizes_axis():
    item = frame_feature("mel_spectrum", pca={"mean": np.zeros(128), "components": np.eye(3, 128)})
    assert (item.axes, item.unit) == (("component", "frame"), "dB")
    item = frame_feature("energy", scaler={"mean": 1.0, "scale": 2.0})
    assert (item.axes, item.unit) == (("frame",), "1")


def test_features_are_resolved_from_names_objects_and_mappings():
    item = frame_feature("mfcc", n_mfcc=13)
    resolved = resolve_frame_features(["audio", item, {"name": "mfcc", "label": "all", "options": {"n_mfcc": 30}}])
    assert [found.key for found in resolved] == ["audio", "mfcc", "all"]
    assert resolved[1] is item
    assert resolved[2].options == (("n_mfcc", 30),)
    assert resolve_frame_features("audio") == resolve_frame_features(("audio",)) == (frame_feature("audio"),)
    assert all(isinstance(found, FrameFeature) for found in resolved)


@pytest.mark.parametrize(
    ("requested", "message"),
    [
        ([], r"^features=\[\]: expected a list of names"),
        (None, "^features=None: expected"),
        (["mfc"], "^unknown feature 'mfc'; did you mean 'mfcc'"),
        ([3], "^features: 3 is not a registered name"),
        ([{"label": "mel"}], "^features: {'label': 'mel'} is not a registered name"),
        ([{"name": "mfcc", "config": {}}], "unknown part of feature 'mfcc': 'config'. Available: label, name, options"),
        ([{"name": "mfcc", "options": [1]}], r"^features: options=\[1\] of 'mfcc': expected a mapping"),
        ([{"name": "mfcc", "options": {"scaler": None}}], "^features: options=.*expected a mapping"),
        (
            ["mfcc", {"name": "mfcc", "options": {"n_mfcc": 3}}],
            "^features: 'mfcc' is asked for twice; .* another label",
        ),
        (["energy", {"name": "mfcc", "label": "energy"}], "^features: 'energy' is asked for twice"),
    ],
)
def test_wrong_requests_are_refused(requested, message):
    with pytest.raises(ArgumentError, match=message):
        resolve_frame_features(requested)


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("melspectrum", {}, "^unknown feature 'melspectrum'; did you mean 'mel_spectrum'"),
        ("mfcc", {"label": 3}, "^label=3: expected a name"),
        (
            "mfcc",
            {"n_mfc": 3},
            "option of feature 'mfcc': 'n_mfc'; did you mean 'n_mfcc'. Available: max_freq, min_freq,",
        ),
        ("energy", {"n_mels": 3}, "^n_mels=3: feature 'energy' has no options; leave it out"),
        ("mfcc", {"n_mels": object()}, "^options of feature 'mfcc': .* cannot be written to a manifest"),
        ("audio", {"scaler": {"mean": 0.0, "scale": 1.0}}, r"^scaler: feature 'audio' has the axes \(sample\)"),
        ("energy", {"pca": {"mean": [0.0], "components": [[1.0]]}}, r"^pca: feature 'energy' has the axes \(frame\)"),
        ("mfcc", {"scaler": "scaler.jl"}, r"^scaler='scaler.jl': a pickle can execute code"),
    ],
)
def test_wrong_arguments_are_refused(name, arguments, message):
    with pytest.raises(ArgumentError, match=message):
        frame_feature(name, **arguments)


def test_registering_works_as_a_decorator():
    @register_frame_feature("loudest", axes=["frame"], unit="dB")
    def loudest(mel_levels):
        return mel_levels.max(axis=-1)

    item = frame_feature("loudest", n_mels=64)
    assert (item.compute, item.axes, item.unit, item.needs) == (loudest, ("frame",), "dB", ("mel_levels",))
    assert registered_frame_features()["loudest"] == frame_feature("loudest")


def test_tuples_in_options_are_the_lists_that_json_gives_back():
    register_frame_feature("peak", peak, axes=("frame",))
    assert frame_feature("peak", weights=(1, 3)) == frame_feature("peak", weights=[1, 3])
    assert frame_feature("peak", weights=[1, 2]).identity == "peak"


def test_a_definition_run_again_replaces_itself():
    for factor in (1, 2):
        scope = {"__name__": "notebook"}
        exec(f"def mine(audio):\n    return {factor} * audio", scope)
        register_frame_feature("mine", scope["mine"], axes=("sample",))
    assert frame_feature("mine").compute(3) == 6


@pytest.mark.parametrize(
    ("register", "message"),
    [
        (lambda: register_frame_feature("mfcc", peak, axes=("frame",)), "^name='mfcc': this feature exists already"),
        (lambda: register_frame_feature("audio", peak, axes=("frame",)), "^name='audio': the name of a quantity"),
        (lambda: register_frame_feature("powers", peak, axes=("frame",)), "^name='powers': the name of a quantity"),
        (lambda: register_frame_feature("framing", peak, axes=("frame",)), "^name='framing': the name of a quantity"),
        (lambda: register_frame_feature("no name", peak, axes=("frame",)), "^name='no name': expected an identifier"),
        (lambda: register_frame_feature("mine", peak, axes="frame"), "^feature 'mine': axes='frame': expected a tuple"),
        (lambda: register_frame_feature("mine", peak, axes=(), unit=1), "^feature 'mine': unit=1: expected a text"),
        (lambda: register_frame_feature("mine", lambda *args: args, axes=()), r"^feature 'mine': .* without \*args"),
        (lambda: register_frame_feature("mine", lambda **args: args, axes=()), r"^feature 'mine': .* without \*args"),
    ],
)
def test_wrong_registrations_are_refused(register, message):
    with pytest.raises(ArgumentError, match=message):
        register()


def test_a_second_lambda_does_not_replace_the_first():
    register_frame_feature("mine", lambda audio: audio, axes=("sample",))
    with pytest.raises(ArgumentError, match="exists already"):
        register_frame_feature("mine", lambda audio: 2 * audio, axes=("sample",))


def test_options_stand_after_a_star():
    with pytest.raises(ArgumentError, match=r"parameter 'power' has a default, .* write def .*, \*, power=2"):
        register_frame_feature("test_options", lambda audio, power=2: audio**power, axes=("sample",))
