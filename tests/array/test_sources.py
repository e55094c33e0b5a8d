import os
import pickle
import subprocess
import sys

import cloudpickle
import numpy as np
import pytest

import acoupipe_grain as apg
from acoupipe_grain.errors import ArgumentError, RecordIndexError
from acoupipe_grain.specs import check_element

EVERY_FEATURE = (
    "time_data",
    "spectrogram",
    "csm",
    "csmtriu",
    "eigmode",
    "sourcemap",
    "loc",
    "source_strength_analytic",
    "source_strength_estimated",
    "noise_strength_analytic",
    "noise_strength_estimated",
    "targetmap_analytic",
    "targetmap_estimated",
    "f",
    "num",
    "seeds",
)


def source(small_setup, **options):
    return apg.SyntheticSource(**({"num_records": 10, "setup": small_setup, "signal_length": 0.1} | options))


def test_every_feature_has_the_documented_shape(small_setup):
    record = source(small_setup, features=EVERY_FEATURE, f=[1000.0, 2000.0], max_nsources=4)
    samples, blocks, mics, grid = 800, 24, 5, (8, 6)
    shapes = {
        "time_data": (samples, mics),
        "spectrogram": (blocks, 2, mics),
        "csm": (2, mics, mics),
        "csmtriu": (2, mics, mics),
        "eigmode": (2, mics, mics),
        "sourcemap": (2, *grid),
        "loc": (3, 4),
        "source_strength_analytic": (2, 4),
        "source_strength_estimated": (2, 4),
        "noise_strength_analytic": (2, mics),
        "noise_strength_estimated": (2, mics),
        "targetmap_analytic": (2, *grid),
        "targetmap_estimated": (2, *grid),
        "f": (2,),
        "num": (),
        "seeds": (6,),
        "idx": (),
        "num_sources": (),
        "source_mask": (4,),
    }
    element = record[3]
    check_element(element, record.element_spec, "record 3")
    assert {name: array.shape for name, array in element.items()} == shapes
    assert list(element) == list(record.element_spec)
    assert all(array.flags.c_contiguous and array.flags.writeable for array in element.values())
    assert {spec.dtype for name, spec in record.element_spec.items() if name in ("csm", "spectrogram", "eigmode")} == {
        "complex64"
    }


def test_the_defaults_are_those_of_the_design():
    import inspect

    defaults = {name: item.default for name, item in inspect.signature(apg.SyntheticSource).parameters.items()}
    assert defaults == {
        "num_records": 10_000,
        "seed": 0,
        "split": "training",
        "setup": None,
        "mode": "welch",
        "engine": "acoular",
        "features": ("sourcemap", "loc", "source_strength_analytic"),
        "f": None,
        "num": 0,
        "min_nsources": 1,
        "max_nsources": 10,
        "mic_pos_noise": True,
        "mic_sig_noise": True,
        "snap_to_grid": False,
        "min_source_distance": None,
        "signal_length": 5.0,
        "random_signal_length": False,
        "upsampling": None,
        "locations": None,
        "nsources": None,
        "strengths": None,
        "noise": None,
        "signal_lengths": None,
        "mic_displacement": None,
        "signals": None,
        "trajectories": None,
        "directivity": None,
        "flow": None,
    }


def test_features_frequencies_resolution_and_length_never_change_a_scene(small_setup):
    reference = source(small_setup).inputs
    for options in (
        {"features": EVERY_FEATURE},
        {"f": 2000.0},
        {"f": [1000.0, 2000.0], "num": 3},
        {"engine": "acoular", "upsampling": 64},
        {"signal_length": 0.3},
        {"random_signal_length": True},
    ):
        options = {"features": ("loc",)} | options
        scenes = source(small_setup, **options).inputs
        for index in (0, 4, 9):
            for name in ("positions", "strengths", "mic_positions", "noise_power", "num_sources", "key"):
                assert np.array_equal(scenes[index][name], reference[index][name]), (options, name)


