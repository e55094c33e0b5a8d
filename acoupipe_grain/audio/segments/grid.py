"""Where the segments of a recording begin: whole samples, equal lengths by construction."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from jaxtyping import Int64

from acoupipe_grain import arguments
from acoupipe_grain.errors import ArgumentError


@dataclass(frozen=True)
class SegmentGrid:
    """Segments of one length at whole multiples of a hop; segment k begins with sample floor(k · hop).

    Attributes
    ----------
    num_samples
        Length of a segment.
    hop
        From one segment's beginning to the next one's, samples, at least 1; not a whole number where
        duration · (1 − overlap) is none, and then beginnings are rounded down.
    """

    num_samples: int
    hop: Fraction

    @classmethod
    def from_seconds(cls, duration: float, overlap: float, sample_rate: int) -> SegmentGrid:
        """Return the grid of segments of a duration, in seconds, that overlap by a part of it.

        Both mean the decimal numbers as they are written: 0.28 s are 7/25 s.

        Raises
        ------
        ArgumentError
            If a segment would be shorter than a sample, the overlap is not in 0 ... 1 (1 excluded), or segments would
            begin less than a sample apart.
        """
        seconds = Fraction(repr(arguments.number("duration", duration, above=0, unit="s")))
        part = Fraction(repr(arguments.number("overlap", overlap, minimum=0, below=1)))
        num_samples = round(seconds * sample_rate)
        if num_samples < 1:
            raise ArgumentError(
                f"duration={duration!r}: is shorter than a sample at {sample_rate} Hz; expected at least "
                f"{1 / sample_rate:.3g} s."
            )
        hop = seconds * (1 - part) * sample_rate
        if hop < 1:
            raise ArgumentError(
                f"overlap={overlap!r}: segments of {num_samples} samples would begin {float(hop):.3g} samples apart; "
                f"expected at most {1 - 1 / num_samples:.6g}."
            )
        return cls(num_samples, hop)

    def count(self, num_samples: int) -> int:
        """Return how many segments a recording of `num_samples` samples has.

        Those that lie within it, one that ends with it included; a shorter recording has one, padded with zeros.
        """
        if num_samples < self.num_samples:
            return 1
        starts = num_samples - self.num_samples + 1  # so many samples may begin one
        return -(-starts * self.hop.denominator // self.hop.numerator)

    def starts(self, count: int) -> Int64[np.ndarray, " segment"]:
        """Return the first samples of the first `count` segments of a recording."""
        hop = self.hop
        return np.array([number * hop.numerator // hop.denominator for number in range(count)], dtype=np.int64)
