import json
import os
import pickle
import shutil
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from recordings import noise, write

import acoupipe_grain as apg
from acoupipe_grain.audio.loudness import integrated_loudness
from acoupipe_grain.config import source_from_configuration
from acoupipe_grain.errors import ArgumentError, DataError, RecordIndexError
from acoupipe_grain.specs import check_element, require_source

KINDS = (apg.AudioDataSimpleSource, apg.AudioDataBalancedSource)


@pytest.fixture(params=KINDS, ids=lambda kind: kind.__name__)
def source(request, sources):
    return request.param(sources, 40, duration=0.5, sample_rate=11_025, saliency_params={"num_tries": 2})


def same(one, other):
    return one.keys() == other.keys() and all(np.array_equal(one[key], other[key]) for key in one)


def test_elements_are_what_the_specification_says(source):
    require_source(source)
    assert source.element_spec["audio"].shape == (1, 5512)
    for index in range(len(source)):
        check_element(source[index], source.element_spec, f"record {index}")
        assert source[index]["idx"] == index
        assert source[index]["sample_rate"] == 11_025


def test_an_element_is_the_excerpt_that_it_says(sources):
    """With the file itself, read by hand, at the offset that the element tells."""
    import soundfile

    source = apg.AudioDataBalancedSource(sources, 30, duration=0.25, mono=False)
    for index in range(30):
        element = source[index]
        file = source.groups.files[element["file_index"]]
        assert source.tables["files"][element["file_index"]] == file.name
        assert source.tables["groups"][element["group_index"]] in file.path
        start = round(float(element["offset"]) * 8000)
        whole = soundfile.read(file.path, dtype="float32")[0].T
        np.testing.assert_array_equal(element["audio"], whole[:, start : start + 2000])
        assert element["loudness"] == np.float32(integrated_loudness(element["audio"], 8000))


def test_tables_name_files_in_their_folders_and_groups_in_order(sources):
    tables = apg.AudioDataSimpleSource(sources).tables
    speech = ["speaker0/0.wav", "speaker0/2.wav", "speaker0/4.wav", "speaker1/1.wav", "speaker1/3.wav"]
    assert tables == {"files": ["0.wav", "1.wav", "2.wav", *speech], "groups": ["music", "speech"]}


def test_short_files_are_padded_at_their_end(sources):
    source = apg.AudioDataSimpleSource(sources, duration=1.2)
    (index,) = (i for i in range(8) if source[i]["file_index"] == 3)  # 0.3 s long
    element = source[index]
    assert element["offset"] == 0
    assert element["audio"][0, :2400].any()
    assert not element["audio"][0, 2400:].any()


def test_excerpts_begin_anywhere(ramp):
    source = apg.AudioDataSimpleSource({"ramp": [ramp]}, 400, duration=0.5, mono=False)
    starts = np.array([source[i]["audio"][0, 0] * 32_768 for i in range(400)])
    assert np.array_equal(starts, [round(float(source[i]["offset"]) * 8000) for i in range(400)])
    assert len(np.unique(starts)) > 350
    # Uniform in 0 ... 12 000: its mean has a standard deviation of 173, its extremes lie within 100 with 96 % each.
    assert abs(starts.mean() - 6000) < 3 * 173
    assert starts.min() < 100 < 11_900 < starts.max() <= 12_000


def test_loud_excerpts_are_found(tmp_path):
    audio = np.zeros((1, 80_000), np.float32)
    audio[:, 60_000:70_000] = noise(1.25, num_channels=1)
    sources = {"a": [write(tmp_path / "x.wav", audio)]}
    by_chance = apg.AudioDataSimpleSource(sources, 60, duration=0.5)
    searched = apg.AudioDataSimpleSource(sources, 60, duration=0.5, saliency_params=apg.SaliencyParams(num_tries=30))
    is_loud = [np.mean([source[i]["loudness"] > -40 for i in range(60)]) for source in (by_chance, searched)]
    assert is_loud[0] < 0.5
    assert is_loud[1] > 0.9
    for i in range(60):  # those loud at once are the same
        if by_chance[i]["loudness"] > -40:
            assert same(by_chance[i], searched[i])


