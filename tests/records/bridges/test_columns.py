import json
import os

import numpy as np
import pytest

from acoupipe_grain.errors import ArgumentError, DataError, ExportError
from acoupipe_grain.records.bridges.columns import write_npy_columns
from acoupipe_grain.specs import ArraySpec, spec_from_json


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "columns"


def test_every_value_and_dtype_comes_back(every_kind, folder):
    source = every_kind()
    write_npy_columns(source, folder, progress=False)
    assert set(os.listdir(folder)) == {f"{name}.npy" for name in source.element_spec} | {"columns.json"}
    for name, spec in source.element_spec.items():
        column = np.load(folder / f"{name}.npy")
        assert column.dtype == np.dtype(spec.dtype)
        assert np.array_equal(column, np.stack([source[index][name] for index in range(7)])), name


def test_columns_can_be_mapped_into_memory(every_kind, folder):
    write_npy_columns(every_kind(), folder, progress=False)
    column = np.load(folder / "matrix.npy", mmap_mode="r")
    assert np.array_equal(column[5], every_kind()[5]["matrix"])


def test_the_description_tells_units_axes_and_origin(every_kind, folder):
    source = every_kind()
    write_npy_columns(source, folder, progress=False)
    description = json.loads((folder / "columns.json").read_text())
    assert spec_from_json(description["element_spec"]) == source.element_spec
    assert description["configuration"] == source.configuration
    assert description["tables"] == {"class": ["dog", "cat"]}
    assert description["num_records"] == 7
    assert description["written_by"].startswith("acoupipe-grain ")


def test_sources_that_compute_batches_are_read_in_batches(squares, folder):
    write_npy_columns(squares, folder, progress=False)
    numbers = np.arange(70, dtype=np.float32)
    assert np.array_equal(np.load(folder / "square.npy"), np.stack([numbers, numbers**2], axis=1))


def test_an_empty_folder_is_filled(every_kind, folder):
    folder.mkdir()
    write_npy_columns(every_kind(), folder, progress=False)
    assert (folder / "columns.json").is_file()
    assert not folder.with_name("columns.partial").exists()


def test_nothing_is_overwritten(every_kind, folder):
    folder.mkdir()
    (folder / "mine.txt").write_text("mine")
    with pytest.raises(ExportError, match="columns'.*no empty folder"):
        write_npy_columns(every_kind(), folder, progress=False)
    assert os.listdir(folder) == ["mine.txt"]


def test_what_is_put_into_the_folder_meanwhile_stays(every_kind, folder, tmp_path):
    class Slow(every_kind):
        def __getitem__(self, index):
            if index == 3:
                folder.mkdir()
                (folder / "mine.txt").write_text("mine")
            return super().__getitem__(index)

    with pytest.raises(ExportError, match="no empty folder"):
        write_npy_columns(Slow(), folder, progress=False)
    assert os.listdir(folder) == ["mine.txt"]
    assert not folder.with_name("columns.partial").exists()


def test_a_folder_that_is_being_written_is_left_alone(every_kind, folder):
    partial = folder.with_name("columns.partial")
    partial.mkdir()
    with pytest.raises(ExportError, match="another process"):
        write_npy_columns(every_kind(), folder, progress=False)
    assert partial.is_dir()


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError("the disk is gone")])
def test_an_interruption_leaves_nothing(every_kind, folder, tmp_path, error):
    before = os.listdir(tmp_path)
    with pytest.raises(type(error)):
        write_npy_columns(every_kind(raises=error), folder, progress=False)
    assert os.listdir(tmp_path) == before


def test_an_element_unlike_its_specification_is_named(every_kind, folder):
    with pytest.raises(DataError, match="record 0 of .*'map' has shape"):
        write_npy_columns(every_kind(map=ArraySpec((9,), "float32", ("x",))), folder, progress=False)
    assert not folder.exists()


def test_ragged_features_are_refused_by_name(every_kind, folder):
    with pytest.raises(ArgumentError, match="source: map have axes of varying length"):
        write_npy_columns(every_kind(map=ArraySpec((None,), "float32", ("x",))), folder, progress=False)
    assert not folder.exists()


def test_features_that_name_no_file_are_refused(every_kind, folder):
    with pytest.raises(ArgumentError, match="'../outside' cannot be the name of a file"):
        write_npy_columns(every_kind(**{"../outside": ArraySpec((), "float32", ())}), folder, progress=False)
