import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.files.output_writer import OutputWriter
from acoupipe_grain.files.raw import read_raw
from acoupipe_grain.files.wav import read_wav

ROWS = np.random.default_rng(0).uniform(-0.9, 0.9, (10, 3)).astype(np.float32)


def test_other_extensions_are_raw_matrices(tmp_path):
    path = OutputWriter(tmp_path, ".mgc").write("a", ROWS)
    assert path == tmp_path / "a.mgc"
    np.testing.assert_array_equal(read_raw(path, 3), ROWS)
    path = OutputWriter(str(tmp_path), ".lf0", big_endian=True).write("a", ROWS[:, 0])
    np.testing.assert_array_equal(read_raw(path, big_endian=True), ROWS[:, 0])


@pytest.mark.parametrize(("encoding", "tolerance"), [("int16", 2.0**-16), ("int32", 2.0**-32), ("float32", 0)])
def test_wav_files_are_sound_in_the_encoding_that_is_asked_for(tmp_path, encoding, tolerance):
    path = OutputWriter(tmp_path, ".wav", sample_rate=16_000, encoding=encoding).write("a", ROWS)
    sample_rate, sound = read_wav(path)
    assert sample_rate == 16_000
    assert np.abs(sound - ROWS).max() <= tolerance


def test_sound_beyond_full_scale_is_clipped(tmp_path):
    path = OutputWriter(tmp_path, ".WAV", sample_rate=8000).write("a", np.array([-2.0, 0.0, 2.0]))
    assert path.name == "a.WAV"
    assert (read_wav(path)[1] * 2**15).tolist() == [-(2**15), 0, 2**15 - 1]


def test_outputs_are_cut_to_their_length(tmp_path):
    writer = OutputWriter(tmp_path, ".raw")
    np.testing.assert_array_equal(read_raw(writer.write("a", ROWS, 4), 3), ROWS[:4])
    np.testing.assert_array_equal(read_raw(writer.write("a", ROWS, length=10), 3), ROWS)


@pytest.mark.parametrize("length", [11, 0, -1, 2.0])
def test_lengths_that_the_array_has_not_are_refused(tmp_path, length):
    with pytest.raises(ArgumentError, match=f"length={length}"):
        OutputWriter(tmp_path, ".raw").write("a", ROWS, length)
    assert not list(tmp_path.glob("*.raw"))


def test_the_prefix_comes_before_the_last_part_of_the_name(tmp_path):
    writer = OutputWriter(tmp_path / "new", ".raw", prefix="out-")
    assert writer.write("speaker/b/a.b", ROWS) == tmp_path / "new" / "speaker" / "b" / "out-a.b.raw"


def test_folders_may_have_variables(tmp_path, monkeypatch):
    monkeypatch.setenv("OUTPUTS", str(tmp_path))
    assert OutputWriter("$OUTPUTS/x", ".raw").write("a", ROWS) == tmp_path / "x" / "a.raw"


@pytest.mark.parametrize("name", ["../a", "a/../../b", "/a", "", "a/", "a//b", ".", "a\\b", "a\0", 3, None])
def test_names_that_lead_out_of_the_folder_are_refused(tmp_path, name):
    with pytest.raises(ArgumentError, match="name="):
        OutputWriter(tmp_path / "folder", ".raw").write(name, ROWS)
    assert not (tmp_path / "folder").exists()


def test_a_file_is_replaced_as_a_whole_or_not_at_all(tmp_path, monkeypatch):
    writer = OutputWriter(tmp_path, ".raw")
    path = writer.write("a", ROWS)

    def fail(path, content):
        with path.open("wb") as file:
            file.write(content[:4])
        raise OSError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_bytes", fail)
        with pytest.raises(OSError, match="the disk is full"):
            writer.write("a", ROWS[:2])
    np.testing.assert_array_equal(read_raw(path, 3), ROWS)
    writer.write("a", ROWS[:2])
    np.testing.assert_array_equal(read_raw(path, 3), ROWS[:2])
    assert [file.name for file in tmp_path.glob("*.raw*")] == ["a.raw"]
    assert not list(tmp_path.glob(".*"))


def test_what_cannot_be_written_leaves_no_folder(tmp_path):
    for writer in (OutputWriter(tmp_path, ".raw"), OutputWriter(tmp_path, ".wav", sample_rate=8000)):
        with pytest.raises(ArgumentError, match="array"):
            writer.write("new/a", np.full(3, np.nan))
    assert not (tmp_path / "new").exists()
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ArgumentError, match="name='file/a': a file is where its folder"):
        OutputWriter(tmp_path, ".raw").write("file/a", ROWS)
    with pytest.raises(ArgumentError, match="sample_rate=8000: raw matrices say none"):
        OutputWriter(tmp_path, ".raw", sample_rate=8000)


def test_threads_write_together(tmp_path):
    writer = OutputWriter(tmp_path, ".raw")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: writer.write(f"deep/{number % 4}", ROWS + number % 4), range(40)))
    for number in range(4):
        np.testing.assert_array_equal(read_raw(tmp_path / "deep" / f"{number}.raw", 3), ROWS + number)


@pytest.mark.parametrize("array", [ROWS[np.newaxis], np.float32(1), ROWS[:0], ROWS * np.nan, ["a"]])
def test_arrays_that_cannot_be_written_are_refused(tmp_path, array):
    for writer in (OutputWriter(tmp_path, ".raw"), OutputWriter(tmp_path, ".wav", sample_rate=8000)):
        with pytest.raises(ArgumentError, match="array"):
            writer.write("a", array)
    assert not list(tmp_path.glob("*.*"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"extension": ".wav"}, "sample_rate=None: files with the extension .wav need one"),
        ({"extension": ".wav", "sample_rate": 0}, "sample_rate=0: must be at least 1"),
        ({"extension": ".wav", "sample_rate": 8000, "encoding": "int24"}, "unknown encoding 'int24'"),
        (
            {"extension": ".wav", "sample_rate": 8000, "big_endian": True},
            "big_endian=True: WAV files are little-endian",
        ),
        ({"extension": ".raw", "encoding": "int32"}, "encoding='int32': raw matrices are float32"),
        ({"extension": ".raw", "big_endian": 1}, "big_endian=1: expected true or false"),
        ({"extension": "raw"}, "extension='raw': expected an extension with its dot"),
        ({"extension": "."}, "extension='.'"),
        ({"extension": "./a"}, "extension='./a'"),
        ({"extension": ".raw", "prefix": "a/"}, "prefix='a/': expected the beginning of a file name"),
        ({"extension": ".raw", "prefix": None}, "prefix=None"),
        ({"extension": ".raw", "folder": ""}, "folder='': expected the path of a folder"),
    ],
)
def test_wrong_arguments_are_named(tmp_path, arguments, message):
    with pytest.raises(ArgumentError, match=message):
        OutputWriter(**{"folder": str(tmp_path), **arguments})


def test_copies_write_the_same(tmp_path):
    writer = OutputWriter(tmp_path, ".wav", sample_rate=8000, prefix="x")
    copy = pickle.loads(pickle.dumps(writer))
    assert copy == writer
    assert hash(copy) == hash(writer)
    first = writer.write("a", ROWS).read_bytes()
    assert copy.write("a", ROWS).read_bytes() == first
