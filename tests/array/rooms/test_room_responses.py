import numpy as np
import pytest

import acoupipe_grain as apg
from acoupipe_grain.array.rooms import ShoeboxRooms

FREQUENCIES = np.linspace(50.0, 7200.0, 60)  # up to 0.9 of the Nyquist frequency
ROOM = {"size": (6.0, 5.0, 3.0), "yaw": 30.0, "array_position": (2.0, 1.8, 1.3), "num_taps": 1024, "high_pass": 0.0}
OUTWARD = {"west": (0, -1), "east": (0, 1), "south": (1, -1), "north": (1, 1), "floor": (2, -1), "ceiling": (2, 1)}


def scene_with(positions, index=0):
    positions = np.array(positions, dtype=np.float32).T
    return {"positions": positions, "num_sources": np.int32(positions.shape[1]), "idx": np.int32(index)}


def in_wall(wall, points):
    """Return the mirror images of points, and how a vector is mirrored, in the array's coordinates.

    The room's x axis is −sin 30° of the array's x and cos 30° of its z, its y axis cos 30° and sin 30°, its z axis y.
    """
    axis, side = OUTWARD[wall]
    normal = np.array([[-0.5, 0.0, np.sqrt(0.75)], [np.sqrt(0.75), 0.0, 0.5], [0.0, 1.0, 0.0]])[axis]
    from_origin = -ROOM["array_position"][axis] if side < 0 else ROOM["size"][axis] - ROOM["array_position"][axis]
    mirror = np.eye(3) - 2 * np.outer(normal, normal)
    return mirror @ points + 2 * from_origin * normal[:, None], mirror


def test_without_reflections_the_default_array_is_in_the_free_field(transfer, free_field):
    scenes = apg.SceneSource(2, min_nsources=4, max_nsources=4, mic_pos_noise=False)
    setup, scene = scenes.setup, scenes[1]
    responses = ShoeboxRooms(absorption=1.0, high_pass=0.0, num_taps=512).of_scene(setup, scenes.streams, scene)
    assert responses.shape == (4, 64, 512)
    assert responses.dtype == np.float32
    frequencies = np.linspace(0.0, 0.45 * setup.sample_rate, 100)
    expected = free_field(scene["positions"].astype(float), setup.mic_positions, frequencies, 343.0)
    errors = abs(transfer(responses, frequencies, setup.sample_rate) / expected - 1)
    assert errors.max() < 1e-3


@pytest.mark.parametrize("wall", OUTWARD)
def test_one_reflecting_wall_adds_one_image(wall, room_setup, room_scenes, transfer, free_field):
    absorption = [0.36 if name == wall else 1.0 for name in OUTWARD]
    rooms = ShoeboxRooms(absorption=absorption, max_order=1, **ROOM)
    positions = np.array([[0.1, -0.2, 0.6], [-0.3, 0.3, 0.6]]).T
    responses = rooms.of_scene(room_setup, room_scenes.streams, scene_with(positions.T))
    positions = positions.astype(np.float32).astype(float)
    mics = room_setup.mic_positions
    image = free_field(in_wall(wall, positions)[0], mics, FREQUENCIES, 343.0)
    expected = free_field(positions, mics, FREQUENCIES, 343.0) + 0.8 * image
    np.testing.assert_allclose(transfer(responses, FREQUENCIES, 16000.0), expected, atol=1e-3 * abs(expected).max())


def test_the_speed_of_sound_is_that_of_the_setup(room_setup, room_scenes, transfer, free_field):
    grid = room_setup.grid
    slow = apg.MeasurementSetup(room_setup.mic_positions, grid, sample_rate=15999.5, speed_of_sound=300.0)
    positions = np.array([[0.25], [-0.125], [0.5]])
    responses = ShoeboxRooms(absorption=1.0, high_pass=0.0, num_taps=256).of_scene(
        slow, room_scenes.streams, scene_with(positions.T)
    )
    expected = free_field(positions, slow.mic_positions, FREQUENCIES, 300.0)
    np.testing.assert_allclose(transfer(responses, FREQUENCIES, 15999.5), expected, atol=2.5e-3)


def test_responses_begin_when_the_sound_arrives(room_setup, room_scenes):
    scene = scene_with([[0.0, 0.0, 0.6]])
    response = ShoeboxRooms(**ROOM).of_scene(room_setup, room_scenes.streams, scene)[0, 0]
    arrival = 0.6 / 343.0 * 16000.0
    assert abs(response).argmax() == round(arrival)
    np.testing.assert_allclose(response[: int(arrival) - 21], 0.0, atol=1e-4 * response.max())


def test_a_shorter_response_is_the_beginning_of_a_longer_one(room_setup, room_scenes):
    scene = room_scenes[3]
    of_length = [
        ShoeboxRooms(max_order=6, num_taps=taps).of_scene(room_setup, room_scenes.streams, scene)
        for taps in (300, 2000)
    ]
    np.testing.assert_allclose(of_length[0], of_length[1][..., :300], atol=1e-4 * of_length[1].max())


