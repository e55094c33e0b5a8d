"""Streams of features, side by side: what lists of folders, extensions, dimensions and resolutions mean."""

from __future__ import annotations

import itertools
import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from jaxtyping import Bool, Float32

from acoupipe_grain import arguments
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.file_patterns import expanded

WAVEFORM_EXTENSION = ".wav"

T = TypeVar("T")


@dataclass(frozen=True)
class Stream:
    """One kind of feature, in a file for every name.

    Attributes
    ----------
    label
        What messages call its folder, for example "input_folders[0]".
    folder
        Where the files are, from the root.
    extension
        What follows the name, with its dot.
    dimension
        Features of a frame, or channels of a waveform.
    resolution
        Samples for a frame, of the fastest stream.
    normalise
        Whether its features are to be normalised.
    unvoiced
        Values at or below it do not count in statistics; −inf: all count.
    """

    label: str
    folder: str
    extension: str
    dimension: int
    resolution: int
    normalise: bool
    unvoiced: float

    @property
    def is_waveform(self) -> bool:
        """Whether its files are WAV files, rather than raw matrices."""
        return self.extension.lower() == WAVEFORM_EXTENSION

    def path_of(self, name: str) -> str:
        """Return where the file of a name is."""
        return os.path.join(self.folder, *name.split("/")) + self.extension


@dataclass(frozen=True)
class StreamGroup:
    """Streams whose features stand side by side in one array.

    Attributes
    ----------
    argument
        What their arguments begin with, "input" or "output".
    key
        What elements call the array, "input" or "target".
    folders
        Folders as they were given.
    streams
        The streams, in order.
    """

    argument: str
    key: str
    folders: tuple[str, ...]
    streams: tuple[Stream, ...]

    @property
    def resolution(self) -> int:
        """The finest resolution; that of the array."""
        return min(stream.resolution for stream in self.streams)

    @property
    def num_features(self) -> int:
        """Features of a frame of the array."""
        return sum(stream.dimension for stream in self.streams)

    @property
    def columns(self) -> list[slice]:
        """Where the features of each stream are in the array."""
        ends = itertools.accumulate(stream.dimension for stream in self.streams)
        return [slice(end - stream.dimension, end) for stream, end in zip(self.streams, ends, strict=True)]

    @property
    def normalised(self) -> Bool[np.ndarray, " feature"]:
        """Which features are to be normalised."""
        return np.array([stream.normalise for stream in self.streams for _ in range(stream.dimension)], dtype=bool)

    @property
    def unvoiced(self) -> Float32[np.ndarray, " feature"]:
        """At or below what values do not count in statistics; −inf where all count."""
        listed = [stream.unvoiced for stream in self.streams for _ in range(stream.dimension)]
        return np.array(listed, dtype=np.float32)

    def to_json(self) -> dict[str, Any]:
        """Return the arguments that describe the group, by name."""
        streams = self.streams
        listed = {
            "folders": list(self.folders),
            "extensions": [stream.extension for stream in streams],
            "dimensions": [stream.dimension for stream in streams],
            "resolutions": [stream.resolution for stream in streams],
            "normalise": [stream.normalise for stream in streams],
            "unvoiced": [stream.unvoiced if math.isfinite(stream.unvoiced) else None for stream in streams],
        }
        return {f"{self.argument}_{name}": value for name, value in listed.items()}


def checked_group(
    argument: str,
    key: str,
    folders: Any,
    extensions: Any,
    dimensions: Any,
    resolutions: Any,
    normalise: Any,
    unvoiced: Any,
) -> StreamGroup:
    """Return the streams that lists describe.

    Parameters
    ----------
    argument, key
        As in `StreamGroup`.
    folders, extensions, dimensions, resolutions, normalise, unvoiced
        One item for every stream; the last three may be None, for 1, True and None each.

    Raises
    ------
    ArgumentError
        If one is no list, they differ in length, or an item has the wrong type or range.
    """
    name = f"{argument}_folders"
    given = _items(name, folders, _path)
    columns: dict[str, list[Any]] = {
        "extensions": _items(f"{argument}_extensions", extensions, _extension),
        "dimensions": _items(f"{argument}_dimensions", dimensions, _positive),
        "resolutions": _items(f"{argument}_resolutions", _or_all(resolutions, 1, len(given)), _positive),
        "normalise": _items(f"{argument}_normalise", _or_all(normalise, True, len(given)), arguments.flag),
        "unvoiced": _items(f"{argument}_unvoiced", _or_all(unvoiced, None, len(given)), _threshold),
    }
    for what, items in columns.items():
        if len(items) != len(given):
            raise ArgumentError(
                f"{argument}_{what}: has {len(items)} items and {name} {len(given)}; give one for every folder."
            )
    streams = tuple(
        Stream(f"{name}[{number}]", expanded(folder), *(items[number] for items in columns.values()))
        for number, folder in enumerate(given)
    )
    return StreamGroup(argument, key, tuple(given), streams)


def checked_resolutions(groups: Sequence[StreamGroup]) -> int:
    """Return the largest resolution of all streams.

    Raises
    ------
    ArgumentError
        If a resolution is no multiple of the finest of its group, or no divisor of the largest of all.
    """
    largest = max(stream.resolution for group in groups for stream in group.streams)
    for group in groups:
        resolutions = [stream.resolution for stream in group.streams]
        listed = f"{group.argument}_resolutions={resolutions}"
        for resolution in resolutions:
            if resolution % group.resolution:
                raise ArgumentError(
                    f"{listed}: {resolution} is no multiple of the finest one, {group.resolution}, and frames are "
                    "repeated whole times; resample the stream."
                )
        if any(largest % resolution for resolution in resolutions):
            raise ArgumentError(
                f"{listed}: the largest resolution of all streams, {largest}, is no multiple of each of them, and "
                "chunks begin at whole frames of every stream; resample one."
            )
    return largest


def _or_all(values: Any, default: Any, num_streams: int) -> Any:
    return [default] * num_streams if values is None else values


def _items(name: str, values: Any, checked: Callable[[str, Any], T]) -> list[T]:
    if not isinstance(values, list | tuple | np.ndarray):
        raise ArgumentError(f"{name}={values!r}: expected a list with an item for every stream.")
    return [checked(f"{name}[{number}]", value) for number, value in enumerate(values)]


def _path(name: str, value: Any) -> str:
    if not isinstance(value, str | os.PathLike) or not os.fspath(value):
        raise ArgumentError(f"{name}={value!r}: expected the path of a folder.")
    return os.fspath(value)


def _extension(name: str, value: Any) -> str:
    if not isinstance(value, str) or len(value) < 2 or not value.startswith(".") or set(value) & set("/\\"):
        raise ArgumentError(f"{name}={value!r}: expected an extension with its dot, such as '.mgc' or '.wav'.")
    return value


def _positive(name: str, value: Any) -> int:
    return arguments.integer(name, value, minimum=1)


def _threshold(name: str, value: Any) -> float:
    return -math.inf if value is None else arguments.number(name, value)
