"""``acoupipe-grain export``: a configured source to ArrayRecord shards."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from acoupipe_grain.cli.configuration import add_configuration, configured_arguments, configured_source, save_if_asked
from acoupipe_grain.config.factories import call, owners_used, values_for
from acoupipe_grain.config.keys import OF_RECORDS, owners_of
from acoupipe_grain.config.settings import Settings
from acoupipe_grain.exporting.shares import share_of
from acoupipe_grain.records.building import num_finished
from acoupipe_grain.records.manifest import read_plan
from acoupipe_grain.specs import mean_num_bytes


def add_command(commands: Any) -> None:
    """Add the command's parser."""
    command = commands.add_parser(
        "export", help="write a configured source to ArrayRecord shards, or go on with it", allow_abbrev=False
    )
    command.add_argument("folder", help="folder to write: new, empty, or of this export")
    command.add_argument(
        "--shards", metavar="K/N", help="write every N-th shard, beginning with the K-th, counted from 0: one of N jobs"
    )
    add_configuration(command)
    command.set_defaults(run=run)


def run(known: argparse.Namespace, flags: Sequence[str]) -> None:
    """Export and say what was written."""
    arguments = configured_arguments(known, flags, (*owners_of(*OF_RECORDS), "export"))
    name, source = configured_source(known, arguments, OF_RECORDS)
    share_of(known.shards, 1)  # refused before anything is saved
    save_if_asked(known, arguments, (*owners_used(name, arguments, known.scope), "export"))
    limits = values_for("export", arguments, known.scope)
    num_records = (limits.get("stop") or len(source)) - limits.get("start", 0)
    planned = num_records * mean_num_bytes(source) / 2**20
    chosen = source.parameters.get("split") or source.parameters.get("dataset")
    print(f"{num_records} {f'{chosen} ' if chosen else ''}records, {planned:,.1f} MiB before compression", flush=True)
    if known.shards is not None:  # not saved: it belongs to this job alone
        arguments = arguments.overridden_by(Settings({"export.shards": known.shards}, "command line"))
    manifest = call("export", arguments, known.scope, source, known.folder)
    if manifest is None:
        plan = read_plan(Path(known.folder))
        print(
            f"{known.folder}: {num_finished(Path(known.folder), plan)} of {len(plan.ranges)} shards are finished; "
            "other jobs write the rest"
        )
        return
    size = sum(row.num_bytes for row in manifest.shards) / 2**20
    print(f"{known.folder}: {manifest.plan.num_records} records in {len(manifest.shards)} shards, {size:.1f} MiB")
