"""From requested features of audio to one pure function that computes shared steps once."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

import jax
import jax.numpy as jnp

from acoupipe_grain import arguments
from acoupipe_grain.audio.features.frame_steps import INPUTS, STATIC, STEPS, frames_of
from acoupipe_grain.audio.features.framing import Framing
from acoupipe_grain.audio.features.registry import (
    FrameFeature,
    frame_feature,
    option_defaults,
    quantity_names,
    registered_frame_features,
)
from acoupipe_grain.audio.features.requested import require_distinct
from acoupipe_grain.audio.features.transforming import transformed
from acoupipe_grain.callables import function_hash
from acoupipe_grain.errors import ArgumentError, unknown_name
from acoupipe_grain.named_functions import narrowed_result, parameter_names
from acoupipe_grain.one_at_a_time import OneAtATime
from acoupipe_grain.specs import ArraySpec

FEATURES_VERSION = 1
"""Changes when the same audio gives other features."""


@dataclass(frozen=True)
class _Node:
    compute: Callable[..., Any]
    arguments: tuple[str, ...]  # keys of the values its parameters take
    options: dict[str, Any]
    feature: str  # name of the feature that it is needed for


@dataclass(eq=False)
class FrameFeatureGraph:
    """Features of a segment of audio as one function of the samples that are read for it; picklable.

    Parameters
    ----------
    features
        Features with distinct keys.
    framing
        The frames.
    num_samples
        Length of a segment, at least 1.

    Attributes
    ----------
    num_frames
        How many frames a segment has; 0 if no feature needs them.
    num_samples_read
        How many samples from the beginning of a segment on the features need, at least `num_samples`.

    Raises
    ------
    ArgumentError
        If two features have the same key, one needs what there is not, or a segment has no frame and one is needed.
    """

    features: tuple[FrameFeature, ...]
    framing: Framing
    num_samples: int
    num_frames: int = field(init=False)
    num_samples_read: int = field(init=False)
    _nodes: dict[str, _Node] = field(default_factory=dict, init=False, repr=False)
    _outputs: dict[str, str] = field(default_factory=dict, init=False, repr=False)
    _inputs: set[str] = field(default_factory=set, init=False, repr=False)

    def __post_init__(self) -> None:
        self.num_samples = arguments.integer("num_samples", self.num_samples, minimum=1)
        require_distinct(self.features)
        for item in self.features:
            self._outputs[item.key] = self._add("feature", item.name, item.compute, dict(item.options))
        if "frames" in self._inputs:
            self.num_frames = self.framing.num_frames(self.num_samples)
            self.num_samples_read = self.framing.num_samples_read(self.num_samples)
        else:
            self.num_frames, self.num_samples_read = 0, self.num_samples

    def _add(
        self, kind: str, name: str, compute: Callable[..., Any], given: Mapping[str, Any], above: tuple[str, ...] = ()
    ) -> str:
        """Add a feature or step and all it needs, and return its key; `above` names what led to it."""
        if name in above:
            cycle = " -> ".join([*above[above.index(name) :], name])
            raise ArgumentError(f"feature {name!r} needs itself: {cycle}.")
        options = _options(name, compute, given)
        key = f"{kind} {name} {json.dumps(options, sort_keys=True, default=repr)}"
        if key not in self._nodes:
            needs = parameter_names(compute, keyword_only=False)
            keys = tuple(self._value_of(need, options, (*above, name)) for need in needs)
            own = parameter_names(compute, keyword_only=True)
            asked = (*above, name)[0]
            self._nodes[key] = _Node(compute, keys, {option: options[option] for option in own}, asked)
        return key

    def _value_of(self, name: str, options: Mapping[str, Any], above: tuple[str, ...]) -> str:
        """Return the key under which the evaluation finds what the parameter `name` needs, adding it if new."""
        if name in INPUTS:
            self._inputs.add(name)
        if name in (*INPUTS, *STATIC):
            return name
        if name in STEPS:
            step = STEPS[name]
            passed_on = {option: options[option] for option in option_defaults(step)}
            return self._add("step", name, step, passed_on, above)
        if name in registered_frame_features():
            return self._add("feature", name, frame_feature(name).compute, {}, above)
        known = quantity_names() | set(registered_frame_features())
        raise unknown_name(f"quantity needed by feature {above[-1]!r}:", name, known)

    @property
    def needs_computation(self) -> bool:
        """Whether there is anything else than the raw audio."""
        return any(item.name != "audio" for item in self.features)

    @cached_property
    def waits_for_threads(self) -> bool:
        """Whether the computation holds operations as `OneAtATime` keeps apart; found by tracing it."""
        compute = OneAtATime()
        shape = jax.ShapeDtypeStruct((self.num_samples_read,), jnp.float32)
        jax.eval_shape(partial(self._computed, compute=compute), shape)
        return compute.has_waited

    def __call__(self, audio: Any) -> dict[str, jax.Array]:
        """Compute all features; pure and jittable.

        Parameters
        ----------
        audio
            Shape (..., `num_samples_read`).

        Returns
        -------
        dict
            Arrays of shape (..., *axes) by key, of at most 32 bits.
        """
        return self._computed(audio, OneAtATime())

    def _computed(self, audio: Any, compute: OneAtATime) -> dict[str, jax.Array]:
        audio = jnp.asarray(audio, dtype=jnp.float32)
        if audio.shape[-1:] != (self.num_samples_read,):
            raise ArgumentError(
                f"audio: has the shape {audio.shape}; expected (..., {self.num_samples_read}): segments of "
                f"{self.num_samples} samples with all that their frames need."
            )
        values: dict[str, Any] = {"framing": self.framing, "audio": audio[..., : self.num_samples]}
        if self.num_frames:
            values["frames"] = frames_of(audio, self.framing, self.num_frames)
        for key, node in self._nodes.items():
            try:
                values[key] = compute(partial(node.compute, **node.options), [values[name] for name in node.arguments])
            except jax.errors.TracerArrayConversionError as error:
                raise ArgumentError(
                    f"features: {node.feature!r}: its function needs the numbers of what JAX only traces; use "
                    "jax.numpy in it instead of numpy."
                ) from error
            except ArgumentError as error:
                raise ArgumentError(f"features: {node.feature!r}: {error}") from error
            except Exception as error:
                error.add_note(f"While computing {key}.")
                raise
        return {item.key: _result(item, values[self._outputs[item.key]]) for item in self.features}

    @property
    def code(self) -> dict[str, str]:
        """Hashes of the features that are not the package's."""
        return {
            key: function_hash(node.compute) for key, node in self._nodes.items() if not _is_of_package(node.compute)
        }

    @property
    def signature(self) -> Hashable:
        """What the program that computes the features depends on; graphs with the same one compute the same."""
        nodes = tuple((key, node.compute, node.arguments) for key, node in self._nodes.items())
        features = tuple(
            (item.key, self._outputs[item.key], len(item.axes), item.scaler, item.pca) for item in self.features
        )
        return nodes, features, self.framing, self.num_samples

    def element_spec(self, leading_shape: Sequence[int] = (), leading_axes: Sequence[str] = ()) -> dict[str, ArraySpec]:
        """Return the specification of the results, found by tracing the function without computing it.

        Parameters
        ----------
        leading_shape, leading_axes
            Sizes and names of the axes before the features' own, for example (2,) and ("channel",).

        Raises
        ------
        ArgumentError
            If the result of a feature has other axes than it says.
        """
        leading = tuple(leading_shape)
        shapes = jax.eval_shape(self, jax.ShapeDtypeStruct((*leading, self.num_samples_read), jnp.float32))
        spec = {}
        for item in self.features:
            result = shapes[item.key]
            if result.ndim != len(leading) + len(item.axes) or result.shape[: len(leading)] != leading:
                raise ArgumentError(
                    f"feature {item.name!r}: its result has shape {result.shape} for audio of shape "
                    f"{(*leading, self.num_samples_read)}, but its axes are {item.axes}; name all but the first "
                    f"{len(leading)}."
                )
            if "frame" in item.axes and result.shape[len(leading) + item.axes.index("frame")] != self.num_frames:
                raise ArgumentError(
                    f"feature {item.name!r}: its result has shape {result.shape}, in which the axis 'frame' of "
                    f"{item.axes} has not {self.num_frames} frames; transpose it, or call the axis otherwise."
                )
            spec[item.key] = ArraySpec(result.shape, result.dtype.name, (*leading_axes, *item.axes), item.unit)
        return spec


def _is_of_package(function: Callable[..., Any]) -> bool:
    return str(getattr(function, "__module__", "")).split(".")[0] == "acoupipe_grain"


def _options(name: str, compute: Callable[..., Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of all options of a function and of the steps that it builds on."""
    options = {**option_defaults(compute), **given}
    for option, value in options.items():
        if value is inspect.Parameter.empty:
            raise ArgumentError(
                f"option {option!r} of feature {name!r} has no default; give it with frame_feature({name!r}, "
                f"{option}=...)."
            )
    return options


def _result(item: FrameFeature, value: Any) -> jax.Array:
    """Return what a feature gives, of at most 32 bits."""
    array = narrowed_result(item.key, value)
    if item.scaler is None and item.pca is None:
        return array
    return transformed(array, item.scaler, item.pca, item.key, has_size=len(item.axes) == 2)
