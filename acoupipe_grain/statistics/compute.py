"""Statistics of any data source in one pass over its records, which can be interrupted."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from acoupipe_grain import arguments
from acoupipe_grain.interruption import noticed_interruptions
from acoupipe_grain.specs import DataSource, require_source
from acoupipe_grain.statistics.chosen_arrays import chosen_arrays
from acoupipe_grain.statistics.counted import Counted
from acoupipe_grain.statistics.groups import RecordGroups
from acoupipe_grain.statistics.progress_file import Progressed
from acoupipe_grain.statistics.statistics import Statistics
from acoupipe_grain.statistics.statistics_file import checked_path

_SECONDS_BETWEEN_LINES = 30.0
"""In a log file, where every update of the progress bar is a line of its own."""


def compute_statistics(
    source: DataSource,
    arrays: Sequence[str] | Mapping[str, Counted | Mapping[str, Any]] | None = None,
    *,
    progress: bool = True,
    resume: str | Path | None = None,
) -> Statistics:
    """Return means and standard deviations over all records of a source, computed in double precision.

    Records are read once, in groups of a few MiB. Interrupted and begun again, the numbers have the same bits.

    Parameters
    ----------
    source
        Any data source, also with axes that differ in length between records, and with `compute_batch`.
    arrays
        Names of arrays, or what counts of them by name, `Counted` or a mapping of its values. A source with
        `normalised` and `unvoiced` (which features are normalised, and the value that unvoiced frames have, by name of
        the array) says what counts of the arrays that are only named: each feature has statistics of its own. Of
        others, there is one mean and one standard deviation. None: the arrays of which the source says it, or else all
        of floating-point numbers.
    progress
        Whether to show a progress bar.
    resume
        Path of a JSON file to which the numbers are written every few seconds, and at the end. If it is there, a call
        with the same source and arrays goes on where it was. It can be read with `Statistics.load` when all is done.

    Raises
    ------
    ArgumentError
        If an argument has the wrong type, an array is complex, what counts does not fit to the source, leaves an entry
        without any value, or the file is of another source or of other arrays.
    DataError
        If an element is not what the specification says, a value that counts is not finite, or the file is damaged.
    """
    require_source(source)
    arguments.flag("progress", progress)
    path = None if resume is None else checked_path("resume", resume)
    rows = chosen_arrays(arrays, source)
    identity, num_records = repr(source), len(source)
    so_far = Progressed(identity, num_records, rows, path)
    try:
        _go_through(RecordGroups(source, rows, identity), so_far, num_records, progress)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            f"statistics stopped after {so_far.num_done} of {num_records} records"
            + (f"; the same call goes on from {path}." if path else ", with resume=... they could go on there.")
        ) from None
    finally:
        so_far.write()
    return Statistics(identity, num_records, so_far.arrays)


def _go_through(groups: RecordGroups, so_far: Progressed, num_records: int, is_shown: bool) -> None:
    """Add the moments of the records that are left."""
    with (
        noticed_interruptions() as check,
        tqdm(
            total=num_records,
            initial=so_far.num_done,
            unit="record",
            desc="statistics",
            disable=not is_shown,
            mininterval=0.1 if sys.stderr.isatty() else _SECONDS_BETWEEN_LINES,
        ) as bar,
        contextlib.closing(groups.from_record(so_far.num_done)) as reduced,
    ):
        for stop, moments in reduced:
            check()
            num_new = stop - so_far.num_done
            so_far.add(stop, moments)
            bar.update(num_new)
