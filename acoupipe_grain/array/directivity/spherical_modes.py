"""Spherical harmonics about a source's axis, and the largest value of what they add up to."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from jaxtyping import Complex, Float
from scipy import special

Pattern: TypeAlias = Callable[[Float[np.ndarray, "3 way"]], Float[np.ndarray, " way"]]
"""A function that gives the pattern's value for each of a number of unit vectors in the source's own axes."""

_MAX_STARTS = 200
_UP = np.array([0.0, 1.0, 0.0])
_ASIDE = np.array([1.0, 0.0, 0.0])


def in_source_axes(ways: Float[np.ndarray, "3 way"], direction: Float[np.ndarray, "3"]) -> Float[np.ndarray, "3 way"]:
    """Return unit vectors along `ways` in the source's own axes: up, aside, and along its direction.

    Up is as near to y as it can be at right angles to the direction (x, if the direction is along y), and aside such
    that the three are right-handed: the source is turned as a whole, upright.
    """
    up = _UP - direction[1] * direction
    if np.linalg.norm(up) < 1e-6:
        up = _ASIDE - direction[0] * direction
    up /= np.linalg.norm(up)
    turned = np.stack([up, np.cross(direction, up), direction]) @ ways
    return turned / np.linalg.norm(turned, axis=0)


def modes(order: int, ways: Float[np.ndarray, "3 way"]) -> Complex[np.ndarray, "way mode"]:
    """Return spherical harmonics up to an order, those of degree l and order m in column l² + l + m.

    They are the modes that Acoular's `get_modes` describes, with the Condon-Shortley phase: for m ≥ 0
    Y_lm = √((2l+1)/4π (l−m)!/(l+m)!) P_lm(cos θ) e^{jmφ}, and j times the conjugate of Y_lm for m < 0, so that the real
    parts of all of them are an orthogonal basis of real patterns.

    Parameters
    ----------
    order
        The largest degree l.
    ways
        Unit vectors in the source's own axes: θ is the angle from the third, φ that from the first to the second.
    """
    polar = np.arctan2(np.hypot(ways[0], ways[1]), ways[2])
    azimuth = np.arctan2(ways[1], ways[0])
    values = np.empty((ways.shape[1], (order + 1) ** 2), dtype=np.complex128)
    for degree in range(order + 1):
        middle = degree * (degree + 1)
        for m in range(degree + 1):
            mode = special.sph_harm_y(degree, m, polar, azimuth)
            # The conjugate of the order −m is (−1)^m times the order m.
            values[:, middle - m] = (-1) ** m * 1j * mode
            values[:, middle + m] = mode
    return values


def largest_magnitude(pattern: Pattern, order: int, negligible: float = 0.0) -> float:
    """Return the largest magnitude of a pattern of spherical harmonics up to an order.

    Along every great circle the pattern is a trigonometric polynomial of that degree: at an angle δ from its largest
    magnitude it has still cos(order · δ) of it. So the search goes uphill from the points of a grid that have as much,
    from the highest of them if they are many, as on a ring. If none on the grid is more than `negligible`, it is 0.
    """
    step = math.pi / (4 * (order + 1))
    ways = _grid(step)
    magnitudes = np.abs(pattern(ways))
    if magnitudes.max() <= negligible:
        return 0.0
    highest = np.argsort(-magnitudes, kind="stable")[:_MAX_STARTS]
    ways = ways[:, highest[magnitudes[highest] >= math.cos(order * step / math.sqrt(2)) * magnitudes.max()]]
    while step > 1e-9:
        neighbours = _neighbours(ways, step)
        magnitudes = np.abs(pattern(neighbours.reshape(3, -1))).reshape(neighbours.shape[1:])
        ways = np.take_along_axis(neighbours, magnitudes.argmax(axis=0)[None, None], axis=1)[:, 0]
        step *= 0.6
    return float(magnitudes.max())


def _grid(step: float) -> Float[np.ndarray, "3 way"]:
    """Return unit vectors at most `step` apart in polar angle and azimuth, poles included."""
    count = math.ceil(math.pi / step)
    polar, azimuth = np.meshgrid(np.linspace(0, np.pi, count + 1), np.arange(2 * count) * (np.pi / count))
    ways = np.stack([np.sin(polar) * np.cos(azimuth), np.sin(polar) * np.sin(azimuth), np.cos(polar)])
    return ways.reshape(3, -1)


def _neighbours(ways: Float[np.ndarray, "3 way"], step: float) -> Float[np.ndarray, "3 neighbour way"]:
    """Return each unit vector and eight others around it."""
    least = np.eye(3)[:, np.abs(ways).argmin(axis=0)]
    one = np.cross(ways, least, axis=0)
    one /= np.linalg.norm(one, axis=0)
    other = np.cross(ways, one, axis=0)
    shifts = np.array([(a, b) for a in (0, -step, step) for b in (0, -step, step)])
    moved = ways[:, None] + shifts[:, :1] * one[:, None] + shifts[:, 1:] * other[:, None]
    return moved / np.linalg.norm(moved, axis=0)
