"""Losses in JAX, pure and of one value for each item: maps, classes, and sets of sources without order."""

from acoupipe_grain.training.losses.cross_entropy import binary_cross_entropy, categorical_cross_entropy
from acoupipe_grain.training.losses.maps import mean_absolute_level_error, mean_squared_error
from acoupipe_grain.training.losses.overlap import dice_loss, tversky_loss
from acoupipe_grain.training.losses.source_sets import SourceSetLoss

__all__ = [
    "SourceSetLoss",
    "binary_cross_entropy",
    "categorical_cross_entropy",
    "dice_loss",
    "mean_absolute_level_error",
    "mean_squared_error",
    "tversky_loss",
]
