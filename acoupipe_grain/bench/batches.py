"""Batched data through the loader, and the same record by record with NumPy and Acoular.

``python -m acoupipe_grain.bench.batches ours|plain NAME SECONDS`` prints one JSON object. What "ours" computes lies in
`acoupipe_grain.array.simulated_source.SimulatedSource.compute_batch`.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from acoupipe_grain.array.scenes import SceneSource
from acoupipe_grain.array.sources import SyntheticSource
from acoupipe_grain.bench import plain_spectra
from acoupipe_grain.bench.cases import CASES
from acoupipe_grain.pipeline import make_loader
from acoupipe_grain.specs import apply_batch_computation

_BATCH_SIZE = {True: 64, False: 16}
_AVERAGES = 1017.02


def ours(name: str, seconds: float) -> dict[str, float]:
    """Return records/s of the loader, and of the jitted function alone with its first, compiling call apart."""
    mode, feature, f = CASES[name]
    source = SyntheticSource(100_000, mode=mode, features=(feature,), f=f)
    size = _BATCH_SIZE[f is not None]
    compute, scenes = source.compute_batch, jax.device_put(source.inputs.batch(range(size)))
    started = time.perf_counter()
    jax.block_until_ready(apply_batch_computation(compute, scenes))
    compilation = time.perf_counter() - started
    alone = _rate(lambda: apply_batch_computation(compute, scenes), size, seconds)
    iterator = iter(make_loader(source, size, num_epochs=None))
    next(iterator)
    try:
        return {
            "loader": _rate(lambda: next(iterator), size, seconds),
            "function": alone,
            "compilation": compilation,
        }
    finally:
        iterator.close()


def plain(name: str, seconds: float) -> dict[str, float]:
    """Return records/s of one process of the plain chain."""
    mode, feature, f = CASES[name]
    scenes = SceneSource(100_000)
    setup, rng = scenes.setup, np.random.default_rng(0)
    lines = list(range(setup.num_bins)) if f is None else [int(np.argmin(np.abs(setup.bin_frequencies - f)))]
    spectral_map = plain_spectra.SpectralMap(setup, lines)
    index = iter(range(len(scenes)))

    def record() -> Any:
        scene = scenes[next(index)]
        if mode == "wishart":
            csm = plain_spectra.wishart_csm(setup, scene, lines, _AVERAGES, rng)
        else:
            csm = plain_spectra.analytic_csm(setup, scene, lines)
        return {"csm": lambda: csm, "eigmode": lambda: plain_spectra.eigmode(csm)}.get(
            feature, lambda: spectral_map(csm)
        )()

    record()
    return {"records": _rate(record, 1, seconds)}


def _rate(compute: Callable[[], Any], size: int, seconds: float) -> float:
    """Return records/s of a computation of `size` records, repeated for some seconds."""
    count, started = 0, time.perf_counter()
    while time.perf_counter() - started < seconds:
        jax.block_until_ready(compute())
        count += size
    return count / (time.perf_counter() - started)


def main() -> None:
    """Run the measurement named on the command line."""
    which, name, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
    print(json.dumps({"ours": ours, "plain": plain}[which](name, seconds)))


if __name__ == "__main__":
    main()
