"""Moving sources as Acoular simulates them, against theory and an independent simulation."""

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.signal import resample

import acoupipe_grain as apg
from acoupipe_grain.array.features import segments, spectra
from acoupipe_grain.array.features.bands import resolve_bands
from acoupipe_grain.array.features.constants import build_steering
from acoupipe_grain.array.features.scaling import scaling
from acoupipe_grain.array.simulate.acoular_moving import moving_blocks
from acoupipe_grain.array.simulate.acoular_point_source import point_source_blocks, upsample
from acoupipe_grain.array.simulate.emission import block_positions, emission_times
from acoupipe_grain.array.trajectories import CircularPath, LinearPath
from acoupipe_grain.array.trajectories.function import interpolated
from acoupipe_grain.errors import ArgumentError

SOUND, RATE = 343.0, 8000.0
CENTER, ARM, ACROSS = np.array([0.0, 0.05, 0.4]), np.array([0.2, 0, 0]), np.array([0, 0.2, 0])
PATHS = {
    "line": LinearPath(np.array([-4.0, 0.1, 0.5]), np.array([60.0, 0.0, 0.0])),
    "circle": CircularPath(CENTER, ARM, ACROSS, 50.0),
    "rotor": CircularPath(CENTER, ARM, ACROSS, 0.8 * SOUND / 0.2),
    "cubic pieces": interpolated(np.random.default_rng(5).uniform((-0.3, -0.3, 0.5), (0.3, 0.3, 1.1), (6, 3)).T, 0.1),
}
every_path = pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)


def noise(num_samples, seed=0):
    return np.random.default_rng(seed).standard_normal(num_samples).astype(np.float32)


def simulated(setup, waveform, path, upsampling=16, convective_amplification=False, receivers=None):
    receivers = setup.receivers if receivers is None else receivers
    blocks = moving_blocks(setup, waveform, path, receivers, upsampling, convective_amplification)
    return np.concatenate([block.copy() for block in blocks])


def emitted_at(setup, num_samples, path):
    """Return emission times (R, T) and distances then."""
    emitted = emission_times(path, setup.receivers, np.arange(num_samples) / RATE, SOUND)
    at = path.positions(emitted.ravel()).reshape(3, *emitted.shape)
    return emitted, np.linalg.norm(at - setup.receivers[:, :, None], axis=0)


def amplitude_tolerance(path, distances, upsampling):
    """Return how far Acoular's amplitude may be off: its distance is that before Newton's last step.

    That step is less than a tenth of the resolution.
    """
    return path.top_speed * 0.1 / (upsampling * RATE) / distances


@every_path
@pytest.mark.parametrize("upsampling", [16, 2048])
@pytest.mark.parametrize("num_samples", [200, 768, 801])
def test_an_independent_simulation_with_the_same_rounding_agrees(small_setup, path, num_samples, upsampling):
    """To 1e-9 and the amplitude's tolerance; before the first sound has arrived, rounding times up instead."""
    waveform = noise(num_samples)
    measured = simulated(small_setup, waveform, path, upsampling).T
    assert measured.shape == (6, num_samples)
    emitted, distances = emitted_at(small_setup, num_samples, path)
    places = emitted * RATE * upsampling + 0.5
    rounded = np.where(places < 0, np.ceil(places), np.floor(places)).astype(int)
    assert (rounded < 0).sum() > 20
    expected = upsample(waveform, upsampling)[rounded % (upsampling * num_samples)] / distances
    tolerance = 1e-9 + amplitude_tolerance(path, distances, upsampling)
    is_tie = np.abs(places - np.rint(places)) < 1e-6 * upsampling
    assert is_tie.sum() < 0.01 * is_tie.size
    assert np.all((np.abs(measured - expected) < tolerance * np.abs(expected)) | is_tie)


