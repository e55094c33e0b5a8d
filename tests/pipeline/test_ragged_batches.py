"""Batches of records that differ in length: padded, with lengths and masks; of similar length if asked."""

import itertools

import jax
import numpy as np
import pytest
from sequences import Sequences

import acoupipe_grain as apg
from acoupipe_grain.errors import ArgumentError, DataError
from acoupipe_grain.pipeline.length_order import length_order

LENGTHS = [3, 7, 1, 5, 2, 6, 4, 8, 3, 2]


def test_a_batch_is_padded_with_zeros_to_its_longest_record():
    (batch, *_) = apg.make_loader(Sequences(LENGTHS), 4, shuffle=False)
    assert batch["features"].shape == (4, 7, 2)
    assert batch["samples"].shape == (4, 7)
    assert batch["frame_length"].tolist() == [3, 7, 1, 5]
    assert batch["frame_length"].dtype == np.int32
    assert batch["frame_mask"].dtype == bool
    for row, length in enumerate([3, 7, 1, 5]):
        assert batch["frame_mask"][row].tolist() == [True] * length + [False] * (7 - length)
        assert batch["samples"][row].tolist() == [*range(1, length + 1)] + [0] * (7 - length)
        assert np.all(batch["features"][row] == (row + 1) * batch["frame_mask"][row][:, None])


def test_axes_of_one_length_are_not_padded():
    (batch, *_) = apg.make_loader(Sequences([4, 4, 4]), 3)
    assert set(batch) == {"features", "samples", "idx"}


@pytest.mark.parametrize("pad_to", [[8, 4], {"frame": [4, 8]}])
def test_batches_are_padded_to_the_smallest_length_that_is_enough(pad_to):
    batches = list(apg.make_loader(Sequences(LENGTHS), 2, shuffle=False, pad_to=pad_to))
    assert [batch["samples"].shape[1] for batch in batches] == [8, 8, 8, 8, 4]


@pytest.mark.parametrize("num_workers", [0, 1])
def test_batches_of_similar_length_hold_every_record_once_in_every_epoch(num_workers):
    rng = np.random.default_rng(3)
    source = Sequences(rng.integers(1, 200, 70).tolist())
    loader = apg.make_loader(
        source, 4, group_by_length="frame", num_epochs=3, drop_remainder=False, num_workers=num_workers
    )
    batches = [batch["idx"].tolist() for batch in loader]
    assert len(batches) == 54
    epochs = [list(itertools.chain(*batches[start : start + 18])) for start in (0, 18, 36)]
    for epoch in epochs:
        assert sorted(epoch) == list(range(70))
    assert epochs[0] != epochs[1] != epochs[2]


def test_batches_of_similar_length_need_less_padding():
    source = Sequences(np.random.default_rng(1).integers(1, 1000, 640).tolist())

    def share_padded(**options):
        masks = [batch["frame_mask"] for batch in apg.make_loader(source, 16, **options)]
        return 1 - sum(mask.sum() for mask in masks) / sum(mask.size for mask in masks)

    # Blocks of four batches are a tenth of all records: lengths in one differ by a tenth of the range, half of it lost.
    assert share_padded(group_by_length="frame") < 0.12
    assert share_padded() > 0.4


@pytest.mark.parametrize(("num_records", "block_size"), [(1, 4), (7, 4), (8, 4), (103, 10), (1000, 64), (5, 100)])
def test_the_order_by_length_is_a_permutation_in_blocks_of_neighbours(num_records, block_size):
    lengths = np.random.default_rng(num_records).integers(1, 50, num_records)
    for epoch in range(5):
        order = length_order(lengths, block_size, 3, epoch)
        assert sorted(order.tolist()) == list(range(num_records))
        num_whole = num_records // block_size * block_size
        blocks = np.sort(lengths[order[:num_whole]].reshape(-1, block_size), axis=1)
        # Blocks do not overlap: ordered by their shortest, each begins where the one before ends.
        ordered = blocks[np.lexsort(blocks.T[::-1])].ravel()
        assert np.array_equal(ordered, np.sort(ordered))
        # Those left over are neighbours, or the shortest and the longest.
        left, others = np.sort(lengths[order[num_whole:]]), lengths[order[:num_whole]]
        if left.size and others.size:
            between = (left[:, None] < others).any(axis=1) & (left[:, None] > others).any(axis=1)
            assert not np.any((others > left.min()) & (others < left.max())) or not between.any()


