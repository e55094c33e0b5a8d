"""Records per second of one request: through the loader, by Acoular's engine, and written plainly.

``python -m acoupipe_grain.bench.rates ours|acoular|plain NAME SECONDS`` prints one JSON object. What "ours" computes
lies in `acoupipe_grain.array.simulated_source.SimulatedSource.compute_batch`.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

import jax

from acoupipe_grain.array.scenes import SceneSource
from acoupipe_grain.array.sources import SyntheticSource
from acoupipe_grain.bench.cases import CASES, Case
from acoupipe_grain.bench.plain_chains import plain_chain
from acoupipe_grain.pipeline import make_loader
from acoupipe_grain.specs import apply_batch_computation

_NUM_RECORDS = 100_000


def ours(case: Case, seconds: float) -> dict[str, float]:
    """Return records/s of the loader, and of the jitted function alone with its first, compiling call apart."""
    source = SyntheticSource(_NUM_RECORDS, mode=case.mode, engine="jax", features=case.features, f=case.f)
    size = case.batch_size
    scenes = jax.device_put(source.inputs.batch(range(size)))
    compute = source.compute_batch
    started = time.perf_counter()
    jax.block_until_ready(apply_batch_computation(compute, scenes))
    compilation = time.perf_counter() - started
    alone = rate(lambda: apply_batch_computation(compute, scenes), size, seconds)
    iterator = iter(make_loader(source, size, num_epochs=None))
    next(iterator)
    try:
        return {
            "loader": rate(lambda: next(iterator), size, seconds),
            "function": alone,
            "compilation": compilation,
            "peak_bytes": 1024.0 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
        }
    finally:
        iterator.close()


def acoular(case: Case, seconds: float) -> dict[str, float]:
    """Return records/s of one process of the source that Acoular simulates for."""
    source = SyntheticSource(_NUM_RECORDS, mode=case.mode, features=case.features, f=case.f)
    return one_by_one(lambda index: source[index], seconds)


def plain(case: Case, seconds: float) -> dict[str, float]:
    """Return records/s of one process of the plain chain."""
    scenes = SceneSource(_NUM_RECORDS)
    chain = plain_chain(case, scenes.setup)
    return one_by_one(lambda index: chain(scenes[index]), seconds)


def one_by_one(record: Callable[[int], Any], seconds: float) -> dict[str, float]:
    """Return records/s of a function of the index."""
    index = iter(range(_NUM_RECORDS))
    record(next(index))
    return {"records": rate(lambda: record(next(index)), 1, seconds)}


def rate(compute: Callable[[], Any], size: int, seconds: float) -> float:
    """Return records/s of a computation of `size` records, repeated for some seconds."""
    count, started = 0, time.perf_counter()
    while time.perf_counter() - started < seconds:
        jax.block_until_ready(compute())
        count += size
    return count / (time.perf_counter() - started)


def main() -> None:
    """Run the measurement named on the command line."""
    which, name, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
    print(json.dumps({"ours": ours, "acoular": acoular, "plain": plain}[which](CASES[name], seconds)))


if __name__ == "__main__":
    main()
