"""The plain chain beside sources heard through impulse responses computes the same, and everything gives a rate."""

import numpy as np
import pytest

import acoupipe_grain as apg
from acoupipe_grain.bench import plain_responses, responses
from acoupipe_grain.bench.cases import Case
from acoupipe_grain.bench.plain import import_acoular


@pytest.fixture
def small(monkeypatch):
    """Responses to 4 microphones from 4x4 points in place of the measured ones."""
    rng = np.random.default_rng(0)
    grid = apg.RectGrid(-0.3, 0.3, -0.3, 0.3, 0.5, 0.2)
    made = apg.ImpulseResponses.from_arrays(
        rng.standard_normal((16, 4, 200)) * np.exp(-np.arange(200) / 40),
        grid.positions,
        np.array([[0.3, -0.3, 0.0, 0.1], [0.1, 0.2, -0.3, 0.0], [0.0, 0.0, 0.0, 0.0]]),
        sample_rate=32000.0,
        speed_of_sound=344.7,
    )
    monkeypatch.setattr(responses, "measured", lambda: made)
    return made


def test_the_plain_matrices_are_those_of_the_source(small):
    source = apg.ImpulseResponseSource(small, 2, mode="analytic", features=("csm",), f=4000.0)
    scene = apg.ImpulseResponseSource(small, 2, engine="jax").inputs[0]
    heard = scene["responses"][: int(scene["num_sources"])]
    plain = plain_responses.spectral_csm(source.setup, scene, heard, [16])
    np.testing.assert_allclose(plain, source[0]["csm"], rtol=1e-4, atol=1e-5 * np.abs(plain).max())


def test_the_plain_recording_has_the_expected_power(small):
    import_acoular()
    scene = apg.ImpulseResponseSource(small, 2, engine="jax").inputs[0]
    setup = apg.ImpulseResponseSource(small, 2).setup
    heard = scene["responses"][: int(scene["num_sources"])]
    csm = plain_responses.welch_csm(setup, scene, heard, np.random.default_rng(0))[3:-3]
    expected = apg.expected_welch_csm(setup, scene)[3:-3]
    powers = np.einsum("kmm->k", csm).real / np.einsum("kmm->k", expected).real
    assert np.mean(powers) == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize("which", ["ours", "free", "plain"])
@pytest.mark.parametrize("mode", ["welch", "analytic", "wishart"])
def test_every_chain_gives_a_rate(small, which, mode):
    assert small.num_sources == 16
    case = Case(mode, ("csm",), 4000.0)
    assert getattr(responses, which)(case, 0.01)["records"] > 0
