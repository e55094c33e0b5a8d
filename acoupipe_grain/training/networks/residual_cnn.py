"""The network of `ResidualCNN`: stages of residual blocks, and what makes maps and sources of them."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jax import Array
from jaxtyping import Float

from acoupipe_grain.training.networks.layers import Layers, linear
from acoupipe_grain.training.networks.pre_activation import PreActivationBlock
from acoupipe_grain.training.networks.source_output import sources_of

_NUM_FLATTENED = 16
_COARSENESS = 4


class ResidualNetwork(nnx.Module):
    """A residual network; `ResidualCNN` says what it is.

    Parameters
    ----------
    options
        What it is like.
    input_shape
        (x, y, frequency) or (mic, mic, frequency).
    map_shape
        (x, y, frequency) of the map that comes out; None: none does.
    source_sizes
        Numbers of sources, coordinates and frequencies; None: no sources come out.
    rngs
        Where initial values and dropout get their random numbers.
    """

    def __init__(
        self,
        options: Any,
        *,
        input_shape: tuple[int, ...],
        map_shape: tuple[int, ...] | None,
        source_sizes: tuple[int, int, int] | None,
        rngs: nnx.Rngs,
    ) -> None:
        layers = Layers(2, rngs, options.activation, options.initializer, options.norm)
        filters, sizes = _filters_and_sizes(options, input_shape)
        self.first = layers.convolution(input_shape[-1], options.num_filters)
        self.stages: nnx.List[Stage] = nnx.List()
        channels = options.num_filters
        for count, stride in zip(filters, options.strides, strict=True):
            self.stages.append(Stage(options, channels, count, stride, layers))
            channels = count
        has_places = options.input_kind == "map"
        is_needed = source_sizes is not None or not has_places
        self.whole = Whole(options, channels, sizes, layers) if is_needed else None
        self.sources = None if source_sizes is None else WholeToSources(options.width, source_sizes, rngs)
        of_stages, of_whole = (map_shape, None) if has_places else (None, map_shape)
        self.map_of_stages = None if of_stages is None else StagesToMap(filters, of_stages, layers)
        self.map_of_whole = None if of_whole is None else WholeToMap(options, of_whole, layers)

    def __call__(self, x: Float[Array, "batch x y frequency"]) -> dict[str, Array]:
        """Return what the outputs say, by name, of a batch of maps or matrices."""
        x = self.first(x)
        features = []
        for stage in self.stages:
            x = stage(x)
            features.append(x)
        result = {} if self.map_of_stages is None else {"map": self.map_of_stages(features)}
        if self.whole is not None:
            whole = self.whole(features[-1])
            result |= {} if self.map_of_whole is None else {"map": self.map_of_whole(whole)}
            result |= {} if self.sources is None else self.sources(whole)
        return result


class Stage(nnx.Module):
    """Residual blocks, the first with a stride. Those that use its features norm and activate them."""

    def __init__(self, options: Any, num_inputs: int, num_filters: int, stride: int, layers: Layers) -> None:
        self.blocks: nnx.List[PreActivationBlock] = nnx.List()
        for index in range(options.num_blocks):
            keeps_shape = num_inputs == num_filters and (index > 0 or stride == 1)
            self.blocks.append(
                PreActivationBlock(
                    num_inputs,
                    num_filters,
                    layers,
                    shortcut="identity" if keeps_shape else "projection",
                    strides=1 if index else stride,
                    dropout_rate=options.dropout_rate,
                )
            )
            num_inputs = num_filters

    def __call__(self, x: Float[Array, "batch x y channel"]) -> Float[Array, "batch _x _y filter"]:
        """Return features after it."""
        for block in self.blocks:
            x = block(x)
        return x


class Whole(nnx.Module):
    """Numbers that describe an item as a whole: a linear function of all pixels of 16 channels, and its activation.

    A mean over pixels would lose where things are.
    """

    def __init__(self, options: Any, num_inputs: int, sizes: tuple[int, int], layers: Layers) -> None:
        self.norm = layers.normalization(num_inputs)
        self.reduction = layers.convolution(num_inputs, _NUM_FLATTENED, 1)
        self.linear = linear(_NUM_FLATTENED * sizes[0] * sizes[1], options.width, layers.rngs)
        self.dropout = layers.dropout(options.dropout_rate)
        self.activate = layers.activate

    def __call__(self, x: Float[Array, "batch x y channel"]) -> Float[Array, "batch width"]:
        """Return the numbers of each item."""
        flat = self.reduction(self.activate(self.norm(x))).reshape(x.shape[0], -1)
        return self.dropout(self.activate(self.linear(flat)))


class WholeToSources(nnx.Module):
    """Sources, a linear function of the numbers of an item."""

    def __init__(self, width: int, source_sizes: tuple[int, int, int], rngs: nnx.Rngs) -> None:
        self.num_sources, self.num_coordinates, num_frequencies = source_sizes
        self.linear = linear(width, self.num_sources * (1 + self.num_coordinates + num_frequencies), rngs)

    def __call__(self, whole: Float[Array, "batch width"]) -> dict[str, Array]:
        """Return the sources of each item, by name."""
        values = self.linear(whole).reshape(whole.shape[0], self.num_sources, -1)
        return sources_of(values, self.num_coordinates)


class WholeToMap(nnx.Module):
    """A map, from a coarse one (each pixel 4×4 of its) that is a linear function of the numbers of an item."""

    def __init__(self, options: Any, map_shape: tuple[int, ...], layers: Layers) -> None:
        self.map_shape = map_shape
        self.coarse_shape = (*(-(-size // _COARSENESS) for size in map_shape[:2]), options.num_filters)
        self.linear = linear(options.width, math.prod(self.coarse_shape), layers.rngs)
        self.refinement = Refinement(options.num_filters, map_shape[-1], layers)

    def __call__(self, whole: Float[Array, "batch width"]) -> Float[Array, "batch x y frequency"]:
        """Return the map of each item."""
        coarse = self.linear(whole).reshape(whole.shape[0], *self.coarse_shape)
        return self.refinement(_resized(coarse, self.map_shape))


class StagesToMap(nnx.Module):
    """A map, from the features of all stages, resized to it and added."""

    def __init__(self, filters: Sequence[int], map_shape: tuple[int, ...], layers: Layers) -> None:
        self.map_shape = map_shape
        self.norms = nnx.List([layers.normalization(count) for count in filters])
        self.projections = nnx.List([layers.convolution(count, filters[0], 1) for count in filters])
        self.activate = layers.activate
        self.refinement = Refinement(filters[0], map_shape[-1], layers)

    def __call__(self, features: Sequence[Array]) -> Float[Array, "batch x y frequency"]:
        """Return the map of each item."""
        parts = zip(self.norms, self.projections, features, strict=True)
        resized = [_resized(project(self.activate(norm(x))), self.map_shape) for norm, project, x in parts]
        return self.refinement(functools.reduce(jnp.add, resized))


class Refinement(nnx.Module):
    """3×3 convolution, norm, activation, and a 1×1 convolution to the frequencies of a map."""

    def __init__(self, num_filters: int, num_frequencies: int, layers: Layers) -> None:
        self.convolution = layers.convolution(num_filters, num_filters)
        self.norm = layers.normalization(num_filters)
        self.head = layers.convolution(num_filters, num_frequencies, 1, use_bias=True)
        self.activate = layers.activate

    def __call__(self, x: Float[Array, "batch x y channel"]) -> Float[Array, "batch x y frequency"]:
        """Return the map of each item."""
        return self.head(self.activate(self.norm(self.convolution(x))))


def _resized(x: Float[Array, "batch x y channel"], shape: Sequence[int]) -> Float[Array, "batch _x _y channel"]:
    """Return features at so many pixels, interpolated linearly."""
    return jax.image.resize(x, (x.shape[0], *shape[:2], x.shape[-1]), "linear")


def _filters_and_sizes(options: Any, shape: tuple[int, ...]) -> tuple[list[int], tuple[int, int]]:
    """Return the filters of each stage, and the pixels of the last one."""
    filters, (x, y) = [options.num_filters], shape[:2]
    for stride in options.strides:
        filters.append(filters[-1] * (2 if stride > 1 else 1))
        x, y = -(-x // stride), -(-y // stride)
    return filters[1:], (x, y)
