"""ArgBind in users' scripts: each of its traps is an error. Scripts run in processes of their own."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from acoupipe_grain.config import bound
from acoupipe_grain.errors import ArgumentError

SCRIPT = """
import argbind
from acoupipe_grain.config import bound
from acoupipe_grain.config.bound import SceneSource

@argbind.bind("train", "val")
def train(steps: int = 3, rate: float = 1e-3, fast: bool = True):
    return steps, rate, fast

args = bound.parse_args()
with bound.scope(args, "train"):
    source = SceneSource(num_records=5)
    print(source.streams.seed, source.snap_to_grid, *train())
"""


def run(tmp_path, *flags, script=SCRIPT, **files):
    for name, text in files.items():
        (tmp_path / f"{name}.yml").write_text(text)
    path = tmp_path / "script.py"
    path.write_text(script)
    command = [sys.executable, path, *(flag.format(tmp=tmp_path) for flag in flags)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_files_flags_and_scopes_reach_the_packages_and_the_scripts_functions(tmp_path):
    result = run(
        tmp_path,
        "--args.load={tmp}/some.yml",
        "--args.save={tmp}/saved.yml",
        "--SceneSource.snap_to_grid",
        "--train.fast",
        "false",
        some="SceneSource.seed: 1\ntrain/SceneSource.seed: 2\ntrain.rate: 1e-4\nval/train.steps: 9\n",
    )
    assert result.stdout.split() == ["2", "True", "3", "0.0001", "False"], result.stderr
    again = run(tmp_path, "--args.load={tmp}/saved.yml")
    assert again.stdout == result.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("flags", "text", "message"),
    [
        (["--SceneSource.sed", "1"], "", "did you mean 'SceneSource.seed'"),
        (["--train.step", "1"], "", "did you mean 'train.steps'"),
        (["--verbose"], "", "--verbose: unknown"),
        ([], "train.stepps: 1", "did you mean 'train.steps'"),
        ([], "train: {steps: 1}", "nested keys are not read"),
        ([], "train.rate: '1e-4'", "leave the quotes out"),
        ([], "train.steps: !!python/name:os.system", "not valid YAML"),
        ([], "vall/train.steps: 1", "unknown scope 'vall'; did you mean 'val/train.steps'"),
    ],
)
def test_what_argbind_ignores_or_executes_is_an_error(tmp_path, flags, text, message):
    result = run(tmp_path, "--args.load={tmp}/some.yml", *flags, some=text)
    assert message in result.stderr
    assert not result.stdout


def test_outside_a_scope_nothing_is_built_from_silent_defaults():
    with pytest.raises(ArgumentError, match="called outside of any scope"):
        bound.SceneSource()


def test_unknown_keywords_are_not_dropped():
    with bound.scope({"SceneSource.seed": 1}), pytest.raises(TypeError, match="sed"):
        bound.SceneSource(sed=1)


def test_a_scope_ends_with_an_exception_too():
    with pytest.raises(KeyError), bound.scope({"SceneSource.seed": 5}, "train"):
        raise KeyError
    with bound.scope({}):
        assert bound.SceneSource().streams.seed == 0
    with pytest.raises(ArgumentError, match="outside of any scope"):
        bound.SceneSource()


def test_scopes_in_threads_do_not_mix():
    def built(seed):
        with bound.scope({"SceneSource.seed": seed}):
            return {bound.SceneSource().streams.seed for _ in range(30)}

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(built, range(8))) == [{seed} for seed in range(8)]


def test_a_thread_without_a_scope_does_not_see_anothers():
    with bound.scope({"SceneSource.seed": 5}), ThreadPoolExecutor(1) as pool:
        with pytest.raises(ArgumentError, match="outside of any scope"):
            pool.submit(bound.SceneSource).result(timeout=10)
        assert bound.SceneSource().streams.seed == 5


def test_scopes_nest():
    with bound.scope({"SceneSource.seed": 1, "val/SceneSource.seed": 2}, "val"):
        with bound.scope({"SceneSource.seed": 3}):
            assert bound.SceneSource().streams.seed == 3
        assert bound.SceneSource().streams.seed == 2
        assert bound.SceneSource(seed=4).streams.seed == 4


@pytest.mark.parametrize(
    ("arguments", "pattern", "message"),
    [
        ({"SceneSource.sed": 1}, "", "did you mean 'SceneSource.seed'"),
        ({"SceneSource.seed": "1"}, "", "leave the quotes out"),
        ({"SceneSource.seed": 1}, "trian", "did you mean 'train'"),
    ],
)
def test_scopes_are_strict(arguments, pattern, message):
    with pytest.raises(ArgumentError, match=message), bound.scope(arguments, pattern):
        pass


def test_single_values_of_a_setup_and_errors_with_their_place():
    with bound.scope({"SceneSource.setup.sample_rate": 20000.0, "val/SceneSource.num_records": 0}, "train"):
        assert bound.SceneSource().setup.sample_rate == 20000.0
    wrong = pytest.raises(ArgumentError, match="arguments: val/SceneSource.num_records: num_records=0")
    with wrong, bound.scope({"val/SceneSource.num_records": 0}, "val"):
        bound.SceneSource()


def test_the_packages_own_configurations_load_in_scripts(tmp_path):
    conf = Path(__file__).parents[2] / "conf"
    script = """
