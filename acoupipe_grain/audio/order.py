"""Which file a record is an excerpt of: exact shares over all records, by chance in every part of them.

Files of equal chances are taken in turn, in passes: each pass has every file once, in an order of its own.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import accumulate
from typing import Any, Protocol

import numpy as np
from jaxtyping import Int

from acoupipe_grain import arguments
from acoupipe_grain.audio.permutation import NUM_ROUNDS, all_permuted, permuted
from acoupipe_grain.errors import ArgumentError, unknown_name
from acoupipe_grain.seeding import Streams

RECORDS = "audio_records"
FILES = "audio_files"
"""Random streams: of the order of the records, and of the files of a group, whose name follows."""


class Order(Protocol):
    """From the index of a record to the number of its file."""

    def file_of(self, index: int) -> int:
        """Return the file's number."""
        ...

    def files_of(self, indices: Int[np.ndarray, " record"]) -> Int[np.ndarray, " record"]:
        """Return the files' numbers, those of `file_of`."""
        ...


@dataclass(frozen=True)
class InTurn:
    """Files in turn, each pass over them in an order drawn anew.

    Any run of records that begins with a pass has no file twice before it has all of them.

    Attributes
    ----------
    streams
        Where orders are drawn from.
    stream
        Name of the random stream: what it does not name changes nothing.
    num_files
        Number of files.
    """

    streams: Streams
    stream: str
    num_files: int

    def file_of(self, index: int) -> int:
        """Return the number of a record's file."""
        number, position = divmod(index, self.num_files)
        return permuted(position, self.num_files, self.streams.words(self.stream, [number], NUM_ROUNDS)[0].tolist())

    def files_of(self, indices: Int[np.ndarray, " record"]) -> Int[np.ndarray, " record"]:
        """Return the numbers of many records' files."""
        numbers, rows = np.unique(indices // self.num_files, return_inverse=True)
        keys = self.streams.words(self.stream, numbers.tolist(), NUM_ROUNDS)
        return all_permuted(indices % self.num_files, self.num_files, keys[rows])


@dataclass(frozen=True)
class InShares:
    """Groups with a share of the records each, and in it the group's files in turn.

    Records are permuted, and each group has as many neighbouring places as its share; so over all records shares are
    exact, and any part of them, strided or not, is a sample without replacement. A group's files come in an order that
    depends on the group's name and number of files, not on other groups.

    Attributes
    ----------
    streams
        Where orders are drawn from.
    groups
        Number of files of each group by name, numbered through all groups.
    shares
        Number of records of each group.
    """

    streams: Streams
    groups: Mapping[str, int]
    shares: Sequence[int]

    @cached_property
    def _first_places(self) -> list[int]:
        return list(accumulate(self.shares, initial=0))

    @cached_property
    def _first_files(self) -> list[int]:
        return list(accumulate(self.groups.values(), initial=0))

    @cached_property
    def _key(self) -> np.ndarray:
        return self.streams.words(RECORDS, [0], NUM_ROUNDS)

    @cached_property
    def _turns(self) -> list[InTurn]:
        return [InTurn(self.streams, f"{FILES}/{name}", number) for name, number in self.groups.items()]

    def file_of(self, index: int) -> int:
        """Return the number of a record's file."""
        place = permuted(index, self._first_places[-1], self._key[0].tolist())
        group = bisect_right(self._first_places, place) - 1
        return self._first_files[group] + self._turns[group].file_of(place - self._first_places[group])

    def files_of(self, indices: Int[np.ndarray, " record"]) -> Int[np.ndarray, " record"]:
        """Return the numbers of many records' files."""
        places = all_permuted(indices, self._first_places[-1], self._key)
        groups = np.searchsorted(self._first_places, places, side="right") - 1
        files = np.empty_like(places)
        for group in np.unique(groups):
            chosen = groups == group
            own = self._turns[group].files_of(places[chosen] - self._first_places[group])
            files[chosen] = self._first_files[group] + own
        return files


def checked_weights(weights: Any, groups: Sequence[str]) -> dict[str, float]:
    """Return the weight of every group; equal ones if `weights` is None.

    Raises
    ------
    ArgumentError
        If a weight is not a number above 0, names no group, or a group has none.
    """
    if weights is None:
        return dict.fromkeys(groups, 1.0)
    if not isinstance(weights, Mapping):
        raise ArgumentError(f"weights={weights!r}: expected a number for every group, such as {{{groups[0]!r}: 2.0}}.")
    for name in weights:
        if name not in groups:
            raise unknown_name("group in weights", name, groups)
    if missing := [name for name in groups if name not in weights]:
        raise ArgumentError(f"weights={weights!r}: lacks {', '.join(missing)}; give every group a weight.")
    return {name: arguments.number(f"weights.{name}", weights[name], above=0) for name in groups}


def shares(weights: Sequence[float], num_records: int) -> list[int]:
    """Return how many of the records each weight gets: whole numbers that add up, nearest by the largest remainder.

    Of equal remainders the first ones are rounded up.
    """
    total = sum(map(Fraction, weights))
    quotas = [Fraction(weight) * num_records / total for weight in weights]
    whole = [int(quota) for quota in quotas]
    by_remainder = sorted(range(len(quotas)), key=lambda number: whole[number] - quotas[number])
    for number in by_remainder[: num_records - sum(whole)]:
        whole[number] += 1
    return whole
