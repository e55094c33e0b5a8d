import pickle
import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import acoular as ac
import numpy as np
import pytest
from scipy import stats

import acoupipe_grain as apg
from acoupipe_grain.errors import ArgumentError, DataError, RecordIndexError
from acoupipe_grain.sampling import (
    ContainerSampler,
    LocationSampler,
    MicGeomSampler,
    NumericAttributeSampler,
    PointSourceSampler,
    SetSampler,
    SourceSetSampler,
)

RATE, SAMPLES = 8000.0, 1280
MICS = np.random.default_rng(1).uniform(-0.3, 0.3, (3, 5)) * [[1], [1], [0]]
GRID = {"x_min": -0.3, "x_max": 0.3, "y_min": -0.3, "y_max": 0.3, "z": 0.4, "increment": 0.1}
SETUP = {"mic_positions": MICS, "grid": GRID, "sample_rate": RATE, "block_size": 128}


def rms_graph():
    noise = SimpleNamespace(rms=1.0)
    return {"rms": NumericAttributeSampler(noise, "rms", stats.norm(1.0, 0.5)), "noise": noise}


def squared_rms(graph):
    return {"rms_sq": graph["noise"].rms ** 2}


def acoular_graph():
    """Three of four sources of drawn strength and place radiate noise of drawn seeds."""
    mics = ac.MicGeom(pos_total=MICS)
    signals = [ac.WNoiseGenerator(sample_freq=RATE, num_samples=SAMPLES, seed=number) for number in range(4)]
    sources = [ac.PointSource(signal=signal, mics=mics, loc=(0.0, 0.0, 0.4)) for signal in signals]
    mixer = ac.SourceMixer(sources=sources)
    return {
        "rms": NumericAttributeSampler(signals, "rms", stats.rayleigh(scale=1.0)),
        "seed": NumericAttributeSampler(signals, "seed", stats.randint(0, 2**31)),
        "loc": PointSourceSampler(sources, stats.norm(0, 0.1), x_bounds=(-0.3, 0.3), y_bounds=(-0.3, 0.3)),
        "active": SourceSetSampler(mixer, sources, 3),
        "mixer": mixer,
        "spectra": ac.PowerSpectra(source=mixer, block_size=128, window="Hanning", overlap="50%"),
    }


def recording(graph):
    return {"time_data": ac.tools.return_result(graph["mixer"])}


def labels(graph):
    return {"positions": np.array([source.loc.ravel() for source in graph["mixer"].sources]).T}


def acoular_csm(graph):
    graph["spectra"].trait_set(cached=False)
    return {"csm_acoular": graph["spectra"].csm[16:17]}


def acoular_source(num_records=6, **options):
    defaults = {
        "features": [labels, acoular_csm, "csm", apg.feature("sourcemap", label="map", steering="I")],
        "quantities": recording,
        "setup": SETUP,
        "f": 1000.0,
    }
    return apg.PipelineSource(acoular_graph, num_records, **(defaults | options))


def give(**quantities):
    """A source whose graph gives these quantities to the feature csm."""
    return {"features": ["csm"], "setup": SETUP, "quantities": lambda parts: quantities}


def same(one, other):
    return set(one) == set(other) and all(np.array_equal(one[name], other[name]) for name in one)


def test_a_record_is_what_its_random_processes_drew():
    source = apg.PipelineSource(rms_graph, 5, features=squared_rms)
    for index in (3, 0, 4):
        drawn = stats.norm(1.0, 0.5).rvs(size=1, random_state=source.streams.generator("pipeline.rms", index))
        assert source[index]["rms_sq"] == np.float32(drawn[0] ** 2)
        assert source[index]["idx"] == index


def test_the_specification_is_found_by_a_probe():
    spec = acoular_source().element_spec
    assert {name: (item.shape, item.dtype) for name, item in spec.items()} == {
        "idx": ((), "int32"),
        "positions": ((3, 3), "float32"),
        "csm_acoular": ((1, 5, 5), "complex64"),
        "csm": ((1, 5, 5), "complex64"),
        "map": ((1, 7, 7), "float32"),
    }
    assert spec["map"].unit == "Pa^2"
    assert spec["map"].axes == ("frequency", "x", "y")


def test_registered_features_agree_with_acoular_on_the_users_own_signals():
    element = acoular_source()[2]
    ours, theirs = element["csm"][0], element["csm_acoular"][0]
    # 1280 samples hold 19 blocks of 128 at 50 %; Acoular divides by 1280/64 - 1 = 19 too.
    assert np.abs(ours).max() > 1e-3
    np.testing.assert_allclose(ours, theirs, atol=1e-5 * np.abs(theirs).max())


