"""What the paths of records are drawn from."""

import json
import pickle

import numpy as np
import pytest

from acoupipe_grain.array.trajectories import (
    CircularTrajectory,
    FunctionTrajectory,
    LinearTrajectory,
    SplineTrajectory,
    as_trajectory,
)
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.sampling import distribution
from acoupipe_grain.seeding import Streams

STREAMS = Streams(5, "training")
POSITIONS = np.random.default_rng(0).uniform(-0.4, 0.4, (3, 4)).astype(np.float32)
TIMES = np.linspace(-0.01, 2.0, 400)
NORMAL = {"dist": "norm", "scale": 0.1}
SPEED = {"dist": "uniform", "loc": -2.0, "scale": 4.0}


def wandering(rng, position, duration):
    velocity = rng.standard_normal(3)
    return lambda times: position[:, None] + velocity[:, None] * np.sin(times)


def sampled(rng, position, duration):
    return position[:, None] + rng.standard_normal(3)[:, None] * np.linspace(0.0, duration, 9)


TRAJECTORIES = {
    "line": LinearTrajectory(velocity=(SPEED, SPEED)),
    "line in space": LinearTrajectory(velocity=(SPEED, 0.0, SPEED)),
    "circle": CircularTrajectory(radius={"dist": "uniform", "loc": 0.1, "scale": 0.2}, rate=SPEED),
    "circle about a line": CircularTrajectory(center=(0.1, -0.2, 0.0), axis=(1.0, 1.0, 0.5), rate=SPEED),
    "spline": SplineTrajectory(spread=(NORMAL, NORMAL), interval=0.3),
    "spline in space": SplineTrajectory(spread=(NORMAL, 0.0, NORMAL), interval=0.7),
    "function of times": FunctionTrajectory(function=wandering),
    "sampled function": FunctionTrajectory(function=sampled, key="sampled-v1"),
}
every = pytest.mark.parametrize("trajectory", TRAJECTORIES.values(), ids=TRAJECTORIES)


def positions_of(trajectory, index=3, num_sources=4, duration=2.0, times=TIMES, streams=STREAMS):
    paths = trajectory.paths(streams, index, POSITIONS[:, :num_sources], 6, duration)
    return np.array([path.positions(times) for path in paths])


@every
def test_paths_begin_at_the_drawn_positions(trajectory):
    at_start = positions_of(trajectory, times=np.zeros(1))
    np.testing.assert_allclose(at_start[..., 0].T, POSITIONS, atol=1e-15)


@every
def test_paths_are_those_of_their_record(trajectory):
    assert np.array_equal(positions_of(trajectory), positions_of(trajectory))
    for other in ({"index": 4}, {"streams": Streams(6, "training")}, {"streams": Streams(5, "test")}):
        assert np.all(np.abs(positions_of(trajectory) - positions_of(trajectory, **other)).max(axis=(1, 2)) > 1e-4)


@every
def test_sources_of_a_record_have_paths_of_their_own(trajectory):
    moved = positions_of(trajectory) - POSITIONS.T[:, :, None]
    for one in range(4):
        for other in range(one):
            assert np.abs(moved[one] - moved[other]).max() > 1e-4


@every
def test_a_path_does_not_depend_on_how_many_other_sources_there_are(trajectory):
    assert np.array_equal(positions_of(trajectory, num_sources=2), positions_of(trajectory)[:2])


@pytest.mark.parametrize("name", ["line", "circle", "spline", "spline in space", "function of times"])
def test_a_path_does_not_depend_on_how_long_the_recording_is(name):
    times = TIMES[TIMES < 1.0]
    short, long = (positions_of(TRAJECTORIES[name], duration=seconds, times=times) for seconds in (1.0, 2.0))
    np.testing.assert_allclose(short, long, atol=1e-12)


def test_functions_of_size_give_the_same_whatever_the_number_of_sources():
    shuffled = distribution(lambda rng, size: rng.permutation(int(np.prod(size))).reshape(size) / 10.0, key="shuffled")
    trajectory = LinearTrajectory(velocity=(shuffled, shuffled))
    assert np.array_equal(positions_of(trajectory, num_sources=1), positions_of(trajectory)[:1])


