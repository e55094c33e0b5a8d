"""Work proportional to the sources drawn: records have room for many sources, most have few.

The pairs (record, source) that are drawn are taken in chunks of fixed size, so that shapes stay static while the number
of chunks does not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Int

Total = TypeVar("Total")


class SourcePairs(NamedTuple):
    """Some sources of a batch of records.

    Attributes
    ----------
    record
        Which record of the batch each belongs to.
    source
        Which of the record's sources it is.
    is_drawn
        False where the last chunk is filled up: what is added there must be zero.
    """

    record: Int[Array, " pair"]
    source: Int[Array, " pair"]
    is_drawn: Bool[Array, " pair"]


def add_sources(
    source_mask: Bool[Array, "record source"],
    chunk_size: int,
    add: Callable[[Total, SourcePairs], Total],
    total: Total,
) -> Total:
    """Return `total` after `add` has added all drawn sources, `chunk_size` at a time.

    Parameters
    ----------
    source_mask
        Which entries are sources.
    chunk_size
        Sources per call of `add`.
    add
        Function of the total so far and of some sources, which returns the new total.
    total
        What there is before the first source: arrays, or any tree of them.
    """
    places = jnp.argsort(~source_mask.reshape(-1), stable=True).astype(jnp.int32)
    places = jnp.pad(places, (0, -places.size % chunk_size))
    count = jnp.sum(source_mask, dtype=jnp.int32)

    def add_chunk(number: Int[Array, ""], total: Total) -> Total:
        first = number * chunk_size
        chunk = jax.lax.dynamic_slice(places, (first,), (chunk_size,))
        is_drawn = first + jnp.arange(chunk_size, dtype=jnp.int32) < count
        record, source = jnp.divmod(chunk, source_mask.shape[1])
        return add(total, SourcePairs(record, source, is_drawn))

    return jax.lax.fori_loop(jnp.int32(0), (count + chunk_size - 1) // chunk_size, add_chunk, total)
