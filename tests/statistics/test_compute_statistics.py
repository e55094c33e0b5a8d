import tracemalloc

import numpy as np
import pytest
from listed_source import FRAME_AXES, BatchedSource, ListedSource, random_frames

import acoupipe_grain as apg
from acoupipe_grain.errors import ArgumentError, DataError
from acoupipe_grain.statistics import Counted, compute_statistics, groups, row_buffer

MAP_AXES = ("time", "mic", "feature")


def maps(num_records=12, shape=(7, 4, 5)):
    """Records whose entries have means and deviations of their own."""
    rng = np.random.default_rng(3)
    means, stds = rng.normal(0, 10, shape), rng.uniform(0.1, 3, shape)
    return [{"map": (means + stds * rng.standard_normal(shape)).astype(np.float32)} for _ in range(num_records)]


def assert_statistics(statistics, name, values, counts=None, rtol=1e-10):
    """Compare with NumPy over all axes of `values` but the last, in double precision."""
    values = np.ma.array(values.astype(np.float64), mask=False if counts is None else ~counts)
    axes = tuple(range(values.ndim - statistics.mean[name].ndim))
    np.testing.assert_allclose(statistics.mean[name], values.mean(axis=axes), rtol=rtol)
    np.testing.assert_allclose(statistics.std[name], values.std(axis=axes), rtol=rtol)
    assert np.array_equal(statistics.count[name], values.count(axis=axes))


@pytest.mark.parametrize("kind", [ListedSource, BatchedSource])
@pytest.mark.parametrize(
    "separate", [(), ("feature",), ("mic",), ("time",), ("time", "feature"), ("mic", "feature"), MAP_AXES]
)
def test_each_entry_of_the_separate_axes_has_statistics_of_its_own(kind, separate):
    elements = maps()
    statistics = compute_statistics(kind(elements, {"map": MAP_AXES}), {"map": Counted(separate)}, progress=False)
    averaged = [1 + place for place, axis in enumerate(MAP_AXES) if axis not in separate]
    kept = [1 + place for place, axis in enumerate(MAP_AXES) if axis in separate]
    assert_statistics(
        statistics, "map", np.stack([element["map"] for element in elements]).transpose(0, *averaged, *kept)
    )
    assert statistics.num_records == len(elements)
    assert statistics.source == "ListedSource(listed)"


def test_records_of_different_lengths_count_by_their_values():
    elements = random_frames()
    statistics = compute_statistics(
        ListedSource(elements, FRAME_AXES), {"frames": {"separate": ["feature"]}}, progress=False
    )
    assert_statistics(statistics, "frames", np.concatenate([element["frames"] for element in elements]))


@pytest.mark.parametrize(("num_features", "separate"), [(3, ["feature"]), (1, ["feature"]), (3, [])])
def test_only_frames_of_the_mask_count(num_features, separate):
    elements = random_frames(num_features=num_features)
    statistics = compute_statistics(
        ListedSource(elements, FRAME_AXES), {"frames": Counted(separate, mask="frame_mask")}, progress=False
    )
    kept = np.concatenate([element["frames"][element["frame_mask"]] for element in elements])
    assert_statistics(statistics, "frames", kept if separate else kept.reshape(-1))


@pytest.mark.parametrize("mask_axes", [("feature", "time"), ("mic",), ("feature",), MAP_AXES, ()])
@pytest.mark.parametrize("separate", [(), ("feature",), ("mic", "feature")])
def test_a_mask_has_some_of_the_axes_in_any_order(mask_axes, separate):
    elements, rng = maps(), np.random.default_rng(5)
    sizes = dict(zip(MAP_AXES, elements[0]["map"].shape, strict=True))
    for element in elements:
        element["mask"] = np.array(rng.random([sizes[axis] for axis in mask_axes]) < 0.7, np.int8)
    elements[0]["mask"][...] = 1
    counts = np.stack([_with_axes(element["mask"], mask_axes, element["map"].shape) for element in elements])
    source = ListedSource(elements, {"map": MAP_AXES, "mask": mask_axes})
    statistics = compute_statistics(source, {"map": Counted(separate, mask="mask")}, progress=False)
    order = [0, *(1 + MAP_AXES.index(axis) for axis in (*[a for a in MAP_AXES if a not in separate], *separate))]
    values = np.stack([element["map"] for element in elements])
    assert_statistics(statistics, "map", values.transpose(order), counts.transpose(order))