def test_lines_have_the_drawn_velocities_on_the_plane_unless_z_is_given():
    for path in TRAJECTORIES["line"].paths(STREAMS, 0, POSITIONS, 6, 1.0):
        assert np.all(np.abs(path.velocity[:2]) <= 2.0)
        assert path.velocity[2] == 0.0
    in_space = [path.velocity for path in TRAJECTORIES["line in space"].paths(STREAMS, 0, POSITIONS, 6, 1.0)]
    assert np.all(np.array(in_space)[:, 1] == 0.0)
    assert np.all(np.array(in_space)[:, 2] != 0.0)


def test_circles_have_the_drawn_radius_and_rate_and_lie_across_the_axis():
    axis = np.array([1.0, -2.0, 0.5])
    trajectory = CircularTrajectory(radius=0.2, rate=0.5, axis=tuple(axis))
    for path, start in zip(trajectory.paths(STREAMS, 1, POSITIONS, 6, 1.0), POSITIONS.T, strict=True):
        around = path.positions(TIMES) - path.center[:, None]
        np.testing.assert_allclose(np.linalg.norm(around, axis=0), 0.2, atol=1e-15)
        np.testing.assert_allclose(axis @ around, 0.0, atol=1e-15)
        np.testing.assert_allclose(path.positions(np.array([2.0]))[:, 0], start, atol=1e-14)
        assert path.top_speed == pytest.approx(0.2 * np.pi)


def test_positive_rates_turn_counter_clockwise():
    path = CircularTrajectory(center=(0, 0, 0), rate=1.0).paths(STREAMS, 0, np.array([[0.3], [0.0], [0.5]]), 1, 1.0)[0]
    np.testing.assert_allclose(path.positions(np.array([0.25]))[:, 0], [0.0, 0.3, 0.5], atol=1e-15)
    assert path.velocities(np.zeros(1))[1, 0] > 0


def test_the_directions_of_the_centres_are_uniform():
    """400 directions: the mean of each power of e^{iφ} up to the third beyond 3/√400 has probability e^{−9}."""
    trajectory = CircularTrajectory(radius=0.2, rate=0.5)
    arms = np.array([trajectory.paths(STREAMS, index, np.zeros((3, 1)), 1, 1.0)[0].first for index in range(400)])
    phases = (arms[:, 0] + 1j * arms[:, 1]) / 0.2
    for power in (1, 2, 3):
        assert abs(np.mean(phases**power)) < 3 / np.sqrt(400)


def test_a_source_on_the_axis_stays_there():
    trajectory = CircularTrajectory(center=(0.1, 0.2, 0.0), rate=3.0)
    path = trajectory.paths(STREAMS, 0, np.array([[0.1], [0.2], [0.5]]), 1, 1.0)[0]
    assert path.top_speed == 0
    np.testing.assert_allclose(path.positions(TIMES), np.array([[0.1], [0.2], [0.5]]) * np.ones(TIMES.size))


def test_splines_stay_within_the_offsets_and_on_the_plane():
    bounded = {"dist": "uniform", "loc": -0.1, "scale": 0.3}
    moved = positions_of(SplineTrajectory(spread=(bounded, bounded), interval=0.1)) - POSITIONS.T[:, :, None]
    within = TIMES >= 0
    assert moved[:, :2, within].min() > -0.1
    assert moved[:, :2, within].max() < 0.2
    assert np.ptp(moved[:, :2, within]) > 0.15
    assert not moved[:, 2].any()


def test_splines_wander_as_far_as_documented():
    """Far from the start: 1000 records of 6 sources, mean squares within 5 standard errors, σ²√(2/6000)."""
    trajectory = SplineTrajectory(spread=({"dist": "norm", "scale": 1.0}, 0.0), interval=1.0)
    at = np.array([4.0, 4.5])
    drawn = [
        [path.positions(at)[0] for path in trajectory.paths(STREAMS, index, np.zeros((3, 6)), 6, 6.0)]
        for index in range(1000)
    ]
    squares = np.mean(np.square(drawn), axis=(0, 1))
    np.testing.assert_allclose(squares, [0.7071**2, 0.6783**2], rtol=5 * np.sqrt(2 / 6000))


