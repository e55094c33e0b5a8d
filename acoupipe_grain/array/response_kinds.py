"""What sources are heard through, from what users write: a file, impulse responses, a kind of rooms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Annotated, Any, TypeAlias

from acoupipe_grain.annotations import InFiles
from acoupipe_grain.array.responses.given_responses import as_impulse_responses
from acoupipe_grain.array.responses.measured_set import MeasuredResponses
from acoupipe_grain.array.responses.response_set import ResponseSet
from acoupipe_grain.array.rooms.shoebox_rooms import ShoeboxRooms
from acoupipe_grain.errors import unknown_name

ResponsesLike: TypeAlias = Annotated[Any, InFiles(str | Mapping[str, Any])]
"""What `as_response_set` takes; files give a path or a mapping."""

KINDS: Mapping[str, type[ShoeboxRooms]] = {ShoeboxRooms.kind: ShoeboxRooms}
"""Classes of simulated responses by their names in configurations."""


def as_response_set(value: Any) -> ResponseSet:
    """Return what sources are heard through.

    Parameters
    ----------
    value
        A `ResponseSet`; `ImpulseResponses`; the path of a file with them; or a mapping, of arguments of
        `ImpulseResponses.load`, or of ``kind`` and arguments such as ``{"kind": "shoebox_rooms", "max_order": 8}``.

    Raises
    ------
    ArgumentError
        If it is something else, or an argument is unknown, lacking or wrong.
    DataError
        If a file is not what it should be.
    """
    if isinstance(value, ResponseSet):
        return value
    if isinstance(value, Mapping) and "kind" in value:
        return _by_kind({str(name): item for name, item in value.items()})
    if isinstance(value, str) and value in KINDS:
        return KINDS[value]()
    return MeasuredResponses(as_impulse_responses(value))


def _by_kind(given: dict[str, Any]) -> ResponseSet:
    kind = given.pop("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise unknown_name("responses.kind", kind, KINDS)
    names = [item.name for item in fields(KINDS[kind])]
    for name in given:
        if name not in names:
            raise unknown_name(f"argument of responses of kind {kind!r}:", name, names)
    return KINDS[kind](**given)