def test_every_record_comes_last_as_often():
    last = [length_order(np.arange(10), 4, 0, epoch)[8:] for epoch in range(2000)]
    # 400 each: five standard deviations are 90.
    assert np.all(np.abs(np.bincount(np.concatenate(last), minlength=10) - 400) < 90)


def test_the_order_by_length_is_the_same_everywhere():
    assert length_order(np.array(LENGTHS), 4, 0, 0).tolist() == GOLDEN


GOLDEN = [1, 5, 8, 7, 9, 0, 2, 4, 6, 3]


def test_shards_hold_every_record_once():
    source = Sequences(np.random.default_rng(5).integers(1, 100, 41).tolist())
    found = []
    for index in range(3):
        loader = apg.make_loader(
            source, 4, group_by_length="frame", shard=(index, 3), drop_remainder=False, num_epochs=2, seed=7
        )
        batches = list(loader)
        found.append([batch["idx"].tolist() for batch in batches])
    for epoch in range(2):
        halves = [batches[len(batches) // 2 * epoch : len(batches) // 2 * (epoch + 1)] for batches in found]
        assert sorted(itertools.chain(*(itertools.chain(*half) for half in halves))) == list(range(41))


def test_checkpoints_continue_with_the_next_batch():
    loader = apg.make_loader(Sequences(LENGTHS), 2, group_by_length="frame", num_epochs=3, pad_to=[8])
    iterator = iter(loader)
    for _ in range(7):
        next(iterator)
    state = iterator.get_state()
    expected = [batch["idx"].tolist() for batch in iterator]
    again = iter(loader)
    again.set_state(state)
    assert [batch["idx"].tolist() for batch in again] == expected
    other = iter(apg.make_loader(Sequences(LENGTHS), 2, num_epochs=3, pad_to=[8]))
    with pytest.raises(ArgumentError, match="group_by_length was 'frame', is None"):
        other.set_state(state)


def test_padded_batches_go_to_devices():
    (batch, *_) = apg.make_loader(Sequences(LENGTHS), 4, device=jax.devices("cpu")[0], pad_to=[8])
    assert isinstance(batch["frame_mask"], jax.Array)
    assert batch["features"].shape == (4, 8, 2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pad_to": [4]}, r"pad_to=\[4\]: record 7 has the length 8 along 'frame'"),
        ({"pad_to": {"time": [9]}}, "pad_to: unknown axis 'time'.*Available: frame"),
        ({"pad_to": []}, r"pad_to=\[\]: expected a list of lengths"),
        ({"pad_to": 9}, "pad_to=9: expected a list of lengths"),
        ({"pad_to": [10**12]}, "batch_size=2: a loader .* GiB of memory"),
        ({"pad_to": [0, 9]}, "pad_to=0: expected an? integer|pad_to=0"),
        ({"group_by_length": "time"}, "group_by_length: unknown axis 'time'.*Available: frame"),
        ({"group_by_length": "frame", "shuffle": False}, "group_by_length='frame', shuffle=False"),
    ],
)
def test_what_cannot_be_is_refused_at_once(options, message):
    with pytest.raises(ArgumentError, match=message):
        apg.make_loader(Sequences(LENGTHS), 2, **options)


def test_lengths_that_are_not_there_are_refused():
    with pytest.raises(ArgumentError, match=r"pad_to=\[9\]: no axis of this source differs"):
        apg.make_loader(Sequences([4, 4]), 2, pad_to=[9])
    source = apg.SceneSource(4)
    with pytest.raises(ArgumentError, match="group_by_length='frame': this source does not know how long"):
        apg.make_loader(source, 2, group_by_length="frame")


def test_names_that_batches_need_are_refused_in_elements():
    source = Sequences(LENGTHS)
    source.element_spec["frame_mask"] = apg.ArraySpec((), "bool", ())
    with pytest.raises(ArgumentError, match="elements have 'frame_mask', which batches use"):
        apg.make_loader(source, 2)


def test_arrays_that_differ_along_an_axis_of_one_name_are_refused():
    class Uneven(Sequences):
        def __getitem__(self, index):
            element = super().__getitem__(index)
            return element | {"samples": element["samples"][:-1]}

    with pytest.raises(DataError, match="axis 'frame' has different lengths in one element: 'features' 3, 'samples' 2"):
        next(iter(apg.make_loader(Uneven(LENGTHS), 2, shuffle=False)))
