"""WAV files with 16- and 32-bit integers and 32-bit floats, as SciPy reads them."""

from __future__ import annotations

import os
import struct
import warnings
from typing import Any

import numpy as np
from jaxtyping import Float32

from acoupipe_grain import arguments
from acoupipe_grain.errors import ArgumentError, DataError
from acoupipe_grain.files.mapped import MappedMatrix
from acoupipe_grain.files.replacing import replaced

ENCODINGS = {"int16": 16, "int32": 32, "float32": None}
"""Encodings that are read and written, and the bits of integers."""
SCALES = {"int16": 2.0**-15, "int32": 2.0**-31, "float32": 1.0}
MAX_SAMPLE_RATE = 10_000_000
_OF_ENCODINGS = ("Unknown wave file format", "mmap=True not compatible", "bit depth")
"""What SciPy says of encodings that it does not map."""


def write_wav(array: Any, path: str | os.PathLike[str], sample_rate: int, *, encoding: str = "int16") -> None:
    """Write sound to a WAV file, replacing what is there as a whole; the folder must exist.

    Parameters
    ----------
    array
        (sample,) or (sample, channel), finite real numbers, full scale 1.
    path
        Of the file.
    sample_rate
        Hz.
    encoding
        "int16" or "int32": 2**(bits − 1) times the sound, rounded, clipped to −2**(bits − 1) ... 2**(bits − 1) − 1.
        "float32": as it is.

    Raises
    ------
    ArgumentError
        If it is no such array, is empty, or an argument has the wrong type or range.
    """
    from scipy.io import wavfile

    encoding = arguments.choice("encoding", encoding, ENCODINGS)
    sample_rate = arguments.integer("sample_rate", sample_rate, minimum=1, maximum=MAX_SAMPLE_RATE)
    sound = checked_sound(array)
    bits = ENCODINGS[encoding]
    if bits is not None:
        full_scale = 2.0 ** (bits - 1)
        sound = np.clip(np.rint(sound.astype(np.float64) * full_scale), -full_scale, full_scale - 1)
    with replaced(path) as partial:
        try:
            wavfile.write(partial, sample_rate, sound.astype(encoding))
        except struct.error as error:
            raise ArgumentError(
                f"array: {sound.shape} at {sample_rate} Hz is more than the header of a WAV file can say ({error}); "
                "write fewer channels, or a raw file."
            ) from error


def checked_sound(array: Any) -> np.ndarray:
    """Return sound as an array.

    Raises
    ------
    ArgumentError
        If it is none of floating-point numbers, finite in float32, of the shape (sample,) or (sample, channel), or is
        empty.
    """
    sound = np.asarray(array)
    with np.errstate(over="ignore"):
        is_finite = sound.dtype.kind == "f" and bool(np.isfinite(sound.astype(np.float32)).all())
    if sound.ndim not in (1, 2) or not sound.size or not is_finite:
        raise ArgumentError(
            f"array: has the shape {sound.shape} and dtype {sound.dtype}; expected finite floating-point numbers "
            "of the shape (sample,) or (sample, channel), full scale 1."
        )
    return sound


def read_wav(
    path: str | os.PathLike[str],
) -> tuple[int, Float32[np.ndarray, "sample channel"] | Float32[np.ndarray, " sample"]]:
    """Return sample rate and sound of a WAV file, as `scipy.io.wavfile.read` has them, but with full scale 1.

    Returns
    -------
    Sample rate in Hz, and an array of the shape (sample,) for one channel, otherwise (sample, channel): int16 / 2**15,
    int32 / 2**31, float32 as it is.

    Raises
    ------
    DataError
        If the file cannot be read, is cut off or empty, has another encoding, or holds numbers that are not finite.
    """
    sample_rate, matrix = wav_matrix(path)
    sound = matrix.numbers(matrix.opened(), 0)
    return sample_rate, sound[:, 0] if matrix.num_columns == 1 else sound


def wav_matrix(path: str | os.PathLike[str]) -> tuple[int, MappedMatrix]:
    """Return the sample rate of a WAV file in Hz, and how its sound is mapped, (sample, channel).

    Raises
    ------
    DataError
        If the file cannot be read, is cut off or empty, or has another encoding.
    """
    from scipy.io import wavfile

    path = os.fspath(path)
    try:
        with warnings.catch_warnings():
            # Chunks that SciPy does not know are no audio; one that is cut off is its only other warning.
            warnings.simplefilter("error", wavfile.WavFileWarning)
            warnings.filterwarnings("ignore", r"Chunk \(non-data\) not understood", wavfile.WavFileWarning)
            sample_rate, sound = wavfile.read(path, mmap=True)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error}).") from error
    except wavfile.WavFileWarning as error:
        raise DataError(f"{path}: is damaged ({error}).") from error
    except Exception as error:  # SciPy lets whatever a damaged header leads to pass
        if any(words in str(error) for words in _OF_ENCODINGS):
            raise _other_encoding(path, str(error)) from error
        cut = "is cut off, or its header does not tell its length" if "mmap length" in str(error) else "is damaged"
        raise DataError(f"{path}: {cut}, or it is no WAV file ({error}); restore it, or leave it out.") from error
    name = sound.dtype.name
    if name not in ENCODINGS:
        raise _other_encoding(path, f"samples are {name}")
    if not sound.size:
        raise DataError(f"{path}: holds no sample.")
    num_channels = 1 if sound.ndim == 1 else sound.shape[1]
    place = len(sound), num_channels, sound.dtype.str, int(getattr(sound, "offset", 0))
    return sample_rate, MappedMatrix(path, *place, SCALES[name], os.stat(path).st_size)


def _other_encoding(path: str, found: str) -> DataError:
    return DataError(
        f"{path}: {found}; expected integers of 16 or 32 bits or floats of 32 bits. Convert it, or read it with "
        "SegmentSource, which knows many encodings."
    )
