"""What annotations of arguments say besides the type: the unit, and what a configuration file may hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias


@dataclass(frozen=True)
class Unit:
    """Unit of an argument."""

    symbol: str


@dataclass(frozen=True)
class InFiles:
    """Type of the values that files and flags may give for an argument that takes more in Python."""

    type: Any


Hertz: TypeAlias = Annotated[float, Unit("Hz")]
Meters: TypeAlias = Annotated[float, Unit("m")]
MetersPerSecond: TypeAlias = Annotated[float, Unit("m/s")]
Seconds: TypeAlias = Annotated[float, Unit("s")]
Samples: TypeAlias = Annotated[int, Unit("samples")]
