"""Mini-batches of segments of recordings: how many, and the order of an epoch."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from jaxtyping import Int, Int64

from acoupipe_grain import arguments
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.seeding import MAX_SEED, Streams

DataFormat: TypeAlias = Literal["NCHW", "NHWC"]
DATA_FORMATS = ("NCHW", "NHWC")


@dataclass(frozen=True)
class MiniBatchOptions:
    """How segments of recordings become mini-batches.

    Parameters
    ----------
    batch_size
        Segments in a mini-batch, at least 1.
    shuffle_files
        Whether every epoch has the recordings in an order of its own, rather than sorted by name. The segments of a
        recording follow each other either way.
    shuffle_mb_block_size
        Mini-batches that are shuffled together: the segments of every so many mini-batches change places at random,
        differently in each epoch. 0: none do.
    seed
        Seed of all shuffling, 0 ... 2**64 − 1.
    drop_remainder
        Whether to leave out the smaller last mini-batch of an epoch.
    data_format
        Where the channels of a feature are: "NCHW", before its size and its frames, or "NHWC", after them.
    num_workers
        Worker processes that read recordings; 0: this process does. They are started anew in every epoch, which takes
        seconds.
    features_root
        Folder in which features are stored when they are first asked for; later epochs and processes read them there.
        None: every epoch computes them.

    Raises
    ------
    ArgumentError
        If a value has the wrong type or range.
    """

    batch_size: int = 32
    shuffle_files: bool = False
    shuffle_mb_block_size: int = 0
    seed: int = 0
    drop_remainder: bool = True
    data_format: DataFormat = "NCHW"
    num_workers: int = 0
    features_root: str | None = None

    def __post_init__(self) -> None:
        root = self.features_root
        if root is not None and not (isinstance(root, str | os.PathLike) and os.fspath(root)):
            raise ArgumentError(f"features_root={root!r}: expected a folder, or None.")
        checked = {
            "batch_size": arguments.integer("batch_size", self.batch_size, minimum=1),
            "shuffle_files": arguments.flag("shuffle_files", self.shuffle_files),
            "shuffle_mb_block_size": arguments.integer("shuffle_mb_block_size", self.shuffle_mb_block_size, minimum=0),
            "seed": arguments.integer("seed", self.seed, minimum=0, maximum=MAX_SEED),
            "drop_remainder": arguments.flag("drop_remainder", self.drop_remainder),
            "data_format": arguments.choice("data_format", self.data_format, DATA_FORMATS),
            "num_workers": arguments.integer("num_workers", self.num_workers, minimum=0),
            "features_root": None if root is None else os.fspath(root),
        }
        for name, value in checked.items():
            object.__setattr__(self, name, value)

    def num_mini_batches(self, num_records: int) -> int:
        """Return how many mini-batches an epoch of so many records has."""
        whole, rest = divmod(num_records, self.batch_size)
        return whole if self.drop_remainder or not rest else whole + 1


def epoch_order(
    file_indices: Int[np.ndarray, " record"] | Sequence[int], options: MiniBatchOptions, epoch: int
) -> Int64[np.ndarray, " record"]:
    """Return the order of records in an epoch: each of them once, whatever is shuffled.

    File by file, the records of a file as they are; with ``shuffle_files`` the files in a random order. Then, with
    ``shuffle_mb_block_size`` n above 0, every block of n · ``batch_size`` consecutive records is shuffled, and so is
    the smaller last one. n counts mini-batches, of any size; in Dynibatch it counts them too, but has to be a multiple
    of the batch size.

    The order depends on the arguments alone, and is the same on every platform. Files are ordered alike if records are
    left out.

    Parameters
    ----------
    file_indices
        Number of the file of every record, at least 0.
    options
        Batch size, what is shuffled, and the seed.
    epoch
        Number of the epoch, from 0.

    Raises
    ------
    ArgumentError
        If a number is none or negative.
    """
    files = np.asarray(file_indices)
    if files.ndim != 1 or files.dtype.kind not in "iu" or not files.size or files.min() < 0:
        raise ArgumentError(f"file_indices={file_indices!r:.200}: expected the number of each record's file, from 0.")
    epoch = arguments.integer("epoch", epoch, minimum=0, maximum=MAX_SEED)
    streams = Streams(options.seed, "training")
    keys = files
    if options.shuffle_files:
        keys = streams.words("minibatch_files", [epoch], int(files.max()) + 1)[0][files]
    # Words that order files might be equal: then by number.
    order = np.lexsort((files, keys))
    if options.shuffle_mb_block_size:
        size = min(options.shuffle_mb_block_size * options.batch_size, len(order))
        blocks = np.arange(len(order)) // size
        words = streams.words("minibatch_blocks", [epoch], len(order))[0]
        order = order[np.lexsort((words, blocks))]
    return order
