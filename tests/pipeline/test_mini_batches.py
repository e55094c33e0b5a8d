import numpy as np
import pytest

from acoupipe_grain.config.keys import keys_of
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.pipeline import MiniBatchOptions, epoch_order

FILES = [0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3]


def order(epoch=0, files=FILES, **options):
    return epoch_order(files, MiniBatchOptions(**options), epoch).tolist()


def test_golden_order():
    # A change here changes the order of every training run on mini-batches with this seed.
    assert [order(epoch, batch_size=2, shuffle_files=True, seed=1) for epoch in range(2)] == GOLDEN_FILES
    assert [order(epoch, batch_size=2, shuffle_mb_block_size=2, seed=1) for epoch in range(2)] == GOLDEN_BLOCKS
    both = {"batch_size": 2, "shuffle_files": True, "shuffle_mb_block_size": 2, "seed": 1}
    assert [order(epoch, **both) for epoch in range(2)] == GOLDEN_BOTH


GOLDEN_FILES = [
    [4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 0, 1, 2, 3],
    [0, 1, 2, 3, 4, 5, 6, 12, 13, 7, 8, 9, 10, 11],
]
GOLDEN_BLOCKS = [
    [3, 0, 1, 2, 4, 6, 7, 5, 9, 11, 8, 10, 13, 12],
    [1, 2, 3, 0, 6, 4, 5, 7, 11, 9, 8, 10, 13, 12],
]
GOLDEN_BOTH = [
    [7, 4, 5, 6, 8, 10, 11, 9, 13, 1, 12, 0, 3, 2],
    [1, 2, 3, 0, 6, 4, 5, 12, 9, 7, 13, 8, 11, 10],
]


def test_without_shuffling_every_epoch_is_in_the_order_of_the_files_and_of_time():
    assert order() == order(7, seed=5) == list(range(14))
    assert order(files=[2, 0, 2, 1, 0]) == [1, 4, 3, 0, 2]


@pytest.mark.parametrize("shuffle_files", [False, True])
@pytest.mark.parametrize("size", [0, 1, 2, 3, 7, 100])
@pytest.mark.parametrize("batch_size", [1, 3, 14, 32])
def test_every_record_comes_once(shuffle_files, size, batch_size):
    measured = order(3, batch_size=batch_size, shuffle_files=shuffle_files, shuffle_mb_block_size=size)
    assert sorted(measured) == list(range(14))


def test_shuffled_files_stay_together_in_order_of_time():
    orders = [order(epoch, shuffle_files=True) for epoch in range(8)]
    assert len({tuple(item) for item in orders}) > 4
    for measured in orders:
        files = [FILES[record] for record in measured]
        runs = [file for place, file in enumerate(files) if place == 0 or files[place - 1] != file]
        assert sorted(runs) == [0, 1, 2, 3]
        assert all(np.diff([record for record in measured if FILES[record] == file]).min() == 1 for file in range(4))


def test_all_orders_of_files_are_equally_likely():
    files = np.arange(3)
    orders, counts = np.unique(
        [order(epoch, files, shuffle_files=True) for epoch in range(1200)], axis=0, return_counts=True
    )
    assert len(orders) == 6
    assert np.all(np.abs(counts - 200) < 65)  # five standard deviations


def test_blocks_are_shuffled_within_themselves():
    for epoch in range(5):
        measured = order(epoch, batch_size=2, shuffle_mb_block_size=3)
        assert sorted(measured[:6]) == list(range(6))
        assert sorted(measured[6:12]) == list(range(6, 12))
        assert sorted(measured[12:]) == [12, 13]
    assert any(order(epoch, batch_size=2, shuffle_mb_block_size=3)[12:] == [13, 12] for epoch in range(20))


def test_blocks_are_counted_in_mini_batches_and_need_not_be_a_multiple_of_their_size():
    measured = order(batch_size=5, shuffle_mb_block_size=2)
    assert sorted(measured[:10]) == list(range(10)) != measured[:10]


def test_blocks_are_made_of_files_in_their_shuffled_order():
    files = order(shuffle_files=True)
    both = order(shuffle_files=True, shuffle_mb_block_size=2, batch_size=2)
    assert [sorted(both[start : start + 4]) for start in range(0, 14, 4)] == [
        sorted(files[start : start + 4]) for start in range(0, 14, 4)
    ]


def test_leaving_records_out_leaves_the_order_of_files():
    for epoch in range(5):
        whole = [FILES[record] for record in order(epoch, shuffle_files=True)]
        part = [FILES[4:][record] for record in order(epoch, FILES[4:], shuffle_files=True)]
        assert part == [file for file in whole if file != 0]


def test_epochs_and_seeds_differ():
    options = {"shuffle_files": True, "shuffle_mb_block_size": 4, "batch_size": 2}
    orders = {tuple(order(epoch, seed=seed, **options)) for epoch in range(4) for seed in range(4)}
    assert len(orders) == 16


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 0}, "batch_size=0: must be at least 1"),
        ({"batch_size": True}, "batch_size=True: expected an integer"),
        ({"shuffle_files": 1}, "shuffle_files=1: expected true or false"),
        ({"shuffle_mb_block_size": -1}, "shuffle_mb_block_size=-1"),
        ({"seed": -1}, "seed=-1"),
        ({"seed": 2**64}, "seed=18446744073709551616"),
        ({"drop_remainder": None}, "drop_remainder=None"),
        ({"data_format": "NWHC"}, "unknown data_format 'NWHC'; did you mean 'NHWC'"),
        ({"num_workers": -1}, "num_workers=-1"),
        ({"features_root": ""}, "features_root='': expected a folder, or None"),
        ({"features_root": 3}, "features_root=3"),
    ],
)
def test_bad_options_are_refused_by_name(options, message):
    with pytest.raises(ArgumentError, match=message):
        MiniBatchOptions(**options)


def test_options_are_in_their_canonical_types(tmp_path):
    options = MiniBatchOptions(np.int64(4), shuffle_files=np.True_, features_root=tmp_path)
    assert options == MiniBatchOptions(4, True, features_root=str(tmp_path))
    assert type(options.batch_size) is int


@pytest.mark.parametrize(("num_records", "dropped", "kept"), [(12, 3, 3), (13, 3, 4), (3, 0, 1)])
def test_the_number_of_mini_batches(num_records, dropped, kept):
    assert MiniBatchOptions(4).num_mini_batches(num_records) == dropped
    assert MiniBatchOptions(4, drop_remainder=False).num_mini_batches(num_records) == kept


@pytest.mark.parametrize(
    ("files", "epoch", "message"),
    [
        ([], 0, "file_indices"),
        ([-1, 0], 0, "file_indices"),
        ([0.5], 0, "file_indices"),
        ([[0]], 0, "file_indices"),
        ([0], -1, "epoch=-1"),
        ([0], 0.0, "epoch=0.0"),
    ],
)
def test_numbers_of_files_and_epochs_are_checked(files, epoch, message):
    with pytest.raises(ArgumentError, match=message):
        epoch_order(files, MiniBatchOptions(), epoch)


def test_every_option_has_a_key_with_a_description():
    keys = list(keys_of("MiniBatchGen", MiniBatchOptions))
    assert [key.name for key in keys] == [f"MiniBatchGen.{name}" for name in MiniBatchOptions.__dataclass_fields__]
    assert all(key.description for key in keys)


def test_blocks_may_be_larger_than_anything():
    order = epoch_order([0, 0, 1], MiniBatchOptions(batch_size=2**40, shuffle_mb_block_size=2**40), 0)
    assert sorted(order.tolist()) == [0, 1, 2]
