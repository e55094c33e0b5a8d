"""Recordings shared out to sets by chance, so that every set has its part of each label's."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from acoupipe_grain.audio.segments.labels import UNKNOWN
from acoupipe_grain.audio.segments.splits import DataSplit, checked_ratios
from acoupipe_grain.audio.segments.stratification import stratified
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.seeding import Streams


def split_files(
    files: Sequence[str], labels: Sequence[Collection[int]], ratios: Mapping[str, float], seed: int
) -> DataSplit:
    """Share out recordings to sets by chance, so that every set has its part of each label's recordings.

    The split depends on the names of the recordings, their labels, the ratios and the seed, not on any order. Of
    recordings that have one label each, every set has as many of each label as its part comes to, rounded up or down.

    Parameters
    ----------
    files
        Names of the recordings.
    labels
        Ids of the labels of every recording. Reserved ids do not count; recordings without another are shared out like
        those of a label of their own.
    ratios
        Part of the recordings of every set, above 0; they add up to 1 (within 1e-6).
    seed
        0 ... 2**64 - 1.

    Raises
    ------
    ArgumentError
        If a value has the wrong type or range, a recording is given twice, or a set would have none.
    """
    exact = {name: Fraction(repr(ratio)) for name, ratio in checked_ratios(ratios).items()}
    if len(files) != len(labels):
        raise ArgumentError(f"labels: there are {len(labels)} for {len(files)} files; expected those of each file.")
    by_file = {file: _counted_labels(file, own) for file, own in zip(files, labels, strict=True)}
    if len(by_file) < len(files):
        repeated = next(file for file in files if list(files).count(file) > 1)
        raise ArgumentError(f"files: {repeated!r} is given twice; give every recording once.")
    names, in_order, total = sorted(exact), sorted(by_file), sum(exact.values(), Fraction(0))
    shares = [exact[name] / total for name in names]
    numbers = stratified([by_file[file] for file in in_order], shares, Streams(seed, "training"))
    sets: dict[str, list[str]] = {name: [] for name in exact}
    for file, number in zip(in_order, numbers, strict=True):
        sets[names[number]].append(file)
    for name, chosen in sets.items():
        if not chosen:
            raise ArgumentError(
                f"ratios.{name}={ratios[name]!r}: the set would have none of the {len(files)} recordings; give it a "
                "larger ratio, or leave it out."
            )
    return DataSplit({name: tuple(chosen) for name, chosen in sets.items()}, seed, ratios)


def _counted_labels(file: Any, labels: Any) -> frozenset[int]:
    """Return the labels that count when files are shared out, `UNKNOWN` if there is none."""
    if not isinstance(file, str) or not file:
        raise ArgumentError(f"files: {file!r}: expected names of recordings.")
    is_list = isinstance(labels, Collection) and not isinstance(labels, str | bytes)
    if not is_list or not all(isinstance(item, int | np.integer) and not isinstance(item, bool) for item in labels):
        raise ArgumentError(f"labels={labels!r:.200} of {file!r}: expected the ids of its labels, (0, 2).")
    return frozenset(int(item) for item in labels if item >= 0) or frozenset({UNKNOWN})
