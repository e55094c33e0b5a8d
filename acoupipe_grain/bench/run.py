"""The benchmark tables: every measurement in a fresh process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import psutil

from acoupipe_grain.bench.cases import CASES, Case
from acoupipe_grain.bench.work import num_operations
from acoupipe_grain.errors import ArgumentError

_ONE_THREAD = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMBA_NUM_THREADS": "1",
    "JAX_PLATFORMS": "cpu",
}
_OURS = {"OPENBLAS_NUM_THREADS": "1"}
"""XLA decomposes the matrices of a batch in threads of its own."""


def run_benchmarks(seconds: float = 3.0, only: str = "") -> Iterator[str]:
    """Measure, and yield the lines of Markdown tables as they come.

    Parameters
    ----------
    seconds
        Length of each measurement, s.
    only
        Measure the requests whose names contain this, and nothing else.

    Raises
    ------
    ArgumentError
        If no request has such a name.
    """
    chosen = {name: case for name, case in CASES.items() if only in name}
    if not chosen:
        raise ArgumentError(f"only={only!r}: no request has that in its name; there are {', '.join(CASES)}.")
    cores = psutil.Process().cpu_affinity() if hasattr(psutil.Process, "cpu_affinity") else [None, None]
    rate = _result(_start(("measure", "products", "4096", "5"), {}, None))["operations"]
    yield f"default scene (64 microphones, 5 s, 64x64 grid, 1-10 sources), {len(cores)} cores, {seconds:g} s each"
    yield ""
    yield f"large matrix products in single precision: {rate / 1e9:,.0f} GFlop/s"
    yield ""
    yield (
        "| request | loader, records/s | function alone | % of matrix products | compilation, s | peak, GB "
        "| Acoular engine | plain | ratio |"
    )
    yield "|---|---|---|---|---|---|---|---|---|"
    for name, case in chosen.items():
        yield _row(name, case, cores, str(seconds), rate)
    if not only:
        yield from _other_tables(cores, str(seconds))


def _row(name: str, case: Case, cores: Sequence[int | None], seconds: str, rate: float) -> str:
    """Measure a request: all cores, and as many processes of one thread as there are cores."""
    ours = _result(_start(("rates", "ours", name, seconds), _OURS, None))
    acoular = _in_processes("acoular", name, seconds, cores) if case.mode == "welch" else None
    plain = _in_processes("plain", name, seconds, cores)
    operations = num_operations(case)
    fraction = "-" if operations is None else f"{100 * operations * ours['function'] / rate:.0f}"
    return (
        f"| {name} | {_rounded(ours['loader'])} | {_rounded(ours['function'])} | {fraction} "
        f"| {ours['compilation']:.1f} | {ours['peak_bytes'] / 1e9:.1f} "
        f"| {'-' if acoular is None else _rounded(acoular)} | {_rounded(plain)} | {_rounded(ours['loader'] / plain)} |"
    )


def _in_processes(which: str, name: str, seconds: str, cores: Sequence[int | None]) -> float:
    started = [_start(("rates", which, name, seconds), _ONE_THREAD, core) for core in cores]
    return sum(_result(process)["records"] for process in started)


def _other_tables(cores: Sequence[int | None], seconds: str) -> Iterator[str]:
    yield ""
    yield "| training on maps, 4 kHz, batches of 64 | steps/s | waits for the loader |"
    yield "|---|---|---|"
    for mode in ("analytic", "wishart", "welch"):
        result = _result(_start(("training", mode, seconds), _OURS, None))
        yield f"| {mode} | {result['steps']:.2f} | {100 * result['waiting']:.0f} % |"
    yield ""
    yield "| Acoular engine through the loader, sourcemap, 4 kHz | records/s | ratio |"
    yield "|---|---|---|"
    single = None
    for count in (1, 2):
        records = _result(_start(("measure", "workers", str(count), "120"), _ONE_THREAD, None))["records"]
        single = single or records
        yield f"| {count} worker{'s' if count > 1 else ''} | {records:.2f} | {records / single:.2f} |"
    yield ""
    records = _result(_start(("measure", "scenes", "256", "10000"), _ONE_THREAD, cores[0]))["records"]
    yield f"scenes drawn in batches of 256, one core: {records:,.0f}/s"


def _rounded(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _start(arguments: Sequence[str], environment: Mapping[str, str], core: int | None) -> subprocess.Popen[str]:
    """Start a measurement in a process of its own, on one core if it is named."""
    command = (sys.executable, "-m", f"acoupipe_grain.bench.{arguments[0]}", *arguments[1:])
    process = subprocess.Popen(command, env=os.environ | dict(environment), stdout=subprocess.PIPE, text=True)
    if core is not None:
        psutil.Process(process.pid).cpu_affinity([core])
    return process


def _result(process: subprocess.Popen[str]) -> dict[str, Any]:
    output, _ = process.communicate()
    if process.returncode:
        raise ChildProcessError(f"measurement {process.args!r} failed with exit status {process.returncode}.")
    return json.loads(output)
