"""What happens when processes die: nothing half-written ever looks complete."""

import contextlib
import json
import multiprocessing
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import numpy as np
import psutil
import pytest

import acoupipe_grain as apg
from acoupipe_grain.errors import DataError, ExportError

pytestmark = pytest.mark.slow

PATIENCE = 300
"""Seconds after which a process that has not ended hangs; a busy machine needs some of them."""
COMMAND = [
    *(
        sys.executable,
        "-c",
        # Jobs in the background ignore interruptions, and hand that down.
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from acoupipe_grain.cli.main import main; sys.exit(main())",
    ),
    *("export", "data", "--SyntheticSource.num_records", "64", "--SyntheticSource.f", "4000"),
    *("--SyntheticSource.signal_length", "0.5"),
]


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The bytes of the command's export, run in this process without a fault."""
    folder = tmp_path_factory.mktemp("undisturbed") / "data"
    apg.export(apg.SyntheticSource(64, f=4000, signal_length=0.5), folder, num_workers=0, progress=False)
    return contents(folder)


def wait_until(condition, process=None, seconds=PATIENCE):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        if process is not None and process.poll() is not None:
            return False
        time.sleep(0.005)
    return True


def kill_with_children(process):
    victims = [process, *process.children(recursive=True)]
    for victim in victims:
        with contextlib.suppress(psutil.NoSuchProcess):
            victim.send_signal(signal.SIGKILL)
    process.wait()
    psutil.wait_procs(victims)


def killed(command, folder, delay):
    """Run an export, kill it some time after it began to write, and say whether it was killed before its end.

    The first run in a folder is killed after its first finished shard.
    """
    begun = set(folder.glob("*.row.json"))
    before = set(folder.glob("*.partial"))
    shown = folder.parent / "shown"
    with shown.open("w") as log:
        process = psutil.Popen(command, cwd=folder.parent, stderr=log)
    if wait_until(lambda: set(folder.glob("*.partial")) - before if begun else set(folder.glob("*.row.json")), process):
        time.sleep(delay)
    if process.poll() is None:
        kill_with_children(process)
        return True
    assert process.returncode == 0, shown.read_text()
    return False


def test_an_export_killed_at_twenty_random_moments_gives_the_bytes_of_an_undisturbed_one(tmp_path, undisturbed):
    moments = np.random.default_rng(0)
    num_killed = num_completed = 0
    folder = tmp_path / "data"
    while num_killed < 20:
        options = ["--export.num_workers", str(moments.integers(3))]
        if moments.random() < 0.2:
            options += ["--shards", f"{moments.integers(2)}/2"]
        num_killed += killed([*COMMAND, *options], folder, moments.uniform(0, 0.5))
        for path in folder.glob("*.row.json"):
            name = json.loads(path.read_text())["name"]
            assert (folder / name).read_bytes() == undisturbed[name]
        is_complete = (folder / "manifest.json").exists()
        if not is_complete:
            with pytest.raises(DataError, match="unfinished export"):
                apg.ArrayRecordSource(folder)
        if is_complete or num_killed == 20:
            subprocess.run([*COMMAND, "--export.num_workers", "0"], cwd=tmp_path, check=True, capture_output=True)
            assert contents(folder) == undisturbed
            num_completed += 1
            shutil.rmtree(folder)
    assert num_completed >= 1


@pytest.mark.parametrize("num_workers", [0, 2])
def test_an_interruption_stops_cleanly_and_says_how_to_go_on(tmp_path, undisturbed, num_workers):
    command = [*COMMAND, "--export.num_workers", str(num_workers)]
    process = psutil.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True, start_new_session=True)
    folder = tmp_path / "data"
    assert wait_until(lambda: list(folder.glob("*.row.json")), process)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to parent and workers
    _, shown = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert re.search(r"stopped: \d+ of 16 shards are finished. Run the same export again", shown)
    assert "Traceback" not in shown
    assert not list(folder.glob("*.partial"))
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    assert contents(folder) == undisturbed


def test_jobs_that_share_a_folder_make_the_data_set_of_one(tmp_path, undisturbed):
    jobs = [
        psutil.Popen([*COMMAND, "--shards", f"{index}/3", "--export.num_workers", "0"], cwd=tmp_path, stderr=-3)
        for index in range(3)
    ]
    assert [job.wait() for job in jobs] == [0, 0, 0]
    assert contents(tmp_path / "data") == undisturbed


@pytest.mark.parametrize("num_workers", [1, 3])
def test_any_number_of_workers_writes_the_same_bytes(tmp_path, undisturbed, num_workers):
    source = apg.SyntheticSource(64, f=4000, signal_length=0.5)
    apg.export(source, tmp_path / "data", num_workers=num_workers, progress=False)
    assert contents(tmp_path / "data") == undisturbed


def test_ray_writes_the_same_bytes_though_a_worker_is_killed(tmp_path, undisturbed):
    command = [*COMMAND, "--export.executor", "ray", "--export.num_workers", "2"]
    process = psutil.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    folder = tmp_path / "data"
    assert wait_until(lambda: list(folder.glob("*.row.json")), process)
    # The owner of a half-written shard is a worker at work.
    assert wait_until(lambda: list(folder.glob("*.array_record.*.partial")), process)
    owner = int(next(folder.glob("*.array_record.*.partial")).name.split(".")[-2])
    os.kill(owner, signal.SIGKILL)
    _, shown = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, shown
    assert "its worker died" in shown
    assert contents(folder) == undisturbed


