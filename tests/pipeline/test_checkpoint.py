import json

import grain
import numpy as np
import pytest
from grain.experimental import assert_equal_output_after_checkpoint

import acoupipe_grain as apg
from acoupipe_grain.errors import ArgumentError


def assert_same(one, other):
    assert one.keys() == other.keys()
    for name in one:
        assert np.array_equal(one[name], other[name]), name


@pytest.mark.parametrize("num_workers", [0, pytest.param(2, marks=pytest.mark.slow)])
def test_restoring_at_every_step_continues_with_the_same_batches_bitwise(small_source, num_workers):
    loader = apg.make_loader(small_source, 4, seed=3, num_epochs=2, num_workers=num_workers)
    iterator = iter(loader)
    states, batches = [iterator.get_state()], []
    for batch in iterator:
        batches.append(batch)
        states.append(iterator.get_state())
    iterator.close()
    assert len(batches) == 10
    again = iter(loader)
    for step in reversed(range(len(batches))):
        again.set_state(json.loads(json.dumps(states[step])))
        assert_same(next(again), batches[step])
    again.set_state(states[4])
    for expected in batches[4:]:
        assert_same(next(again), expected)
    with pytest.raises(StopIteration):
        next(again)
    again.close()


def test_grains_own_checkpoint_test_passes(small_source):
    assert_equal_output_after_checkpoint(apg.make_loader(small_source, 4, num_epochs=2))


def test_random_transforms_and_devices_continue_too(small_source):
    import jax

    class Noise(grain.transforms.RandomMap):
        def random_map(self, element, rng):
            return element | {"noise": rng.standard_normal(2)}

    loader = apg.make_loader(small_source, 4, device=jax.devices()[0], transforms=(Noise(),))
    iterator = iter(loader)
    next(iterator)
    state = iterator.get_state()
    expected = [next(iterator), next(iterator)]
    iterator.close()
    again = iter(loader)
    again.set_state(state)
    for batch in expected:
        assert_same(next(again), batch)
    again.close()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"num_workers": 1}, "num_workers was 0, is 1"),
        ({"batch_size": 5}, "batch_size was 4, is 5"),
        ({"seed": 1}, "seed was 0, is 1"),
        ({"shard": (0, 2), "batch_size": 4}, "shard was None"),
    ],
)
def test_the_state_of_another_loader_is_refused_with_the_difference(small_source, change, message):
    state = iter(apg.make_loader(small_source, 4)).get_state()
    other = iter(apg.make_loader(small_source, **({"batch_size": 4} | change)))
    with pytest.raises(ArgumentError, match=message):
        other.set_state(state)
    other.close()


def test_the_state_of_another_source_is_refused(small_source, small_setup):
    state = iter(apg.make_loader(small_source, 4)).get_state()
    other = apg.SyntheticSource(20, seed=1, setup=small_setup, signal_length=0.1, f=2000.0, max_nsources=4)
    with pytest.raises(ArgumentError, match="source was"):
        iter(apg.make_loader(other, 4)).set_state(state)


@pytest.mark.parametrize("state", [{"next_index": 3}, None, {"pipeline": None, "position": {}}])
def test_a_state_from_elsewhere_is_refused(small_source, state):
    with pytest.raises(ArgumentError, match="make_loader"):
        iter(apg.make_loader(small_source, 4)).set_state(state)


def test_a_state_without_a_position_is_refused(small_source):
    iterator = iter(apg.make_loader(small_source, 4))
    with pytest.raises(ArgumentError, match="damaged"):
        iterator.set_state(iterator.get_state() | {"position": {}})


def test_states_are_json_whatever_integers_the_loader_was_given(small_source):
    loader = apg.make_loader(small_source, np.int64(4), seed=np.int64(3), shard=(np.int64(0), np.int32(2)))
    state = json.loads(json.dumps(iter(loader).get_state()))
    iter(apg.make_loader(small_source, 4, seed=3, shard=(0, 2))).set_state(state)


def test_orbax_saves_and_restores_the_iterator(small_source, tmp_path):
    import orbax.checkpoint as ocp

    loader = apg.make_loader(small_source, 4, seed=3)
    iterator = iter(loader)
    next(iterator)
    with ocp.CheckpointManager(tmp_path / "checkpoints") as manager:
        manager.save(1, args=ocp.args.Composite(data=grain.checkpoint.CheckpointSave(iterator)))
        manager.wait_until_finished()
        expected = next(iterator)
        again = iter(loader)
        manager.restore(1, args=ocp.args.Composite(data=grain.checkpoint.CheckpointRestore(again)))
        assert_same(next(again), expected)
