"""Records in a random order in which neighbours are of similar length, so that their batches need little padding."""

from __future__ import annotations

from typing import Any

import grain
import numpy as np
from jaxtyping import Int, Int64

from acoupipe_grain.errors import ArgumentError, unknown_name
from acoupipe_grain.seeding import Streams
from acoupipe_grain.specs import DataSource, lengths_of

BATCHES_PER_BLOCK = 4


def length_order(
    lengths: Int[np.ndarray, " record"], block_size: int, seed: int, epoch: int
) -> Int64[np.ndarray, " record"]:
    """Return the order of records in an epoch, each of them once.

    Records are sorted by length (equal ones at random) and cut into blocks; records change places within their block,
    and blocks with each other. Those that are left over, if blocks do not come out even, are neighbours in length too,
    unless they are both ends: cut out at a random place, they come last, so that a batch is of one block, and every
    record is among the last as often.

    Parameters
    ----------
    lengths
        Of the records.
    block_size
        Records of a block.
    seed, epoch
        What the order depends on, besides; it is the same on every platform.
    """
    num_records = len(lengths)
    num_blocks, num_left = divmod(num_records, block_size)
    words = Streams(seed, "training").words("length_order", [epoch], 2 * num_records + num_blocks + 1)[0]
    ties, places, of_blocks = words[:num_records], words[num_records : 2 * num_records], words[2 * num_records : -1]
    by_length = np.lexsort((ties, lengths))
    # Round and round, so that each is as likely: at an end, those left are some of the shortest and of the longest.
    first = int(words[-1] % np.uint64(num_records))
    is_left = (np.arange(num_records) - first) % num_records < num_left
    left, in_blocks = by_length[is_left], by_length[~is_left]
    blocks = np.repeat(of_blocks, block_size)
    order = np.concatenate([in_blocks, left])
    keys = np.concatenate([np.zeros(len(in_blocks)), np.ones(num_left)])
    return order[np.lexsort((places, np.concatenate([blocks, np.zeros(num_left, np.uint64)]), keys))]


def lengths_along(source: DataSource, axis: Any) -> Int64[np.ndarray, " record"]:
    """Return how long an axis is in each record of a source.

    Raises
    ------
    ArgumentError
        If the source does not know it.
    """
    known = lengths_of(source)
    if not known:
        raise ArgumentError(
            f"group_by_length={axis!r}: this source does not know how long its records are without reading them; leave "
            "it out."
        )
    if axis not in known:
        raise ArgumentError(f"group_by_length: {unknown_name('axis', axis, known)}")
    return np.asarray(known[axis], dtype=np.int64)


class LengthOrder(grain.MapDataset):
    """The records of a data set in the `length_order` of each epoch.

    Parameters
    ----------
    parent
        The records in their own order.
    lengths
        Their lengths.
    block_size
        Records of a block.
    seed
        Of the order.
    """

    def __init__(
        self, parent: grain.MapDataset, lengths: Int64[np.ndarray, " record"], block_size: int, seed: int
    ) -> None:
        super().__init__(parent)
        self._lengths, self._block_size, self._seed = lengths, block_size, seed
        self._of_epoch: tuple[int, Any] = (-1, None)

    def __len__(self) -> int:
        return len(self._lengths)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return self.slice(index)
        epoch, place = divmod(index, len(self))
        known, order = self._of_epoch  # at once: other threads may be in another epoch
        if known != epoch:
            order = length_order(self._lengths, self._block_size, self._seed, epoch)
            self._of_epoch = epoch, order
        return self._parent[epoch * len(self) + int(order[place])]

    def __str__(self) -> str:
        return "LengthOrder"
