"""Where simulations in JAX have the waveforms of sources from: drawn as they are needed, or given."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from jaxtyping import Array, Float, Int, Shaped

from acoupipe_grain.array.simulate.random_numbers import source_waveform


class DrawnWaveforms(NamedTuple):
    """White noise, drawn when it is asked for.

    Attributes
    ----------
    key
        Words of the record's key.
    """

    key: Shaped[Array, "*batch 2"]

    def of(self, source: Int[Array, ""], num_samples: int) -> Float[Array, " sample"]:
        """Return the waveform of one source of a single record, of unit variance."""
        return source_waveform(self.key, source, num_samples)


class GivenWaveforms(NamedTuple):
    """Waveforms that were drawn elsewhere.

    Attributes
    ----------
    waveforms
        Of unit power, a whole period each.
    """

    waveforms: Float[Array, "*batch source sample"]

    def of(self, source: Int[Array, ""], num_samples: int) -> Float[Array, " sample"]:
        """Return the waveform of one source of a single record."""
        del num_samples  # their own length
        return self.waveforms[source]


SourceWaveforms: TypeAlias = DrawnWaveforms | GivenWaveforms
"""Either of them."""
