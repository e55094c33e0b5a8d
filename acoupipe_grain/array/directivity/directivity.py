"""What a directivity is: the parts that a source's sound is made of, and where its axis points."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, NamedTuple, TypeAlias

import numpy as np
from jaxtyping import Float, Float32
from scipy import special

from acoupipe_grain.annotations import InFiles
from acoupipe_grain.array.directions import checked_direction, unit_vector
from acoupipe_grain.seeding import Streams

STREAM = "source_directions"
"""Name of the random stream of the sources' axes."""

TO_REFERENCE = "reference"
"""What stands for axes that point to the reference position."""

DirectionLike: TypeAlias = Annotated[Any, InFiles(str | Sequence[float] | None)]
"""Where the axes of sources point: a vector, "reference", or None for drawn ones."""


class SoundPart(NamedTuple):
    """A part of a source's sound: that of a point source, with one gain for each receiver.

    At receiver m, the distance r_m away, it gives the pressure gains[m] · waveform(t − r_m/c) / r_m.

    Attributes
    ----------
    waveform
        The waveform, periodic in its length.
    gains
        Real gains, m.
    """

    waveform: Float32[np.ndarray, " sample"]
    gains: Float[np.ndarray, " receiver"]


@dataclass(frozen=True, kw_only=True)
class Directivity(ABC):
    """How strongly sources radiate where; immutable, picklable, compared by content.

    Level: a source whose axis points to the reference position gives its waveform there, at every frequency. One whose
    axis points elsewhere gives there `reference_power` as much.

    Parameters
    ----------
    direction
        Where the sources' axes point: a vector of any length; "reference": to the reference position; None: everywhere,
        drawn uniformly over the sphere for each source.

    Attributes
    ----------
    kind
        Name of the kind of directivity in configurations.

    Raises
    ------
    ArgumentError
        If it is none of these.
    """

    direction: DirectionLike = None
    kind: ClassVar[str]

    def __post_init__(self) -> None:
        if self.direction is not None and not (isinstance(self.direction, str) and self.direction == TO_REFERENCE):
            expected = f'a vector of 3 numbers, "{TO_REFERENCE}", or None for directions that are drawn'
            object.__setattr__(self, "direction", checked_direction("direction", self.direction, expected))

    def directions(
        self,
        streams: Streams,
        index: int,
        positions: Float[np.ndarray, "3 source"],
        reference: Float[np.ndarray, "3"],
    ) -> Float[np.ndarray, "3 source"]:
        """Return the axes of a record's sources, unit vectors; source j's does not depend on how many there are.

        Parameters
        ----------
        streams
            The random streams.
        index
            Index of the record.
        positions
            Positions of the sources, m, without padding.
        reference
            The reference position, m.
        """
        num_sources = positions.shape[1]
        if self.direction is None:
            return _uniform_on_sphere(streams.uniforms(STREAM, [index], 2 * num_sources).reshape(num_sources, 2))
        if self.direction == TO_REFERENCE:
            ways = reference[:, None] - positions
            return ways / np.linalg.norm(ways, axis=0)
        return np.repeat(unit_vector(self.direction)[:, None], num_sources, axis=1)

    @abstractmethod
    def pattern(
        self, ways: Float[np.ndarray, "3 receiver"], direction: Float[np.ndarray, "3"]
    ) -> Float[np.ndarray, " receiver"]:
        """Return the pressure far away, at the same distance everywhere, relative to that on the axis.

        Parameters
        ----------
        ways
            Ways from the source to receivers, of any length.
        direction
            The source's axis, a unit vector.
        """

    @abstractmethod
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
        """Return the parts whose sum is the source's sound.

        Parameters
        ----------
        waveform
            What arrives at the reference position if the axis points to it, delayed, Pa; periodic in its length.
        position
            Position of the source, m.
        direction
            The source's axis, a unit vector.
        receivers
            Positions of the receivers, m, shape (3, R).
        reference
            The reference position, m.
        speed_of_sound
            m/s.
        sample_rate
            Hz.
        """

    def reference_power(
        self, position: Float[np.ndarray, "3"], direction: Float[np.ndarray, "3"], reference: Float[np.ndarray, "3"]
    ) -> float:
        """Return the power at the reference position relative to that of a source whose axis points to it.

        It is the same at every frequency. Parameters: see `parts`.
        """
        return float(self.pattern((reference - position)[:, None], direction)[0]) ** 2

    def to_json(self) -> dict[str, Any]:
        """Return the kind and the constructor's arguments as a JSON mapping."""
        direction = list(self.direction) if isinstance(self.direction, tuple) else self.direction
        return {"kind": self.kind, "direction": direction}


def _uniform_on_sphere(u: Float[np.ndarray, "source 2"]) -> Float[np.ndarray, "3 source"]:
    """Return unit vectors uniform on the sphere by inversion: heights are uniform (Archimedes), and so are azimuths."""
    height, azimuth = 2.0 * u[:, 0] - 1.0, 360.0 * u[:, 1]
    radius = 2.0 * np.sqrt(u[:, 0] * (1.0 - u[:, 0]))
    # NumPy's cosine changes its last bits with the processor.
    return np.stack([radius * special.cosdg(azimuth), radius * special.sindg(azimuth), height])