def _with_axes(mask, axes, shape):
    order = sorted(range(len(axes)), key=lambda place: MAP_AXES.index(axes[place]))
    expanded = mask.transpose(order).reshape(
        [size if axis in axes else 1 for axis, size in zip(MAP_AXES, shape, strict=True)]
    )
    return np.broadcast_to(expanded != 0, shape)


def test_thresholds_are_of_their_columns_only():
    elements = random_frames()
    for element in elements:
        element["frames"][:, 1] = np.maximum(element["frames"][:, 1] - 5, 0)  # as unvoiced frames have it
    counted = Counted(["feature"], above=[None, 0, 6.5])
    statistics = compute_statistics(ListedSource(elements, FRAME_AXES), {"frames": counted}, progress=False)
    values = np.concatenate([element["frames"] for element in elements])
    assert_statistics(statistics, "frames", values, values > np.array([-np.inf, 0, 6.5]))
    assert statistics.count["frames"][1] < len(values)


def test_thresholds_and_masks_together():
    elements = random_frames()
    counted = Counted(["feature"], mask="frame_mask", above=4.0)
    statistics = compute_statistics(ListedSource(elements, FRAME_AXES), {"frames": counted}, progress=False)
    values = np.concatenate([element["frames"][element["frame_mask"]] for element in elements])
    assert_statistics(statistics, "frames", values, values > 4)


def test_what_equals_a_threshold_in_the_precision_of_the_array_does_not_count():
    elements = [{"x": np.array([0.1, 0.2], np.float32)}]
    statistics = compute_statistics(ListedSource(elements, {"x": ("a",)}), {"x": {"above": 0.1}}, progress=False)
    assert statistics.count["x"] == 1


def test_entries_that_are_not_normalised_stay_as_they_are():
    elements = random_frames()
    counted = Counted(["feature"], above=[None, 1e9, None], normalise=[True, False, True])
    statistics = compute_statistics(ListedSource(elements, FRAME_AXES), {"frames": counted}, progress=False)
    assert statistics.mean["frames"][1] == 0
    assert statistics.std["frames"][1] == 1
    values = np.concatenate([element["frames"] for element in elements]).astype(np.float64)
    np.testing.assert_allclose(statistics.mean["frames"][[0, 2]], values.mean(axis=0)[[0, 2]], rtol=1e-10)


def test_a_constant_gets_the_standard_deviation_1():
    elements = [{"x": np.array([1e12, 2e-9 * index], np.float32)} for index in range(5)]
    statistics = compute_statistics(ListedSource(elements, {"x": ("a",)}), {"x": Counted(["a"])}, progress=False)
    assert statistics.std["x"].tolist() == [1, 1]
    assert statistics.mean["x"][0] == np.float32(1e12)


def test_without_a_word_all_arrays_of_floating_point_numbers_have_one_mean():
    elements = [
        {"x": np.full(3, index, np.float32), "idx": np.array(index, np.int32), "z": np.ones(2, np.complex64)}
        for index in range(4)
    ]
    source = ListedSource(elements, {"x": ("a",), "idx": (), "z": ("a2",)})
    statistics = compute_statistics(source, progress=False)
    assert list(statistics.mean) == ["x"]
    assert (statistics.mean["x"], statistics.std["x"]) == (1.5, np.sqrt(1.25))
    whole = compute_statistics(source, ["idx", "x"], progress=False)
    assert (whole.mean["idx"], whole.count["idx"], whole.count["x"]) == (1.5, 4, 12)


@pytest.mark.parametrize("arrays", [None, ["frames"]])
def test_a_source_says_how_its_features_are_normalised(arrays):
    source = ListedSource(random_frames(), FRAME_AXES)
    source.normalised = {"frames": np.array([True, False, True])}
    source.unvoiced = {"frames": np.array([-np.inf, 0, 3.0], np.float32)}
    expected = Counted(["feature"], above=[None, 0, 3], normalise=[True, False, True])
    statistics = compute_statistics(source, arrays, progress=False)
    assert {name: array.counted for name, array in statistics.arrays.items()} == {"frames": expected}
    own = compute_statistics(source, {"frames": Counted()}, progress=False)
    assert own.mean["frames"].shape == ()


