import numpy as np
import pytest
from scipy import stats

import acoupipe_grain as apg
from acoupipe_grain.array.locations import as_locations
from acoupipe_grain.array.rooms import ShoeboxRooms
from acoupipe_grain.errors import ArgumentError

UP_TO_600_MS = {"dist": "uniform", "loc": 0.2, "scale": 0.4}


def heights(rng, size):
    return rng.choice([1.0, 3.0], size)


def rooms_of(rooms, setup, scenes, count=300):
    batch = scenes.batch(range(count))
    one_by_one = ({name: array[index] for name, array in batch.items()} for index in range(count))
    return [rooms.room(setup, scenes.streams, scene) for scene in one_by_one]


def gaps(room, setup, scene):
    """Return the distances of everything from the three lower and three upper walls, m, shape (6,)."""
    positions = scene["positions"][:, : scene["num_sources"]]
    points = room.in_room(np.concatenate([setup.mic_positions, setup.grid.positions, positions], axis=1))
    return np.concatenate([points.min(axis=1), room.size - points.max(axis=1)])


def test_everything_is_in_the_room_away_from_its_walls(room_setup, room_scenes):
    drawn = rooms_of(ShoeboxRooms(wall_distance=0.4), room_setup, room_scenes)
    nearest = np.array([gaps(room, room_setup, room_scenes[index]) for index, room in enumerate(drawn)])
    assert nearest.min() > 0.4 - 1e-6
    # Positions are uniform in what is left: each share of the free way is, between the walls.
    shares = ((nearest[:, :3] - 0.4) / (nearest[:, :3] + nearest[:, 3:] - 0.8)).T
    for share in shares:
        assert stats.kstest(share, "uniform").pvalue > 1e-3


def test_rooms_are_as_their_distributions_say(room_setup, room_scenes):
    drawn = rooms_of(ShoeboxRooms(), room_setup, room_scenes)
    sizes = np.array([room.size for room in drawn]).T
    for size, low, width in zip(sizes, (5.0, 5.0, 2.7), (5.0, 5.0, 1.3), strict=True):
        assert stats.kstest(size, "uniform", args=(low, width)).pvalue > 1e-3
    assert stats.kstest([room.yaw for room in drawn], "uniform", args=(0, 360)).pvalue > 1e-3
    absorption = np.array([room.absorption for room in drawn])
    assert stats.kstest(absorption[:, 0], "uniform", args=(0.2, 0.6)).pvalue > 1e-3
    assert (absorption == absorption[:, :1]).all()
    values = np.array([[*room.size, room.yaw, room.absorption[0], *room.array_position] for room in drawn])
    correlations = np.corrcoef(values.T)[:5, :5] - np.eye(5)
    assert abs(correlations).max() < 0.2


def test_six_walls_absorb_one_by_one(room_setup, room_scenes):
    spread = {"dist": "uniform", "loc": 0.1, "scale": 0.3}
    drawn = rooms_of(ShoeboxRooms(absorption=[spread, spread, 0.5, 0.6, 0.7, 1]), room_setup, room_scenes)
    absorption = np.array([room.absorption for room in drawn]).T
    assert (absorption[2:] == np.array([[0.5], [0.6], [0.7], [1.0]])).all()
    assert abs(np.corrcoef(absorption[:2])[0, 1]) < 0.2


def test_one_property_changes_no_other(room_setup, room_scenes):
    plain = ShoeboxRooms().room(room_setup, room_scenes.streams, room_scenes[7])
    other = ShoeboxRooms(absorption=[0.3] * 6, max_order=3, num_taps=200, directivity="dipole", high_pass=0.0)
    changed = other.room(room_setup, room_scenes.streams, room_scenes[7])
    assert (changed.size == plain.size).all()
    assert (changed.array_position == plain.array_position).all()
    assert changed.yaw == plain.yaw
    turned = ShoeboxRooms(yaw=10.0).room(room_setup, room_scenes.streams, room_scenes[7])
    assert (turned.absorption == plain.absorption).all()


@pytest.mark.parametrize(
    ("yaw", "x", "z"), [(0.0, (0, 1, 0), (1, 0, 0)), (90.0, (-1, 0, 0), (0, 1, 0)), (180.0, (0, -1, 0), (-1, 0, 0))]
)
def test_the_array_stands_upright_and_looks_to_the_yaw(yaw, x, z, room_setup, room_scenes):
    rooms = ShoeboxRooms(yaw=yaw, array_position=(2.5, 2.5, 1.2))
    room = rooms.room(room_setup, room_scenes.streams, room_scenes[0])
    axes = room.in_room(np.eye(3)) - np.array([[2.5], [2.5], [1.2]])
    np.testing.assert_allclose(axes, np.array([x, (0, 0, 1), z]).T, atol=1e-12)


