"""Outputs of models, written to files named after the inputs."""

from __future__ import annotations

import os
from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np

from acoupipe_grain import arguments
from acoupipe_grain.annotations import Unit
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.file_patterns import expanded
from acoupipe_grain.files.raw import raw_bytes, write_raw
from acoupipe_grain.files.wav import ENCODINGS, MAX_SAMPLE_RATE, checked_sound, write_wav


@dataclass(frozen=True)
class OutputWriter:
    """Writes arrays to a folder, as sound or as raw matrices; thread-safe, picklable.

    The file of ``speaker/utterance`` is ``<folder>/speaker/<prefix>utterance<extension>``.

    Parameters
    ----------
    folder
        Where files are written; it is made when the first one is. ``~``, ``$NAME`` and ``${NAME}`` are replaced.
    extension
        Of the files, with its dot: ".wav" for WAV files, any other for raw float32 matrices.
    sample_rate
        Of WAV files, which need it.
    prefix
        What the last part of every name begins with.
    encoding
        Of WAV files: "int16", "int32" or "float32", see `acoupipe_grain.files.wav.write_wav`.
    big_endian
        Of raw matrices: whether the most significant byte comes first.

    Raises
    ------
    ArgumentError
        If a value has the wrong type or range, or does not go with the extension.
    """

    folder: str
    extension: str
    _: KW_ONLY
    sample_rate: Annotated[int, Unit("Hz")] | None = None
    prefix: str = ""
    encoding: str = "int16"
    big_endian: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.folder, str | os.PathLike) or not str(self.folder):
            raise ArgumentError(f"folder={self.folder!r}: expected the path of a folder.")
        object.__setattr__(self, "folder", os.fspath(self.folder))
        if not _is_part(self.extension) or not self.extension.startswith(".") or self.extension == ".":
            raise ArgumentError(f"extension={self.extension!r}: expected an extension with its dot, '.wav' or '.mgc'.")
        if self.prefix != "" and not _is_part(self.prefix):
            raise ArgumentError(f"prefix={self.prefix!r}: expected the beginning of a file name, without folders.")
        if self.sample_rate is not None:
            arguments.integer("sample_rate", self.sample_rate, minimum=1, maximum=MAX_SAMPLE_RATE)
            if not self.is_wav:
                raise ArgumentError(
                    f"sample_rate={self.sample_rate!r}: raw matrices say none; it is for WAV files, '.wav'."
                )
        elif self.is_wav:
            raise ArgumentError(f"sample_rate=None: files with the extension {self.extension} need one, in Hz.")
        arguments.choice("encoding", self.encoding, ENCODINGS)
        if self.encoding != "int16" and not self.is_wav:
            raise ArgumentError(f"encoding={self.encoding!r}: raw matrices are float32; it is for WAV files, '.wav'.")
        if arguments.flag("big_endian", self.big_endian) and self.is_wav:
            raise ArgumentError("big_endian=True: WAV files are little-endian; leave it out.")

    @property
    def is_wav(self) -> bool:
        """Whether files are WAV files."""
        return self.extension.lower() == ".wav"

    def path_of(self, name: str) -> Path:
        """Return where the array of a name is written.

        Raises
        ------
        ArgumentError
            If the name leads out of the folder, or is none.
        """
        parts = name.split("/") if isinstance(name, str) else [""]
        if os.path.splitdrive(str(name))[0] or not all(_is_part(part) and part not in (".", "..") for part in parts):
            raise ArgumentError(
                f"name={name!r}: expected a name within the folder such as 'speaker/utterance', without '..' and not "
                "from the root."
            )
        return Path(expanded(self.folder), *parts[:-1], f"{self.prefix}{parts[-1]}{self.extension}")

    def write(self, name: str, array: Any, length: int | None = None) -> Path:
        """Write an array to the file of its name, whose folders are made; the file is replaced as a whole.

        Until the file is complete it has another name, so that one that is there is never half of one.

        Parameters
        ----------
        name
            What is written, with ``/`` between folders and without extension.
        array
            (row,) or (row, column): (sample,) or (sample, channel) of a sound, full scale 1, clipped beyond it where
            the encoding is of integers.
        length
            Rows that are written; None: all.

        Returns
        -------
        The path of the file

        Raises
        ------
        ArgumentError
            If the name leads out of the folder, `length` is more than the array has, or the array is empty, of another
            shape, or holds what cannot be written, such as NaN.
        """
        path, rows = self.path_of(name), np.asarray(array)
        if rows.ndim not in (1, 2):
            raise ArgumentError(f"array: has the shape {rows.shape}, of {name!r}; expected (row,) or (row, column).")
        if length is not None:
            length = arguments.integer("length", length, minimum=1)
            if length > len(rows):
                raise ArgumentError(f"length={length}: is more than the {len(rows)} rows that {name!r} has.")
        rows = rows[:length]
        # Before a folder is made for it.
        if self.is_wav:
            checked_sound(rows)
        else:
            raw_bytes(rows, self.big_endian)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except FileExistsError as error:
            raise ArgumentError(f"name={name!r}: a file is where its folder {path.parent} would be.") from error
        if self.sample_rate is not None:
            write_wav(rows, path, self.sample_rate, encoding=self.encoding)
        else:
            write_raw(rows, path, big_endian=self.big_endian)
        return path


def _is_part(text: Any) -> bool:
    """Say whether something may be part of a file name, on all systems."""
    return isinstance(text, str) and text != "" and not set(text) & set("/\\\0")
