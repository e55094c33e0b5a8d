"""What signals, motion, directivity and flow cost: records per second beside white noise from monopoles at rest.

``python -m acoupipe_grain.bench.signals NAME SECONDS`` prints one JSON object.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import jax
import numpy as np

from acoupipe_grain.array.sources import SyntheticSource
from acoupipe_grain.bench.cases import FREQUENCY
from acoupipe_grain.bench.radiation import KINDS
from acoupipe_grain.pipeline import make_loader
from acoupipe_grain.specs import Element

BATCH_SIZE = 16
ROUNDS = 5
_NUM_RECORDS = 100_000


def signal_rates(radiation: Mapping[str, Any], seconds: float) -> dict[str, float]:
    """Return records/s of cross-spectral matrices, ours and those of white noise: medians of rounds that take turns.

    "jax": through the loader with engine "jax", where sources are monopoles at rest. "acoular": one after the other.
    """
    steps: dict[str, tuple[Callable[[], Any], int]] = {}
    both: Mapping[str, Mapping[str, Any]] = {"white": {}, "ours": radiation}
    for name, options in both.items():
        source = SyntheticSource(_NUM_RECORDS, features=("csm",), f=FREQUENCY, **options)
        steps[f"{name}_acoular"] = partial(_next_record, source, iter(range(_NUM_RECORDS))), 1
        if set(options) <= {"signals"}:
            fast = SyntheticSource(_NUM_RECORDS, features=("csm",), f=FREQUENCY, engine="jax", **options)
            iterator = iter(make_loader(fast, BATCH_SIZE, num_epochs=None))
            steps[f"{name}_jax"] = partial(next, iterator), BATCH_SIZE
    rates: dict[str, list[float]] = {name: [] for name in steps}
    for step, _ in steps.values():
        jax.block_until_ready(step())
    for _ in range(ROUNDS):
        for name, (step, size) in steps.items():
            rates[name].append(_rate(step, size, seconds / ROUNDS))
    return {name: float(np.median(values)) for name, values in rates.items()}


def _next_record(source: SyntheticSource, indices: Iterator[int]) -> Element:
    return source[next(indices)]


def _rate(step: Callable[[], Any], size: int, seconds: float) -> float:
    count, started = 0, time.perf_counter()
    while time.perf_counter() - started < seconds:
        jax.block_until_ready(step())
        count += size
    return count / (time.perf_counter() - started)


def main() -> None:
    """Run the measurement named on the command line."""
    print(json.dumps(signal_rates(KINDS[sys.argv[1]], float(sys.argv[2]))))


if __name__ == "__main__":
    main()
