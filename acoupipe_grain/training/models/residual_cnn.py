"""Residual networks of convolutions from source maps or cross-spectral matrices to maps or sources: options."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

from acoupipe_grain import arguments
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.training.models import checks
from acoupipe_grain.training.models.checks import SOURCES, Activation, Initializer

if TYPE_CHECKING:
    import jax

    from acoupipe_grain.training.networks.residual_cnn import ResidualNetwork

InputKind: TypeAlias = Literal["map", "csm"]
Norm: TypeAlias = Literal["group", "batch"]
KEYS: Mapping[str, tuple[str, ...]] = {"map": ("map",), "sources": SOURCES, "both": ("map", *SOURCES)}
"""What an `output` gives."""


@dataclass(frozen=True, kw_only=True)
class ResidualCNN:
    """A residual network on source maps or packed cross-spectral matrices that gives a map, sources, or both.

    A 3×3 convolution, then for each of `strides` a stage of pre-activation residual blocks (norm, activation, 3×3
    convolution, twice, and the input added), the first block with that stride. Filters double where it is above 1.
    What it gives, by name:

    ========= ================= ==================================================================================
    map       (batch, x, y, f)  any real numbers, one channel for each frequency
    positions (batch, K, 2 | 3) of K sources, in the labels' unit
    strengths (batch, K, f)     positive, in the labels' unit
    presence  (batch, K)        log-odds that there is such a source
    ========= ================= ==================================================================================

    Parameters
    ----------
    input_kind
        "map": pixels of the input are places, (x, y, frequency), and so are those of the map that comes out: stages,
        each resized to it, are added. "csm": pixels are pairs of microphones, (mic, mic, frequency), the feature
        ``csmtriu`` with frequencies last; a map comes out of `width` numbers that all pairs contribute to. Sources
        alone come out of such numbers in any case: leave it out with `output` "sources".
    output
        "map", "sources" or "both".
    num_blocks
        Blocks of a stage, at least 1.
    num_filters
        Filters of the first stage, at least 1.
    strides
        Of each stage, 1 ... 4.
    width
        Numbers that describe an item as a whole, at least 1; of sources, and of the map of a matrix only, which are
        made of them.
    norm
        "group": over each item and groups of 8 channels (as many as divide them), so that items do not depend on
        their batch; "batch" (momentum 0.9).
    activation
        "relu", or "lrelu", max(x, 0.3 x).
    initializer
        Initial values of convolutions, by the name `jax.nn.initializers` has for their distribution.
    dropout_rate
        Between the convolutions of blocks, and of the `width` numbers; 0 ... 1, 1 excluded.

    Raises
    ------
    ArgumentError
        If a value has the wrong type or range, or would have no effect.

    Notes
    -----
    Blocks: He, Zhang, Ren, Sun, "Identity mappings in deep residual networks", 2016. Sum of resized stages: Lin et
    al., "Feature pyramid networks for object detection", 2017. Positions and strengths from source maps: Kujawski,
    Herold, Sarradj, "A deep learning method for grid-free localization and quantification of sound sources", J.
    Acoust. Soc. Am. 146, 2019. From cross-spectral matrices: Castellini et al., "A neural network based microphone
    array approach to grid-less noise source localization", Appl. Acoust. 177, 2021.
    """

    input_kind: InputKind = "map"
    output: Literal["map", "sources", "both"] = "map"
    num_blocks: int = 2
    num_filters: int = 32
    strides: Sequence[int] = (1, 2, 2)
    width: int = 256
    norm: Norm = "group"
    activation: Activation = "relu"
    initializer: Initializer = "he_normal"
    dropout_rate: float = 0.0

    def __post_init__(self) -> None:
        if not isinstance(self.strides, list | tuple) or not self.strides:
            raise ArgumentError(f"strides={self.strides!r}: expected a list with one stride for each stage, [1, 2, 2].")
        checked = {
            "input_kind": arguments.choice("input_kind", self.input_kind, get_args(InputKind)),
            "output": arguments.choice("output", self.output, KEYS),
            "num_blocks": arguments.integer("num_blocks", self.num_blocks, minimum=1),
            "num_filters": arguments.integer("num_filters", self.num_filters, minimum=1),
            "strides": tuple(arguments.integer("strides", item, minimum=1, maximum=4) for item in self.strides),
            "width": arguments.integer("width", self.width, minimum=1),
            "norm": arguments.choice("norm", self.norm, get_args(Norm)),
            "activation": arguments.choice("activation", self.activation, checks.ACTIVATIONS),
            "initializer": arguments.choice("initializer", self.initializer, checks.INITIALIZERS),
            "dropout_rate": checks.dropout_rate(self.dropout_rate),
        }
        for name, value in checked.items():
            object.__setattr__(self, name, value)
        self._require_effect()

    def _require_effect(self) -> None:
        """Raise `ArgumentError` if an option would have no effect."""
        if self.output == "sources":
            reason = "output='sources' comes from all pixels together, whatever they are; choose another output"
            checks.require_default(self, "input_kind", reason)
        if (self.input_kind, self.output) == ("map", "map"):
            reason = "a map comes from the pixels of a map; choose another output or input_kind"
            checks.require_default(self, "width", reason)

    def build(
        self, inputs: jax.ShapeDtypeStruct, outputs: Mapping[str, jax.ShapeDtypeStruct], *, rngs: Any
    ) -> ResidualNetwork:
        """Return the network.

        Parameters
        ----------
        inputs
            An item that goes in: (x, y, frequency) or (mic, mic, frequency).
        outputs
            What comes out, by name: map (x, y, frequency); positions (source, coordinate), strengths
            (source, frequency), presence (source,).
        rngs
            `flax.nnx.Rngs` of initial values and dropout.

        Raises
        ------
        ArgumentError
            If flax is missing, or the shapes do not suit the options.
        """
        checks.require_flax()
        from acoupipe_grain.training.networks.residual_cnn import ResidualNetwork

        axes = ("x", "y", "frequency") if self.input_kind == "map" else ("mic", "mic", "frequency")
        given = checks.shape_of("inputs", inputs, axes)
        if self.input_kind == "csm" and given[0] != given[1]:
            raise ArgumentError(f"inputs={given}: no square matrices; give some, or input_kind='map'.")
        checks.require_keys(outputs, KEYS[self.output], f"output={self.output!r}")
        has_map, has_sources = "map" in outputs, "presence" in outputs
        of_map = checks.shape_of("outputs['map']", outputs["map"], ("x", "y", "frequency")) if has_map else None
        sources = checks.source_sizes(outputs) if has_sources else None
        return ResidualNetwork(self, input_shape=given, map_shape=of_map, source_sizes=sources, rngs=rngs)
