import pickle

import acoular
import numpy as np
import pytest

import acoupipe_grain as apg
from acoupipe_grain.array.measurement import as_setup
from acoupipe_grain.errors import ArgumentError


def mics(z=0.0):
    return np.array([[0.0, 0.1, 0.2], [0.0, 0.2, -0.1], [z, z, z]])


def test_the_default_setup_is_acoupipes():
    setup = apg.MeasurementSetup.default()
    assert (setup.num_mics, setup.grid.shape, setup.num_bins, setup.hop_size) == (64, (64, 64), 65, 64)
    np.testing.assert_allclose(setup.reference, [0.0401528, -0.0428320, 0], atol=1e-7)
    assert setup.bin_frequencies[1] == 107.1875
    assert setup.num_blocks(68_600) == 1070


def test_setups_are_compared_and_hashed_by_content():
    one, same, other = (apg.MeasurementSetup(mic_positions=mics() + shift) for shift in (0, 0, 0.01))
    assert one == same
    assert hash(one) == hash(same)
    assert one != other
    assert repr(one) == repr(same) != repr(other)


def test_minus_zero_is_zero():
    negative = mics()
    negative[2] = -0.0
    one, other = (apg.MeasurementSetup(mic_positions=positions) for positions in (mics(), negative))
    assert one == other
    assert hash(one) == hash(other)


def test_unpickled_setups_are_frozen_too():
    setup = pickle.loads(pickle.dumps(apg.MeasurementSetup(mic_positions=mics())))
    with pytest.raises(ValueError, match="read-only"):
        setup.mic_positions[0, 0] = 1.0


def test_setups_are_frozen():
    setup = apg.MeasurementSetup(mic_positions=mics())
    with pytest.raises(AttributeError):
        setup.speed_of_sound = 340.0
    with pytest.raises(ValueError, match="read-only"):
        setup.mic_positions[0, 0] = 1.0


def test_setups_survive_pickling_and_json():
    setup = apg.MeasurementSetup(mic_positions=mics(), steering="I", overlap=0.75)
    assert pickle.loads(pickle.dumps(setup)) == setup
    assert as_setup(setup.to_json()) == setup


def test_a_mapping_keeps_defaults_for_what_it_leaves_out():
    setup = as_setup({"speed_of_sound": 340.0})
    assert setup.num_mics == 64
    assert setup.speed_of_sound == 340.0
    assert as_setup(None) == apg.MeasurementSetup.default() == apg.MeasurementSetup()


def test_microphones_come_by_the_name_of_an_acoular_file():
    setup = apg.MeasurementSetup(mic_positions="minidsp_uma-16")
    assert setup.num_mics == 16
    assert setup.grid.z == pytest.approx(setup.aperture / 2)


def test_from_a_microphone_geometry():
    geometry = acoular.MicGeom(pos_total=mics())
    geometry.invalid_channels = [1]
    setup = apg.MeasurementSetup.from_acoular(geometry, sample_rate=48_000.0)
    assert setup.num_mics == 2
    assert setup.sample_rate == 48_000.0


def acoular_beamformer(**steering):
    grid = acoular.RectGrid(x_min=-0.25, x_max=0.25, y_min=-0.2, y_max=0.2, z=0.6, increment=0.15)
    steer = acoular.SteeringVector(
        grid=grid, mics=acoular.MicGeom(pos_total=mics()), steer_type="true location", ref=[0.0, 0.0, 0.1], **steering
    )
    samples = acoular.TimeSamples(data=np.zeros((1000, 3)), sample_freq=16_000.0)
    spectra = acoular.PowerSpectra(source=samples, block_size=256, window="Hamming", overlap="75%", cached=False)
    return acoular.BeamformerBase(freq_data=spectra, steer=steer, r_diag=True, cached=False)


