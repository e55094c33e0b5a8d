"""Pictures of recordings: what is drawn, and what is said of it."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread

import acoupipe_grain as apg
from acoupipe_grain.audio.example import CLASSES, write_example_recordings
from acoupipe_grain.audio.segments.source import SegmentSource
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.plotting import preview_recordings, write_card
from acoupipe_grain.plotting.named_numbers import names_of
from acoupipe_grain.plotting.spectrogram import Spectrogram, computed_spectrogram, given_spectrogram

MEL = {"name": "mel_spectrum", "options": {"n_mels": 40, "min_freq": 100.0}}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_example_recordings(tmp_path_factory.mktemp("example") / "recordings")


@pytest.fixture(scope="module")
def segments(folder):
    """Segments with a waveform and mel levels, 23 of every recording."""
    labels = {"labels": str(folder / "labels.csv"), "chunk_labels": str(folder / "chunks")}
    options = {"features": ["audio", MEL], "activity_params": {}}
    return SegmentSource(str(folder / "audio"), 0.5, 0.5, **labels, **options)


@pytest.fixture(scope="module")
def stored(segments, tmp_path_factory):
    folder = tmp_path_factory.mktemp("stored") / "data"
    apg.export(segments, folder, start=4, stop=8, num_workers=0, progress=False)
    return apg.ArrayRecordSource(folder)


@pytest.fixture(scope="module")
def excerpts(folder):
    groups = {label: [str(folder / "audio" / label)] for label in CLASSES}
    return apg.AudioDataBalancedSource(groups, 12, duration=1.0, saliency_params={})


@pytest.fixture
def drawn(monkeypatch):
    """The figures that are saved."""
    figures = []
    monkeypatch.setattr(Figure, "savefig", lambda figure, *others, **options: figures.append(figure))
    return figures


class Noise:
    """Recordings of a user's own: two channels, no tables, named otherwise."""

    element_spec = {
        "pressure": apg.ArraySpec((6, 300), "float32", ("channel", "sample"), "Pa"),
        "sample_rate": apg.ArraySpec((), "int32", (), "Hz"),
        "label": apg.ArraySpec((), "int32", ()),
    }

    def __len__(self):
        return 9

    def __getitem__(self, index):
        noise = np.random.default_rng(index).standard_normal((6, 300)).astype(np.float32)
        return {"pressure": noise, "sample_rate": np.array(8000, np.int32), "label": np.array(index, np.int32)}

    def __repr__(self):
        return "Noise()"


def axes_of(figure):
    """Return the axes with something drawn, without colour bars."""
    return [axis for axis in figure.axes if axis.axison and axis.get_label() != "<colorbar>"]


@pytest.mark.parametrize("indices", [(5,), (0, 97, 189), range(9)])
def test_a_picture_is_drawn_for_any_number_of_records(segments, tmp_path, indices):
    preview_recordings(segments, tmp_path / "records.png", indices)
    picture = imread(tmp_path / "records.png")
    assert picture.shape[0] > 300
    assert np.ptp(picture) > 0.5


def test_the_same_records_give_the_same_picture(excerpts, tmp_path):
    for name in ("one.png", "two.png"):
        preview_recordings(excerpts, tmp_path / name)
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()


def test_the_style_of_the_user_does_not_show(excerpts, tmp_path):
    import matplotlib

    preview_recordings(excerpts, tmp_path / "one.png", (0,))
    with matplotlib.rc_context({"font.size": 20, "axes.facecolor": "green"}):
        preview_recordings(excerpts, tmp_path / "two.png", (0,))
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()