def test_records_do_not_depend_on_order_thread_or_process():
    source = acoular_source()
    expected = [source[index] for index in range(6)]
    assert all(same(source[index], expected[index]) for index in (5, 2, 2, 0))
    again = pickle.loads(pickle.dumps(source))
    assert same(again[4], expected[4])
    with ThreadPoolExecutor(3) as pool:
        assert all(map(same, pool.map(source.__getitem__, range(6)), expected))


def test_every_thread_builds_one_graph():
    built = []

    def graph():
        built.append(threading.get_ident())
        return rms_graph()

    source = apg.PipelineSource(
        graph, 20, features=squared_rms, element_spec={"rms_sq": apg.ArraySpec((), "float32", ())}
    )
    assert not built
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(source.__getitem__, range(20)))
    assert len(built) == len(set(built)) <= 2


@pytest.mark.slow
def test_the_same_records_with_and_without_workers():
    source = acoular_source()
    batches = {num_workers: list(apg.make_loader(source, 3, seed=4, num_workers=num_workers)) for num_workers in (0, 2)}
    assert len(batches[0]) == len(batches[2]) == 2
    for one, other in zip(batches[0], batches[2], strict=True):
        assert same(one, other)
        for row, index in enumerate(one["idx"]):
            assert np.array_equal(one["map"][row], source[int(index)]["map"])


@pytest.mark.slow
@pytest.mark.parametrize("num_workers", [0, 2])
def test_it_exports_and_reads_back(tmp_path, num_workers):
    source = acoular_source()
    apg.export(source, tmp_path / "data", num_workers=num_workers, progress=False)
    stored = apg.ArrayRecordSource(tmp_path / "data")
    assert all(same(stored[index], source[index]) for index in range(6))
    assert stored.element_spec == source.element_spec
    assert stored.configuration["source"]["arguments"]["graph"] == {"function": f"{__name__}:acoular_graph"}
    apg.verify(tmp_path / "data", deep=True, source=source)
    with pytest.raises(ArgumentError, match="'PipelineSource' cannot be rebuilt.*pass the source itself"):
        apg.verify(tmp_path / "data", deep=True)


def test_no_cache_folder_appears_and_acoulars_cache_stays_off(tmp_path):
    def cached_csm(graph):
        return {"csm": graph["spectra"].csm[16:17]}

    ac.config.global_caching = "all"
    acoular_source(features=[cached_csm], quantities=None, setup=None, f=None)[1]
    assert ac.config.global_caching == "none"


def test_functions_without_identity_need_a_key_to_be_exported(tmp_path):
    def graph():
        return rms_graph()

    options = {"features": squared_rms}
    with pytest.raises(ArgumentError, match=r"graph: .*nothing identifies this function.*key="):
        apg.export(apg.PipelineSource(graph, 4, **options), tmp_path / "data", num_workers=0, progress=False)
    keyed = apg.PipelineSource(graph, 4, key="rms-v1", **options)
    apg.export(keyed, tmp_path / "data", num_workers=2, progress=False)
    stored = apg.ArrayRecordSource(tmp_path / "data")
    assert stored.configuration["source"]["arguments"]["graph"] == {"key": "rms-v1"}
    assert same(stored[3], keyed[3])
    assert keyed != apg.PipelineSource(graph, 4, key="rms-v2", **options)


def test_seeds_splits_and_names_select_the_streams():
    drawn = {
        float(apg.PipelineSource(rms_graph, 5, features=squared_rms, seed=seed, split=split)[3]["rms_sq"])
        for seed in (0, 1)
        for split in apg.seeding.SPLITS
    }
    assert len(drawn) == 6


def test_a_list_of_processes_or_a_single_one_is_a_graph_too():
    def listed():
        return list(rms_graph().values())

    def single():
        return ContainerSampler(lambda rng: rng.normal(size=(2, 3)))

    def features(parts):
        return {"values": parts[0].target}

    assert apg.PipelineSource(listed, 3, features=lambda parts: {"rms": parts[1].rms})[2]["rms"].shape == ()
    source = apg.PipelineSource(single, 3, features=features)
    assert source[2]["values"].shape == (2, 3)
    expected = source.streams.generator("pipeline.0", 2).normal(size=(2, 3))
    np.testing.assert_array_equal(source[2]["values"], expected.astype(np.float32))


def test_an_attribute_that_nothing_sets_anew_is_found_out():
    def graph():
        counter = SimpleNamespace(value=0.0)
        return {"rms": NumericAttributeSampler(counter, "value", 1.0), "counter": SimpleNamespace(calls=0)}

    def counting(parts):
        parts["counter"].calls += 1
        return {"calls": parts["counter"].calls}

    with pytest.raises(ArgumentError, match="has another 'calls' when other records were computed before it"):
        apg.PipelineSource(graph, 5, features=counting)


