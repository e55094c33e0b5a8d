import json
import pickle

import numpy as np
import pytest

from acoupipe_grain.audio.segments.labels import GARBAGE, MAX_ID, NO_ACTIVITY, RESERVED, UNKNOWN, LabelSet
from acoupipe_grain.errors import ArgumentError


def test_names_are_numbered_in_their_sorted_order():
    labels = LabelSet.from_names(["wren", "Crow", "auk"])
    assert labels.names == {0: "Crow", 1: "auk", 2: "wren"}
    assert labels.table == ["Crow", "auk", "wren"]


def test_ids_need_not_follow_each_other():
    labels = LabelSet({4: "crow", 2: "wren"})
    assert list(labels.names) == [2, 4]
    assert labels.table == ["", "", "wren", "", "crow"]
    assert LabelSet({MAX_ID: "crow"}).table[-1] == "crow"
    assert LabelSet({}).table == []


def test_a_label_is_found_by_its_name_and_by_an_id_that_was_given():
    numbered, named = LabelSet({4: "crow", 2: "wren"}), LabelSet.from_names(["crow", "wren"])
    texts = ("crow", "wren", "4", "04", "3", "4.0", "+4", "", "owl", "9" * 5000)
    assert [numbered.id_of(text) for text in texts] == [4, 2, 4, 4, None, None, None, None, None, None]
    assert [named.id_of(text) for text in ("crow", "wren", "0", "1")] == [0, 1, None, None]


def test_names_that_are_numbers_are_names_where_no_ids_were_given():
    labels = LabelSet.from_names(["10", "9", "0"])
    assert [labels.id_of(text) for text in ("0", "10", "9", "1")] == [0, 1, 2, None]


def test_a_label_may_be_called_like_its_own_id_or_like_none():
    labels = LabelSet({2: "2", 3: "7"})
    assert [labels.id_of(text) for text in ("2", "7", "3")] == [2, 3, 3]


def test_reserved_ids_and_names_are_in_every_set():
    assert RESERVED == {NO_ACTIVITY: "no_activity", GARBAGE: "garbage", UNKNOWN: "unknown"}
    assert (NO_ACTIVITY, GARBAGE, UNKNOWN) == (-1, -2, -3)
    for labels in (LabelSet({0: "crow"}), LabelSet.from_names(["crow"])):
        assert [labels.name_of(number) for number in (0, -1, -2, -3)] == ["crow", "no_activity", "garbage", "unknown"]
        assert [labels.id_of(text) for text in ("no_activity", "garbage", "unknown")] == [-1, -2, -3]
        assert [labels.id_of(text) for text in ("-1", "-2", "-3", "-4")] == [-1, -2, -3, None]


def test_ids_may_be_numpys():
    labels = LabelSet({np.int32(3): "crow"})
    assert labels == LabelSet({3: "crow"})
    assert all(type(number) is int for number in labels.names)
    assert labels.name_of(np.int32(3)) == "crow"


def test_an_id_that_no_label_has_is_an_error():
    with pytest.raises(ArgumentError, match=r"^label=7: is not in the set of 1 labels \(0 crow\)\.$"):
        LabelSet({0: "crow"}).name_of(7)
    with pytest.raises(ArgumentError, match=r"^label=0: is not in the set of 0 labels \(none\)\.$"):
        LabelSet({}).name_of(0)


@pytest.mark.parametrize("labels", [LabelSet({4: "crow", 2: "wren"}), LabelSet.from_names(["b", "a"]), LabelSet({})])
def test_a_set_comes_back_from_json_and_from_a_pickle(labels):
    labels.id_of("crow")
    assert LabelSet.from_json(json.loads(json.dumps(labels.to_json()))) == labels
    assert pickle.loads(pickle.dumps(labels)) == labels


def test_sets_with_and_without_given_ids_differ():
    assert LabelSet({0: "a"}) != LabelSet.from_names(["a"])


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ({-1: "crow"}, r"labels={-1: 'crow'}: negative ids are reserved \(-1 no_activity, -2 garbage, -3 unknown\)"),
        ({-7: "crow"}, "negative ids are reserved"),
        ({MAX_ID + 1: "crow"}, "labels={100000: 'crow'}: expected a whole number from 0 to 99999"),
        ({"0": "crow"}, "labels={'0': 'crow'}: expected a whole number"),
        ({True: "crow"}, "expected a whole number"),
        ({1.0: "crow"}, "expected a whole number"),
        ({0: ""}, "labels={0: ''}: expected a name that is not empty"),
        ({0: " "}, "expected a name that is not empty"),
        ({0: 7}, "expected a name"),
        ({0: " crow"}, "without blanks around it"),
        ({0: "1\tcrow"}, "no tab in it"),
        ({0: "unknown"}, "labels={0: 'unknown'}: is reserved .* leave it out, or give the label another name"),
        ({0: "-2"}, "is reserved"),
        ({0: "crow", 3: "crow"}, "labels: 2 of them have the name 'crow'"),
        ({0: "1", 1: "crow"}, "labels: the name of 0, '1', is another label's id"),
        ({0: "01", 1: "crow"}, "labels: the name of 0, '01', is another label's id"),
        (["crow"], r"labels=\['crow'\]: expected a mapping from ids to names"),
    ],
)
def test_wrong_labels_are_named(names, message):
    with pytest.raises(ArgumentError, match="^" + message if message.startswith("labels") else message):
        LabelSet(names)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["crow", "wren", "crow"], "^labels: 2 of them have the name 'crow'"),
        (["crow", "garbage"], "^labels=.*'garbage'}: is reserved"),
        (["crow", 3], r"^labels=\['crow', 3\]: expected a list of names"),
        ("crow", "^labels='crow': expected a list of names"),
        ({0: "crow"}, "expected a list of names"),
    ],
)
def test_wrong_names_are_named(names, message):
    with pytest.raises(ArgumentError, match=message):
        LabelSet.from_names(names)
