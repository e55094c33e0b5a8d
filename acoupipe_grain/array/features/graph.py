"""From requested features to one pure function that computes shared steps once."""

from __future__ import annotations

import inspect
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import jax
import numpy as np

from acoupipe_grain.array.features.bands import Bands
from acoupipe_grain.array.features.constants import CONSTANTS
from acoupipe_grain.array.features.modes import Mode, modes_offering
from acoupipe_grain.array.features.registry import (
    STATIC,
    Feature,
    feature,
    quantity_names,
    registered_features,
)
from acoupipe_grain.array.features.simulation_steps import noise_is_drawn_as_spectra
from acoupipe_grain.array.measurement import MeasurementSetup
from acoupipe_grain.errors import ArgumentError, unknown_name
from acoupipe_grain.named_functions import narrowed_result, parameter_names
from acoupipe_grain.one_at_a_time import OneAtATime
from acoupipe_grain.specs import ArraySpec


@dataclass(frozen=True)
class _Node:
    compute: Callable[..., Any]
    arguments: tuple[str, ...]  # keys of the values its parameters take
    options: dict[str, Any]


@dataclass(eq=False)
class FeatureGraph:
    """The requested features as one function of constants and inputs.

    Parameters
    ----------
    features
        Features with distinct keys.
    mode
        Which inputs and steps there are.
    setup, bands
        Static for the whole graph.

    Attributes
    ----------
    inputs
        Names of the inputs that the features really use.
    waits_for_threads
        Whether a computation, once traced, was found to hold operations as `OneAtATime` keeps apart.
    """

    features: tuple[Feature, ...]
    mode: Mode
    setup: MeasurementSetup
    bands: Bands
    inputs: list[str] = field(default_factory=list, init=False)
    waits_for_threads: bool = field(default=False, init=False)
    _constants: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=dict, init=False)
    _nodes: dict[str, _Node] = field(default_factory=dict, init=False)
    _outputs: dict[str, str] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        for item in self.features:
            if item.key in self._outputs:
                raise ArgumentError(f"features: {item.key!r} is asked for twice; give one of them another label.")
            self._outputs[item.key] = self._add(item)

    def _add(self, item: Feature, above: tuple[str, ...] = (), kind: str = "feature") -> str:
        """Add a feature or step and all it needs, and return its key; `above` names what led to it."""
        key = _key(kind, item.name, dict(item.options))
        if key in self._nodes:
            return key
        # A feature may be no more than the step of its name.
        if item.name in above and (kind == "feature" or item.name in above[:-1]):
            cycle = " -> ".join([*above[above.index(item.name) :], item.name])
            raise ArgumentError(f"feature {item.name!r} needs itself: {cycle}.")
        known = self._option_names(item.compute)
        for name, _ in item.options:
            if name not in known:
                raise unknown_name(f"option of feature {item.key!r}:", name, known)
        given = dict(item.options)
        arguments = tuple(self._value_of(name, given, (*above, item.name)) for name in item.needs)
        own = parameter_names(item.compute, keyword_only=True)
        options = {name: self._option(item.compute, name, given) for name in own}
        self._nodes[key] = _Node(item.compute, arguments, options)
        return key

    def _option_names(self, function: Callable[..., Any]) -> set[str]:
        """Return the options of a function, of the constants it takes, and of the mode's steps that it builds on."""
        names = set(parameter_names(function, keyword_only=True))
        for need in parameter_names(function, keyword_only=False):
            if need in CONSTANTS:
                names |= set(parameter_names(CONSTANTS[need].build, keyword_only=True))
            elif need in self.mode.steps:
                names |= self._option_names(self.mode.steps[need])
        return names

    def _value_of(self, name: str, given: Mapping[str, Any], above: tuple[str, ...]) -> str:
        """Return the key under which the evaluation finds what the parameter `name` needs, adding it if new."""
        if name in self.mode.lacks:
            raise ArgumentError(f"feature {above[0]!r} needs {name!r}: {self.mode.lacks[name]}.")
        if name in STATIC or name in self.mode.static:
            return name
        if name in CONSTANTS:
            build = CONSTANTS[name].build
            options = {key: self._option(build, key, given) for key in parameter_names(build, keyword_only=True)}
            key = _key("constant", name, options)
            self._constants[key] = (name, options)
            return key
        if name in self.mode.inputs:
            if name not in self.inputs:
                self.inputs.append(name)
            return name
        if name in self.mode.steps:
            step = self.mode.steps[name]
            passed_on = {option: given[option] for option in self._option_names(step) if option in given}
            return self._add(Feature(name, step, (), options=tuple(sorted(passed_on.items()))), above, "step")
        if modes := modes_offering(name):
            raise ArgumentError(
                f"feature {above[0]!r} needs {name!r}, which mode={self.mode.name!r} does not have; "
                f"use mode={' or '.join(map(repr, modes))}."
            )
        if name in registered_features():
            return self._add(feature(name), above)
        known = quantity_names() | set(registered_features())
        raise unknown_name(f"quantity needed by feature {above[-1]!r}:", name, known)

    def _option(self, function: Callable[..., Any], name: str, given: Mapping[str, Any]) -> Any:
        value = given.get(name, inspect.signature(function).parameters[name].default)
        if value is None:
            value = getattr(self.setup, name, None)
        if value is inspect.Parameter.empty:
            raise ArgumentError(f"option {name!r} has no default; give it with apg.feature(..., {name}=...).")
        return value

    def uses(self, step: str) -> bool:
        """Return whether the features build on a step of the mode."""
        return any(key.startswith(f"step {step} ") for key in self._nodes)

    @property
    def num_constant_bytes(self) -> int:
        """Size of all constants in bytes."""
        return sum(
            math.prod(abstract.shape) * abstract.dtype.itemsize for abstract in self._abstract_constants().values()
        )

    def _abstract_constants(self) -> dict[str, jax.ShapeDtypeStruct]:
        return {
            key: _abstract(CONSTANTS[name].shape(self.setup, self.bands, **options), CONSTANTS[name].dtype)
            for key, (name, options) in self._constants.items()
        }

    @property
    def num_matrix_bytes(self) -> int:
        """Size of one record's cross-spectral matrices of all lines, in single precision."""
        return 8 * self.bands.lines.size * self.setup.num_mics**2

    @property
    def has_maps(self) -> bool:
        """Whether there are beamformer maps."""
        return any(name in ("steering", "map_weights") for name, _ in self._constants.values())

    def num_working_bytes(self, num_sources: int) -> int:
        """Return about how many bytes one record needs on its way: signals, matrices of all lines, one line's map."""
        size = self.setup.num_mics + 2 * num_sources
        matrices = 48 * self.bands.lines.size * size**2
        maps = 48 * self.setup.grid.size * self.setup.num_mics if self.has_maps else 0
        return matrices + maps + self._num_signal_bytes(num_sources)

    def _num_signal_bytes(self, num_sources: int) -> int:
        """Return about how many bytes the simulated signals of one record and their spectra take."""
        if "propagation" not in self.mode.static:
            return 0
        period, num_mics = self.mode.static["propagation"].num_samples, self.setup.num_mics
        spectra = 8 * self.setup.num_blocks(period) * self.bands.lines.size * (num_mics + num_sources)
        without_signals = self.uses("source_spectra") and noise_is_drawn_as_spectra(self.setup, self.bands)
        return 4 * spectra + (0 if without_signals else 24 * period * (num_mics + num_sources))

    def build_constants(self) -> dict[str, np.ndarray]:
        """Compute the arrays that travel as arguments (steering vectors); up to hundreds of MB."""
        return {
            key: CONSTANTS[name].build(self.setup, self.bands, **options)
            for key, (name, options) in self._constants.items()
        }

    def __call__(self, constants: Mapping[str, Any], inputs: Mapping[str, Any]) -> dict[str, jax.Array]:
        """Compute all features; pure and jittable. `inputs` may have leading batch axes."""
        values: dict[str, Any] = {"setup": self.setup, "bands": self.bands, **self.mode.static, **constants, **inputs}
        compute = OneAtATime()
        for key, node in self._nodes.items():
            try:
                values[key] = compute(partial(node.compute, **node.options), [values[name] for name in node.arguments])
            except Exception as error:
                error.add_note(f"While computing {key}.")
                raise
        self.waits_for_threads = compute.has_waited
        return {key: narrowed_result(key, values[node_key]) for key, node_key in self._outputs.items()}

    def element_spec(self, input_spec: Mapping[str, ArraySpec]) -> dict[str, ArraySpec]:
        """Return the specification of the results, found by tracing the function without computing it."""
        inputs = {name: _abstract(input_spec[name].shape, input_spec[name].dtype) for name in self.inputs}
        shapes = jax.eval_shape(self, self._abstract_constants(), inputs)
        spec = {}
        for item in self.features:
            result = shapes[item.key]
            if len(item.axes) != result.ndim:
                raise ArgumentError(
                    f"feature {item.name!r}: its result has shape {result.shape}, but its axes are {item.axes}."
                )
            spec[item.key] = ArraySpec(result.shape, result.dtype.name, item.axes, item.unit)
        return spec


