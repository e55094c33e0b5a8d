"""The rows of precomputed features that belong to segments."""

from __future__ import annotations

import hashlib
import os
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
from acoupipe_grain.audio.patterns import expanded
from acoupipe_grain.audio.segments.precomputed import PrecomputedFeature
from acoupipe_grain.audio.segments.recordings import digest_of_file
from acoupipe_grain.errors import ArgumentError, DataError
from acoupipe_grain.specs import ArraySpec


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
        Numbers in a row; None if a row is one number.

    Raises
    ------
    ArgumentError
        If a segment has no row, or a file is missing, has another shape than the others, or too few rows.
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
        sizes: dict[int | None, str] = {}
        for path, file, last in zip(self.paths, files, last_starts, strict=True):
            array = self._opened(path)
            size = array.shape[1] if array.ndim == 2 else None
            sizes.setdefault(size, path)
            within = int(file.num_frames * Fraction(repr(feature.sample_rate)) / file.sample_rate)
            needed = min(int(last * self._rate) + self.num_rows, max(within, 1))
            if len(array) < needed:
                raise ArgumentError(
                    f"features: {feature.name!r}: {path} has {len(array)} rows, and the last segment of {file.name} "
                    f"needs {needed} at {feature.sample_rate:g} Hz; correct the rate, or add what is missing."
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
        return hashlib.sha256(" ".join(map(digest_of_file, self.paths)).encode()).hexdigest()

    def read(self, file_index: int, start: int) -> Float32[np.ndarray, "1 *size row"]:
        """Return the rows of the segment that begins with a sample of a recording, rows last."""
        rows = self._opened(self.paths[file_index])
        first = int(start * self._rate)
        found = np.asarray(rows[first : first + self.num_rows], dtype=np.float32)
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
        if not isinstance(array, np.ndarray) or array.ndim not in (1, 2) or array.dtype.kind not in "biuf":
            shape = getattr(array, "shape", None)
            raise DataError(
                f"features: {self.feature.name!r}: {path} has the shape {shape}; expected real numbers of the shape "
                "(row,) or (row, size)."
            )
        return array
