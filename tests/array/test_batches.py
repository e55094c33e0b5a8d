"""Whole batches of the spectral modes in one jitted call: the loader's and the exporter's path, and the user's own."""

import os
import pickle
import subprocess
import sys

import cloudpickle
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import acoupipe_grain as apg
from acoupipe_grain.array.features import computation, registered_features
from acoupipe_grain.compat import AcouPipeSource
from acoupipe_grain.specs import apply_batch_computation

MODES = ("analytic", "wishart")
CHOOSING = ("eigmode", "sourcemap_orthogonal", "sourcemap_clean_sc")
"""Features that follow the last bits of the matrix: eigenvectors of equal eigenvalues, the place of a maximum."""
TIME_DOMAIN = ("time_data", "spectrogram", "segment", "block")
MISSING = {"analytic": (*TIME_DOMAIN, "estimated"), "wishart": TIME_DOMAIN}


def source(setup, mode, **options):
    return apg.SyntheticSource(
        **({"num_records": 40, "setup": setup, "mode": mode, "f": [1000.0, 2500.0], "max_nsources": 4} | options)
    )


def features_of(mode):
    return [name for name in registered_features() if not any(part in name for part in MISSING[mode])]


def assert_batch_agrees(batch, one, indices, tolerance=1e-5):
    for row, index in enumerate(indices):
        for name, array in one[int(index)].items():
            atol = tolerance * max(float(np.abs(array).max()), 1e-30)
            np.testing.assert_allclose(np.asarray(batch[name][row]), array, atol=atol, rtol=0, err_msg=name)


@pytest.mark.parametrize("mode", ["analytic", pytest.param("wishart", marks=pytest.mark.slow)])
def test_batches_agree_with_single_records_in_every_feature(small_setup, mode):
    names = [name for name in features_of(mode) if name not in CHOOSING]
    one = source(small_setup, mode, features=names, noise=0.05)
    indices = [7, 0, 31]
    batch = apply_batch_computation(one.compute_batch, one.inputs.batch(indices))
    assert set(batch) == set(one.element_spec)
    for name, spec in one.element_spec.items():
        assert batch[name].shape == (3, *spec.shape)
        assert batch[name].dtype == spec.dtype
    assert_batch_agrees(batch, one, indices)


@pytest.mark.parametrize("mode", ["analytic", pytest.param("wishart", marks=pytest.mark.slow)])
@pytest.mark.parametrize("remove", [False, True])
def test_maps_of_all_bins_and_of_few_agree(small_setup, mode, remove):
    """Few lines are multiplied with packed weights, many with steering vectors."""
    feature = apg.feature("sourcemap", remove_diagonal=remove, steering="II")
    one = source(small_setup, mode, features=(feature,), f=None)
    assert_batch_agrees(apply_batch_computation(one.compute_batch, one.inputs.batch([3, 9])), one, [3, 9])


@pytest.mark.slow
def test_a_draw_does_not_depend_on_size_order_or_company_of_a_batch(small_setup):
    one = source(small_setup, "wishart", features=("noise_strength_estimated", "csm"))
    compute = jax.jit(lambda part, batch: part(batch))
    alone = compute(one.compute_batch, one.inputs.batch([5]))
    for indices in ([5, 6], [0, 5, 2, 39], list(range(40))):
        batch = compute(one.compute_batch, one.inputs.batch(indices))
        for name in ("noise_strength_estimated", "csm"):
            expected = np.asarray(alone[name][0])
            measured = np.asarray(batch[name][indices.index(5)])
            np.testing.assert_allclose(measured, expected, atol=1e-6 * np.abs(expected).max())


@pytest.mark.slow
def test_large_batches_are_computed_in_chunks_with_the_same_result(small_setup, monkeypatch):
    names = [name for name in features_of("wishart") if name not in CHOOSING]
    scenes = source(small_setup, "wishart").inputs.batch(range(11))
    whole = apply_batch_computation(source(small_setup, "wishart", features=names).compute_batch, scenes)
    monkeypatch.setattr(computation, "MAX_CHUNK_BYTES", 10**5)
    chunked = source(small_setup, "wishart", features=names).compute_batch
    assert 1 <= chunked.func.chunk_size < 11
    parts = apply_batch_computation(chunked, scenes)
    for name, array in whole.items():
        scale = max(float(np.abs(array).max()), 1e-30)
        np.testing.assert_allclose(np.asarray(parts[name]), np.asarray(array), atol=1e-5 * scale, rtol=0, err_msg=name)


