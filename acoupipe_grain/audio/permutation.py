"""Seeded permutations of any number of positions, without a table: one position costs the same for three and 10⁹.

Positions are enciphered by a Feistel network (Luby and Rackoff, "How to construct pseudorandom permutations from
pseudorandom functions", SIAM J. Comput. 17, 1988) on the smallest number of bits that holds them all. What comes out
beyond the last position is enciphered again until it does not ("cycle walking": Black and Rogaway, "Ciphers with
arbitrary finite domains", CT-RSA 2002), at most twice on average. The rounds mix with the finaliser of SplitMix64
(Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Int, UInt64

NUM_ROUNDS = 16
"""Rounds, and words of a key. With 12, pairs of 5 and 6 positions are measurably uneven; with 16 they are not."""

_ALL_BITS = 2**64 - 1


def permuted(position: int, size: int, key: Sequence[int]) -> int:
    """Return where a permutation of ``0 ... size - 1`` takes a position.

    Parameters
    ----------
    position
        0 ... size − 1.
    size
        Number of positions, at least 1.
    key
        `NUM_ROUNDS` words of 64 bits.
    """
    num_bits = _num_bits(size)
    result = _enciphered(position, num_bits, key)
    while result >= size:
        result = _enciphered(result, num_bits, key)
    return int(result)


def all_permuted(
    positions: Int[np.ndarray, " position"], size: int, keys: UInt64[np.ndarray, "position_or_1 round"]
) -> Int[np.ndarray, " position"]:
    """Return where permutations take positions: `permuted` for many at once, with one key for all or one for each."""
    num_bits = _num_bits(size)
    words = np.broadcast_to(keys, (len(positions), NUM_ROUNDS)).T
    result = _enciphered(positions.astype(np.uint64), num_bits, words)
    while (beyond := np.flatnonzero(result >= size)).size:
        result[beyond] = _enciphered(result[beyond], num_bits, words[:, beyond])
    return result.astype(np.int64)


def _num_bits(size: int) -> int:
    """Return how many bits hold all positions, at least the two that a network needs."""
    return max(2, (size - 1).bit_length())


def _enciphered(value: Any, num_bits: int, words: Any) -> Any:
    """Return numbers of so many bits (an int or an array of uint64) permuted among all such numbers."""
    low_bits = num_bits // 2
    high_bits = num_bits - low_bits
    for word in words:
        low = value & ((1 << low_bits) - 1)
        high = (value >> low_bits) ^ (_mixed((low + word) & _ALL_BITS) & ((1 << high_bits) - 1))
        value = (low << high_bits) | high
        # An odd number of bits makes halves of two sizes, which change places with every round.
        low_bits, high_bits = high_bits, low_bits
    return value


def _mixed(word: Any) -> Any:
    word = ((word ^ (word >> 30)) * 0xBF58476D1CE4E5B9) & _ALL_BITS
    word = ((word ^ (word >> 27)) * 0x94D049BB133111EB) & _ALL_BITS
    return word ^ (word >> 31)
