"""``acoupipe-grain inspect``: what a stored data set holds, in the terminal or as a page."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from acoupipe_grain.plotting import write_card
from acoupipe_grain.plotting.card.configured import configured_values
from acoupipe_grain.records.manifest import Manifest, read_manifest
from acoupipe_grain.specs import element_num_bytes


def add_command(commands: Any) -> None:
    """Add the command's parser."""
    command = commands.add_parser("inspect", help="show what a data set holds", allow_abbrev=False)
    command.add_argument("folder", help="folder written by export")
    command.add_argument(
        "--html", metavar="FILE", help="write a page with tables, histograms and maps instead; it replaces an older one"
    )
    command.set_defaults(run=run, takes_flags=False)


def run(known: argparse.Namespace, flags: Sequence[str]) -> None:
    """Print what the manifest says, or write the page and say where."""
    del flags
    if known.html is not None:
        print(f"{write_card(known.folder, known.html)}: what {known.folder} holds")
        return
    for line in _lines(known.folder, read_manifest(Path(known.folder))):
        print(line)


def _lines(folder: str, manifest: Manifest) -> Iterable[str]:
    """Yield metadata, specification, configuration, versions and shards."""
    plan = manifest.plan
    size = sum(row.num_bytes for row in manifest.shards)
    yield f"{folder}: {plan.num_records} records, {len(manifest.shards)} shards, {size / 2**20:.1f} MiB"
    yield f"indices of the records: {plan.start} to {plan.stop - 1}"
    yield f"one element: {element_num_bytes(plan.element_spec) / 1024:.1f} KiB before compression"
    if plan.metadata:
        yield from ("", "metadata", *_listed((name, json.dumps(value)) for name, value in plan.metadata.items()))
    yield from ("", "elements")
    for name, spec in plan.element_spec.items():
        axes = ", ".join(f"{axis} {size}" for axis, size in zip(spec.axes, spec.shape, strict=True))
        yield f"  {name:26} {spec.dtype:10} {spec.unit:6} ({axes})"
    values = ((item.name, json.dumps(item.value)) for item in configured_values(plan.configuration))
    yield from ("", "configuration", *_listed(values))
    made = {"platform": plan.platform, "64-bit mode": plan.enable_x64, "batch size": plan.batch_size}
    yield from ("", "made with", *_listed((made | {"compression": plan.compression}).items()))
    yield from ("", "versions", *_listed(plan.versions.items()))
    yield from ("", "shards")
    for row in manifest.shards:
        yield f"  {row.name}  records {row.start}-{row.stop - 1}  {row.num_bytes} bytes  sha256 {row.sha256[:16]}..."
    yield from ("", f"digest of the manifest: {manifest.digest}")


def _listed(entries: Iterable[tuple[str, Any]]) -> list[str]:
    return [f"  {name:26} {value}" for name, value in entries]
