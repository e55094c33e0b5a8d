"""Images and responses beside those of pyroomacoustics."""

import numpy as np
import pytest

from acoupipe_grain.array.rooms import Room, ShoeboxRooms
from acoupipe_grain.array.rooms.images import cells_of_order, cells_within, image_sources

SIZE, ABSORPTION = np.array([5.0, 4.0, 3.0]), np.array([0.1, 0.3, 0.5, 0.7, 0.2, 0.6])
ROOM = Room(SIZE, ABSORPTION, np.zeros(3), 0.0)
SOURCE = np.array([1.3, 0.9, 2.2])


def sorted_by_position(positions, *values):
    order = np.lexsort(np.round(positions, 3))
    return positions[:, order], *(value[order] for value in values)


@pytest.mark.parametrize(("max_order", "count"), [(0, 1), (1, 7), (2, 25), (3, 63), (15, 4991)])
def test_there_are_as_many_images_as_there_should_be(max_order, count):
    assert image_sources(ROOM, SOURCE, cells_of_order(max_order)).positions.shape == (3, count)
    assert count == (4 * max_order**3 + 6 * max_order**2 + 8 * max_order + 3) // 3


def test_the_source_itself_is_as_it_is():
    images = image_sources(ROOM, SOURCE, cells_of_order(0))
    np.testing.assert_array_equal(images.positions[:, 0], SOURCE)
    np.testing.assert_array_equal(images.orientations[:, 0], 1.0)
    assert images.reflections.tolist() == [1.0]


def test_images_in_walls_that_absorb_everything_are_left_out():
    room = Room(SIZE, np.array([1.0, 1.0, 1.0, 1.0, 0.19, 1.0]), np.zeros(3), 0.0)
    images = image_sources(room, SOURCE, cells_of_order(5))
    np.testing.assert_allclose(images.positions[2], [-2.2, 2.2])
    np.testing.assert_allclose(images.reflections, [0.9, 1.0])


def test_all_images_within_a_distance_are_found():
    near = image_sources(ROOM, SOURCE, cells_within(ROOM, 12.0)).positions
    many = image_sources(ROOM, SOURCE, cells_of_order(12)).positions
    listener = np.array([[0.1], [3.9], [1.0]])
    counts = [(np.linalg.norm(images - listener, axis=0) < 12.0).sum() for images in (near, many)]
    assert counts[0] == counts[1] > 100


@pytest.mark.slow
def test_images_are_those_of_pyroomacoustics():
    pra = pytest.importorskip("pyroomacoustics")
    walls = zip(("west", "east", "south", "north", "floor", "ceiling"), ABSORPTION, strict=True)
    box = pra.ShoeBox(
        SIZE, fs=16000, max_order=6, materials={name: pra.Material(float(value)) for name, value in walls}
    )
    box.add_source(SOURCE)
    box.add_microphone(np.array([3.0, 2.0, 1.0]))
    box.image_source_model()
    found = box.sources[0]
    images = image_sources(ROOM, SOURCE, cells_of_order(6))
    theirs = sorted_by_position(found.images.astype(float), found.damping[0])
    ours = sorted_by_position(images.positions, images.reflections)
    np.testing.assert_allclose(ours[0], theirs[0], atol=1e-5)
    np.testing.assert_allclose(ours[1], theirs[1], rtol=1e-5)


@pytest.mark.slow
def test_responses_are_those_of_pyroomacoustics_within_its_accuracy(room_setup, room_scenes, transfer, monkeypatch):
    pra = pytest.importorskip("pyroomacoustics")
    monkeypatch.setitem(pra.parameters._constants, "rir_hpf_enable", False)
    arguments = {
        "size": SIZE.tolist(),
        "array_position": (2.0, 1.5, 1.4),
        "yaw": 20.0,
        "absorption": 0.4,
        "max_order": 8,
    }
    rooms = ShoeboxRooms(num_taps=2048, high_pass=0.0, **arguments)
    scene = room_scenes[0]
    ours = rooms.of_scene(room_setup, room_scenes.streams, scene)
    room = rooms.room(room_setup, room_scenes.streams, scene)
    box = pra.ShoeBox(SIZE, fs=16000, max_order=8, materials=pra.Material(0.4))
    box.set_sound_speed(343.0)
    for position in room.in_room(scene["positions"][:, : scene["num_sources"]].astype(float)).T:
        box.add_source(position)
    box.add_microphone_array(room.in_room(room_setup.mic_positions))
    box.compute_rir()
    frequencies = np.linspace(100.0, 7000.0, 200)
    for source, responses in enumerate(ours):
        for mic, response in enumerate(responses):
            theirs = np.zeros(2048)
            given = box.rir[mic][source][40 : 40 + 2048]  # their filters delay by 40 samples
            theirs[: given.size] = given
            difference = transfer(response - theirs, frequencies, 16000.0)
            level = np.sqrt(np.mean(abs(transfer(response, frequencies, 16000.0)) ** 2))
            assert abs(difference).max() < 0.03 * level
