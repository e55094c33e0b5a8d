"""Data sets of every format that was ever written are read; what a later format needs is said."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import acoupipe_grain as apg
from acoupipe_grain.errors import DataError
from acoupipe_grain.records.format import FORMAT_VERSION, with_digest

KEPT = sorted(Path(__file__).parent.glob("format-*"))


class Kept:
    """What lies in format-*: exported by the version that wrote this format, with num_workers=0, records_per_shard=3.

    ``apg.export(Kept(), f"tests/records/format-{FORMAT_VERSION}", ..., metadata={"license": "CC0-1.0"})``
    """

    element_spec = {
        "map": apg.ArraySpec((2, 3), "float32", ("x", "y"), "Pa^2"),
        "csm": apg.ArraySpec((2, 2), "complex64", ("mic", "mic"), "Pa^2"),
        "half": apg.ArraySpec((4,), "float16", ("sample",), "Pa"),
        "mask": apg.ArraySpec((2,), "bool", ("source",)),
        "seeds": apg.ArraySpec((2,), "uint32", ("word",)),
        "empty": apg.ArraySpec((0, 2), "float32", ("none", "any")),
        "idx": apg.ArraySpec((), "int32", ()),
    }
    tables = {"labels": ["speech", "café"]}

    def __len__(self):
        return 5

    def __getitem__(self, index):
        return {
            "map": np.arange(6, dtype=np.float32).reshape(2, 3) / 8 + index,
            "csm": np.array([[1, 2j], [-2j, index]], np.complex64),
            "half": np.full(4, index / 2, np.float16),
            "mask": np.array([index % 2 == 0, True]),
            "seeds": np.array([index, 2**32 - 1], np.uint32),
            "empty": np.zeros((0, 2), np.float32),
            "idx": np.array(index, np.int32),
        }

    def __repr__(self):
        return "Kept()"


def test_a_data_set_of_this_format_is_kept():
    assert Path(__file__).parent / f"format-{FORMAT_VERSION}" in KEPT


@pytest.mark.parametrize("folder", KEPT, ids=lambda folder: folder.name)
def test_a_kept_data_set_is_read(folder):
    apg.verify(folder)
    stored, source = apg.ArrayRecordSource(folder), Kept()
    assert stored.element_spec == source.element_spec
    assert stored.tables == source.tables
    assert stored.metadata == {"license": "CC0-1.0"}
    assert len(stored) == 5
    for index in range(5):
        for name, array in source[index].items():
            np.testing.assert_array_equal(stored[index][name], array)
            assert stored[index][name].dtype == array.dtype


def with_versions(folder, tmp_path, format_version, min_reader_version):
    """A copy of a data set that says it is of another format, and has an entry that this version does not know."""
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    for name in ("manifest.json", "plan.json"):
        mapping = json.loads((copy / name).read_text())
        mapping |= {
            "format_version": format_version,
            "min_reader_version": min_reader_version,
            "new": {"in": "a later format"},
        }
        for row in mapping.get("shards", []):
            row["new"] = 1
        (copy / name).write_text(json.dumps(with_digest(mapping)))
    return copy


def test_a_later_format_is_read_if_it_says_so(tmp_path):
    copy = with_versions(KEPT[-1], tmp_path, FORMAT_VERSION + 1, FORMAT_VERSION)
    assert int(apg.ArrayRecordSource(copy)[4]["idx"]) == 4
    apg.verify(copy)


def test_a_later_format_that_needs_a_later_reader_is_refused(tmp_path):
    copy = with_versions(KEPT[-1], tmp_path, FORMAT_VERSION + 2, FORMAT_VERSION + 1)
    with pytest.raises(
        DataError, match=r"format_version=4 needs a reader of version 3; .*reads 2 to 2. Install a later"
    ):
        apg.ArrayRecordSource(copy)


def test_a_format_before_the_first_release_is_refused(tmp_path):
    copy = with_versions(KEPT[-1], tmp_path, 1, None)
    with pytest.raises(DataError, match=r"format_version=1; .*reads 2 to 2. Export the data set again"):
        apg.ArrayRecordSource(copy)
