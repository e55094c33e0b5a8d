"""The sets of mini-batches that a split of recordings makes."""

from __future__ import annotations

import os
from typing import Any

from acoupipe_grain.audio.segments.splits import as_split
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.file_patterns import expanded

DEFAULT = "default"
"""The only set where there is no split."""


def names_of_sets(datasplit: Any) -> list[str]:
    """Return the names of the sets of a split that have recordings, in its order.

    Parameters
    ----------
    datasplit
        A `DataSplit`, a mapping from sets to names of recordings, or the path of a file.

    Raises
    ------
    ArgumentError
        If it is none of them, the file cannot be read, or no set has a recording.
    """
    split = as_split(expanded(os.fspath(datasplit)) if isinstance(datasplit, str | os.PathLike) else datasplit)
    names = [name for name, files in split.sets.items() if files]
    if not names:
        raise ArgumentError(f"datasplit: its sets {', '.join(split.sets)} have no recording; give them some.")
    return names
