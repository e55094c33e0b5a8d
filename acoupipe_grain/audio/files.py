"""Audio files, and what their headers say."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass

from acoupipe_grain.errors import DataError
from acoupipe_grain.extras import import_extra
from acoupipe_grain.file_patterns import FoundFile

NUM_DIGESTED_BYTES = 4096
MAX_FRAMES = 2**53
"""libsndfile says 2**63 − 1 of a file whose header does not tell its length."""
_TOLD = re.compile(r"\b(?:data|ssnd|data size) *: (\d+) \(should be (\d+)\)", re.IGNORECASE)
"""What libsndfile logs of the sizes of audio data that it corrects, bytes."""
_ENDLESS = 0x7FFFF000
"""Such sizes, and larger ones, are told by what writes to a pipe and does not know them."""


class BrokenFileError(DataError):
    """An audio file cannot be opened or decoded, or holds nothing that can be used."""


@dataclass(frozen=True)
class AudioFile:
    """An audio file, with what its header says.

    Attributes
    ----------
    path
        Where it is.
    name
        Its path relative to the folder that was given.
    num_frames
        Samples of each channel.
    sample_rate
        Hz.
    num_channels
        Number of channels.
    digest
        SHA-256 of its length and of the bytes at its beginning, middle and end.
    """

    path: str
    name: str
    num_frames: int
    sample_rate: int
    num_channels: int
    digest: str


def read_header(found: FoundFile) -> AudioFile:
    """Return what an audio file's header says.

    Raises
    ------
    BrokenFileError
        If the file cannot be read as audio, or holds no sample.
    ArgumentError
        If soundfile is not installed.
    """
    soundfile = import_extra("soundfile", "audio", "audio files")
    try:
        header = soundfile.info(found.path)
        digest = _digest(found.path)
    except (soundfile.SoundFileError, OSError, TypeError) as error:  # TypeError: headerless formats
        raise BrokenFileError(f"{found.path}: cannot be read as audio ({error}).") from error
    if cut := _TOLD.search(header.extra_info):
        told, there = int(cut[1]), int(cut[2])
        if there < told < _ENDLESS:
            raise BrokenFileError(f"{found.path}: is cut off: has {there} of the {told} bytes that its header tells.")
    if not 0 < header.frames < MAX_FRAMES:
        length = "holds no sample" if header.frames <= 0 else "does not tell its length"
        raise BrokenFileError(f"{found.path}: {length}.")
    return AudioFile(found.path, found.name, header.frames, header.samplerate, header.channels, digest)


def _digest(path: str) -> str:
    num_bytes = os.path.getsize(path)
    digest = hashlib.sha256(str(num_bytes).encode())
    with open(path, "rb") as file:
        for start in (0, num_bytes // 2, max(0, num_bytes - NUM_DIGESTED_BYTES)):
            file.seek(start)
            digest.update(file.read(NUM_DIGESTED_BYTES))
    return digest.hexdigest()
