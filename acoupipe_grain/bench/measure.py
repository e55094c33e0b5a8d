"""What does not belong to a request: worker processes, and scenes.

``python -m acoupipe_grain.bench.measure workers|scenes COUNT NUM_RECORDS`` prints one JSON object.
"""

from __future__ import annotations

import json
import sys
import time

import numpy as np

from acoupipe_grain.array.scenes import SceneSource
from acoupipe_grain.array.sources import SyntheticSource
from acoupipe_grain.bench.cases import FREQUENCY
from acoupipe_grain.pipeline import make_loader


def workers(num_workers: int, num_records: int) -> dict[str, float]:
    """Return records/s of a loader with worker processes in which Acoular simulates, without their start."""
    batch_size = 2
    source = SyntheticSource(features=("sourcemap",), f=FREQUENCY)
    loader = make_loader(source, batch_size, num_workers=num_workers, num_epochs=None)
    iterator = iter(loader)
    try:
        for _ in range(4 * num_workers):
            next(iterator)
        num_batches = max(1, num_records // batch_size)
        started = time.perf_counter()
        for _ in range(num_batches):
            next(iterator)
        return {"records": num_batches * batch_size / (time.perf_counter() - started)}
    finally:
        iterator.close()


def scenes(batch_size: int, num_records: int) -> dict[str, float]:
    """Return scenes/s, drawn in batches."""
    num_batches = max(1, num_records // batch_size)
    source = SceneSource(batch_size * num_batches)
    times = []
    for start in range(0, len(source), batch_size):
        started = time.perf_counter()
        source.batch(range(start, start + batch_size))
        times.append(time.perf_counter() - started)
    return {"records": batch_size / float(np.median(times))}


def main() -> None:
    """Run the measurement named on the command line."""
    name, count, num_records = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    print(json.dumps({"workers": workers, "scenes": scenes}[name](count, num_records)))


if __name__ == "__main__":
    main()
