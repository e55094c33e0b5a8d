"""``acoupipe-grain preview``: source maps, true positions and the array as a PNG."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from acoupipe_grain.array.measurement import MeasurementSetup
from acoupipe_grain.cli.configuration import add_configuration, configured_arguments, save_if_asked
from acoupipe_grain.config.factories import build, require_scope, values_for
from acoupipe_grain.config.settings import Settings
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.plotting import preview
from acoupipe_grain.records import ArrayRecordSource

_FEATURES = ["sourcemap", "loc", "f"]
_DEFAULT_FREQUENCY = 4000.0


def add_command(commands: Any) -> None:
    """Add the command's parser."""
    command = commands.add_parser("preview", help="draw source maps and the array to a PNG", allow_abbrev=False)
    command.add_argument("picture", help="PNG file to write")
    command.add_argument("--data", metavar="FOLDER", help="draw records of an exported data set instead")
    command.add_argument("--records", type=int, nargs="+", default=[0, 1, 2], metavar="INDEX", help="records to draw")
    add_configuration(command)
    command.set_defaults(run=run)


def run(known: argparse.Namespace, flags: Sequence[str]) -> None:
    """Draw and say where; whatever features are configured, a preview computes its own."""
    if known.data:
        if flags or known.args_load:
            raise ArgumentError("command line: --data shows what is stored; a configuration cannot be given with it.")
        source: Any = ArrayRecordSource(known.data)
        setup = _stored_setup(source)
    else:
        arguments = configured_arguments(known, flags, ("SyntheticSource",))
        if known.scope:
            require_scope(known.scope, arguments)
        values = values_for("SyntheticSource", arguments, known.scope)
        # A preview draws maps at one frequency; all bins would begin with 0 Hz.
        own: dict[str, Any] = {"SyntheticSource.features": _FEATURES}
        if values.get("f") is None:
            own["SyntheticSource.f"] = _DEFAULT_FREQUENCY
        source = build("SyntheticSource", arguments.overridden_by(Settings(own, "preview")), known.scope)
        save_if_asked(known, arguments, ("SyntheticSource",))
        setup = source.setup
    preview(source, setup, known.picture, known.records)
    print(f"{known.picture}: records {', '.join(map(str, known.records))}")


def _stored_setup(source: ArrayRecordSource) -> MeasurementSetup:
    values = source.configuration.get("arguments", {})
    if "setup" not in values:
        raise ArgumentError(f"--data: {source!r} was not made from a measurement setup; there is no grid to draw on.")
    return MeasurementSetup.from_mapping(values["setup"])