def test_rooms_do_not_depend_on_how_scenes_are_recorded(room_setup, room_scenes):
    longer = apg.SceneSource(
        50, seed=4, setup=room_setup, max_nsources=3, mic_pos_noise=False, signal_length=9.0, noise=0.5
    )
    rooms = ShoeboxRooms()
    for index in (0, 33):
        one, other = (rooms.room(room_setup, item.streams, item[index]) for item in (room_scenes, longer))
        assert (one.size == other.size).all()
        assert (one.array_position == other.array_position).all()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"size": (5.0, 5.0, 1.1)}, r"size=.*1.1 m high; .* need 1.2 m there"),
        ({"size": (1.2, 5.0, 3.0)}, r"size=.*1.2 m long"),
        ({"size": (5.0, 1.3, 3.0), "yaw": 0.0}, r"size=.*1.3 m wide; .* need 1.4 m there"),
        ({"size": (5.0, {"dist": "norm", "loc": 5}, 3.0)}, r"size.width=.*can be -3.2"),
        ({"array_position": (0.5, 2.0, 1.2)}, r"array_position.x=.*can be 0.5 to 0.5 m; expected 1.02"),
        ({"array_position": (2.0, 2.0, 2.3)}, r"array_position.z=.*expected 0.6 to 2.1"),
        ({"num_taps": 50}, r"num_taps=50: sources can be .* at least"),
        # A decay by 30 dB takes 0.5 · 0.6 s · 16 kHz = 4800 samples.
        ({"reverberation_time": 0.6}, r"num_taps=4096: reverberation_time=.*can be 0.6 s.* 4800 samples"),
        ({"reverberation_time": UP_TO_600_MS, "num_taps": 4799}, r"num_taps=4799: .*can be 0.6 s.* 4800 samples"),
        # Uniform numbers have 53 bits: 0.1 s + 53 ln 2 s.
        ({"reverberation_time": apg.distribution("expon", loc=0.1)}, r"num_taps=4096: .*can be 36.84 s.* with bounds="),
        ({"reverberation_time": apg.distribution(heights, key="1 or 3")}, r"any length.* bounds=.*at least 8000 Hz"),
        ({"high_pass": 9000.0}, r"high_pass=9000: expected less than the Nyquist frequency, 8000 Hz"),
    ],
)
def test_rooms_that_do_not_fit_are_refused(given, message, room_setup):
    with pytest.raises(ArgumentError, match=message):
        ShoeboxRooms(**given).check(room_setup, as_locations(None, room_setup, 3))


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"size": (5.0, 1.45, 3.0), "yaw": {"dist": "uniform", "loc": 85, "scale": 10}},
        {"size": (5.0, 1.6, 1.2), "yaw": 90.0},
        {"array_position": (2.0, 2.0, 1.2)},
        {"reverberation_time": UP_TO_600_MS, "num_taps": 4800},
        {"reverberation_time": apg.distribution("expon", loc=0.1, bounds=(0.1, 0.5))},
    ],
)
def test_rooms_that_fit_are_accepted(given, room_setup, room_scenes):
    rooms = ShoeboxRooms(**given)
    rooms.check(room_setup, as_locations(None, room_setup, 3))
    rooms_of(rooms, room_setup, room_scenes, 50)


def test_sources_off_the_grids_plane_need_room_too(room_setup):
    locations = as_locations((0.0, 0.0, {"dist": "uniform", "loc": 0.3, "scale": 4.0}), room_setup, 3)
    with pytest.raises(ArgumentError, match="size="):
        ShoeboxRooms(size=(4.5, 5.0, 3.0)).check(room_setup, locations)
    ShoeboxRooms(size=(8.5, 8.5, 3.0)).check(room_setup, locations)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"size": (5.0, 5.0, apg.distribution(heights, key="1 or 3"))},
            "record .*: array, grid and sources do not fit",
        ),
        (
            {"array_position": (2.5, 2.5, apg.distribution(heights, key="1 or 3"))},
            r"record .*at \(2.5, 2.5, 3\) m; expected .*Give larger rooms",
        ),
    ],
)
def test_a_record_that_does_not_fit_is_named(given, message, room_setup, room_scenes):
    rooms = ShoeboxRooms(**given)
    rooms.check(room_setup, as_locations(None, room_setup, 3))
    with pytest.raises(ArgumentError, match=message):
        rooms_of(rooms, room_setup, room_scenes, 20)


def test_a_record_whose_sound_arrives_too_late_is_named(room_setup, room_scenes):
    rooms = ShoeboxRooms(size=(30.0, 30.0, 4.0), num_taps=200)
    scene = {"positions": np.float32([[0.0], [0.0], [5.0]]), "num_sources": np.int32(1), "idx": np.int32(3)}
    with pytest.raises(ArgumentError, match="num_taps=200: record 3: a source is 5"):
        rooms.of_scene(room_setup, room_scenes.streams, scene)
