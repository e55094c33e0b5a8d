"""``acoupipe-grain statistics``: means and standard deviations of a configured or stored source, as JSON."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

import numpy as np

from acoupipe_grain.cli.configuration import add_configuration, configured_arguments, configured_source, save_if_asked
from acoupipe_grain.config.factories import owners_used
from acoupipe_grain.config.keys import OF_RECORDS, owners_of
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.records import ArrayRecordSource
from acoupipe_grain.specs import DataSource
from acoupipe_grain.statistics import Counted, compute_statistics


def add_command(commands: Any) -> None:
    """Add the command's parser."""
    command = commands.add_parser(
        "statistics", help="means and standard deviations of a source's arrays, as JSON", allow_abbrev=False
    )
    command.add_argument("file", help="JSON file to write; an interrupted computation goes on from it")
    command.add_argument("--data", metavar="FOLDER", help="of an exported data set instead of a configured source")
    command.add_argument("--arrays", nargs="+", metavar="NAME", help="arrays; without it, as the source says, or all")
    command.add_argument(
        "--separate", nargs="+", metavar="AXIS", default=(), help="axes whose entries have statistics of their own"
    )
    add_configuration(command)
    command.set_defaults(run=run)


def run(known: argparse.Namespace, flags: Sequence[str]) -> None:
    """Compute and say what came out."""
    if known.separate and not known.arrays:
        raise ArgumentError("--separate: is of the arrays that --arrays names; give them.")
    source = _source(known, flags)
    arrays: Any = known.arrays
    if known.separate:
        arrays = {name: Counted(separate=known.separate) for name in known.arrays}
    statistics = compute_statistics(source, arrays, resume=known.file)
    for name, mean in statistics.mean.items():
        low, high = np.min(mean), np.max(mean)
        shown = f"{low:.4g}" if low == high else f"{low:.4g} ... {high:.4g}"
        print(f"{name}: {mean.size} means {shown}, {statistics.count[name].max()} values")
    print(f"{known.file}: {statistics.num_records} records")


def _source(known: argparse.Namespace, flags: Sequence[str]) -> DataSource:
    if known.data:
        if flags or known.args_load:
            raise ArgumentError("command line: --data is what is stored; a configuration cannot be given with it.")
        return ArrayRecordSource(known.data)
    if not flags and not known.args_load:
        raise ArgumentError("command line: statistics of what? Give --args.load with a configuration, or --data.")
    arguments = configured_arguments(known, flags, owners_of(*OF_RECORDS))
    name, source = configured_source(known, arguments, OF_RECORDS)
    save_if_asked(known, arguments, owners_used(name, arguments, known.scope))
    return source
