"""Powers of uncorrelated sources add: matrices, maps and labels of a scene are the sums of its parts'.

E|Σ p_j|² = Σ E|p_j|² for uncorrelated p_j (any text on linear acoustics; here A. D. Pierce, Acoustics, 1981, ch. 2).
"""

import jax
import numpy as np
import pytest

import acoupipe_grain as apg


def parts_of(scene):
    """Yield the scene's sources one by one without noise, and the noise alone."""
    for number in range(int(scene["num_sources"])):
        alone = np.arange(scene["strengths"].size) == number
        yield scene | {
            "strengths": np.where(alone, scene["strengths"], 0).astype(np.float32),
            "noise_power": np.float32(0),
        }
    yield scene | {"strengths": np.zeros_like(scene["strengths"])}


@pytest.mark.parametrize("index", [0, 3])
def test_an_analytic_scene_is_the_sum_of_its_sources_and_its_noise(index):
    names = ("csm", "sourcemap", "targetmap_analytic", "source_strength_analytic", "noise_strength_analytic")
    source = apg.SyntheticSource(10, mode="analytic", features=names, f=[2000.0, 4000.0], num=3, nsources=5)
    graph, scene = source._graph, source.inputs[index]
    compute, constants = jax.jit(graph), graph.build_constants()
    whole = compute(constants, {name: scene[name] for name in graph.inputs})
    alone = [compute(constants, {name: part[name] for name in graph.inputs}) for part in parts_of(scene)]
    assert len(alone) == 6
    for name in names:
        total = sum(np.asarray(part[name], np.complex128) for part in alone)
        largest = np.abs(whole[name]).max()
        np.testing.assert_allclose(np.asarray(whole[name]), total, atol=3e-6 * largest, err_msg=name)


def test_an_expected_welch_matrix_is_the_sum_of_its_sources_and_its_noise():
    scenes = apg.SceneSource(10, nsources=4)
    whole = apg.expected_welch_csm(None, scenes[2], upsampling=16)
    total = sum(apg.expected_welch_csm(None, part, upsampling=16) for part in parts_of(scenes[2]))
    np.testing.assert_allclose(whole, total, atol=1e-12 * np.abs(whole).max())


def test_a_recording_is_the_sum_of_its_sources_and_its_noise():
    """Time signals add; float32 rounds them."""
    from acoupipe_grain.array.signals import WhiteNoise
    from acoupipe_grain.array.simulate.acoular import simulate

    scenes = apg.SceneSource(10, nsources=3, signal_length=0.2)
    waveforms = WhiteNoise(scenes.streams)
    whole = simulate(scenes.setup, scenes[1], waveforms).time_data
    total = sum(simulate(scenes.setup, part, waveforms).time_data.astype(float) for part in parts_of(scenes[1]))
    np.testing.assert_allclose(whole, total, atol=1e-6 * np.abs(whole).max())
