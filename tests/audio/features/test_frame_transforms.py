"""Standardisation and principal components, against scikit-learn."""

import pickle

import jax.numpy as jnp
import numpy as np
import pytest
from frame_signals import SIGNALS, noise, samples_of
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from acoupipe_grain.audio.features import (
    FrameFeatureGraph,
    Framing,
    PrincipalComponents,
    RecordComputation,
    Standardization,
    as_components,
    as_standardization,
    frame_feature,
    transformed,
)
from acoupipe_grain.errors import ArgumentError

FRAMING = Framing(16_000, 512, 256)
ROWS = noise(200, 6, seed=3) @ noise(6, 6, seed=4) - 100 + np.arange(6)


def transformed_rows(rows, scaler=None, pca=None):
    """Return transformed rows, given and taken as (row, size)."""
    return np.asarray(transformed(jnp.asarray(rows.T), scaler, pca, "mine")).T


def test_standardisation_is_scikit_learns():
    fitted = StandardScaler().fit(ROWS)
    found = transformed_rows(ROWS, Standardization(fitted.mean_, fitted.scale_))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, fitted.transform(ROWS), atol=1e-5)


@pytest.mark.parametrize("num_components", [1, 3, 6])
def test_principal_components_are_scikit_learns(num_components):
    fitted = PCA(num_components).fit(ROWS)
    found = transformed_rows(ROWS, pca=PrincipalComponents(fitted.mean_, fitted.components_))
    expected = fitted.transform(ROWS)
    np.testing.assert_allclose(found, expected, atol=1e-5 * np.abs(expected).max())


def test_principal_components_come_before_the_standardisation():
    fitted = PCA(4).fit(ROWS)
    scaled = StandardScaler().fit(fitted.transform(ROWS))
    components = PrincipalComponents(fitted.mean_, fitted.components_)
    found = transformed_rows(ROWS, Standardization(scaled.mean_, scaled.scale_), components)
    np.testing.assert_allclose(found, scaled.transform(fitted.transform(ROWS)), atol=1e-5)


def test_the_standardisation_whitens_as_the_docstring_says():
    fitted = PCA(4, whiten=True).fit(ROWS)
    scaler = Standardization(np.zeros(4), np.sqrt(fitted.explained_variance_))
    found = transformed_rows(ROWS, scaler, PrincipalComponents(fitted.mean_, fitted.components_))
    np.testing.assert_allclose(found, fitted.transform(ROWS), atol=1e-5)


def test_features_are_transformed_along_their_size():
    plain = FrameFeatureGraph((frame_feature("mfcc", n_mels=40), frame_feature("energy")), FRAMING, 8000)
    audio = np.stack([samples_of(signal[:8000], FRAMING) for name, signal in SIGNALS.items() if name != "silence"])
    computed = RecordComputation(plain)(audio)
    rows = np.swapaxes(computed["mfcc"], -1, -2).reshape(-1, 20).astype(np.float64)
    pca = PCA(5).fit(rows)
    scaler = StandardScaler().fit(pca.transform(rows))
    of_energy = StandardScaler().fit(computed["energy"].reshape(-1, 1).astype(np.float64))
    mfcc = frame_feature(
        "mfcc",
        n_mels=40,
        scaler={"mean": scaler.mean_, "scale": scaler.scale_},
        pca={"mean": pca.mean_, "components": pca.components_},
    )
    energy = frame_feature("energy", scaler={"mean": of_energy.mean_, "scale": of_energy.scale_})
    graph = FrameFeatureGraph((mfcc, energy), FRAMING, 8000)
    found = RecordComputation(graph)(audio)
    expected = scaler.transform(pca.transform(rows)).reshape(len(audio), -1, 5).swapaxes(-1, -2)
    np.testing.assert_allclose(found["mfcc"], expected, atol=1e-5 * np.abs(expected).max())
    expected = of_energy.transform(computed["energy"].reshape(-1, 1)).reshape(computed["energy"].shape)
    np.testing.assert_allclose(found["energy"], expected, atol=1e-5 * np.abs(expected).max())
    spec = graph.element_spec((2,), ("channel",))
    assert (spec["mfcc"].axes, spec["mfcc"].shape) == (("channel", "component", "frame"), (2, 5, 31))
    assert spec["energy"].axes == ("channel", "frame")


