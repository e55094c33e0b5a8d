"""Where the channels of a feature are in a mini-batch."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Shaped

from acoupipe_grain.pipeline import DataFormat


def shape_in_format(shape: tuple[int, ...], data_format: DataFormat) -> tuple[int, ...]:
    """Return the shape of a batch in another format than (record, channel, ...)."""
    batch_size, num_channels, *rest = shape
    return shape if data_format == "NCHW" else (batch_size, *rest, num_channels)


def in_format(
    array: Shaped[Any, "record channel *rest"], data_format: DataFormat
) -> Shaped[np.ndarray, "record *channel_and_rest"]:
    """Return a batch as a contiguous array that may be written to, its channels last for "NHWC"."""
    values = np.asarray(array)
    return np.require(values if data_format == "NCHW" else np.moveaxis(values, 1, -1), requirements=["C", "W"])