def test_processes_of_jax_share_an_export(tmp_path, undisturbed):
    script = tmp_path / "script.py"
    script.write_text("""
import sys
import jax
import acoupipe_grain as apg
jax.distributed.initialize(sys.argv[1], 2, int(sys.argv[2]))
source = apg.SyntheticSource(64, f=4000, signal_length=0.5)
apg.export(source, "data", num_workers=0, shards="jax", progress=False)
""")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    jobs = [psutil.Popen([sys.executable, script, address, str(index)], cwd=tmp_path) for index in range(2)]
    assert [job.wait(timeout=PATIENCE) for job in jobs] == [0, 0]
    assert contents(tmp_path / "data") == undisturbed


def test_a_full_disk_loses_no_finished_shard(tmp_path):
    """A limit on the size of files is what a program can do to itself; the system's answer comes the same way."""
    script = tmp_path / "script.py"
    script.write_text("""
import resource, sys
import numpy as np
import acoupipe_grain as apg

class Growing:
    element_spec = {"value": apg.ArraySpec((30_000,), "float32", ("sample",))}
    def __len__(self):
        return 12
    def __getitem__(self, index):
        noise = np.random.default_rng(index).standard_normal(30_000) if index >= 6 else np.zeros(30_000)
        return {"value": noise.astype("f4")}
    def __repr__(self):
        return "Growing()"

if sys.argv[1] == "limited":
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
try:
    apg.export(Growing(), "data", num_workers=0, records_per_shard=3, progress=False)
except apg.ExportError as error:
    sys.exit(str(error))
""")
    limited = subprocess.run([sys.executable, script, "limited"], cwd=tmp_path, capture_output=True, text=True)
    assert limited.returncode == 1
    assert re.search(r"shard-00002.*cannot be written.*File too large.*shards are kept: make room", limited.stderr)
    assert sorted(path.name for path in (tmp_path / "data").glob("*.array_record")) == [
        f"shard-0000{number}-of-00004.array_record" for number in (0, 1)
    ]
    assert not list((tmp_path / "data").glob("*.partial"))
    subprocess.run([sys.executable, script, "unlimited"], cwd=tmp_path, check=True)
    assert len(apg.ArrayRecordSource(tmp_path / "data")) == 12


def test_a_folder_that_may_not_be_written_is_an_error_that_says_so():
    script = """
import os, sys
import acoupipe_grain as apg
source = apg.SceneSource(20)
apg.export(source, "other", num_workers=0, progress=False)  # everything is imported
os.mkdir("closed")
os.chmod("closed", 0o555)
if os.geteuid() == 0:
    os.seteuid(65534)  # whom permissions hold for
try:
    apg.export(source, "closed/data", num_workers=0, progress=False)
except apg.ExportError as error:
    print(error)
"""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        done = subprocess.run([sys.executable, "-c", script], cwd=folder, capture_output=True, text=True)
    assert re.search(r"closed/data: cannot be written \(Permission denied\)", done.stdout), done


def test_memory_does_not_grow_with_the_length(tmp_path):
    script = tmp_path / "script.py"
    script.write_text("""
import resource, sys
import numpy as np
import acoupipe_grain as apg

class Noise:
    element_spec = {"value": apg.ArraySpec((2**18,), "float32", ("sample",))}
    def __len__(self):
        return int(sys.argv[1])
    def __getitem__(self, index):
        return {"value": np.random.default_rng(index).standard_normal(2**18, dtype="f4")}
    def __repr__(self):
        return f"Noise({len(self)})"

apg.export(Noise(), f"data-{len(Noise())}", num_workers=0, compression="uncompressed", progress=False)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
""")
    peaks = [
        float(subprocess.run([sys.executable, script, count], cwd=tmp_path, check=True, capture_output=True).stdout)
        for count in ("64", "1024")
    ]
    assert peaks[1] - peaks[0] < 64  # MiB, of 960 more that are written


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
    subprocess.run([sys.executable, script], timeout=PATIENCE, check=True, capture_output=True)


def test_workers_that_die_again_and_again_are_an_error_and_lose_nothing(tmp_path):
    with pytest.raises(ExportError, match="worker processes ended unexpectedly 3 times.*shards are kept"):
        apg.export(Deadly(), tmp_path / "data", num_workers=2, progress=False)
    assert not (tmp_path / "data" / "manifest.json").exists()
    assert len(list((tmp_path / "data").glob("*.row.json"))) >= 7


class DeadlyOnce(Deadly):
    """A source whose process dies at a record, the first time."""

    def __init__(self, flag):
        self.flag = flag

    def __getitem__(self, index):
        if index == 7 and not self.flag.exists():
            self.flag.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return {"idx": np.array(index, dtype=np.int32)}


def test_a_worker_that_dies_is_replaced_and_reported(tmp_path, capsys):
    apg.export(DeadlyOnce(tmp_path / "flag"), tmp_path / "data", num_workers=2)
    assert [int(apg.ArrayRecordSource(tmp_path / "data")[index]["idx"]) for index in range(12)] == list(range(12))
    shown = capsys.readouterr().err
    assert "a worker process died; its shard is written again" in shown
    assert "failures=1" in shown
    assert "12/12" in shown


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
    _, alive = psutil.wait_procs(workers, timeout=PATIENCE)
    assert not alive
