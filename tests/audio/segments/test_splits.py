import json
import pickle
import random
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest

from acoupipe_grain.audio.segments import splits
from acoupipe_grain.audio.segments.labels import GARBAGE, UNKNOWN
from acoupipe_grain.audio.segments.split_files import split_files
from acoupipe_grain.audio.segments.splits import DataSplit, as_split
from acoupipe_grain.errors import ArgumentError

RATIOS = {"train": 0.7, "validation": 0.2, "test": 0.1}
MADE = DataSplit({"train": ["b.wav", "a.wav"], "test": {"é/c.wav"}}, seed=3, ratios={"train": 0.7, "test": 0.3})
BY_HAND = DataSplit({"test": ("c.wav",), "train": ("a.wav", "b.wav"), "other": ()})


def recordings(*counts):
    """Return names and labels of so many recordings of every label."""
    pairs = [(f"{label}/{number}.wav", [label]) for label, count in enumerate(counts) for number in range(count)]
    return [name for name, _ in pairs], [labels for _, labels in pairs]


def several_labels(num_files, num_labels, seed=0):
    """Return names and labels of recordings with up to five labels, some of them rare."""
    random_ = random.Random(seed)
    weights = [1 / (label + 1) for label in range(num_labels)]
    labels = [set(random_.choices(range(num_labels), weights, k=random_.randint(1, 5))) for _ in range(num_files)]
    return [f"{number}.wav" for number in range(num_files)], labels


def counts(split, files, labels):
    """Return the numbers of recordings of every label in the sets."""
    by_file = dict(zip(files, labels, strict=True))
    found = {label: [0] * len(split.sets) for own in labels for label in own}
    for number, own in enumerate(split.sets.values()):
        for label in (label for file in own for label in by_file[file]):
            found[label][number] += 1
    return found


def deviations(found, ratios):
    """Return by how many recordings the labels' numbers miss their parts."""
    return np.array([np.array(own) - sum(own) * np.array(list(ratios.values())) for own in found.values()])


