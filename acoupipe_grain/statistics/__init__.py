"""Means and standard deviations of the arrays of any data source: computed in one pass, stored, merged."""

from acoupipe_grain.statistics.compute import compute_statistics
from acoupipe_grain.statistics.counted import Counted
from acoupipe_grain.statistics.merged import merged
from acoupipe_grain.statistics.statistics import Statistics

__all__ = ["Counted", "Statistics", "compute_statistics", "merged"]
