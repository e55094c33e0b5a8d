"""Places and axes as SOFA files (AES69) have them, in the room's Cartesian coordinates."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from acoupipe_grain.errors import DataError

UNITS = {
    "cartesian": ("metre",),
    "spherical": ("degree", "degree", "metre"),
}
"""By the type of coordinates: of each of the three, or of all."""

_SPELLINGS = {"metres": "metre", "meter": "metre", "meters": "metre", "degrees": "degree"}

SMALLEST_SINE = 1e-6
"""Of the angle between view and up: below it, there is no plane that they span."""


def cartesian(place: str, coordinates: Float[np.ndarray, "*n 3"], kind: str, units: str) -> Float[np.ndarray, "*n 3"]:
    """Return coordinates as x, y, z in m.

    Parameters
    ----------
    place
        File and variable, for messages.
    coordinates
        x, y, z in m, or azimuth (from x towards y) and elevation (from the x-y plane towards z) in degrees, and radius
        in m.
    kind
        "cartesian" or "spherical".
    units
        Of the coordinates, separated by commas.

    Raises
    ------
    DataError
        If the kind or the units are others.
    """
    listed = [item.strip().lower() for item in units.split(",")]
    found = tuple(_SPELLINGS.get(item, item) for item in listed)
    expected = UNITS.get(kind.strip().lower())
    if expected is None:
        raise DataError(f"{place} has coordinates of the type {kind!r}; expected {' or '.join(UNITS)}.")
    if found not in (expected, expected * 3):
        raise DataError(f"{place} has {kind} coordinates in {units!r}; expected {', '.join(expected)}.")
    if expected == UNITS["cartesian"]:
        return coordinates
    azimuth, elevation = np.deg2rad(coordinates[..., 0]), np.deg2rad(coordinates[..., 1])
    directions = (np.cos(elevation) * np.cos(azimuth), np.cos(elevation) * np.sin(azimuth), np.sin(elevation))
    return coordinates[..., 2:] * np.stack(directions, axis=-1)


def axes(place: str, view: Float[np.ndarray, "3"], up: Float[np.ndarray, "3"]) -> Float[np.ndarray, "3 3"]:
    """Return the directions of an object's own x, y and z axes in the room, as columns.

    x is the view; z is as near to up as it can be at right angles to it; y completes the right-handed system.

    Raises
    ------
    DataError
        If view and up have no length or are parallel.
    """
    lengths = np.linalg.norm(view), np.linalg.norm(up)
    if not all(lengths):
        raise DataError(f"{place}: view {view.tolist()} and up {up.tolist()}; expected vectors with a length.")
    ahead, upwards = view / lengths[0], up / lengths[1]
    aside = np.cross(upwards, ahead)
    sine = np.linalg.norm(aside)
    if sine < SMALLEST_SINE:
        raise DataError(f"{place}: view {view.tolist()} and up {up.tolist()} are parallel, and give no orientation.")
    aside = aside / sine
    return np.stack([ahead, aside, np.cross(ahead, aside)], axis=-1)


def in_room(
    place: str,
    local: Float[np.ndarray, "n 3"],
    position: Float[np.ndarray, "3"],
    view: Float[np.ndarray, "3"],
    up: Float[np.ndarray, "3"],
) -> Float[np.ndarray, "n 3"]:
    """Return where in the room things are whose places an object's own coordinates give, m.

    Parameters
    ----------
    place
        File and object, for messages.
    local
        Where they are for the object, m.
    position, view, up
        Where the object is in the room, m, and how it is turned, any length. Without things off the object's own
        position, it does not matter how it is turned.

    Raises
    ------
    DataError
        As of `axes`.
    """
    if not local.any():
        return np.broadcast_to(position, local.shape)
    return position + local @ axes(place, view, up).T
