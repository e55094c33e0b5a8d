"""Random processes over attributes. Kolmogorov-Smirnov and chi-square tests at 0.1 % each, fixed
seeds; the ten of this file: family-wise below 1 %."""

from types import SimpleNamespace

import acoular as ac
import numpy as np
import pytest
from scipy import stats

from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.sampling import (
    ContainerSampler,
    LocationSampler,
    MicGeomSampler,
    NumericAttributeSampler,
    PointSourceSampler,
    Sampler,
    SetSampler,
    SourceSetSampler,
)

ONE = SimpleNamespace(rms=1.0)


def things(count, **values):
    return [SimpleNamespace(**(values or {"rms": 1.0})) for _ in range(count)]


def samples(sampler, read, count=2000, seed=0):
    rng = np.random.default_rng(seed)
    drawn = []
    for _ in range(count):
        sampler.sample(rng)
        drawn.append(read())
    return np.array(drawn)


class TestNumericAttribute:
    def test_values_are_those_of_the_variable_with_the_generator(self):
        targets = things(2)
        NumericAttributeSampler(targets, "rms", stats.norm(1.0, 0.5)).sample(np.random.default_rng(10))
        expected = stats.norm(1.0, 0.5).rvs(size=2, random_state=np.random.default_rng(10))
        assert [thing.rms for thing in targets] == expected.tolist()

    @pytest.mark.parametrize(
        "variable", [stats.rayleigh(scale=5), {"dist": "rayleigh", "scale": 5}, lambda rng, size: rng.rayleigh(5, size)]
    )
    def test_they_are_distributed_as_asked(self, variable):
        targets = things(3)
        drawn = samples(NumericAttributeSampler(targets, "rms", variable), lambda: [item.rms for item in targets])
        assert stats.kstest(drawn.ravel(), stats.rayleigh(scale=5).cdf).pvalue > 1e-3
        assert abs(np.corrcoef(drawn.T)[0, 1]) < 4 / np.sqrt(2000)

    def test_equal_values_are_drawn_once_for_all(self):
        targets = things(4)
        sampler = NumericAttributeSampler(targets, "rms", stats.norm(), equal_value=True)
        drawn = samples(sampler, lambda: [item.rms for item in targets])
        assert np.all(drawn == drawn[:, :1])
        assert stats.kstest(drawn[:, 0], stats.norm().cdf).pvalue > 1e-3

    @pytest.mark.parametrize(("order", "sign"), [("ascending", 1), ("descending", -1)])
    def test_order_and_normalisation(self, order, sign):
        targets = things(5)
        sampler = NumericAttributeSampler(targets, "rms", stats.norm(), normalize=True, order=order)
        drawn = samples(sampler, lambda: [item.rms for item in targets], count=50)
        assert np.all(sign * np.diff(drawn, axis=1) >= 0)
        np.testing.assert_allclose(np.abs(drawn).max(axis=1), 1.0)

    def test_a_filter_conditions_the_distribution(self):
        targets = things(1)
        sampler = NumericAttributeSampler(targets, "rms", stats.norm(), filter=lambda values: np.all(values > 0))
        drawn = samples(sampler, lambda: targets[0].rms)
        assert stats.kstest(drawn, stats.halfnorm().cdf).pvalue > 1e-3

    def test_a_filter_of_one_value_for_all_gets_a_number(self):
        seen = []
        NumericAttributeSampler(
            things(2), "rms", 2.0, equal_value=True, filter=lambda value: seen.append(value) is None
        ).sample(np.random.default_rng(0))
        assert seen == [2.0]

    def test_dotted_paths_lead_to_attributes_of_attributes(self):
        source = SimpleNamespace(signal=SimpleNamespace(rms=1.0))
        NumericAttributeSampler(source, "signal.rms", 3.0).sample(np.random.default_rng(0))
        assert source.signal.rms == 3.0

    def test_whole_attributes_get_whole_numbers(self):
        generator = ac.WNoiseGenerator(sample_freq=1000, num_samples=10, seed=1)
        NumericAttributeSampler([generator], "seed", stats.randint(5, 6)).sample(np.random.default_rng(0))
        assert generator.seed == 5

    def test_impossible_filters_end_with_an_error(self):
        sampler = NumericAttributeSampler(things(1), "rms", stats.norm(), filter=lambda values: False)
        with pytest.raises(ArgumentError, match="none of 1000 draws of 'rms'"):
            sampler.sample(np.random.default_rng(0))

    def test_values_that_a_target_does_not_take_are_named(self):
        generator = ac.WNoiseGenerator(sample_freq=1000, num_samples=10, seed=1)
        with pytest.raises(ArgumentError, match="attribute='seed': is a whole number, and 0.5 was drawn.*randint"):
            NumericAttributeSampler([generator], "seed", 0.5).sample(np.random.default_rng(0))
        with pytest.raises(ArgumentError, match="attribute='sample_freq': WNoiseGenerator does not take 'fast'"):
            SetSampler([generator], "sample_freq", ["fast"]).sample(np.random.default_rng(0))

    def test_numpys_whole_numbers_stay_whole(self):
        target = SimpleNamespace(count=np.int64(3))
        NumericAttributeSampler(target, "count", stats.randint(7, 8)).sample(np.random.default_rng(0))
        assert type(target.count) is int
        assert target.count == 7

    def test_arrays_of_objects_are_targets_too(self):
        targets = np.array(things(3), dtype=object)
        assert NumericAttributeSampler(targets, "rms", stats.norm()).sample(np.random.default_rng(0)).shape == (3,)

    @pytest.mark.parametrize("passed", [lambda values: values > 0, lambda values: "yes", lambda values: None])
    def test_a_filter_says_true_or_false_for_all_values(self, passed):
        sampler = NumericAttributeSampler(things(2), "rms", stats.norm(), filter=passed)
        with pytest.raises(ArgumentError, match=r"numpy\.all\(values > 0\)"):
            sampler.sample(np.random.default_rng(0))

    def test_nothing_is_evaluated(self):
        with pytest.raises(ArgumentError, match="names joined by dots"):
            NumericAttributeSampler(things(1), "rms; print('hacked')", stats.norm())

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"attribute": "rsm"}, "did you mean 'rms'"),
            ({"attribute": "rms.value"}, "float has no"),
            ({"target": []}, "target=\\[\\]"),
            ({"target": {1, 2}}, "their order matters"),
            ({"target": [ONE, ONE]}, "holds an object twice"),
            ({"target": SimpleNamespace(rms=True)}, "is a switch; use SetSampler"),
            ({"random_var": "norm"}, "random_var='norm'"),
            ({"order": "up"}, "order 'up'"),
            ({"equal_value": True, "normalize": True}, "no effect on one value"),
            ({"equal_value": 1}, "equal_value=1"),
            ({"filter": 3}, "filter=3"),
        ],
    )
    def test_wrong_arguments_are_refused(self, options, message):
        arguments = {"target": things(2), "attribute": "rms", "random_var": stats.norm()} | options
        with pytest.raises(ArgumentError, match=message):
            NumericAttributeSampler(**arguments)

    def test_values_that_are_all_zero_cannot_be_normalised(self):
        with pytest.raises(ArgumentError, match="normalize=True"):
            NumericAttributeSampler(things(2), "rms", 0.0, normalize=True).sample(np.random.default_rng(0))