@pytest.mark.parametrize("name", ["line", "circle", "cubic pieces"])
def test_the_error_falls_with_the_upsampling(small_setup, name):
    """Against the band-limited interpolation of the waveform at the exact emission times.

    A signal of mean square frequency ⟨ω²⟩, shifted by times uniform in ±Δ/2, is off by √(⟨ω²⟩ Δ²/12). From 4000
    independent shifts or more, that has a standard error of √((9/5·3 − 1)/4000)/2 = 1.7 %; of the nine deviations none
    is farther off than four of them with a probability of 0.9994.
    """
    num_samples, fine = 4000, 1024
    waveform = noise(num_samples)
    emitted, distances = emitted_at(small_setup, num_samples, PATHS[name])
    table = np.append(resample(waveform.astype(float), fine * num_samples), waveform[0])
    places = np.mod(emitted * RATE, num_samples) * fine
    exact = np.interp(places, np.arange(table.size), table) / distances
    powers = np.abs(np.fft.rfft(waveform.astype(float))) ** 2
    mean_square_frequency = np.sum(powers * np.linspace(0, np.pi, powers.size) ** 2) / powers.sum()
    heard = emitted > 0
    for upsampling in (8, 64, 512):
        error = (simulated(small_setup, waveform, PATHS[name], upsampling).T - exact) * distances
        deviation = np.sqrt(np.mean(error[heard] ** 2) / np.mean(waveform**2))
        assert deviation == pytest.approx(np.sqrt(mean_square_frequency / 12) / upsampling, rel=0.067)


@pytest.mark.parametrize("num_samples", [200, 512, 700])
@pytest.mark.parametrize("convective_amplification", [False, True])
def test_a_path_at_rest_gives_what_a_point_source_gives(small_setup, num_samples, convective_amplification):
    position, waveform = np.array([0.123, -0.077, 0.41]), noise(num_samples)
    blocks = point_source_blocks(small_setup, waveform, position, small_setup.receivers, 16)
    expected = np.concatenate([block.copy() for block in blocks])
    measured = simulated(
        small_setup, waveform, LinearPath(position, np.zeros(3)), convective_amplification=convective_amplification
    )
    np.testing.assert_allclose(measured, expected, rtol=0, atol=1e-12 * np.abs(expected).max())


def tone(num_samples, frequency):
    return np.cos(2 * np.pi * frequency / RATE * np.arange(num_samples)).astype(np.float32)


def pass_by(setup, frequency, convective_amplification=False):
    """Return the signal of a tone that passes the reference position at 60 m/s at a distance of 5 m; Mach 0.17."""
    path = LinearPath(setup.reference + np.array([-30.0, 0.0, 5.0]), np.array([60.0, 0.0, 0.0]))
    waveform = tone(8000, frequency)
    receivers = setup.reference[:, None]
    signal = simulated(setup, waveform, path, 64, convective_amplification, receivers)[:, 0]
    emitted = emission_times(path, receivers, np.arange(8000) / RATE, SOUND)[0]
    to_receiver = receivers - path.positions(emitted)
    distances = np.linalg.norm(to_receiver, axis=0)
    radial_mach = path.velocity @ to_receiver / distances / SOUND
    return signal, distances, radial_mach


