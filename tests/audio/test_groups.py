import os
import shutil

import numpy as np
import pytest
import soundfile
from recordings import noise, write

from acoupipe_grain.audio.files import BrokenFileError, read_header
from acoupipe_grain.audio.groups import EXTENSIONS, checked_sources, find_groups
from acoupipe_grain.errors import ArgumentError, DataError
from acoupipe_grain.file_patterns import FoundFile, checked_extensions


def found(sources, on_failure="raise"):
    return find_groups(checked_sources(sources), EXTENSIONS, on_failure)


def test_groups_are_sorted_by_name_and_files_in_the_order_of_their_patterns(library):
    groups = found({"speech": [library / "speech" / "speaker1", library / "speech"], "music": str(library / "music")})
    assert groups.num_files == {"music": 3, "speech": 5}
    names = [file.name for file in groups.files]
    assert names == ["0.wav", "1.wav", "2.wav", "1.wav", "3.wav", "speaker0/0.wav", "speaker0/2.wav", "speaker0/4.wav"]
    assert [groups.group_of(number) for number in range(8)] == [0] * 3 + [1] * 5
    assert groups.following(4) == [5, 6, 7, 3]
    assert groups.following(2) == [0, 1]


def test_a_file_that_several_patterns_mean_is_one_file(library):
    folder = library / "music"
    assert len(found({"music": [folder, f"{folder}/*.wav", folder / "1.wav"]}).files) == 3


def test_a_file_is_in_one_group(library):
    with pytest.raises(ArgumentError, match=r"0.wav' is in the groups 'all' and 'music'; narrow one of them"):
        found({"music": [library / "music"], "all": [library]})


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg"])
def test_headers_are_read(tmp_path, suffix):
    path = write(tmp_path / f"x{suffix}", noise(0.5, num_channels=3), 16_000)
    file = read_header(FoundFile(str(path), "x"))
    assert (file.num_frames, file.sample_rate, file.num_channels) == (4000, 16_000, 3)


def test_the_digest_is_of_names_headers_and_content_not_of_places(library, tmp_path):
    shutil.copytree(library, tmp_path / "copy")
    sources = {"music": [library / "music"], "speech": [library / "speech"]}
    copied = {"music": [tmp_path / "copy" / "music"], "speech": [tmp_path / "copy" / "speech"]}
    digest = found(sources).digest
    assert found(copied).digest == digest
    path = tmp_path / "copy" / "music" / "1.wav"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    changed = found(copied).digest
    os.rename(path, path.with_name("1b.wav"))
    renamed = found(copied).digest
    regrouped = found({"musik": [library / "music"], "speech": [library / "speech"]}).digest
    assert len({digest, changed, renamed, regrouped}) == 4


@pytest.fixture
def damaged(tmp_path):
    """Six files, of which three are no audio, hold no sample, or have no header."""
    for number in range(3):
        write(tmp_path / "x" / f"{number}.wav", noise(0.5, number))
    (tmp_path / "x" / "3.wav").write_text("no audio")
    write(tmp_path / "x" / "4.wav", np.zeros((1, 0)))
    (tmp_path / "x" / "5.ogg").write_bytes(b"")
    return tmp_path / "x"


@pytest.mark.parametrize(("name", "message"), [("3.wav", "cannot be read as audio"), ("4.wav", "holds no sample")])
def test_a_broken_file_is_an_error_that_names_it(damaged, name, message):
    with pytest.raises(BrokenFileError, match=f"group 'a': {damaged / name}: {message}.*on_failure='skip'"):
        found({"a": [damaged / name]})


def test_or_it_is_left_out(damaged):
    groups = found({"a": [damaged]}, "skip")
    assert [file.name for file in groups.files] == ["0.wav", "1.wav", "2.wav"]
    assert list(groups.broken) == [str(damaged / name) for name in ("3.wav", "4.wav", "5.ogg")]


def test_a_few_of_those_left_out_are_named(damaged):
    for number in range(10, 17):
        (damaged / f"{number}.wav").write_text("no audio")
    text = found({"a": [damaged]}, "skip").left_out
    assert text.startswith("10 of 13 files are left out: ")
    assert text.count("cannot be read as audio") == 5
    assert text.endswith(" And 5 more.")


def test_a_group_without_a_usable_file_is_an_error_in_any_case(damaged):
    with pytest.raises(DataError, match=r"group 'a': all its files are broken: .*3.wav"):
        found({"a": [damaged / "3.wav"], "b": [damaged / "0.wav"]}, "skip")


def test_headerless_files_are_broken(tmp_path):
    (tmp_path / "x.raw").write_bytes(bytes(1000))
    with pytest.raises(BrokenFileError, match="cannot be read as audio"):
        found({"a": [tmp_path / "x.raw"]})


@pytest.mark.parametrize(
    ("sources", "message"),
    [
        (None, "sources=None: expected a mapping"),
        ({}, "expected a mapping"),
        (["/data"], "expected a mapping"),
        ({"speech": []}, "'speech'.*expected a mapping"),
        ({"speech": [3]}, "expected a mapping"),
        ({"speech": [""]}, "expected a mapping"),
        ({"": ["/data"]}, "expected a mapping"),
        ({3: ["/data"]}, "expected a mapping"),
        ({"speech": {"a": 1}}, "expected a mapping"),
    ],
)
def test_sources_are_groups_of_paths(sources, message):
    with pytest.raises(ArgumentError, match=message):
        checked_sources(sources)


@pytest.mark.parametrize("extensions", [".wav", [], ["wav"], [3], None])
def test_extensions_have_dots(extensions):
    with pytest.raises(ArgumentError, match="extensions=.*expected a list of extensions"):
        checked_extensions(extensions)


def test_extensions_are_compared_in_lower_case():
    assert checked_extensions([".WAV", ".aiff"]) == (".wav", ".aiff")


def test_policies_are_known(library):
    with pytest.raises(ArgumentError, match="unknown on_failure 'ignore'.*raise, skip"):
        found({"a": [library]}, "ignore")


def test_without_soundfile_the_error_says_how_to_install_it(library, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "soundfile", None)
    with pytest.raises(ArgumentError, match=r"audio files need the package soundfile: .*acoupipe-grain\[audio\]"):
        found({"a": [library / "music"]})


def test_other_formats_of_libsndfile_can_be_asked_for(tmp_path):
    soundfile.write(tmp_path / "x.aiff", noise(0.1).T, 8000)
    assert find_groups({"a": [str(tmp_path)]}, (".aiff",), "raise").files[0].num_frames == 800
