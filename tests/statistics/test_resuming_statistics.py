import json
import shutil
import threading
import time

import numpy as np
import pytest
from listed_source import FRAME_AXES, ListedSource, random_frames

import acoupipe_grain as apg
from acoupipe_grain.errors import ArgumentError, DataError
from acoupipe_grain.statistics import Counted, Statistics, compute_statistics, groups, progress_file

COUNTED = {"frames": Counted(["feature"], mask="frame_mask", above=[None, 2, None])}


class Watched(ListedSource):
    """A source that notes what is read and does something at one record."""

    def __init__(self, *arguments, at=None, act=None):
        super().__init__(*arguments)
        self.read, self.at, self.act = [], at, act

    def __getitem__(self, index):
        self.read.append(index)
        if index == self.at:
            self.act()
        return super().__getitem__(index)


@pytest.fixture(autouse=True)
def _small_groups(monkeypatch):
    monkeypatch.setattr(groups, "MAX_SINGLE_RECORDS", 3)


def watched(**options):
    return Watched(random_frames(40), FRAME_AXES, **options)


def interrupt():
    raise KeyboardInterrupt


@pytest.mark.parametrize("at", [0, 2, 3, 17, 39])
def test_after_an_interruption_the_same_call_gives_the_same_bits(tmp_path, at):
    path = tmp_path / "statistics.json"
    expected = compute_statistics(watched(), COUNTED, progress=False)
    with pytest.raises(KeyboardInterrupt, match=f"stopped after {at // 3 * 3} of 40 records"):
        compute_statistics(watched(at=at, act=interrupt), COUNTED, progress=False, resume=path)
    source = watched()
    assert compute_statistics(source, COUNTED, progress=False, resume=path) == expected
    assert min(source.read) == at // 3 * 3
    assert Statistics.load(path) == expected


def test_an_interruption_waits_for_no_more_than_the_records_being_read(monkeypatch):
    monkeypatch.setattr(groups, "MAX_SINGLE_RECORDS", 20)
    monkeypatch.setattr(groups.workers, "num_cores", lambda: 2)
    others_read = threading.Event()

    def wait_and_interrupt():
        assert others_read.wait(10)
        raise KeyboardInterrupt

    class Slow(Watched):
        def __getitem__(self, index):
            if index >= 20:
                others_read.set()
                time.sleep(0.02)
            return super().__getitem__(index)

    source = Slow(random_frames(40), FRAME_AXES, at=5, act=wait_and_interrupt)
    with pytest.raises(KeyboardInterrupt, match="after 0 of 40 records"):
        compute_statistics(source, ["frames"], progress=False)
    assert max(source.read) < 39


def test_any_error_keeps_what_was_computed(tmp_path):
    def fail():
        raise OSError("the disk is gone")

    path = tmp_path / "statistics.json"
    with pytest.raises(OSError, match="the disk is gone"):
        compute_statistics(watched(at=20, act=fail), COUNTED, progress=False, resume=path)
    source = watched()
    compute_statistics(source, COUNTED, progress=False, resume=path)
    assert min(source.read) == 18


def test_a_killed_computation_goes_on_from_the_last_file(tmp_path, monkeypatch):
    monkeypatch.setattr(progress_file, "SECONDS_BETWEEN_WRITES", 0)
    monkeypatch.setattr(progress_file, "WRITES_SHARE", 0)
    path, kept = tmp_path / "statistics.json", tmp_path / "kept.json"
    expected = compute_statistics(
        watched(at=30, act=lambda: shutil.copy(path, kept)), COUNTED, progress=False, resume=path
    )
    assert 0 < json.loads(kept.read_text())["num_records"] <= 30
    with pytest.raises(DataError, match="kept.json: statistics of .* records of an unfinished computation; give it to"):
        Statistics.load(kept)
    source = watched()
    assert compute_statistics(source, COUNTED, progress=False, resume=kept) == expected
    assert 0 not in source.read


def test_a_finished_file_is_not_computed_again(tmp_path):
    path = tmp_path / "statistics.json"
    expected = compute_statistics(watched(), COUNTED, progress=False, resume=path)
    source = watched(at=0, act=interrupt)
    assert compute_statistics(source, COUNTED, progress=False, resume=str(path)) == expected
    assert source.read == []


def test_batches_that_a_source_computes_go_on_with_the_same_bits(tmp_path, small_setup, monkeypatch):
    monkeypatch.setattr("acoupipe_grain.records.batches.MAX_BATCH_SIZE", 4)
    source = apg.SyntheticSource(
        10, setup=small_setup, mode="analytic", f=2000.0, max_nsources=4, features=("sourcemap",)
    )
    path = tmp_path / "statistics.json"
    expected = compute_statistics(source, ["sourcemap"], progress=False)
    add = progress_file.Progressed.add
    with monkeypatch.context() as patched:
        patched.setattr(progress_file.Progressed, "add", lambda *given: (add(*given), interrupt()))
        with pytest.raises(KeyboardInterrupt):
            compute_statistics(source, ["sourcemap"], progress=False, resume=path)
    assert json.loads(path.read_text())["num_records"] == 4
    assert compute_statistics(source, ["sourcemap"], progress=False, resume=path) == expected


def test_the_file_of_another_source_or_of_other_arrays_is_refused(tmp_path):
    path = tmp_path / "statistics.json"
    source = ListedSource(random_frames(), FRAME_AXES)
    compute_statistics(source, COUNTED, progress=False, resume=path)
    before = path.read_bytes()
    other = ListedSource(random_frames(seed=1), FRAME_AXES, "other")
    with pytest.raises(ArgumentError, match=r"resume=.*of another source, ListedSource\(listed\), not of .*other"):
        compute_statistics(other, COUNTED, progress=False, resume=path)
    with pytest.raises(ArgumentError, match="resume=.*of other arrays, .*mask='frame_mask'.*, not .*mask=None"):
        compute_statistics(source, ["frames"], progress=False, resume=path)
    assert path.read_bytes() == before


def test_files_that_cannot_be_written_or_are_something_else_are_refused_first(tmp_path):
    source = watched(at=0, act=interrupt)
    (tmp_path / "other.json").write_text("{}")
    for resume, kind, message in (
        (tmp_path, ArgumentError, "resume=.*: is a folder"),
        (tmp_path / "none" / "x.json", ArgumentError, "resume=.*: its folder is not there"),
        (3, ArgumentError, "resume=3: expected the path"),
        (tmp_path / "other.json", DataError, "other.json: holds no statistics"),
    ):
        with pytest.raises(kind, match=message):
            compute_statistics(source, progress=False, resume=resume)
    assert source.read == []


def test_interrupted_without_a_file_the_error_says_how_to_keep_the_numbers():
    with pytest.raises(KeyboardInterrupt, match="after 9 of 40 records, with resume=... they could go on"):
        compute_statistics(watched(at=10, act=interrupt), ["frames"], progress=False)


def test_a_computation_that_leaves_nothing_says_so_again(tmp_path):
    path = tmp_path / "statistics.json"
    counted = {"frames": Counted(above=np.float32(1e9))}
    for _ in range(2):
        with pytest.raises(ArgumentError, match="'frames': above=1000000000.0 leaves no value"):
            compute_statistics(watched(), counted, progress=False, resume=path)
    with pytest.raises(DataError, match="statistics.json: damaged .*leaves no value"):
        Statistics.load(path)
