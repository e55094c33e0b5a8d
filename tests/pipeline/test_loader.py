import grain
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import acoupipe_grain as apg
from acoupipe_grain.errors import ArgumentError, DataError, RecordIndexError
from acoupipe_grain.pipeline import record_batches
from acoupipe_grain.records.batches import one_blas_thread


class Numbers:
    """A source of its own index, with whatever a test wants to be wrong."""

    def __init__(self, num_records=10, value=lambda index: index):
        self._num_records, self._value = num_records, value
        self.element_spec = {"idx": apg.ArraySpec((), "int32", ())}

    def __len__(self):
        return self._num_records

    def __getitem__(self, index):
        return {"idx": np.array(self._value(index), dtype=np.int32)}

    def __repr__(self):
        return f"Numbers({self._num_records})"


class Doubled:
    """A source with a batched path: its elements are its inputs times a constant."""

    def __init__(self, num_records=10):
        self.inputs = apg.SceneSource(num_records, max_nsources=3)
        self.element_spec = {"doubled": apg.ArraySpec((3,), "float32", ("source",), "Pa^2")}
        self.compute_batch = jax.tree_util.Partial(_times, jnp.full((3,), 2.0))

    def __len__(self):
        return len(self.inputs)

    def __getitem__(self, index):
        return {"doubled": 2 * self.inputs[index]["strengths"]}

    def __repr__(self):
        return "Doubled()"


def _times(factor, batch):
    return {"doubled": factor * batch["strengths"]}


def indices(loader):
    return [batch["idx"].tolist() for batch in loader]


def test_golden_order():
    # A change here changes the order of every training run with these seeds.
    assert indices(apg.make_loader(Numbers(), 4, seed=0, num_epochs=2)) == GOLDEN_ORDER


GOLDEN_ORDER = [[5, 8, 9, 7], [4, 2, 1, 0], [6, 9, 4, 8], [0, 7, 3, 2]]


def test_neighbouring_seeds_do_not_repeat_each_others_epochs():
    epochs = [indices(apg.make_loader(Numbers(), 10, seed=seed, num_epochs=5)) for seed in range(4)]
    assert len({tuple(epoch) for of_seed in epochs for epoch in of_seed}) == 20


def test_without_shuffling_the_order_is_the_sources():
    assert indices(apg.make_loader(Numbers(), 4, shuffle=False, drop_remainder=False)) == [
        [0, 1, 2, 3],
        [4, 5, 6, 7],
        [8, 9],
    ]


def test_batches_never_straddle_epochs_and_each_epoch_is_a_new_permutation():
    batches = indices(apg.make_loader(Numbers(), 5, num_epochs=3))
    epochs = [batches[2 * k] + batches[2 * k + 1] for k in range(3)]
    assert all(sorted(epoch) == list(range(10)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 3


def test_an_endless_loader_does_not_end():
    iterator = iter(apg.make_loader(Numbers(3), 3, num_epochs=None))
    for _ in range(10):
        assert sorted(next(iterator)["idx"].tolist()) == [0, 1, 2]
    iterator.close()


def test_shards_are_disjoint_and_complete():
    shards = [
        indices(apg.make_loader(Numbers(), 2, shard=(index, 3), drop_remainder=False, seed=7)) for index in range(3)
    ]
    assert sorted(index for shard in shards for batch in shard for index in batch) == list(range(10))


def test_records_are_the_sources(small_source):
    for batch in apg.make_loader(small_source, 4):
        assert all(type(array) is np.ndarray for array in batch.values())
        for row, index in enumerate(batch["idx"]):
            for name, array in small_source[int(index)].items():
                assert np.array_equal(batch[name][row], array)


@pytest.mark.parametrize("num_workers", [pytest.param(1, marks=pytest.mark.slow), 2])
@pytest.mark.parametrize("shuffle", [False, True])
def test_workers_give_the_same_batches_bitwise(small_source, num_workers, shuffle):
    expected = list(apg.make_loader(small_source, 3, shuffle=shuffle, seed=5, num_epochs=2))
    iterator = iter(apg.make_loader(small_source, 3, shuffle=shuffle, seed=5, num_epochs=2, num_workers=num_workers))
    measured = list(iterator)
    iterator.close()
    assert len(measured) == len(expected) == 12
    for one, other in zip(expected, measured, strict=True):
        assert one.keys() == other.keys()
        for name in one:
            assert np.array_equal(one[name], other[name])
            assert one[name].dtype == other[name].dtype
            assert type(other[name]) is np.ndarray


@pytest.mark.slow
def test_the_default_scene_is_bitwise_the_same_in_workers(monkeypatch):
    """With one thread of LAPACK everywhere: on how many it has, the last bits of eigenmodes depend."""
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")  # workers inherit it
    source = apg.SyntheticSource(4, features=("csm", "sourcemap", "eigmode"), f=[2000.0, 4000.0], signal_length=1.0)
    iterator = iter(apg.make_loader(source, 2, num_workers=2))
    batches = list(iterator)
    iterator.close()
    with one_blas_thread():
        for batch in batches:
            for row, index in enumerate(batch["idx"]):
                for name, array in source[int(index)].items():
                    assert np.array_equal(batch[name][row], array), name


def test_a_device_gets_jax_arrays(small_source):
    device = jax.devices()[0]
    batches = list(apg.make_loader(small_source, 5, device=device, seed=2))
    plain = list(apg.make_loader(small_source, 5, seed=2))
    assert len(batches) == len(plain) == 4
    for batch, expected in zip(batches, plain, strict=True):
        for name, array in batch.items():
            assert isinstance(array, jax.Array)
            assert array.devices() == {device}
            assert np.array_equal(array, expected[name])


def test_a_sharding_distributes_batches(small_source):
    mesh = jax.make_mesh((1,), ("batch",), axis_types=(jax.sharding.AxisType.Auto,))
    sharding = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec("batch"))
    for batch in apg.make_loader(small_source, 5, device=sharding):
        assert batch["loc"].sharding.is_equivalent_to(sharding, 3)


@pytest.mark.parametrize("device", [None, "first", "sharding"])
def test_a_batched_source_is_computed_in_this_process(device):
    mesh = jax.make_mesh((1,), ("batch",), axis_types=(jax.sharding.AxisType.Auto,))
    devices = {
        None: None,
        "first": jax.devices()[0],
        "sharding": jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec("batch")),
    }
    source = Doubled()
    measured = list(apg.make_loader(source, 5, shuffle=False, device=devices[device]))
    assert all(isinstance(batch["doubled"], jax.Array) for batch in measured)
    expected = [source[index]["doubled"] for index in range(10)]
    np.testing.assert_array_equal(np.concatenate([batch["doubled"] for batch in measured]), expected)


