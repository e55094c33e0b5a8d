import pickle

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import acoupipe_grain as apg
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.statistics import Counted, compute_statistics
from acoupipe_grain.transforms.normalisation import Denormalisation, Normalisation, denormalise, normalise

NUM_FRAMES = np.array([4, 7, 1, 5, 7, 3, 2, 6])


class Frames:
    """Frames with features of different scales, a map, and a number."""

    element_spec = {
        "input": apg.ArraySpec((None, 3), "float32", ("input_frame", "input_feature")),
        "map": apg.ArraySpec((4, 5), "float32", ("x", "y")),
        "idx": apg.ArraySpec((), "int32", ()),
    }
    lengths = {"input_frame": NUM_FRAMES}

    def __len__(self):
        return len(NUM_FRAMES)

    def __getitem__(self, index):
        rng = np.random.default_rng(index)
        frames = rng.normal([0, 100, -5], [1, 20, 0.01], (NUM_FRAMES[index], 3))
        return {
            "input": frames.astype(np.float32),
            "map": rng.normal(3, 2, (4, 5)).astype(np.float32),
            "idx": np.array(index, np.int32),
        }

    def __repr__(self):
        return "Frames()"


@pytest.fixture(scope="module")
def statistics():
    arrays = {"input": Counted(["input_feature"]), "map": Counted(["x"])}
    return compute_statistics(Frames(), arrays, progress=False)


@pytest.fixture(scope="module")
def batch():
    (batch,) = apg.make_loader(Frames(), 8, shuffle=False)
    return batch


KINDS = pytest.mark.parametrize("of", [np.asarray, jnp.asarray, jax.jit], ids=["numpy", "jax", "jitted"])


def applied(of, scaling, batch):
    """Apply to NumPy's or JAX's arrays, or within a jitted function."""
    if of is jax.jit:
        return jax.jit(lambda scaling, batch: scaling(batch))(scaling, batch)
    return scaling({name: of(array) for name, array in batch.items()})


@KINDS
def test_what_is_there_has_the_mean_0_and_the_deviation_1_and_padding_stays_0(statistics, batch, of):
    result = applied(of, Normalisation(statistics), batch)
    frames, mask = np.asarray(result["input"]), np.asarray(batch["input_frame_mask"])
    assert frames.dtype == np.float32
    np.testing.assert_allclose(frames[mask].mean(axis=0), 0, atol=2e-5)
    np.testing.assert_allclose(frames[mask].std(axis=0), 1, rtol=1e-5)
    assert not frames[~mask].any()
    exact = (batch["input"][mask].astype(np.float64) - statistics.mean["input"]) / statistics.std["input"]
    # The mean is rounded to float32, half a unit in the last place of -5 is 2.4e-5 standard deviations of 0.01.
    np.testing.assert_allclose(frames[mask], exact, rtol=1e-6, atol=3e-5)
    maps = (batch["map"] - statistics.mean["map"][:, np.newaxis]) / statistics.std["map"][:, np.newaxis]
    np.testing.assert_allclose(result["map"], maps, rtol=1e-5, atol=1e-6)


@KINDS
def test_other_arrays_are_untouched(statistics, batch, of):
    before = {name: np.array(array) for name, array in batch.items()}
    for scaling in (Normalisation(statistics), Denormalisation(statistics)):
        result = applied(of, scaling, batch)
        assert list(result) == list(batch) if of is not jax.jit else set(result) == set(batch)
        for name in ("idx", "input_frame_mask", "input_frame_length"):
            assert np.array_equal(result[name], batch[name])
            assert result[name].dtype == batch[name].dtype
    for name, array in before.items():
        assert np.array_equal(array, batch[name])


@KINDS
def test_denormalising_undoes_it(statistics, batch, of):
    result = applied(of, Denormalisation(statistics), applied(of, Normalisation(statistics), batch))
    for name in ("input", "map"):
        # Relative to what is added and taken away: near 0 a float32 sum keeps no more.
        np.testing.assert_allclose(result[name], batch[name], rtol=1e-6, atol=1e-6 * np.abs(batch[name]).max())
    assert not np.asarray(result["input"])[~batch["input_frame_mask"]].any()


def test_the_functions_are_the_same_as_the_objects(statistics, batch):
    for function, kind in ((normalise, Normalisation), (denormalise, Denormalisation)):
        result, expected = function(batch, statistics), kind(statistics)(batch)
        assert all(np.array_equal(result[name], expected[name]) for name in batch)


@pytest.mark.parametrize("batch_axes", [(), (6,), (2, 3)])
def test_there_may_be_any_batch_axes(statistics, batch_axes):
    rng = np.random.default_rng(0)
    frames = rng.normal(size=(*batch_axes, 7, 3)).astype(np.float32)
    mask = rng.random((*batch_axes, 7)) < 0.5
    result = normalise({"input": frames, "input_frame_mask": mask}, statistics)["input"]
    expected = (frames - statistics.mean["input"]) / statistics.std["input"] * mask[..., np.newaxis]
    np.testing.assert_allclose(result, expected, rtol=1e-5, atol=1e-2)
    assert np.array_equal(result == 0, np.broadcast_to(~mask[..., np.newaxis], result.shape))


