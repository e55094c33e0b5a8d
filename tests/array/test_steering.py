"""Steering vectors against the values and identities of Sarradj (2012) and against Acoular."""

import acoular
import numpy as np
import pytest

from acoupipe_grain.array.steering import FORMULATIONS, canonical_formulation, steering_vectors, transfer_vectors
from acoupipe_grain.errors import ArgumentError

# Level error in dB when steered exactly at a unit source, default array, at every frequency.
LEVELS = {
    (0, 0, 0.5): {"I": -1.560, "II": 0, "III": 0, "IV": -1.515},
    (0.3, 0.2, 0.5): {"I": -0.785, "II": 0, "III": 0, "IV": -0.632},
    (0.5, 0.5, 0.5): {"I": -0.016, "II": 0, "III": 0, "IV": 0.203},
}


@pytest.fixture(scope="module")
def setup():
    import acoupipe_grain as apg

    return apg.MeasurementSetup.default()


@pytest.mark.parametrize("position", LEVELS)
@pytest.mark.parametrize("formulation", FORMULATIONS)
@pytest.mark.parametrize("frequency", [500.0, 4000.0])
def test_level_at_the_source_is_as_published(setup, position, formulation, frequency):
    wavenumber = np.array([2 * np.pi * frequency / setup.speed_of_sound])
    a = transfer_vectors(np.array([position]).T, setup.mic_positions, setup.reference, wavenumber)
    h = steering_vectors(a, formulation)
    level = 20 * np.log10(np.abs(np.vdot(h, a)))
    assert level == pytest.approx(LEVELS[position][formulation], abs=6e-4)


@pytest.mark.parametrize(("formulation", "acoular_name"), FORMULATIONS.items())
def test_vectors_are_acoulars(setup, formulation, acoular_name):
    grid = acoular.RectGrid(x_min=-0.4, x_max=0.4, y_min=-0.4, y_max=0.4, z=0.5, increment=0.2)
    mics = acoular.MicGeom(pos_total=setup.mic_positions)
    theirs = acoular.SteeringVector(
        grid=grid, mics=mics, env=acoular.Environment(c=343.0), steer_type=acoular_name, ref=setup.reference
    ).steer_vector(3000.0)
    wavenumber = np.array([2 * np.pi * 3000.0 / 343.0])
    a = transfer_vectors(grid.pos, setup.mic_positions, setup.reference, wavenumber)
    # Acoular rounds phases of up to some ten radians to float32.
    np.testing.assert_allclose(steering_vectors(a, formulation)[0], theirs, rtol=3e-6)


def test_formulations_have_two_names():
    assert [canonical_formulation(name) for name in ("III", "true level", "classic")] == ["III", "III", "I"]


@pytest.mark.parametrize("name", ["V", "true", 3, None])
def test_another_formulation_is_refused(name):
    with pytest.raises(ArgumentError, match="steering formulation"):
        canonical_formulation(name)
