import collections.abc
from typing import Annotated, Any

import numpy as np
import pytest

from acoupipe_grain.annotations import Hertz, InFiles, Seconds, Unit
from acoupipe_grain.config.types import as_type, describe, type_in_files, unit_of

Numbers = collections.abc.Sequence[float]


class Something:
    pass


@pytest.mark.parametrize(
    ("hint", "kind", "words"),
    [
        (int, int, "integer"),
        (Seconds, float, "number"),
        (Hertz | collections.abc.Sequence[Hertz] | None, float | Numbers | None, "number or list of number or null"),
        (str | Something | None, str | None, "text or null"),
        (tuple[int, int] | None, tuple[int, int] | None, "[integer, integer] or null"),
        (collections.abc.Mapping[str, Any] | Something, collections.abc.Mapping[str, Any], "mapping"),
        (Annotated[Any, InFiles(float | None)], float | None, "number or null"),
    ],
)
def test_annotations_say_what_files_can_give(hint, kind, words):
    assert type_in_files(hint) == kind
    assert describe(kind) == words


@pytest.mark.parametrize("hint", [Any, Something, Something | None, collections.abc.Sequence[Any], list[Something]])
def test_what_files_cannot_give_has_no_type(hint):
    assert type_in_files(hint) is None


def test_units_are_found_anywhere_in_an_annotation():
    assert unit_of(Hertz | collections.abc.Sequence[Hertz] | None) == "Hz"
    assert unit_of(Annotated[Annotated[Any, InFiles(float)], Unit("Pa")]) == "Pa"
    assert unit_of(int | None) == ""


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (int, 3.0, 3),
        (int, 2**70, 2**70),
        (float, 3, 3.0),
        (float, np.float32(0.5), 0.5),
        (int, np.int64(4), 4),
        (float | Numbers | None, [1, 2.5], [1.0, 2.5]),
        (float | Numbers | None, np.array([1.0, 2.0]), [1.0, 2.0]),
        (tuple[int, int] | None, [0, 2], (0, 2)),
        (bool, True, True),
        (str, "no", "no"),
    ],
)
def test_values_become_what_is_meant(kind, value, expected):
    result = as_type(kind, value)
    assert result == expected
    assert type(result) is type(expected)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (int, "3"),
        (int, 3.5),
        (int, True),
        (float, "1e-4"),
        (float, True),
        (bool, 1),
        (bool, "true"),
        (str, 3),
        (tuple[int, int], [1]),
        (float, Something()),
    ],
)
def test_nothing_is_guessed(kind, value):
    with pytest.raises(ValueError):
        as_type(kind, value)