def test_splines_are_smooth():
    path = TRAJECTORIES["spline"].paths(STREAMS, 0, POSITIONS, 6, 2.0)[0]
    knots = np.arange(0.0, 2.1, 0.3)
    step = 1e-7
    for function in (path.positions, path.velocities):
        np.testing.assert_allclose(function(knots - step), function(knots + step), atol=1e-5)
    accelerations = [
        (path.velocities(knots[:-1] + side + 1e-5) - path.velocities(knots[:-1] + side - 1e-5)) / 2e-5
        for side in (-2e-5, 2e-5)
    ]
    np.testing.assert_allclose(*accelerations, atol=1e-2)


@pytest.mark.parametrize("name", ["line", "line in space", "circle", "spline", "spline in space"])
def test_no_path_exceeds_the_top_speed_of_its_trajectory(name):
    trajectory = TRAJECTORIES[name]
    speeds = [path.top_speed for index in range(30) for path in trajectory.paths(STREAMS, index, POSITIONS, 6, 2.0)]
    assert max(speeds) <= trajectory.top_speed


@every
def test_trajectories_are_compared_by_content_and_can_be_pickled(trajectory):
    again = pickle.loads(pickle.dumps(trajectory))
    assert again == trajectory
    assert hash(again) == hash(trajectory)
    assert "0x" not in repr(trajectory)
    assert sum(trajectory == other for other in TRAJECTORIES.values()) == 1
    assert np.array_equal(positions_of(again), positions_of(trajectory))


@pytest.mark.parametrize("name", [name for name in TRAJECTORIES if "function" not in name])
def test_json_rebuilds_trajectories(name):
    trajectory = TRAJECTORIES[name]
    mapping = json.loads(json.dumps(trajectory.to_json()))
    again = as_trajectory(mapping)
    assert again == trajectory
    assert again.to_json() == trajectory.to_json()
    assert np.array_equal(positions_of(again), positions_of(trajectory))


def test_functions_are_identified_by_key_or_by_name():
    assert TRAJECTORIES["sampled function"].to_json() == {
        "kind": "function",
        "key": "sampled-v1",
        "convective_amplification": False,
    }
    named = FunctionTrajectory(function=np.trapezoid).to_json()
    assert named == {"kind": "function", "function": "numpy:trapezoid", "convective_amplification": False}
    assert as_trajectory(wandering) == TRAJECTORIES["function of times"]
    with pytest.raises(ArgumentError, match="give it a key"):
        FunctionTrajectory(function=lambda rng, position, duration: None).to_json()


def test_functions_of_time_are_followed():
    def circling(rng, position, duration):
        return lambda times: position[:, None] + 0.2 * np.stack([np.cos(9 * times) - 1, np.sin(9 * times), 0 * times])

    path = FunctionTrajectory(function=circling).paths(STREAMS, 0, POSITIONS, 6, 2.0)[1]
    times = np.linspace(0.0, 2.0, 997)
    expected = circling(None, POSITIONS[:, 1].astype(float), 2.0)(times)
    np.testing.assert_allclose(path.positions(times), expected, atol=1e-10)
    speeds = np.linalg.norm(path.velocities(times), axis=0)
    np.testing.assert_allclose(speeds, 1.8, rtol=1e-5)


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        (lambda position: position, r"returned float64 values of shape \(3,\); expected .* \(3, n\)"),
        (lambda position: np.tile(position, (5, 1)), r"of shape \(5, 3\)"),
        (lambda position: position[:, None], r"of shape \(3, 1\)"),
        (lambda position: np.full((3, 5), np.nan), "not finite"),
        (lambda position: [["a"] * 4] * 3, "<U1 values"),
        (lambda position: [[1.0], [1.0, 2.0]], "returned object values"),
        (lambda position: lambda times: times, r"a function that gave .* \(1001,\); expected .* \(3, 1001\)"),
        (lambda position: position[:, None] + np.full((3, 5), 0.1), "record 7: the path of source 0 begins at"),
    ],
)
def test_functions_that_give_no_path_are_refused_by_record(returned, message):
    trajectory = FunctionTrajectory(function=lambda rng, position, duration: returned(position), key="wrong")
    with pytest.raises(ArgumentError, match=message) as error:
        trajectory.paths(STREAMS, 7, POSITIONS, 6, 1.0)
    assert str(error.value).startswith("trajectories=FunctionTrajectory(key='wrong'): ")
    assert "record 7" in str(error.value)


