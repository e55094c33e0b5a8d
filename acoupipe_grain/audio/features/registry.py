"""Features of audio by name: what they compute from, and what they give.

A feature is a pure function on arrays with any leading axes. The names of its positional parameters say what it needs:
a quantity (``audio``, ``frames``, ``powers``, ...), another feature, or the static `Framing`, ``framing``. Its
keyword-only parameters are options.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from acoupipe_grain.audio.features.frame_steps import INPUTS, STATIC, STEPS
from acoupipe_grain.audio.features.transform_files import as_components, as_standardization
from acoupipe_grain.audio.features.transforms import PrincipalComponents, Standardization
from acoupipe_grain.errors import ArgumentError, unknown_name
from acoupipe_grain.named_functions import parameter_names, require_registrable

UnitOfOptions: TypeAlias = Callable[[Mapping[str, Any]], str]
"""A unit that depends on the values of all options."""


@dataclass(frozen=True)
class FrameFeature:
    """A named computation of audio; use `frame_feature` to get one and `register_frame_feature` to add one.

    Attributes
    ----------
    name
        The registered name.
    compute
        The pure function.
    axes
        Name of every axis of the result, without leading axes.
    unit
        Unit of the result.
    label
        Key of the result in an element; the name unless given.
    options
        Values of options that are not the default ones, as sorted pairs.
    scaler, pca
        What is done with the result, `pca` first.
    """

    name: str
    compute: Callable[..., Any]
    axes: tuple[str, ...]
    unit: str = "1"
    label: str = ""
    options: tuple[tuple[str, Any], ...] = ()
    scaler: Standardization | None = None
    pca: PrincipalComponents | None = None

    @property
    def key(self) -> str:
        """Key of the result in an element."""
        return self.label or self.name

    @property
    def needs(self) -> tuple[str, ...]:
        """Names of the quantities the function takes."""
        return parameter_names(self.compute, keyword_only=False)

    @property
    def identity(self) -> str | dict[str, Any]:
        """The feature in JSON: its name, or a mapping of the arguments of `frame_feature` that are not the default."""
        given: dict[str, Any] = {"label": self.label, "options": dict(self.options)}
        for name, transform in (("scaler", self.scaler), ("pca", self.pca)):
            given[name] = None if transform is None else transform.to_json()
        given = {name: value for name, value in given.items() if value}
        return {"name": self.name, **given} if given else self.name


@dataclass(frozen=True)
class _Registered:
    compute: Callable[..., Any]
    axes: tuple[str, ...]
    unit: str | UnitOfOptions


_REGISTERED: dict[str, _Registered] = {}


def register_frame_feature(
    name: str, compute: Callable[..., Any] | None = None, *, axes: Sequence[str], unit: str | UnitOfOptions = "1"
) -> Any:
    """Register a feature of audio, as a decorator or by passing the function.

    Parameters
    ----------
    name
        Key under which sources offer the feature.
    compute
        A pure, jittable function on arrays with any leading axes. Its positional parameters name what it needs:
        ``audio`` (..., sample), ``frames`` (..., frame, sample), the same under the window as ``windowed_frames``,
        ``magnitudes`` and ``powers`` of their spectra (..., frame, bin), ``mel_powers`` and ``mel_levels``
        (..., frame, mel), other features, or the static `Framing`, ``framing``. All arrays are float32. Its
        keyword-only parameters are options.
    axes
        Name of every axis of the result, without leading axes. Results that end in an axis "frame", with at most one
        before it, can be standardised.
    unit
        Unit of the result, or a function of the mapping of all options that returns it.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> @register_frame_feature("peak", axes=("frame",))
    ... def peak(frames):
    ...     return jnp.abs(frames).max(axis=-1)

    Raises
    ------
    ArgumentError
        If the name is taken or is not an identifier, `axes` is no tuple of names, or the function takes ``*args`` or
        ``**kwargs``.
    """
    if compute is None:
        return lambda function: register_frame_feature(name, function, axes=axes, unit=unit)
    known = _REGISTERED.get(name) if isinstance(name, str) else None
    require_registrable(
        name,
        compute,
        axes,
        quantities=quantity_names(),
        known=None if known is None else known.compute,
        example=("peak", ("bin", "frame")),
    )
    if not isinstance(unit, str) and not callable(unit):
        raise ArgumentError(f"feature {name!r}: unit={unit!r}: expected a text such as 'dB'.")
    add_frame_feature(name, compute, tuple(axes), unit)
    return compute


def add_frame_feature(name: str, compute: Callable[..., Any], axes: tuple[str, ...], unit: str | UnitOfOptions) -> None:
    """Offer a feature under its name."""
    _REGISTERED[name] = _Registered(compute, axes, unit)


def frame_feature(name: str, *, label: str = "", scaler: Any = None, pca: Any = None, **options: Any) -> FrameFeature:
    """Return a registered feature of audio, under a label and with options of its own.

    Parameters
    ----------
    name
        A registered name.
    label
        Key of the result in an element; the name unless given.
    scaler
        Standardisation of the result: a `Standardization`, a mapping of its arrays ``mean`` and ``scale``, or the path
        of a .npz file that has them. One number each for features without a size.
    pca
        Principal components that take the place of the result, before `scaler`: `PrincipalComponents`, a mapping of
        its arrays ``mean`` and ``components``, or the path of a .npz file that has them.
    **options
        Options of the feature, for example ``n_mels=64`` of ``mel_spectrum``.

    Raises
    ------
    ArgumentError
        If the name or an option is unknown, an option is no JSON value, or the feature cannot be transformed so.
    """
    if name not in _REGISTERED:
        raise unknown_name("feature", name, _REGISTERED)
    if not isinstance(label, str):
        raise ArgumentError(f"label={label!r}: expected a name.")
    item = _REGISTERED[name]
    defaults = option_defaults(item.compute)
    checked = _checked_options(name, options, defaults)
    standardization, components = as_standardization(scaler), as_components(pca)
    for argument, transform in (("scaler", standardization), ("pca", components)):
        if transform is not None:
            _require_transformable(argument, name, item.axes)
    unit = item.unit if isinstance(item.unit, str) else item.unit({**defaults, **checked})
    return FrameFeature(
        name,
        item.compute,
        item.axes if components is None else ("component", "frame"),
        unit if standardization is None else "1",
        "" if label == name else label,
        tuple(sorted(checked.items())),
        standardization,
        components,
    )


def registered_frame_features() -> dict[str, FrameFeature]:
    """Return all registered features of audio by name, with their default options."""
    return {name: frame_feature(name) for name in _REGISTERED}


def quantity_names() -> set[str]:
    """Return the names of everything that features compute from and that is no feature itself."""
    return {*STATIC, *INPUTS, *STEPS}


def option_names(name: str) -> tuple[str, ...]:
    """Return the names of the options of a feature; none if there is no such feature."""
    return tuple(option_defaults(_REGISTERED[name].compute)) if name in _REGISTERED else ()


def option_defaults(function: Callable[..., Any]) -> dict[str, Any]:
    """Return the options of a function and of the steps that it builds on, by name, with their defaults."""
    parameters = inspect.signature(function).parameters
    defaults: dict[str, Any] = {}
    for need in parameter_names(function, keyword_only=False):
        if need in STEPS:
            defaults |= option_defaults(STEPS[need])
    own = parameter_names(function, keyword_only=True)
    return defaults | {name: parameters[name].default for name in own}


def _checked_options(name: str, options: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that are not the default ones, as a manifest will give them back: lists for tuples."""
    for option in options:
        if not defaults:
            raise ArgumentError(f"{option}={options[option]!r}: feature {name!r} has no options; leave it out.")
        if option not in defaults:
            raise unknown_name(f"option of feature {name!r}:", option, defaults)
    try:
        texts = {option: json.dumps(value, default=_plain) for option, value in options.items()}
    except (TypeError, ValueError) as error:
        raise ArgumentError(
            f"options of feature {name!r}: {dict(options)!r} cannot be written to a manifest ({error}); use numbers, "
            "strings, switches and lists of them."
        ) from error
    return {option: json.loads(text) for option, text in texts.items() if not _is_default(text, defaults[option])}


def _plain(value: Any) -> Any:
    """Return what is no JSON value but plainly means one: a NumPy number."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} is no plain value")


def _is_default(text: str, default: Any) -> bool:
    try:
        return text == json.dumps(default)
    except (TypeError, ValueError):  # none, or no JSON value
        return False


def _require_transformable(argument: str, name: str, axes: tuple[str, ...]) -> None:
    num_axes = (2,) if argument == "pca" else (1, 2)
    if len(axes) in num_axes and axes[-1] == "frame":
        return
    expected = "(size, frame)" if argument == "pca" else "(size, frame) or (frame)"
    raise ArgumentError(
        f"{argument}: feature {name!r} has the axes ({', '.join(axes)}), and those that can be transformed have "
        f"{expected}; leave it out."
    )
