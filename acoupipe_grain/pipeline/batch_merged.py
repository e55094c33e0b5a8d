"""Batches that have a part of each of several sources."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, Literal, TypeAlias

import grain
import numpy as np

from acoupipe_grain import arguments
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.pipeline.joined import (
    PROVENANCE,
    PROVENANCE_SPEC,
    checked_sources,
    joined_spec,
    joined_tables,
    lengths_by_source,
)
from acoupipe_grain.specs import DataSource, Element, ElementSpec, compute_batch_of

Until: TypeAlias = Literal["shortest", "longest"]
ENDS = ("shortest", "longest")


def batch_merged(sources: Sequence[DataSource], until: Until = "shortest") -> BatchMerged:
    """Return what `make_loader` takes for a source to make batches of one batch of each source, one after the other.

    With ``batch_size`` n and D sources a batch has D n records, those of the first source first, and ``source_index``
    says which source each is of. Every source is shuffled by itself.

    Parameters
    ----------
    sources
        Data sources with the same arrays in their elements; along axes that follow from data (of files, for instance)
        their sizes may differ, and are padded. Tables that differ are kept apart: those of source 1 are ``1/files`` and
        so on.
    until
        When an epoch ends. "shortest": with the last batch of the source that has fewest; the others go on where
        they were in the next epoch. "longest": with the last batch of the source that has most; the others begin anew,
        shuffled differently.

    Raises
    ------
    ArgumentError
        If the sources do not go together, or compute their elements in batches.
    """
    checked = checked_sources(sources, provenance=True)
    for number, source in enumerate(checked):
        if compute_batch_of(source) is not None:
            raise ArgumentError(
                f"sources[{number}]: computes its elements in batches of its own; export it, and merge what is stored."
            )
    return BatchMerged(checked, arguments.choice("until", until, ENDS))


class BatchMerged:
    """What `batch_merged` returns: sources whose batches are merged; it has no records of its own.

    Parameters
    ----------
    sources
        Sources whose elements go together.
    until
        When an epoch ends.
    """

    def __init__(self, sources: Sequence[DataSource], until: str) -> None:
        self.sources: tuple[Any, ...] = tuple(sources)
        self.until = until

    @cached_property
    def element_spec(self) -> ElementSpec:
        """Specification of the arrays of one record in a batch."""
        return {**joined_spec(self.sources), PROVENANCE: PROVENANCE_SPEC}

    @property
    def tables(self) -> Mapping[str, Sequence[str]]:
        """Names that belong to numbers in the elements; ``<number>/<name>`` where sources differ."""
        return joined_tables(self.sources, provenance=True)

    @cached_property
    def lengths(self) -> Mapping[str, np.ndarray]:
        """How long axes that follow from data are in the records of all sources, as far as they all know it."""
        return {axis: np.concatenate(parts) for axis, parts in lengths_by_source(self.sources).items()}

    def __repr__(self) -> str:
        return f"batch_merged({list(self.sources)!r}, until={self.until!r})"


class MergedBatches(grain.MapDataset):
    """Batches made of one batch of each parent.

    Parameters
    ----------
    parents
        The batches of each source: lists of elements.
    until
        When an epoch ends.
    stack
        What makes a batch of elements.
    """

    def __init__(
        self, parents: Sequence[grain.MapDataset], until: str, stack: Callable[[Sequence[Element]], Element]
    ) -> None:
        super().__init__(parents)
        self._until, self._stack = until, stack

    def __len__(self) -> int:
        return (min if self._until == "shortest" else max)(map(len, self._parents))

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return self.slice(index)
        epoch, place = divmod(index, len(self))
        elements: list[Element] = []
        for number, parent in enumerate(self._parents):
            # A longer one goes on where it was; of a shorter one, whole epochs are one of ours.
            num_batches = len(self) if self._until == "shortest" else len(parent) * math.ceil(len(self) / len(parent))
            told = np.array(number, dtype=np.int32)
            elements += [{**element, PROVENANCE: told} for element in parent[epoch * num_batches + place]]
        return self._stack(elements)

    def __str__(self) -> str:
        return "MergedBatches"