def test_labels_are_those_of_the_scene(small_setup):
    record = source(small_setup, features=("loc", "seeds"), max_nsources=4)
    element, scene = record[6], record.inputs[6]
    np.testing.assert_array_equal(element["loc"], scene["positions"])
    np.testing.assert_array_equal(element["source_mask"], scene["source_mask"])
    assert element["idx"] == 6
    assert element["seeds"].tolist() == [0, 0, 0, 2, 6, 0]


def test_a_record_does_not_depend_on_the_features_asked_for(small_setup):
    everything = source(small_setup, features=EVERY_FEATURE, f=2000.0)[2]
    for name in ("time_data", "csm", "sourcemap", "source_strength_estimated", "noise_strength_estimated"):
        alone = source(small_setup, features=(name,), f=2000.0)[2][name]
        np.testing.assert_allclose(alone, everything[name], atol=1e-6 * np.abs(alone).max())


def test_records_of_random_length_have_fixed_shapes_and_are_averaged_over_their_own_blocks(small_setup):
    ragged = source(small_setup, features=("time_data", "csm", "spectrogram"), f=2000.0, random_signal_length=True)
    element = ragged[1]
    length = int(element["num_samples"])
    assert length < element["time_data"].shape[0] == 80_000
    assert not element["time_data"][length:].any()
    blocks = small_setup.num_blocks(length)
    assert not element["spectrogram"][blocks:].any()
    assert element["spectrogram"][blocks - 1].any()
    fixed = source(small_setup, features=("csm",), f=2000.0, signal_length=length / small_setup.sample_rate)
    np.testing.assert_allclose(element["csm"], fixed[1]["csm"], atol=1e-5 * np.abs(element["csm"]).max())


def test_labels_alone_need_no_simulation(small_setup, monkeypatch):
    import acoupipe_grain.array.simulate.acoular as module

    monkeypatch.setattr(module, "emissions_of", lambda *args: pytest.fail("simulated"))
    source(small_setup, features=("loc", "source_strength_analytic", "targetmap_analytic", "noise_strength_analytic"))[
        0
    ]


@pytest.mark.parametrize("pickler", [pickle, cloudpickle])
def test_sources_survive_pickling_with_the_same_records(small_source, pickler):
    again = pickle.loads(pickler.dumps(small_source))
    assert repr(again) == repr(small_source)
    assert again.element_spec == small_source.element_spec
    for name, array in small_source[5].items():
        assert np.array_equal(array, again[5][name])


def test_threads_get_the_same_records(small_source):
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(8) as pool:
        records = list(pool.map(small_source.__getitem__, [i % 10 for i in range(40)]))
    for number, record in enumerate(records):
        for name, array in small_source[number % 10].items():
            assert np.array_equal(array, record[name])


def test_records_are_computed_under_a_mesh_of_the_users():
    script = """
import jax, numpy as np
import acoupipe_grain as apg
source = apg.SyntheticSource(2, features=("csm",), f=4000.0, signal_length=0.2)
expected = source[1]["csm"]
with jax.set_mesh(jax.make_mesh((2,), ("data",), axis_types=(jax.sharding.AxisType.Auto,))):
    assert np.array_equal(source[1]["csm"], expected)
"""
    environment = os.environ | {"XLA_FLAGS": "--xla_force_host_platform_device_count=2"}
    subprocess.run([sys.executable, "-c", script], env=environment, check=True)


def test_what_cannot_fit_into_memory_is_refused_at_construction():
    grid = apg.RectGrid(-0.5, 0.5, -0.5, 0.5, 0.5, 1e-4)
    with pytest.raises(ArgumentError, match=r"GiB.*fewer frequencies"):
        apg.SyntheticSource(3, setup={"grid": grid})
    with pytest.raises(ArgumentError, match=r"GiB.*shorter signal_length"):
        apg.SyntheticSource(3, signal_length=1e5, features=("csm",), f=1000.0)


