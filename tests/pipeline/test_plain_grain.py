"""The sources in pipelines as a Grain user writes them, without `make_loader`."""

import grain
import numpy as np
import pytest


def assert_records(batches, source):
    seen = []
    for batch in batches:
        for row, index in enumerate(np.atleast_1d(batch["idx"])):
            seen.append(int(index))
            for name, array in source[int(index)].items():
                assert np.array_equal(np.atleast_1d(batch["idx"])[row], index)
                assert np.array_equal(batch[name][row], array), name
    return seen


@pytest.mark.slow
@pytest.mark.parametrize("worker_count", [0, 1, 2])
@pytest.mark.parametrize("shuffle", [False, True])
def test_data_loader_gives_the_sources_records_bitwise(small_source, worker_count, shuffle):
    sampler = grain.samplers.IndexSampler(
        len(small_source), shard_options=grain.sharding.NoSharding(), shuffle=shuffle, num_epochs=1, seed=4
    )
    loader = grain.DataLoader(
        data_source=small_source,
        sampler=sampler,
        operations=[grain.transforms.Batch(5, drop_remainder=False)],
        worker_count=worker_count,
    )
    assert sorted(assert_records(list(loader), small_source)) == list(range(20))


def test_data_loader_continues_from_every_step(small_source):
    def loader():
        sampler = grain.samplers.IndexSampler(
            len(small_source), shard_options=grain.sharding.NoSharding(), shuffle=True, num_epochs=1, seed=4
        )
        return grain.DataLoader(
            data_source=small_source, sampler=sampler, operations=[grain.transforms.Batch(4)], worker_count=0
        )

    iterator = iter(loader())
    states, batches = [iterator.get_state()], []
    for batch in iterator:
        batches.append(batch)
        states.append(iterator.get_state())
    for step, expected in enumerate(batches):
        again = iter(loader())
        again.set_state(states[step])
        batch = next(again)
        assert all(np.array_equal(batch[name], expected[name]) for name in expected)


def test_map_dataset_with_grains_default_read_threads(small_source):
    dataset = grain.MapDataset.source(small_source).shuffle(seed=1).batch(5).to_iter_dataset()
    assert sorted(assert_records(list(dataset), small_source)) == list(range(20))


def test_scenes_work_the_same_way(small_source):
    dataset = grain.MapDataset.source(small_source.inputs).shuffle(seed=1).batch(5)
    assert sorted(assert_records([dataset[i] for i in range(4)], small_source.inputs)) == list(range(20))
