"""Samples of AcouPipe as elements: narrowed to 32 bits, padded to fixed shapes, with masks of what is no padding."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from acoupipe_grain.records.bridges.acoupipe_layout import Layout, StoredFeature
from acoupipe_grain.specs import ArraySpec, Element, narrowed

_AXES_AND_UNITS = {
    "idx": ((), "1"),
    "num": ((), "1"),
    "f": (("frequency",), "Hz"),
    "loc": (("xyz", "source"), "m"),
    "time_data": (("sample", "mic"), "Pa"),
    "spectrogram": (("block", "frequency", "mic"), "Pa"),
    "csm": (("frequency", "mic", "mic"), "Pa^2"),
    "csmtriu": (("frequency", "mic", "mic"), "Pa^2"),
    "eigmode": (("frequency", "mic", "mode"), "Pa^2"),
    "sourcemap": (("frequency", "x", "y"), "Pa^2"),
    "targetmap_analytic": (("frequency", "x", "y"), "Pa^2"),
    "targetmap_estimated": (("frequency", "x", "y"), "Pa^2"),
    "source_strength_analytic": (("frequency", "source"), "Pa^2"),
    "source_strength_estimated": (("frequency", "source"), "Pa^2"),
    "noise_strength_analytic": (("frequency", "mic"), "Pa^2"),
    "noise_strength_estimated": (("frequency", "mic"), "Pa^2"),
}
"""AcouPipe's features; others get numbered axes and the unit "1"."""


def specification(layout: Layout) -> dict[str, ArraySpec]:
    """Return the specification of the elements of a file."""
    added = {"idx": ArraySpec((), "int32", ())}
    if layout.source_features:
        num_sources = layout.features[layout.source_features[0]].shape[-1]
        added["num_sources"] = ArraySpec((), "int32", ())
        added["source_mask"] = ArraySpec((num_sources,), "bool", ("source",))
    for name, feature in layout.features.items():
        if feature.varies:
            added[_shape_name(name)] = ArraySpec((len(feature.shape),), "int32", ("axis",))
    return added | {name: _array_spec(name, feature) for name, feature in layout.features.items()}


def element_of(arrays: Mapping[str, np.ndarray], layout: Layout, number: int) -> Element:
    """Return the element of a sample.

    Parameters
    ----------
    arrays
        As stored in the sample's group.
    layout
        What is in the file.
    number
        The sample's number.

    Raises
    ------
    DataError
        If numbers do not fit into 32 bits.
    """
    added: Element = {"idx": np.array(number, dtype=np.int32)}
    if layout.source_features:
        name = layout.source_features[0]
        num_sources = arrays[name].shape[-1]
        added["num_sources"] = np.array(num_sources, dtype=np.int32)
        added["source_mask"] = np.arange(layout.features[name].shape[-1]) < num_sources
    for name, feature in layout.features.items():
        if feature.varies:
            added[_shape_name(name)] = np.array(arrays[name].shape, dtype=np.int32)
    return added | {name: _array(name, arrays[name], feature) for name, feature in layout.features.items()}


def _shape_name(name: str) -> str:
    return f"{name}_shape"


def _array_spec(name: str, feature: StoredFeature) -> ArraySpec:
    if _is_wide(name, feature):
        axes = ("sampler", "number_and_seed") if len(feature.shape) == 2 else _numbered(feature.shape)
        return ArraySpec((*feature.shape, 2), "uint32", (*axes, "word"))
    dtype = narrowed(name, np.empty(0, feature.dtype)).dtype.name
    axes, unit = _AXES_AND_UNITS.get(name, ((), "1"))
    if len(axes) != len(feature.shape):
        axes, unit = _numbered(feature.shape), "1"
    return ArraySpec(feature.shape, dtype, axes, unit)


def _array(name: str, stored: np.ndarray, feature: StoredFeature) -> np.ndarray:
    if not _is_wide(name, feature):
        return _padded(narrowed(name, stored), feature.shape)
    words = np.stack([stored & 0xFFFFFFFF, stored >> 32], axis=-1).astype(np.uint32)
    return _padded(words, (*feature.shape, 2))


def _is_wide(name: str, feature: StoredFeature) -> bool:
    """Return whether these are seeds: those of AcouPipe's validation split begin at 10^12."""
    return name == "seeds" and feature.dtype.kind in "iu" and feature.dtype.itemsize == 8


def _padded(array: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    if array.shape == shape:
        return array
    padded = np.zeros(shape, array.dtype)
    padded[tuple(map(slice, array.shape))] = array
    return padded


def _numbered(shape: tuple[int, ...]) -> tuple[str, ...]:
    return tuple(f"axis_{number}" for number in range(len(shape)))