def test_segments_have_their_names_and_times(segments, drawn, tmp_path):
    preview_recordings(segments, tmp_path / "records.png", (5, 7, 97))
    axes = axes_of(drawn[0])
    assert [axis.get_title() for axis in axes[:3]] == [
        "record 5: chirp/0.flac\nchirp, active",
        "record 7: chirp/0.flac\nunknown",
        "record 97: hum/0.flac\nhum, active",
    ]
    assert [axis.get_xlim() for axis in axes] == 2 * [(1.25, 1.75), (1.75, 2.25), (1.25, 1.75)]
    assert {axis.get_xlabel() for axis in axes[3:]} == {"time / s"}
    assert (axes[0].get_ylabel(), axes[3].get_ylabel()) == ("audio", "frequency / kHz")
    np.testing.assert_array_equal(axes[0].lines[0].get_ydata(), segments[5]["audio"][0])
    np.testing.assert_allclose(axes[0].lines[0].get_xdata()[[0, 1]], [1.25, 1.25 + 1 / 16_000])
    np.testing.assert_array_equal(axes[3].images[0].get_array(), segments[5]["mel_spectrum"][0])
    assert [label.get_text() for label in axes[3].get_yticklabels()] == ["0.25", "0.5", "1", "2", "4"]
    # 100 Hz ... 8 kHz are 1.5 ... 45.245 mel, and 250 Hz, 500 Hz and 1 kHz are 3.75, 7.5 and 15 mel.
    bands = (np.array([3.75, 7.5, 15]) - 1.5) / (45.245 - 1.5) * 41 - 1
    np.testing.assert_allclose(axes[3].get_yticks()[:3], bands, rtol=1e-3)


def test_excerpts_have_group_and_loudness(excerpts, drawn, tmp_path):
    preview_recordings(excerpts, tmp_path / "records.png", (3,))
    element, tables = excerpts[3], excerpts.tables
    loudness = f"{float(element['loudness']):.1f}".replace("-", "−")
    file, group = tables["files"][element["file_index"]], tables["groups"][element["group_index"]]
    assert axes_of(drawn[0])[0].get_title() == f"record 3: {file}\n{group}, {loudness} LUFS"


def test_stored_records_look_the_same(segments, stored, drawn, tmp_path):
    preview_recordings(segments, tmp_path / "records.png", (5, 7))
    preview_recordings(stored, tmp_path / "stored.png", (1, 3))
    here, there = (axes_of(figure) for figure in drawn)
    assert [axis.get_title() for axis in here] == [axis.get_title() for axis in there]
    for one, other in zip(here, there, strict=True):
        assert (one.get_xlim(), one.get_ylim()) == (other.get_xlim(), other.get_ylim())
        assert (one.get_xlabel(), one.get_ylabel()) == (other.get_xlabel(), other.get_ylabel())


def test_levels_of_another_source_are_drawn_by_band_and_frame(segments, drawn, tmp_path):
    class Levels:
        element_spec = {name: segments.element_spec[name] for name in ("mel_spectrum", "idx")}

        def __len__(self):
            return len(segments)

        def __getitem__(self, index):
            return {name: segments[index][name] for name in self.element_spec}

        def __repr__(self):
            return "Levels()"

    preview_recordings(Levels(), tmp_path / "records.png", (5,))
    (axis,) = axes_of(drawn[0])[:1]
    assert (axis.get_xlabel(), axis.get_ylabel(), axis.get_xlim()) == ("frame", "mel band", (0, 31))


def test_levels_alone_are_enough(folder, drawn, tmp_path):
    source = SegmentSource(str(folder / "audio"), 0.5, features=[MEL])
    preview_recordings(source, tmp_path / "records.png")
    axes = axes_of(drawn[0])
    assert len(axes) == 3
    assert axes[0].get_title() == "record 0: chirp/0.flac"
    assert axes[1].get_xlim() == pytest.approx((0.508, 0.508 + 31 * 0.016))  # around the middle of frames


def test_any_recordings_are_drawn_with_at_most_four_channels(drawn, tmp_path):
    preview_recordings(Noise(), tmp_path / "records.png", range(6))
    axes = axes_of(drawn[0])
    assert len(axes) == 12
    assert len(axes[0].lines) == 4
    assert axes[0].get_ylabel() == "pressure / Pa"
    assert [axis.get_title() for axis in axes[:4]] == [f"record {index}\nlabel {index}" for index in range(4)]


def test_names_of_users_are_text(folder, drawn, tmp_path, monkeypatch):
    class Named(Noise):
        tables = {"labels": ["$\\frac$ 鳥"] * 9, "files": [f"{'folder/' * 9}{name}.wav" for name in "abcdefghi"]}
        element_spec = Noise.element_spec | {"file_index": apg.ArraySpec((), "int32", ())}

        def __getitem__(self, index):
            return super().__getitem__(index) | {"file_index": np.array(index, np.int32)}

    preview_recordings(Named(), tmp_path / "records.png", (1,))
    assert axes_of(drawn[0])[0].get_title() == "record 1: …lder/folder/folder/folder/b.wav\n$\\frac$ 鳥"
    monkeypatch.undo()
    preview_recordings(Named(), tmp_path / "records.png", (1,))
    assert (tmp_path / "records.png").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"path": "records.gif"}, r"path='records.gif': expected a name ending in .png"),
        ({"indices": ()}, "at least one record"),
        ({"indices": (-1,)}, "index=-1"),
    ],
)
def test_wrong_arguments_are_named(segments, options, message):
    with pytest.raises((ArgumentError, apg.RecordIndexError), match=message):
        preview_recordings(segments, **{"path": "records.png", **options})


