import flax.serialization
import msgpack
import numpy as np
import pytest

from acoupipe_grain.errors import DataError
from acoupipe_grain.records.codec import BatchDecoder, Encoder, decode, encode
from acoupipe_grain.specs import ArraySpec

ELEMENT = {
    "csm": (np.arange(12) + 1j).reshape(3, 2, 2).astype(np.complex64),
    "map": np.random.default_rng(0).standard_normal((4, 5)).astype(np.float32),
    "idx": np.array(7, dtype=np.int32),
    "seeds": np.array([1, 2**32 - 1], dtype=np.uint32),
    "mask": np.array([True, False]),
    "empty": np.zeros((0, 3), dtype=np.float32),
    "small": np.array([1.5], dtype=np.float16),
    "transposed": np.arange(6, dtype=np.int16).reshape(2, 3).T,
}


@pytest.mark.parametrize("restore", [decode, flax.serialization.msgpack_restore])
def test_elements_come_back_as_they_were(restore):
    again = restore(encode(ELEMENT))
    assert list(again) == list(ELEMENT)
    for name, array in ELEMENT.items():
        assert again[name].dtype == array.dtype
        assert again[name].shape == array.shape
        assert np.array_equal(again[name], array)


def test_equal_elements_give_equal_bytes():
    copy = {name: np.array(array, order="F") for name, array in ELEMENT.items()}
    assert encode(copy) == encode(ELEMENT)


@pytest.mark.parametrize("count", [1, 8, 20])
def test_elements_of_one_specification_are_encoded_to_the_same_bytes(count):
    elements = ELEMENT | {f"more {number}": np.full(300 * number, number, np.float32) for number in range(count)}
    spec = {
        name: ArraySpec(array.shape, array.dtype.name, tuple(f"axis {axis}" for axis in range(array.ndim)))
        for name, array in elements.items()
    }
    assert Encoder(spec)(elements) == encode(elements)
    assert Encoder(spec)(dict(reversed(elements.items()))) == encode(elements)


def test_flax_itself_writes_the_same_bytes():
    in_flax_order = {name: ELEMENT[name] for name in sorted(ELEMENT)}
    assert flax.serialization.msgpack_serialize(ELEMENT) == encode(in_flax_order)


@pytest.mark.parametrize(
    "record", [b"", b"\xc1", encode(ELEMENT)[:-3], msgpack.packb([1, 2]), msgpack.packb({"a": 1}), b"\x00" * 40]
)
def test_other_bytes_are_refused(record):
    with pytest.raises(DataError, match="not an encoded element"):
        decode(record)


def test_many_elements_are_decoded_at_once():
    spec = {name: ArraySpec(array.shape, array.dtype.name, ("axis",) * array.ndim) for name, array in ELEMENT.items()}
    others = {name: np.zeros_like(array) for name, array in ELEMENT.items()}
    decoded = BatchDecoder(spec)([encode(ELEMENT), encode(others)])
    assert list(decoded) == list(ELEMENT)
    for name, array in ELEMENT.items():
        np.testing.assert_array_equal(decoded[name], np.stack([array, others[name]]))
        assert decoded[name].dtype == array.dtype


@pytest.mark.parametrize(
    "other",
    [
        {"idx": np.array(7, dtype=np.float32)},
        {"map": np.zeros((5, 4), np.float32)},
        {"mask": np.array([True, False, True])},
        {"more": np.array(1, dtype=np.int32)},
    ],
    ids=lambda other: next(iter(other)),
)
def test_elements_of_another_specification_are_not_decoded_at_once(other):
    spec = {name: ArraySpec(array.shape, array.dtype.name, ("axis",) * array.ndim) for name, array in ELEMENT.items()}
    assert BatchDecoder(spec)([encode(ELEMENT), encode(ELEMENT | other)]) is None
