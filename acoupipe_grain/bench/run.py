"""The benchmark table: every measurement in a fresh process with its number of threads fixed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import psutil

_ROWS = ("time_data", "csm 4 kHz", "csm all bins", "sourcemap 4 kHz")
_ONE_THREAD = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMBA_NUM_THREADS": "1",
    "JAX_PLATFORMS": "cpu",
}


def run_benchmarks(num_records: int = 30) -> Iterator[str]:
    """Measure, and yield the lines of a Markdown table as they come.

    "plain" is the same chain written with Acoular's own classes, on the same scenes, taken in turns in the same
    process with one thread on one core. Figures are medians over `num_records` records.
    """
    yield f"default scene (64 microphones, 5 s, 64x64 grid, 1-10 sources), medians of {num_records} records"
    yield ""
    yield "| one process, one thread | ms/record | plain ms/record | ratio |"
    yield "|---|---|---|---|"
    for name in _ROWS:
        result = _measure(name, num_records, pinned=True)
        ours, plain = 1e3 * result["seconds"], 1e3 * result["plain_seconds"]
        yield f"| {name} | {ours:.1f} | {plain:.1f} | {plain / ours:.2f} |"
    yield ""
    yield "| loader, sourcemap 4 kHz | records/s | ratio |"
    yield "|---|---|---|"
    single = None
    for count in (1, 2):
        rate = 1 / _measure(f"workers {count}", 4 * num_records, pinned=False)["seconds"]
        single = single or rate
        yield f"| {count} worker{'s' if count > 1 else ''} | {rate:.2f} | {rate / single:.2f} |"
    yield ""
    rate = 1 / _measure("scenes", num_records, pinned=True)["seconds"]
    yield f"scenes drawn in batches of 256, one core: {rate:,.0f}/s"


def _measure(name: str, num_records: int, *, pinned: bool) -> dict[str, Any]:
    command: Sequence[str] = (sys.executable, "-m", "acoupipe_grain.bench.measure", name, str(num_records))
    process = subprocess.Popen(command, env=os.environ | _ONE_THREAD, stdout=subprocess.PIPE, text=True)
    if pinned and hasattr(psutil.Process, "cpu_affinity"):
        pid = psutil.Process(process.pid)
        pid.cpu_affinity(pid.cpu_affinity()[:1])
    output, _ = process.communicate()
    if process.returncode:
        raise ChildProcessError(f"measurement {name!r} failed with exit status {process.returncode}.")
    return json.loads(output)