def test_the_simple_source_has_every_file_once_in_a_pass(sources):
    source = apg.AudioDataSimpleSource(sources, duration=0.1)
    assert len(source) == 8
    assert sorted(int(source[i]["file_index"]) for i in range(8)) == list(range(8))
    longer = apg.AudioDataSimpleSource(sources, 24, duration=0.1)
    files = longer.files_of(np.arange(24)).reshape(3, 8)
    assert np.array_equal(np.sort(files), np.tile(np.arange(8), (3, 1)))
    assert [int(longer[i]["file_index"]) for i in range(24)] == files.ravel().tolist()


def test_the_balanced_source_gives_groups_their_shares(sources):
    equal = apg.AudioDataBalancedSource(sources, 50, duration=0.1)
    assert np.bincount([int(equal[i]["group_index"]) for i in range(50)]).tolist() == [25, 25]
    weighted = apg.AudioDataBalancedSource(sources, 50, duration=0.1, weights={"speech": 4, "music": 1})
    assert np.bincount([int(weighted[i]["group_index"]) for i in range(50)]).tolist() == [10, 40]


def test_records_are_the_same_in_any_order_and_thread(source):
    alone = [source[i] for i in range(40)]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(source.__getitem__, reversed(range(40))))[::-1]
    assert all(map(same, alone, together))


def test_copies_are_the_same(source):
    copy = pickle.loads(pickle.dumps(source))
    assert copy == source
    assert repr(copy) == repr(source)
    assert hash(copy) == hash(source)
    assert same(copy[7], source[7])


def test_a_configuration_rebuilds_its_source(source):
    configuration = json.loads(json.dumps(source.configuration))
    again = source_from_configuration(configuration)
    assert again == source
    assert same(again[3], source[3])


def test_weights_and_paths_are_rebuilt_as_given(library, monkeypatch):
    monkeypatch.setenv("LIBRARY", str(library))
    sources = {"speech": "$LIBRARY/speech", "music": ["${LIBRARY}/music/*.wav"]}
    source = apg.AudioDataBalancedSource(sources, 9, weights={"speech": 2, "music": 1}, duration=0.1)
    assert source.configuration["arguments"]["sources"] == {
        "music": ["${LIBRARY}/music/*.wav"],
        "speech": ["$LIBRARY/speech"],
    }
    assert source_from_configuration(source.configuration) == source


def test_the_representation_says_what_and_not_where(library, tmp_path, sources):
    shutil.copytree(library, tmp_path / "copy")
    copied = {name: [tmp_path / "copy" / name] for name in ("music", "speech")}
    for kind in KINDS:
        source, copy = kind(sources, 5), kind(copied, 5)
        assert repr(source) == repr(copy)
        assert str(library) not in repr(source)
        assert source != copy  # the other one is rebuilt from elsewhere
        assert same(source[4], copy[4])
        assert "10 files" not in repr(source)


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 1},
        {"split": "validation"},
        {"sample_rate": 16_000},
        {"mono": False},
        {"duration": 0.6},
        {"saliency_params": {"num_tries": 3}},
        {"num_records": 6},
        {"on_failure": "skip"},
    ],
    ids=str,
)
def test_every_argument_is_part_of_the_representation(sources, change):
    for kind in KINDS:
        assert repr(kind(sources, **({"num_records": 5} | change))) != repr(kind(sources, 5))


def test_seeds_and_splits_draw_their_own_excerpts(sources):
    drawn = [
        tuple(float(source[i]["offset"]) for i in range(6))
        for source in (
            apg.AudioDataBalancedSource(sources, 6, duration=0.1, **change)
            for change in ({}, {"seed": 1}, {"split": "validation"}, {"split": "test"})
        )
    ]
    assert len(set(drawn)) == 4


def test_the_order_of_groups_in_a_configuration_is_of_no_importance(sources):
    source, other = (apg.AudioDataBalancedSource(given, 9) for given in (sources, dict(reversed(sources.items()))))
    assert source == other
    assert repr(source) == repr(other)


