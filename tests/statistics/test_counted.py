import json

import numpy as np
import pytest

from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.statistics import Counted
from acoupipe_grain.statistics.counted import as_counted


@pytest.mark.parametrize(
    "counted",
    [
        Counted(),
        Counted(["feature"], "mask", 0),
        Counted(("mic", "feature"), above=[None, 0.5, -np.inf], normalise=[True, False, True]),
        Counted(("feature",), above=np.array([-np.inf, 0], np.float32), normalise=np.array([True, False])),
    ],
    ids=repr,
)
def test_the_json_form_rebuilds_it(counted):
    assert as_counted("x", json.loads(json.dumps(counted.to_json()))) == counted


def test_equal_values_are_equal_however_they_are_given():
    assert Counted(["a"], above=[0, None], normalise=[True, False]) == Counted(
        ("a",), above=np.array([0.0, -np.inf]), normalise=np.array([True, False])
    )
    assert Counted(above=-np.inf) == Counted(above=None)
    assert Counted(above=-0.0) == Counted(above=0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"separate": "feature"}, "separate='feature': expected a list of names"),
        ({"separate": [1]}, r"separate=\[1\]"),
        ({"mask": 3}, "mask=3: expected the name of an array"),
        ({"above": "0"}, "above='0': expected a finite number"),
        ({"above": np.nan}, "above=nan"),
        ({"above": np.inf}, "above=inf"),
        ({"separate": ["a"], "above": [0, "x"]}, "above='x'"),
        ({"above": [0.0, 1.0]}, r"above=\(0.0, 1.0\): one value for each entry of the last separate axis"),
        ({"normalise": [True]}, r"normalise=\(True,\): one value for each entry"),
        ({"separate": ["a"], "normalise": [1]}, "normalise=1: expected true or false"),
        ({"separate": ["a"], "normalise": True}, "normalise=True: expected a list"),
    ],
)
def test_wrong_values_are_refused_by_name(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        Counted(**arguments)
    with pytest.raises(ArgumentError, match=f"arrays: 'x': {message}"):
        as_counted("x", arguments)


def test_unknown_values_are_refused_with_a_hint():
    with pytest.raises(ArgumentError, match="unknown argument of arrays.'x'. 'seperate'; did you mean 'separate'"):
        as_counted("x", {"seperate": []})
    with pytest.raises(ArgumentError, match="arrays: 'x': 3: expected Counted"):
        as_counted("x", 3)