def test_without_a_mask_everything_is_there(statistics):
    result = normalise({"input": np.zeros((2, 7, 3), np.float32)}, statistics)["input"]
    np.testing.assert_allclose(result, np.broadcast_to(-statistics.mean["input"] / statistics.std["input"], (2, 7, 3)))


def test_arrays_that_the_batch_lacks_are_not_asked_for(statistics, batch):
    predicted = {"map": batch["map"]}
    assert list(denormalise(predicted, statistics)) == ["map"]


def test_entries_that_are_not_normalised_and_integers_work():
    counted = {"input": Counted(["input_feature"], normalise=[True, False, True]), "idx": Counted()}
    statistics = compute_statistics(Frames(), counted, progress=False)
    (batch,) = apg.make_loader(Frames(), 8, shuffle=False)
    result = normalise(batch, statistics)
    assert np.array_equal(result["input"][..., 1], batch["input"][..., 1])
    np.testing.assert_allclose(result["idx"], (np.arange(8) - 3.5) / np.arange(8).std(), rtol=1e-6)
    assert result["idx"].dtype == np.float32


@pytest.mark.parametrize("device", [None, jax.devices()[0]])
def test_a_loader_normalises_its_batches(statistics, batch, device):
    transforms = (pickle.loads(pickle.dumps(Normalisation(statistics))),)
    (delivered,) = apg.make_loader(Frames(), 8, shuffle=False, device=device, transforms=transforms)
    assert isinstance(delivered["input"], np.ndarray if device is None else jax.Array)
    expected = normalise(batch, statistics)
    for name in batch:
        np.testing.assert_allclose(delivered[name], expected[name], rtol=1e-6, atol=1e-6)


def test_in_a_jitted_step_the_numbers_are_arguments_and_no_constants(statistics, batch):
    @jax.jit
    def step(normalisation, batch):
        return normalisation(batch)["input"].sum()

    normalisation = Normalisation(statistics)
    assert len(jax.tree_util.tree_leaves(normalisation)) == 4
    jaxpr = jax.make_jaxpr(step)(normalisation, dict(batch))
    assert not jaxpr.consts
    step(normalisation, batch)
    half = compute_statistics(
        apg.sliced(Frames(), 0, 4), {n: a.counted for n, a in statistics.arrays.items()}, progress=False
    )
    np.testing.assert_allclose(step(Normalisation(half), batch), normalise(batch, half)["input"].sum(), rtol=1e-3)
    assert step._cache_size() == 1


def test_arrays_of_numpy_within_a_jitted_function_work(statistics, batch):
    result = jax.jit(lambda normalisation: normalisation(batch)["map"])(Normalisation(statistics))
    np.testing.assert_allclose(result, normalise(batch, statistics)["map"], rtol=1e-6, atol=1e-6)


def test_gradients_flow_through_it(statistics):
    gradient = jax.grad(lambda array: normalise({"map": array}, statistics)["map"].sum())(jnp.zeros((4, 5)))
    np.testing.assert_allclose(gradient, np.broadcast_to(1 / statistics.std["map"][:, np.newaxis], (4, 5)), rtol=1e-6)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"x": np.zeros(3)}, "batch: has the arrays x, and there are statistics of input, map"),
        ({"input": np.zeros((7, 4))}, r"batch: 'input' has the shape \(7, 4\); .*with \{'input_feature': 3\}"),
        (
            {"input": np.zeros(3)},
            r"batch: 'input' has the shape \(3,\); the statistics are of the axes \('input_frame'",
        ),
        (
            {"input": np.zeros((2, 7, 3)), "input_frame_mask": np.ones((2, 6), bool)},
            r"batch: 'input_frame_mask' has the shape \(2, 6\), expected \(2, 7\) for 'input'",
        ),
    ],
)
def test_what_does_not_fit_is_refused_by_name(statistics, wrong, message):
    for function in (normalise, denormalise):
        with pytest.raises(ArgumentError, match=message):
            function(wrong, statistics)


def test_only_statistics_normalise():
    with pytest.raises(ArgumentError, match="statistics=3: expected Statistics"):
        Normalisation(3)


def test_it_says_what_it_scales(statistics):
    assert repr(Denormalisation(statistics)) == "Denormalisation(input, map)"


def test_what_is_no_batch_of_real_numbers_is_refused(statistics):
    for wrong in (np.zeros((4, 3)), 3):
        with pytest.raises(ArgumentError, match="expected a mapping of arrays, {'input': ..., 'map': ...}"):
            denormalise(wrong, statistics)
    with pytest.raises(ArgumentError, match="'map' is complex"):
        normalise({"map": np.zeros((4, 5), np.complex64)}, statistics)
