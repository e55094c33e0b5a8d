import numpy as np
import pytest
from recordings import noise, write

import acoupipe_grain as apg
from acoupipe_grain.audio.features import Standardization
from acoupipe_grain.audio.segments.precomputed import PrecomputedFeature
from acoupipe_grain.config import source_from_configuration
from acoupipe_grain.errors import ArgumentError, DataError


@pytest.fixture
def folder(tmp_path):
    """Recordings of 2.0 and 0.3 s at 8000 Hz, with a feature of 50 rows a second in which rows tell their number."""
    for name, seconds in (("a/long", 2.0), ("short", 0.3)):
        write(tmp_path / "audio" / f"{name}.wav", noise(seconds))
        rows = np.arange(round(50 * seconds), dtype=np.float64)
        path = tmp_path / "pitch" / f"{name}.npy"
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, np.stack([rows, 100 + rows, -rows], axis=1))
    return tmp_path


def described(place, **changes):
    return {"name": "pitch", "folder": str(place / "pitch"), "sample_rate": 50} | changes


def test_rows_belong_to_the_time_of_the_segment(folder):
    source = apg.SegmentSource(str(folder / "audio"), 0.5, 0.5, features=["audio", described(folder)])
    assert source.element_spec["pitch"].shape == (1, 3, 25)
    assert source.element_spec["pitch"].axes == ("channel", "feature", "frame")
    for index in range(7):
        first = index * 25 // 2  # a segment begins every 12.5 rows
        expected = np.arange(first, first + 25)
        np.testing.assert_array_equal(source[index]["pitch"][0], np.stack([expected, 100 + expected, -expected]))
    short = source[7]["pitch"][0]
    assert short[0].tolist() == [*range(15), *[0] * 10]


def test_rows_of_one_number_have_no_size(folder):
    for name in ("a/long", "short"):
        path = folder / "pitch" / f"{name}.npy"
        np.save(path, np.load(path)[:, 1].astype(np.int16))
    source = apg.SegmentSource(folder / "audio", 0.5, features=[described(folder, scaler={"mean": 100, "scale": 2})])
    assert source.element_spec["pitch"].shape == (1, 25)
    np.testing.assert_array_equal(source[1]["pitch"][0], np.arange(25, 50) / 2)
    assert source.inputs.element_spec.keys() == {"precomputed/pitch", *source.inputs.about_spec}  # no audio is read


def test_features_are_transformed_in_records_and_batches(folder):
    scaler = Standardization([10.0, 110.0], [2.0, 4.0])
    pca = {"mean": [0, 0, 0], "components": [[1, 0, 0], [0, 1, 0]]}
    features = [PrecomputedFeature("pitch", str(folder / "pitch"), 50, scaler=scaler, pca=pca), "energy"]
    source = apg.SegmentSource(folder / "audio", 0.5, features=features)
    assert source.element_spec["pitch"].axes == ("channel", "component", "frame")
    rows = np.arange(25, 50)
    expected = np.stack([(rows - 10) / 2, (100 + rows - 110) / 4])
    np.testing.assert_allclose(source[1]["pitch"][0], expected, rtol=1e-6)
    (batch,) = apg.make_loader(source, 5, shuffle=False)
    np.testing.assert_allclose(batch["pitch"][1, 0], expected, rtol=1e-6)


