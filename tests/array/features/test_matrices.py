import jax.numpy as jnp
import numpy as np
import pytest

from acoupipe_grain.array.features import matrices
from acoupipe_grain.array.features.eigenpairs import eigenmodes


@pytest.fixture
def csm():
    rng = np.random.default_rng(0)
    samples = rng.standard_normal((2, 3, 5, 40)) + 1j * rng.standard_normal((2, 3, 5, 40))
    return (samples @ samples.conj().swapaxes(-1, -2) / 40).astype(np.complex64)


def test_csmtriu_holds_the_whole_matrix_in_real_numbers(csm):
    packed = np.asarray(matrices.csmtriu(jnp.asarray(csm)))
    assert packed.dtype == np.float32
    for i in range(5):
        for j in range(i, 5):
            assert np.array_equal(packed[..., i, j], csm[..., i, j].real)
            if i < j:
                assert np.array_equal(packed[..., j, i], csm[..., i, j].imag)


def test_eigmodes_rebuild_the_matrix(csm):
    modes = np.asarray(matrices.eigmode(eigenmodes(jnp.asarray(csm)))).astype(complex)
    values = np.linalg.norm(modes, axis=-2)
    assert np.all(np.diff(values, axis=-1) >= 0)
    rebuilt = np.einsum("...mi,...ni,...i->...mn", modes, modes.conj(), 1 / values)
    np.testing.assert_allclose(rebuilt, csm, atol=1e-5 * np.abs(csm).max())


def test_eigmodes_have_a_real_positive_leading_component(csm):
    modes = np.asarray(matrices.eigmode(eigenmodes(jnp.asarray(csm))))
    leading = np.take_along_axis(modes, np.abs(modes).argmax(axis=-2)[..., None, :], axis=-2)
    np.testing.assert_allclose(leading.imag, 0, atol=1e-6 * np.abs(leading).max())
    assert np.all(leading.real > 0)


def test_among_components_of_one_magnitude_the_first_is_made_real():
    vector = np.array([1j, 1.0, -1.0, np.exp(0.3j)]) / 2
    csm = np.outer(vector, vector.conj())[None].astype(np.complex64)
    mode = np.asarray(matrices.eigmode(eigenmodes(jnp.asarray(csm))))[0, :, -1]
    np.testing.assert_allclose(mode, vector / 1j, atol=1e-6)
