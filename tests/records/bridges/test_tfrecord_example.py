import numpy as np
import pytest

from acoupipe_grain.errors import DataError
from acoupipe_grain.records.bridges.tfrecord_example import (
    Encoding,
    decode_features,
    encode_example,
    encoding_of,
    parse_example,
)
from acoupipe_grain.records.bridges.tfrecord_messages import example_messages
from acoupipe_grain.specs import ArraySpec

EXTREMES = np.array([np.nan, np.inf, -np.inf, -0.0, np.finfo(np.float32).smallest_subnormal, 0.1], dtype=np.float32)
ARRAYS = {
    "float32": EXTREMES.reshape(2, 3),
    "odd_nan": np.array([0x7FC12345, 0x7F812345], dtype=np.uint32).view(np.float32),
    "float16": EXTREMES.astype(np.float16),
    "complex64": EXTREMES.view(np.complex64).reshape(3, 1),
    "int8": np.array([-128, 127], dtype=np.int8),
    "int32": np.array([[-(2**31), 2**31 - 1]], dtype=np.int32),
    "uint32": np.array([0, 2**32 - 1], dtype=np.uint32),
    "bool": np.array([True, False, True]),
    "scalar": np.array(1 / 3, dtype=np.float32),
    "whole_scalar": np.array(-7, dtype=np.int32),
    "complex_scalar": np.array(1 - 2j, dtype=np.complex64),
    "no_rows": np.zeros((0, 3), np.float32),
    "no_complex": np.zeros((2, 0), np.complex64),
    "no_flags": np.zeros((0,), bool),
    "strided": np.arange(12, dtype=np.float32).reshape(3, 4).T[::2],
}


def spec_of(arrays):
    return {name: ArraySpec(array.shape, array.dtype.name, ("axis",) * array.ndim) for name, array in arrays.items()}


def foreign(**features):
    """Return the features of an example: (kind, values) under each name."""
    example = example_messages().example()
    for name, (kind, values) in features.items():
        getattr(example.features.feature[name], kind).value.extend(values)
    return parse_example(example.SerializeToString())


@pytest.mark.parametrize("name", ARRAYS)
def test_arrays_come_back_bit_for_bit(name):
    arrays = {name: ARRAYS[name]}
    back = decode_features(parse_example(encode_example(arrays)), spec_of(arrays))[name]
    assert back.dtype == ARRAYS[name].dtype
    assert back.shape == ARRAYS[name].shape
    assert back.flags.c_contiguous
    assert back.tobytes() == ARRAYS[name].tobytes()


def test_an_example_has_exactly_these_bytes():
    # The numbers of the fields and the lengths of what they hold: Example 0a, Features 0a, its entry 0a (key) and 12
    # (Feature), float_list 12, the packed values 0a.
    expected = bytes.fromhex("0a0f 0a0d 0a0161 1208 1206 0a04 0000803f")
    assert encode_example({"a": np.array([1.0], dtype=np.float32)}) == expected


def test_equal_elements_in_any_order_give_equal_bytes():
    reverse = dict(reversed(ARRAYS.items()))
    assert encode_example(ARRAYS) == encode_example(reverse)


def test_encodings_say_what_tensorflow_sees():
    assert encoding_of(ArraySpec((2,), "float16", ("mic",))) == Encoding("float_list", (2,))
    assert encoding_of(ArraySpec((), "bool", ())) == Encoding("int64_list", ())
    assert encoding_of(ArraySpec((4, 4), "complex64", ("mic", "mic"))) == Encoding("float_list", (4, 4, 2))


def test_axes_of_varying_length_follow_from_the_lists():
    features = foreign(
        loc=("float_list", range(12)),
        spectrum=("float_list", range(8)),
        time_data=("float_list", range(6)),
        time_data_shape=("int64_list", (3, 2)),
    )
    element = decode_features(
        features,
        {
            "loc": ArraySpec((3, None), "float32", ("xyz", "source"), "m"),
            "spectrum": ArraySpec((None, 2), "complex64", ("frequency", "mic")),
            "time_data": ArraySpec((None, None), "float32", ("sample", "mic"), "Pa"),
        },
    )
    assert element["loc"].tolist() == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]
    assert element["spectrum"].tolist() == [[0 + 1j, 2 + 3j], [4 + 5j, 6 + 7j]]
    assert element["time_data"].tolist() == [[0, 1], [2, 3], [4, 5]]


@pytest.mark.parametrize(
    ("spec", "features", "message"),
    [
        ((2,), {"other": ("float_list", (1, 2))}, "has no feature 'x'; there are other"),
        ((2,), {}, "has no feature 'x'; there are none"),
        ((2,), {"x": ("float_list", (1, 2, 3))}, r"feature 'x' has 3 numbers, .* shape \(2,\)"),
        ((), {"x": ("float_list", (1, 2))}, r"feature 'x' has 2 numbers, .* shape \(\)"),
        ((3, None), {"x": ("float_list", (1, 2, 3, 4))}, r"feature 'x' has 4 numbers, .* shape \(3, None\)"),
        (
            (2,),
            {"x": ("int64_list", (1, 2))},
            "'x' is of the kind int64_list, not float_list; give it an integer dtype",
        ),
        ((2,), {"x": ("bytes_list", (b"raw",))}, "'x' is of the kind bytes_list, not float_list; leave it out"),
        ((None, None), {"x": ("float_list", (1, 2))}, "has no feature 'x_shape'; there are x"),
        ((None, None), {"x": ("float_list", (1, 2)), "x_shape": ("int64_list", (2,))}, r"'x_shape' is \[2\]"),
        ((None, None), {"x": ("float_list", (1, 2)), "x_shape": ("int64_list", (-1, -2))}, r"'x_shape' is \[-1, -2\]"),
        ((None, None), {"x": ("float_list", (1, 2)), "x_shape": ("int64_list", (2, 2))}, "'x' has 2 numbers"),
        ((None, 3, None), {"x": ("float_list", (1, 2)), "x_shape": ("int64_list", (1, 2, 1))}, r"is \[1, 2, 1\]"),
    ],
)
def test_features_that_are_not_as_specified_are_named(spec, features, message):
    specification = {"x": ArraySpec(spec, "float32", ("axis",) * len(spec))}
    with pytest.raises(DataError, match=message):
        decode_features(foreign(**features), specification)


@pytest.mark.parametrize(("dtype", "value"), [("int32", 10**12), ("uint8", -1), ("bool", 2)])
def test_integers_that_the_dtype_does_not_hold_are_named(dtype, value):
    with pytest.raises(DataError, match=rf"'seeds': {value} does not fit into {dtype}.*leave it out"):
        decode_features(foreign(seeds=("int64_list", [value])), {"seeds": ArraySpec((1,), dtype, ("sampler",))})


def test_an_empty_feature_is_refused():
    example = example_messages().example()
    example.features.feature["x"].SetInParent()
    with pytest.raises(DataError, match="'x' is of the kind empty, not float_list"):
        decode_features(parse_example(example.SerializeToString()), {"x": ArraySpec((0,), "float32", ("axis",))})


def test_other_bytes_are_refused():
    with pytest.raises(DataError, match="not a tf.train.Example"):
        parse_example(b"\xff" * 10)
