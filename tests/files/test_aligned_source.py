import json
import pickle
import shutil
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from acoupipe_grain.errors import ArgumentError, DataError, RecordIndexError
from acoupipe_grain.files.aligned_source import AlignedSource
from acoupipe_grain.files.alignment import align
from acoupipe_grain.files.raw import read_raw, write_raw
from acoupipe_grain.files.wav import read_wav, write_wav
from acoupipe_grain.specs import check_element, ragged_axes, require_source

NUM_FRAMES = {"a": 100, "b": 250, "sub/c": 60}
RESOLUTION = 80


def numbers(name, kind, num_rows, num_columns):
    seed = list(f"{kind} {name}".encode())
    return np.random.default_rng(seed).uniform(-0.9, 0.9, (num_rows, num_columns)).astype(np.float32)


@pytest.fixture
def folder(tmp_path):
    """Streams of three names: mgc (5 features), f0, wav, and a speaker of two features for the whole name."""
    folder = tmp_path / "data"
    for kind in ("mgc", "f0", "wav", "speaker"):
        (folder / kind / "sub").mkdir(parents=True)
    for name, num_frames in NUM_FRAMES.items():
        write_raw(numbers(name, "mgc", num_frames, 5), folder / f"mgc/{name}.mgc")
        write_raw(numbers(name, "f0", num_frames, 1), folder / f"f0/{name}.lf0.raw")
        write_raw(numbers(name, "speaker", 1, 2), folder / f"speaker/{name}.raw")
        write_wav(numbers(name, "wav", num_frames * RESOLUTION, 1), folder / f"wav/{name}.wav", 16_000)
    return folder


def vocoder(folder, **changed):
    """Return a source of waveforms to be made from features."""
    arguments = {
        "input_folders": [folder / "mgc"],
        "input_extensions": [".mgc"],
        "input_dimensions": [5],
        "input_resolutions": [RESOLUTION],
        "output_folders": [folder / "wav"],
        "output_extensions": [".wav"],
        "output_dimensions": [1],
        "chunk_length": 7200,
        "min_length": 1600,
    }
    return AlignedSource(**(arguments | changed))


def with_three_inputs(folder, **changed):
    return vocoder(
        folder,
        **{
            "input_folders": [str(folder / "mgc"), str(folder / "speaker"), str(folder / "f0")],
            "input_extensions": [".mgc", ".raw", ".lf0.raw"],
            "input_dimensions": [5, 2, 1],
            "input_resolutions": [RESOLUTION] * 3,
            **changed,
        },
    )


def same(one, other):
    return one.keys() == other.keys() and all(
        one[key].dtype == other[key].dtype and np.array_equal(one[key], other[key]) for key in one
    )