@pytest.mark.parametrize("function", [lambda *_: 1 / 0, lambda *_: lambda times: 1 / 0])
def test_errors_of_functions_say_where_they_happened(function):
    with pytest.raises(ZeroDivisionError) as caught:
        FunctionTrajectory(function=function, key="broken").paths(STREAMS, 7, POSITIONS, 6, 1.0)
    assert "record 7, source 0" in caught.value.__notes__[0]


def test_velocities_may_be_arrays():
    assert LinearTrajectory(velocity=np.array([1.0, 0.0])) == LinearTrajectory(velocity=(1.0, 0.0))


def test_trajectories_are_taken_as_objects_mappings_functions_or_nothing():
    assert as_trajectory(None) is None
    line = TRAJECTORIES["line"]
    assert as_trajectory(line) is line
    assert as_trajectory({"kind": "line", "velocity": [SPEED, SPEED]}) == line
    assert as_trajectory({"kind": "circle", "radius": 0.2, "rate": 1.0}) == CircularTrajectory(radius=0.2, rate=1.0)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (3.0, "expected a trajectory, a mapping"),
        (LinearTrajectory, "expected a trajectory, a mapping"),
        ({"radius": 1.0}, "lacks kind, one of line, circle, spline"),
        ({"kind": "cirkle"}, "did you mean 'circle'"),
        ({"kind": "line", "speed": 3.0}, "unknown argument of kind 'line': 'speed'"),
        ({"kind": "circle", "radius": 1.0}, "kind 'circle' lacks rate"),
        ({"kind": "function", "key": "a"}, "build the source in Python"),
        ({"kind": "line", "velocity": 3.0}, "velocity=3.0: expected distributions for x and y"),
        ({"kind": "line", "velocity": [1.0, "fast"]}, "velocity.y='fast'"),
        ({"kind": "circle", "rate": 1.0}, "expected one of them"),
        ({"kind": "circle", "rate": 1.0, "radius": 1.0, "center": [0, 0, 0]}, "expected one of them"),
        ({"kind": "circle", "rate": 1.0, "radius": -1.0}, "at least 0 m"),
        ({"kind": "circle", "rate": 1.0, "radius": NORMAL}, "at least 0 m"),
        ({"kind": "circle", "rate": 1.0, "center": [0, 0]}, "expected three numbers"),
        ({"kind": "circle", "rate": 1.0, "radius": 1.0, "axis": [0, 0, 0]}, "has no direction"),
        ({"kind": "spline", "spread": [NORMAL, NORMAL], "interval": 0.0}, "interval=0.0"),
        ({"kind": "spline", "spread": [0.1, NORMAL], "interval": 1.0}, "always 0.1 m"),
        (lambda rng: None, "expected a function fn"),
    ],
)
def test_what_is_no_trajectory_is_refused(value, message):
    with pytest.raises(ArgumentError, match=message) as error:
        as_trajectory(value)
    assert str(error.value).startswith("trajectories")


def test_keys_of_functions_are_names():
    with pytest.raises(ArgumentError, match="trajectories: key=''"):
        FunctionTrajectory(function=wandering, key="")


def test_a_radius_that_a_function_draws_must_not_be_negative():
    trajectory = CircularTrajectory(radius=distribution(lambda rng, size: np.full(size, -0.1), key="bad"), rate=1.0)
    with pytest.raises(ArgumentError, match="for record 2"):
        trajectory.paths(STREAMS, 2, POSITIONS, 6, 1.0)


@pytest.mark.parametrize(
    "trajectory",
    [
        LinearTrajectory(velocity=(300.0, {"dist": "uniform", "loc": -80.0, "scale": 1.0})),
        LinearTrajectory(velocity=({"dist": "norm", "scale": 50.0}, 0.0)),
        CircularTrajectory(radius=1.0, rate=-50.0),
        SplineTrajectory(spread=({"dist": "uniform", "loc": -1.0, "scale": 4.0}, NORMAL), interval=0.01),
    ],
)
def test_what_can_be_as_fast_as_sound_is_refused(trajectory):
    with pytest.raises(ArgumentError, match=r"trajectories=.* expected less than 308.7 m/s, Mach 0.9"):
        trajectory.check(343.0)


@every
def test_what_is_slow_or_of_unknown_speed_is_not_refused(trajectory):
    trajectory.check(343.0)
