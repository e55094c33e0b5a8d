"""Directions given as vectors."""

import numpy as np
import pytest

from acoupipe_grain.array.directions import checked_direction, unit_vector
from acoupipe_grain.errors import ArgumentError


@pytest.mark.parametrize("given", [(0, 3, -4), [0.0, 3.0, -4.0], np.array([0, 3, -4]), (np.float32(-0.0), 3, -4)])
def test_components_stay_as_they_are_given(given):
    assert repr(checked_direction("axis", given)) == "(0.0, 3.0, -4.0)"


@pytest.mark.parametrize("length", [5e-324, 1e-200, 1.0, 1e200, 1e308])
def test_unit_vectors_have_length_1_however_long_the_direction_is(length):
    assert unit_vector((0, length, 0)).tolist() == [0, 1, 0]
    np.testing.assert_allclose(unit_vector((length, 0, -length)), [0.5**0.5, 0, -(0.5**0.5)], rtol=1e-15)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("xyz", "^axis='xyz': expected an axis."),
        (None, "^axis=None: expected an axis."),
        ([1, 2], r"^axis=\[1, 2\]: expected an axis."),
        ([[1], [2, 3], 4], r"^axis.x=\[1\]: expected a finite number"),
        ([1, 2, "3"], "^axis.z='3': expected a finite number"),
        ([0, 0.0, -0.0], r"^axis=\[0, 0.0, -0.0\]: has no direction"),
    ],
)
def test_what_is_no_direction_is_refused(given, message):
    with pytest.raises(ArgumentError, match=message):
        checked_direction("axis", given, "an axis")
