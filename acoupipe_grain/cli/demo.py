"""``acoupipe-grain demo``: the main job once through, from a configuration to shuffled batches."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from acoupipe_grain.cli.configuration import add_configuration, configured_arguments, configured_source, save_if_asked
from acoupipe_grain.config.factories import call
from acoupipe_grain.config.keys import SIMULATED
from acoupipe_grain.config.settings import Settings
from acoupipe_grain.config.verify import verify
from acoupipe_grain.plotting import preview, write_card
from acoupipe_grain.records import ArrayRecordSource

_CALLED = ("export", "make_loader")


def add_command(commands: Any) -> None:
    """Add the command's parser."""
    command = commands.add_parser("demo", help="export, verify, read back and draw in one go", allow_abbrev=False)
    command.add_argument("folder", help="folder for data and picture")
    add_configuration(command)
    command.set_defaults(run=run)


def run(known: argparse.Namespace, flags: Sequence[str]) -> None:
    """Export, verify, read back, draw, and say what to try next."""
    folder = Path(known.folder)
    arguments = configured_arguments(known, flags, (*SIMULATED, *_CALLED))
    name, source = configured_source(known, arguments)
    defaults = {"make_loader.batch_size": min(32, len(source)), "make_loader.seed": 1}
    arguments = Settings(defaults, "demo").overridden_by(arguments)
    save_if_asked(known, arguments, (name, *_CALLED))
    setup = source.setup
    print(f"1. {len(source)} scenes, {setup.num_mics} microphones, {setup.sample_rate:g} Hz, mode {source.mode}")
    data = folder / "data"
    manifest = call("export", arguments, known.scope, source, data)
    size = sum(row.num_bytes for row in manifest.shards) / 2**20
    print(f"2. exported to {data}: {len(manifest.shards)} shards, {size:.1f} MiB")
    verify(data, deep=True)
    print("3. verified: every record decoded, a sample computed anew and compared")
    stored = ArrayRecordSource(data)
    started = time.perf_counter()
    shapes = {}
    num_records = 0
    for batch in call("make_loader", arguments, known.scope, stored):
        shapes = {name: array.shape for name, array in batch.items()}
        num_records += len(batch["idx"])
    rate = num_records / (time.perf_counter() - started)
    print(f"4. read back in shuffled batches: {num_records} records, {rate:,.0f} records/s; a batch holds")
    for name, shape in shapes.items():
        print(f"     {name:26} {shape}")
    picture = folder / "preview.png"
    preview(stored, setup, picture, range(min(3, len(stored))))
    print(f"5. drew {picture}: source maps with the true positions, and the array")
    card = write_card(data, folder / "card.html")
    print(f"6. wrote {card}: a page about the data set")
    print(
        f"\nTry next:\n  .venv/bin/acoupipe-grain inspect {data}\n"
        "  .venv/bin/acoupipe-grain preview octave.png --SyntheticSource.f 2000 --SyntheticSource.num 1\n"
        "  .venv/bin/acoupipe-grain bench\n"
        "and the eight lines of use in README.md"
    )
