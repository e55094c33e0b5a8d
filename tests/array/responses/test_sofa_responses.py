import pickle
import sys

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from acoupipe_grain.array.responses import ImpulseResponses, as_impulse_responses
from acoupipe_grain.array.responses.sofa_geometry import axes, cartesian
from acoupipe_grain.errors import ArgumentError, DataError

sofar = pytest.importorskip("sofar")
h5py = pytest.importorskip("h5py")

NUM_MEASUREMENTS, NUM_RECEIVERS, NUM_TAPS = 4, 3, 9


def sofa_of(convention, num_emitters=1, num_receivers=NUM_RECEIVERS):
    """Return a SOFA object with random responses, sources and receivers, and one listener at the origin."""
    rng = np.random.default_rng(num_emitters)
    sofa = sofar.Sofa(convention)
    shape = (NUM_MEASUREMENTS, num_receivers, NUM_TAPS)
    sofa.Data_IR = rng.standard_normal(shape if convention == "SingleRoomSRIR" else (*shape, num_emitters))
    sofa.Data_SamplingRate = 44100.0
    delays = np.zeros((1, num_receivers) if convention == "SingleRoomSRIR" else (1, num_receivers, 1))
    sofa.Data_Delay = delays
    sofa.SourcePosition = rng.uniform(1, 2, (NUM_MEASUREMENTS, 3))
    sofa.ListenerPosition = np.zeros((NUM_MEASUREMENTS, 3))
    sofa.MeasurementDate = np.zeros(NUM_MEASUREMENTS)
    for name, number in (("Receiver", num_receivers), ("Emitter", num_emitters)):
        setattr(sofa, f"{name}Position", rng.uniform(-0.3, 0.3, (number, 3, 1)) * (name == "Receiver" or number > 1))
        setattr(sofa, f"{name}Position_Type", "cartesian")
        setattr(sofa, f"{name}Position_Units", "metre")
        setattr(sofa, f"{name}View", np.tile([[[1.0], [0.0], [0.0]]], (number, 1, 1)))
        setattr(sofa, f"{name}Up", np.tile([[[0.0], [0.0], [1.0]]], (number, 1, 1)))
        sofa.delete(f"{name}Descriptions")
    return sofa


@pytest.fixture
def load(tmp_path):
    """Return a function that writes a SOFA object and loads the file."""

    def written(sofa, **arguments):
        path = tmp_path / "room.sofa"
        sofar.write_sofa(str(path), sofa)
        return ImpulseResponses.load(path, **{"speed_of_sound": 343.0} | arguments)

    return written


def test_srir_measurements_are_sources(load):
    sofa = sofa_of("SingleRoomSRIR")
    loaded = load(sofa)
    assert (loaded.num_sources, loaded.num_mics, loaded.num_taps) == (4, 3, 9)
    assert (loaded.sample_rate, loaded.speed_of_sound, loaded.name) == (44100.0, 343.0, "room")
    np.testing.assert_allclose(loaded.read([2, 0]), sofa.Data_IR[[2, 0]], rtol=1e-7)
    np.testing.assert_array_equal(loaded.source_positions, sofa.SourcePosition.T)
    np.testing.assert_array_equal(loaded.mic_positions, sofa.ReceiverPosition[:, :, 0].T)


def test_mimo_emitters_of_measurements_are_sources(load):
    sofa = sofa_of("SingleRoomMIMOSRIR", 2)
    loaded = load(sofa)
    assert (loaded.num_sources, loaded.num_mics, loaded.num_taps) == (8, 3, 9)
    for index in range(8):
        measurement, emitter = index // 2, index % 2
        np.testing.assert_allclose(loaded.read([index])[0], sofa.Data_IR[measurement, :, :, emitter], rtol=1e-7)
        expected = sofa.SourcePosition[measurement] + sofa.EmitterPosition[emitter, :, 0]
        np.testing.assert_allclose(loaded.source_positions[:, index], expected, atol=1e-12)


def test_receivers_are_turned_and_moved_with_the_listener(load):
    turn = Rotation.from_euler("zyx", [40.0, -25.0, 70.0], degrees=True)
    sofa = sofa_of("SingleRoomSRIR")
    sofa.ListenerPosition = np.tile([1.0, -2.0, 3.0], (NUM_MEASUREMENTS, 1))
    sofa.ListenerView = 2.5 * turn.apply([[1.0, 0.0, 0.0]])
    sofa.ListenerUp = 0.1 * turn.apply([[0.3, 0.0, 1.0]])  # not at right angles to the view
    expected = turn.apply(sofa.ReceiverPosition[:, :, 0]) + np.array([1.0, -2.0, 3.0])
    np.testing.assert_allclose(load(sofa).mic_positions.T, expected, atol=1e-12)


