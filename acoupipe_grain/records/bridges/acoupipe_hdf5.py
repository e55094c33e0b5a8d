"""HDF5 files written by AcouPipe as a source."""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from acoupipe_grain import arguments
from acoupipe_grain.errors import DataError
from acoupipe_grain.extras import import_extra
from acoupipe_grain.records.array_record import sha256_of
from acoupipe_grain.records.bridges.acoupipe_elements import element_of, specification
from acoupipe_grain.records.bridges.acoupipe_layout import read_arrays, read_layout, read_metadata
from acoupipe_grain.specs import ArraySpec, Element
from acoupipe_grain.workers import StartsGrainWorkers


class AcouPipeHDF5Source(StartsGrainWorkers):
    """The samples of an HDF5 file written by AcouPipe: deterministic, thread-safe, picklable.

    AcouPipe (``save_h5``, ``WriteH5Dataset``) writes one group per sample, named after the sample's number, with one
    data set per feature. ``source[i]`` is the sample with the i-th smallest number, whatever order they were written
    in and whatever number is the first (0 or 1, depending on AcouPipe's version, or its ``start_idx``).

    Elements have the file's features under their names, with numbers of 64 bits narrowed to 32, in AcouPipe's own
    scaling. Axes of different sizes are padded with zeros to the largest in the file (J_max sources). Added are, unless
    the file has them itself:

    =============== ======== ====== ==============================================================================
    idx             ()       int32  the sample's number in AcouPipe, which is not its index here where these begin
                                    at 1 or have gaps
    num_sources     ()       int32  number of sources, with ``loc`` or ``source_strength_...``
    source_mask     (J_max,) bool   which entries of their last axes are sources
    <feature>_shape (ndim,)  int32  size before padding, where another axis differs, such as the length of
                                    ``time_data``
    =============== ======== ====== ==============================================================================

    ``seeds`` of 64 bits, rows of (number of the sampler, seed), become words of 32 bits (low, high) along a last axis,
    uint32 of shape (num_samplers, 2, 2): those of the validation split begin at 10¹².

    Opening looks at the shape of every data set, 3.5 s for 20,000 samples of six features; pickled copies do not look
    again. ``repr`` identifies the content, not the place: it digests the whole file when first asked (1 GB in about a
    second), as loaders and exports do.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    ArgumentError
        If h5py is not installed.
    DataError
        If the file cannot be read, is not laid out as AcouPipe does, changes in size, or holds per sample anything
        else than numbers; if a feature is missing from some samples or has another dtype or number of axes there; or
        if a number does not fit into 32 bits. The message names the group and the data set.
    RecordIndexError
        For an index outside 0 ... num_records − 1, negative ones included.
    """

    read_options: Mapping[str, int] = {"num_threads": 1, "prefetch_buffer_size": 2}
    """Options of `grain.ReadOptions`: HDF5 serves one thread at a time, more of them only wait for each other."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._file = _OpenFile(self.path)
        self._layout = read_layout(self._file.handle(), self.path)
        self._metadata = read_metadata(self._file.handle(), self.path)
        self._element_spec = specification(self._layout)

    @property
    def element_spec(self) -> Mapping[str, ArraySpec]:
        """Specification of every array of an element."""
        return self._element_spec

    @property
    def metadata(self) -> Mapping[str, Any]:
        """What AcouPipe stored besides the samples: numbers, text and nested lists of them, empty if there is none."""
        return self._metadata

    @cached_property
    def sha256(self) -> str:
        """SHA-256 digest of the file."""
        return sha256_of(self.path)

    @property
    def configuration(self) -> dict[str, Any]:
        """What identifies the content, and `metadata` as JSON values: exports keep both."""
        return {
            "class": type(self).__name__,
            "sha256": self.sha256,
            "num_records": len(self),
            "metadata": {name: _as_json(value) for name, value in self._metadata.items()},
        }

    def __len__(self) -> int:
        return len(self._layout.numbers)

    def __getitem__(self, index: int) -> Element:
        number = self._layout.numbers[arguments.record_index(index, len(self))]
        try:
            return element_of(read_arrays(self._file.handle(), self._layout, number), self._layout, number)
        except DataError as error:
            raise DataError(f"{self.path}, group {number}: {error}") from error

    def __repr__(self) -> str:
        return f"AcouPipeHDF5Source(num_records={len(self)}, digest={self.sha256[:16]})"


class _OpenFile:
    """An HDF5 file, opened for reading when this process first needs it; its copies open it anew."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._num_bytes: int | None = None
        self._prepare()

    def _prepare(self) -> None:
        self._opened: Any = None
        self._lock = threading.Lock()

    def handle(self) -> Any:
        """Return the `h5py.File`; h5py lets one thread at a time read."""
        with self._lock:
            if self._opened is None:
                self._opened = self._open()
            return self._opened

    def _open(self) -> Any:
        h5py = import_extra("h5py", "hdf5", "HDF5 files")
        try:
            num_bytes = self._path.stat().st_size
            file = h5py.File(self._path, "r")
        except OSError as error:
            raise DataError(
                f"{self._path}: cannot be opened as an HDF5 file ({error}). Give the path of a complete file of "
                "AcouPipe; if writing it was interrupted, write it again."
            ) from error
        if self._num_bytes not in (None, num_bytes):
            raise DataError(
                f"{self._path}: has {num_bytes} bytes, and had {self._num_bytes} when the source was made; make the "
                "source anew."
            )
        self._num_bytes = num_bytes
        return file

    def __getstate__(self) -> dict[str, Any]:
        return {"_path": self._path, "_num_bytes": self._num_bytes}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._prepare()


def _as_json(value: Any) -> Any:
    if isinstance(value, list):
        return [_as_json(item) for item in value]
    has_no_number = isinstance(value, complex) or (isinstance(value, float) and not math.isfinite(value))
    return str(value) if has_no_number else value
