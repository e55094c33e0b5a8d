"""``acoupipe-grain responses``: what a file of impulse responses holds, and a picture of it."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

import numpy as np

from acoupipe_grain.array.responses.impulse_responses import ImpulseResponses
from acoupipe_grain.array.responses.measured_grid import grid_of
from acoupipe_grain.plotting.responses import preview_responses


def add_command(commands: Any) -> None:
    """Add the command's parser."""
    command = commands.add_parser(
        "responses", help="say what a file of impulse responses holds, and draw it", allow_abbrev=False
    )
    command.add_argument("file", help="HDF5 in MIRACLE's layout, SOFA, or .npz")
    command.add_argument("--speed-of-sound", type=float, metavar="M/S", help="where the file does not state it")
    command.add_argument("--sample-rate", type=float, metavar="HZ", help="where the file does not state it")
    command.add_argument("--scenario", metavar="NAME", help="refuse the file if it is not this scenario of MIRACLE")
    command.add_argument("--picture", metavar="PNG", help="draw positions, responses and decay")
    command.add_argument("--source", type=int, metavar="NUMBER", help="whose responses are drawn; else the central one")
    command.set_defaults(run=run, takes_flags=False)


def run(known: argparse.Namespace, flags: Sequence[str]) -> None:
    """Describe and draw."""
    del flags
    responses = ImpulseResponses.load(
        known.file, speed_of_sound=known.speed_of_sound, sample_rate=known.sample_rate, scenario=known.scenario
    )
    grid, (low, high) = grid_of(responses.source_positions), _extent(responses)
    print(f"{known.file}: {responses.num_sources} sources, {responses.num_mics} microphones")
    for name, value in (
        ("sampling rate", f"{responses.sample_rate:g} Hz"),
        ("speed of sound", f"{responses.speed_of_sound:g} m/s"),
        ("responses", f"{responses.num_taps} samples, {1e3 * responses.num_taps / responses.sample_rate:.4g} ms"),
        ("sources", f"x, y, z from {low} to {high} m"),
        ("grid", "none: give the setup one" if grid is None else f"{grid.shape[0]}x{grid.shape[1]}, z={grid.z:.4g} m"),
        ("digest", responses.fingerprint[:16]),
    ):
        print(f"  {name:15} {value}")
    if known.picture:
        preview_responses(responses, known.picture, known.source)
        print(f"{known.picture}: responses of one source, and where all are")


def _extent(responses: ImpulseResponses) -> tuple[str, str]:
    """Return the smallest and largest coordinates of the sources."""
    points = responses.source_positions
    low, high = (np.round(limits, 4) + 0.0 for limits in (points.min(axis=1), points.max(axis=1)))
    return str(low.tolist()), str(high.tolist())