def test_a_process_that_sets_another_too_late_is_found_out():
    def graph():
        locations = LocationSampler(1, stats.norm())
        return {"loc": locations, "count": NumericAttributeSampler(locations, "nsources", stats.randint(1, 9))}

    with pytest.raises((ArgumentError, DataError), match="is used before the random process that sets it|'count'"):
        apg.PipelineSource(graph, 5, features=lambda parts: {"count": parts["loc"].target.shape[1]})


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (lambda one, two: {"s": [one], "t": two}, "part 's' holds random processes"),
        (lambda one, two: {"s": {"inner": one}, "t": two}, "part 's' holds random processes"),
        (lambda one, two: {1: one, "1": two}, "two parts are called '1'"),
        (lambda one, two: {"class": NumericAttributeSampler}, "none of its parts"),
        (lambda one, two: {"random": __import__("random").Random(), "s": one}, "part 'random' needs a method sample"),
    ],
)
def test_processes_that_would_stay_out_are_refused(parts, message):
    def graph():
        return parts(*(NumericAttributeSampler(SimpleNamespace(v=0.0), "v", stats.norm()) for _ in range(2)))

    with pytest.raises(ArgumentError, match=message):
        apg.PipelineSource(graph, 5, features=lambda parts: {"x": 1})


def test_two_processes_over_one_geometry_are_refused():
    def graph():
        mics = ac.MicGeom(pos_total=MICS)
        deviation = MicGeomSampler(mics, stats.norm(0, 0.01), ddir=(1, 1, 0))
        return {"deviation": deviation, "rotation": MicGeomSampler(mics, stats.norm(), rvec=(0, 0, 1))}

    with pytest.raises(ArgumentError, match="two MicGeomSamplers have one target"):
        apg.PipelineSource(graph, 5, features=lambda parts: {"x": 1})


def test_errors_of_users_code_say_where_they_happened():
    def failing(parts):
        raise RuntimeError("boom")

    with pytest.raises(RuntimeError, match="boom") as caught:
        apg.PipelineSource(rms_graph, 5, features=failing)
    assert "features with" in caught.value.__notes__[0]
    drawn = {"s": ContainerSampler(lambda rng: 1 / 0)}
    with pytest.raises(ZeroDivisionError) as caught:
        apg.PipelineSource(lambda: drawn, 5, features=squared_rms)
    assert caught.value.__notes__ == ["While sampling 's' for record 0."]


def test_checkpoints_do_not_continue_with_another_function():
    def state_of(function):
        spec = {"x": apg.ArraySpec((), "float32", ())}
        source = apg.PipelineSource(rms_graph, 6, features=function, element_spec=spec)
        iterator = iter(apg.make_loader(source, 2, shuffle=False))
        next(iterator)
        return iterator

    one, other = state_of(lambda parts: {"x": 1.0}), state_of(lambda parts: {"x": 2.0})
    with pytest.raises(ArgumentError, match="different|other|saved"):
        other.set_state(one.get_state())
    state_of(lambda parts: {"x": 1.0}).set_state(one.get_state())


def test_a_generator_of_its_own_is_found_out():
    with pytest.raises(ArgumentError, match="draws from a generator of its own"):
        apg.PipelineSource(rms_graph, 5, features=lambda parts: {"value": np.random.default_rng().normal()})


def test_a_declared_specification_saves_the_probe_and_is_kept():
    spec = {"rms_sq": apg.ArraySpec((), "float32", (), "Pa^2")}
    source = apg.PipelineSource(rms_graph, 5, features=squared_rms, element_spec=spec)
    assert source.element_spec["rms_sq"].unit == "Pa^2"
    assert source[1]["rms_sq"] == apg.PipelineSource(rms_graph, 5, features=squared_rms)[1]["rms_sq"]
    wrong = apg.PipelineSource(
        rms_graph, 5, features=squared_rms, element_spec={"rms_sq": apg.ArraySpec((2,), "float32", ("x",))}
    )
    with pytest.raises(DataError, match="record 1.*'rms_sq' has shape"):
        wrong[1]


def test_declared_dtypes_are_cast_to_where_nothing_is_lost():
    spec = {"value": apg.ArraySpec((), "float32", ())}
    source = apg.PipelineSource(rms_graph, 5, features=lambda parts: {"value": 3}, element_spec=spec)
    assert source[0]["value"].dtype == np.float32
    spec = {"value": apg.ArraySpec((), "int32", ())}
    source = apg.PipelineSource(rms_graph, 5, features=lambda parts: {"value": 3.5}, element_spec=spec)
    with pytest.raises(DataError, match="'value of record 0': has dtype float32, which does not become int32"):
        source[0]


