"""``acoupipe-grain predict``: predictions of a trained model, stored beside the data."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from acoupipe_grain.cli.configuration import add_configuration, configured_arguments, save_if_asked
from acoupipe_grain.cli.learning_modules import add_modules, import_modules
from acoupipe_grain.config.factories import build, call, owners_used, source_name
from acoupipe_grain.config.keys import OF_RECORDS, STORED, owners_of
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.records import ArrayRecordSource
from acoupipe_grain.training.predictions import Predictions

_USABLE = (*OF_RECORDS, *STORED)


def add_command(commands: Any) -> None:
    """Add the command's parser."""
    command = commands.add_parser(
        "predict", help="write what a trained model says about records to ArrayRecord shards", allow_abbrev=False
    )
    command.add_argument("training", help="folder of the training")
    command.add_argument("folder", help="folder to write: new, empty, or of these predictions")
    command.add_argument("--data", metavar="FOLDER", help="predict for records of an exported data set instead")
    add_modules(command)
    add_configuration(command)
    command.set_defaults(run=run)


def run(known: argparse.Namespace, flags: Sequence[str]) -> None:
    """Predict, and say what was written."""
    import_modules(known)
    owners: tuple[str, ...]
    if known.data:
        if known.args_load or known.scope:
            raise ArgumentError(
                "command line: --data is what is stored; give --args.load and --scope without it, and keys of export "
                "as flags, such as --export.num_workers 0."
            )
        arguments = configured_arguments(known, flags, ("export",))
        source, owners = ArrayRecordSource(known.data), ("export",)
    else:
        arguments = configured_arguments(known, flags, (*owners_of(*_USABLE), "export"))
        if arguments.scopes and not known.scope:
            raise ArgumentError(
                f"command line: there are keys of the scopes {', '.join(sorted(arguments.scopes))}; say with --scope "
                "which records to predict for, or give stored ones with --data."
            )
        name = source_name(arguments, known.scope, _USABLE)
        source = build(name, arguments, known.scope)
        owners = (*owners_used(name, arguments, known.scope), "export")
    predictions = Predictions(source, known.training)
    save_if_asked(known, arguments, owners)
    manifest = call(
        "export", arguments, known.scope if known.scope in arguments.scopes else "", predictions, known.folder
    )
    print(f"{known.folder}: {', '.join(predictions.element_spec)} of {manifest.plan.num_records} records")
