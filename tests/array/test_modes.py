"""Three modes for the same scenes: what each has, what each refuses, and what they have in common."""

import pickle

import cloudpickle
import numpy as np
import pytest

import acoupipe_grain as apg
from acoupipe_grain.array.features import registered_features
from acoupipe_grain.config import source_from_configuration
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.specs import check_element

TIME_DOMAIN = {
    *("time_data", "spectrogram", "reference_spectrogram"),
    *("segment_csm", "segment_sourcemap", "segment_loc", "block_loc"),
}
ESTIMATED = {"source_strength_estimated", "noise_strength_estimated", "targetmap_estimated"}
MISSING = {"welch": set(), "analytic": TIME_DOMAIN | ESTIMATED, "wishart": TIME_DOMAIN}


def source(setup, mode, **options):
    return apg.SyntheticSource(
        **({"num_records": 10, "setup": setup, "mode": mode, "signal_length": 0.3, "max_nsources": 4} | options)
    )


@pytest.mark.slow
@pytest.mark.parametrize("mode", MISSING)
def test_every_other_feature_is_there_with_the_same_specification(small_setup, mode):
    names = [name for name in registered_features() if name not in MISSING[mode]]
    this, welch = (source(small_setup, kind, features=names, f=[1000.0, 2000.0]) for kind in (mode, "welch"))
    assert this.element_spec == welch.element_spec
    element = this[3]
    check_element(element, this.element_spec, "record 3")
    assert all(np.isfinite(array).all() for array in element.values())


@pytest.mark.parametrize(("mode", "name"), [(mode, name) for mode in MISSING for name in sorted(MISSING[mode])])
def test_what_a_mode_does_not_have_is_refused_with_the_modes_that_do(small_setup, mode, name):
    having = ["welch"] if name in TIME_DOMAIN else ["welch", "wishart"]
    message = f"{name!r} needs .* mode={mode!r} does not have; use mode={' or '.join(map(repr, having))}"
    with pytest.raises(ArgumentError, match=message):
        source(small_setup, mode, features=(name,))


def test_modes_never_change_a_scene_or_an_expected_label(small_setup):
    names = ("loc", "source_strength_analytic", "noise_strength_analytic", "targetmap_analytic", "seeds")
    sources = [source(small_setup, mode, features=names, f=2000.0) for mode in MISSING]
    for index in (0, 7):
        records = [each[index] for each in sources]
        for name in records[0]:
            assert np.array_equal(records[0][name], records[1][name]), name
            assert np.array_equal(records[0][name], records[2][name]), name
        for name in ("positions", "strengths", "mic_positions", "noise_power"):
            assert np.array_equal(sources[0].inputs[index][name], sources[2].inputs[index][name])


@pytest.mark.parametrize("mode", ["analytic", "wishart"])
def test_spectral_modes_have_one_engine_and_no_delays_to_round(small_setup, mode):
    one, other = (source(small_setup, mode, engine=engine) for engine in ("acoular", "jax"))
    assert repr(one) == repr(other)
    assert one.configuration["arguments"]["engine"] == "jax"
    assert one.configuration["arguments"]["upsampling"] is None
    with pytest.raises(ArgumentError, match=r"upsampling=16.*leave it out"):
        source(small_setup, mode, upsampling=16)
    with pytest.raises(ArgumentError, match="did you mean 'acoular'"):
        source(small_setup, mode, engine="acuolar")


@pytest.mark.parametrize("mode", ["analytic", "wishart"])
def test_no_time_signal_is_simulated(small_setup, mode, monkeypatch):
    import acoupipe_grain.array.simulated_source as module

    monkeypatch.setattr(module, "simulate", lambda *args, **kwargs: pytest.fail("simulated"))
    source(small_setup, mode, features=("csm", "sourcemap"), f=2000.0)[0]


@pytest.mark.parametrize("mode", MISSING)
def test_random_lengths_keep_the_shapes_fixed(small_setup, mode):
    ragged = source(small_setup, mode, features=("csm",), f=2000.0, random_signal_length=True)
    lengths = [int(ragged[index]["num_samples"]) for index in range(3)]
    assert len(set(lengths)) == 3
    assert {ragged[index]["csm"].shape for index in range(3)} == {(1, 5, 5)}


def test_the_length_of_a_recording_means_nothing_to_the_analytic_mode(small_setup):
    short, long = (source(small_setup, "analytic", features=("csm",), signal_length=s) for s in (0.1, 2.0))
    assert np.array_equal(short[4]["csm"], long[4]["csm"])


@pytest.mark.parametrize("mode", ["analytic", pytest.param("wishart", marks=pytest.mark.slow)])
def test_sources_survive_pickling_and_their_configuration(small_setup, mode):
    one = source(small_setup, mode, features=("csm", "sourcemap_capon"), f=2000.0)
    for again in (
        pickle.loads(pickle.dumps(one)),
        pickle.loads(cloudpickle.dumps(one)),
        source_from_configuration(one.configuration),
    ):
        assert repr(again) == repr(one)
        for name, array in one[5].items():
            assert np.array_equal(array, again[5][name]), name


@pytest.mark.parametrize("mode", ["analytic", pytest.param("wishart", marks=pytest.mark.slow)])
def test_records_go_through_workers_shards_and_verification(small_setup, mode, tmp_path):
    one = source(small_setup, mode, features=("csm", "sourcemap"), f=2000.0)
    with_workers = list(apg.make_loader(one, 5, shuffle=False, num_workers=2))
    assert len(with_workers) == 2
    for number, batch in enumerate(with_workers):
        for row in range(5):
            for name, array in one[5 * number + row].items():
                atol = 1e-5 * np.abs(array).max()
                np.testing.assert_allclose(np.asarray(batch[name][row]), array, atol=atol, rtol=0, err_msg=name)
    apg.export(one, tmp_path / "data", num_workers=0, progress=False)
    apg.verify(tmp_path / "data", deep=True)
    stored = apg.ArrayRecordSource(tmp_path / "data")
    np.testing.assert_allclose(stored[9]["csm"], one[9]["csm"], atol=1e-5 * np.abs(one[9]["csm"]).max())


@pytest.mark.slow
def test_modes_agree_on_average(small_setup):
    """Diagonals of 300 draws each; the sum over microphones of a record varies by less than one microphone does."""
    diagonals = {}
    for mode in MISSING:
        records = source(small_setup, mode, num_records=300, features=("csm",), f=2000.0)
        diagonals[mode] = np.array([np.diagonal(records[index]["csm"][0]).real for index in range(300)], dtype=float)
    averages = small_setup.num_blocks(2400) * 0.95
    for mode in ("welch", "wishart"):
        ratio = (diagonals[mode] / diagonals["analytic"]).mean()
        assert ratio == pytest.approx(1, abs=4 / np.sqrt(averages * 300))
