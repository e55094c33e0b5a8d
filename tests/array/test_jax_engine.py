"""engine="jax": Welch's estimate of whole batches of scenes, beside what Acoular simulates."""

import os
import subprocess
import sys

import jax
import numpy as np
import pytest

import acoupipe_grain as apg
from acoupipe_grain.array.features import registered_features
from acoupipe_grain.array.features.modes import RECORDING_QUANTITIES
from acoupipe_grain.array.simulate.acoular import simulate
from acoupipe_grain.compat import AcouPipeSource
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.specs import apply_batch_computation

CHOOSING = ("eigmode", "sourcemap_orthogonal", "sourcemap_clean_sc", "sourcemap_capon", "sourcemap_functional")
"""Features that follow the last bits of the matrix."""
POWERS = ("csm", "source_strength_estimated", "noise_strength_estimated")


def source(setup, **options):
    defaults = {"num_records": 12, "setup": setup, "engine": "jax", "signal_length": 0.2, "max_nsources": 4}
    return apg.SyntheticSource(**(defaults | options))


def assert_close(measured, expected, tolerance, name=""):
    scale = max(float(np.abs(expected).max()), 1e-30)
    np.testing.assert_allclose(np.asarray(measured), expected, atol=tolerance * scale, rtol=0, err_msg=name)


@pytest.mark.parametrize(
    "f",
    [
        pytest.param(1000.0, id="a line"),
        pytest.param([1000.0, 2500.0], id="lines", marks=pytest.mark.slow),
        pytest.param(None, id="all bins", marks=pytest.mark.slow),
    ],
)
def test_every_feature_is_there_with_the_specification_of_the_other_engine(small_setup, f):
    names = [name for name in registered_features() if f is not None or "sourcemap" not in name]
    one, acoular = source(small_setup, f=f, features=names), source(small_setup, f=f, features=names, engine="acoular")
    assert one.element_spec == acoular.element_spec
    element, other = one[5], acoular[5]
    for name, array in element.items():
        assert array.shape == other[name].shape
        assert np.isfinite(array).all(), name
    for name in ("loc", "source_strength_analytic", "noise_strength_analytic", "targetmap_analytic", "seeds", "idx"):
        assert np.array_equal(element[name], other[name]), name


@pytest.mark.parametrize("signals", [(), ("time_data",)], ids=["spectra", "signals"])
@pytest.mark.parametrize(
    "f",
    [pytest.param(1000.0, id="a line", marks=pytest.mark.slow), pytest.param([1000.0, 2500.0], id="lines")],
)
def test_batches_agree_with_single_records(small_setup, f, signals):
    skipped = (*CHOOSING, *({"time_data", "spectrogram", "reference_spectrogram"} - set(signals)))
    one = source(small_setup, f=f, features=[name for name in registered_features() if name not in skipped])
    indices = [7, 0, 11]
    batch = apply_batch_computation(one.compute_batch, one.inputs.batch(indices))
    for row, index in enumerate(indices):
        for name, array in one[index].items():
            assert_close(batch[name][row], array, 1e-5, name)


def test_a_draw_does_not_depend_on_size_order_or_company_of_a_batch(small_setup):
    one = source(small_setup, features=POWERS, f=2000.0)
    alone = apply_batch_computation(one.compute_batch, one.inputs.batch([5]))
    for indices in ([5, 6], [0, 5, 2, 11], list(range(12))):
        batch = apply_batch_computation(one.compute_batch, one.inputs.batch(indices))
        for name in POWERS:
            assert_close(batch[name][indices.index(5)], alone[name][0], 2e-6, name)


def test_spectra_without_time_signals_are_those_of_the_time_signals(small_setup):
    """Noise apart: as spectra it is another draw. A share of 7e-8 of the power is lost at 3 kHz, 3e-4 of a spectrum."""
    options = {"features": POWERS[:2], "mic_sig_noise": False, "upsampling": 16}
    for f in (1000.0, [500.0, 2000.0, 3000.0]):
        spectra = source(small_setup, f=f, **options)
        signals = source(small_setup, f=f, **(options | {"features": (*POWERS[:2], "time_data")}))
        for index in (0, 4):
            for name in POWERS[:2]:
                assert_close(spectra[index][name], signals[index][name], 5e-5, name)