def test_emitters_are_turned_and_moved_with_each_source(load):
    turns = Rotation.from_euler("zyx", np.random.default_rng(5).uniform(-180, 180, (NUM_MEASUREMENTS, 3)), degrees=True)
    sofa = sofa_of("SingleRoomMIMOSRIR", 3)
    sofa.SourceView = turns.apply([1.0, 0.0, 0.0])
    sofa.SourceUp = turns.apply([0.0, 0.0, 1.0])
    loaded = load(sofa)
    for measurement, turn in enumerate(turns):
        expected = sofa.SourcePosition[measurement] + turn.apply(sofa.EmitterPosition[:, :, 0])
        found = loaded.source_positions[:, 3 * measurement : 3 * measurement + 3].T
        np.testing.assert_allclose(found, expected, atol=1e-12)


def test_several_emitters_of_an_srir_source_are_at_the_source(load):
    sofa = sofa_of("SingleRoomSRIR", 2)
    np.testing.assert_array_equal(load(sofa).source_positions, sofa.SourcePosition.T)


def test_the_view_of_a_listener_may_be_spherical(load):
    sofa = sofa_of("SingleRoomSRIR")
    sofa.ListenerView = np.array([[90.0, 0.0, 1.0]])  # along y
    sofa.ListenerUp = np.array([[0.0, 90.0, 1.0]])  # along z
    sofa.ListenerView_Type, sofa.ListenerView_Units = "spherical", "degree, degree, metre"
    x, y, z = sofa.ReceiverPosition[:, :, 0].T
    np.testing.assert_allclose(load(sofa).mic_positions, [-y, x, z], atol=1e-12)


def test_receivers_may_be_spherical(load):
    sofa = sofa_of("SingleRoomSRIR")
    sofa.ReceiverPosition = np.array([[90.0, 30.0, 2.0], [0.0, -90.0, 0.5], [-45.0, 0.0, np.sqrt(2.0)]])[..., None]
    sofa.ReceiverPosition_Type, sofa.ReceiverPosition_Units = "spherical", "degree, degree, metre"
    expected = [[0.0, np.sqrt(3.0), 1.0], [0.0, 0.0, -0.5], [1.0, -1.0, 0.0]]
    np.testing.assert_allclose(load(sofa).mic_positions.T, expected, atol=1e-12)


def test_sources_may_be_spherical(load):
    sofa = sofa_of("SingleRoomSRIR")
    sofa.SourcePosition = np.array([[0.0, 0.0, 1.0], [90.0, 0.0, 2.0], [180.0, 0.0, 3.0], [12.0, 90.0, 4.0]])
    sofa.SourcePosition_Type, sofa.SourcePosition_Units = "spherical", "degree, degree, metre"
    expected = [[1.0, 0.0, 0.0], [0.0, 2.0, 0.0], [-3.0, 0.0, 0.0], [0.0, 0.0, 4.0]]
    np.testing.assert_allclose(load(sofa).source_positions.T, expected, atol=1e-12)


def test_one_microphone_is_enough(load):
    sofa = sofa_of("SingleRoomSRIR", num_receivers=1)
    sofa.ListenerPosition[:] = [3.0, 2.0, 1.0]
    loaded = load(sofa)
    assert loaded.num_mics == 1
    np.testing.assert_allclose(loaded.mic_positions[:, 0], sofa.ReceiverPosition[0, :, 0] + [3.0, 2.0, 1.0])


