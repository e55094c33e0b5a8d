"""TFRecord files as a source."""

from __future__ import annotations

import bisect
import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import Any

from acoupipe_grain import arguments
from acoupipe_grain.errors import ArgumentError, DataError
from acoupipe_grain.records.array_record import sha256_of
from acoupipe_grain.records.bridges.tfrecord_example import decode_features, parse_example
from acoupipe_grain.records.bridges.tfrecord_file import RecordPositions, find_records, read_record
from acoupipe_grain.records.bridges.tfrecord_folder import FEATURES_NAME, TFRecordFolder, read_folder
from acoupipe_grain.specs import ArraySpec, Element, spec_to_json
from acoupipe_grain.workers import StartsGrainWorkers


class TFRecordSource(StartsGrainWorkers):
    """The elements of TFRecord files of ``tf.train.Example``: deterministic, thread-safe, picklable.

    Records are read on their own, in any order, each with its checksum; files are opened for the time of a record.
    ``repr`` identifies the content, not the place; of files of other origin it reads every byte, once.

    Parameters
    ----------
    paths
        The folder that `write_tfrecord` wrote; or, with `element_spec`, a file or the list of files of any origin, the
        records in their order. Uncompressed.
    element_spec
        None for such a folder, which has its own. Else an `ArraySpec` for each feature to read; features of other names
        are left out. float32 and float16 are read from a float_list, integers and bool from an int64_list, complex64
        from a float_list with a last axis of 2 (real, imaginary). One axis of varying length (None) follows from the
        length of the list; of several, the feature ``<name>_shape`` says the shape of the list.

    Raises
    ------
    ArgumentError
        If an argument has the wrong type, a file is compressed, or protobuf or crc32c are not installed.
    DataError
        If a file is missing, damaged or no TFRecord file; on reading, if a record is damaged, or is not what
        the specification says. The message names file, record and feature.
    RecordIndexError
        For an index outside 0 ... len(source) − 1, negative ones included.

    Examples
    --------
    What AcouPipe's ``save_tfrecord(features=["csm", "loc"], f=2000, ...)`` wrote, for 64 microphones; it stores
    complex numbers in the same way, and as many locations as there are sources::

        source = TFRecordSource(
            "training.tfrecord",
            {
                "csm": ArraySpec((1, 64, 64), "complex64", ("frequency", "mic", "mic"), "Pa^2"),
                "loc": ArraySpec((3, None), "float32", ("xyz", "source"), "m"),
                "idx": ArraySpec((), "int32", ()),
            },
        )
    """

    def __init__(
        self, paths: str | Path | Sequence[str | Path], element_spec: Mapping[str, ArraySpec] | None = None
    ) -> None:
        self._folder: TFRecordFolder | None = None
        self._positions: dict[int, RecordPositions] = {}
        if element_spec is None:
            folder = _as_folder(paths)
            self._folder = read_folder(folder)
            self.paths = tuple(folder / row.name for row in self._folder.files)
            self._element_spec = self._folder.element_spec
            counts = [row.num_records for row in self._folder.files]
        else:
            self.paths = _as_files(paths)
            self._element_spec = _checked_spec(element_spec)
            counts = [len(self._positions_in(number)) for number in range(len(self.paths))]
        self._stops = list(accumulate(counts))

    @property
    def element_spec(self) -> Mapping[str, ArraySpec]:
        """Specification of every array of an element."""
        return self._element_spec

    @property
    def configuration(self) -> Mapping[str, Any]:
        """What identifies the records, with the configuration of the source that was written where it is known."""
        if self._folder is None:
            return {"repr": repr(self)}
        return {"class": type(self).__name__, "digest": self._folder.digest, "source": self._folder.configuration}

    @property
    def tables(self) -> Mapping[str, Sequence[str]]:
        """Names that belong to numbers in the elements."""
        return {} if self._folder is None else self._folder.tables

    def __len__(self) -> int:
        return self._stops[-1]

    def __getitem__(self, index: int) -> Element:
        index = arguments.record_index(index, len(self))
        number = bisect.bisect_right(self._stops, index)
        record = index - (self._stops[number - 1] if number else 0)
        data = read_record(self.paths[number], self._positions_in(number), record)
        try:
            features = parse_example(data)
            unknown = sorted(set(features) - set(self._element_spec))
            if self._folder is not None and unknown:
                raise DataError(f"has the features {', '.join(unknown)}, which are not in {FEATURES_NAME}.")
            return decode_features(features, self._element_spec)
        except DataError as error:
            raise DataError(f"{self.paths[number]}, record {record} (index {index}): {error}") from error

    def _positions_in(self, number: int) -> RecordPositions:
        """Return where the records of a file are; of a folder's files, found when they are first used."""
        if number not in self._positions:
            positions = find_records(self.paths[number])
            if self._folder is not None and len(positions) != self._folder.files[number].num_records:
                raise DataError(
                    f"{self.paths[number]}: {len(positions)} records, {FEATURES_NAME} says "
                    f"{self._folder.files[number].num_records}."
                )
            self._positions[number] = positions
        return self._positions[number]

    @cached_property
    def digest(self) -> str:
        """Hash that identifies the elements."""
        if self._folder is not None:
            return self._folder.digest
        identity = [spec_to_json(self._element_spec), [sha256_of(path) for path in self.paths]]
        return hashlib.sha256(json.dumps(identity).encode()).hexdigest()

    def __repr__(self) -> str:
        return f"TFRecordSource(num_records={len(self)}, digest={self.digest[:16]})"


def _as_folder(paths: Any) -> Path:
    if not isinstance(paths, str | Path):
        raise ArgumentError(
            f"paths={paths!r}, element_spec=None: expected the folder that write_tfrecord wrote; for a list of files "
            "give an element_spec: TFRecord files do not say the shapes of what they hold."
        )
    if Path(paths).is_file():
        raise ArgumentError(
            f"paths={str(paths)!r}, element_spec=None: a file; give the folder that write_tfrecord wrote, or an "
            "element_spec: TFRecord files do not say the shapes of what they hold."
        )
    return Path(paths)


def _as_files(paths: Any) -> tuple[Path, ...]:
    listed = [paths] if isinstance(paths, str | Path) else paths
    if not isinstance(listed, list | tuple) or not listed or not all(isinstance(path, str | Path) for path in listed):
        raise ArgumentError(f"paths={paths!r}: expected a file or a list of files.")
    if folders := [str(path) for path in listed if Path(path).is_dir()]:
        raise ArgumentError(
            f"paths: {folders[0]!r} is a folder, which is given without element_spec if write_tfrecord wrote it; else "
            "list its files: sorted(Path(...).glob('*.tfrecord'))."
        )
    return tuple(Path(path) for path in listed)


def _checked_spec(element_spec: Any) -> Mapping[str, ArraySpec]:
    is_spec = isinstance(element_spec, Mapping) and all(isinstance(item, ArraySpec) for item in element_spec.values())
    if not is_spec or not element_spec:
        raise ArgumentError(f"element_spec={element_spec!r}: expected a mapping from names of features to ArraySpec.")
    return dict(element_spec)