def resolve_features(
    requested: str | Feature | Mapping[str, Any] | Sequence[str | Feature | Mapping[str, Any]],
    always: Sequence[Feature],
) -> tuple[Feature, ...]:
    """Return the requested features (names, `feature` objects or mappings of name, label, options), then `always`."""
    if isinstance(requested, str | Feature | Mapping):
        requested = [requested]
    if not isinstance(requested, list | tuple) or not requested:
        raise ArgumentError(f"features={requested!r}: expected a list of names or feature(...) objects.")
    resolved = []
    for item in requested:
        if isinstance(item, Feature):
            resolved.append(item)
        elif isinstance(item, str):
            resolved.append(feature(item))
        elif _is_feature_mapping(item):
            resolved.append(feature(item["name"], label=item.get("label", ""), **item.get("options", {})))
        else:
            raise ArgumentError(
                f"features: {item!r} is not a registered name, a feature(...) or a mapping of name, label, options, "
                "such as {name: sourcemap, label: map, options: {method: capon, steering: IV}}."
            )
    return (*resolved, *always)


def _is_feature_mapping(item: Any) -> bool:
    return (
        isinstance(item, Mapping)
        and isinstance(item.get("name"), str)
        and set(item) <= {"name", "label", "options"}
        and isinstance(item.get("options", {}), Mapping)
        and all(isinstance(key, str) and key not in ("name", "label") for key in item.get("options", {}))
    )


def _key(kind: str, name: str, options: Mapping[str, Any]) -> str:
    """Return a key that no input or static value has, one for each set of options."""
    return f"{kind} {name} {json.dumps(options, sort_keys=True)}"


def _abstract(shape: Any, dtype: str) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(shape, np.dtype(dtype))
