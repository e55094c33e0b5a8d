import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tiny_training import assert_same_bits, options, train

from acoupipe_grain.training.checkpoints import Checkpoints

KILLED = """
import os, signal, sys
from tiny_training import options, train

folder, number = sys.argv[1], int(sys.argv[2])
left = [number]

def watch(event, given):
    # From the second checkpoint on, each operation on files may be the last.
    if event not in ("open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.listdir", "os.scandir"):
        return
    if not os.path.isdir(f"{folder}/checkpoints/2") or "checkpoints" not in str(given[0]):
        return
    left[0] -= 1
    if left[0] == 0:
        os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(watch)
train(folder, chosen=options(checkpoint_every=2, keep=1))
print(left[0])
"""


@pytest.mark.slow
@pytest.mark.parametrize("number", [2, 9, 16, 24])
def test_a_training_killed_while_it_saves_goes_on_from_a_whole_checkpoint(tmp_path, number):
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent), "JAX_PLATFORMS": "cpu"}
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path / "run"), str(number)],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == -signal.SIGKILL, done.stdout + done.stderr
    with Checkpoints(tmp_path / "run") as checkpoints:
        assert checkpoints.latest in (2, 4, 6, 8)
    chosen = options(checkpoint_every=2, keep=1)
    whole = train(tmp_path / "whole", chosen=chosen)
    assert_same_bits(train(tmp_path / "run", chosen=chosen).module, whole.module)
