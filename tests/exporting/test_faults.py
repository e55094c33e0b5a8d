"""What happens when processes die: nothing half-written ever looks complete."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time

import numpy as np
import psutil
import pytest

import acoupipe_grain as apg
from acoupipe_grain.errors import DataError, ExportError
from acoupipe_grain.records.array_record import num_records_in

pytestmark = pytest.mark.slow

COMMAND = [
    *(sys.executable, "-c", "from acoupipe_grain.cli.main import main; main()"),
    *("export", "data", "--SyntheticSource.num_records", "64", "--SyntheticSource.f", "4000"),
    *("--SyntheticSource.signal_length", "0.5"),
]


@pytest.mark.parametrize("num_workers", [0, 2])
@pytest.mark.parametrize("moment", [0, 1, 2])
def test_a_killed_export_leaves_whole_shards_and_is_recognised(tmp_path, num_workers, moment):
    process = psutil.Popen(
        [*COMMAND, "--export.num_workers", str(num_workers)], cwd=tmp_path, stderr=subprocess.DEVNULL
    )
    folder = tmp_path / "data"
    wanted = 1 + 3 * moment
    deadline = time.monotonic() + 120
    while len(list(folder.glob("*.array_record"))) < wanted:
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.01)
    children = process.children(recursive=True)
    for victim in (process, *children):
        victim.send_signal(signal.SIGKILL)
    process.wait()
    psutil.wait_procs(children)
    assert not (folder / "manifest.json").exists()
    for shard in folder.glob("*.array_record"):
        assert num_records_in(shard) == 4
    with pytest.raises(DataError, match="unfinished export"):
        apg.ArrayRecordSource(folder)
    source = apg.SyntheticSource(64, f=4000, signal_length=0.5)
    with pytest.raises(ExportError, match="unfinished run of this export"):
        apg.export(source, folder, num_workers=0, progress=False)


class Deadly:
    """A source whose process dies at a record, wherever it is not the parent."""

    element_spec = {"idx": apg.ArraySpec((), "int32", ())}

    def __len__(self):
        return 12

    def __getitem__(self, index):
        if index == 7 and multiprocessing.parent_process() is not None:
            os.kill(os.getpid(), signal.SIGKILL)
        return {"idx": np.array(index, dtype=np.int32)}

    def __repr__(self):
        return "Deadly()"


class Slow(Deadly):
    """A source that takes its time, and fails at its first record."""

    def __len__(self):
        return 64

    def __getitem__(self, index):
        time.sleep(0.2)
        if index == 0:
            raise ValueError("broken record")
        return {"idx": np.array(index, dtype=np.int32)}


def test_an_error_stops_all_workers_after_their_current_record(tmp_path):
    """Shards of 32 records take 6 s: none may be finished, or begun anew, after the error."""
    started = time.monotonic()
    with pytest.raises(ValueError, match="broken record"):
        apg.export(Slow(), tmp_path / "data", num_workers=2, records_per_shard=32, progress=False)
    assert time.monotonic() - started < 30
    assert not (tmp_path / "data").exists()


def test_a_program_ends_though_a_thread_waits_for_a_batch(tmp_path):
    script = tmp_path / "script.py"
    script.write_text("""
import threading, time
import numpy as np
import acoupipe_grain as apg

class Stuck:
    read_options = {"num_threads": 0, "prefetch_buffer_size": 0}  # Python itself waits for threads that read ahead
    element_spec = {"idx": apg.ArraySpec((), "int32", ())}
    def __len__(self):
        return 4
    def __getitem__(self, index):
        time.sleep(600)
    def __repr__(self):
        return "Stuck()"

iterator = iter(apg.make_loader(Stuck(), 2))
threading.Thread(target=lambda: next(iterator), daemon=True).start()
time.sleep(1)
""")
    subprocess.run([sys.executable, script], timeout=60, check=True, capture_output=True)


def test_a_dying_export_worker_is_an_error(tmp_path):
    with pytest.raises(ExportError, match="a worker process ended unexpectedly"):
        apg.export(Deadly(), tmp_path / "data", num_workers=2, progress=False)
    assert not (tmp_path / "data" / "manifest.json").exists()


def test_a_dying_loader_worker_is_an_error_not_the_end():
    iterator = iter(apg.make_loader(Deadly(), 2, shuffle=False, num_workers=1))
    with pytest.raises(RuntimeError, match="terminated unexpectedly"):
        list(iterator)
    iterator.close()


@pytest.mark.parametrize("how", ["export", "loader"])
def test_workers_end_with_a_killed_parent(tmp_path, how):
    script = tmp_path / "script.py"
    script.write_text(f"""
import acoupipe_grain as apg
if __name__ == "__main__":
    source = apg.SyntheticSource(10_000, f=4000.0, signal_length=0.5)
    if "{how}" == "export":
        apg.export(source, "data", num_workers=2, progress=False)
    else:
        for batch in apg.make_loader(source, 2, num_workers=2):
            open("begun", "w").close()
""")
    process = psutil.Popen([sys.executable, script], cwd=tmp_path)
    deadline = time.monotonic() + 120
    while not (tmp_path / "begun").exists() and not list(tmp_path.glob("data/*.partial")):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.05)
    workers = process.children(recursive=True)
    assert len(workers) >= 2
    process.send_signal(signal.SIGKILL)
    process.wait()
    _, alive = psutil.wait_procs(workers, timeout=30)
    assert not alive
