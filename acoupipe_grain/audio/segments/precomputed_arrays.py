"""The rows of precomputed features that belong to segments."""

from __future__ import annotations

import hashlib
import os
import warnings
from collections.abc import Sequence
from fractions import Fraction
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float32

from acoupipe_grain.audio.features import transformed
from acoupipe_grain.audio.files import AudioFile
from acoupipe_grain.audio.segments.precomputed import PrecomputedFeature
from acoupipe_grain.audio.segments.recordings import require_own_files
from acoupipe_grain.errors import ArgumentError, DataError
from acoupipe_grain.file_patterns import expanded
from acoupipe_grain.named_files import digest_of
from acoupipe_grain.specs import ArraySpec

SURPLUS, MIN_SURPLUS = 1.05, 4
"""How many times as many rows as a recording lasts for a file may have, and how many more: frames at its ends."""


class PrecomputedArrays:
    """The rows of a precomputed feature by segment.

    Parameters
    ----------
    feature
        The feature.
    files
        The recordings.
    num_samples, sample_rate
        Length of a segment, and the rate of its samples, Hz.
    last_starts
        First sample of the last segment of every recording.

    Attributes
    ----------
    num_rows
        Rows of a segment.
    size
        Numbers in a row; None if a row is one number, in files of shape (row,) or (row, 1).

    Raises
    ------
    ArgumentError
        If a segment has no row, two recordings would have one file, or a file is missing, holds something else, has
        another shape than the others, or too few rows.
    """

    def __init__(
        self,
        feature: PrecomputedFeature,
        files: Sequence[AudioFile],
        num_samples: int,
        sample_rate: int,
        last_starts: Sequence[int],
    ) -> None:
        self.feature = feature
        self._rate = Fraction(repr(feature.sample_rate)) / sample_rate  # rows per sample
        self.num_rows = int(num_samples * self._rate)
        if self.num_rows < 1:
            raise ArgumentError(
                f"features: sample_rate={feature.sample_rate:g} of {feature.name!r}: a segment of {num_samples} "
                f"samples at {sample_rate} Hz has no row; use longer segments."
            )
        folder = expanded(feature.folder)
        self.paths = [os.path.join(folder, os.path.splitext(file.name)[0] + ".npy") for file in files]
        require_own_files(files, f"features: {feature.name!r}", ".npy")
        self._shapes = []
        sizes: dict[int | None, str] = {}
        for path, file, last in zip(self.paths, files, last_starts, strict=True):
            array = self._opened(path)
            self._shapes.append(array.shape)
            sizes.setdefault(array.shape[1] if array.ndim == 2 and array.shape[1] > 1 else None, path)
            within = file.num_frames * Fraction(repr(feature.sample_rate)) / file.sample_rate
            needed = min(int(last * self._rate) + self.num_rows, max(int(within), 1))
            if len(array) < needed:
                raise ArgumentError(
                    f"features: {feature.name!r}: {path} has {len(array)} rows, and the last segment of {file.name} "
                    f"needs {needed} at {feature.sample_rate:g} Hz; correct the rate, or add what is missing."
                )
            if len(array) > SURPLUS * within + MIN_SURPLUS:
                warnings.warn(
                    f"features: {feature.name!r}: {path} has {len(array)} rows, and {file.name} lasts for "
                    f"{float(within):.1f} at {feature.sample_rate:g} Hz; is the rate right?",
                    stacklevel=4,
                )
        if len(sizes) > 1:
            (one, here), (other, there) = list(sizes.items())[:2]
            raise ArgumentError(
                f"features: {feature.name!r}: rows of {here} have the size {one}, those of {there} {other}; they must "
                "have the same."
            )
        self.size = next(iter(sizes))
        if self.size is None and feature.pca is not None:
            raise ArgumentError(f"features: pca of {feature.name!r}: its rows are single numbers; leave it out.")

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the rows of a segment, as of one channel, rows last."""
        return (1, self.num_rows) if self.size is None else (1, self.size, self.num_rows)

    @property
    def row_spec(self) -> ArraySpec:
        """Specification of the rows of a segment, as of one channel."""
        axes = ("channel", "frame") if self.size is None else ("channel", "feature", "frame")
        return ArraySpec(self.shape, "float32", axes)

    @property
    def element_spec(self) -> ArraySpec:
        """Specification of the feature."""
        axes = self.row_spec.axes if self.feature.pca is None else ("channel", "component", "frame")
        shape = jax.eval_shape(self.transformed, jax.ShapeDtypeStruct(self.shape, np.float32)).shape
        return ArraySpec(shape, "float32", axes)

    @property
    def is_transformed(self) -> bool:
        """Whether anything is done with the rows."""
        return self.feature.scaler is not None or self.feature.pca is not None

    def transformed(self, rows: Any) -> Any:
        """Return rows, which are the last axis, as they are in elements."""
        if not self.is_transformed:
            return rows
        scaler, pca, name = self.feature.scaler, self.feature.pca, self.feature.name
        return transformed(jnp.asarray(rows), scaler, pca, name, has_size=self.size is not None)

    @cached_property
    def digest(self) -> str:
        """What identifies the content of all files; read when it is asked for."""
        return hashlib.sha256(" ".join(map(digest_of, self.paths)).encode()).hexdigest()

    def read(self, file_index: int, start: int) -> Float32[np.ndarray, "1 *size row"]:
        """Return the rows of the segment that begins with a sample of a recording, rows last."""
        path = self.paths[file_index]
        try:
            rows = self._opened(path)
        except ArgumentError as error:
            raise DataError(str(error)) from error
        if rows.shape != self._shapes[file_index]:
            raise DataError(
                f"features: {self.feature.name!r}: {path} has the shape {rows.shape}, and had "
                f"{self._shapes[file_index]} when the source was made; make the source anew."
            )
        first = int(start * self._rate)
        with np.errstate(over="ignore"):
            found = np.asarray(rows[first : first + self.num_rows], dtype=np.float32)
        if not np.isfinite(found).all():
            row = first + int(np.flatnonzero(~np.isfinite(found.reshape(len(found), -1)).all(axis=1))[0])
            raise DataError(
                f"features: {self.feature.name!r}: {path}, row {row}: holds numbers that are not finite, or not in "
                "single precision; replace them, with 0 for instance."
            )
        found = found.reshape(len(found), *self.shape[1:-1])
        result = np.zeros(self.shape, dtype=np.float32)
        result[0, ..., : len(found)] = found.T
        return result

    def _opened(self, path: str) -> np.ndarray:
        try:
            array = np.load(path, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise ArgumentError(
                f"features: {self.feature.name!r}: {path} cannot be read ({error}); there is to be an .npy file of "
                "real numbers for every recording."
            ) from error
        is_array = isinstance(array, np.ndarray) and array.dtype.kind in "biuf" and array.size
        if not is_array or array.ndim not in (1, 2):
            found = f"{getattr(array, 'dtype', type(array).__name__)} of the shape {getattr(array, 'shape', None)}"
            raise ArgumentError(
                f"features: {self.feature.name!r}: {path} holds {found}; expected real numbers of the shape (row,) or "
                "(row, size)."
            )
        return array
