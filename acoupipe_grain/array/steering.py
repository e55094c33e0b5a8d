"""Steering vectors in the four formulations of Sarradj (2012).

Source: E. Sarradj, "Three-dimensional acoustic source mapping with different beamforming steering vector
formulations", Advances in Acoustics and Vibration, 2012, article 292695.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Complex, Float

from acoupipe_grain.array.geometry import distances
from acoupipe_grain.errors import unknown_name

FORMULATIONS = {"I": "classic", "II": "inverse", "III": "true level", "IV": "true location"}
"""Formulations by Sarradj's number, with the names Acoular uses."""


def canonical_formulation(name: Any) -> str:
    """Return "I" ... "IV" for a formulation's number or Acoular name."""
    for number, acoular_name in FORMULATIONS.items():
        if name in (number, acoular_name):
            return number
    raise unknown_name("steering formulation", name, [*FORMULATIONS, *FORMULATIONS.values()])


def transfer_vectors(
    points: Float[np.ndarray, "3 point"],
    mic_positions: Float[np.ndarray, "3 mic"],
    reference: Float[np.ndarray, "3"],
    wavenumbers: Float[np.ndarray, " freq"],
) -> Complex[np.ndarray, "freq point mic"]:
    """Return the monopole transfer from the reference position to the microphones, (r₀/rₘ) e^{−jk(rₘ−r₀)}.

    Parameters
    ----------
    points
        Source positions, m, shape (3, P).
    mic_positions
        m, shape (3, M).
    reference
        Position where the transfer is 1, m, shape (3,).
    wavenumbers
        k = 2πf/c, rad/m, shape (F,).
    """
    to_mics = distances(points, mic_positions)
    to_reference = distances(points, reference[:, None])
    return (to_reference / to_mics) * np.exp(-1j * wavenumbers[:, None, None] * (to_mics - to_reference))


def steering_vectors(
    transfer: Complex[np.ndarray, "*batch mic"], formulation: str
) -> Complex[np.ndarray, "*batch mic"]:
    """Return the steering vectors h of transfer vectors a; a map is b = hᴴ C h.

    I: a/(M|a|) per microphone, II: a/(M|a|²) per microphone, III: a/(aᴴa), IV: a/√(M aᴴa).
    """
    num_mics = transfer.shape[-1]
    magnitude = np.abs(transfer)
    power = np.sum(magnitude**2, axis=-1, keepdims=True)
    divisor = {
        "I": num_mics * magnitude,
        "II": num_mics * magnitude**2,
        "III": power,
        "IV": np.sqrt(num_mics * power),
    }[canonical_formulation(formulation)]
    return transfer / divisor
