"""Scenarios of the published sets MIRACLE and SRIRACHA, and whether a file is one.

Sources: MIRACLE: Kujawski, Pelling and Sarradj, EURASIP J. Audio Speech Music Process. 2024:32. SRIRACHA: Pelling,
Kujawski and Sarradj, doi 10.14279/depositonce-23943, numbers as in AcouPipe's documentation of ``DatasetSRIRACHA``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from acoupipe_grain.array.responses.file_content import FileContent
from acoupipe_grain.errors import ArgumentError, DataError, unknown_name

PLANE_TOLERANCE = 0.01
"""How far the mean distance of a file's sources may be from the one published, m; positions are corrected ones."""
SPEED_TOLERANCE = 0.1
"""How far a file's speed of sound may be from the one published, m/s: as many digits are printed."""


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """What is known of a published file.

    Attributes
    ----------
    name
        As published.
    environment
        Where it was measured.
    num_points
        Numbers of source positions in x and y, in which they lie on a square grid.
    plane
        Distance of the sources from the array, along z, m.
    speed_of_sound
        m/s; None if none is published.
    num_mics
        Number of microphones.
    sample_rate
        Hz.
    """

    name: str
    environment: str
    num_points: tuple[int, int]
    plane: float
    speed_of_sound: float | None = None
    num_mics: int = 64
    sample_rate: float = 32000.0

    @property
    def num_sources(self) -> int:
        """Number of source positions."""
        return self.num_points[0] * self.num_points[1]


_FULL, _QUARTER, _DENSE = (64, 64), (32, 32), (33, 33)
_ANECHOIC, _PANEL = "anechoic", "anechoic, with a reflective panel"
_EMPTY, _ABSORBENT = "shoebox laboratory", "shoebox laboratory with absorbing walls"


def _table(*scenarios: Scenario) -> dict[str, Scenario]:
    return {scenario.name: scenario for scenario in scenarios}


MIRACLE = _table(
    Scenario(name="A1", environment=_ANECHOIC, num_points=_FULL, plane=0.734, speed_of_sound=344.7),
    Scenario(name="A2", environment=_ANECHOIC, num_points=_FULL, plane=1.467, speed_of_sound=345.0),
    Scenario(name="D1", environment=_ANECHOIC, num_points=_DENSE, plane=0.734, speed_of_sound=344.8),
    Scenario(name="R2", environment=_PANEL, num_points=_FULL, plane=1.467, speed_of_sound=345.2),
)
"""By name. A2 and R2 differ, but for the responses, in the speed of sound only."""


def _published(name: str, environment: str, plane: float) -> tuple[Scenario, ...]:
    """Return a full grid, the four files with every other row and column that it is published in, and a dense grid."""
    parts = {"": _FULL, "-C1": _QUARTER, "-C2": _QUARTER, "-C3": _QUARTER, "-C4": _QUARTER, "-D": _DENSE}
    return tuple(
        Scenario(name=name + part, environment=environment, num_points=points, plane=plane)
        for part, points in parts.items()
    )


SRIRACHA = _table(
    *_published("SR1", _EMPTY, 0.753),
    *_published("SR2", _EMPTY, 1.479),
    *_published("SRA1", _ABSORBENT, 0.753),
    *_published("SRA2", _ABSORBENT, 1.480),
)
"""By name. Nothing but the responses tells SR from SRA, and C1 to C4 from each other."""

SCENARIOS = MIRACLE | SRIRACHA
"""All, by name."""


def scenario_named(name: object) -> Scenario:
    """Return a scenario by its name.

    Raises
    ------
    ArgumentError
        If there is no such.
    """
    if not isinstance(name, str) or name not in SCENARIOS:
        raise unknown_name("scenario", name, SCENARIOS)
    return SCENARIOS[name]


def require_scenario(place: str, content: FileContent, scenario: Scenario) -> None:
    """Raise `DataError` if what a file says is not a scenario's, naming all that differs.

    Parameters
    ----------
    place
        The file, for messages.
    content
        What it says.
    scenario
        What it should be.
    """
    sources, mics, _ = content.stored.shape
    if not sources:
        raise ArgumentError(f"{place}: there are no sources; expected {scenario.num_sources} of {scenario.name}.")
    plane = float(content.source_positions[2].mean())
    speed, rate = content.speed_of_sound, content.sample_rate
    compared = (
        ("{:.0f} sources (expected {})", sources, scenario.num_sources, 0),
        ("{:.0f} microphones (expected {})", mics, scenario.num_mics, 0),
        ("sources at z = {:.3f} m (expected {} m)", plane, scenario.plane, PLANE_TOLERANCE),
        ("a speed of sound of {:.6g} m/s (expected {} m/s)", speed, scenario.speed_of_sound, SPEED_TOLERANCE),
        ("a sampling rate of {} Hz (expected {} Hz)", rate, scenario.sample_rate, 0),
    )
    # Of speeds and rates either side may be without.
    known = [
        (text, found, wanted, by) for text, found, wanted, by in compared if found is not None and wanted is not None
    ]
    differences = [
        text.format(found, wanted)
        for text, found, wanted, tolerance in known
        if not math.isclose(found, wanted, abs_tol=tolerance, rel_tol=1e-9)
    ]
    if differences:
        raise DataError(
            f"{place}: is not scenario {scenario.name!r}: it has {', '.join(differences)}. Give the file of that "
            "scenario, or leave scenario out."
        )
