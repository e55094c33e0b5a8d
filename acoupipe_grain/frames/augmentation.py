"""Augmentation of pairs of data and labels: functions batch → batch for `make_loader`, keyed by the record's index.

What is random depends on a seed and on the record's ``idx`` alone: not on batch, worker or epoch. A source of many
records, each used once, gives new noise in every step.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, TypeAlias

import jax
import jax.numpy as jnp
from jax.scipy.ndimage import map_coordinates

from acoupipe_grain import arguments
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.seeding import MAX_SEED

Batch: TypeAlias = Mapping[str, Any]
DATA, LABEL = "data", "label"
BORDER = 1e-4
"""Pixels by which single precision may put a position beyond the outermost pixel where it is on it."""


class PairTransform(ABC):
    """A pure function of a batch; equal ones share a compiled program."""

    is_random: ClassVar[bool] = False
    """Whether what it does is drawn, from its seed and each record's ``idx``."""

    def __call__(self, batch: Batch) -> dict[str, Any]:
        """Return the batch with what has changed; other arrays as they are."""
        return {**batch, **_jitted(self, {name: batch[name] for name in batch if name in _USED})}

    @abstractmethod
    def changed(self, batch: Batch) -> dict[str, Any]:
        """Return the arrays that change."""


_USED = (DATA, LABEL, "positions", "mask", "idx")


@partial(jax.jit, static_argnums=0)
def _jitted(transform: PairTransform, batch: dict[str, Any]) -> dict[str, Any]:
    return transform.changed(batch)


@dataclass(frozen=True)
class AddNoise(PairTransform):
    """White noise on the data: exactly so many decibels below the mean power of each record.

    Parameters
    ----------
    snr_db
        Power of the data over that of the noise, dB; 0 is as much noise as data. None: no noise.
    seed
        0 ... 2**64 − 1.
    """

    is_random = True

    snr_db: float | None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.snr_db is not None:
            arguments.number("snr_db", self.snr_db, unit="dB")
        arguments.integer("seed", self.seed, minimum=0, maximum=MAX_SEED)

    def changed(self, batch: Batch) -> dict[str, Any]:
        """Return the data with noise."""
        if self.snr_db is None:
            return {}
        share = 10 ** (-self.snr_db / 10)

        def noisy(key: jax.Array, data: jax.Array) -> jax.Array:
            noise = jax.random.normal(key, data.shape, data.dtype)
            power = share * jnp.mean(data**2)
            return data + noise * jnp.sqrt(power / jnp.mean(noise**2))

        return {DATA: jax.vmap(noisy)(_record_keys(self, self.seed, batch), batch[DATA])}


@dataclass(frozen=True)
class RotateFrames(PairTransform):
    """Images turned about their centre, data and label of a record by the same angle, interpolated linearly.

    Positions turn with them, and the mask follows. Where scatterers are known before frames are rendered, the argument
    `rotation` of `ScattererSource` turns them without interpolation.

    Parameters
    ----------
    max_angle
        Angles are uniform from −`max_angle` to `max_angle`, 0 ... 180 degrees, from the first axis to the second.
    seed
        0 ... 2**64 − 1.
    """

    is_random = True

    max_angle: float
    seed: int = 0

    def __post_init__(self) -> None:
        arguments.number("max_angle", self.max_angle, minimum=0, maximum=180, unit="degrees")
        arguments.integer("seed", self.seed, minimum=0, maximum=MAX_SEED)

    def changed(self, batch: Batch) -> dict[str, Any]:
        """Return turned data, labels and positions."""

        def angle_of(key: jax.Array) -> jax.Array:
            return jnp.deg2rad(jax.random.uniform(key, (), minval=-self.max_angle, maxval=self.max_angle))

        angles = jax.vmap(angle_of)(_record_keys(self, self.seed, batch))
        images = {name: jax.vmap(_turned)(batch[name], angles) for name in (DATA, LABEL) if name in batch}
        size = batch[DATA].shape[1]
        return images | _moved(batch, lambda at: jax.vmap(partial(_turned_positions, size=size))(at, angles), size)


@dataclass(frozen=True)
class Resize(PairTransform):
    """Data and labels brought to another size by linear interpolation, smoothed where that is smaller; positions too.

    Parameters
    ----------
    size
        Pixels of either axis of the frame.
    """

    size: int

    def __post_init__(self) -> None:
        arguments.integer("size", self.size, minimum=1)

    def changed(self, batch: Batch) -> dict[str, Any]:
        """Return resized arrays."""

        def resized(image: jax.Array) -> jax.Array:
            shape = (image.shape[0], self.size, self.size, *image.shape[3:])
            return jax.image.resize(image, shape, "linear")

        scale = self.size / batch[DATA].shape[1]
        images = {name: resized(batch[name]) for name in (DATA, LABEL) if name in batch}
        return images | _moved(batch, lambda at: (at + 0.5) * scale - 0.5, self.size)


