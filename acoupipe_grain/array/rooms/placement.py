"""Where the array can stand in a room: array, grid and sources inside, away from the walls."""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float

from acoupipe_grain.array.locations import AxisLocations, Locations
from acoupipe_grain.array.measurement import MeasurementSetup
from acoupipe_grain.array.rooms.room import array_axes
from acoupipe_grain.sampling import Distribution

_YAW_STEP = 0.25
"""Degrees between the directions that are looked at; the extents in between are less than 1e-5 larger."""


def fixed_points(setup: MeasurementSetup) -> Float[np.ndarray, "3 point"]:
    """Return microphones, reference position and the grid's corners, in the array's coordinates, m."""
    return np.concatenate([setup.receivers, setup.grid.corners], axis=1)


def possible_sources(setup: MeasurementSetup, locations: Locations) -> Float[np.ndarray, "3 point"]:
    """Return corners of the space in which sources can be, as far as it is known, m."""
    corners = setup.grid.corners
    if not isinstance(locations, AxisLocations) or locations.on_plane:
        return corners
    heights = [height for height in locations.axes[2].range if math.isfinite(height)]
    moved = [np.concatenate([corners[:2], np.full((1, 4), height)]) for height in heights]
    return np.concatenate([corners, *moved], axis=1)


def array_positions(
    size: Float[np.ndarray, "3"], yaw: float, points: Float[np.ndarray, "3 point"], wall_distance: float
) -> tuple[Float[np.ndarray, "3"], Float[np.ndarray, "3"]]:
    """Return the lowest and the highest position of the array, in room coordinates, with all points in the room.

    Parameters
    ----------
    size
        Of the room, m.
    yaw
        Where the array looks, degrees.
    points
        What must be in the room, in the array's coordinates, m.
    wall_distance
        How far away from the walls, m.

    Returns
    -------
    tuple
        Where lowest is above highest, the points do not fit.
    """
    turned = array_axes(yaw) @ points
    return wall_distance - turned.min(axis=1), size - wall_distance - turned.max(axis=1)


def directions(yaw: Distribution) -> Float[np.ndarray, " yaw"]:
    """Return the directions in which the array can look, closely spaced, degrees; none if they are not known."""
    low, high = yaw.range
    if not (math.isfinite(low) and math.isfinite(high)):
        return np.empty(0)
    high = min(high, low + 360.0)
    return np.linspace(low, high, math.ceil((high - low) / _YAW_STEP) + 1)
