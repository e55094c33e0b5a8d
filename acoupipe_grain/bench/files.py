"""How fast raw matrices are read at random, beside `numpy.memmap`; and statistics of them, beside a pass of NumPy.

``python -m acoupipe_grain.bench.files reading KIBIBYTES SECONDS`` and ``... statistics GIBIBYTES`` print a JSON object.
"""

from __future__ import annotations

import json
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from acoupipe_grain.files.raw import write_raw
from acoupipe_grain.files.raw_source import RawMatrixSource
from acoupipe_grain.statistics import Counted, compute_statistics

NUM_COLUMNS = 64
TOTAL_BYTES = 256 * 2**20
NUM_FILES = 16
BATCH_SIZE = 64
ROUNDS = 7
ROWS_PER_RECORD = 4096
"""Of statistics: 1 MiB."""


def reading_rates(kibibytes: int, seconds: float) -> dict[str, float]:
    """Return records/s, shuffled: one by one, in batches, and by memory maps that are open; medians of rounds."""
    num_rows = kibibytes * 1024 // (4 * NUM_COLUMNS)
    with tempfile.TemporaryDirectory() as folder:
        _write_matrices(Path(folder), TOTAL_BYTES // NUM_FILES // (4 * NUM_COLUMNS), NUM_FILES)
        source = RawMatrixSource(folder, NUM_COLUMNS, num_rows=num_rows)
        maps = [np.memmap(path, "<f4", "r").reshape(-1, NUM_COLUMNS) for path in sorted(Path(folder).iterdir())]
        per_file = len(source) // NUM_FILES
        order = np.random.default_rng(0).permutation(len(source)).tolist()

        def plain(index: int) -> Any:
            number, place = divmod(index, per_file)
            return np.array(maps[number][place * num_rows : (place + 1) * num_rows])

        steps: dict[str, tuple[Callable[[int], Any], int]] = {
            "single": (lambda count: source[order[count % len(order)]], 1),
            "batch": (lambda count: source.batch(_cyclic(order, count * BATCH_SIZE)), BATCH_SIZE),
            "plain": (lambda count: plain(order[count % len(order)]), 1),
            "plain_batch": (
                lambda count: np.stack([plain(index) for index in _cyclic(order, count * BATCH_SIZE)]),
                BATCH_SIZE,
            ),
        }
        for index in range(len(source)):
            plain(index)  # all of it in the system's memory
        rates: dict[str, list[float]] = {name: [] for name in steps}
        for _ in range(ROUNDS):
            for name, (step, size) in steps.items():
                rates[name].append(_rate(step, size, seconds / ROUNDS))
    return {name: float(np.median(values)) for name, values in rates.items()}


def statistics_seconds(gibibytes: float) -> dict[str, float]:
    """Return seconds of a pass over records of 1 MiB: ours and NumPy's, which take turns.

    Also those of the digest that identifies the source, computed once, and the memory needed besides, bytes.
    """
    num_records = max(1, round(gibibytes * 1024))
    with tempfile.TemporaryDirectory() as folder:
        num_files = min(NUM_FILES, num_records)
        _write_matrices(Path(folder), ROWS_PER_RECORD * num_records // num_files, num_files)
        source = RawMatrixSource(folder, NUM_COLUMNS, num_rows=ROWS_PER_RECORD)
        counted = {"values": Counted(separate=("column",))}
        maps = [np.memmap(path, "<f4", "r").reshape(-1, NUM_COLUMNS) for path in sorted(Path(folder).iterdir())]
        _plain_statistics(maps)
        identifying = _seconds(lambda: repr(source))
        seconds: dict[str, list[float]] = {"ours": [], "plain": []}
        for _ in range(3):
            seconds["ours"].append(_seconds(lambda: compute_statistics(source, counted, progress=False)))
            seconds["plain"].append(_seconds(lambda: _plain_statistics(maps)))
        growth = _peak_growth(lambda: compute_statistics(source, counted, progress=False))
    medians = {name: float(np.median(values)) for name, values in seconds.items()}
    return medians | {"identifying": identifying, "growth_bytes": growth}


def _plain_statistics(maps: Sequence[np.ndarray]) -> Any:
    """Return mean and variance of every record of memory maps, as NumPy computes them in double precision."""
    results = []
    for whole in maps:
        for start in range(0, len(whole), ROWS_PER_RECORD):
            values = whole[start : start + ROWS_PER_RECORD]
            results.append((values.mean(axis=0, dtype=np.float64), values.var(axis=0, dtype=np.float64)))
    return results


def _write_matrices(folder: Path, num_rows: int, num_files: int) -> None:
    rng = np.random.default_rng(0)
    for number in range(num_files):
        write_raw(rng.standard_normal((num_rows, NUM_COLUMNS), dtype=np.float32), folder / f"{number:02d}.raw")


def _cyclic(order: list[int], start: int) -> list[int]:
    return [order[(start + place) % len(order)] for place in range(BATCH_SIZE)]


def _rate(step: Callable[[int], Any], size: int, seconds: float) -> float:
    count, started = 0, time.perf_counter()
    while time.perf_counter() - started < seconds:
        step(count)
        count += 1
    return count * size / (time.perf_counter() - started)


def _seconds(function: Callable[[], Any]) -> float:
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


def _peak_growth(function: Callable[[], Any]) -> float:
    """Return by how much the process's private memory grows at most while a function runs, looked at every 5 ms."""
    process, done = psutil.Process(), threading.Event()
    before = _private_bytes(process)
    peaks = [before]

    def watch() -> None:
        while not done.wait(0.005):
            peaks.append(_private_bytes(process))

    watching = threading.Thread(target=watch)
    watching.start()
    function()
    done.set()
    watching.join()
    return float(max(peaks) - before)


def _private_bytes(process: psutil.Process) -> int:
    """Return the memory of a process without the files that it maps, which the system takes back as it likes."""
    used = process.memory_info()
    return int(used.rss - getattr(used, "shared", 0))


def main() -> None:
    """Run the measurement named on the command line."""
    if sys.argv[1] == "reading":
        print(json.dumps(reading_rates(int(sys.argv[2]), float(sys.argv[3]))))
    else:
        print(json.dumps(statistics_seconds(float(sys.argv[2]))))


if __name__ == "__main__":
    main()
