"""What is measured besides requests, as Markdown tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from acoupipe_grain.bench.cases import THROUGH_RESPONSES
from acoupipe_grain.bench.fresh_process import ONE_THREAD, OURS, result_of, rounded, start
from acoupipe_grain.bench.radiation import KINDS
from acoupipe_grain.bench.recordings import CASES

_EXPORTS = (
    ("acoular", "welch sourcemap, 4 kHz", "zstd:3"),
    ("jax", "welch sourcemap, 4 kHz", "zstd:3"),
    ("jax", "welch csm, all bins", "zstd:3"),
    ("jax", "welch csm, all bins", "uncompressed"),
    ("jax", "analytic sourcemap, 4 kHz", "zstd:3"),
    ("jax", "analytic sourcemap, 4 kHz", "uncompressed"),
    ("jax", "analytic csm, all bins", "uncompressed"),
)
_RECORD_KIBIBYTES = (16, 256, 2048)
_RAW_KIBIBYTES = (4, 64, 1024)
_RENDERED = {
    "moving": "loader",
    "fft": "fftconvolve, each frame",
    "convolution": "convolve2d, each scatterer and frame",
}
_REFERENCE = "HDF5, group per record"

Table = Callable[[Sequence[int | None], float], Iterator[str]]


def training(cores: Sequence[int | None], seconds: float) -> Iterator[str]:
    """Measure a training step that is fed by the loader."""
    del cores
    yield "| training on maps, 4 kHz, batches of 64 | steps/s | waits for the loader |"
    yield "|---|---|---|"
    for mode in ("analytic", "wishart", "welch"):
        result = result_of(start(("training", mode, str(seconds)), OURS, None))
        yield f"| {mode} | {result['steps']:.2f} | {100 * result['waiting']:.0f} % |"


def workers(cores: Sequence[int | None], seconds: float) -> Iterator[str]:
    """Measure the loader with worker processes, and scenes."""
    del seconds
    yield "| Acoular engine through the loader, sourcemap, 4 kHz | records/s | ratio |"
    yield "|---|---|---|"
    single = None
    for count in (1, 2):
        records = result_of(start(("measure", "workers", str(count), "120"), ONE_THREAD, None))["records"]
        single = single or records
        yield f"| {count} worker{'s' if count > 1 else ''} | {records:.2f} | {records / single:.2f} |"
    yield ""
    records = result_of(start(("measure", "scenes", "256", "10000"), ONE_THREAD, cores[0]))["records"]
    yield f"scenes drawn in batches of 256, one core: {records:,.0f}/s"


def exports(cores: Sequence[int | None], seconds: float) -> Iterator[str]:
    """Measure exports beside the bare simulation, both with all cores."""
    del cores
    yield "| export | simulation alone, records/s | export | % | export, MB/s | disk, MB/s |"
    yield "|---|---|---|---|---|---|"
    for engine, request, compression in _EXPORTS:
        result = result_of(start(("export_rates", engine, request, compression, str(seconds)), OURS, None))
        yield (
            f"| {request}, {engine}, {compression} | {rounded(result['bare'])} | {rounded(result['export'])} "
            f"| {100 * result['export'] / result['bare']:.0f} | {rounded(result['export_bytes'] / 1e6)} "
            f"| {rounded(result['disk_bytes'] / 1e6)} |"
        )


def reading(cores: Sequence[int | None], seconds: float) -> Iterator[str]:
    """Measure how fast single records are read in any order."""
    del cores
    results = [result_of(start(("reading", str(size), str(seconds)), {}, None)) for size in _RECORD_KIBIBYTES]
    yield f"| single records, shuffled | {' | '.join(f'{size} KB, records/s' for size in _RECORD_KIBIBYTES)} |"
    yield f"|---|{'---|' * len(results)}"
    for name in results[0]:
        cells = (f"{rounded(rates[name])} ({rates[name] / rates[_REFERENCE]:.1f}x)" for rates in results)
        yield f"| {name} | {' | '.join(cells)} |"


def segments(cores: Sequence[int | None], seconds: float) -> Iterator[str]:
    """Measure log-mel segments of recordings, beside a plain loop of soundfile and librosa."""
    del cores
    yield "| log-mel segments/s | loader | ratio | cached | ratio | soundfile and librosa | memory after 10,000 |"
    yield "|---|---|---|---|---|---|---|"
    for name in CASES:
        result = result_of(start(("segments", name, str(seconds)), OURS, None))
        loader, stored, plain = (result[key] for key in ("loader", "cached", "plain"))
        yield (
            f"| {name} | {rounded(loader)} | {loader / plain:.1f} | {rounded(stored)} | {stored / plain:.1f} "
            f"| {rounded(plain)} | {result['growth_bytes'] / 2**20:+.1f} MiB |"
        )


def signals(cores: Sequence[int | None], seconds: float) -> Iterator[str]:
    """Measure what signals, motion, directivity and flow cost, beside white noise from monopoles at rest."""
    del cores
    yield "| csm, 4 kHz, records/s | jax, loader | white noise | % | acoular, one process | white noise | % |"
    yield "|---|---|---|---|---|---|---|"
    for name in KINDS:
        result = result_of(start(("signals", name, str(seconds)), OURS, None))
        cells = []
        for engine in ("jax", "acoular"):
            ours, white = result.get(f"ours_{engine}"), result[f"white_{engine}"]
            shown = ("-", "-") if ours is None else (rounded(ours), f"{100 * ours / white:.0f}")
            cells.append(f"{shown[0]} | {rounded(white)} | {shown[1]}")
        yield f"| {name} | {' | '.join(cells)} |"


def files(cores: Sequence[int | None], seconds: float) -> Iterator[str]:
    """Measure how fast raw matrices are read at random, and statistics over a gigabyte of them."""
    del cores
    yield "| raw matrices, shuffled, records/s | numpy.memmap | one by one | ratio | stacked memmap | batches | ratio |"
    yield "|---|---|---|---|---|---|---|"
    for size in _RAW_KIBIBYTES:
        result = result_of(start(("files", "reading", str(size), str(seconds)), {}, None))
        single, batch, plain, stacked = (result[key] for key in ("single", "batch", "plain", "plain_batch"))
        yield (
            f"| {size} KiB | {rounded(plain)} | {rounded(single)} | {single / plain:.2f} | {rounded(stacked)} "
            f"| {rounded(batch)} | {batch / stacked:.2f} |"
        )
    result = result_of(start(("files", "statistics", "1"), {}, None))
    yield ""
    yield (
        f"statistics over 1 GiB: {result['ours']:.2f} s, mean and var of NumPy {result['plain']:.2f} s; "
        f"identifying the files once {result['identifying']:.2f} s; memory {result['growth_bytes'] / 2**20:+.1f} MiB"
    )


def frames(cores: Sequence[int | None], seconds: float) -> Iterator[str]:
    """Measure frames of scatterers, beside convolutions of single pixels with the point spread."""
    del cores
    result = result_of(start(("frames", str(seconds)), {}, None))
    yield "| pairs of 64x64x16 | pairs/s | ratio |"
    yield "|---|---|---|"
    for key, name in _RENDERED.items():
        yield f"| {name} | {rounded(result[key])} | {rounded(result['moving'] / result[key])} |"
    yield ""
    yield f"still pairs of 64x64 through the loader: {result['still']:,.0f}/s"


def responses(cores: Sequence[int | None], seconds: float) -> Iterator[str]:
    """Measure sources heard through impulse responses, beside free field and the chain of SciPy and Acoular."""
    yield "| responses of 1024 samples, 64 microphones, 5 s | loader, records/s | free field | plain | ratio |"
    yield "|---|---|---|---|---|"
    for name in THROUGH_RESPONSES:
        ours, free = (
            result_of(start(("responses", which, name, str(seconds)), OURS, None))["records"]
            for which in ("ours", "free")
        )
        started = [start(("responses", "plain", name, str(seconds)), ONE_THREAD, core) for core in cores]
        plain = sum(result_of(process)["records"] for process in started)
        yield f"| {name} | {rounded(ours)} | {rounded(free)} | {rounded(plain)} | {rounded(ours / plain)} |"


TABLES: dict[str, Table] = {
    "training": training,
    "workers": workers,
    "exports": exports,
    "reading": reading,
    "segments": segments,
    "signals": signals,
    "files": files,
    "frames": frames,
    "responses": responses,
}
