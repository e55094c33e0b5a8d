"""A loader feeding a training step: for which share of the time the step waits.

``python -m acoupipe_grain.bench.training NAME SECONDS`` prints one JSON object.
"""

from __future__ import annotations

import itertools
import json
import sys
import time
from typing import Any

import jax
import jax.numpy as jnp

from acoupipe_grain.array.sources import SyntheticSource
from acoupipe_grain.pipeline import make_loader

_BATCH_SIZE = 64
_CHANNELS = (1, 16, 32, 32)


def waiting(mode: str, seconds: float) -> dict[str, float]:
    """Return a network's steps/s on maps at 4 kHz, and the share of the time it waits for the loader."""
    source = SyntheticSource(
        100_000, mode=mode, engine="jax", features=("sourcemap", "source_strength_analytic"), f=4000.0
    )
    iterator = iter(make_loader(source, _BATCH_SIZE, num_epochs=None))
    weights = _initial_weights()
    try:
        weights = jax.block_until_ready(_step(weights, next(iterator)))
        count, waited, started = 0, 0.0, time.perf_counter()
        while (now := time.perf_counter()) - started < seconds:
            batch = jax.block_until_ready(next(iterator))
            waited += time.perf_counter() - now
            weights = jax.block_until_ready(_step(weights, batch))
            count += 1
        elapsed = time.perf_counter() - started
        return {"steps": count / elapsed, "waiting": waited / elapsed}
    finally:
        iterator.close()


def _initial_weights() -> list[jax.Array]:
    keys = jax.random.split(jax.random.key(0), len(_CHANNELS))
    shapes = [(3, 3, *pair) for pair in itertools.pairwise(_CHANNELS)]
    convolutions = [
        jax.random.normal(key, shape) / (3 * shape[2] ** 0.5) for key, shape in zip(keys, shapes, strict=False)
    ]
    return [*convolutions, jax.random.normal(keys[-1], (_CHANNELS[-1], 1)) / _CHANNELS[-1]]


@jax.jit
def _step(weights: list[jax.Array], batch: dict[str, Any]) -> list[jax.Array]:
    """Return the weights after a step of gradient descent: convolutions that estimate the total strength, in dB."""

    def loss(weights: list[jax.Array]) -> jax.Array:
        values = 10 * jnp.log10(batch["sourcemap"][:, 0, :, :, None] + 1e-12)
        for kernel in weights[:-1]:
            values = jax.lax.conv_general_dilated(
                values, kernel, (2, 2), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
            )
            values = jax.nn.relu(values)
        estimate = (values.mean(axis=(1, 2)) @ weights[-1])[:, 0]
        target = 10 * jnp.log10(batch["source_strength_analytic"].sum(axis=(1, 2)))
        return jnp.mean((estimate - target) ** 2)

    return [weight - 1e-6 * gradient for weight, gradient in zip(weights, jax.grad(loss)(weights), strict=True)]


def main() -> None:
    """Run the measurement named on the command line."""
    print(json.dumps(waiting(sys.argv[1], float(sys.argv[2]))))


if __name__ == "__main__":
    main()