def test_a_mesh_of_explicit_axes_is_refused_for_a_batched_source():
    mesh = jax.make_mesh((1,), ("batch",), axis_types=(jax.sharding.AxisType.Explicit,))
    sharding = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec("batch"))
    with pytest.raises(ArgumentError, match=r"axis_types=\(jax.sharding.AxisType.Auto,\) \* 1"):
        apg.make_loader(Doubled(), 5, device=sharding)


def test_scenes_are_drawn_in_vectorised_batches(monkeypatch):
    scenes = apg.SceneSource(10, max_nsources=3)
    monkeypatch.setattr(apg.SceneSource, "__getitem__", lambda *args: pytest.fail("read one by one"))
    assert sorted(index for batch in apg.make_loader(scenes, 5) for index in batch["idx"].tolist()) == list(range(10))


class AddNoise(grain.transforms.RandomMap):
    def random_map(self, element, rng):
        return element | {"noise": rng.standard_normal(3)}


class Shift(grain.transforms.Map):
    def map(self, element):
        return element | {"idx": element["idx"] + 100}


def test_transforms_are_applied_in_order_and_random_ones_are_reproducible():
    transforms = (Shift(), lambda batch: batch | {"idx": batch["idx"] * 2}, AddNoise(), AddNoise())
    first, second = (list(apg.make_loader(Numbers(), 5, transforms=transforms, shuffle=False)) for _ in range(2))
    assert first[0]["idx"].tolist() == [200, 202, 204, 206, 208]
    for one, other in zip(first, second, strict=True):
        assert np.array_equal(one["noise"], other["noise"])
    assert not np.array_equal(first[0]["noise"], first[1]["noise"])
    (other_seed, *_) = apg.make_loader(Numbers(), 5, transforms=transforms, shuffle=False, seed=1)
    assert not np.array_equal(first[0]["noise"], other_seed["noise"])


def test_random_transforms_of_neighbouring_seeds_and_places_draw_apart():
    def noise(seed, number):
        transforms = [Shift()] * number + [AddNoise()]
        return next(iter(apg.make_loader(Numbers(), 5, transforms=transforms, seed=seed)))["noise"].tobytes()

    assert len({noise(seed, number) for seed in range(3) for number in range(3)}) == 9


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 0}, "batch_size=0"),
        ({"batch_size": 2.0}, "batch_size=2.0"),
        ({"batch_size": 11}, "only 10 records"),
        ({"batch_size": 4, "shard": (0, 3), "drop_remainder": True, "seed": 1} | {"batch_size": 5}, "only 4 records"),
        ({"seed": -1}, "seed=-1"),
        ({"seed": 2**32}, "seed="),
        ({"num_epochs": 0}, "num_epochs=0"),
        ({"num_workers": -1}, "num_workers=-1"),
        ({"shuffle": 1}, "shuffle=1"),
        ({"drop_remainder": None}, "drop_remainder"),
        ({"shard": (3, 3)}, "shard index"),
        ({"shard": 2}, "shard=2"),
        ({"shard": (10, 11), "drop_remainder": False}, "no record"),
        ({"device": "gpu"}, "device='gpu'"),
        ({"transforms": (3,)}, r"transforms\[0\]=3"),
        ({"transforms": abs}, "a list of functions"),
    ],
)
def test_bad_arguments_are_refused_by_name(options, message):
    with pytest.raises(ArgumentError, match=message):
        apg.make_loader(Numbers(), **({"batch_size": 2} | options))


