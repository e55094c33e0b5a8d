"""Uniform flow against the geometry of wave fronts and the convected wave equation."""

import json
import math
import pickle

import numpy as np
import pytest
from scipy.optimize import brentq

from acoupipe_grain.array.flow import UniformFlow, as_flow
from acoupipe_grain.errors import ArgumentError

ORIGIN = np.zeros(3)
FLOWS = [UniformFlow(0.15), UniformFlow(0.6, (1, -2, 0.5)), UniformFlow(-0.85, direction=(0, 0.1, 1))]
RECEIVERS = np.random.default_rng(2).standard_normal((3, 30))


@pytest.mark.parametrize("flow", FLOWS, ids=repr)
def test_sound_arrives_when_the_drifting_wave_front_does(flow):
    for receiver, distance in zip(RECEIVERS.T, flow.travel_distances(ORIGIN, RECEIVERS), strict=True):
        # A wave front is a sphere of radius ct about a centre that has drifted by Mct.
        arrival = brentq(lambda ct, at=receiver: np.linalg.norm(at - flow.velocity * ct) - ct, 0, 100, xtol=1e-14)
        assert distance == pytest.approx(arrival, rel=1e-12)


@pytest.mark.parametrize("flow", FLOWS, ids=repr)
def test_spreading_distances_are_shorter_across_the_flow(flow):
    r = np.linalg.norm(RECEIVERS, axis=0)
    cosines = flow.velocity @ RECEIVERS / (abs(flow.mach) * r)
    expected = r * np.sqrt(1 - flow.mach**2 * (1 - cosines**2))
    np.testing.assert_allclose(flow.spreading_distances(ORIGIN, RECEIVERS), expected, rtol=1e-12)


@pytest.mark.parametrize("flow", FLOWS, ids=repr)
def test_distances_depend_on_the_way_alone(flow):
    position = np.array([0.3, -2.0, 0.7])
    for distances in (flow.spreading_distances, flow.travel_distances):
        moved = distances(position, RECEIVERS + position[:, None])
        np.testing.assert_allclose(moved, distances(ORIGIN, RECEIVERS), rtol=1e-13)


def residual(flow, spreading, step):
    """Return (D²/Dt² − ∇²) p relative to k² |p| by differences of fourth order, c = 1, p = cos(k(t − R))/spreading."""
    k, time = 2 * np.pi, 0.3
    weights = np.array([-1, 16, -30, 16, -1]) / 12
    offsets = np.arange(-2, 3) * step

    def pressure(t, receivers):
        return np.cos(k * (t - flow.travel_distances(ORIGIN, receivers))) / spreading(receivers)

    def second_derivative(along_time, along_space):
        moved = [pressure(time + along_time * h, RECEIVERS + h * np.array(along_space)[:, None]) for h in offsets]
        return weights @ np.array(moved) / step**2

    total = second_derivative(1.0, flow.velocity) - sum(second_derivative(0.0, axis) for axis in np.eye(3))
    return np.abs(total).max() / (k**2 / np.linalg.norm(RECEIVERS, axis=0)).max()


@pytest.mark.parametrize("flow", FLOWS, ids=repr)
def test_the_field_solves_the_convected_wave_equation(flow):
    residuals = [residual(flow, lambda at: flow.spreading_distances(ORIGIN, at), step) for step in (8e-3, 4e-3)]
    assert residuals[1] < 1e-3
    assert residuals[0] / residuals[1] == pytest.approx(16, rel=0.1)  # all of it is the differences'


@pytest.mark.parametrize("flow", FLOWS, ids=repr)
def test_spreading_with_the_travel_distance_does_not_solve_it(flow):
    residuals = [residual(flow, lambda at: flow.travel_distances(ORIGIN, at), step) for step in (4e-3, 2e-3)]
    assert residuals[1] > 100 * residual(flow, lambda at: flow.spreading_distances(ORIGIN, at), 2e-3)
    assert residuals[0] / residuals[1] == pytest.approx(1, rel=0.01)


