"""Simulated microphone-array data for JAX: deterministic Grain data sources, features and ArrayRecord export."""

from importlib.metadata import version as _version

from acoupipe_grain.array.directivity import Dipole, SphericalHarmonics
from acoupipe_grain.array.features import Feature, feature, register_feature
from acoupipe_grain.array.flow import UniformFlow
from acoupipe_grain.array.grid import RectGrid
from acoupipe_grain.array.impulse_response_source import ImpulseResponseSource
from acoupipe_grain.array.measurement import MeasurementSetup
from acoupipe_grain.array.pipeline_source import PipelineSource
from acoupipe_grain.array.responses.download import download_miracle
from acoupipe_grain.array.responses.hdf5_writer import write_hdf5 as write_impulse_responses
from acoupipe_grain.array.responses.impulse_responses import ImpulseResponses
from acoupipe_grain.array.rooms.shoebox_rooms import ShoeboxRooms
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
from acoupipe_grain.config.scatterer_pipeline import scatterer_pipeline
from acoupipe_grain.config.verify import repair, verify
from acoupipe_grain.errors import ArgumentError, DataError, ExportError, RecordIndexError, VerificationError
from acoupipe_grain.exporting import export
from acoupipe_grain.files.aligned_source import AlignedSource
from acoupipe_grain.files.mat_source import MatSource
from acoupipe_grain.files.npy_source import NpySource
from acoupipe_grain.files.output_writer import OutputWriter
from acoupipe_grain.files.raw import append_raw, read_raw, write_raw
from acoupipe_grain.files.raw_source import RawMatrixSource
from acoupipe_grain.files.wav import read_wav, write_wav
from acoupipe_grain.files.wav_source import WavSource
from acoupipe_grain.frames.source import ScattererSource
from acoupipe_grain.minibatches import MiniBatchGen
from acoupipe_grain.pipeline import batch_merged, concatenated, make_loader, mixed, selected, sliced
from acoupipe_grain.records import ArrayRecordSource
from acoupipe_grain.sampling import Distribution, distribution
from acoupipe_grain.specs import ArraySpec, DataSource
from acoupipe_grain.statistics import Counted, Statistics, compute_statistics
from acoupipe_grain.statistics import merged as merged_statistics
from acoupipe_grain.transforms.companding import mu_law_decode, mu_law_encode
from acoupipe_grain.transforms.normalisation import Denormalisation, Normalisation, denormalise, normalise
from acoupipe_grain.transforms.overlap import cross_faded, overlapping_spans, scaled_spans
from acoupipe_grain.workers import allow_grain_workers as _allow_grain_workers

__version__ = _version("acoupipe-grain")

__all__ = [
    "ActivityParams",
    "AlignedSource",
    "ArgumentError",
    "ArrayRecordSource",
    "ArraySpec",
    "AudioDataBalancedSource",
    "AudioDataSimpleSource",
    "CircularTrajectory",
    "ColoredNoise",
    "CorrelatedNoise",
    "Counted",
    "DataError",
    "DataSource",
    "DataSplit",
    "Denormalisation",
    "Dipole",
    "Distribution",
    "Equalizer",
    "ExcerptFunction",
    "ExportError",
    "Feature",
    "FrameFeature",
    "FunctionTrajectory",
    "ImpulseResponseSource",
    "ImpulseResponses",
    "LinearTrajectory",
    "MatSource",
    "MeasurementSetup",
    "MiniBatchGen",
    "Normalisation",
    "NpySource",
    "OutputWriter",
    "PipelineSource",
    "RawMatrixSource",
    "RecordIndexError",
    "Recordings",
    "RectGrid",
    "SaliencyParams",
    "ScattererSource",
    "SceneSource",
    "SegmentSource",
    "ShoeboxRooms",
    "SphericalHarmonics",
    "SplineTrajectory",
    "Statistics",
    "Sweeps",
    "SyntheticSource",
    "Tones",
    "UniformFlow",
    "VerificationError",
    "WavSource",
    "append_raw",
    "batch_merged",
    "compute_statistics",
    "concatenated",
    "cross_faded",
    "denormalise",
    "distribution",
    "download_miracle",
    "expected_welch_csm",
    "export",
    "feature",
    "frame_feature",
    "make_loader",
    "merged_statistics",
    "mixed",
    "mu_law_decode",
    "mu_law_encode",
    "normalise",
    "overlapping_spans",
    "read_raw",
    "read_wav",
    "register_feature",
    "register_frame_feature",
    "repair",
    "scaled_spans",
    "scatterer_pipeline",
    "selected",
    "sliced",
    "split_recordings",
    "split_statistics",
    "verify",
    "write_impulse_responses",
    "write_raw",
    "write_wav",
]

_allow_grain_workers()
