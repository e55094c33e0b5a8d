"""How fast single records are read at random from files of several formats.

``python -m acoupipe_grain.bench.reading KIBIBYTES SECONDS`` writes the same records in every format, reads them
shuffled and prints records/s by format as a JSON object.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from acoupipe_grain.exporting import export
from acoupipe_grain.extras import import_extra
from acoupipe_grain.records import ArrayRecordSource
from acoupipe_grain.records.bridges import TFRecordSource, write_hdf5, write_npy_columns, write_tfrecord
from acoupipe_grain.specs import ArraySpec, DataSource, Element

TOTAL_BYTES = 256 * 2**20
MAX_RECORDS = 4096
ROUNDS = 3


class Records:
    """Records of a map of noise, which does not compress, and its labels.

    Parameters
    ----------
    kibibytes
        Size of the map.
    """

    def __init__(self, kibibytes: int) -> None:
        self._kibibytes = kibibytes
        self.element_spec = {
            "sourcemap": ArraySpec((kibibytes * 256,), "float32", ("point",), "Pa^2"),
            "loc": ArraySpec((3, 10), "float32", ("xyz", "source"), "m"),
            "source_strength_analytic": ArraySpec((10,), "float32", ("source",), "Pa^2"),
            "idx": ArraySpec((), "int32", ()),
        }

    def __len__(self) -> int:
        return min(MAX_RECORDS, TOTAL_BYTES // (self._kibibytes * 1024))

    def __getitem__(self, index: int) -> Element:
        generator = np.random.default_rng(index)
        return {
            "sourcemap": generator.standard_normal(self._kibibytes * 256, dtype=np.float32),
            "loc": generator.standard_normal((3, 10), dtype=np.float32),
            "source_strength_analytic": generator.standard_normal(10, dtype=np.float32),
            "idx": np.array(index, dtype=np.int32),
        }

    def __repr__(self) -> str:
        return f"Records({self._kibibytes})"


def write_groups(source: DataSource, path: Path) -> None:
    """Write a group per record and a data set per feature, AcouPipe's layout."""
    with import_extra("h5py", "hdf5", "HDF5 files").File(path, "w") as file:
        for index in range(len(source)):
            for name, array in source[index].items():
                file[f"{index}/{name}"] = array


def read_rates(kibibytes: int, seconds: float) -> dict[str, float]:
    """Return records/s by format: the median of rounds in which every format has its turn."""
    source = Records(kibibytes)
    with tempfile.TemporaryDirectory() as folder:
        readers = dict(_readers(source, Path(folder)))
        rates: dict[str, list[float]] = {name: [] for name in readers}
        for number in range(ROUNDS):
            order = np.random.default_rng(number).permutation(len(source))
            for name, read in readers.items():
                rates[name].append(_rate(read, order, seconds / ROUNDS))
    return {name: float(np.median(values)) for name, values in rates.items()}


def _readers(source: Records, folder: Path) -> Iterator[tuple[str, Callable[[int], Any]]]:
    """Write every format and yield its name and how a record is read from it, all arrays of it."""
    h5py = import_extra("h5py", "hdf5", "HDF5 files")
    names = list(source.element_spec)
    for compression in ("uncompressed", "zstd:3"):
        place = folder / compression.replace(":", "")
        export(source, place, num_workers=0, compression=compression, progress=False)
        yield f"ArrayRecord, {compression}", ArrayRecordSource(place).__getitem__

    write_groups(source, folder / "groups.h5")
    groups = h5py.File(folder / "groups.h5", "r")
    yield "HDF5, group per record", lambda index: {name: groups[str(index)][name][()] for name in names}

    write_hdf5(source, folder / "columns.h5", progress=False)
    columns = h5py.File(folder / "columns.h5", "r")
    data_sets = {name: columns[name] for name in names}
    yield "HDF5, columns", lambda index: {name: data_sets[name][index] for name in names}

    write_tfrecord(source, folder / "tfrecord", progress=False)
    yield "TFRecord, indexed", TFRecordSource(folder / "tfrecord").__getitem__

    write_npy_columns(source, folder / "npy", progress=False)
    mapped = {name: np.load(folder / "npy" / f"{name}.npy", mmap_mode="r") for name in names}
    yield ".npy columns, mapped", lambda index: {name: np.array(mapped[name][index]) for name in names}


def _rate(read: Callable[[int], Any], order: np.ndarray, seconds: float) -> float:
    count, started = 0, time.perf_counter()
    while time.perf_counter() - started < seconds:
        read(int(order[count % len(order)]))
        count += 1
    return count / (time.perf_counter() - started)


def main() -> None:
    """Run the measurement named on the command line."""
    print(json.dumps(read_rates(int(sys.argv[1]), float(sys.argv[2]))))


if __name__ == "__main__":
    main()
