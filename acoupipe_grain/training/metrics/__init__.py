"""Metrics on the host: peaks, localisation, levels and classes, as sums and counts that add up over items."""

from acoupipe_grain.training.metrics.accumulated import Accumulated
from acoupipe_grain.training.metrics.average_precision import (
    average_precision,
    average_precision_of_classes,
    average_precision_of_items,
)
from acoupipe_grain.training.metrics.classification import accuracy, micro_f1
from acoupipe_grain.training.metrics.level_errors import LevelErrors, level_errors
from acoupipe_grain.training.metrics.levels import matched_level_error
from acoupipe_grain.training.metrics.localisation import LocalisationCounts, localisation_counts
from acoupipe_grain.training.metrics.location_error import LocationScores, direction_scores, position_scores
from acoupipe_grain.training.metrics.matching import Matches, match
from acoupipe_grain.training.metrics.peaks import Peaks, peaks, relative_threshold

__all__ = [
    "Accumulated",
    "LevelErrors",
    "LocalisationCounts",
    "LocationScores",
    "Matches",
    "Peaks",
    "accuracy",
    "average_precision",
    "average_precision_of_classes",
    "average_precision_of_items",
    "direction_scores",
    "level_errors",
    "localisation_counts",
    "match",
    "matched_level_error",
    "micro_f1",
    "peaks",
    "position_scores",
    "relative_threshold",
]
