import subprocess
import sys

import pytest

MODULES = (
    "options", "task", "errors", "averages", "early_stopping", "optimisation", "placement", "stopwatch", "history",
    "position", "arrays_by_name", "step", "training_data", "checkpoints", "description", "log", "summary", "progress",
    "evaluation", "plots", "run", "result", "initialisation", "loop",
)  # fmt: skip
WITHOUT = """
import importlib, sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("flax", "optax", "orbax", "matplotlib"):
            raise ModuleNotFoundError(f"No module named {name!r}")

sys.meta_path.insert(0, Missing())
for name in sys.argv[1:]:
    importlib.import_module(f"acoupipe_grain.training.{name}")
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.training.loop import fit
from acoupipe_grain.training.options import TrainingOptions
try:
    fit(None, None, None, None, TrainingOptions(), "run")
except ArgumentError as error:
    print(error)
"""


@pytest.mark.slow
def test_only_a_training_itself_needs_the_extra(tmp_path):
    done = subprocess.run([sys.executable, "-c", WITHOUT, *MODULES], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Trainings need the package flax: pip install 'acoupipe-grain[train]'.")
