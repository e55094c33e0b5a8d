"""The kinds of directivity, by the names that configurations use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from acoupipe_grain.array.directivity.dipole import Dipole
from acoupipe_grain.array.directivity.directivity import Directivity
from acoupipe_grain.array.directivity.spherical_harmonics import SphericalHarmonics
from acoupipe_grain.errors import ArgumentError, unknown_name

MONOPOLE = "monopole"
"""Name of what radiates everywhere alike."""

KINDS: Mapping[str, type[Directivity]] = {kind.kind: kind for kind in (Dipole, SphericalHarmonics)}
"""The kinds of directivity by name."""


def as_directivity(value: Any) -> Directivity | None:
    """Return a directivity, or None for monopoles.

    Parameters
    ----------
    value
        None or "monopole"; a directivity; the name of a kind, such as "dipole"; or a mapping of its ``kind`` and
        arguments, such as ``{"kind": "dipole", "direction": [0, 0, -1]}``.

    Raises
    ------
    ArgumentError
        If it is something else, or an argument is unknown, missing or wrong; the message begins with ``directivity=``.
    """
    if value is None or isinstance(value, Directivity):
        return value
    if not isinstance(value, str | Mapping):
        raise ArgumentError(
            f"directivity={value!r}: expected None, one of {', '.join((MONOPOLE, *KINDS))}, a mapping such as "
            "{'kind': 'dipole', 'direction': [0, 0, -1]}, or a directivity."
        )
    given = {"kind": value} if isinstance(value, str) else dict(value)
    try:
        return _of_mapping(given)
    except ArgumentError as error:
        raise ArgumentError(f"directivity={value!r}: {error}") from None


def _of_mapping(given: dict[str, Any]) -> Directivity | None:
    if "kind" not in given:
        raise ArgumentError(f"lacks kind, one of {', '.join((MONOPOLE, *KINDS))}.")
    kind = given.pop("kind")
    if not isinstance(kind, str) or kind not in (MONOPOLE, *KINDS):
        raise unknown_name("kind", kind, (MONOPOLE, *KINDS))
    if kind == MONOPOLE:
        if given:
            raise ArgumentError(f"a monopole has no {', '.join(map(str, given))}; leave it out.")
        return None
    known = [item.name for item in fields(KINDS[kind])]
    for name in given:
        if name not in known:
            raise unknown_name(f"argument of {kind}", name, known)
    if "coefficients" in known and "coefficients" not in given:
        raise ArgumentError(f"{kind} lacks coefficients, (L + 1)² numbers.")
    return KINDS[kind](**given)
