"""Trees of arrays as flat mappings, and back: what checkpoints hold, and messages name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import numpy as np


def arrays_by_name(tree: Any) -> dict[str, np.ndarray]:
    """Return the arrays of a tree by their place in it, such as "layers.0.kernel"; of random keys their words."""
    return {name: np.asarray(jax.device_get(_as_words(leaf))) for name, leaf in _named_leaves(tree)}


def with_arrays(tree: Any, arrays: Mapping[str, Any]) -> Any:
    """Return a tree like `tree` of what `arrays_by_name` returned of another."""
    leaves = [_like(leaf, arrays[name]) for name, leaf in _named_leaves(tree)]
    return jax.tree.unflatten(jax.tree.structure(tree), leaves)


def shapes_by_name(tree: Any) -> dict[str, tuple[int, ...]]:
    """Return the shapes of the arrays of a tree by their place in it."""
    return {name: tuple(leaf.shape) for name, leaf in _named_leaves(tree)}


def _named_leaves(tree: Any) -> list[tuple[str, Any]]:
    leaves = jax.tree_util.tree_flatten_with_path(tree)[0]
    names = (jax.tree_util.keystr(path, simple=True, separator=".") for path, _ in leaves)
    # Flax keeps each array in a variable, as its value.
    return [(name.removesuffix(".value"), leaf) for name, (_, leaf) in zip(names, leaves, strict=True)]


def _as_words(leaf: Any) -> Any:
    return jax.random.key_data(leaf) if jax.dtypes.issubdtype(leaf.dtype, jax.dtypes.prng_key) else leaf


def _like(leaf: Any, array: Any) -> Any:
    if jax.dtypes.issubdtype(leaf.dtype, jax.dtypes.prng_key):
        return jax.random.wrap_key_data(array, impl=jax.random.key_impl(leaf))
    return np.asarray(array, dtype=leaf.dtype)
