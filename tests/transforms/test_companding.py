import jax
import jax.numpy as jnp
import numpy as np
import pytest

from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.transforms.companding import mu_law_decode, mu_law_encode

NUM_LEVELS = (2, 3, 16, 255, 256, 1024)


def compressed(x, num_levels):
    mu = num_levels - 1
    return np.sign(x) * np.log1p(mu * np.abs(x)) / np.log1p(mu)


def dense():
    """The whole range, finer around 0, in float32."""
    around_zero = np.geomspace(1e-20, 1e-2, 500)
    return np.concatenate([np.linspace(-1, 1, 20_001), around_zero, -around_zero]).astype(np.float32)


def test_the_nine_levels_of_the_standard_way():
    levels = mu_law_encode(np.linspace(-1, 1, 9))
    assert levels.tolist() == [0, 7, 16, 32, 128, 223, 239, 248, 255]
    assert levels.dtype == jnp.int32


def test_the_nine_levels_are_not_a_matter_of_rounding():
    points = np.linspace(-1, 1, 9, dtype=np.float32)
    for toward in (-np.inf, np.inf):
        moved = np.nextafter(points, np.float32(toward))
        expected = [0, 7, 16, 32, 128 if toward > 0 else 127, 223, 239, 248, 255]
        # The nearest neighbours of 0 are flushed to it; 1e-20 is one that is not.
        moved[4] = np.copysign(np.float32(1e-20), toward)
        assert mu_law_encode(moved).tolist() == expected


@pytest.mark.parametrize("num_levels", NUM_LEVELS)
def test_levels_are_those_of_the_formula_in_float64(num_levels):
    x = dense().astype(np.float64)
    exact = (num_levels - 1) / 2 * compressed(x, num_levels) + num_levels / 2
    # float32 rounds exact by less than 4 ulp of num_levels: only that near a step may it be the other level.
    is_clear = np.abs(exact - np.rint(exact)) > 4 * num_levels * 2.0**-24
    assert is_clear.mean() > 0.9
    levels = np.asarray(mu_law_encode(dense(), num_levels))
    np.testing.assert_array_equal(levels[is_clear], np.floor(exact)[is_clear])


@pytest.mark.parametrize("num_levels", NUM_LEVELS)
def test_a_decoded_signal_is_within_half_a_step(num_levels):
    x = dense()
    levels = np.asarray(mu_law_encode(x, num_levels))
    assert levels.min() == 0
    assert levels.max() == num_levels - 1
    decoded = mu_law_decode(levels, num_levels)
    assert decoded.dtype == jnp.float32
    error = compressed(np.asarray(decoded, np.float64), num_levels) - compressed(x.astype(np.float64), num_levels)
    half_a_step = 1 / (num_levels - 1)
    assert np.abs(error).max() <= half_a_step + 4 * 2.0**-24


@pytest.mark.parametrize("num_levels", [2, 255, 256, 65_536])
def test_levels_survive_decoding(num_levels):
    levels = np.arange(num_levels)
    np.testing.assert_array_equal(mu_law_encode(mu_law_decode(levels, num_levels), num_levels), levels)


def test_full_scale_is_decoded_exactly():
    assert mu_law_decode(np.array([0, 255])).tolist() == [-1, 1]


def test_what_is_beyond_full_scale_or_the_levels_is_clipped():
    assert mu_law_encode(np.array([-7.0, -1.0001, 1.0001, np.inf])).tolist() == [0, 0, 255, 255]
    assert mu_law_decode(np.array([-3, 256])).tolist() == [-1, 1]


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int16, np.int32, np.uint32])
def test_levels_may_have_any_dtype_of_integers(dtype):
    levels = np.arange(0, 128, dtype=dtype)
    np.testing.assert_array_equal(mu_law_decode(levels), mu_law_decode(levels.astype(np.int32)))


@pytest.mark.slow
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3, 4)])
def test_any_shape_jitted_or_not(shape):
    x = np.random.default_rng(0).uniform(-1, 1, shape).astype(np.float32)
    levels = mu_law_encode(x)
    assert levels.shape == shape
    np.testing.assert_array_equal(levels, jax.jit(mu_law_encode)(jnp.asarray(x)))
    np.testing.assert_allclose(jax.jit(mu_law_decode)(levels), mu_law_decode(levels), rtol=1e-6)


def test_bfloat16_is_computed_in_float32():
    x = jnp.linspace(-1, 1, 9, dtype=jnp.bfloat16)
    assert mu_law_encode(x).tolist() == [0, 7, 16, 32, 128, 223, 239, 248, 255]


@pytest.mark.parametrize("num_levels", [1, 0, 65_537, 2.0, True, "256"])
def test_numbers_of_levels_are_checked(num_levels):
    with pytest.raises(ArgumentError, match="num_levels="):
        mu_law_encode(np.zeros(2), num_levels)
    with pytest.raises(ArgumentError, match="num_levels="):
        mu_law_decode(np.zeros(2, np.int32), num_levels)


def test_other_numbers_are_refused():
    for dtype in (np.complex64, np.int16):
        with pytest.raises(ArgumentError, match=f"{np.dtype(dtype)}; expected floating-point numbers"):
            mu_law_encode(np.zeros(2, dtype))
    with pytest.raises(ArgumentError, match="float32; expected integers from 0 to 255"):
        mu_law_decode(np.zeros(2, np.float32))
