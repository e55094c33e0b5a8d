import json
import pickle
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest
from scipy import stats

import acoupipe_grain as apg
from acoupipe_grain.array.rooms import ShoeboxRooms
from acoupipe_grain.errors import ArgumentError

SPREAD = {"dist": "uniform", "loc": 0.3, "scale": 0.2}
GIVEN = {
    "default": {},
    "all": {
        "size": [4.0, {"dist": "uniform", "loc": 4.0, "scale": 1.0}, 3.0],
        "absorption": SPREAD,
        "yaw": 20.0,
        "array_position": [2.0, 2.0, 1.3],
        "wall_distance": 0.1,
        "max_order": "all",
        "num_taps": 400,
        "high_pass": 0.0,
        "directivity": {"kind": "dipole", "direction": "reference"},
    },
    "walls": {"absorption": [0.1, SPREAD, 0.3, 0.4, 0.5, 0.6], "max_order": 3, "num_taps": 300},
    "reverberation time": {"reverberation_time": 0.4, "directivity": "dipole", "num_taps": 300},
}
every = pytest.mark.parametrize("given", GIVEN.values(), ids=GIVEN)


def none_in(value):
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return value is None or any(map(none_in, items))


@every
def test_json_rebuilds_the_rooms(given):
    rooms = ShoeboxRooms(**given)
    mapping = json.loads(json.dumps(rooms.to_json()))
    assert not none_in(mapping)
    assert mapping.pop("kind") == "shoebox_rooms"
    again = ShoeboxRooms(**mapping)
    assert again == rooms
    assert hash(again) == hash(rooms)
    assert repr(again) == repr(rooms)


def test_different_rooms_differ():
    different = [ShoeboxRooms(**given) for given in GIVEN.values()]
    assert len(set(map(repr, different))) == len(different)
    assert all(one != other for number, one in enumerate(different) for other in different[:number])


def test_what_is_written_differently_is_the_same():
    assert ShoeboxRooms(size=(5, stats.uniform(4, 1), 3)) == ShoeboxRooms(
        size=[5.0, {"dist": "uniform", "loc": 4.0, "scale": 1.0}, {"dist": "constant", "value": 3}]
    )
    assert ShoeboxRooms(absorption={"dist": "uniform", "loc": 0.2, "scale": 0.6}) == ShoeboxRooms()
    assert ShoeboxRooms(directivity="monopole") == ShoeboxRooms()
    assert ShoeboxRooms(max_order=15) == ShoeboxRooms()
    assert ShoeboxRooms(reverberation_time=0.3, max_order="all") == ShoeboxRooms(reverberation_time=0.3)


@every
def test_a_record_is_the_same_in_any_order_and_thread_and_after_pickling(given, room_setup, room_scenes):
    rooms = ShoeboxRooms(**(given | {"num_taps": 300}))

    def responses(index, rooms=rooms):
        return rooms.of_scene(room_setup, room_scenes.streams, room_scenes[index])

    expected = [responses(index) for index in range(6)]
    again = [responses(index) for index in reversed(range(6))][::-1]
    with ThreadPoolExecutor(3) as pool:
        threads = list(pool.map(responses, range(6)))
    pickled = [responses(index, pickle.loads(pickle.dumps(rooms))) for index in range(6)]
    for index, values in enumerate(expected):
        assert values.shape == (room_scenes[index]["num_sources"], 4, 300)
        for other in (again, threads, pickled):
            assert other[index].tobytes() == values.tobytes()
    assert expected[0].tobytes() != expected[1].tobytes()


@pytest.mark.slow
def test_a_record_is_the_same_in_a_process_of_its_own(room_setup, room_scenes):
    rooms = ShoeboxRooms(num_taps=300)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        other = pool.submit(rooms.of_scene, room_setup, room_scenes.streams, room_scenes[5]).result()
    assert other.tobytes() == rooms.of_scene(room_setup, room_scenes.streams, room_scenes[5]).tobytes()


def test_a_source_has_the_same_response_whoever_radiates_beside_it(room_setup, room_scenes):
    rooms = ShoeboxRooms(num_taps=300, directivity="dipole")
    scene = next(scene for scene in map(room_scenes.__getitem__, range(50)) if scene["num_sources"] == 3)
    alone = scene | {"num_sources": np.int32(1)}
    both = [rooms.of_scene(room_setup, room_scenes.streams, item)[0] for item in (scene, alone)]
    assert both[0].tobytes() == both[1].tobytes()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"size": 5.0}, "size=5.0: expected 3 numbers or distributions, for length, width, height"),
        ({"size": (5.0, 5.0)}, "size=.*expected 3"),
        ({"size": (5.0, 5.0, 0.0)}, "size.height=.*can be 0 m; expected more than 0 m"),
        ({"size": (5.0, "wide", 3.0)}, "size.width='wide'"),
        ({"absorption": 1.2}, "absorption=.*can be 1.2; expected at least 0 and at most 1"),
        ({"absorption": [0.1] * 5}, "absorption=.*expected 6 .*west, east, south, north, floor, ceiling"),
        ({"absorption": [0.1] * 5 + [-0.1]}, "absorption.ceiling=.*can be -0.1"),
        ({"absorption": {"dist": "uniform", "loc": 0.5, "scale": 1}}, "absorption=.*can be 1.5"),
        ({"reverberation_time": 0.0}, "reverberation_time=.*more than 0 s"),
        ({"absorption": 0.1, "reverberation_time": 0.5}, "absorption=0.1, reverberation_time=0.5: .*give one of them"),
        (
            {"reverberation_time": 0.5, "max_order": 6},
            "max_order=6, reverberation_time=.*0.5.*leave max_order out, or give absorption",
        ),
        ({"yaw": "north"}, "yaw='north'"),
        ({"array_position": 1.0}, "array_position=1.0: expected 3 .*x, y, z"),
        ({"wall_distance": -0.1}, "wall_distance=-0.1: expected a finite number in m, at least 0"),
        ({"max_order": -1}, "max_order=-1: must be at least 0"),
        ({"max_order": "every"}, "max_order='every': expected an integer of at least 0, or 'all'"),
        ({"max_order": 2.5}, "max_order=2.5"),
        ({"num_taps": 10}, "num_taps=10: must be at least 42"),
        ({"high_pass": -1.0}, "high_pass=-1.0: expected a finite number in Hz"),
        ({"directivity": "quadrupole"}, "directivity='quadrupole'"),
    ],
)
def test_wrong_arguments_are_refused(given, message):
    with pytest.raises(ArgumentError, match=message):
        ShoeboxRooms(**given)


def wrong(rng, size):
    return np.full(size, -1.0)


@pytest.mark.parametrize("name", ["absorption", "reverberation_time"])
def test_values_of_functions_that_may_not_be_are_refused_with_the_record(name, room_setup, room_scenes):
    rooms = ShoeboxRooms(**{name: apg.distribution(wrong, key="wrong")})
    with pytest.raises(ArgumentError, match=f"responses: {name}=.*gave -1 for record 7; expected"):
        rooms.room(room_setup, room_scenes.streams, room_scenes[7])