def test_delays_are_honoured(load):
    sofa = sofa_of("SingleRoomMIMOSRIR", 2)
    delays = np.random.default_rng(6).integers(0, 6, (NUM_MEASUREMENTS, NUM_RECEIVERS, 2))
    delays[1, 2, 0] = 7
    sofa.Data_Delay = delays.astype(float)
    loaded = load(sofa)
    assert loaded.num_taps == NUM_TAPS + 7
    for index in range(8):
        for mic in range(NUM_RECEIVERS):
            response, delay = sofa.Data_IR[index // 2, mic, :, index % 2], delays[index // 2, mic, index % 2]
            expected = np.convolve(np.eye(8)[delay], response)
            np.testing.assert_allclose(loaded.read([index])[0, mic], expected, rtol=1e-7)


def test_one_delay_for_each_receiver_holds_in_all_measurements(load):
    sofa = sofa_of("SingleRoomSRIR")
    sofa.Data_Delay = np.array([[0.0, 2.0, 1.0]])
    read = load(sofa).read([3])[0]
    np.testing.assert_allclose(read[1], [0, 0, *sofa.Data_IR[3, 1]], rtol=1e-7)
    np.testing.assert_allclose(read[2], [0, *sofa.Data_IR[3, 2], 0], rtol=1e-7)


@pytest.mark.parametrize("delay", [0.5, -1.0])
def test_delays_that_are_no_whole_numbers_from_zero_on_are_refused(load, delay):
    sofa = sofa_of("SingleRoomSRIR")
    sofa.Data_Delay = np.array([[0.0, delay, 0.0]])
    with pytest.raises(DataError, match=rf"Data\.Delay has {delay:g} samples in it; expected whole numbers"):
        load(sofa)


def test_a_speed_of_sound_in_the_file_is_read(load):
    sofa = sofa_of("SingleRoomSRIR")
    sofa.add_variable("SpeedOfSound", np.array([[344.0], [345.0], [345.0], [346.0]]), "double", "MI")
    assert load(sofa, speed_of_sound=None).speed_of_sound == 345.0
    with pytest.raises(ArgumentError, match=r"speed_of_sound=343\.0: .* has a speed of sound of 345\.0"):
        load(sofa)


def test_a_missing_speed_of_sound_is_asked_for_of_sofa(load):
    with pytest.raises(ArgumentError, match=r"room\.sofa: states no speed of sound; give speed_of_sound in m/s"):
        load(sofa_of("SingleRoomSRIR"), speed_of_sound=None)


def test_another_sampling_rate_than_that_of_the_sofa_file_is_refused(load):
    with pytest.raises(ArgumentError, match=r"sample_rate=48000\.0: .* has a sampling rate of 44100\.0 Hz"):
        load(sofa_of("SingleRoomSRIR"), sample_rate=48000)


def test_other_conventions_are_refused_by_name(load):
    sofa = sofar.Sofa("SimpleFreeFieldHRIR")
    sofa.Data_IR = np.ones((1, 2, 8))
    sofa.Data_Delay = np.zeros((1, 2))
    with pytest.raises(DataError, match="'SimpleFreeFieldHRIR'; expected SingleRoomSRIR or SingleRoomMIMOSRIR"):
        load(sofa)


def test_a_file_that_breaks_its_convention_is_refused(load, tmp_path):
    load(sofa_of("SingleRoomSRIR"))
    with h5py.File(tmp_path / "room.sofa", "a") as file:
        file["ListenerPosition"].attrs["Units"] = "foot"
    with pytest.raises(DataError, match=r"room\.sofa: does not keep to the SOFA convention SingleRoomSRIR: .*Listener"):
        ImpulseResponses.load(tmp_path / "room.sofa", speed_of_sound=343.0)


@pytest.mark.parametrize("name", ["ListenerPosition", "ListenerView"])
def test_a_listener_that_moves_or_turns_is_refused(load, name):
    sofa = sofa_of("SingleRoomSRIR")
    values = np.tile([1.0, 0.0, 0.0], (NUM_MEASUREMENTS, 1))
    values[2, 1] = 0.1
    setattr(sofa, name, values)
    if name == "ListenerView":
        sofa.ListenerUp = np.tile([0.0, 0.0, 1.0], (NUM_MEASUREMENTS, 1))
    with pytest.raises(DataError, match="the listener moves or turns between measurements; expected one pose"):
        load(sofa)


def test_receivers_that_move_are_refused(load):
    sofa = sofa_of("SingleRoomSRIR")
    sofa.ReceiverPosition = np.random.default_rng(7).random((NUM_RECEIVERS, 3, NUM_MEASUREMENTS))
    with pytest.raises(DataError, match="ReceiverPosition is different for different measurements"):
        load(sofa)


def test_a_listener_without_orientation_is_refused(load):
    sofa = sofa_of("SingleRoomSRIR")
    sofa.ListenerUp = np.array([[2.0, 0.0, 0.0]])
    with pytest.raises(DataError, match=r"listener: view \[1.0, 0.0, 0.0\] and up \[2.0, 0.0, 0.0\] are parallel"):
        load(sofa)


def test_two_measurements_of_one_source_are_refused(load):
    sofa = sofa_of("SingleRoomSRIR")
    sofa.SourcePosition[3] = sofa.SourcePosition[1]
    with pytest.raises(DataError, match=r"room\.sofa: source_positions: sources 1 and 3 are both at"):
        load(sofa)


def test_different_sampling_rates_are_refused(load):
    sofa = sofa_of("SingleRoomSRIR")
    sofa.Data_SamplingRate = np.array([44100.0, 44100.0, 48000.0, 44100.0])
    with pytest.raises(DataError, match=r"Data\.SamplingRate is different for different measurements"):
        load(sofa)


def test_positions_in_a_sofa_file_that_are_not_finite_are_refused(load):
    sofa = sofa_of("SingleRoomSRIR")
    sofa.SourcePosition[0, 0] = np.nan
    with pytest.raises(DataError, match=r"room\.sofa: SourcePosition has numbers in it that are missing or not finite"):
        load(sofa)


def test_responses_in_a_sofa_file_that_are_not_finite_are_named(load):
    sofa = sofa_of("SingleRoomMIMOSRIR", 2)
    sofa.Data_IR[3, 1, 4, 0] = np.nan
    loaded = load(sofa)
    with pytest.raises(DataError, match=r"room\.sofa: the response of source 6 to microphone 1 is nan at tap 4"):
        loaded.read([6])


def test_a_sofa_file_is_rebuilt_from_its_configuration(load):
    loaded = load(sofa_of("SingleRoomMIMOSRIR", 2))
    assert as_impulse_responses(loaded.to_json()) == loaded
    again = pickle.loads(pickle.dumps(loaded))
    np.testing.assert_array_equal(again.read([5]), loaded.read([5]))


def test_the_layout_counts_where_the_name_means_nothing(load, tmp_path):
    fingerprint = load(sofa_of("SingleRoomSRIR")).fingerprint
    (tmp_path / "room.sofa").rename(tmp_path / "room.h5")
    with pytest.raises(DataError, match="It says that it is a SOFA file: give layout='sofa'"):
        ImpulseResponses.load(tmp_path / "room.h5", speed_of_sound=343.0)
    loaded = ImpulseResponses.load(tmp_path / "room.h5", speed_of_sound=343.0, layout="sofa")
    assert loaded.fingerprint == fingerprint


@pytest.mark.parametrize("content", [b"", b"nothing of the kind"])
def test_what_is_no_sofa_file_is_refused(tmp_path, content):
    path = tmp_path / "room.sofa"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"room\.sofa: cannot be read as a SOFA file"):
        ImpulseResponses.load(path, speed_of_sound=343.0)


