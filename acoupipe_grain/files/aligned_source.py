"""Streams of features, aligned in time, as a random-access source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float32

from acoupipe_grain import arguments
from acoupipe_grain.annotations import Samples
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.files.chunked_source import MAX_FIRST_ROW, ChunkedSource
from acoupipe_grain.files.chunks import cut_into_chunks
from acoupipe_grain.files.mapped import MappedMatrices
from acoupipe_grain.files.stream_lists import StreamGroup, checked_group, checked_resolutions
from acoupipe_grain.files.streams import align_files
from acoupipe_grain.named_files import NamedFiles
from acoupipe_grain.specs import ArraySpec, Element

ON_MISMATCH = ("raise", "skip")


class _Part(NamedTuple):
    """Columns of an array that come from one stream: its first matrix, and what is done with the frames."""

    key: str
    columns: slice
    first_matrix: int
    resolution: int
    num_repeats: int


class AlignedSource(ChunkedSource):
    """Streams of features of different resolution, aligned in time: deterministic, thread-safe, picklable.

    A stream is a folder with one file for every name: waveforms where the extension is ``.wav``, else raw float32
    matrices (frame, feature) as `write_raw` writes them. Its resolution is the number of samples of the fastest stream
    for one of its frames. Inputs stand side by side in one array, targets in another; slower streams are repeated to
    the finest resolution in their array.

    The streams of a name are cut to the shortest, floored to a multiple of the largest resolution. A stream of one
    frame says something of the whole name: it repeats over time and does not count. Names are cut into chunks that
    begin at samples 0, `chunk_length`, 2 · `chunk_length` ...; the last chunk of a name may be shorter. Records are in
    the order of the names and of time. Files are mapped into memory: a record reads its own rows. ``source[i]`` depends
    on the arguments, i, and the content of the files. Elements (chunk_length / r frames, r the finest resolution of the
    inputs and of the targets):

    ============ ============================= ======= ========================================================
    input        (input_frame, input_feature)  float32 the input streams, in order
    target       (target_frame,                float32 the output streams, in order; with outputs only
                 target_feature)
    sample_rate  ()                            int32   Hz, of the waveforms; with waveforms only
    file_index   ()                            int32   number of the name in ``tables["files"]``
    first_sample ()                            int32   where the chunk begins, samples of the fastest stream
    idx          ()                            int32   record index
    ============ ============================= ======= ========================================================

    The axes "input_frame" and "target_frame" are None in the specification if records have different lengths;
    ``lengths`` has them all. If they have the same length, ``source.batch(indices)`` reads many records at once.
    ``repr`` identifies the files by their names and whole content, not by where they are.

    Parameters
    ----------
    input_folders
        Folder of every input stream, at least one; all lists of inputs have its length.
    input_extensions
        Of its files, with the dot, upper and lower case as in the files' names. A name is the path of a file in its
        folder without this, with ``/`` between folders.
    input_dimensions
        Features of a frame, channels of a waveform; files must fit it.
    input_resolutions
        Samples for a frame, each at least 1, a multiple of the finest one of the inputs, and a divisor of the largest
        one of all streams. None: all 1.
    input_normalise
        Whether features are to be normalised, see ``normalised``. None: all.
    input_unvoiced
        Values at or below it do not count in statistics, such as the fundamental frequency of unvoiced frames, see
        ``unvoiced``; None, for one stream or all: all count.
    output_folders, output_extensions, output_dimensions, output_resolutions, output_normalise, output_unvoiced
        The same of the output streams, of which there may be none.
    names
        Names in the order of the records, or the path of a text file with one in every line; each must have a file in
        every folder. None: all that have, sorted.
    chunk_length
        Samples of the fastest stream in a record, floored to a multiple of the largest resolution. None: a record is a
        whole name.
    min_length
        Chunks of fewer samples are left out, floored likewise; ``source.chunks`` counts them. None: one frame of the
        slowest stream.
    on_mismatch
        What to do with names whose shortest and longest stream differ by more than a tenth of the longest: "raise" an
        error, or "skip" them.
    big_endian
        Whether the most significant byte comes first in raw files.

    Attributes
    ----------
    names_left_out
        What is wrong with names that were left out, by name: those without a file in some folder, and mismatches.
    sample_rate
        Of the waveforms, Hz; None if there is none.
    chunks
        Which name and samples every record has, `acoupipe_grain.files.chunks.Chunks`.

    Raises
    ------
    ArgumentError
        If a value has the wrong type or range, lists differ in length, files are missing, waveforms differ in sample
        rate, or no name or chunk is left.
    DataError
        If a file cannot be read, has another dimension, holds numbers that are not finite, or no longer has the size
        that it had, or lengths do not match.
    RecordIndexError
        For an index outside 0 ... number of records − 1, negative ones included.
    """

    first = "first_sample"
    elsewhere = ("input_folders", "output_folders", "names", "on_mismatch")

    def __init__(
        self,
        input_folders: Sequence[str],
        input_extensions: Sequence[str],
        input_dimensions: Sequence[int],
        *,
        input_resolutions: Sequence[int] | None = None,
        input_normalise: Sequence[bool] | None = None,
        input_unvoiced: Sequence[float | None] | None = None,
        output_folders: Sequence[str] = (),
        output_extensions: Sequence[str] = (),
        output_dimensions: Sequence[int] = (),
        output_resolutions: Sequence[int] | None = None,
        output_normalise: Sequence[bool] | None = None,
        output_unvoiced: Sequence[float | None] | None = None,
        names: str | Sequence[str] | None = None,
        chunk_length: Samples | None = None,
        min_length: Samples | None = None,
        on_mismatch: str = "raise",
        big_endian: bool = False,
    ) -> None:
        inputs = checked_group(
            "input",
            "input",
            input_folders,
            input_extensions,
            input_dimensions,
            input_resolutions,
            input_normalise,
            input_unvoiced,
        )
        outputs = checked_group(
            "output",
            "target",
            output_folders,
            output_extensions,
            output_dimensions,
            output_resolutions,
            output_normalise,
            output_unvoiced,
        )
        if not inputs.streams:
            raise ArgumentError(f"input_folders={input_folders!r}: expected at least one folder.")
        self._groups = tuple(group for group in (inputs, outputs) if group.streams)
        largest = checked_resolutions(self._groups)
        length = _floored("chunk_length", chunk_length, largest)
        minimum = _floored("min_length", min_length, largest)
        arguments.choice("on_mismatch", on_mismatch, ON_MISMATCH)
        streams = (*inputs.streams, *outputs.streams)
        aligned = align_files(streams, names, on_mismatch, big_endian=arguments.flag("big_endian", big_endian))
        self.names_left_out = aligned.names_left_out
        self.sample_rate = aligned.sample_rate
        self._names = aligned.names
        self._rows = MappedMatrices([matrix for row in aligned.matrices for matrix in row])
        self._parts = tuple(_parts(self._groups, len(self._names)))
        files = NamedFiles(
            tuple(matrix.path for matrix in self._rows.matrices),
            tuple(f"{stream.label}/{name}{stream.extension}" for stream in streams for name in aligned.names),
        )
        self._parameters = {
            **inputs.to_json(),
            **outputs.to_json(),
            "names": list(names) if isinstance(names, list | tuple) else names and str(names),
            "chunk_length": None if chunk_length is None else int(chunk_length),
            "min_length": None if min_length is None else int(min_length),
            "on_mismatch": on_mismatch,
            "big_endian": bool(big_endian),
        }
        chunks = cut_into_chunks(
            aligned.lengths, length, minimum or largest, names=("chunk_length", "min_length"), unit="samples"
        )
        axes = {f"{group.key}_frame": group.resolution for group in self._groups}
        super().__init__(files, chunks, axes, "chunk_length")

    @cached_property
    def element_spec(self) -> Mapping[str, ArraySpec]:
        """Specification of every array of an element."""
        length, spec = self.chunks.common_length, {}
        for group in self._groups:
            num_frames = None if length is None else length // group.resolution
            axes = f"{group.key}_frame", f"{group.key}_feature"
            spec[group.key] = ArraySpec((num_frames, group.num_features), "float32", axes)
        return spec | self.about_spec

    @property
    def normalised(self) -> Mapping[str, Bool[np.ndarray, " feature"]]:
        """Which features of "input" and "target" are to be normalised."""
        return {group.key: group.normalised for group in self._groups}

    @property
    def unvoiced(self) -> Mapping[str, Float32[np.ndarray, " feature"]]:
        """At or below what values of "input" and "target" do not count in statistics; −inf where all count."""
        return {group.key: group.unvoiced for group in self._groups}

    @property
    def tables(self) -> dict[str, list[str]]:
        """What belongs to ``file_index``: the names."""
        return {"files": list(self._names)}

    def _empty(self, num_rows: int, *batch: int) -> Element:
        return {
            group.key: np.empty((*batch, num_rows // group.resolution, group.num_features), dtype=np.float32)
            for group in self._groups
        }

    def _write(self, file_index: int, first_row: int, arrays: Element) -> None:
        for part in self._parts:
            number, first = part.first_matrix + file_index, first_row // part.resolution
            target = arrays[part.key][:, part.columns]
            if self._rows.matrices[number].num_rows == 1:
                target[...] = self._rows.read(number, 0, 1)
            elif part.num_repeats == 1:
                self._rows.write(number, first, target)
            else:
                frames = self._rows.read(number, first, first + len(target) // part.num_repeats)
                target[...] = np.repeat(frames, part.num_repeats, axis=0)

    @property
    def parameters(self) -> dict[str, Any]:
        """The constructor's arguments: JSON values, or objects with `to_json`."""
        return self._parameters


def _parts(groups: Sequence[StreamGroup], num_names: int) -> Iterator[_Part]:
    first_matrix = 0
    for group in groups:
        for stream, columns in zip(group.streams, group.columns, strict=True):
            yield _Part(group.key, columns, first_matrix, stream.resolution, stream.resolution // group.resolution)
            first_matrix += num_names


def _floored(name: str, value: Any, largest: int) -> int | None:
    """Return a length as a multiple of the largest resolution."""
    if value is None:
        return None
    length = arguments.integer(name, value, minimum=1, maximum=MAX_FIRST_ROW) // largest * largest
    if name == "chunk_length" and not length:
        raise ArgumentError(
            f"{name}={value!r}: is shorter than one frame of the slowest stream, {largest} samples of the fastest; "
            f"expected at least {largest}."
        )
    return length
