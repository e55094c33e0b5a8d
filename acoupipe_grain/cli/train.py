"""``acoupipe-grain train``: a model trained as it is configured, from its first step or from where it was stopped."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from acoupipe_grain.cli.configuration import add_configuration, configured_arguments, save_if_asked
from acoupipe_grain.config.keys import LEARNING, OF_RECORDS, STORED, owners_of
from acoupipe_grain.config.training import train

_OWNERS = (*owners_of(*OF_RECORDS), *STORED, *LEARNING, "make_loader")
_SCOPES = ("train", "val")


def add_command(commands: Any) -> None:
    """Add the command's parser."""
    command = commands.add_parser(
        "train", help="train a model as it is configured, or go on with it", allow_abbrev=False
    )
    command.add_argument("folder", help="folder of the training: new, empty, or of this training")
    command.add_argument("--init", metavar="FOLDER", help="begin with the parameters of another training's best epoch")
    add_configuration(command, with_scope=False)
    command.set_defaults(run=run, scope="")


def run(known: argparse.Namespace, flags: Sequence[str]) -> None:
    """Train, and say what came of it."""
    settings = configured_arguments(known, flags, _OWNERS, _SCOPES)
    save_if_asked(known, settings, _OWNERS)
    result = train(settings, known.folder, init=known.init)
    best = next((record for record in result.history if record.epoch == result.best_epoch), result.history[-1])
    figures = ", ".join(f"{name} {value:.4g}" for name, value in best.validation.items())
    print(f"{known.folder}: {len(result.history)} epochs, best {best.epoch}: {figures}")
