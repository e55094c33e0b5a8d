"""One shoebox room, and how the array stands in it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy import special

WALLS = ("west", "east", "south", "north", "floor", "ceiling")
"""The walls at x = 0, x = length, y = 0, y = width, z = 0 and z = height, in the order of their absorption."""


@dataclass(frozen=True, eq=False)
class Room:
    """A shoebox room of a record. Room coordinates are 0 ... size, z upwards.

    Attributes
    ----------
    size
        Length, width and height, m, shape (3,).
    absorption
        Energy absorption coefficients of the `WALLS`, shape (6,).
    array_position
        Where the origin of the array's coordinates is in the room, m, shape (3,).
    yaw
        Horizontal direction in which the array looks (its z axis), from the room's x axis towards y, degrees.
    """

    size: Float[np.ndarray, "3"]
    absorption: Float[np.ndarray, "6"]
    array_position: Float[np.ndarray, "3"]
    yaw: float

    def in_room(self, points: Float[np.ndarray, "3 point"]) -> Float[np.ndarray, "3 point"]:
        """Return where points given in the array's coordinates are in the room, m."""
        return array_axes(self.yaw) @ points + self.array_position[:, None]

    @property
    def reflection_factors(self) -> Float[np.ndarray, "6"]:
        """Pressure reflection factors of the walls, √(1 − absorption), positive and the same at all angles."""
        return np.sqrt(1.0 - self.absorption)

    def reverberation_time(self, speed_of_sound: float) -> float:
        """Return Eyring's reverberation time, s: what a diffuse field in the room would take to decay by 60 dB."""
        exponent = decay_exponent(self.size, 1.0, speed_of_sound)
        surfaces = wall_surfaces(self.size)
        mean = float((surfaces * self.absorption).sum() / surfaces.sum())
        if mean in (0.0, 1.0):
            return math.inf if mean == 0 else 0.0
        return exponent / -float(special.log1p(-mean))


def array_axes(yaw: float) -> Float[np.ndarray, "3 3"]:
    """Return the array's axes in room coordinates, one per column: y is up, z looks to `yaw` (degrees), x = y × z."""
    cosine, sine = float(special.cosdg(yaw)), float(special.sindg(yaw))
    return np.array([[-sine, 0.0, cosine], [cosine, 0.0, sine], [0.0, 1.0, 0.0]])


def wall_surfaces(size: Float[np.ndarray, "3"]) -> Float[np.ndarray, "6"]:
    """Return the surfaces of the walls, m²."""
    length, width, height = size
    return np.repeat([width * height, length * height, length * width], 2)


def decay_exponent(size: Float[np.ndarray, "3"], reverberation_time: float, speed_of_sound: float) -> float:
    """Return −ln(1 − ᾱ) of the mean absorption coefficient ᾱ for a reverberation time: 24 ln 10 · V/(c S T).

    (C. F. Eyring, "Reverberation time in 'dead' rooms", JASA 1, 217, 1930.)
    """
    volume, surface = float(size.prod()), float(wall_surfaces(size).sum())
    return 24.0 * math.log(10.0) * volume / (speed_of_sound * surface * reverberation_time)


def eyring_absorption(size: Float[np.ndarray, "3"], reverberation_time: float, speed_of_sound: float) -> float:
    """Return the absorption coefficient of all walls that gives Eyring's reverberation time (s)."""
    return -float(special.expm1(-decay_exponent(size, reverberation_time, speed_of_sound)))