def test_a_configuration_rebuilds_it_and_changed_files_are_noticed(folder):
    source = apg.SegmentSource(
        folder / "audio", 0.5, features=[described(folder, scaler={"mean": [0] * 3, "scale": [1] * 3})]
    )
    configuration = source.configuration
    assert source_from_configuration(configuration) == source
    assert str(folder) not in repr(source)
    np.save(folder / "pitch" / "short.npy", np.ones((15, 3)))
    changed = apg.SegmentSource(folder / "audio", 0.5, features=[described(folder)])
    assert repr(changed) != repr(source)
    with pytest.raises(ArgumentError, match=r"are not those that the records come of \(precomputed features have"):
        source_from_configuration(configuration)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "a b"}, "features: name='a b': expected an identifier"),
        ({"sample_rate": 0}, "features: sample_rate of 'pitch'=0: expected"),
        ({"sample_rate": 1.5}, "sample_rate=1.5 of 'pitch': a segment of 4000 samples at 8000 Hz has no row"),
        ({"sample_rate": 60}, "a/long.npy has 100 rows, and the last segment of a/long.wav needs 120 at 60 Hz"),
        ({"folder": "nowhere"}, "nowhere/a/long.npy cannot be read"),
        ({"size": 3}, "unknown value of a feature with a folder 'size'"),
        ({"scaler": "scaler.pkl"}, "scaler.pkl"),
        ({"pca": {"mean": [0, 0], "components": [[1, 0]]}}, "pca: is of 2 numbers, and feature 'pitch' has 3"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_bad_descriptions_are_refused(folder, changes, message):
    with pytest.raises(ArgumentError, match=message):
        apg.SegmentSource(folder / "audio", 0.5, features=[described(folder, **changes)])


def test_missing_values_are_named():
    with pytest.raises(ArgumentError, match="lacks sample_rate"):
        apg.SegmentSource("audio", 0.5, features=[{"name": "pitch", "folder": "pitch"}])


def test_files_that_differ_or_hold_something_else_are_refused(folder):
    def source():
        return apg.SegmentSource(folder / "audio", 0.5, features=[described(folder)])

    np.save(folder / "pitch" / "short.npy", np.ones((15, 2)))
    with pytest.raises(ArgumentError, match=r"rows of .*long.npy have the size 3, those of .*short.npy 2"):
        source()
    np.save(folder / "pitch" / "short.npy", np.ones((15, 2, 3)))
    with pytest.raises(ArgumentError, match=r"short.npy holds float64 of the shape \(15, 2, 3\); expected"):
        source()
    np.save(folder / "pitch" / "short.npy", np.array(["a"] * 15))
    with pytest.raises(ArgumentError, match=r"short.npy holds <U1 of the shape \(15,\); expected real numbers"):
        source()
    np.save(folder / "pitch" / "short.npy", np.zeros((15, 0)))
    with pytest.raises(ArgumentError, match=r"short.npy holds float64 of the shape \(15, 0\)"):
        source()
    np.save(folder / "pitch" / "short.npy", np.array([{"a": 1}]), allow_pickle=True)
    with pytest.raises(ArgumentError, match=r"short.npy cannot be read"):
        source()


def test_a_rate_that_is_too_low_is_told(folder):
    np.save(folder / "pitch" / "short.npy", np.zeros((8, 3)))
    with pytest.warns(
        UserWarning, match=r"a/long.npy has 100 rows, and a/long.wav lasts for 50.0 at 25 Hz; is the rate"
    ):
        apg.SegmentSource(folder / "audio", 0.5, features=[described(folder, sample_rate=25)])


def test_rows_of_one_number_may_be_columns(folder):
    features = [described(folder)]
    expected = {}
    for shape in ((-1,), (-1, 1)):
        for name, count in (("a/long", 100), ("short", 15)):
            np.save(folder / "pitch" / f"{name}.npy", np.arange(count, dtype=np.float32).reshape(shape))
        source = apg.SegmentSource(folder / "audio", 0.5, features=features)
        assert source.element_spec["pitch"].shape == (1, 25)
        expected[shape] = source[1]["pitch"]
    np.testing.assert_array_equal(*expected.values())


def test_what_changes_or_is_not_finite_later_is_an_error_that_names_the_record(folder):
    source = apg.SegmentSource(folder / "audio", 0.5, features=[described(folder)])
    path = folder / "pitch" / "a" / "long.npy"
    rows = np.load(path)
    rows[30, 1] = np.nan
    np.save(path, rows)
    assert np.isfinite(source[0]["pitch"]).all()
    with pytest.raises(DataError, match=r"record 1: features: 'pitch': .*long.npy, row 30: holds numbers that are not"):
        source[1]
    rows[30, 1] = 1e300
    np.save(path, rows)
    with pytest.raises(DataError, match="row 30: .* not in single precision"):
        source[1]
    np.save(path, rows[:50])
    with pytest.raises(DataError, match=r"record 0: .* has the shape \(50, 3\), and had \(100, 3\)"):
        source[0]
    path.unlink()
    with pytest.raises(DataError, match=r"record 0: .*long.npy cannot be read"):
        source[0]


def test_two_recordings_do_not_share_a_file(folder):
    write(folder / "audio" / "short.flac", noise(0.3))
    with pytest.raises(ArgumentError, match=r"'pitch': 'short.flac' and 'short.wav' would have the same file"):
        apg.SegmentSource(folder / "audio", 0.5, features=[described(folder)])