def test_a_tone_has_the_doppler_shift_of_theory(small_setup):
    """f₀/(1 − M_r) while it approaches, passes and recedes, within a bin of 15.6 Hz; the largest shift is 21 bins."""
    frequency, length = 1500.0, 512
    signal, _, radial_mach = pass_by(small_setup, frequency)
    shifts = []
    for middle in (500, 2000, 3500, 4080, 4700, 6000, 7500):
        part = signal[middle - length // 2 : middle + length // 2] * np.hanning(length)
        peak = np.argmax(np.abs(np.fft.rfft(part, 16 * length))) * RATE / (16 * length)
        expected = frequency / (1 - radial_mach[middle])
        assert abs(peak - expected) < RATE / length
        shifts.append((expected - frequency) / (RATE / length))
    assert max(shifts) > 15
    assert min(shifts) < -10


@pytest.mark.parametrize("convective_amplification", [False, True])
def test_the_amplitude_is_that_of_the_distance_at_emission(small_setup, convective_amplification):
    """1/r and with convective amplification 1/(r (1 − M_r)²): the mean over a period and more, within 1 %."""
    signal, distances, radial_mach = pass_by(small_setup, 1500.0, convective_amplification)
    expected = 1 / distances / ((1 - radial_mach) ** 2 if convective_amplification else 1.0)
    for middle in (500, 2500, 4080, 5500, 7500):
        around = slice(middle - 128, middle + 128)
        window = np.hanning(256) / np.hanning(256).sum()
        measured = np.sqrt(2 * np.sum(window * signal[around] ** 2))
        assert measured == pytest.approx(np.sqrt(np.sum(window * expected[around] ** 2)), rel=0.01)


def test_emission_times_that_are_not_found_are_an_error(small_setup):
    """A rotor of 0.1 mm at Mach 0.89 turns thousands of times within the way of its sound."""
    radius = 1e-4
    path = CircularPath(CENTER, np.array([radius, 0, 0]), np.array([0, radius, 0]), 0.89 * SOUND / radius)
    with pytest.raises(ArgumentError, match="did not find the emission times"):
        simulated(small_setup, noise(300), path)


def test_nothing_is_cached_on_disk(small_setup, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = set(tmp_path.rglob("*"))
    simulated(small_setup, noise(300), PATHS["circle"])
    assert set(tmp_path.rglob("*")) == before


def tracked(setup, waveform, path, frequency, num, blocks_per_segment):
    """Return how far each segment's peak is from the mean of the block positions, in grid steps, in x or in y."""
    signals = jnp.asarray(simulated(setup, waveform, path, receivers=setup.mic_positions), dtype=jnp.float32)
    num_samples = jnp.int32(waveform.size)
    bands = resolve_bands(setup, frequency, num)
    maps = segments.segment_sourcemap(
        spectra.block_spectra(signals, setup, bands),
        num_samples,
        jnp.asarray(build_steering(setup, bands, steering="IV")),
        scaling(setup, bands),
        setup,
        bands,
        blocks_per_segment=blocks_per_segment,
        remove_diagonal=False,
    )[:, 0]
    positions = jnp.asarray(block_positions(setup, [path], waveform.size, 1))
    expected = segments.segment_loc(positions, num_samples, setup, blocks_per_segment=blocks_per_segment)
    peaks = np.unravel_index(np.asarray(maps).reshape(len(maps), -1).argmax(axis=1), setup.grid.shape)
    away = [
        np.abs(axis[peak] - at) / step
        for axis, peak, at, step in zip(setup.grid.axes, peaks, expected[:, :2, 0].T, setup.grid.steps, strict=True)
    ]
    return np.max(away, axis=0)


# A band of noise or a tone: one line of noise alone is so weak in some blocks that its delays within the block show.
every_sound = pytest.mark.parametrize(
    ("kind", "frequency", "num"), [("noise", 3000.0, 3), ("noise", 5000.0, 3), ("tone", 3000.0, 0), ("tone", 5000.0, 0)]
)


@pytest.mark.slow
@pytest.mark.parametrize("blocks_per_segment", [1, 5])
@every_sound
def test_maps_of_single_blocks_and_of_segments_follow_a_circle(kind, frequency, num, blocks_per_segment):
    """Sixteen microphones within 0.7 m, a grid step of 2.5 cm, half a revolution in 0.25 s."""
    angles, radii = 2.4 * np.arange(16), 0.35 * np.sqrt((np.arange(16) + 0.5) / 16)
    mics = np.stack([radii * np.cos(angles), radii * np.sin(angles), np.zeros(16)])
    setup = apg.MeasurementSetup(mics, apg.RectGrid(-0.3, 0.3, -0.3, 0.3, 0.35, 0.025), sample_rate=2 * RATE)
    path = CircularPath(np.array([0.02, -0.01, 0.35]), ARM, ACROSS, 4 * np.pi)
    waveform = noise(4000) if kind == "noise" else tone(4000, frequency / 2)
    away = tracked(setup, waveform, path, frequency, num, blocks_per_segment)
    assert len(away) == 61 // blocks_per_segment
    assert away.max() <= 1.0


@pytest.mark.slow
@pytest.mark.parametrize("blocks_per_segment", [1, 16])
@every_sound
def test_maps_of_the_default_setup_follow_a_circle(kind, frequency, num, blocks_per_segment):
    """At every block of 5 s, at 0.8 m/s."""
    setup = apg.MeasurementSetup.default()
    path = CircularPath(np.array([0.02, -0.01, 0.5]), 1.25 * ARM, 1.25 * ACROSS, np.pi)
    bin_frequency = setup.bin_frequencies[round(frequency / setup.bin_frequencies[1])]
    waveform = noise(68600) if kind == "noise" else tone(68600, bin_frequency * RATE / setup.sample_rate)
    away = tracked(setup, waveform, path, frequency, num, blocks_per_segment)
    assert len(away) == 1070 // blocks_per_segment
    assert away.max() <= 1.0
