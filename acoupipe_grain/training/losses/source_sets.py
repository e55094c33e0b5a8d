"""Loss of a set of predicted sources, which have no order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from acoupipe_grain import arguments
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.training.losses.assignment import Solver, assigned_queries, require_solver
from acoupipe_grain.training.losses.maps import level


@dataclass(frozen=True, kw_only=True)
class SourceSetLoss:
    r"""The smallest loss over all ways to assign an item's true sources to a model's queries.

    For an item with n sources j, assigned to queries q(j) of K, the loss is

    .. math::
        \min_q \frac1n \sum_j \left( w_p |x_{q(j)} - x_j| + w_L \overline{|L_{q(j)} - L_j|} \right)
        + \frac{w_o}{K} \sum_k \mathrm{BCE}(z_k, k \in q)

    with positions x, levels L averaged over frequencies, and presence logits z: assigned queries learn to be present,
    where and how loud, all others to be absent. The assignment minimises this very sum, so the loss does not depend on
    the order of queries or of sources, also where several assignments are equally good. As in Carion et al.
    (End-to-end object detection with transformers, ECCV 2020), gradients do not flow through the assignment. Without
    sources, only the absence counts; padding is never assigned.

    Parameters
    ----------
    position_weight
        Weight w_p of the mean distance, 1/m.
    level_weight
        Weight w_L of the mean absolute level error, 1/dB.
    presence_weight
        Weight w_o of the mean cross-entropy of presence.
    floor
        Power about which the levels end, Pa²: they are 10 lg(p² + floor).
    assignment
        Who solves it: "optax" on the device, "scipy" on the host.

    Raises
    ------
    ArgumentError
        If a weight is negative or the floor not above 0, the assignment has another name, or optax is needed and not
        installed.
    """

    position_weight: float = 10.0
    level_weight: float = 0.1
    presence_weight: float = 1.0
    floor: float = 1e-4
    assignment: Solver = "optax"

    def __post_init__(self) -> None:
        for name in ("position_weight", "level_weight", "presence_weight"):
            object.__setattr__(self, name, arguments.number(name, getattr(self, name), minimum=0))
        object.__setattr__(self, "floor", arguments.number("floor", self.floor, above=0, unit="Pa²"))
        require_solver("assignment", self.assignment)

    def __call__(
        self,
        outputs: Mapping[str, Float[Array, "batch ..."]],
        loc: Float[Array, "batch 3 source"],
        strengths: Float[Array, "batch freq source"],
        source_mask: Bool[Array, "batch source"],
    ) -> Float[Array, " batch"]:
        """Return one loss for each item of a batch; pure, to be jitted and differentiated.

        Parameters
        ----------
        outputs
            "positions" (batch, K, d), m, d = 2 or 3: x, y, and z if it is predicted; "strengths" (batch, K, F), powers
            of at least 0, Pa²; "presence" (batch, K), logits.
        loc
            True positions, m, shape (batch, 3, J) with J ≤ K.
        strengths
            True powers, Pa², shape (batch, F, J).
        source_mask
            Which of the J are sources, shape (batch, J).

        Raises
        ------
        ArgumentError
            If an output is missing, or shapes do not fit.
        """
        _require_fit(outputs, loc.shape, strengths.shape)
        presence = outputs["presence"]
        pairs = self._pairs(outputs, loc, strengths)
        num_sources = jnp.maximum(jnp.sum(source_mask, axis=-1), 1)
        # Being assigned turns a query's softplus(z) into softplus(−z): that is −z of difference.
        gained = -self.presence_weight / presence.shape[-1] * presence
        cost = pairs / num_sources[:, None, None] + gained[:, :, None]
        queries = assigned_queries(cost, source_mask, self.assignment)
        of_sources = jnp.take_along_axis(cost, queries[:, None, :], axis=1)[:, 0, :]
        all_absent = self.presence_weight * jnp.mean(jax.nn.softplus(presence), axis=-1)
        return all_absent + jnp.sum(jnp.where(source_mask, of_sources, 0), axis=-1)

    def _pairs(
        self,
        outputs: Mapping[str, Float[Array, "batch ..."]],
        loc: Float[Array, "batch 3 source"],
        strengths: Float[Array, "batch freq source"],
    ) -> Float[Array, "batch query source"]:
        """Return the weighted distance and level error of every query from every source."""
        predicted = outputs["positions"]
        true = jnp.swapaxes(loc, -1, -2)[..., : predicted.shape[-1]]
        distances = _length(predicted[:, :, None, :] - true[:, None, :, :])
        levels = level(outputs["strengths"], self.floor)[:, :, None, :]
        true_levels = level(jnp.swapaxes(strengths, -1, -2), self.floor)[:, None, :, :]
        level_errors = jnp.mean(jnp.abs(levels - true_levels), axis=-1)
        return self.position_weight * distances + self.level_weight * level_errors


def _length(vectors: Float[Array, "*axes dim"]) -> Float[Array, "*axes"]:
    """Return their lengths; the slope at 0 is 0, where that of a square root would be infinite."""
    squared = jnp.sum(vectors**2, axis=-1)
    is_zero = squared == 0
    return jnp.where(is_zero, 0, jnp.sqrt(jnp.where(is_zero, 1, squared)))


def _require_fit(
    outputs: Mapping[str, Float[Array, "batch ..."]], loc: tuple[int, ...], strengths: tuple[int, ...]
) -> None:
    missing = [name for name in ("positions", "strengths", "presence") if name not in outputs]
    if missing:
        raise ArgumentError(f"outputs: lack {', '.join(missing)}; there are {', '.join(outputs) or 'none'}.")
    shapes = {name: outputs[name].shape for name in ("positions", "strengths", "presence")}
    batch, _, num_sources = loc
    num_queries = shapes["presence"][-1]
    dimensions = shapes["positions"][-1]
    expected = {
        "positions": (batch, num_queries, dimensions if dimensions in (2, 3) else 3),
        "strengths": (batch, num_queries, strengths[1]),
        "presence": (batch, num_queries),
    }
    for name, shape in shapes.items():
        if shape != expected[name]:
            raise ArgumentError(f"outputs[{name!r}]: has shape {shape}; expected {expected[name]}.")
    if strengths != (batch, strengths[1], num_sources):
        raise ArgumentError(f"strengths: have shape {strengths}; expected {(batch, strengths[1], num_sources)}.")
