"""Simulated microphone-array data for JAX: deterministic Grain data sources, features and ArrayRecord export."""

from importlib.metadata import version as _version

from acoupipe_grain.array.directivity import Dipole, SphericalHarmonics
from acoupipe_grain.array.features import Feature, feature, register_feature
from acoupipe_grain.array.flow import UniformFlow
from acoupipe_grain.array.grid import RectGrid
from acoupipe_grain.array.measurement import MeasurementSetup
from acoupipe_grain.array.pipeline_source import PipelineSource
from acoupipe_grain.array.scenes import SceneSource
from acoupipe_grain.array.signals import (
    ColoredNoise,
    CorrelatedNoise,
    Equalizer,
    ExcerptFunction,
    Recordings,
    Sweeps,
    Tones,
)
from acoupipe_grain.array.simulate.expected_welch import expected_welch_csm
from acoupipe_grain.array.sources import SyntheticSource
from acoupipe_grain.array.trajectories import (
    CircularTrajectory,
    FunctionTrajectory,
    LinearTrajectory,
    SplineTrajectory,
)
from acoupipe_grain.audio.excerpts import SaliencyParams
from acoupipe_grain.audio.features import FrameFeature, frame_feature, register_frame_feature
from acoupipe_grain.audio.segments.activity import ActivityParams
from acoupipe_grain.audio.segments.source import SegmentSource
from acoupipe_grain.audio.segments.source_splits import split_recordings, split_statistics
from acoupipe_grain.audio.segments.splits import DataSplit
from acoupipe_grain.audio.sources import AudioDataBalancedSource, AudioDataSimpleSource
from acoupipe_grain.config.verify import repair, verify
from acoupipe_grain.errors import ArgumentError, DataError, ExportError, RecordIndexError, VerificationError
from acoupipe_grain.exporting import export
from acoupipe_grain.minibatches import MiniBatchGen
from acoupipe_grain.pipeline import batch_merged, concatenated, make_loader, mixed, selected, sliced
from acoupipe_grain.records import ArrayRecordSource
from acoupipe_grain.sampling import Distribution, distribution
from acoupipe_grain.specs import ArraySpec, DataSource
from acoupipe_grain.workers import allow_grain_workers as _allow_grain_workers

__version__ = _version("acoupipe-grain")

__all__ = [
    "ActivityParams",
    "ArgumentError",
    "ArrayRecordSource",
    "ArraySpec",
    "AudioDataBalancedSource",
    "AudioDataSimpleSource",
    "CircularTrajectory",
    "ColoredNoise",
    "CorrelatedNoise",
    "DataError",
    "DataSource",
    "DataSplit",
    "Dipole",
    "Distribution",
    "Equalizer",
    "ExcerptFunction",
    "ExportError",
    "Feature",
    "FrameFeature",
    "FunctionTrajectory",
    "LinearTrajectory",
    "MeasurementSetup",
    "MiniBatchGen",
    "PipelineSource",
    "RecordIndexError",
    "Recordings",
    "RectGrid",
    "SaliencyParams",
    "SceneSource",
    "SegmentSource",
    "SphericalHarmonics",
    "SplineTrajectory",
    "Sweeps",
    "SyntheticSource",
    "Tones",
    "UniformFlow",
    "VerificationError",
    "batch_merged",
    "concatenated",
    "distribution",
    "expected_welch_csm",
    "export",
    "feature",
    "frame_feature",
    "make_loader",
    "mixed",
    "register_feature",
    "register_frame_feature",
    "repair",
    "selected",
    "sliced",
    "split_recordings",
    "split_statistics",
    "verify",
]

_allow_grain_workers()
