"""The one display of an export's progress: rate, time left, failures."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from tqdm import tqdm

_SECONDS_BETWEEN_LINES = 30.0
"""In a log file, where every update is a line of its own."""


class Progress:
    """A progress bar over records.

    Parameters
    ----------
    num_records
        Records to be exported.
    folder
        Where they go.
    is_shown
        Whether to show it at all.
    check
        Called whenever records are counted; what it raises stops the export.
    """

    def __init__(self, num_records: int, folder: Path, is_shown: bool, check: Callable[[], None]) -> None:
        self._check = check
        self._bar = tqdm(
            total=num_records,
            unit="record",
            desc=f"export to {folder}",
            disable=not is_shown,
            mininterval=0.1 if sys.stderr.isatty() else _SECONDS_BETWEEN_LINES,
        )
        self._num_failures = 0

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.close()

    def add(self, num_records: int) -> None:
        """Count records that were computed; negative for records whose shard was lost."""
        self._check()
        self._bar.update(num_records)

    def skip(self, num_records: int) -> None:
        """Count records that were there already; they do not count for the rate."""
        if not self._bar.disable:
            self._bar.initial += num_records
            self._bar.update(num_records)

    def report_failure(self, message: str) -> None:
        """Count a failure that the export survives, and say what it was."""
        self._num_failures += 1
        self._bar.set_postfix(failures=self._num_failures)
        if not self._bar.disable:
            self._bar.write(message, file=sys.stderr)
