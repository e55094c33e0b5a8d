import subprocess
import sys

import pytest

import acoupipe_grain as apg

PUBLIC = [
    "ArgumentError",
    "ArrayRecordSource",
    "ArraySpec",
    "DataError",
    "DataSource",
    "ExportError",
    "Feature",
    "MeasurementSetup",
    "RecordIndexError",
    "RectGrid",
    "SceneSource",
    "SyntheticSource",
    "VerificationError",
    "export",
    "feature",
    "make_loader",
    "register_feature",
    "verify",
]


def test_public_names_are_these():
    assert apg.__all__ == PUBLIC
    assert all(hasattr(apg, name) for name in PUBLIC)


def test_errors_are_value_errors_or_index_errors():
    for name in ("ArgumentError", "DataError", "ExportError", "VerificationError"):
        assert issubclass(getattr(apg, name), ValueError)
    assert issubclass(apg.RecordIndexError, IndexError)


@pytest.mark.parametrize("heavy", ["acoular", "matplotlib", "array_record", "numba", "scipy.stats"])
def test_importing_the_package_does_not_import(heavy):
    # A fresh interpreter: this one has imported everything.
    code = (
        "import jax, grain, sys; before = set(sys.modules); import acoupipe_grain; "
        f"sys.exit({heavy!r} in set(sys.modules) - before)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_grain_workers_start_outside_of_absl():
    from absl import flags

    assert flags.FLAGS.is_parsed()
