"""The benchmarks measure what they say: every request has its chain, and every measurement gives a rate."""

from pathlib import Path

import numpy as np
import pytest

import acoupipe_grain as apg
from acoupipe_grain.bench import (
    export_rates,
    files,
    frames,
    measure,
    rates,
    reading,
    run_benchmarks,
    segments,
    signals,
    training,
    work,
)
from acoupipe_grain.bench.cases import CASES
from acoupipe_grain.bench.plain_chains import plain_chain
from acoupipe_grain.bench.recordings import CASES as CASES_OF_RECORDINGS
from acoupipe_grain.bench.recordings import write_recordings
from acoupipe_grain.errors import ArgumentError


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_the_plain_chain_gives_what_the_request_asks_for(name):
    case = CASES[name]
    source = apg.SyntheticSource(3, mode=case.mode, features=case.features, f=case.f, signal_length=0.2)
    computed = plain_chain(case, source.setup)(source.inputs[0])
    arrays = computed if isinstance(computed, list) else [computed]
    for feature, array in zip(case.features, arrays, strict=True):
        # Acoular's maps are (line, x, y), as ours.
        assert np.shape(array) == source.element_spec[feature].shape


@pytest.mark.parametrize(
    ("which", "name", "keys"),
    [
        ("ours", "analytic sourcemap, 4 kHz", {"loader", "function", "compilation", "peak_bytes"}),
        ("plain", "wishart csm, 4 kHz", {"records"}),
        ("acoular", "welch csm, 4 kHz", {"records"}),
    ],
)
def test_requests_are_measured(which, name, keys):
    result = getattr(rates, which)(CASES[name], 0.01)
    assert set(result) == keys
    assert all(value > 0 for value in result.values())


def test_operations_are_those_of_the_matrix_products():
    maps = work.num_operations(CASES["analytic sourcemap, 4 kHz"])
    # 8 real operations for each complex product, 4096 points, 64 microphones, about 4 sources.
    assert maps == pytest.approx(8 * 4096 * 64 * 4, rel=0.1)
    assert work.num_operations(CASES["welch csm, 4 kHz"]) == 8 * 64**2 * 1070
    assert work.num_operations(CASES["welch eigmode, all bins"]) is None


def test_the_rest_is_measured():
    assert measure.products(64, 1)["operations"] > 0
    assert measure.scenes(16, 32)["records"] > 0
    result = training.waiting("analytic", 0.01)
    assert result["steps"] > 0
    assert 0 < result["waiting"] < 1


def test_a_name_that_no_request_has_is_refused_with_those_there_are():
    with pytest.raises(ArgumentError, match=r"only='sourcemaps'.*analytic sourcemap, 4 kHz"):
        next(run_benchmarks(only="sourcemaps"))


def test_exports_are_measured_beside_the_simulation_and_the_disk():
    result = export_rates.export_rates("jax", "analytic csmtriu, 4 kHz", "uncompressed", 0.01)
    assert set(result) == {"bare", "export", "export_bytes", "disk_bytes"}
    assert all(value > 0 for value in result.values())
    assert not list(Path().iterdir())


def test_every_format_gives_the_same_records_and_is_measured(tmp_path):
    source = reading.Records(1)
    readers = dict(reading._readers(Few(source), tmp_path))
    assert list(readers) == [
        "ArrayRecord, uncompressed",
        "ArrayRecord, zstd:3",
        "HDF5, group per record",
        "HDF5, columns",
        "TFRecord, indexed",
        ".npy columns, mapped",
    ]
    for name, read in readers.items():
        for feature, array in source[5].items():
            np.testing.assert_array_equal(read(5)[feature], array, err_msg=name)


def test_segments_are_those_of_the_plain_loop_and_are_measured(tmp_path, monkeypatch):
    case = CASES_OF_RECORDINGS["WAV, 16 kHz"]
    write_recordings(tmp_path, case, num_files=2, seconds=3.0)
    source = segments.source_of(tmp_path, case)
    plain = segments.plain_loop(source, case)
    for index in (0, 3, 9):
        ours = source[index]["mel_spectrum"][0]
        theirs = plain(index)  # without the last frame, which reaches beyond the segment
        np.testing.assert_allclose(ours[:, : theirs.shape[1]], theirs, atol=1e-4)
    monkeypatch.setattr(segments, "write_recordings", lambda folder, case: write_recordings(folder, case, 2, 40.0))
    monkeypatch.setattr(segments, "NUM_SEGMENTS_FOR_MEMORY", 128)
    result = segments.segment_rates(case, 0.01)
    assert set(result) == {"loader", "cached", "plain", "growth_bytes"}
    assert all(result[name] > 0 for name in ("loader", "cached", "plain"))


class Few:
    """The first records of a source."""

    def __init__(self, source):
        self._source, self.element_spec = source, source.element_spec

    def __len__(self):
        return 8

    def __getitem__(self, index):
        return self._source[index]

    def __repr__(self):
        return "Few()"


@pytest.mark.slow
@pytest.mark.computing
def test_what_signals_cost_is_measured_beside_white_noise():
    result = signals.signal_rates({"signals": {"kind": "colored_noise"}}, 0.01)
    assert set(result) == {"white_acoular", "ours_acoular", "white_jax", "ours_jax"}
    assert all(rate > 0 for rate in result.values())
    assert set(signals.signal_rates({"flow": {"mach": 0.1}}, 0.01)) == set(result) - {"ours_jax"}


def test_frames_are_measured_beside_convolutions_that_give_the_same(monkeypatch):
    monkeypatch.setattr(frames, "NUM_FRAMES", 2)
    rates_of_frames = frames.frame_rates(0.01)
    assert set(rates_of_frames) == {"still", "moving", "fft", "convolution"}
    pixels = np.array([[[3, 40], [31, 2]], [[60, 5], [31, 9]]])
    np.testing.assert_allclose(frames.by_fft(pixels, 0.1), frames.by_convolution(pixels, 0.1), atol=1e-12)


def test_raw_matrices_are_measured_beside_numpy(monkeypatch):
    monkeypatch.setattr(files, "TOTAL_BYTES", 2**22)
    rates_of_files = files.reading_rates(4, 0.01)
    assert set(rates_of_files) == {"single", "batch", "plain", "plain_batch"}
    assert all(rate > 0 for rate in rates_of_files.values())
    seconds = files.statistics_seconds(2 / 1024)
    assert seconds["ours"] > 0
    assert seconds["plain"] > 0
    assert seconds["identifying"] > 0