def test_frames_of_inputs_and_samples_of_targets_are_of_the_same_time(folder):
    source = require_source(vocoder(folder))
    assert len(source) == 5
    assert source[0]["input"].shape == (90, 5)
    assert source[0]["target"].shape == (7200, 1)
    assert source.tables == {"files": ["a", "b", "sub/c"]}
    assert source.element_spec["input"].axes == ("input_frame", "input_feature")
    assert source.element_spec["target"].axes == ("target_frame", "target_feature")
    assert ragged_axes(source.element_spec) == ("input_frame", "target_frame")
    places = [(0, 0, 7200), (1, 0, 7200), (1, 7200, 7200), (1, 14_400, 5600), (2, 0, 4800)]
    for index, (file, first, length) in enumerate(places):
        element = source[index]
        check_element(element, source.element_spec, f"record {index}")
        assert (element["idx"], element["file_index"], element["first_sample"]) == (index, file, first)
        assert element["sample_rate"] == 16_000
        name = source.tables["files"][file]
        frames = slice(first // RESOLUTION, (first + length) // RESOLUTION)
        np.testing.assert_array_equal(element["input"], read_raw(folder / f"mgc/{name}.mgc", 5)[frames])
        wave = read_wav(folder / f"wav/{name}.wav")[1]
        np.testing.assert_array_equal(element["target"][:, 0], wave[first : first + length])
        assert source.lengths["input_frame"][index] == length // RESOLUTION
        assert source.lengths["target_frame"][index] == length
        assert all(array.flags.c_contiguous and array.flags.writeable for array in element.values())
    assert (source.chunks.num_left_out, source.chunks.rows_left_out) == (1, 800)


def test_streams_stand_side_by_side_and_those_of_one_frame_repeat(folder):
    source = with_three_inputs(folder, chunk_length=None, min_length=None)
    for index, (name, num_frames) in enumerate(NUM_FRAMES.items()):
        expected = [
            numbers(name, "mgc", num_frames, 5),
            np.repeat(numbers(name, "speaker", 1, 2), num_frames, axis=0),
            numbers(name, "f0", num_frames, 1),
        ]
        np.testing.assert_array_equal(source[index]["input"], np.concatenate(expected, axis=1))


def test_slower_streams_are_repeated_to_the_finest_of_their_array(folder):
    """Frames of 240 samples among those of 80; the targets keep their own resolution."""
    (folder / "slow/sub").mkdir(parents=True)
    for name, num_frames in NUM_FRAMES.items():
        write_raw(numbers(name, "slow", num_frames // 3, 2), folder / f"slow/{name}.slow")
    source = vocoder(
        folder,
        input_folders=[folder / "slow", folder / "mgc"],
        input_extensions=[".slow", ".mgc"],
        input_dimensions=[2, 5],
        input_resolutions=[240, 80],
        chunk_length=4000,
        min_length=None,
    )
    assert source.chunks.num_rows[:3].tolist() == [3840, 3840, 240]  # 100 frames are cut to 99
    for index in range(len(source)):
        element = source[index]
        name, first = source.tables["files"][element["file_index"]], int(element["first_sample"])
        length = len(element["target"])
        slow = numbers(name, "slow", NUM_FRAMES[name] // 3, 2)
        for frame in range(length // 80):
            np.testing.assert_array_equal(element["input"][frame, :2], slow[(first // 80 + frame) // 3])
        frames = slice(first // 80, (first + length) // 80)
        np.testing.assert_array_equal(element["input"][:, 2:], numbers(name, "mgc", NUM_FRAMES[name], 5)[frames])


def test_lengths_are_floored_to_the_largest_resolution(folder):
    exact = vocoder(folder, chunk_length=7200, min_length=800)
    for chunk_length, min_length in ((7279, 879), (7200, 800)):
        source = vocoder(folder, chunk_length=chunk_length, min_length=min_length)
        assert source.chunks.num_rows.tolist() == exact.chunks.num_rows.tolist()
    assert len(exact) == 6
    assert len(vocoder(folder, min_length=880)) == 5
    assert len(vocoder(folder, min_length=79)) == len(vocoder(folder, min_length=None)) == 6
    with pytest.raises(ArgumentError, match=r"chunk_length=79: is shorter than one frame of the slowest stream, 80"):
        vocoder(folder, chunk_length=79)


def test_without_outputs_elements_have_no_target_and_without_waveforms_no_sample_rate(folder):
    nothing = dict.fromkeys(("output_folders", "output_extensions", "output_dimensions"), ())
    source = vocoder(folder, **nothing)
    assert list(source.element_spec) == ["input", "file_index", "first_sample", "idx"]
    assert source[0].keys() == source.element_spec.keys()
    assert source.sample_rate is None
    assert list(source.normalised) == list(source.unvoiced) == ["input"]
    assert list(source.lengths) == ["input_frame"]


def test_names_of_utterance_streams_only_have_one_frame(folder):
    source = AlignedSource([folder / "speaker"], [".raw"], [2], input_resolutions=[80])
    assert [source[index]["input"].shape for index in range(3)] == [(1, 2)] * 3
    assert source.chunks.num_rows.tolist() == [80] * 3


def test_the_length_rule():
    """Rows are streams, columns names: in time, a tenth too short, shorter still, of the whole name, and all such."""
    num_frames = np.array([[100, 100, 100, 100, 1], [8000, 7200, 7199, 1, 1]])
    found = align(num_frames, np.array([80, 1]))
    assert found.is_mismatch.tolist() == [False, False, True, False, False]
    assert found.lengths.tolist() == [8000, 7200, 7120, 8000, 80]
    assert found.shortest.tolist() == [8000, 7200, 7199, 8000, 80]
    assert found.longest.tolist() == [8000, 8000, 8000, 8000, 80]


def test_streams_are_cut_to_the_shortest_and_refused_or_skipped_where_they_differ_much(folder):
    write_wav(numbers("a", "wav", 7201, 1), folder / "wav/a.wav", 16_000)
    source = vocoder(folder, chunk_length=None)
    assert source.lengths["target_frame"].tolist() == [7200, 20_000, 4800]
    assert source.lengths["input_frame"].tolist() == [90, 250, 60]
    write_wav(numbers("a", "wav", 7199, 1), folder / "wav/a.wav", 16_000)
    with pytest.raises(
        DataError,
        match=r"'a': .*a\.mgc has 100 x 80 = 8000 samples, .*a\.wav has 7199 x 1 = 7199 samples: lengths differ by "
        r"more than 10 % .*on_mismatch='skip'",
    ):
        vocoder(folder)
    source = vocoder(folder, on_mismatch="skip")
    assert source.tables == {"files": ["b", "sub/c"]}
    assert list(source.names_left_out) == ["a"]
    assert "7199 x 1" in source.names_left_out["a"]
    np.testing.assert_array_equal(source[0]["input"], numbers("b", "mgc", 250, 5)[:90])
    with pytest.raises(ArgumentError, match=r"'a': .*lengths differ .*no name is left"):
        vocoder(folder, on_mismatch="skip", names=["a"])


def test_names_without_a_file_in_every_folder_are_left_out_and_listed(folder):
    (folder / "wav/b.wav").unlink()
    write_raw(np.zeros((9, 5)), folder / "mgc/d.mgc")
    (folder / "mgc/notes.txt").write_text("no stream")
    source = vocoder(folder)
    assert source.tables == {"files": ["a", "sub/c"]}
    assert list(source.names_left_out) == ["b", "d"]
    assert source.names_left_out["b"] == f"has no .wav in {folder / 'wav'}"
    for name in ("a", "sub/c"):
        (folder / f"wav/{name}.wav").rename(folder / f"wav/{name}x.wav")
    with pytest.raises(ArgumentError, match=r"names=None: no name has a file in every folder: .*mgc has 4 with"):
        vocoder(folder)


def test_given_names_keep_their_order_and_must_be_there(folder, tmp_path):
    listed = vocoder(folder, names=["sub/c", "a"])
    assert listed.tables == {"files": ["sub/c", "a"]}
    assert listed[0]["input"].shape == (60, 5)
    (tmp_path / "names.txt").write_text("\n  sub/c \n\n\ta\r\n\n")
    from_file = vocoder(folder, names=tmp_path / "names.txt")
    assert repr(from_file) == repr(listed)
    (folder / "wav/a.wav").unlink()
    with pytest.raises(
        ArgumentError, match=r"names: 'a' has no file with the extension '\.wav' in output_folders\[0\]='.*wav'"
    ):
        vocoder(folder, names=["sub/c", "a"])


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([], "expected a list of names"),
        ([1], "expected a list of names"),
        (5, "expected a list of names"),
        (["a", "a"], "has 'a' twice"),
        (["../a"], r"'\.\./a' is no path of a file in its folder"),
        (["/a"], "'/a' is no path"),
        ([""], "'' is no path"),
        ("no.txt", r"names='no\.txt': cannot be read"),
    ],
)
def test_names_that_are_none_are_refused(folder, names, message):
    with pytest.raises(ArgumentError, match=message):
        vocoder(folder, names=names)


def test_only_the_extension_at_the_end_belongs_to_no_name(folder):
    """Dots, and the extension itself, may be in the middle of a name."""
    for name in ("v1.mgc.x", "w.lf0"):
        write_raw(np.zeros((20, 5)), folder / f"mgc/{name}.mgc")
        write_wav(np.zeros(1600), folder / f"wav/{name}.wav", 16_000)
    assert vocoder(folder).tables == {"files": ["a", "b", "sub/c", "v1.mgc.x", "w.lf0"]}


def test_extensions_are_as_long_as_they_are_written(folder):
    """ "a.lf0.raw" is "a" with the extension ".lf0.raw" and "a.lf0" with ".raw"."""
    for extension, names in ((".lf0.raw", ["a", "b", "sub/c"]), (".raw", ["a.lf0", "b.lf0", "sub/c.lf0"])):
        assert AlignedSource([folder / "f0"], [extension], [1]).tables == {"files": names}
    with pytest.raises(ArgumentError, match=r"input_folders\[0\]='.*f0': no file ends in '\.RAW', but 'a\.lf0\.raw'"):
        AlignedSource([folder / "f0"], [".RAW"], [1])


def test_waveforms_are_told_by_their_extension_in_any_case(folder):
    for name in NUM_FRAMES:
        (folder / f"wav/{name}.wav").rename(folder / f"wav/{name}.WAV")
    source = vocoder(folder, output_extensions=[".WAV"])
    assert source[0]["sample_rate"] == 16_000
    assert source[0]["target"].shape == (7200, 1)


def test_waveforms_of_several_channels_and_sample_rates(folder):
    for name, num_frames in NUM_FRAMES.items():
        write_wav(numbers(name, "wav", num_frames * RESOLUTION, 2), folder / f"wav/{name}.wav", 16_000)
    wave = numbers("a", "wav", 8000, 2)
    target = vocoder(folder, output_dimensions=[2])[0]["target"]
    assert np.abs(target - wave[:7200]).max() <= 2.0**-16  # half a step of 16 bits
    with pytest.raises(DataError, match=r"a\.wav: has 2 channels, and its stream output_folders\[0\] the dimension 1"):
        vocoder(folder)
    write_wav(wave, folder / "wav/a.wav", 8000)
    with pytest.raises(ArgumentError, match=r"waveforms: .*a\.wav has 8000 Hz, .*b\.wav 16000 Hz"):
        vocoder(folder, output_dimensions=[2])


def test_no_mismatch_of_dimensions_passes(folder):
    with pytest.raises(DataError, match=r"a\.mgc: its 2000 bytes are not whole rows of 3 columns"):
        vocoder(folder, input_dimensions=[3])


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"input_extensions": [".mgc", ".f0"]}, "input_extensions: has 2 items and input_folders 1; give one for"),
        ({"input_dimensions": []}, "input_dimensions: has 0 items and input_folders 1"),
        ({"output_resolutions": [1, 1]}, "output_resolutions: has 2 items and output_folders 1"),
        ({"input_normalise": [True, False]}, "input_normalise: has 2 items"),
        ({"output_unvoiced": []}, "output_unvoiced: has 0 items"),
        ({"input_folders": "mgc"}, "input_folders='mgc': expected a list"),
        ({"input_folders": [5]}, r"input_folders\[0\]=5: expected the path"),
        ({"input_folders": ["nowhere"]}, r"input_folders\[0\]='.*nowhere': there is no such folder"),
        ({"input_extensions": ["mgc"]}, r"input_extensions\[0\]='mgc': expected an extension with its dot"),
        ({"input_dimensions": [0]}, r"input_dimensions\[0\]=0: must be at least 1"),
        ({"input_resolutions": [80.0]}, r"input_resolutions\[0\]=80\.0: expected an integer"),
        ({"input_normalise": [1]}, r"input_normalise\[0\]=1: expected true or false"),
        ({"input_unvoiced": ["0"]}, r"input_unvoiced\[0\]='0': expected a finite number"),
        ({"min_length": 8000}, r"min_length=8000: no chunk is left, with chunk_length=7200 .*larger chunk_length"),
        ({"chunk_length": 0}, "chunk_length=0: must be at least 1"),
        ({"min_length": True}, "min_length=True: expected an integer"),
        ({"on_mismatch": "cut"}, r"unknown on_mismatch 'cut'.* raise, skip"),
        ({"big_endian": None}, "big_endian=None: expected true or false"),
    ],
)
def test_errors_name_argument_value_and_remedy(folder, changed, message):
    with pytest.raises(ArgumentError, match=message):
        vocoder(folder, **changed)


def test_at_least_one_input_is_needed(folder):
    with pytest.raises(ArgumentError, match=r"input_folders=\[\]: expected at least one folder"):
        vocoder(folder, input_folders=[], input_extensions=[], input_dimensions=[], input_resolutions=None)


def test_resolutions_that_do_not_divide_each_other_are_refused(folder):
    with pytest.raises(ArgumentError, match=r"input_resolutions=\[80, 120, 80\]: 120 is no multiple of the finest one"):
        with_three_inputs(folder, input_resolutions=[80, 120, 80])
    with pytest.raises(
        ArgumentError, match=r"output_resolutions=\[3\]: the largest .* 80, is no multiple of each of them"
    ):
        vocoder(folder, output_resolutions=[3])


def test_what_is_normalised_and_what_counts_as_voiced_is_said_of_every_feature(folder):
    source = with_three_inputs(
        folder, input_normalise=[True, False, True], input_unvoiced=[None, None, 0.5], output_normalise=[False]
    )
    assert source.normalised["input"].tolist() == [True] * 5 + [False] * 2 + [True]
    assert source.normalised["target"].tolist() == [False]
    assert source.unvoiced["input"].tolist() == [-np.inf] * 7 + [0.5]
    assert source.unvoiced["target"].tolist() == [-np.inf]
    assert source.unvoiced["input"].dtype == np.float32
    assert repr(source) != repr(with_three_inputs(folder))


def test_batches_are_stacked_records(folder):
    source = with_three_inputs(folder, chunk_length=1600, min_length=1600)
    assert source.element_spec["input"].shape == (20, 8)
    assert source.element_spec["target"].shape == (1600, 1)
    assert source.lengths["target_frame"].tolist() == [1600] * 20
    batch = source.batch([7, 0, 7])
    assert batch.keys() == source.element_spec.keys()
    for name, array in batch.items():
        stacked = np.stack([source[index][name] for index in (7, 0, 7)])
        np.testing.assert_array_equal(array, stacked)
        assert array.dtype == stacked.dtype
    assert not hasattr(vocoder(folder), "batch")


@pytest.mark.parametrize("index", [-1, 5])
def test_indices_outside_are_refused(folder, index):
    with pytest.raises(RecordIndexError, match=f"index={index}: expected an integer from 0 to 4"):
        vocoder(folder)[index]


def test_big_endian_files_are_read(folder):
    for name, num_frames in NUM_FRAMES.items():
        write_raw(numbers(name, "mgc", num_frames, 5), folder / f"mgc/{name}.mgc", big_endian=True)
    np.testing.assert_array_equal(vocoder(folder, big_endian=True)[0]["input"], numbers("a", "mgc", 100, 5)[:90])


@pytest.mark.parametrize("kind", ["mgc", "speaker"])
def test_numbers_that_are_not_finite_are_named_with_file_and_place(folder, kind):
    num_rows, num_columns = (100, 5) if kind == "mgc" else (1, 2)
    array = numbers("a", kind, num_rows, num_columns)
    array[-1, 1] = np.nan
    extension = ".mgc" if kind == "mgc" else ".raw"
    array.tofile(folder / f"{kind}/a{extension}")
    source = with_three_inputs(folder, chunk_length=None)
    with pytest.raises(DataError, match=rf"a{extension}: holds nan in row {num_rows - 1}, column 1"):
        source[0]
    assert np.isfinite(source[1]["input"]).all()


def test_the_content_identifies_the_source_and_not_the_place(folder, tmp_path):
    one = vocoder(folder)
    shutil.copytree(folder, tmp_path / "elsewhere")
    assert repr(vocoder(tmp_path / "elsewhere")) == repr(one)
    assert str(tmp_path) not in repr(one)
    changed = numbers("b", "wav", 20_000, 1)
    changed[100] = 0.95
    write_wav(changed, tmp_path / "elsewhere/wav/b.wav", 16_000)
    assert repr(vocoder(tmp_path / "elsewhere")) != repr(one)
    assert repr(vocoder(folder, names=["b", "a", "sub/c"])) != repr(one)
    assert one.content["num_files"] == 3


def test_the_same_configuration_gives_the_same_source(folder, tmp_path):
    (tmp_path / "names.txt").write_text("b\na\n")
    for names in (None, ["a", "b"], str(tmp_path / "names.txt")):
        source = with_three_inputs(folder, names=names, input_unvoiced=[None, None, 0.0], chunk_length=np.int64(1600))
        configuration = json.loads(json.dumps(source.configuration))
        again = AlignedSource(**configuration["arguments"])
        assert again == source
        assert all(same(source[index], again[index]) for index in range(0, len(source), 7))


def test_threads_and_pickled_copies_read_the_same(folder):
    source = with_three_inputs(folder, chunk_length=800, min_length=None)
    copy = pickle.loads(pickle.dumps(source))
    assert repr(copy) == repr(source)
    indices = np.random.default_rng(0).integers(0, len(source), 100).tolist()
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(copy.__getitem__, indices))
    assert all(same(element, source[index]) for index, element in zip(indices, found, strict=True))


def test_one_sample_of_sound_is_no_utterance(tmp_path):
    for folder in ("mel", "wav"):
        (tmp_path / folder).mkdir()
    write_raw(np.ones((100, 2)), tmp_path / "mel" / "a.raw")
    write_wav(np.array([0.5]), tmp_path / "wav" / "a.wav", 16_000)
    with pytest.raises(DataError, match="lengths differ by more than 10 %"):
        AlignedSource(
            [tmp_path / "mel"],
            [".raw"],
            [2],
            input_resolutions=[80],
            output_folders=[tmp_path / "wav"],
            output_extensions=[".wav"],
            output_dimensions=[1],
        )
