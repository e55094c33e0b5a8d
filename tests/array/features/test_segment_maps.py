"""Features of consecutive segments, against NumPy and against the features of whole recordings."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import acoupipe_grain as apg
from acoupipe_grain.array.features import segments
from acoupipe_grain.array.features.bands import resolve_bands
from acoupipe_grain.array.features.constants import build_steering
from acoupipe_grain.array.features.scaling import scaling
from acoupipe_grain.errors import ArgumentError

NUM_SAMPLES = np.array([832, 500], dtype=np.int32)  # 25 and 14 blocks of 64 samples, 32 apart
NUM_BLOCKS = (25, 14)


def random_spectra(num_lines, num_mics=5):
    rng = np.random.default_rng(0)
    shape = (2, 25, num_lines, num_mics)
    return (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)).astype(np.complex64)


def expected_csm(setup, bands, spectra, blocks_per_segment):
    """Return the matrices of all lines, (record, segment, line, mic, mic), in double precision."""
    scale = scaling(setup, bands).welch
    count = 25 // blocks_per_segment
    expected = np.zeros((2, count, bands.lines.size, 5, 5), dtype=complex)
    for record, num_blocks in enumerate(NUM_BLOCKS):
        for segment in range(num_blocks // blocks_per_segment):
            some = spectra[record, segment * blocks_per_segment : (segment + 1) * blocks_per_segment].astype(complex)
            mean = np.einsum("blm,bln->lmn", some, some.conj()) / blocks_per_segment
            expected[record, segment] = mean * scale[:, None, None]
    return expected


def band_sums(bands, lines):
    return lines if bands.membership is None else np.einsum("fl,rsl...->rsf...", bands.membership, lines)


# Fewer blocks than the five microphones, as many, and all in one segment.
every_size = pytest.mark.parametrize("blocks_per_segment", [1, 4, 5, 25])
every_request = pytest.mark.parametrize(("f", "num"), [([1000.0, 3000.0], 0), ([1000.0, 2000.0], 3)])


@every_size
@every_request
def test_matrices_are_the_mean_over_the_blocks_of_each_segment(small_setup, f, num, blocks_per_segment):
    bands = resolve_bands(small_setup, f, num)
    spectra = random_spectra(bands.lines.size)
    measured = np.asarray(
        segments.segment_csm(
            jnp.asarray(spectra),
            jnp.asarray(NUM_SAMPLES),
            scaling(small_setup, bands),
            small_setup,
            bands,
            blocks_per_segment=blocks_per_segment,
        )
    )
    expected = band_sums(bands, expected_csm(small_setup, bands, spectra, blocks_per_segment))
    assert measured.shape == expected.shape == (2, 25 // blocks_per_segment, len(bands.frequencies), 5, 5)
    np.testing.assert_allclose(measured, expected, atol=2e-6 * np.abs(expected).max())
    assert np.array_equal(measured, measured.conj().swapaxes(-1, -2))
    assert not measured[1, 14 // blocks_per_segment :].any()


@every_size
@every_request
@pytest.mark.parametrize("remove", [False, True])
def test_maps_are_those_of_the_matrices(small_setup, f, num, blocks_per_segment, remove):
    bands = resolve_bands(small_setup, f, num)
    spectra = random_spectra(bands.lines.size)
    steering = build_steering(small_setup, bands, steering="I")
    measured = np.asarray(
        segments.segment_sourcemap(
            jnp.asarray(spectra),
            jnp.asarray(NUM_SAMPLES),
            jnp.asarray(steering),
            scaling(small_setup, bands),
            small_setup,
            bands,
            blocks_per_segment=blocks_per_segment,
            remove_diagonal=remove,
        )
    )
    csm = expected_csm(small_setup, bands, spectra, blocks_per_segment)
    used = csm * (1 - np.eye(5)) * 5 / 4 if remove else csm
    by_line = np.einsum("lgm,rslmn,lgn->rslg", steering.conj(), used, steering).real
    expected = band_sums(bands, np.maximum(by_line, 0) if remove else by_line)
    expected = expected.reshape(*expected.shape[:3], *small_setup.grid.shape)
    assert measured.shape == expected.shape
    np.testing.assert_allclose(measured, expected, atol=3e-6 * np.abs(expected).max())


def test_locations_are_the_mean_over_the_blocks_of_each_segment(small_setup):
    positions = np.random.default_rng(0).standard_normal((2, 25, 3, 4)).astype(np.float32)
    given = jnp.asarray(positions), jnp.asarray(NUM_SAMPLES), small_setup
    measured = np.asarray(segments.segment_loc(*given, blocks_per_segment=6))
    assert measured.shape == (2, 4, 3, 4)
    for record, count in ((0, 4), (1, 2)):
        for segment in range(count):
            expected = positions[record, 6 * segment : 6 * segment + 6].mean(axis=0)
            np.testing.assert_allclose(measured[record, segment], expected, atol=1e-6)
        assert not measured[record, count:].any()
    assert np.array_equal(segments.block_loc(given[0]), positions)


@pytest.mark.parametrize("engine", ["acoular", "jax"])
def test_one_segment_of_the_whole_recording_gives_its_matrix_and_map(small_setup, engine):
    whole = small_setup.num_blocks(800)
    source = apg.SyntheticSource(
        5,
        setup=small_setup,
        engine=engine,
        signal_length=0.1,
        f=[1000.0, 2000.0],
        num=1,
        features=(
            "csm",
            "sourcemap",
            apg.feature("segment_csm", blocks_per_segment=whole),
            apg.feature("segment_sourcemap", blocks_per_segment=whole),
        ),
    )
    record = source[3]
    for name in ("csm", "sourcemap"):
        of_segment = record[f"segment_{name}"]
        assert of_segment.shape == (1, *record[name].shape)
        np.testing.assert_allclose(of_segment[0], record[name], atol=2e-6 * np.abs(record[name]).max())


def test_sources_offer_them_with_the_options_of_maps(small_setup):
    short = apg.feature("segment_sourcemap", label="short", blocks_per_segment=3, steering="IV", remove_diagonal=True)
    source = apg.SyntheticSource(
        6,
        setup=small_setup,
        random_signal_length=True,
        signal_lengths={"dist": "uniform", "loc": 0.05, "scale": 0.05},
        f=2000.0,
        features=(short, apg.feature("segment_csm", blocks_per_segment=3), "segment_sourcemap"),
    )
    longest = small_setup.num_blocks(800)
    spec = source.element_spec
    assert spec["short"].shape == (longest // 3, 1, 8, 6)
    assert spec["short"].axes == ("segment", "frequency", "x", "y")
    assert spec["segment_csm"].shape == (longest // 3, 1, 5, 5)
    assert spec["segment_csm"].axes == ("segment", "frequency", "mic", "mic")
    assert spec["segment_sourcemap"].shape == (longest // 16, 1, 8, 6)
    bands = resolve_bands(small_setup, 2000.0, 0)
    steering = build_steering(small_setup, bands, steering="IV")[0]
    for index in range(3):
        record = source[index]
        count = small_setup.num_blocks(int(record["num_samples"])) // 3
        assert record["segment_csm"][:count].any(axis=(1, 2, 3)).all()
        assert not record["segment_csm"][count:].any()
        off_diagonal = record["segment_csm"][:, 0] * (1 - np.eye(5)) * 5 / 4
        expected = np.maximum(np.einsum("gm,smn,gn->sg", steering.conj(), off_diagonal, steering).real, 0)
        np.testing.assert_allclose(record["short"].reshape(expected.shape), expected, atol=3e-6 * expected.max())


def test_batches_hold_what_records_hold(small_setup):
    source = apg.SyntheticSource(
        4, setup=small_setup, engine="jax", signal_length=0.1, f=2000.0, features=("segment_csm", "segment_sourcemap")
    )
    part, batch = source.compute_batch, source.inputs.batch([0, 1, 3])
    computed = jax.jit(lambda function, values: function(values))(part, batch)
    for row, index in enumerate((0, 1, 3)):
        for name, array in source[index].items():
            np.testing.assert_allclose(computed[name][row], array, atol=1e-5 * np.abs(array).max())


@pytest.mark.parametrize(
    ("blocks_per_segment", "message"),
    [(0, "blocks_per_segment=0"), (2.5, "blocks_per_segment=2.5"), (26, "only 24 blocks; expected at most that many")],
)
def test_segments_are_of_whole_blocks_that_fit_into_the_longest_recording(small_setup, blocks_per_segment, message):
    feature = apg.feature("segment_csm", blocks_per_segment=blocks_per_segment)
    with pytest.raises(ArgumentError, match=message):
        _ = apg.SyntheticSource(2, setup=small_setup, signal_length=0.1, features=feature, f=2000.0).element_spec


@pytest.mark.parametrize("name", ["segment_csm", "segment_sourcemap"])
def test_modes_without_blocks_do_not_have_them(small_setup, name):
    with pytest.raises(ArgumentError, match="use mode='welch'"):
        apg.SyntheticSource(2, setup=small_setup, mode="analytic", features=name, f=2000.0)


def test_they_are_no_variants_of_other_features():
    with pytest.raises(ArgumentError, match="has no methods"):
        apg.feature("segment_sourcemap", method="conventional")
    with pytest.raises(ArgumentError, match="unknown method"):
        apg.feature("sourcemap", method="segment")
