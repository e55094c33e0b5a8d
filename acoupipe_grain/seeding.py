"""Counter-based randomness: every record's random words are a function of seed, split, stream and index.

A stream has one Philox key, derived from (seed, split, stream name) through NumPy's `SeedSequence`. The record's
index is word 3 of Philox's 256-bit counter, so streams of different records never overlap (each has 2**128 blocks
per redraw) and a new index costs a counter reset, not a new generator.

Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011 (Philox4x64-10).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from acoupipe_grain import arguments

GENERATOR_VERSION = 2
"""Changes exactly when the same seed gives different data. The golden tests pin it."""

PRNG = "philox4x64-10 (NumPy), threefry2x32 partitionable (JAX)"
"""Names of the generators behind all random words, as written into manifests."""

SPLITS = ("training", "validation", "test")
MAX_SEED = 2**64 - 1


@dataclass(frozen=True)
class Streams:
    """The named random streams of one (seed, split).

    Parameters
    ----------
    seed
        0 ... 2**64 - 1.
    split
        "training", "validation" or "test"; splits share no random words.
    """

    seed: int
    split: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "seed", arguments.integer("seed", self.seed, minimum=0, maximum=MAX_SEED))
        arguments.choice("split", self.split, SPLITS)

    @property
    def split_number(self) -> int:
        """Position of the split in `SPLITS`."""
        return SPLITS.index(self.split)

    def words(self, stream: str, indices: Iterable[int], num_words: int, attempt: int = 0) -> NDArray[np.uint64]:
        """Return random words, one row per index, shape (len(indices), num_words).

        A row depends on its index alone, not on the other indices. `attempt` selects a fresh set of words for
        the same index, for redraws.
        """
        bit_generator = np.random.Philox(key=_key(self.seed, self.split_number, stream))
        state = bit_generator.state
        counter = state["state"]["counter"]
        counter[2] = attempt
        rows = []
        for index in indices:
            counter[3] = index
            bit_generator.state = state
            rows.append(bit_generator.random_raw(num_words))
        return np.array(rows, dtype=np.uint64).reshape(len(rows), num_words)

    def uniforms(self, stream: str, indices: Iterable[int], num_values: int, attempt: int = 0) -> NDArray[np.float64]:
        """Return uniform values in the open interval (0, 1), shape (len(indices), num_values)."""
        words = self.words(stream, indices, num_values, attempt)
        return ((words >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52

    def generator(self, stream: str, index: int, attempt: int = 0) -> np.random.Generator:
        """Return a generator for one record: for long sequences (waveforms) and for users' functions."""
        key = _key(self.seed, self.split_number, stream)
        return np.random.Generator(np.random.Philox(key=key, counter=[0, 0, attempt, index]))

    def jax_keys(self, indices: Iterable[int]) -> NDArray[np.uint32]:
        """Return the words of each record's JAX threefry key, shape (len(indices), 2)."""
        return self.words("jax_key", indices, 1).astype("<u8").view("<u4").astype(np.uint32)

    def identity(self, indices: Iterable[int]) -> NDArray[np.uint32]:
        """Return the words that identify the draws of each record, shape (len(indices), 6).

        Columns: seed (low, high), split number, generator version, index (low, high).
        """
        index = np.fromiter(indices, dtype=np.uint64)
        rows = np.empty((index.size, 6), dtype=np.uint32)
        rows[:, 0] = self.seed & 0xFFFFFFFF
        rows[:, 1] = self.seed >> 32
        rows[:, 2] = self.split_number
        rows[:, 3] = GENERATOR_VERSION
        rows[:, 4] = index & np.uint64(0xFFFFFFFF)
        rows[:, 5] = index >> np.uint64(32)
        return rows


@lru_cache(maxsize=256)
def _key(seed: int, split_number: int, stream: str) -> NDArray[np.uint64]:
    name_words = np.frombuffer(hashlib.sha256(stream.encode()).digest()[:16], dtype="<u4")
    # A fixed number of words: variable-length entropy could let two (seed, split) pairs collide.
    entropy = [seed & 0xFFFFFFFF, seed >> 32, split_number, *(int(word) for word in name_words)]
    key = np.asarray(np.random.SeedSequence(entropy).generate_state(2, np.uint64), dtype=np.uint64)
    key.flags.writeable = False
    return key