def test_golden(sources):
    """Which files and excerpts a seed means: another answer is a new `GENERATOR_VERSION`."""
    simple, balanced = apg.AudioDataSimpleSource(sources, 10, seed=5), apg.AudioDataBalancedSource(sources, 10, seed=5)
    assert simple.files_of(np.arange(10)).tolist() == [1, 4, 7, 6, 3, 2, 5, 0, 7, 3]
    assert balanced.files_of(np.arange(10)).tolist() == [1, 2, 3, 0, 2, 0, 6, 4, 7, 5]
    short = apg.AudioDataBalancedSource(sources, 10, seed=5, duration=0.1)
    assert [round(float(short[i]["offset"]) * 8000) for i in range(4)] == [8471, 192, 568, 5117]


@pytest.mark.slow
def test_workers_deliver_the_same_batches(source):
    batches = [list(apg.make_loader(source, 8, seed=3, num_workers=number)) for number in (0, 1)]
    assert len(batches[0]) == 5
    assert all(map(same, *batches))
    by_index = {int(i): audio for batch in batches[0] for i, audio in zip(batch["idx"], batch["audio"], strict=True)}
    assert sorted(by_index) == list(range(40))
    assert all(np.array_equal(by_index[i], source[i]["audio"]) for i in (0, 17, 39))


def test_reading_ahead_is_bounded(sources):
    short, long = (apg.AudioDataSimpleSource(sources, duration=duration).read_options for duration in (0.1, 500.0))
    assert short["prefetch_buffer_size"] == 16
    assert long["prefetch_buffer_size"] == 2
    assert all(1 <= options["num_threads"] <= options["prefetch_buffer_size"] for options in (short, long))


def test_shards_of_a_loader_have_the_records_of_the_whole(sources):
    source = apg.AudioDataBalancedSource(sources, 24, duration=0.1)
    shards = [apg.make_loader(source, 4, shuffle=False, shard=(number, 3)) for number in range(3)]
    indices = [int(i) for shard in shards for batch in shard for i in batch["idx"]]
    assert sorted(indices) == list(range(24))


def test_indices_have_a_range(source):
    for index in (-1, 40, 10**12):
        with pytest.raises(RecordIndexError, match=f"index={index}"):
            source[index]
    with pytest.raises(ArgumentError, match="index=True"):
        source[True]
    with pytest.raises(RecordIndexError, match="index=40"):
        source.files_of(np.array([0, 40]))
    for indices in (np.array([0.5]), np.array([[1]]), ["1"]):
        with pytest.raises(ArgumentError, match="indices=.*expected integers from 0 to 39"):
            source.files_of(indices)


@pytest.fixture
def mixture(tmp_path):
    """Files that differ in sample rate and channels."""
    write(tmp_path / "x" / "a.wav", noise(1.0))
    write(tmp_path / "x" / "b.wav", noise(1.0, num_channels=1), 16_000)
    return {"x": [tmp_path / "x"]}


@pytest.mark.parametrize("kind", KINDS)
def test_files_that_differ_are_an_error_unless_made_alike(mixture, kind):
    with pytest.raises(ArgumentError, match=r"sample_rate=None: .*a.wav has 8000 Hz, .*b.wav 16000 Hz; give the"):
        kind(mixture, 4)
    with pytest.raises(ArgumentError, match=r"mono=False: channels of .*a.wav: 2, of .*b.wav: 1; average"):
        kind(mixture, 4, sample_rate=8000, mono=False)
    source = kind(mixture, 4, sample_rate=12_000)
    assert {source[i]["audio"].shape for i in range(4)} == {(1, 12_000)}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_records": 0}, "num_records=0: must be at least 1"),
        ({"num_records": 2**31}, "num_records=2147483648"),
        ({"duration": "1"}, "duration='1'"),
        ({"num_records": 3, "num_steps": 3}, "num_steps=3: is another name of num_records=3; give one"),
        ({"num_steps": 0}, "num_steps=0"),
        ({"seed": -1}, "seed=-1"),
        ({"split": "train"}, "unknown split 'train'; did you mean 'training'"),
        ({"sample_rate": 3999}, "sample_rate=3999: must be at least 4000"),
        ({"sample_rate": 10**8}, "sample_rate=100000000: must be at least 4000 and at most 10000000"),
        ({"sample_rate": 44_100.0}, "sample_rate=44100.0: expected an integer"),
        ({"mono": 1}, "mono=1: expected true or false"),
        ({"duration": 0}, "duration=0: expected a finite number in s, greater than 0"),
        ({"duration": 1e-6}, "duration=1e-06: is shorter than a sample at 8000 Hz"),
        ({"duration": 1e9}, "GiB of memory.*use a shorter duration"),
        ({"extensions": "wav"}, "extensions='wav'"),
        ({"extensions": [".mp3"]}, "group 'music'.*no file with the extension .mp3, but 3 .wav"),
        ({"saliency_params": {"num_tries": 0}}, "num_tries=0"),
        ({"saliency_params": {"tries": 3}}, "did you mean 'num_tries'"),
        ({"on_failure": "keep"}, "unknown on_failure 'keep'"),
        ({"sources": {"music": ["$NOWHERE_SET"]}}, "sources: group 'music': .*NOWHERE_SET is not set"),
        ({"sources": {}}, "sources={}: expected a mapping"),
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", KINDS)
def test_wrong_arguments_are_named(sources, kind, arguments, message):
    arguments = {"sources": sources, "num_records": None if "num_steps" in arguments else 4} | arguments
    with pytest.raises(ArgumentError, match=message):
        kind(**arguments)


