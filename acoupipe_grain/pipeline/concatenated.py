"""Several sources one after the other, as a source."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from acoupipe_grain import arguments
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.pipeline.joined import JoinedSource, checked_sources
from acoupipe_grain.specs import MAX_RECORDS, DataSource


def concatenated(sources: Sequence[DataSource], *, provenance: bool = False) -> ConcatenatedSource:
    """Return all records of several sources, one source after the other, as a source.

    Elements are unchanged: their ``idx``, if they have one, is that of their own source. They are read one by one and
    complete; where a source offers `compute_batch` or vectorised access, it is not used.

    Parameters
    ----------
    sources
        Data sources with the same arrays in their elements; along axes that follow from data (of files, for instance)
        their sizes may differ, and loaders pad them.
    provenance
        Whether elements have ``source_index``, the number of the source that they are of. Then their tables may differ:
        those of source 1 that do are called ``1/files`` and so on.

    Raises
    ------
    ArgumentError
        If the sources do not go together; the message says which one, and what differs.
    """
    provenance = arguments.flag("provenance", provenance)
    checked = checked_sources(sources, provenance)
    if (total := sum(map(len, checked))) > MAX_RECORDS:
        raise ArgumentError(f"sources: hold {total} records together, expected at most {MAX_RECORDS}; leave some out.")
    return ConcatenatedSource(checked, provenance)


class ConcatenatedSource(JoinedSource):
    """What `concatenated` returns, a `JoinedSource`."""

    kind = "concatenated"

    def __init__(self, sources: Sequence[DataSource], provenance: bool) -> None:
        super().__init__(sources, provenance)
        self._starts = list(accumulate(map(len, self.sources), initial=0))

    @property
    def identity(self) -> dict[str, Any]:
        """Nothing besides the sources."""
        return {}

    def locate(self, index: int) -> tuple[int, int]:
        """Return the number of the source that a record is of, and its index there."""
        number = bisect_right(self._starts, index) - 1
        return number, index - self._starts[number]

    def __len__(self) -> int:
        return self._starts[-1]
