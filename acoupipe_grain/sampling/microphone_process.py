"""The random process over a microphone geometry: the array turned, moved, and its microphones displaced."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float

from acoupipe_grain import arguments
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.sampling.attributes import require_attribute, set_attribute
from acoupipe_grain.sampling.distribution import DistributionLike, as_distribution
from acoupipe_grain.sampling.location_processes import direction


class MicGeomSampler:
    """Turns an array about an axis, then moves it, then displaces each microphone, always from where it was at first.

    Parameters
    ----------
    target
        An object with microphone positions ``pos_total``, m, shape (3, M), such as `acoular.MicGeom`.
    random_var
        What angles, translations and displacements are drawn from: anything `acoupipe_grain.distribution` takes.
    rvec
        Axis of rotation through the origin, of any length but 0, shape (3,) or (3, 1); None: no rotation.
    rscale
        The angle is 2π · `rscale` times a drawn value, rad.
    tdir
        Factors of the translation in x, y and z: the whole array moves by `tdir` times one drawn value, m. Of shape
        (3, K): by the sum of K such translations; ``numpy.eye(3)`` moves it independently along the axes.
    ddir
        Factors of the displacements in x, y and z: each coordinate of each microphone moves by the factor times a value
        of its own, m.

    Attributes
    ----------
    mpos_init
        The positions at construction, m, shape (3, M).

    Raises
    ------
    ArgumentError
        If an argument cannot be used, or nothing would be drawn.
    """

    def __init__(
        self,
        target: Any,
        random_var: DistributionLike | Any,
        *,
        rvec: Any = None,
        rscale: float = 1.0,
        tdir: Any = (0.0, 0.0, 0.0),
        ddir: Any = (0.0, 0.0, 0.0),
    ) -> None:
        require_attribute([target], "pos_total")
        self.target = target
        self.random_var = as_distribution("random_var", random_var)
        self.axis = None if rvec is None else _unit_vector(rvec)
        self.rscale = arguments.number("rscale", rscale)
        if self.axis is None and self.rscale != 1.0:
            raise ArgumentError(f"rscale={rscale!r}: has no effect without an axis of rotation; give rvec too.")
        self.tdir = _directions(tdir)
        self.ddir = direction("ddir", ddir)
        if self.axis is None and not self.tdir.any() and not self.ddir.any():
            raise ArgumentError("rvec=None, tdir=0, ddir=0: nothing to draw; give at least one of them.")
        self.mpos_init = np.array(target.pos_total, dtype=np.float64)

    def sample(self, rng: np.random.Generator) -> Float[np.ndarray, "3 mic"]:
        """Draw and set the microphone positions; return them, m, shape (3, M)."""
        arguments.generator("rng", rng)
        positions = self.mpos_init.copy()
        if self.axis is not None:
            angle = 2 * np.pi * self.rscale * float(self.random_var.rvs(rng)[0])
            positions = rotation_matrix(self.axis, angle) @ positions
        if self.tdir.any():
            positions = positions + (self.tdir @ self.random_var.rvs(rng, self.tdir.shape[1]))[:, None]
        axes = np.flatnonzero(self.ddir)
        if axes.size:
            positions[axes] += self.ddir[axes, None] * self.random_var.rvs(rng, (axes.size, positions.shape[1]))
        set_attribute(self.target, "pos_total", positions)
        return positions


def rotation_matrix(axis: Float[np.ndarray, "3"], angle: float) -> Float[np.ndarray, "3 3"]:
    """Return the rotation about a unit axis by an angle in rad (Rodrigues' formula)."""
    x, y, z = axis
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


def _directions(tdir: Any) -> Float[np.ndarray, "3 translation"]:
    columns = np.asarray(tdir, dtype=object).T
    if columns.size == 0:
        raise ArgumentError(f"tdir={tdir!r}: expected three finite numbers, for x, y and z, or (3, K) of them.")
    return np.stack([direction("tdir", column) for column in np.atleast_2d(columns)], axis=1)


def _unit_vector(rvec: Any) -> Float[np.ndarray, "3"]:
    vector = direction("rvec", rvec)
    length = float(np.linalg.norm(vector))
    if length == 0:
        raise ArgumentError(f"rvec={rvec!r}: an axis of length 0 has no direction; use None for no rotation.")
    return vector / length
