"""Every step-th record of a source, as a source: training and validation records from one data set, for instance."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from acoupipe_grain import arguments
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.specs import BatchComputation, DataSource, Element, ElementSpec, batch_of, require_source
from acoupipe_grain.workers import StartsGrainWorkers


def sliced(source: DataSource, start: int = 0, stop: int | None = None, step: int = 1) -> SlicedSource:
    """Return the records start, start + step, ... below stop of a source, as a source.

    Record i is record start + i step of `source`, unchanged: its ``idx``, if it has one, is still that of `source`.
    For example, ``sliced(stored, 0, 9000)`` to train with and ``sliced(stored, 9000)`` to validate have no record in
    common and leave none out. A slice of a slice is one slice of the innermost source.

    Parameters
    ----------
    source
        Any data source, see `acoupipe_grain.specs.DataSource`.
    start
        First record, 0 ... len(source) − 1.
    stop
        End of the records, itself not among them, start + 1 ... len(source). None: len(source).
    step
        Distance between records, at least 1.

    Raises
    ------
    ArgumentError
        If `source` is no data source, or a number is no integer or out of its range; negative ones do not count from
        the end, and a slice holds at least one record.
    """
    require_source(source)
    indices = _checked_range(len(source), start, stop, step)
    if isinstance(source, SlicedSource):
        return SlicedSource(source.source, source.indices[indices.start : indices.stop : indices.step])
    return SlicedSource(source, indices)


class SlicedSource(StartsGrainWorkers):
    """What `sliced` returns: deterministic, thread-safe and picklable as the source it reads.

    Optional attributes of the protocol (``inputs``, ``compute_batch``, ``configuration``, ``read_options``, ``tables``,
    and ``batch``) are there where the source has them; elsewhere the source's own `AttributeError` says so.

    Parameters
    ----------
    source
        The source that is read.
    indices
        Its records that are kept, at least one; slices of the same records are the same, however they were asked for.
    """

    def __init__(self, source: DataSource, indices: range) -> None:
        self.source: Any = source
        self.indices = range(indices[0], indices[-1] + 1, indices.step if len(indices) > 1 else 1)

    @property
    def element_spec(self) -> ElementSpec:
        """Specification of every array of an element, that of the source."""
        return self.source.element_spec

    @property
    def tables(self) -> Mapping[str, Sequence[str]]:
        """Names that belong to numbers in the elements, those of the source."""
        return self.source.tables

    @property
    def read_options(self) -> Mapping[str, int]:
        """Options of `grain.ReadOptions`, those of the source."""
        return self.source.read_options

    @property
    def configuration(self) -> Mapping[str, Any]:
        """A JSON mapping that identifies the slice, with the source's own; the slice is not rebuilt from it."""
        configuration = self.source.configuration
        # An empty one identifies nothing, and wrapped it would pass for one that does.
        return {"class": "sliced", "source": configuration, **self._numbers} if configuration else {}

    @property
    def compute_batch(self) -> BatchComputation | None:
        """The source's computation of batches of `inputs`, the same object at each access as there."""
        return self.source.compute_batch

    @property
    def inputs(self) -> SlicedSource:
        """The source's inputs, sliced likewise."""
        return SlicedSource(self.source.inputs, self.indices)

    @property
    def batch(self) -> Callable[[Sequence[int]], Element]:
        """The source's vectorised access to many elements, by their indices in the slice."""
        if batch_of(self.source) is None:
            raise AttributeError(f"{type(self.source).__name__!r} has no vectorised access 'batch'")
        return self._batch

    def _batch(self, indices: Sequence[int]) -> Element:
        return self.source.batch([self._in_source(index) for index in indices])

    def _in_source(self, index: int) -> int:
        return self.indices[arguments.record_index(index, len(self))]

    @property
    def _numbers(self) -> dict[str, int]:
        return {"start": self.indices.start, "stop": self.indices.stop, "step": self.indices.step}

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: int) -> Element:
        return self.source[self._in_source(index)]

    def __repr__(self) -> str:
        return f"sliced({self.source!r}, {', '.join(f'{name}={value}' for name, value in self._numbers.items())})"


def _checked_range(num_records: int, start: Any, stop: Any, step: Any) -> range:
    """Return the records that are asked for, at least one."""
    start = arguments.integer("start", start, minimum=0)
    step = arguments.integer("step", step, minimum=1)
    stop = num_records if stop is None else arguments.integer("stop", stop, minimum=0)
    if stop > num_records:
        raise ArgumentError(
            f"stop={stop}: the source has {num_records} records, so at most {num_records}; leave it out for all that "
            "follow start."
        )
    if start >= num_records:
        raise ArgumentError(
            f"start={start}: the source has {num_records} records; expected an integer from 0 to {num_records - 1}."
        )
    if stop <= start:
        raise ArgumentError(
            f"stop={stop}: no record is left from start={start} on; expected an integer from {start + 1} to "
            f"{num_records}, or None for all that follow start."
        )
    return range(start, stop, step)