class TestSplitting:
    def test_whole_numbers_are_exact(self):
        files, labels = recordings(10, 20, 50, 100)
        found = counts(split_files(files, labels, RATIOS, 0), files, labels)
        assert found == {0: [7, 2, 1], 1: [14, 4, 2], 2: [35, 10, 5], 3: [70, 20, 10]}

    def test_every_recording_is_in_one_set(self):
        files, labels = several_labels(100, 10)
        split = split_files(files, labels, RATIOS, 0)
        assert sorted(file for own in split.sets.values() for file in own) == sorted(files)
        assert list(split.sets) == list(RATIOS)
        assert (split.seed, split.ratios) == (0, RATIOS)

    @pytest.mark.parametrize(
        ("count", "ratios", "expected"),
        [
            (13, RATIOS, [9, 3, 1]),
            (3, {"a": 0.5, "b": 0.5}, None),
            (11, {"a": 0.55, "b": 0.25, "c": 0.2}, [6, 3, 2]),
            (10, {"a": 0.5, "b": 0.26, "c": 0.24}, [5, 3, 2]),
            (4, {"a": 0.25, "b": 0.75}, [1, 3]),
            (5, {"only": 1}, [5]),
        ],
    )
    def test_the_recordings_of_a_label_alone_go_by_the_largest_remainder(self, count, ratios, expected):
        files, labels = recordings(count)
        found = counts(split_files(files, labels, ratios, 0), files, labels)[0]
        assert found == expected or (expected is None and sorted(found) == [1, 2])

    @pytest.mark.parametrize("seed", range(3))
    @pytest.mark.parametrize("ratios", [RATIOS, {"a": 1 / 3, "b": 1 / 3, "c": 1 / 3}, {"a": 0.97, "b": 0.03}])
    def test_with_one_label_each_every_label_is_rounded_up_or_down(self, ratios, seed):
        files, labels = recordings(*range(1, 41), 3, 3, 3, 1, 1, 1)
        split = split_files(files, labels, ratios, seed)
        assert np.abs(deviations(counts(split, files, labels), ratios)).max() < 1
        assert max(abs(len(split.sets[name]) - len(files) * ratio) for name, ratio in ratios.items()) <= 1

    def test_rare_labels_together_keep_the_ratios(self):
        """Each label's largest remainders alone would leave nothing to test with."""
        files, labels = recordings(*[3] * 100)
        split = split_files(files, labels, RATIOS, 0)
        assert [len(own) for own in split.sets.values()] == [210, 60, 30]
        assert set(map(tuple, counts(split, files, labels).values())) <= {(2, 1, 0), (2, 0, 1), (3, 0, 0)}

    def test_several_labels_are_shared_out_within_one_recording(self):
        """Ten kinds of recordings, of each as many as the ratios share out exactly; of 300 seeds 295 do as these."""
        kinds = [{0}, {1}, {0, 1}, {2, 3}, {0, 3}, {4}, {1, 4, 5}, {5, 6}, {6}, {2, 5}]
        labels = [kind for kind in kinds for _ in range(20)]
        files = [f"{number}.wav" for number in range(len(labels))]
        for seed in range(5):
            split = split_files(files, labels, RATIOS, seed)
            assert np.abs(deviations(counts(split, files, labels), RATIOS)).max() <= 1
            assert np.abs(np.array([len(own) for own in split.sets.values()]) - [140, 40, 20]).max() <= 4

    def test_several_labels_are_shared_out_better_than_by_chance(self):
        for seed in range(3):
            files, labels = several_labels(400, 25, seed)
            split = split_files(files, labels, RATIOS, seed)
            shuffled = random.Random(seed).sample(files, len(files))
            by_chance = DataSplit({"train": shuffled[:280], "validation": shuffled[280:360], "test": shuffled[360:]})
            found, drawn = (np.abs(deviations(counts(item, files, labels), RATIOS)) for item in (split, by_chance))
            assert found.mean() < drawn.mean() / 3
            assert found.max() < 3
            assert np.abs(np.array([len(own) for own in split.sets.values()]) / 400 - [0.7, 0.2, 0.1]).max() < 0.04

    def test_reserved_labels_do_not_count(self):
        files, labels = recordings(10, 10)
        mixed = [[*own, UNKNOWN, GARBAGE] for own in labels]
        assert split_files(files, mixed, RATIOS, 0) == split_files(files, labels, RATIOS, 0)

    def test_recordings_without_a_label_are_shared_out_like_those_of_one(self):
        files, labels = recordings(10, 10, 10)
        bare = [[], [UNKNOWN]] * 5 + labels[10:]
        found = counts(split_files(files, [[7]] * 10 + labels[10:], RATIOS, 0), files, labels)
        assert counts(split_files(files, bare, RATIOS, 0), files, labels) == found
        assert list(found.values()) == [[7, 2, 1]] * 3

    def test_no_order_matters(self):
        files, labels = several_labels(60, 8)
        split = split_files(files, labels, RATIOS, 5)
        for seed in range(3):
            pairs = random.Random(seed).sample(list(zip(files, labels, strict=True)), len(files))
            shuffled = [name for name, _ in pairs], [sorted(own, reverse=True) for _, own in pairs]
            assert split_files(*shuffled, dict(reversed(RATIOS.items())), 5) == split

    def test_numbers_of_labels_may_be_numpys(self):
        files, labels = recordings(10, 20)
        assert split_files(files, np.array(labels), RATIOS, 0) == split_files(files, labels, RATIOS, 0)

    def test_seeds_give_splits_of_their_own(self):
        files, labels = several_labels(60, 8)
        assert len({split_files(files, labels, RATIOS, seed).digest for seed in range(10)}) == 10

    def test_a_recording_is_as_likely_in_a_set_as_its_ratio_says(self):
        """In 500 splits; a binomial count lies within 4 standard deviations with 99.99 %."""
        files, labels = recordings(5, 5)
        in_set = [split_files(files, labels, {"a": 0.6, "b": 0.4}, seed).sets["a"] for seed in range(500)]
        hits = Counter(file for own in in_set for file in own)
        assert all(abs(hits[file] - 500 * 0.6) < 4 * np.sqrt(500 * 0.6 * 0.4) for file in files)

    def test_golden(self):
        """Other sets than these, and splits that were made before cannot be made again."""
        files = [f"{number}.wav" for number in range(12)]
        labels = [[0], [0], [0, 1], [1], [1], [2], [2], [0, 2], [], [], [1], [0]]
        assert split_files(files, labels, {"train": 0.6, "test": 0.4}, 1).sets == {
            "train": ("0.wav", "11.wav", "2.wav", "4.wav", "5.wav", "6.wav", "8.wav"),
            "test": ("1.wav", "10.wav", "3.wav", "7.wav", "9.wav"),
        }

    @pytest.mark.parametrize(
        ("ratios", "message"),
        [
            ({"train": 0.7, "validation": 0.2, "test": 0.2}, r"^ratios={'train': 0.7, .*}: add up to 1.1, expected 1"),
            ({"train": 0.7, "test": 0.299998}, "add up to 0.999998, expected 1"),
            ({"train": 1, "test": 0}, "^ratios.test=0: is a set without recordings; leave it out"),
            ({"train": 1.5, "test": -0.5}, "^ratios.train=1.5: .*at most 1"),
            ({"train": 0.5, "test": "0.5"}, "^ratios.test='0.5'"),
            ({"train": True}, "^ratios.train=True"),
            ({}, "^ratios={}: expected a number for every set"),
            ([0.7, 0.3], r"^ratios=\[0.7, 0.3\]: expected a number for every set"),
            ({0: 1.0}, "expected a number for every set"),
            (
                {"train": 0.95, "test": 0.05},
                "^ratios.test=0.05: the set would have none of the 4 recordings; give it a",
            ),
        ],
    )
    def test_ratios_are_checked(self, ratios, message):
        with pytest.raises(ArgumentError, match=message):
            split_files(*recordings(2, 2), ratios, 0)

    @pytest.mark.parametrize(
        "ratios",
        [RATIOS, {"a": 1 / 3, "b": 1 / 3, "c": 1 / 3}, {"a": 0.333333, "b": 0.333333, "c": 0.333333}, {"a": 1}],
    )
    def test_ratios_add_up_within_a_millionth(self, ratios):
        assert sum({"train": 0.7, "validation": 0.2, "test": 0.1}.values()) != 1
        files, labels = recordings(30)
        split_files(files, labels, ratios, 0)

    @pytest.mark.parametrize(
        ("files", "labels", "seed", "message"),
        [
            (["a", "b"], [[0]], 0, "^labels: there are 1 for 2 files"),
            (["a", "b", "a"], [[0]] * 3, 0, "^files: 'a' is given twice"),
            (["a", 3], [[0]] * 2, 0, "^files: 3: expected names of recordings"),
            (["a", "b"], [0, 1], 0, r"^labels=0 of 'a': expected the ids of its labels, \(0, 2\)"),
            (["a", "b"], [[0], ["crow"]], 0, r"^labels=\['crow'\] of 'b'"),
            (["a", "b"], [[0], [0]], -1, "^seed=-1"),
            ([], [], 0, "would have none of the 0 recordings"),
        ],
    )
    def test_other_values_are_checked(self, files, labels, seed, message):
        with pytest.raises(ArgumentError, match=message):
            split_files(files, labels, {"a": 0.5, "b": 0.5}, seed)


