"""Eigenvectors of scenes' matrices from few columns, against the decomposition of the whole matrix."""

import numpy as np
import pytest

import acoupipe_grain as apg


@pytest.mark.slow
@pytest.mark.parametrize("max_nsources", [1, 4, 8])
@pytest.mark.parametrize("num", [0, 3])
def test_modes_of_sources_are_those_of_their_matrix(small_setup, max_nsources, num):
    """Five microphones: fewer sources than these, and more; single lines, and bands, which are decomposed whole."""
    source = apg.SyntheticSource(
        6,
        mode="analytic",
        setup=small_setup,
        features=("csm", "eigmode"),
        f=[1000.0, 3000.0],
        num=num,
        min_nsources=max_nsources,
        max_nsources=max_nsources,
    )
    for index in (0, 5):
        element = source[index]
        csm, modes = element["csm"].astype(complex), element["eigmode"].astype(complex)
        values = np.linalg.norm(modes, axis=-2)
        scale = values.max()
        np.testing.assert_allclose(values, np.linalg.eigvalsh(csm), atol=2e-6 * scale)
        np.testing.assert_allclose(csm @ modes, modes * values[:, None, :], atol=3e-6 * scale**2)
        vectors = modes / values[:, None, :]
        identity = vectors.conj().swapaxes(1, 2) @ vectors
        np.testing.assert_allclose(identity, np.broadcast_to(np.eye(5), identity.shape), atol=1e-5)