@pytest.mark.parametrize("flow", FLOWS, ids=repr)
def test_its_source_has_the_strength_4_pi_as_at_rest(flow):
    """The flux (I − M Mᵀ)∇(1/R*) out of a sphere, by quadrature; steady, where (M·∇)² − ∇² gives 4π δ(x)."""
    heights, weights = np.polynomial.legendre.leggauss(80)
    azimuths = np.arange(160) * (2 * np.pi / 160)
    z, phi = (array.ravel() for array in np.meshgrid(heights, azimuths, indexing="ij"))
    normals = np.stack([np.sqrt(1 - z**2) * np.cos(phi), np.sqrt(1 - z**2) * np.sin(phi), z])

    def steady(receivers):
        return 1 / flow.spreading_distances(ORIGIN, receivers)

    gradient = np.array([(steady(normals + h) - steady(normals - h)) / 2e-4 for h in 1e-4 * np.eye(3)[:, :, None]])
    flux = np.sum(normals * gradient, axis=0) - (flow.velocity @ normals) * (flow.velocity @ gradient)
    assert np.repeat(weights, 160) @ flux * (2 * np.pi / 160) == pytest.approx(-4 * np.pi, rel=1e-5)


def test_sound_is_early_downstream_late_upstream_and_loud_across():
    flow = UniformFlow(0.5, direction=(0, 3, 0))
    receivers = np.array([[0, 0, 2.0], [2.0, -2.0, 0], [0, 0, 0]])
    np.testing.assert_allclose(flow.travel_distances(ORIGIN, receivers), [2 / 1.5, 2 / 0.5, 2 / 0.75**0.5], rtol=1e-14)
    np.testing.assert_allclose(flow.spreading_distances(ORIGIN, receivers), [2, 2, 2 * 0.75**0.5], rtol=1e-14)


def test_a_negative_mach_number_is_flow_the_other_way():
    one, other = UniformFlow(-0.3, (1, 2, 3)), UniformFlow(0.3, (-1, -2, -3))
    assert np.array_equal(one.travel_distances(ORIGIN, RECEIVERS), other.travel_distances(ORIGIN, RECEIVERS))


def test_at_rest_both_distances_are_that_of_the_receiver():
    for distances in (UniformFlow(0).travel_distances, UniformFlow(0.0, (1, 1, 0)).spreading_distances):
        np.testing.assert_allclose(distances(ORIGIN, RECEIVERS), np.linalg.norm(RECEIVERS, axis=0), rtol=1e-15)


@pytest.mark.parametrize("flow", FLOWS, ids=repr)
def test_flows_come_back_from_json_and_pickles(flow):
    assert as_flow(flow) is flow
    for copy in (as_flow(json.loads(json.dumps(flow.to_json()))), pickle.loads(pickle.dumps(flow)), eval(repr(flow))):
        assert copy == flow
        assert hash(copy) == hash(flow)
        assert repr(copy) == repr(flow)


def test_flows_are_compared_by_content_and_cannot_be_changed():
    assert len(set(FLOWS)) == len(FLOWS)
    assert as_flow({"mach": 0.15}) == FLOWS[0]
    assert UniformFlow(np.float64(0.2), np.array([1, 0, 0])) == UniformFlow(0.2)
    assert repr(UniformFlow(0.2)) == "UniformFlow(mach=0.2, direction=(1.0, 0.0, 0.0))"
    with pytest.raises(AttributeError):
        FLOWS[0].mach = 0.3


def test_no_flow_is_none():
    assert as_flow(None) is None


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (0.1, r"^flow=0.1: expected a UniformFlow, a mapping such as \{'mach': 0.1\}, or None"),
        ({}, r"^flow=\{\}: lacks mach, the speed of the medium in speeds of sound"),
        ({"mac": 0.1}, r"^flow=.*: unknown argument 'mac'; did you mean 'mach'\? Available: direction, mach"),
        ({"mach": 0.9}, r"^flow=.*: mach=0.9: expected a finite number, greater than -0.9, less than 0.9"),
        ({"mach": -2}, r"^flow=.*: mach=-2: expected a finite number, greater than -0.9, less than 0.9"),
        ({"mach": math.nan}, r"^flow=.*: mach=nan: expected a finite number"),
        ({"mach": "fast"}, r"^flow=.*: mach='fast': expected a finite number"),
        ({"mach": 0.1, "direction": "x"}, r"^flow=.*: direction='x': expected a vector of 3 numbers"),
        ({"mach": 0.1, "direction": [0, 0, 0]}, r"^flow=.*: direction=\[0, 0, 0\]: has no direction"),
    ],
)
def test_errors_name_the_argument(value, message):
    with pytest.raises(ArgumentError, match=message):
        as_flow(value)
