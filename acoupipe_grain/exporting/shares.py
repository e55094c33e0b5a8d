"""Which shards one of several cooperating jobs writes."""

from __future__ import annotations

import re

import jax

from acoupipe_grain.errors import ArgumentError


def share_of(shards: str | None, num_shards: int) -> range:
    """Return the numbers of the shards that a job writes.

    Parameters
    ----------
    shards
        "k/n": every n-th shard, beginning with the k-th, counted from 0. "jax": the share of this process among those
        of `jax.distributed`. None: all.
    num_shards
        How many there are.

    Raises
    ------
    ArgumentError
        If it is none of these.
    """
    if shards is None:
        return range(num_shards)
    if shards == "jax":
        return range(jax.process_index(), num_shards, jax.process_count())
    match = re.fullmatch(r"(\d+)/(\d+)", shards) if isinstance(shards, str) else None
    if match is None:
        raise ArgumentError(f'shards={shards!r}: expected "k/n", for example "0/16", or "jax".')
    index, count = int(match[1]), int(match[2])
    if count == 0:
        raise ArgumentError(f'shards={shards!r}: shared out among no jobs; with one job it is "0/1", or left out.')
    if index >= count:
        raise ArgumentError(
            f'shards={shards!r}: jobs are counted from 0, so "k/{count}" ends with "{count - 1}/{count}".'
        )
    return range(index, num_shards, count)
