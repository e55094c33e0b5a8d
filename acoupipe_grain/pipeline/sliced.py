"""Every step-th record of a source, as a source: training and validation records from one data set, for instance."""

from __future__ import annotations

from typing import Any

from acoupipe_grain import arguments
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.pipeline.chosen import ChosenSource
from acoupipe_grain.specs import DataSource, require_source


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


class SlicedSource(ChosenSource[range]):
    """What `sliced` returns, a `ChosenSource`.

    Parameters
    ----------
    source
        The source that is read.
    indices
        Its records that are kept, at least one; slices of the same records are the same, however they were asked for.
    """

    kind = "sliced"

    def __init__(self, source: DataSource, indices: range) -> None:
        super().__init__(source, range(indices[0], indices[-1] + 1, indices.step if len(indices) > 1 else 1))

    @property
    def identity(self) -> dict[str, int]:
        """The first record, the end of the records, and the distance between them."""
        return {"start": self.indices.start, "stop": self.indices.stop, "step": self.indices.step}


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