from acoupipe_grain.config import bound

args = bound.parse_args()
with bound.scope(args, "train"):
    source = bound.SyntheticSource(num_records=3)
    print(len(source), source.f, source.setup.block_size)
"""
    for name, block_size in (("train_val", 128), ("low_frequency", 1024)):
        result = run(tmp_path, "--args.load", str(conf / f"{name}.yml"), script=script)
        assert result.stdout.endswith(f" {block_size}\n"), result.stderr


@pytest.mark.slow
def test_functions_of_scripts_may_take_anything(tmp_path):
    script = """
import argbind
from pathlib import Path
from typing import List, Literal
from acoupipe_grain.config import bound

@argbind.bind("train")
def fit(steps, kind: Literal["a", "b"] = "a", folder: Path = None, names: List[str] = None, free=3, flags: list = ()):
    return steps, kind, folder, names, free, flags

@argbind.bind()
def typed(rate: "OnlyForTypeCheckers" = 1.0):
    \"\"\"Something.

    Parameters
    ----------
    rate
        As for `another` thing.
    \"\"\"

@argbind.bind(without_prefix=True)
def main(epochs: int = 3):
    return epochs

args = bound.parse_args()
with bound.scope(args, "train"):
    print(fit(1), main())
"""
    flags = ["--fit.kind", "b", "--fit.folder=somewhere", "--fit.names=[x, y]", "--fit.free=[1, 2]", "--epochs", "5"]
    result = run(tmp_path, *flags, "--args.save={tmp}/saved.yml", script=script)
    assert result.stdout == "(1, 'b', 'somewhere', ['x', 'y'], [1, 2], ()) 5\n", result.stderr
    again = run(tmp_path, "--args.load={tmp}/saved.yml", script=script)
    assert again.stdout == "(1, 'b', 'somewhere', ['x', 'y'], [1, 2], []) 5\n", again.stderr
    for wrong, message in (
        (["--fit.kind", "c"], "expected a | b"),
        (["--fit.steps", "3"], "unknown key"),
        (["--args.load=a.yml", "--args.load=b.yml"], "given twice"),
    ):
        assert message in run(tmp_path, *wrong, script=script).stderr


def test_a_name_that_the_script_has_bound_is_not_taken_over(tmp_path):
    script = """
import argbind

@argbind.bind()
def export(folder: str = "mine"):
    return folder

from acoupipe_grain.config.bound import export
"""
    result = run(tmp_path, script=script)
    assert "export: the script has bound something else under this name" in result.stderr


def test_nor_is_one_of_ours_taken_over_later(tmp_path):
    script = """
import argbind
from acoupipe_grain.config import bound
from acoupipe_grain.config.bound import export

def mine(folder: str = "mine"):
    return folder

mine.__qualname__ = "export"
argbind.argbind.PARSE_FUNCS.pop("export")
argbind.bind(mine)
bound.parse_args([])
"""
    assert "export: the script has bound something else under this name" in run(tmp_path, script=script).stderr