def test_a_batch_larger_than_the_memory_is_refused_with_one_that_fits():
    source = apg.SyntheticSource(10**6, features=("time_data",))
    with pytest.raises(ArgumentError, match=r"batch_size=100000.*GiB.*use batch_size up to \d+"):
        apg.make_loader(source, 100_000)


def test_reading_ahead_is_bounded_in_bytes():
    class Large(Numbers):
        element_spec = {"idx": apg.ArraySpec((2**20,), "float32", ("sample",))}

    large = Large.__new__(Large)
    options = record_batches.read_options(large, 32)
    assert options.prefetch_buffer_size == options.num_threads == 2
    options = record_batches.read_options(Numbers(), 1)
    assert options.prefetch_buffer_size == record_batches.MAX_READ_AHEAD_BATCHES


def test_something_that_is_no_source_is_refused():
    with pytest.raises(ArgumentError, match="element_spec"):
        apg.make_loader(list(range(10)), 2)


@pytest.mark.parametrize("num_workers", [0, 1])
def test_elements_that_are_not_what_the_specification_says_are_refused(num_workers):
    source = Numbers()
    source.element_spec = {"idx": apg.ArraySpec((), "float32", ())}
    with pytest.raises(DataError, match=r"record \d of Numbers.*'idx' has dtype int32"):
        list(apg.make_loader(source, 2, num_workers=num_workers))


class Nameless(Numbers):
    __repr__ = object.__repr__


@pytest.mark.parametrize(
    ("source", "message"),
    [(Numbers(0), "no records"), (Nameless(), "__repr__"), (Numbers(), "ArraySpec")],
)
def test_incomplete_sources_are_refused(source, message):
    if message == "ArraySpec":
        source.element_spec = {"idx": ((), "int32")}
    with pytest.raises(ArgumentError, match=message):
        apg.make_loader(source, 2)


def stop(index):
    raise StopIteration


def out_of_range(index):
    raise RecordIndexError(f"index={index}")


@pytest.mark.parametrize("num_workers", [0, 1])
def test_a_source_that_stops_early_is_an_error_not_the_end(num_workers):
    with pytest.raises(DataError, match="StopIteration"):
        list(apg.make_loader(Numbers(value=stop), 2, num_workers=num_workers))


def test_errors_come_out_of_workers_with_their_message():
    source = Numbers(value=lambda index: index if index < 5 else out_of_range(index))
    iterator = iter(apg.make_loader(source, 2, num_workers=1, shuffle=False))
    with pytest.raises(Exception, match="index=6|index=5"):
        list(iterator)
    iterator.close()


ODD_ERRORS = """
import numpy as np
import acoupipe_grain as apg

class Odd(Exception):
    def __init__(self, first, second):
        super().__init__(f"odd {first} {second}")

class Source:
    element_spec = {"idx": apg.ArraySpec((), "int32", ())}
    def __len__(self):
        return 12
    def __getitem__(self, index):
        if index == 7:
            raise Odd(1, 2)
        return {"idx": np.array(index, dtype=np.int32)}
    def __repr__(self):
        return "Source()"

if __name__ == "__main__":
    try:
        REPLACED
    except apg.DataError as error:
        print(error)
"""


@pytest.mark.parametrize(
    ("call", "where"),
    [
        ("list(apg.make_loader(Source(), 2, shuffle=False, num_workers=1))", "record 7"),
        ("apg.export(Source(), 'data', num_workers=1, records_per_shard=4, progress=False)", "shard 1"),
    ],
)
def test_errors_that_do_not_pickle_come_out_of_workers_as_text(tmp_path, call, where):
    import subprocess
    import sys

    script = tmp_path / "script.py"
    script.write_text(ODD_ERRORS.replace("REPLACED", call))
    command = [sys.executable, script]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=True)
    assert f"{where} of Source(): Odd: odd 1 2" in result.stdout


def test_one_batch_of_everything_is_not_taken_for_too_large():
    (batch,) = apg.make_loader(Numbers(), 10**9, drop_remainder=False)
    assert sorted(batch["idx"].tolist()) == list(range(10))


def test_a_source_that_cannot_be_sent_to_workers_is_refused():
    import threading

    source = Numbers()
    source.lock = threading.Lock()
    with pytest.raises(ArgumentError, match="num_workers=0"):
        apg.make_loader(source, 2, num_workers=1)