class TestSet:
    def test_values_keep_their_type(self):
        values = ["true level", 3, 2.5, None, (1, 2)]
        target = things(1, steer_type=None)[0]
        sampler = SetSampler(target, "steer_type", values)
        rng = np.random.default_rng(0)
        seen = [sampler.sample(rng)[0] for _ in range(100)]
        assert {type(value) for value in seen} == {str, int, float, type(None), tuple}
        assert any(target.steer_type is value for value in values)

    def test_probabilities_are_kept(self):
        target = things(1)[0]
        sampler = SetSampler(target, "rms", [0, 1, 2], probabilities=[0.5, 0.2, 0.3])
        drawn = samples(sampler, lambda: target.rms, count=4000)
        observed = np.bincount(drawn, minlength=3)
        assert stats.chisquare(observed, 4000 * np.array([0.5, 0.2, 0.3])).pvalue > 1e-3

    def test_without_replacement_targets_get_different_values(self):
        targets = things(3)
        drawn = samples(
            SetSampler(targets, "rms", [1, 2, 3], replace=False), lambda: [item.rms for item in targets], count=50
        )
        assert np.all(np.sort(drawn, axis=1) == [1, 2, 3])

    def test_with_replacement_targets_are_independent(self):
        targets = things(2)
        drawn = samples(SetSampler(targets, "rms", [0, 1]), lambda: [item.rms for item in targets], count=4000)
        observed = np.bincount(drawn @ [2, 1], minlength=4)
        assert stats.chisquare(observed).pvalue > 1e-3

    def test_equal_values(self):
        targets = things(3)
        drawn = samples(
            SetSampler(targets, "rms", [1, 2, 3], equal_value=True), lambda: [item.rms for item in targets], count=50
        )
        assert np.all(drawn == drawn[:, :1])
        assert np.unique(drawn).size == 3

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"set": []}, "set=\\[\\]"),
            ({"set": "abc"}, "set='abc'"),
            ({"probabilities": [0.5, 0.6]}, "summing to 1"),
            ({"probabilities": [1.0]}, "expected 2 values"),
            ({"probabilities": 0.5}, "expected 2 values"),
            ({"probabilities": [1.5, -0.5]}, "probabilities=-0.5"),
            ({"replace": False, "set": [1]}, "2 different items are needed, the set has 1"),
            ({"replace": False, "probabilities": [1.0, 0.0]}, "the set has 1 that can be drawn"),
            ({"attribute": "rsm"}, "did you mean 'rms'"),
        ],
    )
    def test_wrong_arguments_are_refused(self, options, message):
        with pytest.raises(ArgumentError, match=message):
            SetSampler(**({"target": things(2), "attribute": "rms", "set": [1, 2]} | options))


