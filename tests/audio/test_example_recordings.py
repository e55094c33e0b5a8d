"""Recordings that the package synthesises: labelled truly, with something to hear and with pauses."""

import numpy as np
import pytest
import soundfile

import acoupipe_grain as apg
from acoupipe_grain.audio.example import CLASSES, write_example_recordings
from acoupipe_grain.audio.segments.source import SegmentSource
from acoupipe_grain.errors import ArgumentError


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_example_recordings(tmp_path_factory.mktemp("example") / "recordings")


def contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def segments(folder, **options):
    options = {"features": ["energy"], "labels": str(folder / "labels.csv")} | options
    return SegmentSource(str(folder / "audio"), 0.5, 0.5, **options)


def events(folder, name):
    lines = (folder / "chunks" / f"{name}.seg").read_text().splitlines()
    return [(float(start), float(end)) for start, end, _ in (line.split(",") for line in lines[1:])]


def test_three_classes_have_four_recordings_each(folder):
    names = [f"{label}/{number}" for label in ("chirp", "hum", "knock") for number in range(4)]
    expected = {"labels.csv", "files.csv"}
    expected |= {f"audio/{name}.flac" for name in names} | {f"chunks/{name}.seg" for name in names}
    assert set(contents(folder)) == expected
    assert sum(map(len, contents(folder).values())) < 2e6
    for name in names:
        header = soundfile.info(folder / "audio" / f"{name}.flac")
        assert (header.frames, header.samplerate, header.channels) == (96_000, 16_000, 1)


def test_the_label_files_are_these(folder):
    assert (folder / "labels.csv").read_text() == "id,name\n0,chirp\n1,hum\n2,knock\n"
    assert (folder / "files.csv").read_text().startswith("path,label\nchirp/0.flac,chirp\nchirp/1.flac,chirp\n")
    # Other lines mean that the same seed no longer gives the same recordings.
    assert (folder / "chunks/hum/0.seg").read_text() == "start,end,label\n1.127,2.518,hum\n3.362,4.728,hum\n"


def test_the_same_seed_gives_the_same_recordings(folder, tmp_path):
    assert contents(write_example_recordings(tmp_path / "again")) == contents(folder)
    others = contents(write_example_recordings(tmp_path / "other", seed=2**64 - 1))
    assert others.keys() == contents(folder).keys()
    assert others["labels.csv"] == contents(folder)["labels.csv"]
    assert others["audio/chirp/0.flac"] != contents(folder)["audio/chirp/0.flac"]


@pytest.mark.parametrize("label", CLASSES)
def test_sounds_are_loud_where_labels_say_so_and_nowhere_else(folder, label):
    for number in range(4):
        audio, rate = soundfile.read(folder / "audio" / label / f"{number}.flac")
        times = np.arange(len(audio)) / rate
        is_event = np.zeros(len(audio), dtype=bool)
        for start, end in events(folder, f"{label}/{number}"):
            assert 0.6 <= start < end <= 5.4
            is_event |= (times >= start) & (times < end)
        loud, quiet = (10 * np.log10(np.mean(audio[part] ** 2)) for part in (is_event, ~is_event))
        assert -28 < loud < -18
        assert quiet == pytest.approx(-72, abs=0.3)
        assert np.abs(audio).max() < 1


def test_the_classes_differ_in_their_spectra(folder):
    flatness, centroid = {}, {}
    for label in CLASSES:
        audio, rate = soundfile.read(folder / "audio" / label / "0.flac")
        start, end = (round(time * rate) for time in events(folder, f"{label}/0")[0])
        spectrum = np.abs(np.fft.rfft(audio[start:end]))
        frequencies = np.fft.rfftfreq(end - start, 1 / rate)
        centroid[label] = np.sum(frequencies * spectrum**2) / np.sum(spectrum**2)
        band = spectrum[(frequencies > 500) & (frequencies < 1500)]
        flatness[label] = np.exp(np.mean(np.log(band))) / np.mean(band)
    assert centroid["chirp"] > 2000 > 1500 > max(centroid["hum"], centroid["knock"])
    assert flatness["hum"] < 0.2 < 0.7 < flatness["knock"]


@pytest.mark.parametrize("seed", [0, 7])
def test_segments_are_active_where_chunks_label_them(tmp_path, seed):
    folder = write_example_recordings(tmp_path / "recordings", seed)
    source = segments(folder, chunk_labels=str(folder / "chunks"), activity_params={})
    assert len(source) == 12 * 23
    agrees = (source.table.labels >= 0) == source.table.active
    assert agrees.mean() > 0.9
    assert min(agrees[source.table.file_indices == number].mean() for number in range(12)) > 0.8
    assert 0.35 < source.table.active.mean() < 0.6
    assert set(source.table.labels.tolist()) == {0, 1, 2, -3}
    for number, name in enumerate(source.tables["files"]):
        known = source.table.labels[(source.table.file_indices == number) & (source.table.labels >= 0)]
        assert {source.tables["labels"][label] for label in known} == {name.split("/")[0]}


def test_the_table_of_files_labels_all_segments(folder):
    source = segments(folder, file_labels=str(folder / "files.csv"))
    assert np.bincount(source.table.labels).tolist() == [92, 92, 92]


def test_excerpts_with_saliency_are_none_of_the_pauses(folder):
    groups = {label: [str(folder / "audio" / label)] for label in CLASSES}
    source = apg.AudioDataBalancedSource(groups, 12, duration=1.0, saliency_params=apg.SaliencyParams())
    assert source.tables["groups"] == list(CLASSES)
    assert min(source[index]["loudness"] for index in range(12)) > -40


def test_what_is_there_already_is_left_alone_and_what_is_missing_is_written(tmp_path):
    folder = write_example_recordings(str(tmp_path / "recordings"))
    before = contents(folder)
    (folder / "split.json").write_text("a user's own")
    (folder / "chunks/hum/3.seg").unlink()
    modified = (folder / "labels.csv").stat().st_mtime_ns
    assert write_example_recordings(folder) == folder
    assert contents(folder) == before | {"split.json": b"a user's own"}
    assert (folder / "labels.csv").stat().st_mtime_ns == modified


def test_other_things_are_not_overwritten(folder, tmp_path):
    before = contents(folder)
    with pytest.raises(ArgumentError, match=r"recordings'.*something else.*chunks/chirp/0.seg is another one.*remove"):
        write_example_recordings(folder, seed=1)
    assert contents(folder) == before
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years")
    with pytest.raises(ArgumentError, match=r"mine'.*it is not empty.*another folder"):
        write_example_recordings(tmp_path / "mine")
    assert list(contents(tmp_path / "mine")) == ["thesis.txt"]
    with pytest.raises(ArgumentError, match=r"cannot be written"):
        write_example_recordings(tmp_path / "mine" / "thesis.txt")


def test_an_empty_folder_will_do(folder, tmp_path):
    (tmp_path / "empty").mkdir()
    assert contents(write_example_recordings(tmp_path / "empty")) == contents(folder)


@pytest.mark.parametrize("seed", [-1, 2**64, 1.5, True])
def test_wrong_seeds_are_refused(tmp_path, seed):
    with pytest.raises(ArgumentError, match="seed="):
        write_example_recordings(tmp_path / "recordings", seed)
    assert not (tmp_path / "recordings").exists()
