"""Directivities that are sums of spherical harmonics."""

from __future__ import annotations

import math
import numbers
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any

import numpy as np
from jaxtyping import Float

from acoupipe_grain.annotations import InFiles
from acoupipe_grain.array.directivity.directivity import Directivity, SoundPart
from acoupipe_grain.array.directivity.spherical_modes import in_source_axes, largest_magnitude, modes
from acoupipe_grain.errors import ArgumentError

MAX_ORDER = 20
"""Largest degree of the harmonics."""

_NOTHING = 1e-9
"""What is nothing but rounding, relative to the largest value that there could be."""


@dataclass(frozen=True, kw_only=True)
class SphericalHarmonics(Directivity):
    """A sum of spherical harmonics D(θ, φ) = Re Σ α_lm Y_lm(θ, φ): real, and the same at all frequencies and distances.

    θ is the angle from the source's axis; φ is the angle about it, from up to aside: up is as near to y as it can be at
    right angles to the axis (x, if the axis is along y). The modes of order m = 0 are symmetric about the axis. D is
    divided by its magnitude on the axis, or, if it is zero there, by the largest one anywhere. A negative sign stays.

    The modes and their order are those that Acoular's `get_modes` describes (see `spherical_modes.modes`), with three
    differences. As of 26.8 it mixes up degree and order, so that all modes but those with m = l are silent. Its angles
    are no rotation unless the direction is at right angles to y: others change the pattern's shape. And where they are
    one, it is mirrored, and the polar axis is −y, not the direction.

    Parameters
    ----------
    coefficients
        α_lm, real or complex, at l² + l + m, that is l = 0, 1, 2, ... and within each m = −l ... l: (L + 1)² numbers
        for the order L, at most 20. In files complex ones are pairs [real, imaginary]. ``[1]`` radiates everywhere
        alike, ``[0, 0, 1, 0]`` as cos θ, ``[1, 0, 3**-0.5, 0]`` as a cardioid, (1 + cos θ)/2.
    direction
        Where the sources' axes point: a vector of any length; "reference": to the reference position; None: everywhere,
        drawn uniformly over the sphere for each source.
    """

    coefficients: Annotated[Any, InFiles(Sequence[float | Sequence[float]])]
    kind = "spherical_harmonics"

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "coefficients", _checked_coefficients(self.coefficients))
        _ = self._scale  # raises if all is silent

    @property
    def order(self) -> int:
        """The largest degree L of the harmonics."""
        return math.isqrt(len(self.coefficients)) - 1

    def pattern(
        self, ways: Float[np.ndarray, "3 receiver"], direction: Float[np.ndarray, "3"]
    ) -> Float[np.ndarray, " receiver"]:
        """Return D for each receiver."""
        return self._scale * self._sum(in_source_axes(ways, direction))

    def parts(
        self,
        waveform: Float[np.ndarray, " sample"],
        position: Float[np.ndarray, "3"],
        direction: Float[np.ndarray, "3"],
        receivers: Float[np.ndarray, "3 receiver"],
        reference: Float[np.ndarray, "3"],
        speed_of_sound: float,
        sample_rate: float,
    ) -> list[SoundPart]:
        """Return the one part that there is."""
        del speed_of_sound, sample_rate
        reference_distance = float(np.linalg.norm(reference - position))
        gains = reference_distance * self.pattern(receivers - position[:, None], direction)
        return [SoundPart(waveform.astype(np.float32), gains)]

    def to_json(self) -> dict[str, Any]:
        """Return the kind and the constructor's arguments as a JSON mapping."""
        pairs = [value.real if value.imag == 0 else [value.real, value.imag] for value in self.coefficients]
        return super().to_json() | {"coefficients": pairs}

    @cached_property
    def _weights(self) -> np.ndarray:
        """The coefficients, the largest of magnitude 1: it does not matter, and spares overflow."""
        weights = np.array(self.coefficients, dtype=np.complex128)
        largest = max(np.abs(weights.real).max(), np.abs(weights.imag).max())
        return weights / largest if largest else weights

    def _sum(self, ways: Float[np.ndarray, "3 way"]) -> Float[np.ndarray, " way"]:
        return np.real(modes(self.order, ways) @ self._weights)

    @cached_property
    def _scale(self) -> float:
        on_axis = abs(float(self._sum(np.array([[0.0], [0.0], [1.0]]))[0]))
        # No harmonic of degree l is larger than √((2l + 1)/4π) anywhere (addition theorem).
        bound = np.abs(self._weights).sum() * math.sqrt((2 * self.order + 1) / (4 * math.pi))
        if on_axis > _NOTHING * bound:
            return 1.0 / on_axis
        largest = largest_magnitude(self._sum, self.order, negligible=_NOTHING * bound)
        if largest == 0:
            raise ArgumentError(
                f"coefficients={_shown(self.coefficients)}: radiate nothing anywhere; the real part of their sum must "
                "not be 0 everywhere."
            )
        return 1.0 / largest


def _checked_coefficients(value: Any) -> tuple[complex, ...]:
    if not _is_list(value):
        raise ArgumentError(f"coefficients={value!r}: expected (L + 1)² numbers, or pairs [real, imaginary].")
    coefficients = tuple(_checked_coefficient(number, item) for number, item in enumerate(value))
    order = math.isqrt(len(coefficients)) - 1
    if len(coefficients) != (order + 1) ** 2 or not coefficients:
        raise ArgumentError(
            f"coefficients={_shown(value)}: {len(coefficients)} values; expected (L + 1)² for the order L, such as "
            f"{max(order + 1, 1) ** 2} or {(max(order, 0) + 2) ** 2}."
        )
    if order > MAX_ORDER:
        raise ArgumentError(
            f"coefficients={_shown(value)}: {len(coefficients)} values, order {order}; expected at most "
            f"{(MAX_ORDER + 1) ** 2}, order {MAX_ORDER}."
        )
    return coefficients


def _checked_coefficient(number: int, item: Any) -> complex:
    is_pair = _is_list(item) and len(item) == 2
    parts = list(item) if is_pair else [item]
    expected = numbers.Real if is_pair else numbers.Complex
    if any(isinstance(part, bool | np.bool_) or not isinstance(part, expected) for part in parts):
        raise ArgumentError(f"coefficients[{number}]={item!r}: expected a number or a pair [real, imaginary].")
    result = complex(*parts)
    if not (math.isfinite(result.real) and math.isfinite(result.imag)):
        raise ArgumentError(f"coefficients[{number}]={item!r}: expected a finite number.")
    return complex(result.real + 0.0, result.imag + 0.0)  # minus zero is zero


def _is_list(value: Any) -> bool:
    if isinstance(value, np.ndarray):
        return value.ndim > 0
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _shown(coefficients: Any) -> str:
    text = repr(coefficients)
    return text if len(text) <= 80 else f"{text[:77]}..."
