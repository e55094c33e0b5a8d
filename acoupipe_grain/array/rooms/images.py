"""The image sources of a shoebox room."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from acoupipe_grain.array.rooms.room import Room


class Images(NamedTuple):
    """Mirror images of a source in the walls of a room, itself among them.

    Attributes
    ----------
    positions
        In room coordinates, m, shape (3, I).
    orientations
        1 along the axes of the room along which an image is as the source is, −1 where it is mirrored, shape (3, I).
    reflections
        Product of the pressure reflection factors of all walls that the sound has met, shape (I,).
    """

    positions: Float[np.ndarray, "3 image"]
    orientations: Float[np.ndarray, "3 image"]
    reflections: Float[np.ndarray, " image"]


@lru_cache(maxsize=8)
def cells_of_order(max_order: int) -> Int[np.ndarray, "3 cell"]:
    """Return the mirrored rooms whose images have met at most `max_order` walls, shape (3, I)."""
    cells = _box((max_order, max_order, max_order))
    cells = cells[:, np.abs(cells).sum(axis=0) <= max_order]
    cells.flags.writeable = False
    return cells


def cells_within(room: Room, distance: float) -> Int[np.ndarray, "3 cell"]:
    """Return all mirrored rooms that come as near as `distance` (m) to any point of the room, shape (3, I)."""
    cells = _box(tuple(int(count) + 1 for count in np.ceil(distance / room.size)))
    gaps = np.maximum(np.abs(cells) - 1, 0) * room.size[:, None]
    return cells[:, np.sqrt((gaps**2).sum(axis=0)) <= distance]


def image_sources(room: Room, position: Float[np.ndarray, "3"], cells: Int[np.ndarray, "3 cell"]) -> Images:
    """Return the images of a source at a position in the room (m), without those that absorbing walls leave nothing of.

    In cell n along an axis of length L the image of x is at nL + x, or at (n + 1)L − x for odd n. It has met the wall
    at 0 ⌊|n|/2⌋ times and that at L ⌈|n|/2⌉ times for n > 0, the other way round for n < 0. (J. B. Allen and D. A.
    Berkley, "Image method for efficiently simulating small-room acoustics", JASA 65, 943, 1979.)
    """
    length, source = room.size[:, None], position[:, None]
    is_mirrored = cells % 2 == 1
    positions = cells * length + np.where(is_mirrored, length - source, source)
    less, more = np.abs(cells) // 2, (np.abs(cells) + 1) // 2
    meetings = np.stack([np.where(cells > 0, less, more), np.where(cells > 0, more, less)], axis=1).reshape(6, -1)
    reflections = np.ones(cells.shape[1])
    for factor, count in zip(room.reflection_factors, meetings, strict=True):
        powers = np.cumprod(np.concatenate([[1.0], np.full(count.max(), factor)]))
        reflections *= powers[count]
    heard = reflections > 0
    orientations = np.where(is_mirrored, -1.0, 1.0)
    return Images(positions[:, heard], orientations[:, heard], reflections[heard])


def _box(reach: tuple[int, ...]) -> Int[np.ndarray, "3 cell"]:
    axes = [np.arange(-count, count + 1) for count in reach]
    return np.stack(np.meshgrid(*axes, indexing="ij")).reshape(3, -1)
