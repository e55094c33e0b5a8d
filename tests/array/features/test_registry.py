import jax
import jax.numpy as jnp
import numpy as np
import pytest

import acoupipe_grain as apg
from acoupipe_grain.array.features import registered_features, registry
from acoupipe_grain.errors import ArgumentError


@pytest.fixture(autouse=True)
def _registry_as_before(monkeypatch):
    monkeypatch.setattr(registry, "_REGISTERED", dict(registry._REGISTERED))


def total_power(csm, *, exponent=1.0):
    return jnp.trace(csm.real, axis1=-2, axis2=-1) ** exponent


def test_a_users_feature_is_offered_like_the_others(small_setup):
    apg.register_feature("total_power", total_power, axes=("frequency",), unit="Pa^2")
    root = apg.feature("total_power", label="total_rms", exponent=0.5)
    source = apg.SyntheticSource(
        4, setup=small_setup, features=("csm", "total_power", root), f=[1000.0, 2000.0], signal_length=0.1
    )
    spec = source.element_spec["total_power"]
    assert (spec.shape, spec.dtype, spec.axes, spec.unit) == ((2,), "float32", ("frequency",), "Pa^2")
    record = source[1]
    expected = np.trace(record["csm"].real, axis1=-2, axis2=-1)
    np.testing.assert_allclose(record["total_power"], expected, rtol=1e-6)
    np.testing.assert_allclose(record["total_rms"], np.sqrt(expected), rtol=1e-6)


def test_registering_works_as_a_decorator_and_features_build_on_each_other(small_setup):
    @apg.register_feature("first_channel", axes=("sample",), unit="Pa")
    def first_channel(time_data):
        return time_data[..., 0]

    @apg.register_feature("peak", axes=(), unit="Pa")
    def peak(first_channel):
        return jnp.abs(first_channel).max(axis=-1)

    source = apg.SyntheticSource(4, setup=small_setup, features=("peak", "time_data"), signal_length=0.1)
    record = source[0]
    assert record["peak"] == np.abs(record["time_data"][:, 0]).max()
    assert "first_channel" in registered_features()


def test_shared_steps_are_computed_once(small_setup):
    calls = []

    @apg.register_feature("shared", axes=("sample", "mic"))
    def shared(time_data):
        calls.append(1)
        return time_data * 2

    for name in ("one", "two"):
        apg.register_feature(name, eval(f"lambda shared: shared + {len(name)}"), axes=("sample", "mic"))
        registry._REGISTERED[name].compute.__qualname__ = name
    source = apg.SyntheticSource(2, setup=small_setup, features=("one", "two"), signal_length=0.1)
    calls.clear()
    source[0]
    assert len(calls) == 1  # traced once, for both


def test_a_second_lambda_does_not_replace_the_first():
    apg.register_feature("mine", lambda csm: csm, axes=("frequency", "mic", "mic"))
    with pytest.raises(ArgumentError, match="exists already"):
        apg.register_feature("mine", lambda csm: 2 * csm, axes=("frequency", "mic", "mic"))


def test_a_definition_run_again_replaces_itself():
    for factor in (1, 2):
        source = f"def mine(csm):\n    return {factor} * csm"
        scope = {"__name__": "notebook"}
        exec(source, scope)
        apg.register_feature("mine", scope["mine"], axes=("frequency", "mic", "mic"))
    assert registered_features()["mine"].compute(3) == 6


def test_long_options_are_told_apart(small_setup):
    def weighted(csm, *, weights):
        return csm[..., 0, 0].real * jnp.sum(jnp.asarray(weights))

    apg.register_feature("weighted", weighted, axes=("frequency",))
    ones = [1.0] * 2000
    twice = [*ones[:1000], 1001.0, *ones[1001:]]
    features = [apg.feature("weighted", label=label, weights=w) for label, w in (("one", ones), ("two", twice))]
    record = apg.SyntheticSource(2, setup=small_setup, features=features, f=1000.0, signal_length=0.1)[0]
    np.testing.assert_allclose(record["two"], 1.5 * record["one"], rtol=1e-5)


def test_setup_values_are_the_defaults_of_options(small_setup):
    label = apg.feature("sourcemap", label="explicit", steering=small_setup.steering, remove_diagonal=False)
    other = apg.feature("sourcemap", label="other", steering="I")
    source = apg.SyntheticSource(
        2, setup=small_setup, features=("sourcemap", label, other), f=2000.0, signal_length=0.1
    )
    record = source[0]
    assert np.array_equal(record["sourcemap"], record["explicit"])
    assert not np.allclose(record["sourcemap"], record["other"])


