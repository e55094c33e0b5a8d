"""The benchmark tables: every measurement in a fresh process."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from acoupipe_grain.bench.cases import CASES, Case
from acoupipe_grain.bench.fresh_process import ONE_THREAD, OURS, cores_here, result_of, rounded, start
from acoupipe_grain.bench.tables import TABLES, reading, segments
from acoupipe_grain.bench.work import num_operations
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.extras import import_extra


def run_benchmarks(seconds: float = 3.0, only: str = "") -> Iterator[str]:
    """Measure, and yield the lines of Markdown tables as they come.

    Parameters
    ----------
    seconds
        Length of each measurement, s.
    only
        Measure the requests, and the further tables, whose names contain this.

    Raises
    ------
    ArgumentError
        If nothing has such a name.
    """
    chosen = {name: case for name, case in CASES.items() if only in name}
    tables = [table for name, table in TABLES.items() if only in name]
    if not chosen and not tables:
        raise ArgumentError(
            f"only={only!r}: nothing has that in its name; there are {', '.join(CASES)}, and {', '.join(TABLES)}."
        )
    if reading in tables:  # before anything is measured
        import_extra("h5py", "all", "readings of HDF5 and TFRecord files")
    if segments in tables:
        import_extra("librosa", "dev", "the plain loop beside segments of recordings")
    cores = cores_here()
    yield f"{len(cores)} cores, {seconds:g} s each"
    if chosen:
        yield from _requests(chosen, cores, str(seconds))
    for table in tables:
        yield ""
        yield from table(cores, seconds)


def _requests(chosen: Mapping[str, Case], cores: Sequence[int | None], seconds: str) -> Iterator[str]:
    """Measure requests."""
    rate = result_of(start(("measure", "products", "4096", "5"), {}, None))["operations"]
    yield ""
    yield "default scene (64 microphones, 5 s, 64x64 grid, 1-10 sources)"
    yield ""
    yield f"large matrix products in single precision: {rate / 1e9:,.0f} GFlop/s"
    yield ""
    yield (
        "| request | loader, records/s | function alone | % of matrix products | compilation, s | peak, GB "
        "| Acoular engine | plain | ratio |"
    )
    yield "|---|---|---|---|---|---|---|---|---|"
    for name, case in chosen.items():
        yield _row(name, case, cores, seconds, rate)


def _row(name: str, case: Case, cores: Sequence[int | None], seconds: str, rate: float) -> str:
    """Measure a request: all cores, and as many processes of one thread as there are cores."""
    ours = result_of(start(("rates", "ours", name, seconds), OURS, None))
    acoular = _in_processes("acoular", name, seconds, cores) if case.mode == "welch" else None
    plain = _in_processes("plain", name, seconds, cores)
    operations = num_operations(case)
    fraction = "-" if operations is None else f"{100 * operations * ours['function'] / rate:.0f}"
    return (
        f"| {name} | {rounded(ours['loader'])} | {rounded(ours['function'])} | {fraction} "
        f"| {ours['compilation']:.1f} | {ours['peak_bytes'] / 1e9:.1f} "
        f"| {'-' if acoular is None else rounded(acoular)} | {rounded(plain)} | {rounded(ours['loader'] / plain)} |"
    )


def _in_processes(which: str, name: str, seconds: str, cores: Sequence[int | None]) -> float:
    started = [start(("rates", which, name, seconds), ONE_THREAD, core) for core in cores]
    return sum(result_of(process)["records"] for process in started)
