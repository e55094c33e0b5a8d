import subprocess
import sys

import acoupipe_grain as apg

PUBLIC = [
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


def test_public_names_are_these():
    assert apg.__all__ == PUBLIC
    assert all(hasattr(apg, name) for name in PUBLIC)


def test_errors_are_value_errors_or_index_errors():
    for name in ("ArgumentError", "DataError", "ExportError", "VerificationError"):
        assert issubclass(getattr(apg, name), ValueError)
    assert issubclass(apg.RecordIndexError, IndexError)


def test_importing_the_package_imports_nothing_heavy():
    # A fresh interpreter: this one has imported everything.
    code = "import jax, grain, sys; before = set(sys.modules); import acoupipe_grain; print(*set(sys.modules) - before)"
    imported = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert "acoupipe_grain" in imported
    heavy = {"acoular", "matplotlib", "numba", "scipy.stats", "argbind", "pyloudnorm", "soundfile", "soxr", "flax"}
    assert not heavy & set(imported)


def test_importing_marks_absls_flags_as_parsed_and_nothing_else():
    """Grain's workers refuse to start in programs that `absl.app` did not run."""
    code = "import {module}; from absl import flags; import sys; sys.exit(flags.FLAGS.is_parsed())"
    for module, parsed in (("grain", 0), ("acoupipe_grain", 1)):
        command = [sys.executable, "-c", code.format(module=module)]
        assert subprocess.run(command, check=False).returncode == parsed


def test_importing_late_in_threads_leaves_the_warning_filters_alone():
    code = """
import warnings
from concurrent.futures import ThreadPoolExecutor
from acoupipe_grain.array.geometry_acoular import import_acoular
before = list(warnings.filters)
with ThreadPoolExecutor(16) as pool:
    list(pool.map(lambda _: import_acoular(), range(64)))
assert ("ignore", None, Warning, None, 0) not in warnings.filters, warnings.filters
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_everything_but_shards_works_without_array_record(tmp_path):
    code = """
import platform, sys
import jax
sys.modules["array_record"] = sys.modules["array_record.python"] = None
system = platform.system
platform.system = lambda: "Windows"  # where Grain does without array-record
import grain
platform.system = system
import acoupipe_grain as apg
source = apg.SyntheticSource(4, features=("sourcemap",), f=4000.0, signal_length=0.2)
assert len(list(apg.make_loader(source, 2))) == 2
try:
    apg.export(source, "data", num_workers=0)
except apg.ArgumentError as error:
    assert "array-record" in str(error)
else:
    sys.exit("exported")
"""
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
    assert not list(tmp_path.glob("data"))