@pytest.mark.parametrize(
    ("scaler", "pca", "message"),
    [
        (Standardization(np.zeros(5), np.ones(5)), None, "^scaler: .* 5 numbers, and feature 'mine' has 6"),
        (None, PrincipalComponents(np.zeros(5), np.ones((2, 5))), "^pca: .* 5 numbers, and feature 'mine' has 6"),
        (
            Standardization(np.zeros(6), np.ones(6)),
            PrincipalComponents(np.zeros(6), np.ones((2, 6))),
            "^scaler: .* 6 numbers, and the pca of feature 'mine' has 2",
        ),
    ],
)
def test_transforms_of_another_size_are_refused(scaler, pca, message):
    with pytest.raises(ArgumentError, match=message):
        transformed_rows(ROWS, scaler, pca)


def pairs():
    return (
        Standardization([0.1, 1 / 3], np.array([1, 2], np.float32)),
        PrincipalComponents(np.zeros(2), [[0.6, 0.8], [-0.8, 0.6]]),
    )


def test_transforms_are_compared_by_content_and_pickled():
    for one, other in zip(pairs(), pairs(), strict=True):
        assert one == other
        assert hash(one) == hash(other)
        assert repr(one) == repr(other)
        assert pickle.loads(pickle.dumps(one)) == one
        assert type(one)(**one.to_json()) == one
    scaler, pca = pairs()
    assert scaler != pca
    assert scaler != Standardization([0.1, 1 / 3], [1.0, 2.5])
    assert repr(scaler) != repr(Standardization([0.1, 1 / 3], [1.0, 2.5]))
    assert scaler.__eq__(3) is NotImplemented


def test_their_arrays_are_read_only_copies():
    mean = np.zeros(2)
    scaler = Standardization(mean, np.ones(2))
    mean[0] = 5
    assert scaler.mean.tolist() == [0, 0]
    for item in (scaler, pickle.loads(pickle.dumps(scaler))):
        with pytest.raises(ValueError, match="read-only"):
            item.scale[0] = 2


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Standardization(np.zeros((2, 2)), np.ones(2)), r"^mean: has the shape \(2, 2\); expected \(size,\)"),
        (lambda: Standardization([], []), r"^mean: has the shape \(0,\)"),
        (lambda: Standardization(np.zeros(2), np.ones(3)), r"^scale: has the shape \(3,\), and mean \(2,\)"),
        (lambda: Standardization([0, np.nan], [1, 1]), "^mean: entries 1 are not finite"),
        (
            lambda: Standardization(np.zeros(9), [1, 0, -2, *[0] * 6]),
            r"^scale: entries 1, 2, 3, 4, 5, \.\.\. are 0.0, -2",
        ),
        (lambda: Standardization(["a"], [1]), r"^mean=\['a'\]: expected an array of real numbers"),
        (lambda: Standardization([1j], [1]), "^mean=.* expected an array of real numbers"),
        (lambda: Standardization([[1], [1, 2]], [1]), "^mean: is no array of numbers"),
        (lambda: Standardization(None, None), "^mean=None: expected an array"),
        (lambda: PrincipalComponents(np.zeros(2), np.ones(2)), r"^components: has the shape \(2,\); expected \(comp"),
        (lambda: PrincipalComponents(np.zeros(2), np.ones((2, 3))), r"^components: has the shape \(2, 3\), and mean"),
        (lambda: PrincipalComponents([0, 0], [[0, np.inf]]), r"^components: entries \[0, 1\] are not finite"),
    ],
)
def test_wrong_arrays_are_refused_by_name(make, message):
    with pytest.raises(ArgumentError, match=message):
        make()


def test_transforms_are_taken_as_objects_mappings_and_files(tmp_path):
    scaler, pca = pairs()
    for item, taken in ((scaler, as_standardization), (pca, as_components)):
        path = tmp_path / f"{type(item).__name__}.npz"
        np.savez(path, **{name: np.array(value) for name, value in item.to_json().items()})
        assert taken(item) is item
        assert taken(item.to_json()) == taken(path) == taken(str(path)) == item
        assert taken(None) is None


