import numpy as np
import pytest

from acoupipe_grain.array.responses import MIRACLE, SCENARIOS, SRIRACHA, ImpulseResponses
from acoupipe_grain.errors import ArgumentError, DataError

h5py = pytest.importorskip("h5py")


@pytest.fixture
def write(tmp_path):
    """Return a function that writes a file of one tap with the geometry of a scenario."""

    def write_scenario(points=(64, 64), plane=0.734, speed=344.7, num_mics=64, **metadata):
        x, y = np.meshgrid(np.linspace(-0.7, 0.7, points[0]), np.linspace(-0.7, 0.7, points[1]))
        positions = np.stack([x.ravel(), y.ravel(), np.full(x.size, plane)], axis=1)
        path = tmp_path / "some.h5"
        with h5py.File(path, "w") as file:
            file["data/impulse_response"] = np.ones((x.size, num_mics, 1), dtype=np.float32)
            file["data/location/source"] = positions
            file["data/location/receiver"] = np.random.default_rng(1).random((num_mics, 3))
            if speed is not None:
                file["metadata/c0"] = np.full(x.size, speed)
            for name, value in metadata.items():
                file[f"metadata/{name}"] = value
        return path

    return write_scenario


def test_the_table_of_miracle_is_the_published_one():
    # Kujawski, Pelling and Sarradj 2024, table of scenarios; 856 128 responses in all.
    rows = {
        name: (item.num_points, item.plane, item.speed_of_sound, item.sample_rate) for name, item in MIRACLE.items()
    }
    assert rows == {
        "A1": ((64, 64), 0.734, 344.7, 32000.0),
        "A2": ((64, 64), 1.467, 345.0, 32000.0),
        "D1": ((33, 33), 0.734, 344.8, 32000.0),
        "R2": ((64, 64), 1.467, 345.2, 32000.0),
    }
    assert sum(item.num_sources * item.num_mics for item in MIRACLE.values()) == 856128


def test_the_names_of_sriracha_are_the_published_ones():
    rooms, parts = ("SR1", "SR2", "SRA1", "SRA2"), ("", "-C1", "-C2", "-C3", "-C4", "-D")
    assert list(SRIRACHA) == [room + part for room in rooms for part in parts]
    assert sum(SRIRACHA[f"SR2-C{part}"].num_sources for part in (1, 2, 3, 4)) == SRIRACHA["SR2"].num_sources == 4096
    assert SRIRACHA["SRA2-D"].num_points == (33, 33)
    assert list(SCENARIOS) == [*MIRACLE, *SRIRACHA]


@pytest.mark.parametrize("name", ["A1", "A2", "D1", "R2", "SR1-D", "SRA2-C3"])
def test_a_file_that_is_the_scenario_is_taken(write, name):
    scenario = SCENARIOS[name]
    speed = scenario.speed_of_sound or 343.0
    path = write(scenario.num_points, scenario.plane + 0.009, speed - 0.09, sampling_rate=32000)
    loaded = ImpulseResponses.load(path, scenario=name)
    assert loaded.name == name
    assert loaded.num_sources == scenario.num_sources
    assert loaded.to_json() == {"path": str(path), "scenario": name, "digest": loaded.fingerprint}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"points": (33, 33)}, r"1089 sources \(expected 4096\)"),
        ({"num_mics": 63}, r"63 microphones \(expected 64\)"),
        ({"plane": 1.467}, r"sources at z = 1\.467 m \(expected 0\.734 m\)"),
        ({"speed": 344.9}, r"a speed of sound of 344\.9 m/s \(expected 344\.7 m/s\)"),
        ({"sampling_rate": 51200.0}, r"a sampling rate of 51200\.0 Hz \(expected 32000\.0 Hz\)"),
    ],
)
def test_a_file_that_is_not_the_scenario_is_refused_for_what_differs(write, changed, message):
    with pytest.raises(DataError, match=rf"some\.h5: is not scenario 'A1': it has {message}\. Give the file"):
        ImpulseResponses.load(write(**changed), scenario="A1")


def test_all_that_differs_is_named(write):
    path = write((8, 8), plane=1.467, speed=345.0)
    with pytest.raises(DataError, match=r"64 sources .*sources at z = 1\.467 m .*a speed of sound of 345"):
        ImpulseResponses.load(path, scenario="A1")


@pytest.mark.parametrize(("speed", "is_one"), [(345.0, "A2"), (345.2, "R2")])
def test_the_speed_of_sound_tells_the_far_scenarios_apart(write, speed, is_one):
    path = write(plane=1.467, speed=speed)
    assert ImpulseResponses.load(path, scenario=is_one).name == is_one
    with pytest.raises(DataError, match="it has a speed of sound of"):
        ImpulseResponses.load(path, scenario={"A2": "R2", "R2": "A2"}[is_one])


def test_a_scenario_without_speed_of_sound_in_the_file_asks_for_it(write):
    path = write(speed=None)
    with pytest.raises(ArgumentError, match="give speed_of_sound"):
        ImpulseResponses.load(path, scenario="A1")
    assert ImpulseResponses.load(path, scenario="A1", speed_of_sound=344.7).speed_of_sound == 344.7


def test_an_empty_file_is_no_scenario(write):
    with pytest.raises(ArgumentError, match="there are no sources; expected 4096 of A1"):
        ImpulseResponses.load(write(points=(0, 0)), scenario="A1")


@pytest.mark.parametrize(("name", "meant"), [("SRA1D", "SRA1-D"), ("a1", "A1"), ("theatre", None)])
def test_an_unknown_scenario_is_refused(name, meant):
    hint = rf"; did you mean '{meant}'\?" if meant else r"\."
    with pytest.raises(ArgumentError, match=rf"unknown scenario {name!r}{hint} Available: A1, A2, D1, R2, SR1, "):
        ImpulseResponses.load("nowhere.h5", scenario=name)
