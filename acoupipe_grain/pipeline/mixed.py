"""Several sources as one, their records alternating in fixed proportions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from acoupipe_grain import arguments
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.pipeline.joined import JoinedSource, checked_sources
from acoupipe_grain.pipeline.proportions import MAX_PERIOD, Pattern, fractions_of, whole_numbers
from acoupipe_grain.specs import DataSource


def mixed(
    sources: Sequence[DataSource],
    weights: Sequence[float] | None = None,
    num_records: int | None = None,
    *,
    provenance: bool = False,
) -> MixedSource:
    """Return a source in which the records of several sources alternate in fixed proportions.

    With the weights [3, 1], three in four records are of the first source and one is of the second, spread evenly:
    0, 0, 1, 0, and so on. At any point, each of D sources is at most (D − 1)/2 records away from its share of those so
    far. Each source is read in its own order, beginning with its first record, and none of its records comes twice.
    Elements are unchanged: their ``idx``, if they have one, is that of their own source.

    Elements are read one by one and complete; where a source offers `compute_batch` or vectorised access, it is not
    used. Simulations that need it for their speed are better exported first, and what is stored is mixed.

    `grain.MapDataset.mix` alternates Grain's own data sets likewise. It rounds the proportions (7 to 3 becomes 233 to
    100), and its result lacks the specification, the tables and the identifying ``repr`` that `make_loader`, its
    checkpoints and `acoupipe_grain.export` need.

    Parameters
    ----------
    sources
        Data sources with the same arrays in their elements and the same tables; along axes that follow from data (of
        files, for instance) their sizes may differ, and loaders pad them.
    weights
        A positive number for each source, in any unit: whole, or a fraction with a denominator up to 1000, such as 0.7.
        Reduced to whole numbers without a common divisor, their sum is the period, at most 1 000 000 records. None: the
        lengths of the sources, of which all records then come.
    num_records
        Length of the mixture. None: as many records as there are before one of the sources is used up.
    provenance
        Whether elements have ``source_index``, the number of the source that they are of. Then their tables may differ:
        those of source 1 that do are called ``1/files`` and so on.

    Raises
    ------
    ArgumentError
        If the sources do not go together, a weight is no such number, the period is too long, or a source is too short
        for `num_records`; the message says which one, and what differs or how much there can be.
    """
    provenance = arguments.flag("provenance", provenance)
    sources = checked_sources(sources, provenance)
    lengths = [len(source) for source in sources]
    whole_weights = whole_numbers(lengths if weights is None else fractions_of(weights, len(sources)))
    if (period := sum(whole_weights)) > MAX_PERIOD:
        raise ArgumentError(
            f"weights={weights!r}: the order of the sources{' by their lengths' if weights is None else ''} repeats "
            f"after {period} records only, expected at most {MAX_PERIOD}; give rounder weights, such as [2, 1]."
        )
    pattern = Pattern.of(whole_weights)
    used_up = [pattern.first_index_of(number, length) for number, length in enumerate(lengths)]
    available = min(used_up)
    if num_records is None:
        return MixedSource(sources, pattern, available, provenance)
    num_records = arguments.integer("num_records", num_records, minimum=1)
    if num_records > available:
        raise ArgumentError(
            f"num_records={num_records}: sources[{used_up.index(available)}] is used up after {available} records of "
            f"the mixture; use at most {available}, a smaller weight for it, or a longer source."
        )
    return MixedSource(sources, pattern, num_records, provenance)


class MixedSource(JoinedSource):
    """What `mixed` returns, a `JoinedSource`.

    Parameters
    ----------
    sources
        Sources whose elements go together.
    pattern
        Their order.
    num_records
        Length of the mixture, for which the sources suffice.
    provenance
        Whether elements have ``source_index``.
    """

    kind = "mixed"

    def __init__(
        self, sources: Sequence[DataSource], pattern: Pattern, num_records: int, provenance: bool = False
    ) -> None:
        super().__init__(sources, provenance)
        self.num_records = num_records
        self._pattern = pattern

    @property
    def weights(self) -> tuple[int, ...]:
        """Records of each source in a period."""
        return self._pattern.weights

    @property
    def identity(self) -> dict[str, Any]:
        """The weights, and the number of records."""
        return {"weights": list(self.weights), "num_records": self.num_records}

    def locate(self, index: int) -> tuple[int, int]:
        """Return the number of the source that a record is of, and its index there."""
        return self._pattern.locate(index)

    def __len__(self) -> int:
        return self.num_records