def test_batches_that_a_source_computes_count_as_they_are_delivered(small_setup):
    source = apg.SyntheticSource(
        20, setup=small_setup, mode="analytic", f=2000.0, max_nsources=4, features=("sourcemap",)
    )
    assert hasattr(source, "compute_batch")
    axes = source.element_spec["sourcemap"].axes
    statistics = compute_statistics(source, {"sourcemap": Counted(axes[-2:])}, progress=False)
    (batch,) = apg.make_loader(source, 20, shuffle=False)
    assert_statistics(statistics, "sourcemap", np.asarray(batch["sourcemap"]))


def test_the_statistics_of_sources_are_those_of_their_sources_in_the_mask(small_setup):
    source = apg.SceneSource(50, setup=small_setup, max_nsources=3)
    statistics = compute_statistics(source, {"strengths": Counted(mask="source_mask")}, progress=False)
    scenes = source.batch(range(50))
    assert_statistics(statistics, "strengths", scenes["strengths"][scenes["source_mask"].astype(bool)])


@pytest.mark.parametrize(("group_bytes", "block_values"), [(1, 65536), (700, 64), (10**9, 1)])
def test_the_numbers_do_not_depend_on_how_records_are_grouped(monkeypatch, group_bytes, block_values):
    counted = {"frames": Counted(["feature"], above=[None, 4, None])}
    elements = random_frames(100)
    for element in elements:
        element["frames"] += 1e4
    # Of one length, so that groups have as many records as their bytes allow.
    source = ListedSource(elements, FRAME_AXES)
    source.lengths = {"frame": np.array([len(element["frames"]) for element in elements])}
    expected = compute_statistics(source, counted, progress=False)
    monkeypatch.setattr(groups, "GROUP_BYTES", group_bytes)
    monkeypatch.setattr(row_buffer, "BLOCK_VALUES", block_values)
    found = compute_statistics(source, counted, progress=False)
    for of in ("mean", "std"):
        np.testing.assert_allclose(getattr(found, of)["frames"], getattr(expected, of)["frames"], rtol=1e-12)


def test_the_bits_do_not_depend_on_the_number_of_threads(monkeypatch):
    source = ListedSource(random_frames(200), FRAME_AXES)
    monkeypatch.setattr(groups, "MAX_SINGLE_RECORDS", 2)
    monkeypatch.setattr(groups.workers, "num_cores", lambda: 8)
    many = compute_statistics(source, ["frames"], progress=False)
    monkeypatch.setattr(groups.workers, "num_cores", lambda: 1)
    assert compute_statistics(source, ["frames"], progress=False) == many


@pytest.mark.parametrize("separate", [["column"], ["row"]])
def test_a_huge_record_is_never_copied_as_a_whole(separate):
    shape = (40, 1_000_000) if separate == ["row"] else (1_000_000, 40)  # 160 MB, were they there
    elements = [{"x": np.broadcast_to(np.float32(2), shape)}]
    source = ListedSource(elements, {"x": ("row", "column")})
    tracemalloc.start()
    try:
        statistics = compute_statistics(source, {"x": Counted(separate)}, progress=False)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert statistics.count["x"].tolist() == [1_000_000] * 40
    assert peak < 4 * 2**20


def test_one_record_is_held_at_a_time():
    class Large(ListedSource):
        def __getitem__(self, index):
            return {"x": np.full((2**22, 1), index, np.float32)}  # 16 MiB

    source = Large([{"x": np.broadcast_to(np.float32(0), (2**22, 1))}] * 6, {"x": ("row", "column")})
    read = groups.RecordGroups(source, groups_rows(source), "large")
    tracemalloc.start()
    try:
        moments = read._read_group(range(6))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert moments["x"].mean == pytest.approx(2.5, rel=1e-12)
    assert peak < 1.2 * 2**24