def test_shares_are_of_a_number_of_records(sources):
    with pytest.raises(ArgumentError, match="num_records=None: groups have shares of a number of records; give it"):
        apg.AudioDataBalancedSource(sources)
    assert apg.AudioDataBalancedSource(sources, num_steps=7) == apg.AudioDataBalancedSource(sources, 7)
    with pytest.raises(ArgumentError, match="weights.*lacks music"):
        apg.AudioDataBalancedSource(sources, 7, weights={"speech": 1})


def test_slow_files_need_a_sample_rate(tmp_path):
    sources = {"a": [write(tmp_path / "x.wav", noise(4.0, sample_rate=2000), 2000)]}
    with pytest.raises(ArgumentError, match="sample_rate=None: the files have 2000 Hz; give a sample_rate of at least"):
        apg.AudioDataSimpleSource(sources)
    assert apg.AudioDataSimpleSource(sources, sample_rate=4000)[0]["audio"].any()


@pytest.fixture
def damaged(tmp_path):
    """Two groups; of "a", one file is no audio, and one holds a number that is not finite after 1 s."""
    for number in range(3):
        audio = noise(2.0, number)
        audio[0, 8000] = np.nan if number == 1 else 0.0
        write(tmp_path / "a" / f"{number}.wav", audio)
    (tmp_path / "a" / "3.flac").write_text("no audio")
    write(tmp_path / "b" / "0.flac", noise(2.0, 4))
    return {"a": [tmp_path / "a"], "b": [tmp_path / "b"]}


def skipping(damaged, **arguments):
    with pytest.warns(UserWarning, match=r"1 of 5 files are left out: .*3.flac: cannot be read as audio"):
        return apg.AudioDataBalancedSource(damaged, 40, duration=0.5, on_failure="skip", **arguments)


@pytest.mark.parametrize("kind", KINDS)
def test_a_broken_file_is_an_error_at_once(damaged, kind):
    with pytest.raises(DataError, match=r"3.flac: cannot be read as audio.*on_failure='skip'"):
        kind(damaged, 4)


def test_one_that_breaks_later_is_an_error_then(damaged, tmp_path):
    source = apg.AudioDataSimpleSource({"a": [tmp_path / "a" / "1.wav"]}, 20, duration=0.5)
    errors = []
    for index in range(20):
        try:
            source[index]
        except DataError as error:
            errors.append((index, str(error)))
    assert 0 < len(errors) < 20
    assert all(f"record {index}: " in text and "1.wav" in text and "'skip'" in text for index, text in errors)


