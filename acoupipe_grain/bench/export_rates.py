"""How fast an export is, beside the bare simulation and the bare disk.

``python -m acoupipe_grain.bench.export_rates ENGINE REQUEST COMPRESSION SECONDS`` prints one JSON object.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from acoupipe_grain.array.sources import SyntheticSource
from acoupipe_grain.bench.cases import CASES
from acoupipe_grain.exporting import export
from acoupipe_grain.records.batches import batch_size_for, element_batches
from acoupipe_grain.records.plan import plan_for
from acoupipe_grain.specs import element_num_bytes

NUM_RECORDS = 2**20
ROUNDS = 3


def export_rates(engine: str, request: str, compression: str, seconds: float) -> dict[str, float]:
    """Return records/s of the simulation alone and of the export, the export's MB/s and the disk's.

    Both compute the same batches in this process; the rates are medians of rounds in which they take turns.
    """
    case = CASES[request]
    source = SyntheticSource(NUM_RECORDS, mode=case.mode, features=case.features, f=case.f, engine=engine)
    batch_size = batch_size_for(source, NUM_RECORDS)
    step = batch_size or 1
    _simulate(source, 2 * step)
    started = time.perf_counter()
    _simulate(source, 2 * step)
    num_batches = max(4, round(seconds * 2 / (time.perf_counter() - started)))
    num_records = num_batches * step
    record_bytes = element_num_bytes(source.element_spec)
    bare, exported, disk = [], [], []
    for _ in range(ROUNDS):
        bare.append(num_records / _simulate(source, num_records))
        with tempfile.TemporaryDirectory(dir=".") as folder:
            exported.append(num_records / _export(source, num_records, compression, Path(folder) / "data"))
        disk.append(_disk_rate(num_records * record_bytes))
    rate = float(np.median(exported))
    return {
        "bare": float(np.median(bare)),
        "export": rate,
        "export_bytes": rate * record_bytes,
        "disk_bytes": float(np.median(disk)),
    }


def _simulate(source: SyntheticSource, num_records: int) -> float:
    """Return the seconds that elements take without being stored."""
    started = time.perf_counter()
    for _ in element_batches(source, 0, num_records, batch_size_for(source, num_records)):
        pass
    return time.perf_counter() - started


def _export(source: SyntheticSource, num_records: int, compression: str, folder: Path) -> float:
    """Return the seconds that an export in shards of the planned size takes."""
    records_per_shard = min(num_records, plan_for(source).records_per_shard)
    started = time.perf_counter()
    export(
        source,
        folder,
        num_workers=0,
        stop=num_records,
        records_per_shard=records_per_shard,
        compression=compression,
        progress=False,
    )
    return time.perf_counter() - started


def _disk_rate(num_bytes: int) -> float:
    """Return the bytes/s at which noise of that size, at most 1 GiB, reaches the disk in one go."""
    block = np.random.default_rng(0).bytes(2**22)
    count = max(1, min(num_bytes, 2**30) // len(block))
    with tempfile.NamedTemporaryFile(dir=".") as file:
        started = time.perf_counter()
        for _ in range(count):
            file.write(block)
        file.flush()
        os.fsync(file.fileno())
        return count * len(block) / (time.perf_counter() - started)


def main() -> None:
    """Run the measurement named on the command line."""
    engine, request, compression, seconds = sys.argv[1:]
    print(json.dumps(export_rates(engine, request, compression, float(seconds))))


if __name__ == "__main__":
    main()
