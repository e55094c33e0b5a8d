"""``acoupipe-grain export``: a configured source to ArrayRecord shards."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from acoupipe_grain.cli.configuration import add_configuration, configured_arguments, configured_source, save_if_asked
from acoupipe_grain.config.factories import call
from acoupipe_grain.config.keys import SIMULATED
from acoupipe_grain.specs import element_num_bytes


def add_command(commands: Any) -> None:
    """Add the command's parser."""
    command = commands.add_parser("export", help="write a configured source to ArrayRecord shards", allow_abbrev=False)
    command.add_argument("folder", help="folder to write, new or empty")
    add_configuration(command)
    command.set_defaults(run=run)


def run(known: argparse.Namespace, flags: Sequence[str]) -> None:
    """Export and say what was written."""
    arguments = configured_arguments(known, flags, (*SIMULATED, "export"))
    name, source = configured_source(known, arguments)
    save_if_asked(known, arguments, (name, "export"))
    planned = len(source) * element_num_bytes(source.element_spec) / 2**20
    print(f"{len(source)} {source.parameters['split']} records, {planned:,.1f} MiB before compression", flush=True)
    manifest = call("export", arguments, known.scope, source, known.folder)
    size = sum(row.num_bytes for row in manifest.shards) / 2**20
    print(f"{known.folder}: {len(source)} records in {len(manifest.shards)} shards, {size:.1f} MiB")
