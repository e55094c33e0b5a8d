"""Complex numbers as their parts: their products run several times faster on the CPU."""

from __future__ import annotations

from typing import Any, NamedTuple

from jaxtyping import Array, Float


class ComplexParts(NamedTuple):
    """Real and imaginary parts.

    Attributes
    ----------
    real, imag
        Of the same shape.
    """

    real: Float[Array, "*n"]
    imag: Float[Array, "*n"]

    def of(self, *place: Any) -> ComplexParts:
        """Return the numbers at a place of the first axes; None adds an axis at the end."""
        index = tuple(axis for axis in place if axis is not None)
        added = (..., *(None for axis in place if axis is None))
        return ComplexParts(self.real[index][added], self.imag[index][added])


def product(one: ComplexParts, other: ComplexParts) -> ComplexParts:
    """Return the products of complex numbers."""
    return ComplexParts(
        one.real * other.real - one.imag * other.imag,
        one.real * other.imag + one.imag * other.real,
    )
