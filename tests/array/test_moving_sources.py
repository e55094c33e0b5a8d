"""Scenes whose sources move: labels, maps, and what there is not."""

import itertools
import pickle

import numpy as np
import pytest

import acoupipe_grain as apg
from acoupipe_grain.errors import ArgumentError

CIRCLE = {"kind": "circle", "rate": 0.5, "radius": 0.15}


def tone(rng, num_samples, frequency=3430.0, sample_rate=13_720.0):
    """A tone of one line: every block has its power."""
    return np.sin(2 * np.pi * (frequency / sample_rate * np.arange(num_samples) + rng.random()))


def source(setup, **options):
    defaults = {"num_records": 6, "setup": setup, "signal_length": 0.5, "max_nsources": 3, "trajectories": CIRCLE}
    return apg.SyntheticSource(**(defaults | options))


def distance_in_cells(setup, maps, positions):
    """Return how far the maxima of maps (map, x, y) are from positions (map, 2), in cells, the larger of x and y."""
    peaks = np.stack(np.unravel_index(maps.reshape(len(maps), -1).argmax(axis=1), maps.shape[1:]), axis=1)
    grid = setup.grid
    cells = (positions - [grid.x_min, grid.y_min]) / grid.steps
    return np.abs(peaks - cells).max(axis=1)


@pytest.mark.parametrize("blocks", [1, 8])
def test_the_maximum_of_the_map_follows_the_label_within_one_cell_at_every_block(blocks):
    setup = apg.MeasurementSetup.default()
    features = (
        apg.feature("segment_sourcemap", blocks_per_segment=blocks, steering="IV"),
        apg.feature("segment_loc", blocks_per_segment=blocks),
    )
    moving = source(
        setup,
        signals=tone,
        features=features,
        f=3430.0,
        max_nsources=1,
        locations={"dist": "uniform", "loc": -0.15, "scale": 0.3},
        mic_pos_noise=False,
        mic_sig_noise=False,
        signal_length=1.0 if blocks == 8 else 0.3,
    )
    for index in (0, 1):
        record = moving[index]
        positions = record["segment_loc"][:, :2, 0]
        assert np.ptp(positions, axis=0).max() > 0.05
        assert np.all(distance_in_cells(setup, record["segment_sourcemap"][:, 0], positions) <= 1)


def test_positions_of_blocks_lie_on_the_path(small_setup):
    """On its circle, and at the start half a block and the sound's way to the reference later."""
    record = source(small_setup, features=("block_loc", "loc"), nsources=2)[0]
    assert record["block_loc"].shape == (small_setup.num_blocks(4000), 3, 3)
    starts = record["loc"]
    for number in range(2):
        path = record["block_loc"][:, :, number].astype(float)
        middle = (small_setup.block_size - 1) / 2 / small_setup.sample_rate
        delay = np.linalg.norm(path[0] - small_setup.reference) / small_setup.speed_of_sound
        moved = np.linalg.norm(path[0] - starts[:, number])
        np.testing.assert_allclose(moved, 2 * np.pi * 0.5 * 0.15 * abs(middle - delay), rtol=1e-2, atol=1e-6)
        steps = np.linalg.norm(np.diff(path, axis=0), axis=1)
        np.testing.assert_allclose(
            steps, 2 * np.pi * 0.5 * 0.15 * small_setup.hop_size / small_setup.sample_rate, rtol=3e-3
        )
    assert not record["block_loc"][:, :, 2].any()


def test_sources_at_rest_have_the_same_position_in_every_block(small_setup):
    options = {"features": ("block_loc", "segment_loc", "loc"), "trajectories": None}
    for engine in ("acoular", "jax"):
        record = source(small_setup, engine=engine, **options)[1]
        for name in ("block_loc", "segment_loc"):
            expected = np.broadcast_to(record["loc"], record[name].shape)
            np.testing.assert_allclose(record[name], expected, rtol=1e-6)


def test_a_source_that_does_not_move_is_that_of_the_scene(small_setup):
    names = ("time_data", "source_strength_estimated")
    still = source(small_setup, trajectories={"kind": "line", "velocity": [0.0, 0.0]}, features=names)[2]
    rest = source(small_setup, trajectories=None, features=names)[2]
    for name in names:
        np.testing.assert_allclose(still[name], rest[name], atol=1e-6 * np.abs(rest[name]).max())


