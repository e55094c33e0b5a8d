"""The measurements; each runs in a process of its own, started by `acoupipe_grain.bench.run`.

``python -m acoupipe_grain.bench.measure NAME NUM_RECORDS`` prints one JSON object.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from acoupipe_grain.array.features import resolve_bands
from acoupipe_grain.array.scenes import SceneSource
from acoupipe_grain.array.sources import SyntheticSource
from acoupipe_grain.bench import plain
from acoupipe_grain.pipeline import make_loader

FREQUENCY = 4000.0
_WARM_UP = 2


def _request(features: str, f: float | None) -> SyntheticSource:
    return SyntheticSource(features=(features,), f=f)


def _cases() -> dict[str, tuple[SyntheticSource, Callable[..., Any]]]:
    source_map = _request("sourcemap", FREQUENCY)
    line = int(resolve_bands(source_map.setup, FREQUENCY, 0).lines[0])
    return {
        "time_data": (_request("time_data", None), plain.time_data),
        "csm 4 kHz": (_request("csm", FREQUENCY), plain.csm),
        "csm all bins": (_request("csm", None), plain.csm),
        "sourcemap 4 kHz": (source_map, plain.SourceMap(source_map.setup, line)),
    }


def against_plain(name: str, num_records: int) -> dict[str, float]:
    """Return seconds per record of this library and of the plain chain, on the same scenes, taken in turns."""
    source, plain_chain = _cases()[name]
    ours, theirs = [], []
    for index in range(num_records + _WARM_UP):
        scene = source.inputs[index]
        started = time.perf_counter()
        source[index]
        between = time.perf_counter()
        plain_chain(source.setup, scene)
        finished = time.perf_counter()
        ours.append(between - started)
        theirs.append(finished - between)
    return {
        "seconds": float(np.median(ours[_WARM_UP:])),
        "plain_seconds": float(np.median(theirs[_WARM_UP:])),
    }


def workers(num_workers: int, num_records: int) -> dict[str, float]:
    """Return seconds per record of a loader with worker processes, without their start."""
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
        return {"seconds": (time.perf_counter() - started) / (num_batches * batch_size)}
    finally:
        iterator.close()


def scenes(num_records: int) -> dict[str, float]:
    """Return seconds per scene, drawn in batches of 256."""
    source = SceneSource(256 * max(num_records, 20))
    times = []
    for start in range(0, len(source), 256):
        started = time.perf_counter()
        source.batch(range(start, start + 256))
        times.append((time.perf_counter() - started) / 256)
    return {"seconds": float(np.median(times))}


def main() -> None:
    """Run the measurement named on the command line."""
    name, num_records = sys.argv[1], int(sys.argv[2])
    if name == "scenes":
        result = scenes(num_records)
    elif name.startswith("workers "):
        result = workers(int(name.split()[1]), num_records)
    else:
        result = against_plain(name, num_records)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
