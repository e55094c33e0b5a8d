"""Files of impulse responses as MIRACLE and SRIRACHA have them.

=========================== ========================= =================================================================
Data set                    Shape                     What it is
=========================== ========================= =================================================================
``data/impulse_response``   (sources, mics, taps)     floating-point numbers, float32 as published
``data/location/source``    (sources, 3)              m
``data/location/receiver``  (mics, 3)                 m
``metadata/c0``             () or (sources,)          speed of sound, m/s
``metadata/sampling_rate``  ()                        Hz; where it is missing, 32 kHz, the rate of all published files
=========================== ========================= =================================================================

Of these, the last two may be missing. An axis of length 1 at the end of the first three is passed over. Whatever else
there is (temperature, humidity, nominal positions) is not read.

Sources: A. Kujawski, A. J. R. Pelling and E. Sarradj, "MIRACLE - a Microphone Array Impulse Response Dataset for
Acoustic Learning", EURASIP J. Audio Speech Music Process. 2024:32; A. J. R. Pelling, A. Kujawski and E. Sarradj,
"SRIRACHA: Shoebox Room Impulse Response Archive with Varying Absorption", doi 10.14279/depositonce-23943.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float32, Int

from acoupipe_grain.array.responses.file_content import FileContent, stated_number
from acoupipe_grain.array.responses.hdf5_arrays import Hdf5Array, hdf5_array, opened_hdf5
from acoupipe_grain.array.responses.stored_responses import StoredResponses
from acoupipe_grain.errors import DataError

RESPONSES = "data/impulse_response"
SOURCES = "data/location/source"
MICROPHONES = "data/location/receiver"
SPEED_OF_SOUND = "metadata/c0"
SAMPLE_RATE = "metadata/sampling_rate"

USUAL_SAMPLE_RATE = 32000.0
"""Of all published files, Hz."""


@dataclass(frozen=True, eq=False)
class Hdf5Responses(StoredResponses):
    """Responses in an HDF5 file.

    Attributes
    ----------
    array
        Shape (S, M, taps), or with further axes of length 1 at the end.
    """

    array: Hdf5Array

    @property
    def shape(self) -> tuple[int, int, int]:  # type: ignore[override]
        """Numbers of sources, microphones and taps."""
        sources, mics, taps = self.array.shape[:3]
        return sources, mics, taps

    def read(self, indices: Int[np.ndarray, " source"]) -> Float32[np.ndarray, "source mic tap"]:
        """Return the responses of sources, a C-contiguous copy."""
        responses = np.empty((len(indices), *self.shape[1:]), dtype=np.float32)
        with np.errstate(over="ignore"):
            for row, index in enumerate(indices.tolist()):
                responses[row] = self.array[index].reshape(self.shape[1:])
        return responses

    def given_back(self) -> Hdf5Responses:
        """Return the same responses, with no part of the file mapped."""
        return Hdf5Responses(self.array.mapped_anew())


def read_hdf5(path: str) -> FileContent:
    """Return what a file in MIRACLE's layout says; the responses are not read.

    If ``metadata/c0`` is an array, the speed of sound is the mean over the sources, as it varied while they were
    measured: within a scenario by a few parts in a thousand at most.

    Raises
    ------
    ArgumentError
        If h5py is not installed.
    DataError
        If the file cannot be read, a data set is missing, or one has another shape or kind of numbers.
    """
    with opened_hdf5(path, "HDF5 files") as file:
        responses, sources, mics = (_dataset(path, file, name) for name in (RESPONSES, SOURCES, MICROPHONES))
        shape = _shape_without_ones(path, responses, 3)
        source_positions = _positions(path, sources)
        mic_positions = _positions(path, mics)
        if shape[:2] != (source_positions.shape[1], mic_positions.shape[1]):
            raise DataError(
                f"{path}: {RESPONSES} has shape {responses.shape}, {SOURCES} {sources.shape} and {MICROPHONES} "
                f"{mics.shape}; expected (sources, microphones, taps), (sources, 3) and (microphones, 3)."
            )
        return FileContent(
            source_positions=source_positions,
            mic_positions=mic_positions,
            stored=Hdf5Responses(hdf5_array(path, responses)),
            sample_rate=_stated(path, file, SAMPLE_RATE, (1,), "Hz"),
            speed_of_sound=_stated(path, file, SPEED_OF_SOUND, (1, shape[0]), "m/s"),
            usual_sample_rate=USUAL_SAMPLE_RATE,
        )


def _dataset(path: str, file: Any, name: str) -> Any:
    """Return a data set of floating-point numbers."""
    dataset = file.get(name)
    if not hasattr(dataset, "dtype"):
        hint = " It says that it is a SOFA file: give layout='sofa'." if "SOFAConventions" in file.attrs else ""
        raise DataError(
            f"{path}: there is no data set {name}; expected {RESPONSES}, {SOURCES}, {MICROPHONES} and "
            f"{SPEED_OF_SOUND}, as MIRACLE has them.{hint}"
        )
    if dataset.dtype.kind != "f":
        raise DataError(f"{path}: {name} holds {dataset.dtype}; expected real floating-point numbers.")
    return dataset


def _shape_without_ones(path: str, dataset: Any, num_axes: int) -> tuple[int, ...]:
    shape = tuple(dataset.shape)
    if len(shape) < num_axes or any(size != 1 for size in shape[num_axes:]):
        raise DataError(f"{path}: {dataset.name[1:]} has shape {shape}; expected {num_axes} axes.")
    return shape[:num_axes]


def _positions(path: str, dataset: Any) -> np.ndarray:
    shape = _shape_without_ones(path, dataset, 2)
    if shape[1] != 3:
        raise DataError(
            f"{path}: {dataset.name[1:]} has shape {dataset.shape}; expected (number of positions, 3), in m."
        )
    return dataset[()].reshape(shape).T


def _stated(path: str, file: Any, name: str, sizes: tuple[int, ...], unit: str) -> float | None:
    """Return the mean of the numbers of a data set that may be missing."""
    dataset = file.get(name)
    if dataset is None:
        return None
    value = dataset[()] if hasattr(dataset, "dtype") else np.empty(0)
    if 0 in sizes and np.size(value) == 0:
        return None
    if np.size(value) not in sizes:
        expected = " or ".join(str(size) for size in dict.fromkeys(sizes))
        raise DataError(f"{path}: {name} has shape {np.shape(value)}; expected {expected} in {unit}.")
    return stated_number(f"{path}: {name}", value, unit)
