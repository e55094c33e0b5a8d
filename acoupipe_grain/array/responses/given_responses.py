"""Impulse responses given as they are, as a path or as a mapping."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from acoupipe_grain.array.responses.impulse_responses import ImpulseResponses
from acoupipe_grain.errors import ArgumentError, DataError, unknown_name

_ARGUMENTS = ("path", "speed_of_sound", "sample_rate", "layout", "scenario")
_DIGEST = "digest"


def as_impulse_responses(value: Any) -> ImpulseResponses:
    """Return impulse responses.

    Parameters
    ----------
    value
        The object; the path of a file; or a mapping of arguments of `ImpulseResponses.load`, as `to_json` gives it. If
        ``digest`` is among them, the whole file is read to see that it is the same.

    Raises
    ------
    ArgumentError
        If it is something else, has an unknown argument or lacks the path, or for the reasons of `load`.
    DataError
        If the file has another digest, or for the reasons of `load`.
    """
    if isinstance(value, ImpulseResponses):
        return value
    if isinstance(value, str | os.PathLike):
        return ImpulseResponses.load(value)
    if not isinstance(value, Mapping):
        raise ArgumentError(
            f"responses={value!r}: expected ImpulseResponses, the path of a file with them, or a mapping of "
            "arguments of ImpulseResponses.load."
        )
    if "path" not in value and {"shape", _DIGEST} <= set(value):
        raise ArgumentError(
            f"responses: those of digest {str(value[_DIGEST])[:16]} were made of arrays, which are stored nowhere; "
            "make them again and pass the object, or write them with write_hdf5 and give the path."
        )
    return _loaded({str(name): item for name, item in value.items()})


def _loaded(given: dict[str, Any]) -> ImpulseResponses:
    for name in given:
        if name not in (*_ARGUMENTS, _DIGEST):
            raise unknown_name("argument of responses:", name, (*_ARGUMENTS, _DIGEST))
    if "path" not in given:
        raise ArgumentError(f"responses={given!r}: lacks path, that of a file with impulse responses.")
    digest = given.pop(_DIGEST, None)
    responses = ImpulseResponses.load(given.pop("path"), **given)
    if digest is not None and responses.fingerprint != digest:
        raise DataError(
            f"{responses.name}: has the digest {responses.fingerprint[:16]}, not {str(digest)[:16]}: other responses, "
            "positions, sampling rate or speed of sound than those asked for. Restore the file, or leave digest out."
        )
    return responses