def test_a_truncated_sofa_file_is_refused(load, tmp_path):
    load(sofa_of("SingleRoomSRIR"))
    content = (tmp_path / "room.sofa").read_bytes()
    (tmp_path / "room.sofa").write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match=r"room\.sofa: cannot be read as a SOFA file"):
        ImpulseResponses.load(tmp_path / "room.sofa", speed_of_sound=343.0)


def test_a_file_of_miracle_is_no_sofa_file(write_miracle):
    with pytest.raises(DataError, match="has the SOFA convention 'None'; expected SingleRoomSRIR or"):
        ImpulseResponses.load(write_miracle(), layout="sofa")


def test_without_sofar_it_is_said_how_to_install_it(load, monkeypatch, tmp_path):
    load(sofa_of("SingleRoomSRIR"))
    monkeypatch.setitem(sys.modules, "sofar", None)
    with pytest.raises(ArgumentError, match=r"need the package sofar: pip install 'acoupipe-grain\[sofa\]'"):
        ImpulseResponses.load(tmp_path / "room.sofa", speed_of_sound=343.0)


@pytest.mark.parametrize("units", ["metre", "Meters", "metre, metre, metre"])
def test_metres_are_metres_however_they_are_spelled(units):
    assert cartesian("place", np.array([1.0, 2.0, 3.0]), "cartesian", units).tolist() == [1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    ("kind", "units", "message"),
    [
        (
            "spherical harmonics",
            "metre",
            "coordinates of the type 'spherical harmonics'; expected cartesian",
        ),
        ("cartesian", "centimetre", "cartesian coordinates in 'centimetre'; expected metre"),
        ("spherical", "metre", "spherical coordinates in 'metre'; expected degree, degree, metre"),
    ],
)
def test_coordinates_of_other_kinds_are_refused(kind, units, message):
    with pytest.raises(DataError, match=f"place has {message}"):
        cartesian("place", np.zeros(3), kind, units)


def test_axes_are_a_rotation():
    found = axes("place", np.array([0.0, 2.0, 0.0]), np.array([0.0, 5.0, 3.0]))
    np.testing.assert_allclose(found, [[0, -1, 0], [1, 0, 0], [0, 0, 1]], atol=1e-15)


def test_a_view_without_length_is_refused():
    with pytest.raises(DataError, match="expected vectors with a length"):
        axes("place", np.zeros(3), np.array([0.0, 0.0, 1.0]))
