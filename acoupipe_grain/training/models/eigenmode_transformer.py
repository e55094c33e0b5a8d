"""Transformers from eigenmodes of cross-spectral matrices to sources: options."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from acoupipe_grain import arguments
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.training.models import checks
from acoupipe_grain.training.models.checks import SOURCES

if TYPE_CHECKING:
    import jax

    from acoupipe_grain.training.networks.eigenmode_transformer import EigenmodeNetwork


@dataclass(frozen=True, kw_only=True)
class EigenmodeTransformer:
    """A transformer whose tokens are eigenvectors, scaled by their eigenvalues: sources come out one by one.

    The input is the feature ``eigmode``: in column i of each frequency's matrix λᵢ vᵢ, eigenvalues ascending, Pa². A
    token is √M vᵢ s(λᵢ), real and imaginary parts of its M entries, with s(λ) = ln(1 + λ/p₀²) / ln(1 + 1 Pa²/p₀²) and
    p₀ = 20 µPa: as long as the sound pressure level of the mode is high, from 0 at the threshold of hearing to √M at
    94 dB. Eigenvalues spread over many orders of magnitude; without the logarithm the weaker sources would vanish
    beside the strongest. The scale is an absolute one and goes up with λ always: unlike what is divided by its largest
    value or by a mean, tokens still say how loud sources are.

    Tokens are embedded linearly, with a learned vector added for the rank of the eigenvalue and for the frequency. An
    encoder of pre-norm blocks (attention between all tokens, then a network of 2 layers) follows. For each of K
    sources, a learned query attends to the others and to the tokens; which query gives which source is not fixed, so
    that losses must not depend on the order. What it gives, by name:

    ========= ================= ============================================
    positions (batch, K, 2 | 3) of K sources, in the labels' unit
    strengths (batch, K, f)     positive, in the labels' unit
    presence  (batch, K)        log-odds that there is such a source
    ========= ================= ============================================

    Parameters
    ----------
    num_layers
        Blocks of the encoder, at least 1.
    num_heads
        Heads of attention, a divisor of `width`.
    width
        Numbers of an embedded token.
    num_tokens
        Eigenvectors of a frequency that are kept, those of the largest eigenvalues; None: all.
    dropout_rate
        Of what blocks add, 0 ... 1, 1 excluded.

    Raises
    ------
    ArgumentError
        If a value has the wrong type or range, or values do not go together.

    Notes
    -----
    Eigenmodes as tokens: Kujawski, Sarradj, "Fast grid-free strength mapping of multiple sound sources from microphone
    array data using a Transformer architecture", J. Acoust. Soc. Am. 152, 2022 (12 layers and 12 heads there, tokens
    without logarithm, all joined in one vector for all sources, strengths relative to each other). Queries: Carion et
    al., "End-to-end object detection with transformers", 2020.
    """

    num_layers: int = 4
    num_heads: int = 8
    width: int = 128
    num_tokens: int | None = None
    dropout_rate: float = 0.1

    def __post_init__(self) -> None:
        count = self.num_tokens
        checked = {
            "num_layers": arguments.integer("num_layers", self.num_layers, minimum=1),
            "num_heads": arguments.integer("num_heads", self.num_heads, minimum=1),
            "width": arguments.integer("width", self.width, minimum=1),
            "num_tokens": None if count is None else arguments.integer("num_tokens", count, minimum=1),
            "dropout_rate": checks.dropout_rate(self.dropout_rate),
        }
        for name, value in checked.items():
            object.__setattr__(self, name, value)
        if self.width % self.num_heads:
            raise ArgumentError(
                f"width={self.width}: no multiple of num_heads={self.num_heads}; give "
                f"{-(-self.width // self.num_heads) * self.num_heads}, or another number of heads."
            )

    def build(
        self, inputs: jax.ShapeDtypeStruct, outputs: Mapping[str, jax.ShapeDtypeStruct], *, rngs: Any
    ) -> EigenmodeNetwork:
        """Return the network.

        Parameters
        ----------
        inputs
            An item that goes in: complex (frequency, mic, mode), or real numbers (frequency, mic, mode, 2), its real
            and imaginary part.
        outputs
            What comes out, by name: positions (source, coordinate), strengths (source, frequency), presence
            (source,).
        rngs
            `flax.nnx.Rngs` of initial values and dropout.

        Raises
        ------
        ArgumentError
            If flax is missing, or the shapes do not suit the options.
        """
        checks.require_flax()
        from acoupipe_grain.training.networks.eigenmode_transformer import EigenmodeNetwork

        axes = ("frequency", "mic", "mode")
        given = checks.shape_of("inputs", inputs, axes, (*axes, "2"))
        is_complex = inputs.dtype.kind == "c"
        if is_complex != (len(given) == 3) or given[3:] not in ((), (2,)):
            raise ArgumentError(
                f"inputs={given} of {inputs.dtype}: expected complex numbers (frequency, mic, mode), or real ones "
                "(frequency, mic, mode, 2)."
            )
        if (self.num_tokens or 1) > given[2]:
            raise ArgumentError(f"num_tokens={self.num_tokens}: there are {given[2]} modes; give at most as many.")
        checks.require_keys(outputs, SOURCES, "EigenmodeTransformer")
        return EigenmodeNetwork(
            self,
            num_frequencies=given[0],
            num_mics=given[1],
            num_modes=self.num_tokens or given[2],
            source_sizes=checks.source_sizes(outputs),
            rngs=rngs,
        )
