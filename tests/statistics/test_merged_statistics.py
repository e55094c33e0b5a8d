import numpy as np
import pytest
from listed_source import FRAME_AXES, ListedSource, random_frames

from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.statistics import Counted, Statistics, compute_statistics, merged

COUNTED = {"frames": Counted(["feature"], mask="frame_mask", above=[None, 4, None])}


def subsets(counted=COUNTED):
    elements = [random_frames(num_records, seed=num_records) for num_records in (5, 40, 12)]
    for scale, of_subset in enumerate(elements, 1):
        for element in of_subset:
            element["frames"] *= scale
    return elements, [
        compute_statistics(ListedSource(of_subset, FRAME_AXES, str(number)), counted, progress=False)
        for number, of_subset in enumerate(elements)
    ]


def test_without_weights_they_are_those_of_all_data():
    elements, statistics = subsets()
    together = merged(statistics)
    whole = ListedSource([element for of_subset in elements for element in of_subset], FRAME_AXES)
    whole = compute_statistics(whole, COUNTED, progress=False)
    for of in ("mean", "std", "count"):
        np.testing.assert_allclose(getattr(together, of)["frames"], getattr(whole, of)["frames"], rtol=1e-12)
    assert together.num_records == 57
    assert together.source == "merged([ListedSource(0), ListedSource(1), ListedSource(2)])"


def test_with_weights_subsets_count_by_them_whatever_their_size():
    _, statistics = subsets()
    weights = np.array([1.0, 0.5, 3.0])
    together = merged(statistics, weights)
    means = np.stack([subset.mean["frames"] for subset in statistics])
    variances = np.stack([subset.std["frames"] for subset in statistics]) ** 2
    mean = np.average(means, axis=0, weights=weights)
    np.testing.assert_allclose(together.mean["frames"], mean, rtol=1e-12)
    variance = np.average(variances + (means - mean) ** 2, axis=0, weights=weights)
    np.testing.assert_allclose(together.std["frames"], np.sqrt(variance), rtol=1e-12)
    assert together.source.endswith("], weights=[1.0, 0.5, 3.0])")
    scaled = merged(statistics, list(weights * 7))
    np.testing.assert_allclose(scaled.std["frames"], together.std["frames"], rtol=1e-14)


def of_values(*values):
    elements = [{"x": np.array([value], np.float32)} for value in values]
    return compute_statistics(ListedSource(elements, {"x": ("a",)}), progress=False)


def test_the_mean_and_deviation_are_of_all_subsets_and_not_of_the_first():
    # Means 0 and 2, variances 1 and 4: (3 (1 + 0.25) + (4 + 2.25)) / 4 = 2.5 about 0.5.
    statistics = [of_values(-1, 1), of_values(0, 4, 0, 4, 0, 4)]
    together = merged(statistics, [3, 1])
    assert together.mean["x"] == 0.5
    np.testing.assert_allclose(together.std["x"], np.sqrt(2.5), rtol=1e-15)
    assert statistics[0].std["x"] == 1
    reversed_order = merged(statistics[::-1], [1, 3])
    assert (reversed_order.mean["x"], reversed_order.std["x"]) == (together.mean["x"], together.std["x"])


def test_weights_by_size_are_no_weights():
    _, statistics = subsets({"frames": Counted()})
    by_size = merged(statistics, [int(subset.count["frames"]) for subset in statistics])
    np.testing.assert_allclose(by_size.std["frames"], merged(statistics).std["frames"], rtol=1e-12)


@pytest.mark.parametrize("weights", [None, [0.1, 0.7]])
def test_constants_stay_constant(weights):
    together = merged([of_values(1e12, 1e12), of_values(1e12)], weights)
    assert together.std["x"] == 1
    assert together.arrays["x"].moments.m2 == 0


@pytest.mark.parametrize("weights", [None, [5.0, 1.0]])
def test_an_entry_without_values_in_a_subset_is_that_of_the_others(weights):
    counted = {"x": Counted(["a"], above=[None, 0], normalise=[True, False])}
    spec = {"x": ("a",)}
    without = ListedSource([{"x": np.array([1, -1], np.float32)}], spec)
    with_values = ListedSource([{"x": np.array([value, value], np.float32)} for value in (3, 5)], spec)
    statistics = [compute_statistics(source, counted, progress=False) for source in (without, with_values)]
    moments = merged(statistics, weights).arrays["x"].moments
    assert (moments.count[1], moments.mean[1], moments.m2[1]) == (2, 4, 2)


def test_merged_statistics_are_stored_and_merged_again(tmp_path):
    _, statistics = subsets()
    together = merged(statistics[:2], weights=[2, 1])
    together.save(tmp_path / "merged.json")
    assert Statistics.load(tmp_path / "merged.json") == together
    assert merged([together, statistics[2]]).num_records == 57


def test_one_subset_stays_as_it_is():
    _, (first, *_) = subsets()
    for together in (merged([first]), merged([first], [0.3])):
        np.testing.assert_allclose(together.mean["frames"], first.mean["frames"], rtol=1e-15)
        np.testing.assert_allclose(together.std["frames"], first.std["frames"], rtol=1e-15)


def test_what_does_not_fit_together_is_refused():
    _, statistics = subsets()
    _, others = subsets({"frames": Counted(["feature"])})
    _, masks = subsets({"frame_mask": Counted()})
    for given, weights, message in (
        ([], None, r"statistics=\[\]: expected the statistics of at least one"),
        (statistics[0], None, "expected a list of Statistics"),
        ([statistics[0], 3], None, "expected a list of Statistics"),
        ([statistics[0], others[1]], None, r"statistics\[1\]: 'frames': .*mask=None.*, the first ones have .*mask='f"),
        ([statistics[0], masks[0]], None, r"statistics\[1\]: of the arrays \['frame_mask'\], the first ones of"),
        (statistics, [1, 2], r"weights=\[1, 2\]: expected 3 numbers"),
        (statistics, [1, 2, 0], "weights=0: expected a finite number, greater than 0"),
        (statistics, [1, 2, np.nan], "weights=nan"),
        (statistics, 3, "weights=3"),
    ):
        with pytest.raises(ArgumentError, match=message):
            merged(given, weights)
