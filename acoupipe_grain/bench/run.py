"""The benchmark table: every measurement in a fresh process with its number of threads fixed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import psutil

from acoupipe_grain.bench.cases import CASES

_SECONDS = 5.0
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
    yield from _batched()
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


def _batched() -> Iterator[str]:
    """Measure the batched modes through the loader, and as many plain processes as there are cores, one thread each."""
    cores = psutil.Process().cpu_affinity() if hasattr(psutil.Process, "cpu_affinity") else [None, None]
    yield f"| batches, all {len(cores)} cores | records/s | function alone | compilation s | plain records/s | ratio |"
    yield "|---|---|---|---|---|---|"
    for name in CASES:
        ours = _result(_start(("batches", "ours", name, str(_SECONDS)), {}, None), name)
        started = [_start(("batches", "plain", name, str(_SECONDS)), _ONE_THREAD, core) for core in cores]
        plain = sum(_result(process, name)["records"] for process in started)
        yield (
            f"| {name} | {ours['loader']:,.0f} | {ours['function']:,.0f} | {ours['compilation']:.1f} | {plain:,.1f} "
            f"| {ours['loader'] / plain:.1f} |"
        )


def _measure(name: str, num_records: int, *, pinned: bool) -> dict[str, Any]:
    core = psutil.Process().cpu_affinity()[0] if pinned and hasattr(psutil.Process, "cpu_affinity") else None
    return _result(_start(("measure", name, str(num_records)), _ONE_THREAD, core), name)


def _start(arguments: Sequence[str], environment: dict[str, str], core: int | None) -> subprocess.Popen[str]:
    """Start a measurement in a process of its own, on one core if it is named."""
    command = (sys.executable, "-m", f"acoupipe_grain.bench.{arguments[0]}", *arguments[1:])
    process = subprocess.Popen(command, env=os.environ | environment, stdout=subprocess.PIPE, text=True)
    if core is not None:
        psutil.Process(process.pid).cpu_affinity([core])
    return process


def _result(process: subprocess.Popen[str], name: str) -> dict[str, Any]:
    output, _ = process.communicate()
    if process.returncode:
        raise ChildProcessError(f"measurement {name!r} failed with exit status {process.returncode}.")
    return json.loads(output)