def test_lines_near_the_nyquist_frequency_and_many_lines_come_from_time_signals(small_setup):
    def has_signals(**options):
        graph = source(small_setup, features=("csm",), **options)._graph
        return any(graph.uses(name) for name in RECORDING_QUANTITIES)

    assert not has_signals(f=2000.0)
    assert has_signals(f=4000.0)  # the Nyquist frequency
    assert has_signals(f=None)
    assert has_signals(f=2000.0, mic_displacement={"dist": "norm", "scale": 0.05})


def test_all_lines_of_one_record_belong_to_one_recording(small_setup):
    """The matrices of all bins are those of the time signals beside them."""
    one = source(small_setup, features=("csm", "time_data", "spectrogram"))
    element, setup = one[3], small_setup
    starts = np.arange(setup.num_blocks(1600)) * setup.hop_size
    blocks = np.stack([element["time_data"][start : start + 64] for start in starts]) * setup.window_values[:, None]
    scale = np.where(np.isin(np.arange(33), (0, 32)), 1, 2) / (64 * np.sum(setup.window_values**2))
    spectra = np.fft.rfft(blocks.astype(float), axis=1) * np.sqrt(scale)[:, None]
    assert_close(element["spectrogram"], spectra, 3e-6)
    expected = np.einsum("bfi,bfj->fij", spectra, spectra.conj()) / len(starts)
    assert_close(element["csm"], expected, 3e-6)


@pytest.mark.slow
def test_the_matrix_tends_to_that_of_exact_delays_as_one_over_acoulars_resolution(jax_waveforms):
    exact = source(None, signal_length=1.0, features=("csm", "time_data"), f=3965.9375, mic_sig_noise=False)
    one, differences = exact[2]["csm"][0], []
    setup = exact.setup
    kernel = np.exp(-2j * np.pi * 37 / 128 * np.arange(128)) * setup.window_values
    for upsampling in (64, 256, 1024):
        signals = simulate(setup, exact.inputs[2], jax_waveforms(exact.inputs), upsampling=upsampling).time_data
        starts = np.arange(setup.num_blocks(len(signals))) * 64
        spectra = np.stack([kernel @ signals[start : start + 128] for start in starts])
        csm = spectra.T @ spectra.conj() / len(starts) * 2 / (128 * np.sum(setup.window_values**2))
        differences.append(np.linalg.norm(csm - one) / np.linalg.norm(one))
    np.testing.assert_allclose(np.divide(differences[:-1], differences[1:]), 4, rtol=0.4)
    assert differences[-1] < 1e-3


@pytest.mark.slow
def test_shorter_recordings_are_the_beginning_of_long_ones(small_setup):
    lengths = {"dist": "uniform", "loc": 0.1, "scale": 0.1}
    options = {"features": ("time_data", "noise_strength_estimated"), "random_signal_length": True}
    one = source(small_setup, signal_lengths=lengths, f=1000.0, **options)
    for index in (1, 2):
        element = one[index]
        assert element["time_data"].shape == (1600, 5)
        end = int(element["num_samples"])
        assert 800 <= end < 1600
        assert not element["time_data"][end:].any()
        whole = source(small_setup, features=("time_data",))[index]["time_data"]
        assert_close(element["time_data"][:end], whole[:end], 1e-6)


@pytest.mark.slow
def test_without_noise_power_there_is_no_noise(small_setup):
    for f in (1000.0, [1000.0, 2000.0], None):
        element = source(small_setup, features=POWERS, f=f, mic_sig_noise=False)[0]
        assert not element["noise_strength_estimated"].any()
        assert element["source_strength_estimated"].any()


def test_the_loader_computes_batches_and_a_train_step_does(small_setup):
    one = source(small_setup, features=("csm", "sourcemap"), f=2000.0)
    for batch in apg.make_loader(one, 4, seed=1):
        assert isinstance(batch["csm"], jax.Array)
        for row, index in enumerate(np.asarray(batch["idx"])):
            assert_close(batch["csm"][row], one[int(index)]["csm"], 1e-5)
    step = jax.jit(lambda part, scenes, weight: (part(scenes)["sourcemap"] * weight).sum())
    gradient = jax.grad(step, argnums=2)(one.compute_batch, one.inputs.batch([0, 1]), 2.0)
    assert np.isfinite(gradient)