def test_from_a_beamformer_takes_everything():
    beamformer = acoular_beamformer(env=acoular.Environment(c=340.0))
    setup = apg.MeasurementSetup.from_acoular(beamformer)
    np.testing.assert_allclose(setup.grid.positions, beamformer.steer.grid.pos, atol=1e-12)
    assert (setup.block_size, setup.overlap, setup.window) == (256, 0.75, "hamming")
    assert (setup.steering, setup.remove_diagonal) == ("IV", True)
    assert (setup.speed_of_sound, setup.sample_rate) == (340.0, 16_000.0)
    np.testing.assert_array_equal(setup.reference, [0, 0, 0.1])


def test_from_a_steering_vector_with_values_of_ones_own():
    setup = apg.MeasurementSetup.from_acoular(acoular_beamformer().steer, steering="II", block_size=64)
    assert (setup.steering, setup.block_size) == ("II", 64)


def test_what_a_setup_cannot_express_is_refused():
    beamformer = acoular_beamformer(env=acoular.UniformFlowEnvironment(ma=0.1))
    with pytest.raises(ArgumentError, match="UniformFlowEnvironment"):
        apg.MeasurementSetup.from_acoular(beamformer)
    steer = acoular_beamformer().steer
    steer.ref = 1.0
    with pytest.raises(ArgumentError, match="distance"):
        apg.MeasurementSetup.from_acoular(steer)
    steer = acoular_beamformer().steer
    steer.grid = acoular.RectGrid3D()
    with pytest.raises(ArgumentError, match="RectGrid3D"):
        apg.MeasurementSetup.from_acoular(steer)
    with pytest.raises(ArgumentError, match="MicGeom"):
        apg.MeasurementSetup.from_acoular("tub_vogel64")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"mic_positions": mics(0.1)}, "microphone 0.*lies on the grid"),
        ({"reference": [0.0, 0.1, 0.1]}, "reference.*lies on the grid"),
        ({"mic_positions": mics() * 1j}, "real numbers"),
        ({"mic_positions": acoular.MicGeom(pos_total=mics())}, "from_acoular"),
        ({"grid": acoular.RectGrid()}, "from_acoular"),
        ({"mic_positions": np.zeros((3, 4))}, "one place"),
        ({"mic_positions": np.zeros((4, 3))}, r"shape \(4, 3\)"),
        ({"mic_positions": "array_57"}, "did you mean"),
        ({"mic_positions": [["a"]]}, "expected real numbers"),
        ({"mic_positions": np.full((3, 3), np.nan)}, "finite"),
        ({"grid": 0.1}, "RectGrid"),
        ({"grid": {"x_min": 0}}, "lacks"),
        ({"grid": {"x_minimum": 0}}, "did you mean 'x_min'"),
        ({"reference": [0, 0]}, r"\(3,\)"),
        ({"speed_of_sound": 0}, "speed_of_sound"),
        ({"sample_rate": "48000"}, "sample_rate"),
        ({"block_size": 127}, "even"),
        ({"block_size": 128.0}, "block_size"),
        ({"overlap": 0.6}, "nearest overlap that fits is 0.5"),
        ({"overlap": 1.0}, "overlap"),
        ({"window": "Hann"}, "did you mean 'hanning'"),
        ({"steering": "V"}, "steering"),
        ({"remove_diagonal": 1}, "remove_diagonal"),
    ],
)
def test_bad_values_are_refused_by_name(change, message):
    grid = apg.RectGrid(-0.5, 0.5, -0.5, 0.5, 0.1, 0.1)
    with pytest.raises(ArgumentError, match=message):
        apg.MeasurementSetup(**({"mic_positions": mics(), "grid": grid} | change))


def test_an_unknown_setup_argument_is_refused_with_the_nearest_name():
    with pytest.raises(ArgumentError, match="did you mean 'sample_rate'"):
        as_setup({"sample_freq": 1.0, "samplerate": 1})
    with pytest.raises(ArgumentError, match="setup="):
        as_setup(17)
