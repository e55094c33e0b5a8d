"""What parts of a source have in common: some of its records, in an order, as a source."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Generic, Self, TypeVar

import numpy as np

from acoupipe_grain import arguments
from acoupipe_grain.specs import BatchComputation, DataSource, Element, ElementSpec, batch_of
from acoupipe_grain.workers import StartsGrainWorkers

Indices = TypeVar("Indices", bound=Any)
"""A sequence of integers."""


class ChosenSource(StartsGrainWorkers, Generic[Indices]):
    """Some records of a source: deterministic, thread-safe and picklable as the source it reads.

    Optional attributes of the protocol (``inputs``, ``compute_batch``, ``configuration``, ``read_options``, ``tables``,
    ``lengths``, ``normalised``, ``unvoiced`` and ``batch``) are there where the source has them; elsewhere the source's
    own `AttributeError` says so.

    Parameters
    ----------
    source
        The source that is read.
    indices
        Its records that are chosen, at least one.
    """

    kind: ClassVar[str]
    """What such a part is called."""

    def __init__(self, source: DataSource, indices: Indices) -> None:
        self.source: Any = source
        self.indices = indices

    @property
    @abstractmethod
    def identity(self) -> Mapping[str, Any]:
        """JSON values that tell one choice of records from any other."""

    @property
    def element_spec(self) -> ElementSpec:
        """Specification of every array of an element, that of the source."""
        return self.source.element_spec

    @property
    def tables(self) -> Mapping[str, Sequence[str]]:
        """Names that belong to numbers in the elements, those of the source."""
        return self.source.tables

    @property
    def lengths(self) -> Mapping[str, np.ndarray]:
        """How long axes that follow from data are in each record, by name, as far as the source knows it."""
        return {axis: np.asarray(lengths)[np.asarray(self.indices)] for axis, lengths in self.source.lengths.items()}

    @property
    def normalised(self) -> Mapping[str, np.ndarray]:
        """Which entries of arrays are to be normalised, as the source says."""
        return self.source.normalised

    @property
    def unvoiced(self) -> Mapping[str, np.ndarray]:
        """Up to which values entries of arrays do not count in statistics, as the source says."""
        return self.source.unvoiced

    @property
    def read_options(self) -> Mapping[str, int]:
        """Options of `grain.ReadOptions`, those of the source."""
        return self.source.read_options

    @property
    def configuration(self) -> Mapping[str, Any]:
        """A JSON mapping that identifies the part, with the source's own; the part is not rebuilt from it."""
        configuration = self.source.configuration
        # An empty one identifies nothing, and wrapped it would pass for one that does.
        return {"class": self.kind, "source": configuration, **self.identity} if configuration else {}

    @property
    def compute_batch(self) -> BatchComputation | None:
        """The source's computation of batches of `inputs`, the same object at each access as there."""
        return self.source.compute_batch

    @property
    def inputs(self) -> Self:
        """The same part of the source's inputs."""
        return type(self)(self.source.inputs, self.indices)

    @property
    def batch(self) -> Callable[[Sequence[int]], Element]:
        """The source's vectorised access to many elements, by their indices in the part."""
        if batch_of(self.source) is None:
            raise AttributeError(f"{type(self.source).__name__!r} has no vectorised access 'batch'")
        return self._batch

    def _batch(self, indices: Sequence[int]) -> Element:
        return self.source.batch([self._in_source(index) for index in indices])

    def _in_source(self, index: int) -> int:
        return int(self.indices[arguments.record_index(index, len(self))])

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: int) -> Element:
        return self.source[self._in_source(index)]

    def __repr__(self) -> str:
        listed = ", ".join(f"{name}={value}" for name, value in self.identity.items())
        return f"{self.kind}({self.source!r}, {listed})"