def test_other_sources_are_refused(small_source, folder):
    with pytest.raises(ArgumentError, match=r"needs audio \(channel, sample\).*have sourcemap \(frequency, x, y\)"):
        preview_recordings(small_source, "records.png")
    powers = {"name": "mel_spectrum", "options": {"log": False}}
    source = SegmentSource(str(folder / "audio"), 0.5, features=[powers, "energy"])
    with pytest.raises(ArgumentError, match=r"in dB; the elements have mel_spectrum .*energy \(channel, frame\)"):
        preview_recordings(source, "records.png")


def test_a_tone_lies_at_its_frequency_and_a_click_at_its_time():
    rate = 16_000
    times = np.arange(rate) / rate
    tone = computed_spectrogram(np.sin(2 * np.pi * 2000 * times).astype(np.float32), rate)
    assert tone.levels.mean(axis=1).argmax() == pytest.approx(tone.bands_of([2000])[0], abs=0.6)
    click = np.zeros(rate, dtype=np.float32)
    click[4000] = 1.0
    spectrogram = computed_spectrogram(click, rate)
    frames = np.flatnonzero(spectrogram.levels.max(axis=0) > spectrogram.levels.max() - 1)
    middle = spectrogram.lead + (frames.mean() + 0.5) * spectrogram.hop
    assert middle == pytest.approx(0.25, abs=spectrogram.hop / 2)
    assert spectrogram.lead + spectrogram.levels.shape[1] * spectrogram.hop <= 1.0


@pytest.mark.parametrize(("num_samples", "sample_rate"), [(1, 8000), (100, 44_100), (3000, 100), (48_000, 192_000)])
def test_audio_of_any_length_and_rate_has_levels(num_samples, sample_rate):
    spectrogram = computed_spectrogram(np.ones(num_samples, dtype=np.float32), sample_rate)
    assert spectrogram.levels.shape[0] == 64
    assert np.isfinite(spectrogram.levels).all()
    assert 0 <= spectrogram.lead < num_samples / sample_rate


@pytest.mark.parametrize("value", [0.0, np.nan])
def test_silence_and_what_is_not_finite_are_drawn(tmp_path, value):
    class Constant(Noise):
        def __getitem__(self, index):
            return super().__getitem__(index) | {"pressure": np.full((6, 300), value, np.float32)}

    preview_recordings(Constant(), tmp_path / "records.png")
    assert (tmp_path / "records.png").exists()


def test_the_framing_of_the_source_says_what_frames_and_bands_are(segments):
    given = given_spectrogram(segments, "mel_spectrum", segments[5]["mel_spectrum"], 16_000)
    assert (given.hop, given.lead, given.frequency_range) == (0.016, 0.008, (100.0, 8000.0))
    np.testing.assert_allclose(given.bands_of([100.0, 8000.0]), [-1, 40])
    unknown = Spectrogram(given.levels, None, None)
    assert unknown.frequency_label == "mel band"
    with pytest.raises(ArgumentError, match="frequency_range"):
        unknown.bands_of([1000.0])


def test_numbers_are_named_by_the_tables():
    tables = {"files": ["a.wav"], "groups": ["x", "y"], "labels": ["crow", "", "wren"], "animal": ["dog"]}
    assert names_of("file_index", tables) == {0: "a.wav"}
    assert names_of("group_index", tables) == {0: "x", 1: "y"}
    assert names_of("animal", tables) == {0: "dog"}
    reserved = {-1: "no activity", -2: "garbage", -3: "unknown"}
    assert names_of("label", tables) == {0: "crow", 1: "", 2: "wren", **reserved}
    assert names_of("label", {}) == names_of("idx", tables) == {}


def test_a_card_names_labels_that_are_reserved(stored, tmp_path):
    page = write_card(stored.path, tmp_path / "card.html").read_text(encoding="utf-8")
    assert "label: 2 names, most often &#x27;chirp&#x27;" in page
