import json
import os
import sys

import h5py
import numpy as np
import pytest

from acoupipe_grain.errors import ArgumentError, DataError, ExportError
from acoupipe_grain.records.bridges.hdf5 import write_hdf5
from acoupipe_grain.specs import ArraySpec


@pytest.fixture
def path(tmp_path):
    return tmp_path / "data.h5"


def test_every_value_and_dtype_comes_back(every_kind, path):
    source = every_kind()
    write_hdf5(source, path, progress=False)
    with h5py.File(path) as file:
        assert set(file) == set(source.element_spec)
        for name, spec in source.element_spec.items():
            assert file[name].dtype == np.dtype(spec.dtype)
            assert np.array_equal(file[name][:], np.stack([source[index][name] for index in range(7)])), name


def test_a_chunk_holds_one_record(every_kind, path):
    write_hdf5(every_kind(), path, progress=False)
    with h5py.File(path) as file:
        assert file["matrix"].chunks == (1, 2, 3)
        assert file["class"].chunks == (1,)
        assert file["empty"].shape == (7, 3, 0)


def test_units_axes_and_origin_are_attributes(every_kind, path):
    write_hdf5(every_kind(), path, progress=False)
    with h5py.File(path) as file:
        assert file["matrix"].attrs["unit"] == "Pa^2"
        assert list(file["matrix"].attrs["axes"]) == ["record", "mic", "mic"]
        assert list(file["class"].attrs["axes"]) == ["record"]
        assert json.loads(file.attrs["configuration"]) == every_kind().configuration
        assert json.loads(file.attrs["tables"]) == {"class": ["dog", "cat"]}
        assert file.attrs["num_records"] == 7
        assert file.attrs["written_by"].startswith("acoupipe-grain ")


def test_sources_that_compute_batches_are_read_in_batches(squares, path):
    write_hdf5(squares, path, progress=False)
    with h5py.File(path) as file:
        numbers = np.arange(70, dtype=np.float32)
        assert np.array_equal(file["square"][:], np.stack([numbers, numbers**2], axis=1))
        assert json.loads(file.attrs["configuration"]) == {"repr": "Squares()"}


def test_simulated_records_are_those_of_the_source(small_source, path):
    write_hdf5(small_source, path, progress=False)
    with h5py.File(path) as file:
        assert np.array_equal(file["idx"][:], np.arange(20))
        element = small_source[7]
        for name in element:
            assert np.allclose(file[name][7], element[name], atol=1e-5 * np.abs(element[name]).max()), name


def test_equal_sources_give_equal_files(every_kind, tmp_path):
    for name in ("a.h5", "b.h5"):
        write_hdf5(every_kind(), tmp_path / name, progress=False)
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()


def test_missing_folders_are_made(every_kind, tmp_path):
    write_hdf5(every_kind(), tmp_path / "new" / "folder" / "data.h5", progress=False)
    assert os.listdir(tmp_path / "new" / "folder") == ["data.h5"]


def test_nothing_is_overwritten(every_kind, path):
    path.write_text("mine")
    with pytest.raises(ExportError, match="data.h5'.*not overwritten"):
        write_hdf5(every_kind(), path, progress=False)
    assert path.read_text() == "mine"


def test_a_file_that_is_being_written_is_left_alone(every_kind, path):
    partial = path.with_name("data.h5.partial")
    partial.write_text("theirs")
    with pytest.raises(ExportError, match="another process"):
        write_hdf5(every_kind(), path, progress=False)
    assert partial.read_text() == "theirs"


def test_a_place_that_cannot_be_written_is_named(every_kind, path):
    path.write_text("no folder")
    with pytest.raises(ExportError, match="below.h5"):
        write_hdf5(every_kind(), path / "below.h5", progress=False)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError("the disk is gone")])
def test_an_interruption_leaves_nothing(every_kind, path, tmp_path, error):
    before = os.listdir(tmp_path)
    with pytest.raises(type(error)):
        write_hdf5(every_kind(raises=error), path, progress=False)
    assert os.listdir(tmp_path) == before


def test_an_element_unlike_its_specification_is_named(every_kind, path):
    with pytest.raises(DataError, match="record 0 of .*'map' has shape"):
        write_hdf5(every_kind(map=ArraySpec((9,), "float32", ("x",))), path, progress=False)
    assert not path.exists()


def test_ragged_features_are_refused_by_name(every_kind, path):
    with pytest.raises(ArgumentError, match="source: map have axes of varying length"):
        write_hdf5(every_kind(map=ArraySpec((None,), "float32", ("x",))), path, progress=False)
    assert not path.exists()


@pytest.mark.parametrize("name", ["a/b", "..", "", "a\\b"])
def test_features_that_name_no_data_set_are_refused(every_kind, path, name):
    with pytest.raises(ArgumentError, match="cannot be the name of a file"):
        write_hdf5(every_kind(**{name: ArraySpec((), "float32", ())}), path, progress=False)


def test_a_configuration_that_is_no_json_leaves_nothing(every_kind, path):
    class Odd(every_kind):
        configuration = {"value": object()}

    with pytest.raises(ArgumentError, match="configuration"):
        write_hdf5(Odd(), path, progress=False)
    assert not path.exists()


def test_progress_is_shown_on_request(every_kind, path, capsys):
    write_hdf5(every_kind(), path)
    assert "write data.h5: 100%" in capsys.readouterr().err
    with pytest.raises(ArgumentError, match="progress='no'"):
        write_hdf5(every_kind(), path.with_name("other.h5"), progress="no")


def test_a_missing_h5py_is_an_error_that_says_how_to_install_it(every_kind, path, monkeypatch):
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(ArgumentError, match=r"acoupipe-grain\[hdf5\]"):
        write_hdf5(every_kind(), path, progress=False)