def test_or_the_next_file_takes_its_place_always_alike(damaged):
    source = skipping(damaged)
    assert len(source.broken_files) == 1
    with pytest.warns(UserWarning, match=r"1.wav: .*The next file of its group takes its place") as caught:
        elements = [source[i] for i in range(40)]
    assert len(caught) == 1
    assert [os.path.basename(path) for path in source.broken_files] == ["3.flac", "1.wav"]
    chosen = source.files_of(np.arange(40))
    files = np.array([int(element["file_index"]) for element in elements])
    assert set(files[chosen == 1]) == {1, 2}  # excerpts without that number can be used
    assert np.array_equal(files[chosen != 1], chosen[chosen != 1])
    assert np.bincount([int(element["group_index"]) for element in elements]).tolist() == [20, 20]
    other = skipping(damaged)
    with warnings.catch_warnings(), ThreadPoolExecutor(4) as pool:
        warnings.simplefilter("ignore")
        again = list(pool.map(other.__getitem__, reversed(range(40))))[::-1]
    assert all(map(same, elements, again))


def test_skipped_files_are_no_part_of_what_a_source_is(damaged, tmp_path):
    source = skipping(damaged)
    os.remove(tmp_path / "a" / "3.flac")
    assert repr(apg.AudioDataBalancedSource(damaged, 40, duration=0.5, on_failure="skip")) == repr(source)


def test_a_group_of_which_nothing_can_be_read_is_an_error(tmp_path):
    sources = {"a": [write(tmp_path / f"{number}.wav", noise(0.5)) for number in range(2)]}
    source = apg.AudioDataSimpleSource(sources, on_failure="skip", duration=0.1)
    for number in range(2):
        os.remove(tmp_path / f"{number}.wav")
    with pytest.warns(UserWarning, match="takes its place"), pytest.raises(DataError, match="record 0: .*Nor can any"):
        source[0]


def test_a_file_that_has_changed_is_an_error_in_any_case(tmp_path):
    path = write(tmp_path / "x.wav", noise(0.5))
    source = apg.AudioDataSimpleSource({"a": [path]}, on_failure="skip", duration=0.1)
    write(path, noise(0.6))
    with pytest.raises(DataError, match=r"record 0: .*x.wav: has 4800 frames .*make the source anew"):
        source[0]


def test_no_file_stays_open(source):
    folder = "/proc/self/fd"
    if not os.path.isdir(folder):
        pytest.skip("the system does not list open files")
    source[0]
    paths = {os.path.realpath(os.path.join(folder, name)) for name in os.listdir(folder)}
    assert not any(path.endswith(".wav") for path in paths)


def test_multichannel_recordings_keep_their_channels(tmp_path):
    audio = noise(1.0, num_channels=16)
    source = apg.AudioDataSimpleSource({"array": [write(tmp_path / "x.wav", audio)]}, mono=False)
    np.testing.assert_array_equal(source[0]["audio"], audio)
    resampled = apg.AudioDataSimpleSource({"array": [tmp_path / "x.wav"]}, mono=False, sample_rate=11_025)[0]["audio"]
    alone = apg.AudioDataSimpleSource({"array": [write(tmp_path / "5.wav", audio[5])]}, sample_rate=11_025)[0]["audio"]
    assert resampled.shape == (16, 11_025)
    np.testing.assert_allclose(resampled[5], alone[0], atol=1e-6)


@pytest.mark.parametrize(("name", "container"), [("a.wav", "WAV"), ("a.aiff", "AIFF")])
def test_files_that_are_cut_off_are_broken(tmp_path, name, container):
    """libsndfile would take what is left for the whole."""
    import soundfile

    path = tmp_path / name
    soundfile.write(path, noise(1.0).T, 8000, subtype="PCM_16", format=container)
    apg.AudioDataSimpleSource({"x": [path]})
    path.write_bytes(path.read_bytes()[:20_000])
    with pytest.raises(DataError, match=rf"{name}: is cut off: has 199\d\d of the 320\d\d bytes that its header tells"):
        apg.AudioDataSimpleSource({"x": [path]})


def test_files_from_a_pipe_that_do_not_tell_their_length_are_read(tmp_path):
    path = write(tmp_path / "a.wav", noise(1.0))
    content = bytearray(path.read_bytes())
    place = content.index(b"data") + 4
    content[place : place + 4] = b"\xff\xff\xff\xff"
    path.write_bytes(content)
    assert apg.AudioDataSimpleSource({"x": [path]}, duration=0.5)[0]["audio"].any()
