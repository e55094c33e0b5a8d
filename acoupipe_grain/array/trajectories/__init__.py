"""What sources move along: trajectories, from which the paths of a record's sources are drawn."""

from acoupipe_grain.array.trajectories.circle import CircularPath, CircularTrajectory
from acoupipe_grain.array.trajectories.function import FunctionTrajectory
from acoupipe_grain.array.trajectories.kinds import as_trajectory
from acoupipe_grain.array.trajectories.line import LinearPath, LinearTrajectory
from acoupipe_grain.array.trajectories.path import Path
from acoupipe_grain.array.trajectories.piecewise_cubic import PiecewiseCubicPath
from acoupipe_grain.array.trajectories.spline import SplineTrajectory
from acoupipe_grain.array.trajectories.trajectory import MAX_MACH, Trajectory

__all__ = [
    "MAX_MACH",
    "CircularPath",
    "CircularTrajectory",
    "FunctionTrajectory",
    "LinearPath",
    "LinearTrajectory",
    "Path",
    "PiecewiseCubicPath",
    "SplineTrajectory",
    "Trajectory",
    "as_trajectory",
]
