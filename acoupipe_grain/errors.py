"""Exceptions of the package and the wording they share.

Every exception carries one plain string, so that it survives the way out of a worker process.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping


class ArgumentError(ValueError):
    """An argument has a value that cannot be used; the message names it, the allowed range and a remedy."""


class RecordIndexError(IndexError):
    """A record index lies outside ``0 ... len(source) - 1``."""


class DataError(ValueError):
    """Stored or delivered data are not what their specification says."""


class VerificationError(DataError):
    """A stored data set is damaged; the message names the shard and, where known, the record."""


class ExportError(ValueError):
    """An export cannot be started or finished in the given folder."""


def unknown_name(kind: str, name: object, names: Iterable[str]) -> ArgumentError:
    """Return the error for a name that is not among `names`; it shows the nearest one and all of them."""
    known = sorted(names)
    hint = did_you_mean(name, {item: item for item in known})
    return ArgumentError(f"unknown {kind} {name!r}{hint} Available: {', '.join(known)}.")


def did_you_mean(name: object, names: Mapping[str, str]) -> str:
    """Return the hint at the name most like `name`, shown as its value in `names`, or a full stop if none is."""
    by_lower_case = {item.lower(): shown for item, shown in names.items()}
    given = str(name).lower()
    matches = difflib.get_close_matches(given, by_lower_case, n=1, cutoff=0.5)
    matches = matches or [item for item in by_lower_case if given.startswith(item)]
    return f"; did you mean {by_lower_case[matches[0]]!r}?" if matches else "."
