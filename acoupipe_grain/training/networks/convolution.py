"""Convolution of sequences of images that is fast on CPUs too."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import jax.numpy as jnp
from jax import Array, lax
from jaxtyping import Float


def convolve_sequences(
    sequences: Float[Array, "batch x y frame channel"],
    kernel: Float[Array, "width height length channel filter"],
    strides: Sequence[int],
    padding: str,
    *,
    dimension_numbers: Any = ("NHWDC", "HWDIO", "NHWDC"),
    precision: Any = None,
    **options: Any,
) -> Float[Array, "batch x_out y_out frame_out filter"]:
    """Return what `jax.lax.conv_general_dilated` does, for `flax.nnx.Conv` without dilation and groups.

    XLA has fast convolutions of images for CPUs, and none of volumes. There, frames that one frame of the output
    depends on become channels of one image: six to ten times as fast for 3×3×3, and so is its gradient. The sums
    are the same, in another order.

    Parameters
    ----------
    sequences, kernel
        As `flax.nnx.Conv` has them.
    strides
        Along x, y and frames.
    padding
        "SAME" or "VALID".
    dimension_numbers
        Of these axes, in any of JAX's forms.
    precision
        As in JAX.
    **options
        Further arguments of `jax.lax.conv_general_dilated`, which `flax.nnx.Conv` passes: dilations of 1, one group.
    """
    by_volumes = partial(
        lax.conv_general_dilated,
        window_strides=strides,
        padding=padding,
        dimension_numbers=dimension_numbers,
        precision=precision,
        **options,
    )
    by_images = partial(_by_images, strides=strides, padding=padding, precision=precision)
    return lax.platform_dependent(sequences, kernel, cpu=by_images, default=by_volumes)


def _by_images(sequences: Array, kernel: Array, *, strides: Sequence[int], padding: str, precision: Any) -> Array:
    """Convolve images whose channels are those of the frames under the kernel."""
    length, step = kernel.shape[2], strides[2]
    (margins,) = lax.padtype_to_pads([sequences.shape[3]], [length], [step], padding)
    padded = jnp.pad(sequences, [(0, 0), (0, 0), (0, 0), margins, (0, 0)])
    last = padded.shape[3] - length
    frames = [padded[:, :, :, first : first + last + 1 : step] for first in range(length)]
    images = jnp.moveaxis(jnp.concatenate(frames, axis=-1), 3, 1)
    num_items, num_frames, *sizes = images.shape
    convolved = lax.conv_general_dilated(
        images.reshape(-1, *sizes),
        kernel.reshape(*kernel.shape[:2], -1, kernel.shape[-1]),
        strides[:2],
        padding,
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
        precision=precision,
    )
    return jnp.moveaxis(convolved.reshape(num_items, num_frames, *convolved.shape[1:]), 1, 3)
