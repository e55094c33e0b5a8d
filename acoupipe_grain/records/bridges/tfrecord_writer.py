"""A source as a folder of TFRecord files, for TensorFlow and whatever else reads ``tf.train.Example``."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from acoupipe_grain import arguments
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.records.array_record import sha256_of
from acoupipe_grain.records.bridges.elements import checked_elements, source_description
from acoupipe_grain.records.bridges.outputs import new_folder
from acoupipe_grain.records.bridges.tfrecord_example import encode_example, encoding_of
from acoupipe_grain.records.bridges.tfrecord_file import framed
from acoupipe_grain.records.bridges.tfrecord_folder import FEATURES_NAME, FileRow, TFRecordFolder
from acoupipe_grain.records.bridges.tfrecord_messages import example_messages
from acoupipe_grain.specs import DataSource, Element, ElementSpec

TARGET_FILE_BYTES = 256 * 2**20
MAX_RECORD_BYTES = 2**31 - 1
"""Most bytes of a protobuf message."""


def write_tfrecord(
    source: DataSource, folder: str | Path, *, records_per_file: int | None = None, progress: bool = True
) -> None:
    """Write all elements of a source to TFRecord files of ``tf.train.Example``; equal sources give equal bytes.

    Every feature is a flat list in C order: real numbers a float_list (float16 is exact in it), integers and booleans
    an int64_list, complex numbers a float_list with a last axis of 2 (real, imaginary). ``features.json`` holds
    ``element_spec`` (shape, dtype, axes and unit of each feature), ``encodings`` (the ``kind`` and ``shape`` of the
    list), ``configuration`` of the source, ``tables`` (names that belong to numbers in the elements), ``num_records``,
    and the ``files`` with their numbers of records, sizes and SHA-256 digests. TensorFlow reads a record with::

        dtypes = {"float_list": tf.float32, "int64_list": tf.int64}
        features = {
            name: tf.io.FixedLenFeature(encoding["shape"], dtypes[encoding["kind"]])
            for name, encoding in json.loads(Path(folder, "features.json").read_text())["encodings"].items()
        }
        element = tf.io.parse_single_example(record, features)

    and this package with `TFRecordSource`. Memory does not grow with the number of records. The folder appears when it
    is complete; until then it is called ``<folder>.partial``, which an error or an interruption removes.

    Parameters
    ----------
    source
        Any data source whose elements have fixed shapes.
    folder
        Folder to write, new or empty; missing folders above it are made.
    records_per_file
        Records in a file ``data-<number>-of-<count>.tfrecord``. None: files of about 256 MiB.
    progress
        Whether to show a progress bar.

    Raises
    ------
    ArgumentError
        If an argument has the wrong type or range, protobuf or crc32c are not installed, the source has axes of varying
        length, or a record does not fit into an example (2 GiB).
    ExportError
        If `folder` is not new or empty: nothing is overwritten.
    DataError
        If an element is not what the source's specification says.
    """
    example_messages()  # before anything is written
    folder = Path(folder)
    elements = checked_elements(source, progress, f"write {folder.name}")
    spec = source.element_spec
    num_bytes = _encoded_num_bytes(spec)
    if num_bytes > MAX_RECORD_BYTES:
        raise ArgumentError(
            f"source: a record takes {num_bytes / 2**30:.1f} GiB, an example holds less than 2 GiB; use "
            "acoupipe_grain.export."
        )
    if records_per_file is None:
        num_files = math.ceil(len(source) * num_bytes / TARGET_FILE_BYTES)
        records_per_file = math.ceil(len(source) / max(1, num_files))
    records_per_file = arguments.integer("records_per_file", records_per_file, minimum=1)
    description = source_description(source)
    TFRecordFolder(spec, description, ()).to_text()  # fails before anything is written, if at all
    with new_folder(folder) as partial:
        rows = []
        num_files = math.ceil(len(source) / records_per_file)
        for number in range(num_files):
            path = partial / f"data-{number:05d}-of-{num_files:05d}.tfrecord"
            num_records = _write_file(path, islice(elements, records_per_file))
            rows.append(FileRow(path.name, num_records, path.stat().st_size, sha256_of(path)))
        text = TFRecordFolder(spec, description, rows).to_text()
        (partial / FEATURES_NAME).write_text(text, encoding="utf-8")


def _write_file(path: Path, elements: Iterator[tuple[int, Element]]) -> int:
    """Write a file and return the number of its records."""
    num_records = 0
    with path.open("xb") as file:
        for _, element in elements:
            file.write(framed(encode_example(element)))
            num_records += 1
    return num_records


def _encoded_num_bytes(spec: ElementSpec) -> int:
    """Return about what a record takes in a file: 4 bytes for a float, and as many for an integer below 2²⁸."""
    shapes = [encoding_of(item).shape for item in spec.values()]
    return sum(4 * math.prod(size for size in shape if size is not None) for shape in shapes)
