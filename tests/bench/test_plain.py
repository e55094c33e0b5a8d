"""The yardstick of the benchmarks computes the same thing as the library: levels agree, noise is drawn otherwise."""

import numpy as np
import pytest

import acoupipe_grain as apg
from acoupipe_grain.bench import measure, plain


@pytest.fixture(scope="module")
def case():
    source = apg.SyntheticSource(3, features=("time_data", "csm", "sourcemap"), f=4000.0, signal_length=1.0)
    return source, source[1], source.inputs[1]


def test_signals_have_the_same_power(case):
    source, record, scene = case
    signals = plain.time_data(source.setup, scene)
    assert signals.shape == record["time_data"].shape
    # The relative deviation of a variance of 13 720 samples is about 1 %.
    np.testing.assert_allclose(signals.var(axis=0), record["time_data"].var(axis=0), rtol=0.1)


def test_matrices_and_maps_have_the_same_level(case):
    source, record, scene = case
    csm = plain.csm(source.setup, scene)
    assert csm.shape == (65, 64, 64)
    np.testing.assert_allclose(np.trace(csm[37]).real, np.trace(record["csm"][0]).real, rtol=0.4)
    source_map = plain.SourceMap(source.setup, 37)(source.setup, scene)
    assert source_map.shape == record["sourcemap"].shape[1:]
    np.testing.assert_allclose(source_map.max(), record["sourcemap"].max(), rtol=0.6)


def test_measurements_give_seconds(monkeypatch):
    monkeypatch.setattr(measure, "_WARM_UP", 0)
    result = measure.against_plain("csm 4 kHz", 1)
    assert result["seconds"] > 0
    assert result["plain_seconds"] > 0
    assert measure.scenes(1)["seconds"] > 0
