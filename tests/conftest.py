"""Shared fixtures; array shapes of the numerical modules are checked at run time here and nowhere else."""

from jaxtyping import install_import_hook

NUMERICAL = (
    "acoupipe_grain.sampling.inverse",
    "acoupipe_grain.sampling.placement",
    "acoupipe_grain.files.alignment",
    "acoupipe_grain.files.mapped",
    "acoupipe_grain.pipeline.length_order",
    *(f"acoupipe_grain.statistics.{name}" for name in ("array_statistics", "counted_rows", "moments", "row_buffer")),
    *(
        f"acoupipe_grain.array.trajectories.{name}"
        for name in ("circle", "line", "path_checks", "piecewise_cubic", "spline")
    ),
    *(
        f"acoupipe_grain.array.features.{name}"
        for name in (
            "beamformers",
            "builtin",
            "clean_sc",
            "constants",
            "eigenpairs",
            "labels",
            "maps",
            "matrices",
            "radiation_steps",
            "response_steps",
            "scaling",
            "segments",
            "simulation_steps",
            "spectra",
            "spectral_steps",
            "welch_steps",
        )
    ),
    *(
        f"acoupipe_grain.array.simulate.{name}"
        for name in (
            "arrivals",
            "arrival_spectra",
            "emission",
            "noise_spectra",
            "periodic_signals",
            "random_numbers",
            "response_signals",
            "spectral",
            "wishart",
        )
    ),
    *(f"acoupipe_grain.audio.{name}" for name in ("loudness", "order", "permutation", "reading")),
    *(f"acoupipe_grain.audio.features.{name}" for name in ("frame_features", "frame_steps", "transforming")),
    "acoupipe_grain.array.matrix_products",
    "acoupipe_grain.double_precision",
    "acoupipe_grain.array.source_pairs",
    "acoupipe_grain.array.geometry",
    "acoupipe_grain.array.locations",
    "acoupipe_grain.array.measured_locations",
    "acoupipe_grain.array.remembered_rows",
    *(
        f"acoupipe_grain.array.signals.{name}"
        for name in (
            "colored_noise",
            "correlation_factor",
            "equalizer",
            "limits",
            "line_powers",
            "random_correlations",
            "recordings",
            "signal",
            "sweep_laws",
            "unit_power",
            "waveforms",
        )
    ),
    *(
        f"acoupipe_grain.array.responses.{name}"
        for name in ("fingerprint", "hdf5_layout", "sofa_geometry", "sofa_responses", "stored_responses")
    ),
    *(
        f"acoupipe_grain.array.directivity.{name}"
        for name in ("directivity", "dipole", "spherical_modes", "spherical_harmonics")
    ),
    *(
        f"acoupipe_grain.array.rooms.{name}"
        for name in ("high_pass", "images", "placement", "pulse_trains", "room", "room_responses")
    ),
    "acoupipe_grain.array.simulate.acoular_flow",
    "acoupipe_grain.array.steering",
    "acoupipe_grain.compat.acoupipe_draws",
    "acoupipe_grain.compat.acoupipe_scaling",
)
install_import_hook(NUMERICAL, "beartype.beartype")

import numpy as np  # noqa: E402
import pytest  # noqa: E402

import acoupipe_grain as apg  # noqa: E402
from acoupipe_grain.array.geometry_acoular import import_acoular  # noqa: E402

import_acoular()  # quietly; tests then import it as usual


@pytest.fixture(autouse=True)
def _in_empty_folder(tmp_path, monkeypatch):
    """Run every test in a folder of its own and see that it leaves nothing there."""
    folder = tmp_path / "working-directory"
    folder.mkdir()
    monkeypatch.chdir(folder)
    yield
    assert not list(folder.iterdir()), "the test left files in the working directory"


@pytest.fixture(scope="session")
def small_setup():
    """Five microphones, an 8×6 grid, blocks of 64: fast to simulate."""
    positions = np.random.default_rng(1).uniform(-0.3, 0.3, (3, 5))
    positions[2] = 0
    grid = apg.RectGrid(-0.35, 0.35, -0.25, 0.25, 0.4, 0.1)
    return apg.MeasurementSetup(mic_positions=positions, grid=grid, block_size=64, sample_rate=8000.0)


@pytest.fixture(scope="session")
def small_source(small_setup):
    """Twenty short records with a map, positions and strengths."""
    return apg.SyntheticSource(20, setup=small_setup, signal_length=0.1, f=2000.0, max_nsources=4)