def test_images_of_all_orders_are_those_of_a_high_order(room_setup, room_scenes):
    scene, given = room_scenes[2], {"absorption": 0.1, "size": (4.0, 5.0, 3.0), "num_taps": 600}
    rooms = [ShoeboxRooms(max_order=order, **given) for order in (20, "all")]
    high, complete = (item.of_scene(room_setup, room_scenes.streams, scene) for item in rooms)
    np.testing.assert_allclose(high, complete, atol=1e-6)
    low = ShoeboxRooms(max_order=2, **given).of_scene(room_setup, room_scenes.streams, scene)
    assert abs(low - complete).max() > 0.1


@pytest.mark.parametrize("reference_distance", [0.6, 1.4])
def test_a_dipole_has_its_pattern_and_its_near_field(reference_distance, room_setup, room_scenes, transfer, free_field):
    setup = apg.MeasurementSetup(
        room_setup.mic_positions, room_setup.grid, sample_rate=16000.0, reference=(0.0, 0.0, 0.6 - reference_distance)
    )
    axis = np.array([0.6, 0.0, -0.8])
    directivity = {"kind": "dipole", "direction": list(axis)}
    rooms = ShoeboxRooms(absorption=[1, 1, 1, 1, 0.36, 1], max_order=1, directivity=directivity, **ROOM)
    responses = rooms.of_scene(setup, room_scenes.streams, scene_with([[0.0, 0.0, 0.6]]))[0]
    wave_numbers = 2 * np.pi * FREQUENCIES / 343.0

    def dipole(source, direction):
        ways = setup.mic_positions - source
        distances = np.linalg.norm(ways, axis=0)
        cosines = direction @ ways / distances
        near = (1 + 1 / (1j * np.outer(distances, wave_numbers))) / (1 + 1 / (1j * wave_numbers * reference_distance))
        field = free_field(source, setup.mic_positions, FREQUENCIES, 343.0)[0]
        return reference_distance * cosines[:, None] * near * field

    source = np.float32([[0.0], [0.0], [0.6]]).astype(float)
    image, mirror = in_wall("floor", source)
    expected = dipole(source, axis) + 0.8 * dipole(image, mirror @ axis)
    np.testing.assert_allclose(transfer(responses, FREQUENCIES, 16000.0), expected, atol=2e-3 * abs(expected).max())


def test_a_dipole_is_silent_at_right_angles_and_falls_as_the_cosine(room_setup, room_scenes):
    angles = np.deg2rad([0.0, 30.0, 60.0, 90.0])
    mics = np.stack([np.sin(angles), np.zeros(4), 0.6 - np.cos(angles)])
    setup = apg.MeasurementSetup(mics, room_setup.grid, sample_rate=16000.0, reference=(0.0, 0.0, -0.4))
    directivity = {"kind": "dipole", "direction": [0.0, 0.0, -2.0]}
    rooms = ShoeboxRooms(absorption=1.0, high_pass=0.0, directivity=directivity, num_taps=256)
    responses = rooms.of_scene(setup, room_scenes.streams, scene_with([[0.0, 0.0, 0.6]]))[0]
    peak = abs(responses[0]).max()
    np.testing.assert_allclose(responses, np.cos(angles)[:, None] * responses[0], atol=1e-5 * peak)
    assert abs(responses[3]).max() < 1e-6 * peak


@pytest.mark.parametrize("direction", ["reference", None])
def test_axes_of_sources_are_those_of_the_free_field(direction, room_setup, room_scenes):
    directivity = apg.Dipole(direction=direction)
    rooms = ShoeboxRooms(absorption=1.0, high_pass=0.0, directivity=directivity, num_taps=256)
    scene = room_scenes[5]
    responses = rooms.of_scene(room_setup, room_scenes.streams, scene)
    positions = scene["positions"][:, : scene["num_sources"]].astype(float)
    axes = directivity.directions(room_scenes.streams, 5, positions, room_setup.reference)
    for position, axis, response in zip(positions.T, axes.T, responses, strict=True):
        cosines = axis @ (room_setup.mic_positions - position[:, None])
        assert (np.sign(response.sum(axis=1)) == np.sign(cosines)).all()


def test_a_pattern_is_mirrored_in_images(room_setup, room_scenes, transfer, free_field):
    # 1 + cos about the axis: Y_00 and Y_10 with the ratio 1 : 1/√3.
    directivity = {"kind": "spherical_harmonics", "direction": [0.0, 0.6, -0.8], "coefficients": [1, 0, 3**-0.5, 0]}
    absorption = [1.0, 0.36, 1.0, 1.0, 1.0, 1.0]
    rooms = ShoeboxRooms(absorption=absorption, max_order=1, directivity=directivity, **ROOM)
    source = np.float32([[0.2], [-0.1], [0.6]])
    responses = rooms.of_scene(room_setup, room_scenes.streams, scene_with(source.T))[0]
    axis, source = np.array([0.0, 0.6, -0.8]), source.astype(float)
    image, mirror = in_wall("east", source)

    def cardioid(source, direction):
        ways = room_setup.mic_positions - source
        pattern = 0.5 + 0.5 * direction @ ways / np.linalg.norm(ways, axis=0)
        return pattern[:, None] * free_field(source, room_setup.mic_positions, FREQUENCIES, 343.0)[0]

    to_reference = np.linalg.norm(room_setup.reference - source[:, 0])
    expected = to_reference * (cardioid(source, axis) + 0.8 * cardioid(image, mirror @ axis))
    np.testing.assert_allclose(transfer(responses, FREQUENCIES, 16000.0), expected, atol=2e-3 * abs(expected).max())