class TestSets:
    def test_recordings_are_sorted_and_once(self):
        assert DataSplit({"b": ["2", "1", "2"], "a": {"3": 0}.keys()}).sets == {"b": ("1", "2"), "a": ("3",)}

    @pytest.mark.parametrize(
        ("sets", "message"),
        [
            ({"train": ["a", "b"], "test": ["c", "b"]}, "^sets: 'b' is in 'train' and in 'test'; take it out of one"),
            ({}, "^sets={}: expected a mapping from sets to lists of file names"),
            (["a.wav"], r"^sets=\['a.wav'\]: expected a mapping"),
            ({"train": "a.wav"}, "^sets={'train': 'a.wav'}: expected a mapping from sets to lists"),
            ({"train": ["a.wav", 3]}, r"^sets={'train': \[3\]}: expected"),
            ({"train": [""]}, r"^sets={'train': \[''\]}: expected"),
            ({3: ["a.wav"]}, r"^sets={3: \['a.wav'\]}: expected"),
            ({"train": None}, "^sets={'train': None}: expected"),
        ],
    )
    def test_sets_are_checked(self, sets, message):
        with pytest.raises(ArgumentError, match=message):
            DataSplit(sets)

    def test_what_a_split_was_made_with_is_checked(self):
        with pytest.raises(ArgumentError, match="^seed=1.5: expected an integer"):
            DataSplit({"a": ["1"]}, seed=1.5)
        with pytest.raises(ArgumentError, match="^ratios={'b': 1.0}: expected one of each set, a"):
            DataSplit({"a": ["1"]}, ratios={"b": 1})
        with pytest.raises(ArgumentError, match="^ratios={'a': 0.5}: add up to 0.5"):
            DataSplit({"a": ["1"]}, ratios={"a": 0.5})

    def test_the_digest_is_of_the_sets(self):
        one = DataSplit({"a": ["1", "2"], "b": ["3"]})
        assert one.digest == DataSplit({"b": ["3"], "a": ["2", "1"]}, 0, {"a": 0.7, "b": 0.3}).digest
        others = ({"a": ["1"], "b": ["2", "3"]}, {"c": ["1", "2"], "b": ["3"]}, {"a": ["1", "2"]})
        assert len({one.digest, *(DataSplit(sets).digest for sets in others)}) == 4
        assert one.digest == "ff9ab50268bf8d6b9b8c1a3eafb71f10bda53257f2961c193091f209d0a7db41"

    def test_a_split_comes_back_from_a_pickle(self):
        assert pickle.loads(pickle.dumps(MADE)) == MADE