@pytest.mark.slow
def test_exports_are_read_back_and_verified(small_setup, tmp_path):
    one = source(small_setup, features=("csm", "time_data"), f=2000.0)
    apg.export(one, tmp_path / "data", num_workers=0, progress=False)
    apg.verify(tmp_path / "data", deep=True)
    assert_close(apg.ArrayRecordSource(tmp_path / "data")[7]["csm"], one[7]["csm"], 1e-5)


def test_it_is_part_of_the_identity_and_delays_are_exact_by_default(small_setup):
    one = source(small_setup)
    assert one.configuration["arguments"]["engine"] == "jax"
    assert one.configuration["arguments"]["upsampling"] is None
    assert source(small_setup, upsampling=16).configuration["arguments"]["upsampling"] == 16
    assert source(small_setup, engine="acoular").upsampling == 16
    assert source(small_setup, engine="acoular").compute_batch is None


@pytest.mark.parametrize(
    "options",
    [
        {"f": [1000.0, 1000.0]},
        {"f": 0.0},
        *(
            pytest.param(options, marks=pytest.mark.slow)
            for options in (
                {"f": 1000.0, "num": 3},
                {"f": 1000.0, "setup": {"overlap": 0.75, "block_size": 64}},
                {"f": 1000.0, "setup": {"overlap": 0.0, "window": "rectangular"}},
                {"f": 1000.0, "setup": {"sample_rate": 9973.0}, "max_nsources": 1},
            )
        ),
    ],
    ids=str,
)
def test_unusual_requests_agree_with_single_records_and_time_signals(small_setup, options):
    setup = {"mic_positions": 3 * small_setup.mic_positions, "grid": small_setup.grid} | options.pop("setup", {})
    one = source(setup, features=POWERS, mic_sig_noise=False, upsampling=64, **options)
    acoular = source(setup, features=(*POWERS, "time_data"), mic_sig_noise=False, upsampling=64, **options)
    batch = apply_batch_computation(one.compute_batch, one.inputs.batch([2, 5]))
    for row, index in enumerate([2, 5]):
        for name in POWERS:
            assert_close(batch[name][row], one[index][name], 1e-5, name)
            assert_close(acoular[index][name], one[index][name], 5e-5, name)


@pytest.mark.slow
def test_sixty_four_bits_change_nothing():
    script = """
import sys
import numpy as np
import acoupipe_grain as apg
for f in (4000.0, [100.0, 1000.0]):
    element = apg.SyntheticSource(
        4, engine="jax", features=("csm", "noise_strength_estimated"), f=f, signal_length=0.2
    )[1]
    print(repr(float(np.abs(element["csm"]).sum())), repr(float(element["noise_strength_estimated"].sum())))
"""
    printed = [
        subprocess.run(
            [sys.executable, "-c", script], env=os.environ | {"JAX_ENABLE_X64": flag}, capture_output=True, check=True
        ).stdout
        for flag in ("0", "1")
    ]
    narrow, wide = (np.array(text.split(), dtype=float) for text in printed)
    np.testing.assert_allclose(wide, narrow, rtol=1e-5)


@pytest.mark.slow
def test_chunks_hold_what_they_promise():
    """XLA's own account of the memory on the way, for lines whose noise is drawn as spectra, and in time."""
    for f in (4000.0, 100.0):
        one = source(None, features=("csm",), f=f, signal_length=5.0, max_nsources=10)
        lowered = jax.jit(lambda part, batch: part(batch)).lower(one.compute_batch, one.inputs.batch([0, 1] * 32))
        assert lowered.compile().memory_analysis().temp_size_in_bytes < 256 * 2**20


def test_twelve_lines_are_computed_without_time_signals():
    setup = apg.MeasurementSetup.default()
    for count, without in ((12, True), (13, False)):
        graph = source(setup, features=("csm",), f=[float(f) for f in setup.bin_frequencies[20 : 20 + count]])._graph
        assert graph.uses("source_spectra") == without


@pytest.mark.parametrize("upsampling", [0, 1.5, 10_000])
def test_resolutions_that_are_none_are_refused(small_setup, upsampling):
    with pytest.raises(ArgumentError, match="upsampling="):
        source(small_setup, upsampling=upsampling)


def test_acoupipes_waveforms_are_acoulars_to_simulate():
    with pytest.raises(ArgumentError, match=r"engine='jax', mode='welch'.*use engine='acoular'"):
        AcouPipeSource(3, engine="jax")
