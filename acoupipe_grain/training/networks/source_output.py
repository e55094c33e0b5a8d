"""What networks give that describe sources one by one."""

from __future__ import annotations

import jax
from jax import Array
from jaxtyping import Float


def sources_of(values: Float[Array, "batch source value"], num_coordinates: int) -> dict[str, Array]:
    """Return numbers of each source as positions, strengths and log-odds of presence.

    Parameters
    ----------
    values
        The log-odds, the coordinates, and ln(exp(strength) − 1) for each frequency: strengths are positive, close to
        exponential functions where they are small and linear ones where they are large.
    num_coordinates
        2 or 3.

    Returns
    -------
    positions (batch, source, coordinate), strengths (batch, source, frequency) and presence (batch, source)
    """
    presence, positions, strengths = (
        values[..., 0],
        values[..., 1 : 1 + num_coordinates],
        values[..., 1 + num_coordinates :],
    )
    return {"positions": positions, "strengths": jax.nn.softplus(strengths), "presence": presence}