class TestFiles:
    @pytest.mark.parametrize("split", [MADE, BY_HAND], ids=["made", "by hand"])
    def test_a_split_comes_back_from_its_file(self, split, tmp_path):
        split.save(tmp_path / "split.json")
        assert DataSplit.load(tmp_path / "split.json") == split
        assert list(DataSplit.load(tmp_path / "split.json").sets) == list(split.sets)
        assert [item.name for item in tmp_path.iterdir() if item.is_file()] == ["split.json"]

    def test_the_file_has_a_name_a_line(self, tmp_path):
        MADE.save(tmp_path / "split.json")
        text = (tmp_path / "split.json").read_text(encoding="utf-8")
        assert text == (
            '{\n "version": 1,\n "seed": 3,\n "ratios": {\n  "train": 0.7,\n  "test": 0.3\n },\n "sets": {\n'
            '  "train": [\n   "a.wav",\n   "b.wav"\n  ],\n  "test": [\n   "é/c.wav"\n  ]\n }\n}\n'
        )

    def test_names_that_are_no_text_are_kept(self, tmp_path):
        split = DataSplit({"train": [b"gr\xfcn.wav".decode("utf-8", "surrogateescape")]})
        split.save(tmp_path / "split.json")
        assert DataSplit.load(tmp_path / "split.json") == split
        assert split.digest

    def test_another_split_is_replaced_only_when_told_so(self, tmp_path):
        path = tmp_path / "split.json"
        MADE.save(path)
        before = path.stat()
        MADE.save(path)
        assert path.stat().st_mtime_ns == before.st_mtime_ns
        with pytest.raises(ArgumentError, match=f"^path='{path}': something else is there; .*overwrite=True"):
            BY_HAND.save(path)
        assert DataSplit.load(path) == MADE
        BY_HAND.save(path, overwrite=True)
        assert DataSplit.load(path) == BY_HAND

    @pytest.mark.parametrize("content", ["", "notes", '{"sets": {}}'])
    def test_other_files_are_not_replaced(self, content, tmp_path):
        path = tmp_path / "split.json"
        path.write_text(content)
        with pytest.raises(ArgumentError, match="something else is there"):
            MADE.save(path)
        assert path.read_text() == content

    def test_a_file_is_never_half_written(self, tmp_path, monkeypatch):
        path = tmp_path / "split.json"
        MADE.save(path)

        def fail(*_):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(splits.os, "replace", fail)
        with pytest.raises(ArgumentError, match=f"^path='{path}': cannot be written .No space left on device"):
            BY_HAND.save(path, overwrite=True)
        assert DataSplit.load(path) == MADE
        assert [item.name for item in tmp_path.iterdir() if item.is_file()] == ["split.json"]

    def test_a_folder_that_is_not_there_is_an_error(self, tmp_path):
        with pytest.raises(ArgumentError, match="cannot be written .No such file or directory"):
            MADE.save(tmp_path / "x" / "split.json")

    def test_splits_of_dynibatch_in_json_are_read(self, tmp_path):
        path = tmp_path / "split.json"
        sets = {"train": ["some\\path\\b.wav", "a.wav"], "validation": [], "test": ["./c.wav"]}
        path.write_text(json.dumps({"id": "1489587426", "sets": sets}))
        split = DataSplit({"train": ["a.wav", "some/path/b.wav"], "validation": [], "test": ["c.wav"]})
        assert DataSplit.load(path) == split
        assert as_split({"id": "1489587426", "sets": {name: set(files) for name, files in sets.items()}}) == split

    @pytest.mark.parametrize("name", ["split.jl", "split.pkl", "split.pickle", "split.JOBLIB"])
    def test_pickles_are_refused_by_name(self, name, tmp_path):
        path = tmp_path / name
        path.write_bytes(b"anything")
        message = f"^datasplit: '{path}': a pickle may run anything when it is read; .* json.dump"
        for read in (DataSplit.load, as_split):
            with pytest.raises(ArgumentError, match=message):
                read(path)
        with pytest.raises(ArgumentError, match="^path: .*splits are JSON here"):
            MADE.save(path, overwrite=True)

    def test_the_conversion_that_is_shown_works(self, tmp_path):
        (tmp_path / "joblib.py").write_text(
            "from pickle import load as _load\ndef load(path): return _load(open(path, 'rb'))"
        )
        sets = {"train": {"b.wav", "a.wav"}, "test": {"c.wav"}}
        (tmp_path / "split.jl").write_bytes(pickle.dumps({"id": "1", "sets": sets}))
        with pytest.raises(ArgumentError) as error:
            DataSplit.load(tmp_path / "split.jl")
        line = str(error.value).split("is converted by ")[1]
        subprocess.run([sys.executable, "-c", f"import json, joblib; {line}"], check=True, cwd=tmp_path)
        assert DataSplit.load(tmp_path / "split.json") == DataSplit(sets)

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            ("", r"is not JSON \(Expecting value"),
            ("\x80", "is not JSON"),
            ("[1]", r"\[1\]: expected a mapping such as {'sets': {'train': \['a.wav'\]}}"),
            ('{"train": ["a.wav"]}', r"{'train': \['a.wav'\]}: expected a mapping such as {'sets'"),
            ('{"sets": {}}', "sets={}: expected a mapping from sets"),
            ('{"sets": []}', r"sets=\[\]: expected a mapping from sets"),
            ('{"id": "1", "sets": {"train": [1]}}', r"sets={'train': \[1\]}: expected"),
            ('{"sets": {"a": ["1"], "b": ["1"]}}', "sets: '1' is in 'a' and in 'b'"),
            ('{"sets": {"a": ["1"]}, "ratio": {}}', "unknown key of a split 'ratio'; did you mean 'ratios'"),
            ('{"sets": {"a": ["1"]}, "version": 2}', "version=2: this package reads version 1"),
            ('{"sets": {"a": ["1"]}, "seed": "x"}', "seed='x'"),
        ],
    )
    def test_files_that_hold_no_split_are_named(self, content, message, tmp_path):
        path = tmp_path / "split.json"
        path.write_bytes(content.encode("latin-1"))
        with pytest.raises(ArgumentError, match=f"^datasplit: {path}: {message}"):
            DataSplit.load(path)

    def test_a_missing_file_is_named_with_what_is_there(self, tmp_path):
        MADE.save(tmp_path / "split.json")
        with pytest.raises(
            ArgumentError, match=r"^split: .*splits.json: cannot be read .*did you mean '.*/split.json'\?"
        ):
            DataSplit.load(tmp_path / "splits.json", argument="split")