@pytest.mark.parametrize(
    ("value", "dtype"), [(300, "int8"), (70_000, "int16"), (1e6, "float16"), (2**24 + 1, "float32")]
)
def test_declared_dtypes_that_lose_something_are_refused(value, dtype):
    spec = {"value": apg.ArraySpec((), dtype, ())}
    source = apg.PipelineSource(rms_graph, 5, features=lambda parts: {"value": value}, element_spec=spec)
    with pytest.raises(DataError, match="'value of record 3': .*does not fit"):
        source[3]


def test_shapes_that_change_are_found_when_they_do():
    def graph():
        return {"loc": LocationSampler(2, stats.norm()), "count": SetSampler(SimpleNamespace(n=0), "n", [1, 2])}

    def features(parts):
        return {"points": parts["loc"].target[:, : parts["count"].target[0].n]}

    spec = {"points": apg.ArraySpec((3, 2), "float32", ("xyz", "point"))}
    source = apg.PipelineSource(graph, 50, features=features, element_spec=spec)
    with pytest.raises(DataError, match=r"'points' has shape \(3, 1\), not \(3, 2\)"):
        [source[index] for index in range(50)]


def test_indices_outside_are_refused():
    source = apg.PipelineSource(rms_graph, 5, features=squared_rms)
    for index in (-1, 5):
        with pytest.raises(RecordIndexError):
            source[index]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"graph": 3}, "graph=3: expected a function without arguments"),
        ({"graph": lambda parts: parts}, "expected a function without arguments"),
        ({"graph": lambda: 3}, "returned a int; expected a mapping or list"),
        ({"graph": lambda: {"noise": 3}}, r"none of its parts has a method sample\(rng\)"),
        ({"features": []}, "features=\\[\\]"),
        ({"features": lambda: {"a": 1}}, "a function of the graph's parts"),
        ({"features": lambda parts: 3}, "returned a int; expected a dict"),
        ({"features": lambda parts: {"name": "text"}}, "'name': holds <U4"),
        ({"features": lambda parts: {"big": 2**40}}, "does not fit into int32"),
        ({"features": lambda parts: {"big": 1e300}}, "does not fit into float32"),
        ({"features": lambda parts: {"idx": 1}}, "'idx' is given twice"),
        ({"features": ["csmm"]}, "did you mean 'csm'"),
        ({"features": ["csm"]}, "setup=None: registered features need the measurement setup"),
        ({"features": ["csm"], "setup": SETUP}, "lacks 'time_data'"),
        (give(signals=1), "unknown quantity 'signals'"),
        (give(strengths=np.ones(2)), "lacks 'time_data'.*it has strengths"),
        (give(time_data=np.ones((5, 200))), r"'time_data' has float32 values of shape \(5, 200\); expected.*mic 5"),
        (give(time_data=np.ones((200, 4))), r"expected real numbers of shape \(sample 200, mic 5\)"),
        (give(time_data=np.ones(200)), r"'time_data' has float32 values of shape \(200,\)"),
        (give(time_data=np.ones((200, 5)) * 1j), "'time_data' has complex64 values"),
        (give(time_data=np.ones((127, 5))), "num_samples=127 of 127; expected at least a block of 128"),
        (give(time_data=np.ones((200, 5)), num_samples=201), "num_samples=201 of 200"),
        (give(time_data=np.ones((200, 5)), positions=np.ones((2, 3))), r"'positions'.*shape \(xyz 3, source"),
        (give(time_data=np.ones((200, 5)), positions=np.ones((3, 2)), strengths=np.ones(3)), "'strengths'.*source 2"),
        (give(time_data=np.ones((200, 5)), source_mask=np.ones(2)), "'source_mask'.*expected true and false"),
        (give(time_data=np.ones((200, 5)), idx=3), "unknown quantity 'idx'"),
        ({"quantities": squared_rms}, "no effect without registered features"),
        ({"f": 1000.0}, "f=1000.0: has no effect"),
        ({"key": ""}, "key=''"),
        ({"element_spec": {"rms_sq": "float32"}}, "ArraySpec objects"),
        ({"num_records": 0}, "num_records=0"),
    ],
)
def test_wrong_arguments_are_refused(options, message):
    with pytest.raises((ArgumentError, DataError), match=message):
        apg.PipelineSource(**({"graph": rms_graph, "num_records": 5, "features": squared_rms} | options))