def test_shorter_recordings_are_the_beginnings_of_longer_ones(small_setup):
    lengths = {"dist": "uniform", "loc": 0.2, "scale": 0.2}
    spline = {"kind": "spline", "spread": [{"dist": "norm", "scale": 0.02}] * 2, "interval": 0.1}
    options = {"features": ("block_loc", "segment_loc"), "trajectories": spline}
    short = source(small_setup, random_signal_length=True, signal_lengths=lengths, **options)[0]
    whole = source(small_setup, signal_length=0.4, **options)[0]
    num_blocks = small_setup.num_blocks(int(short["num_samples"]))
    assert num_blocks < len(whole["block_loc"]) == len(short["block_loc"])
    assert np.array_equal(short["block_loc"][:num_blocks], whole["block_loc"][:num_blocks])
    assert not short["block_loc"][num_blocks:].any()


def test_a_paths_beginning_is_its_scenes_position_and_scenes_stay_as_they_are(small_setup):
    moving, rest = source(small_setup, features="block_loc"), source(small_setup, trajectories=None)
    for name, array in rest.inputs[3].items():
        assert np.array_equal(array, moving.inputs[3][name]), name


def test_convective_amplification_is_louder_ahead(small_setup):
    """At Mach 0.3 a source that approaches is 1/0.7² times as loud, one that recedes 1/1.3²."""
    options = {
        "features": "source_strength_estimated",
        "locations": [0.0, 0.0, 8.0],
        "nsources": 1,
        "signal_length": 0.04,
        "signals": {"kind": "tones", "frequency": 1000.0},
    }
    for direction in (-1, 1):
        line = {"kind": "line", "velocity": [0.0, 0.0, direction * 0.3 * 343.0]}
        plain, amplified = (
            source(small_setup, trajectories=line | {"convective_amplification": on}, **options)[0]
            for on in (False, True)
        )
        ratio = amplified["source_strength_estimated"].sum() / plain["source_strength_estimated"].sum()
        assert ratio == pytest.approx((1 + direction * 0.3) ** -4, rel=1e-3)


def test_what_moving_sources_do_not_have_is_refused_by_name(small_setup):
    with pytest.raises(ArgumentError, match="trajectories=.*engine='jax' has none; use engine='acoular'"):
        source(small_setup, engine="jax")
    for mode in ("analytic", "wishart"):
        with pytest.raises(ArgumentError, match=f"trajectories=.*mode='{mode}' has none; use mode='welch'"):
            source(small_setup, mode=mode)
    for name in ("source_strength_analytic", "targetmap_analytic"):
        with pytest.raises(ArgumentError, match=f"{name}.*move.*estimated labels"):
            source(small_setup, features=name)
    with pytest.raises(ArgumentError, match="targetmap_estimated.*sources move.*use segment_loc"):
        source(small_setup, features="targetmap_estimated")


@pytest.mark.parametrize("names", list(itertools.combinations(("trajectories", "directivity", "flow"), 2)))
def test_motion_directivity_and_flow_exclude_each_other(small_setup, names):
    given = {"trajectories": CIRCLE, "directivity": "dipole", "flow": {"mach": 0.1}}
    with pytest.raises(ArgumentError, match=f"{names[0]}=.*{names[1]}=.*keep one of them"):
        apg.SyntheticSource(3, setup=small_setup, features="loc", **{name: given[name] for name in names})


def test_paths_that_cannot_be_simulated_name_the_record(small_setup):
    fast = source(
        small_setup, trajectories={"kind": "circle", "rate": 1000.0, "center": [0.0, 0.0, 0.4]}, features="csm"
    )
    with pytest.raises(ArgumentError, match="record 0: source 0 moves at up to"):
        fast[0]
    reference = small_setup.reference

    def through_the_reference(rng, position, duration):
        return position[:, None] + (reference - position)[:, None] * np.linspace(0, 1, 50)

    with pytest.raises(ArgumentError, match="record 0: source 0 comes within .* m of a microphone or the reference"):
        source(small_setup, trajectories=through_the_reference, features="csm")[0]


def test_emission_times_that_are_not_found_name_record_and_source(small_setup):
    bending = source(small_setup, trajectories={"kind": "circle", "radius": 0.02, "rate": 2200.0}, features="csm")
    with pytest.raises(ArgumentError, match=r"did not find the emission times.*\(record 0, source 0\)"):
        bending[0]


def test_moving_sources_are_picklable_and_told_apart(small_setup):
    one = source(small_setup, features="loc")
    assert pickle.loads(pickle.dumps(one)) == one == source(small_setup, features="loc")
    assert one != source(small_setup, features="loc", trajectories=CIRCLE | {"rate": 1.0})