@pytest.mark.slow
def test_features_with_batch_axes_equal_those_of_single_records(small_setup):
    """Every feature is a pure function with any leading batch axes."""
    names = tuple(name for name in registered_features() if name != "time_data")
    source = apg.SyntheticSource(3, setup=small_setup, features=names, f=[1000.0, 2000.0], signal_length=0.1)
    from acoupipe_grain.array.signals import WhiteNoise
    from acoupipe_grain.array.simulate.acoular import simulate

    graph = source._graph
    inputs = []
    for index in range(3):
        scene = source.inputs[index]
        parts = ("time_data", "reference_signals", "noise_signals")
        recording = simulate(small_setup, scene, WhiteNoise(source.inputs.streams), parts=parts)
        values = scene | recording._asdict()
        inputs.append({name: values[name] for name in graph.inputs})
    stacked = {name: np.stack([values[name] for values in inputs]) for name in graph.inputs}
    batch = jax.jit(graph)(graph.build_constants(), stacked)
    for index in range(3):
        for name, array in source[index].items():
            assert batch[name].shape[1:] == array.shape, name
            np.testing.assert_allclose(
                np.asarray(batch[name][index]), array, atol=1e-5 * max(np.abs(array).max(), 1e-30), err_msg=name
            )


@pytest.mark.parametrize(
    ("register", "message"),
    [
        (lambda: apg.register_feature("csm", total_power, axes=("frequency",)), "exists already"),
        (lambda: apg.register_feature("positions", total_power, axes=("frequency",)), "choose another"),
        (lambda: apg.register_feature("csm_lines", total_power, axes=("frequency",)), "choose another"),
        (lambda: apg.register_feature("steering", total_power, axes=("frequency",)), "choose another"),
        (lambda: apg.register_feature("setup", total_power, axes=("frequency",)), "choose another"),
        (lambda: apg.register_feature("no name", total_power, axes=("frequency",)), "identifier"),
        (lambda: apg.register_feature("f1", lambda *args: args, axes=()), r"\*args"),
        (lambda: apg.register_feature("f2", total_power, axes="frequency"), "axes='frequency'"),
        (lambda: apg.feature("sourcemap_"), "did you mean 'sourcemap'"),
        (lambda: apg.feature("sourcemap", label=3), "label=3"),
        (lambda: apg.feature("sourcemap", steering=object()), "cannot be written to a manifest"),
    ],
)
def test_bad_registrations_are_refused(register, message):
    with pytest.raises(ArgumentError, match=message):
        register()


def test_a_feature_that_needs_something_unknown_is_refused_with_the_nearest_name(small_setup):
    apg.register_feature("wrong", lambda time_dat: time_dat, axes=("sample", "mic"))
    with pytest.raises(ArgumentError, match="did you mean 'time_data'"):
        apg.SyntheticSource(2, setup=small_setup, features=("wrong",))


def test_a_feature_whose_axes_do_not_fit_its_result_is_refused(small_setup):
    apg.register_feature("wrong", lambda csm: csm, axes=("frequency",))
    with pytest.raises(ArgumentError, match=r"shape \(33, 5, 5\).*axes"):
        apg.SyntheticSource(2, setup=small_setup, features=("wrong",), signal_length=0.1)


def test_features_that_need_each_other_are_refused_with_the_cycle(small_setup):
    apg.register_feature("hen", lambda egg: egg, axes=("mic",))
    apg.register_feature("egg", lambda hen: hen, axes=("mic",))
    with pytest.raises(ArgumentError, match="hen -> egg -> hen"):
        apg.SyntheticSource(2, setup=small_setup, features=("hen",), signal_length=0.1)


@pytest.mark.parametrize(
    ("options", "message"),
    [({"steering": "V"}, "unknown steering formulation 'V'"), ({"remove_diagonal": "yes"}, "remove_diagonal='yes'")],
)
def test_wrong_option_values_are_refused_at_construction(small_setup, options, message):
    with pytest.raises(ArgumentError, match=message):
        apg.SyntheticSource(2, setup=small_setup, features=(apg.feature("sourcemap", **options),), signal_length=0.1)


@pytest.mark.parametrize("wrong", [lambda csm: None, lambda csm: {"a": csm}, lambda csm: np.asarray(csm)])
def test_an_error_in_a_users_feature_names_it(small_setup, wrong):
    apg.register_feature("wrong", wrong, axes=("frequency", "mic", "mic"))
    with pytest.raises(Exception) as raised:
        apg.SyntheticSource(2, setup=small_setup, features=("wrong",), signal_length=0.1)
    assert "wrong" in str(raised.value) + "".join(getattr(raised.value, "__notes__", []))


def test_an_option_without_a_value_is_asked_for(small_setup):
    def scaled(csm, *, factor):
        return csm * factor

    apg.register_feature("scaled", scaled, axes=("frequency", "mic", "mic"))
    with pytest.raises(ArgumentError, match=r"factor"):
        apg.SyntheticSource(2, setup=small_setup, features=("scaled",), signal_length=0.1)


@pytest.mark.parametrize(
    ("name", "remedy"), [("loc", "leave it out"), ("sourcemap_capon", r"write feature\('sourcemap', method=...\)")]
)
def test_methods_of_features_without_them_are_refused(name, remedy):
    with pytest.raises(ArgumentError, match=f"method='music': feature '{name}' has no methods; {remedy}"):
        apg.feature(name, method="music")