class TestSourceSet:
    @staticmethod
    def mixer(count=4):
        mics = ac.MicGeom(pos_total=np.zeros((3, 2)))
        signals = [ac.WNoiseGenerator(sample_freq=1000, num_samples=10, seed=number) for number in range(count)]
        sources = [ac.PointSource(signal=signal, mics=mics) for signal in signals]
        return ac.SourceMixer(sources=sources), sources

    def test_a_mixer_gets_different_sources_of_the_set(self):
        mixer, sources = self.mixer()
        sampler = SourceSetSampler(mixer, sources, 3)
        rng = np.random.default_rng(0)
        seen = np.zeros(4)
        for _ in range(2000):
            sampler.sample(rng)
            chosen = [sources.index(source) for source in mixer.sources]
            assert len(set(chosen)) == 3
            seen[chosen] += 1
        assert stats.chisquare(seen).pvalue > 1e-3

    def test_the_number_of_sources_can_be_drawn_by_another_process(self):
        mixer, sources = self.mixer()
        sampler = SourceSetSampler(mixer, sources)
        count = NumericAttributeSampler(sampler, "nsources", stats.randint(1, 5))
        rng = np.random.default_rng(0)
        seen = set()
        for _ in range(50):
            count.sample(rng)
            sampler.sample(rng)
            seen.add(len(mixer.sources))
        assert seen == {1, 2, 3, 4}

    def test_equal_mixers(self):
        (one, sources), (other, _) = self.mixer(), self.mixer()
        SourceSetSampler([one, other], sources, 2, equal_value=True).sample(np.random.default_rng(3))
        assert one.sources == other.sources

    def test_wrong_arguments_are_refused(self):
        mixer, sources = self.mixer()
        with pytest.raises(ArgumentError, match="5 different items are needed"):
            SourceSetSampler(mixer, sources, 5)
        with pytest.raises(ArgumentError, match="nsources=0"):
            SourceSetSampler(mixer, sources, 0)
        with pytest.raises(ArgumentError, match="has no 'sources'"):
            SourceSetSampler(sources[0], sources, 1)


def test_a_container_holds_what_its_function_draws():
    sampler = ContainerSampler(lambda rng: {"angle": rng.uniform(), "name": "a"})
    assert sampler.target is None
    drawn = sampler.sample(np.random.default_rng(5))
    assert sampler.target is drawn
    assert drawn["angle"] == np.random.default_rng(5).uniform()
    with pytest.raises(ArgumentError, match="expected a function of a generator"):
        ContainerSampler(lambda: 1)


@pytest.mark.parametrize("rng", [10, None, np.random.RandomState(10), np.random])
def test_nothing_is_drawn_but_from_generators(rng):
    mixer, sources = TestSourceSet.mixer()
    for sampler in (
        NumericAttributeSampler(things(2), "rms", 1.0),
        SetSampler(things(2), "rms", [1, 2]),
        SourceSetSampler(mixer, sources),
        ContainerSampler(lambda rng: 1),
        LocationSampler(2, stats.norm()),
        PointSourceSampler(SimpleNamespace(loc=(0, 0, 0)), stats.norm()),
        MicGeomSampler(SimpleNamespace(pos_total=np.zeros((3, 2))), stats.norm(), ddir=(1, 0, 0)),
    ):
        with pytest.raises(ArgumentError, match=r"expected a numpy.random.Generator, such as numpy.random.default_rng"):
            sampler.sample(rng)


def test_everything_with_a_sample_method_is_a_sampler():
    assert isinstance(ContainerSampler(lambda rng: 1), Sampler)
    assert not isinstance(np.random.default_rng(), Sampler)
