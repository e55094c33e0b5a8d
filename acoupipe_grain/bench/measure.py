"""What does not belong to a request: matrix products, worker processes, and scenes.

``python -m acoupipe_grain.bench.measure products|workers|scenes SIZE COUNT`` prints one JSON object.
"""

from __future__ import annotations

import json
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np

from acoupipe_grain.array.scenes import SceneSource
from acoupipe_grain.array.sources import SyntheticSource
from acoupipe_grain.bench.cases import FREQUENCY
from acoupipe_grain.pipeline import make_loader


def products(size: int, repetitions: int) -> dict[str, float]:
    """Return the operations/s of a large matrix product in single precision: the median."""
    matrix = jnp.ones((size, size), jnp.float32)
    product = jax.jit(lambda matrix: jnp.matmul(matrix, matrix, precision=jax.lax.Precision.HIGHEST))
    jax.block_until_ready(product(matrix))
    times = []
    for _ in range(repetitions):
        started = time.perf_counter()
        jax.block_until_ready(product(matrix))
        times.append(time.perf_counter() - started)
    return {"operations": 2 * size**3 / float(np.median(times))}


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
    name, size, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    print(json.dumps({"products": products, "workers": workers, "scenes": scenes}[name](size, count)))


if __name__ == "__main__":
    main()