@dataclass(frozen=True)
class ReduceLabels(PairTransform):
    """Labels made smaller by the mean of squares of pixels, the axis of frames untouched.

    Parameters
    ----------
    ratio
        Pixels of a label, along either axis, that become one; it divides them.
    """

    ratio: int

    def __post_init__(self) -> None:
        arguments.integer("ratio", self.ratio, minimum=1)

    def changed(self, batch: Batch) -> dict[str, Any]:
        """Return reduced labels; nothing of batches without labels."""
        if LABEL not in batch:
            return {}
        label = batch[LABEL]
        for size in label.shape[1:3]:
            if size % self.ratio:
                raise ArgumentError(
                    f"ratio={self.ratio}: does not divide the {size} pixels of labels; crop or pad them."
                )
        count, x, y, *frames = label.shape
        blocks = label.reshape(count, x // self.ratio, self.ratio, y // self.ratio, self.ratio, *frames)
        return {LABEL: blocks.mean(axis=(2, 4))}


@dataclass(frozen=True)
class CropOrPad(PairTransform):
    """Data and labels cut about their centre, or surrounded by zeros, to a size; positions move along.

    Parameters
    ----------
    size
        Pixels of either axis of the frame.
    """

    size: int

    def __post_init__(self) -> None:
        arguments.integer("size", self.size, minimum=1)

    def changed(self, batch: Batch) -> dict[str, Any]:
        """Return arrays of the size."""
        images = {name: self._cut(batch[name]) for name in (DATA, LABEL) if name in batch}
        first = self._first(batch[DATA].shape[1])
        return images | _moved(batch, lambda at: at - first, self.size)

    def _first(self, size: int) -> int:
        """Return the pixel that becomes the first one; negative: so many zeros come before it."""
        return (size - self.size) // 2

    def _cut(self, image: jax.Array) -> jax.Array:
        for axis in (1, 2):
            first = self._first(image.shape[axis])
            before, after = max(-first, 0), max(self.size - image.shape[axis] + first, 0)
            widths = [(before, after) if number == axis else (0, 0) for number in range(image.ndim)]
            start = max(first, 0)
            image = jax.lax.slice_in_dim(jnp.pad(image, widths), start, start + self.size, axis=axis)
        return image


@dataclass(frozen=True)
class MinMax(PairTransform):
    """Data and labels of each record brought to 0 ... 1 by their smallest and largest value; constant ones become 0."""

    def changed(self, batch: Batch) -> dict[str, Any]:
        """Return normalised arrays."""

        def normalised(image: jax.Array) -> jax.Array:
            low, high = image.min(), image.max()
            return jnp.where(high > low, (image - low) / jnp.where(high > low, high - low, 1), 0)

        return {name: jax.vmap(normalised)(batch[name]) for name in (DATA, LABEL) if name in batch}


def _record_keys(transform: PairTransform, seed: int, batch: Batch) -> jax.Array:
    """Return a key for each record of the batch, for a kind of transform and a seed of 64 bits."""
    stream = int.from_bytes(type(transform).__name__.encode()[:4], "little")
    key = jax.random.key(stream, impl="threefry2x32")
    for word in (seed & 0xFFFFFFFF, seed >> 32):
        key = jax.random.fold_in(key, word)
    return jax.vmap(partial(jax.random.fold_in, key))(batch["idx"])


def _turned(image: jax.Array, angle: jax.Array) -> jax.Array:
    """Return an image (x, y, ...) turned by an angle, what comes from outside of it being zero."""
    centre = [(size - 1) / 2 for size in image.shape[:2]]
    x, y = jnp.meshgrid(*(jnp.arange(size) - at for size, at in zip(image.shape, centre, strict=False)), indexing="ij")
    cos, sin = jnp.cos(angle), jnp.sin(angle)
    coordinates = [cos * x + sin * y + centre[0], -sin * x + cos * y + centre[1]]
    turn: Callable[[jax.Array], jax.Array] = partial(map_coordinates, coordinates=coordinates, order=1)
    return turn(image) if image.ndim == 2 else jax.vmap(turn, in_axes=-1, out_axes=-1)(image)


def _turned_positions(positions: jax.Array, angle: jax.Array, size: int) -> jax.Array:
    centre = (size - 1) / 2
    x, y = positions[0] - centre, positions[1] - centre
    cos, sin = jnp.cos(angle), jnp.sin(angle)
    return jnp.stack([cos * x - sin * y, sin * x + cos * y]) + centre


def _moved(batch: Batch, move: Callable[[jax.Array], jax.Array], size: int) -> dict[str, Any]:
    """Return positions that were moved, and which of those on the frame still are, its size being another."""
    if "positions" not in batch:
        return {}
    positions = move(batch["positions"])
    is_inside = jnp.all((positions >= -BORDER) & (positions <= size - 1 + BORDER), axis=1)
    return {"positions": positions} | ({"mask": batch["mask"] & is_inside} if "mask" in batch else {})
