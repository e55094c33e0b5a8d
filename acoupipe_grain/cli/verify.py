"""``acoupipe-grain verify``: a stored data set against its manifest."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from acoupipe_grain.config.verify import verify


def add_command(commands: Any) -> None:
    """Add the command's parser."""
    command = commands.add_parser("verify", help="check a data set against its manifest", allow_abbrev=False)
    command.add_argument("folder", help="folder written by export")
    command.add_argument("--deep", action="store_true", help="also decode every record and compute some of them anew")
    command.set_defaults(run=run, takes_flags=False)


def run(known: argparse.Namespace, flags: Sequence[str]) -> None:
    """Verify and say what was checked."""
    del flags
    manifest = verify(known.folder, deep=known.deep, progress=True)
    depth = "sizes, digests, counts and every record" if known.deep else "sizes, digests and counts"
    print(f"{known.folder}: {len(manifest.shards)} shards, {manifest.plan.num_records} records: {depth} are right")