def test_representation_identifies_the_content(small_setup):
    one = source(small_setup, features=(apg.feature("sourcemap", label="map", steering="I"),))
    assert repr(one) == repr(pickle.loads(cloudpickle.dumps(one)))
    assert repr(one) != repr(source(small_setup, features=(apg.feature("sourcemap", label="map", steering="II"),)))
    assert "0x" not in repr(one)


def test_the_representation_names_the_default_resolution_as_what_it_is(small_setup):
    assert repr(source(small_setup)) == repr(source(small_setup, upsampling=16))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"features": ("source_map",)}, "did you mean 'sourcemap'"),
        ({"features": "csmtri"}, "did you mean 'csmtriu'"),
        ({"features": ("csm", "csm")}, "asked for twice"),
        ({"features": (1,)}, "not a registered name"),
        ({"features": None}, "features=None"),
        ({"features": 5}, "features=5"),
        ({"features": ({"name": "loc", "options": 3},)}, "not a registered name"),
        ({"features": ({"name": "loc", "label": 3},)}, "label=3"),
        ({"features": ({"name": ["loc"]},)}, "not a registered name"),
        ({"features": ({"name": "loc", "options": {"label": "q"}},)}, "not a registered name"),
        ({"mode": []}, "unknown mode"),
        ({"signal_length": 1e6}, "at most 2147483647"),
        ({"features": ({"name": "csm", "lable": "x"},)}, "not a registered name"),
        ({"features": ({"name": "sourcemap", "options": {"steerng": "I"}},)}, "did you mean 'steering'"),
        ({"mode": "welsh"}, "did you mean 'welch'"),
        ({"mode": "analytical"}, "unknown mode"),
        ({"engine": "numpy"}, "unknown engine"),
        ({"f": 4000.1}, "Nyquist.*0 to 4000"),
        ({"f": -1.0}, "f=-1.0"),
        ({"f": "4000"}, "f='4000'"),
        ({"f": []}, "at least one frequency"),
        ({"f": 3800.0, "num": 1}, "upper edge.*beyond the Nyquist"),
        ({"f": 180.0, "num": 24}, "no frequency bin"),
        ({"num": 3}, "centre frequencies"),
        ({"f": 1000.0, "num": 1.5}, "num=1.5"),
        ({"f": 1000.0, "num": 3, "features": ("spectrogram",)}, "single lines only"),
        ({"max_nsources": 2, "min_nsources": 3}, "max_nsources=2"),
        ({"min_nsources": 0}, "min_nsources=0"),
        ({"num_records": 0}, "num_records=0"),
        ({"num_records": 2**31}, "num_records"),
        ({"num_records": "10"}, "num_records='10'"),
        ({"seed": -1}, "seed=-1"),
        ({"seed": 1.5}, "seed=1.5"),
        ({"split": "train"}, "did you mean 'training'"),
        ({"setup": 3}, "setup=3"),
        ({"mic_pos_noise": "yes"}, "mic_pos_noise"),
        ({"mic_sig_noise": 1}, "mic_sig_noise"),
        ({"snap_to_grid": None}, "snap_to_grid"),
        ({"snap_to_grid": True, "max_nsources": 49}, "48 points"),
        ({"min_source_distance": 0}, "min_source_distance"),
        ({"signal_length": 0.001}, "at least 64 .one block"),
        ({"signal_length": -1}, "signal_length"),
        ({"random_signal_length": "no"}, "random_signal_length"),
        ({"upsampling": 0}, "upsampling=0"),
        ({"upsampling": 16.0}, "upsampling=16.0"),
    ],
)
def test_bad_arguments_are_refused_by_name_at_construction(small_setup, options, message):
    with pytest.raises(ArgumentError, match=message):
        source(small_setup, **options)


@pytest.mark.parametrize("index", [-1, 20, 10**12])
def test_indices_outside_are_refused(small_source, index):
    with pytest.raises(RecordIndexError, match=f"index={index}.*0 to 19"):
        small_source[index]


def test_an_index_that_is_no_integer_is_refused(small_source):
    with pytest.raises(ArgumentError, match=r"index=1\.0"):
        small_source[1.0]
