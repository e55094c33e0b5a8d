import numpy as np
import pytest

from acoupipe_grain.array.rooms import Room, ShoeboxRooms


def decay_time(levels, sample_rate):
    """Return the reverberation time that the decay from −5 to −25 dB gives, s."""
    used = np.flatnonzero((levels < -5) & (levels > -25))
    return -60 / np.polyfit(used / sample_rate, levels[used], 1)[0]


def backward_integrated(energies):
    remaining = np.cumsum(energies[::-1])[::-1]
    return 10 * np.log10(remaining / remaining[0] + 1e-12)


def specular_decay_time(size, absorption, sample_rate, duration):
    """Return the decay time of sound in all directions, each losing its energy wall by wall as it meets them."""
    normals = np.random.default_rng(0).standard_normal((3, 20_000))
    directions = abs(normals / np.linalg.norm(normals, axis=0))
    per_meter = (directions / np.array(size)[:, None]).sum(axis=0)
    times = np.arange(round(duration * sample_rate)) / sample_rate
    energies = [np.mean((1 - absorption) ** (343.0 * time * per_meter)) for time in times]
    return decay_time(backward_integrated(np.array(energies)), sample_rate)


def test_the_reverberation_time_is_eyrings():
    room = Room(np.array([10.0, 8.0, 5.0]), np.array([0.1, 0.1, 0.2, 0.2, 0.3, 0.5]), np.zeros(3), 0.0)
    # V = 400 m³, S = 340 m², mean absorption (8 + 20 + 24 + 40)/340 = 0.2706; 0.1611 s/m at 343 m/s
    np.testing.assert_allclose(room.reverberation_time(343.0), 0.16111 * 400 / (340 * 0.31552), rtol=1e-3)


@pytest.mark.parametrize(("absorption", "expected"), [(0.0, np.inf), (1.0, 0.0)])
def test_rooms_that_absorb_nothing_or_everything_have_a_reverberation_time(absorption, expected):
    assert Room(np.full(3, 4.0), np.full(6, absorption), np.zeros(3), 0.0).reverberation_time(343.0) == expected


def test_a_given_reverberation_time_is_that_of_the_room(room_setup, room_scenes):
    rooms = ShoeboxRooms(reverberation_time={"dist": "uniform", "loc": 0.2, "scale": 1.0})
    drawn = [rooms.room(room_setup, room_scenes.streams, room_scenes[index]) for index in range(100)]
    times = [room.reverberation_time(343.0) for room in drawn]
    assert 0.2 < min(times) < 0.3 < 1.1 < max(times) < 1.2
    assert all(0 < room.absorption.min() == room.absorption.max() < 1 for room in drawn)


COMPACT = (1.04, 1.12)
"""How many times as long as by Eyring's formula energy takes in a room about as high as it is wide."""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("size", "time", "slower"),
    [
        ((6.0, 5.0, 4.0), 0.3, COMPACT),
        ((7.0, 6.0, 5.0), 0.5, COMPACT),
        ((5.0, 4.5, 4.0), 0.4, COMPACT),
        ((6.0, 5.0, 3.0), 0.3, (1.12, 1.22)),
        ((10.0, 10.0, 2.7), 0.6, (1.5, 1.7)),
    ],
)
def test_energy_decays_as_in_a_specular_room_slower_than_eyring_says(size, time, slower, room_setup, room_scenes):
    rooms = ShoeboxRooms(size=size, reverberation_time=time, num_taps=round(0.9 * time * 16000))
    times = []
    for index in range(4):
        responses = rooms.of_scene(room_setup, room_scenes.streams, room_scenes[index]).astype(float)
        times += [
            decay_time(backward_integrated(response**2), 16000.0) for response in responses.reshape(-1, rooms.num_taps)
        ]
    absorption = rooms.room(room_setup, room_scenes.streams, room_scenes[0]).absorption[0]
    np.testing.assert_allclose(np.mean(times), specular_decay_time(size, absorption, 16000.0, 0.9 * time), rtol=0.04)
    assert slower[0] < np.mean(times) / time < slower[1]


def test_the_high_pass_filter_takes_0_hz_away_and_leaves_the_rest(room_setup, room_scenes, transfer):
    scene, given = room_scenes[1], {"absorption": 0.25, "size": (5.0, 6.0, 3.0)}
    plain, filtered = (
        ShoeboxRooms(high_pass=high_pass, **given).of_scene(room_setup, room_scenes.streams, scene)
        for high_pass in (0.0, 50.0)
    )
    frequencies = np.array([1.0, 50.0, 200.0, 1000.0, 7000.0])
    levels = abs(transfer(filtered, frequencies, 16000.0) / transfer(plain, frequencies, 16000.0)) ** 2
    expected = 1 / (1 + (50.0 / frequencies) ** 4)
    np.testing.assert_allclose(levels[..., 1:], np.broadcast_to(expected[1:], levels[..., 1:].shape), atol=0.01)
    assert levels[..., 0].max() < 1e-3
    arrival = int(0.55 / 343.0 * 16000.0) - 21
    np.testing.assert_allclose(filtered[..., :arrival], 0.0, atol=1e-3 * abs(plain).max())
