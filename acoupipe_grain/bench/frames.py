"""How fast frames of scatterers are rendered, beside convolutions of single pixels with the point spread.

``python -m acoupipe_grain.bench.frames SECONDS`` prints one JSON object.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import jax
import numpy as np
from scipy import signal

from acoupipe_grain.frames.source import ScattererSource
from acoupipe_grain.pipeline import make_loader

SIZE, SIGMA, NUM_FRAMES = 64, 0.1, 16
BATCH_SIZES = {"still": 64, "moving": 16}
ROUNDS = 5


def frame_rates(seconds: float) -> dict[str, float]:
    """Return pairs/s through the loader, still and moving, and of moving ones by convolutions; medians of rounds."""
    moving = ScattererSource(
        100_000, size=SIZE, sigma=SIGMA, num_frames=NUM_FRAMES, velocity=2.0, angle=[0, 360], label="spread"
    )
    loaders = {
        "still": iter(make_loader(ScattererSource(100_000, size=SIZE), BATCH_SIZES["still"], num_epochs=None)),
        "moving": iter(make_loader(moving, BATCH_SIZES["moving"], num_epochs=None)),
    }
    element = moving[0]
    pixels = np.floor(element["positions"] + 0.5).astype(int).clip(0, SIZE - 1)
    steps: dict[str, tuple[Callable[[], Any], int]] = {
        **{name: (partial(_next, iterator), BATCH_SIZES[name]) for name, iterator in loaders.items()},
        "fft": (lambda: [by_fft(pixels, sigma) for sigma in (SIGMA, SIGMA / 2)], 1),
    }
    rates: dict[str, list[float]] = {name: [] for name in steps}
    for step, _ in steps.values():
        step()
    for _ in range(ROUNDS):
        for name, (step, size) in steps.items():
            rates[name].append(_rate(step, size, seconds / ROUNDS))
    started = time.perf_counter()
    for sigma in (SIGMA, SIGMA / 2):
        by_convolution(pixels, sigma)
    direct = 1 / (time.perf_counter() - started)
    return {name: float(np.median(values)) for name, values in rates.items()} | {"convolution": direct}


def kernel(sigma: float) -> np.ndarray:
    """Return the point spread as the kernel with which single pixels are convolved."""
    axis = np.linspace(-1, 1, SIZE - 1)
    return np.exp(-(axis[:, None] ** 2 + axis**2) / (2 * sigma**2))


def by_convolution(pixels: np.ndarray, sigma: float) -> np.ndarray:
    """Return frames, each scatterer in each of them convolved by itself, pixels (2, scatterer, frame)."""
    spread = kernel(sigma)
    frames = np.zeros((SIZE, SIZE, pixels.shape[2]))
    for number in range(pixels.shape[2]):
        for x, y in pixels[..., number].T:
            image = np.zeros((SIZE, SIZE))
            image[x, y] = 1
            frames[..., number] += signal.convolve2d(image, spread, mode="same")
    return frames


def by_fft(pixels: np.ndarray, sigma: float) -> np.ndarray:
    """Return frames, each convolved as a whole by Fourier transforms."""
    spread = kernel(sigma)
    frames = np.zeros((SIZE, SIZE, pixels.shape[2]))
    for number in range(pixels.shape[2]):
        image = np.zeros((SIZE, SIZE))
        np.add.at(image, tuple(pixels[..., number]), 1)
        frames[..., number] = signal.fftconvolve(image, spread, mode="same")
    return frames


def _next(iterator: Iterator[Any]) -> Any:
    return jax.block_until_ready(next(iterator))


def _rate(step: Callable[[], Any], size: int, seconds: float) -> float:
    count, started = 0, time.perf_counter()
    while time.perf_counter() - started < seconds:
        step()
        count += size
    return count / (time.perf_counter() - started)


def main() -> None:
    """Run the measurement."""
    print(json.dumps(frame_rates(float(sys.argv[1]))))


if __name__ == "__main__":
    main()
