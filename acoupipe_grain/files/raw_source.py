"""Rows of raw matrices as a random-access source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from acoupipe_grain import arguments
from acoupipe_grain.file_patterns import checked_extensions
from acoupipe_grain.files.chunked_source import MAX_FIRST_ROW, ChunkedSource
from acoupipe_grain.files.chunks import cut_into_chunks
from acoupipe_grain.files.mapped import MappedMatrices
from acoupipe_grain.files.raw import raw_matrix
from acoupipe_grain.named_files import checked_patterns, find_named_files
from acoupipe_grain.specs import ArraySpec, Element


class RawMatrixSource(ChunkedSource):
    """Rows of raw float32 matrices, in chunks or whole files: deterministic, thread-safe, picklable.

    Files are matrices of `num_columns` columns, row by row, and nothing else, as `write_raw` writes them. They are cut
    into chunks that begin at rows 0, `num_rows`, 2 · `num_rows` ...; the last chunk of a file may be shorter. Records
    are in the order of the files and of their rows; how many there are is known from the sizes of the files. Files are
    mapped into memory: a record reads its own rows. ``source[i]`` depends on the arguments, i, and the content of the
    files. Elements:

    =========== ============= ======= =================================================================
    values      (row, column) float32 `num_rows` rows, or fewer at the end of a file
    file_index  ()            int32   number of the file in ``tables["files"]``, its name in its folder
    first_row   ()            int32   the first of the rows in the file
    idx         ()            int32   record index
    =========== ============= ======= =================================================================

    The axis "row" is None in the specification if records have different numbers of rows; ``lengths["row"]`` has them
    all. If they have the same number, ``source.batch(indices)`` reads many records at once. ``repr`` identifies the
    files by their names and whole content, not by where they are.

    Parameters
    ----------
    files
        Folders, files or patterns such as ``$DATA/*/mgc``, or one of them. Folders are searched with all folders in
        them; files are sorted by their path within the folder, which is their name.
    num_columns
        Columns of the matrices, at least 1.
    extensions
        Extensions of files in folders and patterns, in upper or lower case; a file given by its own name may have
        another.
    num_rows
        Rows of a record, at least 1. None: a record is a whole file.
    min_rows
        Chunks of fewer rows are left out, at least 1; ``source.chunks`` counts them.
    big_endian
        Whether the most significant byte comes first.

    Attributes
    ----------
    chunks
        Which file and rows every record has, `acoupipe_grain.files.chunks.Chunks`.

    Raises
    ------
    ArgumentError
        If a value has the wrong type or range, a pattern means no file, or no chunk is left.
    DataError
        If a file cannot be read, is empty, is not made of whole rows, holds numbers that are not finite, or no longer
        has the size that it had.
    RecordIndexError
        For an index outside 0 ... number of records − 1, negative ones included.
    """

    def __init__(
        self,
        files: str | Sequence[str],
        num_columns: int = 1,
        *,
        extensions: Sequence[str] = (".raw",),
        num_rows: int | None = None,
        min_rows: int = 1,
        big_endian: bool = False,
    ) -> None:
        limits = {"minimum": 1, "maximum": MAX_FIRST_ROW}
        self.num_columns = arguments.integer("num_columns", num_columns, **limits)
        self.num_rows = None if num_rows is None else arguments.integer("num_rows", num_rows, **limits)
        self.min_rows = arguments.integer("min_rows", min_rows, **limits)
        self.big_endian = arguments.flag("big_endian", big_endian)
        self._patterns, self._extensions = checked_patterns("files", files), checked_extensions(extensions)
        found = find_named_files("files", self._patterns, self._extensions)
        self._rows = MappedMatrices(
            [raw_matrix(path, self.num_columns, big_endian=self.big_endian) for path in found.paths]
        )
        lengths = np.array([matrix.num_rows for matrix in self._rows.matrices])
        super().__init__(found, cut_into_chunks(lengths, self.num_rows, self.min_rows), {"row": 1}, "num_rows")

    @cached_property
    def element_spec(self) -> Mapping[str, ArraySpec]:
        """Specification of every array of an element."""
        shape = (self.chunks.common_length, self.num_columns)
        return {"values": ArraySpec(shape, "float32", ("row", "column")), **self.about_spec}

    def _empty(self, num_rows: int, *batch: int) -> Element:
        return {"values": np.empty((*batch, num_rows, self.num_columns), dtype=np.float32)}

    def _write(self, file_index: int, first_row: int, arrays: Element) -> None:
        self._rows.write(file_index, first_row, arrays["values"])

    def _read(self, file_index: int, first_row: int, num_rows: int) -> Element:
        return {"values": self._rows.read(file_index, first_row, first_row + num_rows)}

    @property
    def parameters(self) -> dict[str, Any]:
        """The constructor's arguments: JSON values, or objects with `to_json`."""
        return {
            "files": self._patterns,
            "num_columns": self.num_columns,
            "extensions": list(self._extensions),
            "num_rows": self.num_rows,
            "min_rows": self.min_rows,
            "big_endian": self.big_endian,
        }
