"""Samples of WAV files as a random-access source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from acoupipe_grain import arguments
from acoupipe_grain.annotations import Samples
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.file_patterns import checked_extensions
from acoupipe_grain.files.chunked_source import MAX_FIRST_ROW, ChunkedSource
from acoupipe_grain.files.chunks import cut_into_chunks
from acoupipe_grain.files.mapped import MappedMatrices
from acoupipe_grain.files.sample_rates import common_sample_rate
from acoupipe_grain.files.wav import wav_matrix
from acoupipe_grain.named_files import checked_patterns, find_named_files
from acoupipe_grain.specs import ArraySpec, Element


class WavSource(ChunkedSource):
    """Sound of WAV files, in chunks or whole files: deterministic, thread-safe, picklable.

    Files hold integers of 16 or 32 bits or floats of 32 bits, as `write_wav` writes them; all have one sample rate and
    number of channels. They are cut into chunks that begin at samples 0, `num_samples`, 2 · `num_samples` ...; the last
    chunk of a file may be shorter, nothing is padded. Records are in the order of the files and of time; how many there
    are is known from the headers. Files are mapped into memory: a record reads its own samples. ``source[i]`` depends
    on the arguments, i, and the content of the files. Elements:

    ============ ================= ======= ===============================================================
    audio        (channel, sample) float32 `num_samples` samples, or fewer at the end of a file; full
                                           scale 1: int16 / 2**15, int32 / 2**31, float32 as it is
    sample_rate  ()                int32   Hz
    file_index   ()                int32   number of the file in ``tables["files"]``, its name in its folder
    first_sample ()                int32   the first of the samples in the file
    idx          ()                int32   record index
    ============ ================= ======= ===============================================================

    The axis "sample" is None in the specification if records have different numbers of samples; ``lengths["sample"]``
    has them all. If they have the same number, ``source.batch(indices)`` reads many records at once. ``repr``
    identifies the files by their names and whole content, not by where they are. Other encodings, other sample rates
    and overlapping segments are read by `acoupipe_grain.SegmentSource`.

    Parameters
    ----------
    files
        Folders, files or patterns such as ``$DATA/*/clean``, or one of them. Folders are searched with all folders in
        them; files are sorted by their path within the folder, which is their name.
    extensions
        Extensions of files in folders and patterns, in upper or lower case; a file given by its own name may have
        another.
    num_samples
        Samples of a record, at least 1. None: a record is a whole file.
    min_samples
        Chunks of fewer samples are left out, at least 1; ``source.chunks`` counts them.

    Attributes
    ----------
    sample_rate
        Hz, of all files.
    num_channels
        Channels of all files.
    chunks
        Which file and samples every record has, `acoupipe_grain.files.chunks.Chunks`.

    Raises
    ------
    ArgumentError
        If a value has the wrong type or range, a pattern means no file, files differ in sample rate or number of
        channels, or no chunk is left.
    DataError
        If a file cannot be read, is cut off or empty, has another encoding, holds numbers that are not finite, or no
        longer has the size that it had.
    RecordIndexError
        For an index outside 0 ... number of records − 1, negative ones included.
    """

    first = "first_sample"

    def __init__(
        self,
        files: str | Sequence[str],
        *,
        extensions: Sequence[str] = (".wav",),
        num_samples: Samples | None = None,
        min_samples: Samples = 1,
    ) -> None:
        limits = {"minimum": 1, "maximum": MAX_FIRST_ROW}
        self.num_samples = None if num_samples is None else arguments.integer("num_samples", num_samples, **limits)
        self.min_samples = arguments.integer("min_samples", min_samples, **limits)
        self._patterns, self._extensions = checked_patterns("files", files), checked_extensions(extensions)
        found = find_named_files("files", self._patterns, self._extensions)
        rates, matrices = zip(*(wav_matrix(path) for path in found.paths), strict=True)
        self.sample_rate: int = common_sample_rate("files", found.paths, rates)
        self.num_channels = int(matrices[0].num_columns)
        for matrix in matrices:
            if matrix.num_columns != self.num_channels:
                raise ArgumentError(
                    f"files: {found.paths[0]} has {self.num_channels} channels, {matrix.path} {matrix.num_columns}; "
                    "all must have the same number: make a source for each number, or use SegmentSource with mono=True."
                )
        self._rows = MappedMatrices(matrices)
        lengths = np.array([matrix.num_rows for matrix in matrices])
        names = "num_samples", "min_samples"
        chunks = cut_into_chunks(lengths, self.num_samples, self.min_samples, names=names, unit="samples")
        super().__init__(found, chunks, {"sample": 1}, "num_samples")

    @cached_property
    def element_spec(self) -> Mapping[str, ArraySpec]:
        """Specification of every array of an element."""
        shape = (self.num_channels, self.chunks.common_length)
        return {"audio": ArraySpec(shape, "float32", ("channel", "sample")), **self.about_spec}

    def _empty(self, num_rows: int, *batch: int) -> Element:
        return {"audio": np.empty((*batch, self.num_channels, num_rows), dtype=np.float32)}

    def _write(self, file_index: int, first_row: int, arrays: Element) -> None:
        self._rows.write(file_index, first_row, arrays["audio"].T)

    @property
    def parameters(self) -> dict[str, Any]:
        """The constructor's arguments: JSON values, or objects with `to_json`."""
        return {
            "files": self._patterns,
            "extensions": list(self._extensions),
            "num_samples": self.num_samples,
            "min_samples": self.min_samples,
        }
