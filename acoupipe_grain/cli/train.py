"""``acoupipe-grain train``: a model trained as it is configured, from its first step or from where it was stopped."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from acoupipe_grain.cli.configuration import add_configuration, configured_arguments, save_if_asked
from acoupipe_grain.cli.learning_modules import add_modules, import_modules
from acoupipe_grain.config.keys import OF_RECORDS, STORED, learning, owners_of
from acoupipe_grain.config.training import SCOPES, prepare

_OF_DATA = (*owners_of(*OF_RECORDS), *STORED)


def add_command(commands: Any) -> None:
    """Add the command's parser."""
    command = commands.add_parser(
        "train", help="train a model as it is configured, or go on with it", allow_abbrev=False
    )
    command.add_argument("folder", help="folder of the training: new, empty, or of this training")
    command.add_argument("--init", metavar="FOLDER", help="begin with the parameters of another training's best epoch")
    add_modules(command)
    add_configuration(command, with_scope=False)
    command.set_defaults(run=run, scope="")


def run(known: argparse.Namespace, flags: Sequence[str]) -> None:
    """Train, and say what came of it."""
    import_modules(known)
    settings = configured_arguments(known, flags, (*_OF_DATA, *learning(), "make_loader"), SCOPES)
    prepared = prepare(settings, known.folder, init=known.init)
    save_if_asked(known, settings, prepared.owners)
    result = prepared.fit()
    best = next((record for record in result.history if record.epoch == result.best_epoch), None)
    shown = result.history[-1] if best is None else best
    figures = ", ".join(f"{name} {value:.4g}" for name, value in shown.validation.items())
    which = f"no best one, the last {shown.epoch}" if best is None else f"best {best.epoch}"
    print(f"{known.folder}: {len(result.history)} epochs, {which}: {figures}")
