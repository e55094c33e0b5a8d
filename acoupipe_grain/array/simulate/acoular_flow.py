"""Uniform flow with Acoular's point sources, whose delays are right and whose levels are not.

Acoular's `UniformFlowEnvironment` has the distance R = cτ that sound would come at rest in its travel time τ. Its point
sources delay by R/c, which is exact, and spread with 1/R; the convected wave equation asks for 1/R* (see
`acoupipe_grain.array.flow`). The two differ by R/R* = 1/(1 + M cos θ'), θ' between flow and wave front normal: by a
tenth at Mach 0.1 up- and downstream.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float

from acoupipe_grain.array.flow import UniformFlow
from acoupipe_grain.array.geometry_acoular import import_acoular


def flow_environment(flow: UniformFlow, speed_of_sound: float) -> Any:
    """Return Acoular's environment of a flow.

    Parameters
    ----------
    flow
        The flow. Acoular's direction, too, is the one that the medium moves to.
    speed_of_sound
        m/s.
    """
    acoular = import_acoular()
    return acoular.UniformFlowEnvironment(c=speed_of_sound, ma=flow.mach, fdv=np.array(flow.direction))


def convected_gains(
    flow: UniformFlow, position: Float[np.ndarray, "3"], receivers: Float[np.ndarray, "3 receiver"]
) -> Float[np.ndarray, " receiver"]:
    """Return R/R*, by which Acoular's signals in a `flow_environment` are to be multiplied at each receiver.

    A waveform times R* of the reference position, radiated by Acoular's point source and multiplied by these gains,
    arrives at the reference position with its own level.

    Parameters
    ----------
    flow
        The flow.
    position
        Position of the source, m.
    receivers
        Positions of the receivers, m, shape (3, R).
    """
    return flow.travel_distances(position, receivers) / flow.spreading_distances(position, receivers)
