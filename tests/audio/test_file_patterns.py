import os

import pytest
from recordings import noise, write

from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.file_patterns import find_files

EXTENSIONS = (".wav", ".flac", ".ogg")


@pytest.fixture
def folder(tmp_path):
    """Recordings among other files."""
    for name in (
        "b.wav",
        "a.WAV",
        "sub/c.flac",
        "sub/deep/d.ogg",
        "sub/._e.wav",
        ".hidden/f.wav",
        "notes.txt",
        "g.mp3",
    ):
        (tmp_path / "data" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "data" / name).touch()
    return tmp_path / "data"


def names(pattern, extensions=EXTENSIONS):
    return [item.name for item in find_files(str(pattern), extensions)]


def test_folders_are_searched_in_order_without_what_is_hidden(folder):
    assert names(folder) == ["a.WAV", "b.wav", "sub/c.flac", "sub/deep/d.ogg"]
    assert names(f"{folder}/") == names(folder)
    assert names(folder, (".mp3",)) == ["g.mp3"]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.wav", ["b.wav"]),
        ("*.[wW]*", ["a.WAV", "b.wav"]),
        ("*/*.flac", ["sub/c.flac"]),
        ("s*", ["sub/c.flac", "sub/deep/d.ogg"]),
        ("**", ["a.WAV", "b.wav", "sub/c.flac", "sub/deep/d.ogg"]),
        ("**/*.ogg", ["sub/deep/d.ogg"]),
        ("sub/*/d.ogg", ["deep/d.ogg"]),
    ],
)
def test_patterns_mean_files_and_folders_named_after_their_fixed_part(folder, pattern, expected):
    assert names(folder / pattern) == expected


def test_a_file_given_itself_may_have_any_extension(folder):
    assert names(folder / "notes.txt") == ["notes.txt"]


def test_variables_and_the_home_folder_are_replaced(folder, monkeypatch):
    monkeypatch.setenv("RECORDINGS", str(folder))
    monkeypatch.setenv("HOME", str(folder))
    for pattern in ("$RECORDINGS/sub", "${RECORDINGS}/sub", "~/sub"):
        assert names(pattern) == ["c.flac", "deep/d.ogg"]


def test_relative_paths_begin_in_the_working_directory(folder, monkeypatch):
    monkeypatch.chdir(folder)
    (found,) = find_files("sub/*.flac", EXTENSIONS)
    assert found == (str(folder / "sub" / "c.flac"), "c.flac")


def test_links_are_followed_and_loops_end(folder, tmp_path):
    write(tmp_path / "elsewhere" / "x.wav", noise(0.1))
    os.symlink(tmp_path / "elsewhere", folder / "linked")
    os.symlink(folder, folder / "sub" / "loop")
    assert names(folder) == ["a.WAV", "b.wav", "linked/x.wav", "sub/c.flac", "sub/deep/d.ogg"]


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("{folder}/sup", "no such file or folder; did you mean '{folder}/sub'"),
        ("{folder}/sup/deep/", "did you mean '{folder}/sub'"),
        ("{folder}/nothing.*", "there is no file; give a folder with such files"),
        ("{folder}/sup/*.wav", "there is no file; did you mean '{folder}/sub'"),
        ("{folder}/notes*", r"no file with the extension .wav or .flac or .ogg, but 1 .txt; add to extensions"),
        ("{folder}/empty", "there is no file; give a folder"),
        ("$NOWHERE_SET/a", "the environment variable NOWHERE_SET is not set"),
        ("${{NOWHERE_SET}}/a", "the environment variable NOWHERE_SET is not set"),
        ("~nobody-of-this-name/a", "~nobody-of-this-name has no home folder"),
    ],
)
def test_what_means_nothing_is_an_error(folder, pattern, message):
    (folder / "empty").mkdir()
    with pytest.raises(ArgumentError, match=message.format(folder=folder)):
        find_files(pattern.format(folder=folder), EXTENSIONS)
