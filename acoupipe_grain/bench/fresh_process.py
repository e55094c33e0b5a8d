"""Measurements in processes of their own: ``python -m acoupipe_grain.bench.<module>`` prints one JSON object."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import psutil

ONE_THREAD = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMBA_NUM_THREADS": "1",
    "JAX_PLATFORMS": "cpu",
}
OURS = {"OPENBLAS_NUM_THREADS": "1"}
"""XLA decomposes the matrices of a batch in threads of its own."""


def cores_here() -> Sequence[int | None]:
    """Return the cores that this process may use; where the system does not say, two of no name."""
    return psutil.Process().cpu_affinity() if hasattr(psutil.Process, "cpu_affinity") else [None, None]


def rounded(value: float) -> str:
    """Return a rate in three digits."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def start(arguments: Sequence[str], environment: Mapping[str, str], core: int | None) -> subprocess.Popen[str]:
    """Start a measurement in a process of its own, on one core if it is named."""
    command = (sys.executable, "-m", f"acoupipe_grain.bench.{arguments[0]}", *arguments[1:])
    process = subprocess.Popen(command, env=os.environ | dict(environment), stdout=subprocess.PIPE, text=True)
    if core is not None:
        psutil.Process(process.pid).cpu_affinity([core])
    return process


def result_of(process: subprocess.Popen[str]) -> dict[str, Any]:
    """Wait for a measurement and return what it printed."""
    output, _ = process.communicate()
    if process.returncode:
        raise ChildProcessError(f"measurement {process.args!r} failed with exit status {process.returncode}.")
    return json.loads(output)
