import h5py
import numpy as np
import pytest

import acoupipe_grain as apg
from acoupipe_grain.cli.main import main
from acoupipe_grain.records.bridges import TFRecordSource


@pytest.fixture(scope="module")
def scenes():
    return apg.SceneSource(5, max_nsources=2)


@pytest.fixture(scope="module")
def stored(tmp_path_factory, scenes):
    folder = tmp_path_factory.mktemp("stored") / "data"
    apg.export(scenes, folder, num_workers=0, progress=False)
    return folder


READERS = {
    "hdf5": lambda path: h5py.File(path)["positions"][3],
    "npy": lambda path: np.load(path / "positions.npy")[3],
    "tfrecord": lambda path: TFRecordSource(path)[3]["positions"],
    "array-record": lambda path: apg.ArrayRecordSource(path)[3]["positions"],
}


@pytest.mark.parametrize("name", READERS)
def test_a_data_set_is_written_in_every_format(stored, scenes, tmp_path, capsys, name):
    assert main(["convert", str(stored), str(tmp_path / "other"), "--to", name]) == 0
    np.testing.assert_array_equal(READERS[name](tmp_path / "other"), scenes[3]["positions"])
    assert f"5 records as {name}" in capsys.readouterr().out


def test_tfrecords_come_back(stored, scenes, tmp_path):
    assert main(["convert", str(stored), str(tmp_path / "records"), "--to", "tfrecord"]) == 0
    assert main(["convert", str(tmp_path / "records"), str(tmp_path / "back"), "--to", "array-record"]) == 0
    for name, array in scenes[4].items():
        np.testing.assert_array_equal(apg.ArrayRecordSource(tmp_path / "back")[4][name], array)


def test_files_of_acoupipe_become_data_sets(tmp_path):
    with h5py.File(tmp_path / "acoupipe.h5", "w") as file:
        for index in range(12):
            file[f"{index}/idx"] = index
            file[f"{index}/loc"] = np.full((3, 1 + index % 2), float(index))
    assert main(["convert", str(tmp_path / "acoupipe.h5"), str(tmp_path / "data"), "--to", "array-record"]) == 0
    assert apg.ArrayRecordSource(tmp_path / "data")[10]["loc"][0].tolist() == [10.0, 0.0]


def test_nothing_is_overwritten_and_nothing_made_of_nothing(stored, tmp_path, capsys):
    (tmp_path / "other.h5").write_text("mine")
    assert main(["convert", str(stored), str(tmp_path / "other.h5"), "--to", "hdf5"]) == 2
    assert "exists and is not overwritten" in capsys.readouterr().err
    assert (tmp_path / "other.h5").read_text() == "mine"
    assert main(["convert", str(tmp_path / "nowhere"), str(tmp_path / "data"), "--to", "npy"]) == 2
    assert "no such file or folder" in capsys.readouterr().err
