"""Features computed elsewhere, at a rate of their own, aligned with segments by time."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from acoupipe_grain import arguments
from acoupipe_grain.audio.features import (
    PrincipalComponents,
    Standardization,
    as_components,
    as_standardization,
)
from acoupipe_grain.errors import ArgumentError, unknown_name

MAX_RATE = 10_000_000.0
"""Hz."""


@dataclass(frozen=True)
class PrecomputedFeature:
    """A feature in ``.npy`` files, one for every recording: ``FOLDER/a/b.npy`` for the recording ``a/b.wav``.

    Row r of a file belongs to the time r / `sample_rate`. A segment that begins at the time t has the rows from
    floor(t · `sample_rate`) on, floor(duration · `sample_rate`) of them; beyond the end of a recording that is shorter
    than a segment they are zero.

    Attributes
    ----------
    name
        Key in elements.
    folder
        Where the files are. They hold real numbers of the shape (row,) or (row, size).
    sample_rate
        Rows per second, Hz.
    scaler, pca
        Applied to every row, `pca` first; as of `acoupipe_grain.audio.features.FrameFeature`.
    """

    name: str
    folder: str
    sample_rate: float
    scaler: Standardization | None = None
    pca: PrincipalComponents | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name.isidentifier():
            raise ArgumentError(f"features: name={self.name!r}: expected an identifier such as 'pitch'.")
        if not isinstance(self.folder, str | os.PathLike):
            raise ArgumentError(f"features: folder={self.folder!r} of {self.name!r}: expected a path.")
        rate = arguments.number(
            f"features: sample_rate of {self.name!r}", self.sample_rate, above=0, maximum=MAX_RATE, unit="Hz"
        )
        checked = {
            "folder": os.fspath(self.folder),
            "sample_rate": rate,
            "scaler": as_standardization(self.scaler),
            "pca": as_components(self.pca),
        }
        for name, value in checked.items():
            object.__setattr__(self, name, value)

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> PrecomputedFeature:
        """Return the feature that a mapping of its attributes describes.

        Raises
        ------
        ArgumentError
            If one is missing or unknown, or a value has the wrong type.
        """
        names = [item.name for item in fields(cls)]
        for name in mapping:
            if name not in names:
                raise unknown_name("value of a feature with a folder", name, names)
        if missing := [name for name in ("name", "folder", "sample_rate") if name not in mapping]:
            raise ArgumentError(f"features: {dict(mapping)!r}: lacks {', '.join(missing)}.")
        return cls(**mapping)

    @property
    def key(self) -> str:
        """Key in elements."""
        return self.name

    @property
    def identity(self) -> dict[str, Any]:
        """The feature in JSON: a mapping of its attributes."""
        plain = {"name": self.name, "folder": self.folder, "sample_rate": self.sample_rate}
        transforms = {"scaler": self.scaler, "pca": self.pca}
        return plain | {name: item.to_json() for name, item in transforms.items() if item is not None}
