"""``acoupipe-grain inspect``: what a stored data set holds."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from acoupipe_grain.records.manifest import read_manifest
from acoupipe_grain.specs import element_num_bytes


def add_command(commands: Any) -> None:
    """Add the command's parser."""
    command = commands.add_parser("inspect", help="show what a data set holds", allow_abbrev=False)
    command.add_argument("folder", help="folder written by export")
    command.set_defaults(run=run, takes_flags=False)


def run(known: argparse.Namespace, flags: Sequence[str]) -> None:
    """Print the specification, configuration, versions and shards."""
    del flags
    manifest = read_manifest(Path(known.folder))
    plan = manifest.plan
    size = sum(row.num_bytes for row in manifest.shards)
    print(f"{known.folder}: {plan.num_records} records, {len(manifest.shards)} shards, {size / 2**20:.1f} MiB")
    print(f"one element: {element_num_bytes(plan.element_spec) / 1024:.1f} KiB before compression\n")
    for name, spec in plan.element_spec.items():
        axes = ", ".join(f"{axis} {size}" for axis, size in zip(spec.axes, spec.shape, strict=True))
        print(f"  {name:26} {spec.dtype:10} {spec.unit:6} ({axes})")
    print("\nconfiguration")
    for name, value in _configured(plan.configuration).items():
        print(f"  {name:26} {json.dumps(value)}")
    print("\nversions")
    for name, version in plan.versions.items():
        print(f"  {name:26} {version}")
    print("\nshards")
    for row in manifest.shards:
        print(f"  {row.name}  records {row.start}-{row.stop - 1}  {row.num_bytes} bytes  sha256 {row.sha256[:16]}...")


def _configured(configuration: Any) -> dict[str, Any]:
    """Return the configuration's values on one level, microphone positions summarised."""
    values = {key: value for key, value in configuration.items() if key != "arguments"}
    for key, value in configuration.get("arguments", {}).items():
        if key != "setup":
            values[key] = value
            continue
        for name, entry in value.items():
            values[f"setup.{name}"] = f"{len(entry[0])} microphones" if name == "mic_positions" else entry
    return values