class TestAnySplit:
    def test_a_split_a_mapping_or_a_path(self, tmp_path):
        MADE.save(tmp_path / "split.json")
        assert as_split(MADE) is MADE
        assert as_split({"train": ["a.wav"]}) == DataSplit({"train": ("a.wav",)})
        assert as_split({"sets": ["a.wav"]}) == DataSplit({"sets": ("a.wav",)})
        assert as_split(json.loads(json.dumps(MADE.to_json()))) == MADE
        assert as_split(tmp_path / "split.json") == as_split(str(tmp_path / "split.json")) == MADE

    @pytest.mark.parametrize(
        ("value", "message"),
        [
            (3, "^split=3: expected a mapping from sets to lists of file names.* or the path of its file"),
            ({}, "^split: sets={}: expected"),
            ({"a": ["1"], "b": ["1"]}, "^split: sets: '1' is in 'a' and in 'b'"),
        ],
    )
    def test_anything_else_is_an_error(self, value, message):
        with pytest.raises(ArgumentError, match=message):
            as_split(value, argument="split")


def test_a_pickle_is_refused_under_any_name(tmp_path):
    import pickle

    path = tmp_path / "split.json"
    path.write_bytes(pickle.dumps({"sets": {}}))
    with pytest.raises(ArgumentError, match="a pickle may run anything"):
        DataSplit.load(path)