def test_a_train_step_of_the_users_takes_scenes_and_computes_its_data(small_setup):
    one = source(small_setup, "analytic", features=("sourcemap", "source_strength_analytic"))

    @jax.jit
    def step(part, scenes, weight):
        def loss(weight):
            batch = part(scenes)
            target = batch["source_strength_analytic"].sum(axis=(1, 2))
            return jnp.mean((weight * batch["sourcemap"].max(axis=(1, 2, 3)) - target) ** 2)

        value, gradient = jax.value_and_grad(loss)(weight)
        return weight - 0.1 * gradient, value

    weight, first = step(one.compute_batch, one.inputs.batch(range(16)), 0.0)
    for _ in range(50):
        weight, last = step(one.compute_batch, one.inputs.batch(range(16)), weight)
    assert np.isfinite(last)
    assert last < first


@pytest.mark.slow
def test_the_computation_is_one_object_that_is_never_pickled(small_setup):
    one = source(small_setup, "wishart", features=("sourcemap",))
    assert one.compute_batch is one.compute_batch
    for pickler in (pickle, cloudpickle):
        data = pickler.dumps(one)
        assert len(data) < 20_000  # its weights alone have more
        again = pickle.loads(data)
        batch = apply_batch_computation(again.compute_batch, again.inputs.batch([4]))
        assert_batch_agrees(batch, one, [4])


def test_welch_has_no_batches(small_setup):
    assert source(small_setup, "welch", signal_length=0.1).compute_batch is None


@pytest.mark.parametrize("mode", ["analytic", pytest.param("wishart", marks=pytest.mark.slow)])
def test_loaders_deliver_jax_arrays_of_shuffled_scenes(small_setup, mode):
    one = source(small_setup, mode, features=("sourcemap", "loc"))
    batches = list(apg.make_loader(one, 8, seed=3))
    assert len(batches) == 5
    for batch in batches:
        assert isinstance(batch["sourcemap"], jax.Array)
        assert_batch_agrees(batch, one, np.asarray(batch["idx"]))
    seen = np.sort(np.concatenate([np.asarray(batch["idx"]) for batch in batches]))
    assert np.array_equal(seen, np.arange(40))
    workers = list(apg.make_loader(one, 8, seed=3, num_workers=2))
    for batch, again in zip(batches, workers, strict=True):
        for name in batch:
            assert np.array_equal(batch[name], again[name]), name


@pytest.mark.slow
def test_batches_are_shared_out_among_devices():
    script = """
import jax, numpy as np
import acoupipe_grain as apg
mesh = jax.make_mesh((2,), ("data",), axis_types=(jax.sharding.AxisType.Auto,))
sharding = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec("data"))
grid = apg.RectGrid(-0.5, 0.5, -0.5, 0.5, 1.0, 0.1)
setup = {"mic_positions": "minidsp_uma-16", "grid": grid}
options = {"features": ("csm", "sourcemap"), "f": 4000.0, "setup": setup, "signal_length": 0.2}
for mode in ("wishart", "analytic", "welch"):
    source = apg.SyntheticSource(8, mode=mode, engine="jax", **options)
    for batch in apg.make_loader(source, 8, device=sharding):
        for name in ("csm", "sourcemap"):
            assert batch[name].sharding.is_equivalent_to(sharding, 4)
            for row, index in enumerate(np.asarray(batch["idx"])):
                expected = source[int(index)][name]
                assert np.abs(np.asarray(batch[name][row]) - expected).max() < 1e-5 * np.abs(expected).max()
"""
    environment = os.environ | {"XLA_FLAGS": "--xla_force_host_platform_device_count=2"}
    subprocess.run([sys.executable, "-c", script], env=environment, check=True)


@pytest.mark.parametrize("num_workers", [0, pytest.param(2, marks=pytest.mark.slow)])
def test_degenerate_eigenvectors_survive_deep_verification(small_setup, tmp_path, num_workers):
    """They are arbitrary, but the same for the same batch: a sample is computed anew in whole batches."""
    one = source(small_setup, "analytic", features=("eigmode", "sourcemap_orthogonal"), num_records=21)
    apg.export(one, tmp_path / "data", num_workers=num_workers, records_per_shard=8, progress=False)
    apg.verify(tmp_path / "data", deep=True)


def test_acoupipes_scenes_are_computed_in_batches_too():
    one = AcouPipeSource(10, mode="analytic", features=("csm", "source_strength_analytic"), f=4000.0)
    batch = apply_batch_computation(one.compute_batch, one.inputs.batch([2, 8]))
    assert_batch_agrees(batch, one, [2, 8], 2e-5)
