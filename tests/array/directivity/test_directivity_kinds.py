"""Directivities by name and mapping, and what identifies them."""

import json
import pickle

import numpy as np
import pytest

from acoupipe_grain.array.directivity import KINDS, Dipole, SphericalHarmonics, as_directivity
from acoupipe_grain.errors import ArgumentError

DIRECTIVITIES = [
    Dipole(),
    Dipole(direction="reference"),
    Dipole(direction=[0, 0.1, -3]),
    SphericalHarmonics(coefficients=[1]),
    SphericalHarmonics(coefficients=[1, [0.25, -1], 1j, 2], direction=(1, 0, 0)),
]


@pytest.mark.parametrize("nothing", [None, "monopole", {"kind": "monopole"}])
def test_a_monopole_has_no_directivity(nothing):
    assert as_directivity(nothing) is None


@pytest.mark.parametrize("directivity", DIRECTIVITIES, ids=repr)
def test_directivities_come_back_from_json_and_pickles(directivity):
    assert as_directivity(directivity) is directivity
    for copy in (
        as_directivity(json.loads(json.dumps(directivity.to_json()))),
        pickle.loads(pickle.dumps(directivity)),
        eval(repr(directivity)),
    ):
        assert copy == directivity
        assert hash(copy) == hash(directivity)
        assert repr(copy) == repr(directivity)
        ways, axis = np.eye(3), np.array([0.0, 0.6, 0.8])
        assert np.array_equal(copy.pattern(ways, axis), directivity.pattern(ways, axis))


def test_directivities_differ_by_kind_and_content():
    assert len(set(DIRECTIVITIES)) == len(DIRECTIVITIES)
    assert Dipole(direction=np.array([0, 0, 1])) == Dipole(direction=(0.0, -0.0, 1.0))
    assert SphericalHarmonics(coefficients=np.array([1, 0, 2j, 0])) == SphericalHarmonics(
        coefficients=[1, 0, [0, 2], 0.0]
    )


def test_representations_say_what_they_are_made_of():
    assert repr(Dipole(direction=[0, 0, -1])) == "Dipole(direction=(0.0, 0.0, -1.0))"
    assert repr(SphericalHarmonics(coefficients=[1])) == "SphericalHarmonics(direction=None, coefficients=((1+0j),))"


def test_names_stand_for_default_arguments():
    assert as_directivity("dipole") == as_directivity({"kind": "dipole"}) == Dipole()
    assert list(KINDS) == ["dipole", "spherical_harmonics"]


def test_json_has_numbers_and_pairs():
    given = SphericalHarmonics(coefficients=[1, 2j, 0, 0], direction="reference")
    assert given.to_json() == {
        "kind": "spherical_harmonics",
        "direction": "reference",
        "coefficients": [1.0, [0.0, 2.0], 0.0, 0.0],
    }


def test_directivities_cannot_be_changed():
    with pytest.raises(AttributeError):
        DIRECTIVITIES[0].direction = (1.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (1.0, r"expected None, one of monopole, dipole, spherical_harmonics, a mapping such as"),
        ("dipol", r"unknown kind 'dipol'; did you mean 'dipole'\?"),
        ("quadrupole", r"unknown kind 'quadrupole'.*Available: dipole, monopole, spherical_harmonics"),
        ({}, r"lacks kind, one of monopole, dipole, spherical_harmonics"),
        ({"kind": 3}, r"unknown kind 3"),
        ({"kind": "monopole", "direction": None}, r"a monopole has no direction; leave it out"),
        ({"kind": "dipole", "directon": [0, 0, 1]}, r"unknown argument of dipole 'directon'; did you mean 'direction'"),
        ({"kind": "dipole", "coefficients": [1]}, r"unknown argument of dipole 'coefficients'"),
        ({"kind": "dipole", "direction": [0, 0, 0]}, r"direction=\[0, 0, 0\]: has no direction"),
        ("spherical_harmonics", r"spherical_harmonics lacks coefficients, \(L \+ 1\)² numbers"),
        ({"kind": "spherical_harmonics", "coefficients": [1, 2]}, r"coefficients=\[1, 2\]: 2 values"),
    ],
)
def test_errors_name_the_argument(value, message):
    with pytest.raises(ArgumentError, match=rf"(?s)^directivity=.*: {message}"):
        as_directivity(value)
