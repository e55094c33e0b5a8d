import numpy as np
import pytest

from acoupipe_grain.errors import ArgumentError, DataError
from acoupipe_grain.specs import (
    ArraySpec,
    DataSource,
    check_element,
    narrowed,
    require_source,
    spec_from_json,
    spec_to_json,
    stack_elements,
)

SPEC = {"map": ArraySpec((2, 3), "float32", ("x", "y"), "Pa^2"), "ragged": ArraySpec((None,), "int32", ("step",))}


def element():
    return {"map": np.zeros((2, 3), np.float32), "ragged": np.zeros(5, np.int32)}


def test_json_brings_the_specification_back():
    assert spec_from_json(spec_to_json(SPEC)) == SPEC


@pytest.mark.parametrize("dtype", ["float64", "int64", "complex128", "object", "U5"])
def test_dtypes_that_devices_would_narrow_are_refused(dtype):
    with pytest.raises(ArgumentError, match="dtype"):
        ArraySpec((1,), dtype, ("x",))


@pytest.mark.parametrize(
    ("value", "dtype"),
    [(3, "int32"), (2.5, "float32"), (1j, "complex64"), (True, "bool"), ([1, 2], "int32"), (np.float32(1), "float32")],
)
def test_wide_numbers_become_narrow_ones(value, dtype):
    array = narrowed("x", value)
    assert array.dtype == dtype
    assert np.array_equal(array, value)


def test_numbers_keep_their_memory_to_themselves():
    given = np.zeros(3, np.float32)
    narrowed("x", given)[0] = 1
    assert given[0] == 0
    assert narrowed("x", np.zeros((3, 2)).T).flags.c_contiguous


@pytest.mark.parametrize("value", [2**31, -(2**40), 1e39, 1e300 * 1j, "text", None, [object()], np.uint64(2**63)])
def test_what_32_bits_do_not_hold_is_refused(value):
    with pytest.raises(DataError, match="'x'"):
        narrowed("x", value)


def test_infinite_numbers_stay_infinite():
    assert np.array_equal(narrowed("x", [np.inf, -np.inf, np.nan]), [np.inf, -np.inf, np.nan], equal_nan=True)


def test_axes_must_name_every_dimension():
    with pytest.raises(ArgumentError, match="axes"):
        ArraySpec((1, 2), "float32", ("x",))


def test_a_fitting_element_passes():
    check_element(element(), SPEC, "record 0")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"map": np.zeros((2, 3))}, "'map' has dtype float64"),
        ({"map": np.zeros((3, 2), np.float32)}, r"'map' has shape \(3, 2\)"),
        ({"map": [1.0]}, "'map' is a list"),
        ({"more": np.zeros(1, np.float32)}, "unexpected keys"),
    ],
)
def test_a_wrong_element_is_refused_with_record_and_key(change, message):
    with pytest.raises(DataError, match=f"record 7.*{message}"):
        check_element(element() | change, SPEC, "record 7")


def test_a_missing_key_is_named():
    with pytest.raises(DataError, match="ragged"):
        check_element({"map": element()["map"]}, SPEC, "record 0")


def test_stacking_adds_a_first_axis():
    assert stack_elements([element(), element()])["map"].shape == (2, 2, 3)


def test_stacking_ragged_elements_names_key_and_shapes():
    other = element() | {"ragged": np.zeros(6, np.int32)}
    with pytest.raises(DataError, match=r"'ragged'.*\(5,\).*\(6,\)"):
        stack_elements([element(), other])


def test_stacking_mixed_dtypes_is_refused():
    other = element() | {"map": np.zeros((2, 3), np.float64)}
    with pytest.raises(DataError, match=r"'map'.*float32.*float64"):
        stack_elements([element(), other])


@pytest.mark.parametrize("keys", [("map",), ("map", "ragged", "more")])
def test_stacking_elements_with_other_keys_is_refused(keys):
    other = {key: np.zeros((2, 3), np.float32) for key in keys} | {"ragged": np.zeros(5, np.int32)}
    if len(keys) == 1:
        del other["ragged"]
    with pytest.raises(DataError, match="cannot batch"):
        stack_elements([element(), other])


def test_the_sources_follow_the_protocol(small_source):
    assert isinstance(small_source, DataSource)
    assert isinstance(small_source.inputs, DataSource)


def test_something_else_is_refused_with_what_it_lacks():
    with pytest.raises(ArgumentError, match="element_spec"):
        require_source([1, 2, 3])
