"""Names of what numbers in elements stand for: labels, files and groups of recordings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from acoupipe_grain.audio.segments.labels import RESERVED

_TABLES = {"file_index": "files", "group_index": "groups", "label": "labels"}
"""Tables of sources of recordings by the numbers that they are for; other tables are called like their numbers."""


def names_of(name: str, tables: Mapping[str, Sequence[str]]) -> dict[int, str]:
    """Return names by number: those of a table, and of labels also those of reserved ids.

    Parameters
    ----------
    name
        Name of an array of numbers in elements.
    tables
        The tables of the source.

    Returns
    -------
    dict
        Empty if no table is for these numbers.
    """
    table = name if name in tables else _TABLES.get(name, name)
    names = dict(enumerate(tables.get(table, ())))
    if names and table == _TABLES["label"]:
        names |= {number: text.replace("_", " ") for number, text in RESERVED.items()}
    return names