def test_variables_in_paths_are_replaced(tmp_path, monkeypatch):
    monkeypatch.setenv("FITTED", str(tmp_path))
    np.savez(tmp_path / "scaler.npz", mean=np.zeros(2), scale=np.ones(2))
    assert as_standardization("$FITTED/scaler.npz") == Standardization(np.zeros(2), np.ones(2))


@pytest.mark.parametrize("extension", [".jl", ".pkl", ".pickle", ".joblib", ".p", ".PKL", ".pkl.gz"])
def test_pickles_are_refused_by_name_with_the_way_to_convert_them(extension):
    with pytest.raises(ArgumentError) as raised:
        as_standardization(f"scaler{extension}")
    assert str(raised.value).startswith(f"scaler='scaler{extension}': a pickle can execute code when it is loaded; ")
    with pytest.raises(ArgumentError) as raised:
        as_components("models/pca.jl")
    assert str(raised.value).endswith(
        "where you trust it: numpy.savez('models/pca.npz', mean=pca.mean_, components=pca.components_)"
    )
    with pytest.raises(ArgumentError, match=r"numpy.savez\('s.npz', mean=scaler.mean_, scale=scaler.scale_\)$"):
        as_standardization("s.p")


class Malicious:
    def __reduce__(self):
        return pytest.fail, ("a pickle was loaded",)


def test_pickles_under_another_name_are_not_loaded(tmp_path):
    disguised, within = tmp_path / "scaler.npz", tmp_path / "within.npz"
    disguised.write_bytes(pickle.dumps(Malicious()))
    np.savez(within, mean=np.zeros(2), scale=np.array([Malicious(), 1], dtype=object))
    for path in (disguised, within):
        with pytest.raises(ArgumentError, match=r"is no .npz file of plain arrays .* a pickle can execute code"):
            as_standardization(path)


def test_other_files_are_refused(tmp_path):
    np.savez(tmp_path / "pca.npz", mean=np.zeros(2), components=np.ones((1, 2)))
    np.savez(tmp_path / "wrong.npz", mean=np.zeros(2), scale=np.zeros(2))
    (tmp_path / "empty.npz").write_bytes(b"")
    (tmp_path / "broken.npz").write_bytes((tmp_path / "pca.npz").read_bytes()[:100])
    with open(tmp_path / "single.npz", "wb") as file:
        np.save(file, np.zeros(3))
    for name, message in (
        ("pca.npz", "holds mean, components; expected the arrays mean and scale"),
        ("wrong.npz", "scale: entries 0, 1 are 0.0, 0.0"),
        ("empty.npz", "cannot be read"),
        ("broken.npz", "cannot be read"),
        ("none.npz", "cannot be read"),
        ("single.npz", "is no .npz file of plain arrays"),
        ("scaler.npy", "expected a .npz file; of scikit-learn's objects, write one with numpy.savez"),
    ):
        with pytest.raises(ArgumentError, match=f"^scaler='.*{name}': {message}"):
            as_standardization(str(tmp_path / name))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"mean": [0.0]}, "^scaler: holds mean; expected the arrays mean and scale"),
        ({"mean": [0.0], "std": [1.0]}, "^scaler: holds mean, std; expected"),
        ({}, "^scaler: holds nothing"),
        ({"mean": [0.0], "scale": [0.0]}, "^scaler: scale: entries 0 are 0.0; expected standard deviations above 0"),
        (3, "^scaler=3: expected Standardization, the path of a .npz file, or a mapping of arrays"),
        (StandardScaler(), r"^scaler=StandardScaler\(\): .*{'mean': scaler.mean_, 'scale': scaler.scale_}"),
    ],
)
def test_wrong_values_are_refused_by_name(value, message):
    with pytest.raises(ArgumentError, match=message):
        as_standardization(value)


def test_messages_call_them_what_they_are_called():
    with pytest.raises(ArgumentError, match="^pca of 'mfcc'=3: expected PrincipalComponents"):
        as_components(3, "pca of 'mfcc'")