def groups_rows(source):
    from acoupipe_grain.statistics.chosen_arrays import chosen_arrays

    return chosen_arrays(None, source)


def test_progress_is_a_line_on_stderr(capsys):
    source = ListedSource(random_frames(), FRAME_AXES)
    compute_statistics(source, ["frames"])
    assert "statistics: 100%" in capsys.readouterr().err
    compute_statistics(source, ["frames"], progress=False)
    assert not capsys.readouterr().err


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ("frames", "arrays='frames': expected a list of names"),
        ([], r"arrays=\[\]: no array is asked for; name some of frames"),
        (["frame"], "arrays: unknown array 'frame'; did you mean 'frames'"),
        (["csm"], "arrays: 'csm' is complex"),
        ({"frames": {"separate": ["features"]}}, "'frames': separate: unknown axis 'features'; did you mean 'feature'"),
        ({"frames": {"separate": ["frame"]}}, "the axis 'frame' differs in length between records"),
        ({"frames": {"separate": ["feature"], "above": [0.0]}}, "above has 1 values, expected 3, one for each"),
        ({"frames": {"separate": ["feature"], "normalise": [True] * 2}}, "normalise has 2 values, expected 3"),
        ({"frames": {"mask": "frame_masks"}}, "'frames': mask: unknown array 'frame_masks'"),
        ({"frame_mask": {"mask": "frames"}}, "'frame_mask': mask='frames': unknown axis 'feature'"),
        ({"frames": {"mask": "frame_mask", "above": 1e9}}, "'frames': mask='frame_mask' and above=1000000000.0 leave"),
        ({"frames": {"separate": ["feature"], "above": [0, 1e39, 0]}}, "'frames', entry 1 along 'feature': above="),
        ({"squares": {"separate": ["mic"]}}, "'mic' is the name of several axes"),
        ({"table": {"separate": ["b", "a"]}}, r"separate=\('b', 'a'\): expected the order .* \('a', 'b'\)"),
    ],
)
def test_what_cannot_be_computed_is_refused_by_name(arrays, message):
    elements = random_frames()
    for element in elements:
        element["csm"] = np.zeros((2, 2), np.complex64)
        element["squares"] = np.zeros((2, 2), np.float32)
        element["table"] = np.zeros((2, 2), np.float32)
    axes = FRAME_AXES | {"csm": ("mic", "mic"), "squares": ("mic", "mic"), "table": ("a", "b")}
    with pytest.raises(ArgumentError, match=message):
        compute_statistics(ListedSource(elements, axes), arrays, progress=False)


def test_a_source_without_floating_point_numbers_is_refused():
    source = ListedSource([{"idx": np.array(0, np.int32)}], {"idx": ()})
    with pytest.raises(ArgumentError, match="arrays=None: .*none has floating-point numbers; name some of idx"):
        compute_statistics(source, progress=False)


@pytest.mark.parametrize("kind", [ListedSource, BatchedSource])
@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_a_record_with_values_that_are_not_finite_is_named(kind, wrong):
    elements = maps()
    elements[7]["map"] = elements[7]["map"].copy()
    elements[7]["map"][1, 2, 3] = wrong
    with pytest.raises(DataError, match=r"record 7 of ListedSource\(listed\): 'map' has values that are not finite"):
        compute_statistics(kind(elements, {"map": MAP_AXES}), progress=False)


def test_elements_that_are_not_as_specified_are_named():
    elements = maps()
    source = ListedSource(elements, {"map": MAP_AXES})
    elements[3] = {"map": elements[3]["map"].astype(np.float64)}
    with pytest.raises(DataError, match="record 3 of .*'map' has dtype float64, not float32"):
        compute_statistics(source, progress=False)
    elements[3] = {}
    with pytest.raises(DataError, match="record 3 of .*'map' is missing"):
        compute_statistics(source, progress=False)


def test_a_mask_of_another_length_is_refused():
    elements = random_frames()
    source = ListedSource(elements, FRAME_AXES)
    elements[4]["frame_mask"] = np.ones(1, bool)
    with pytest.raises(DataError, match="'frame_mask' has 1 entries along 'frame', and 'frames' "):
        compute_statistics(source, {"frames": Counted(mask="frame_mask")}, progress=False)
