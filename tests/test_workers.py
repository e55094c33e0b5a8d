"""Settings of worker processes; each case runs in a fresh interpreter, whose JAX configuration it may change."""

import subprocess
import sys

import pytest

SCRIPT = """
import jax, numpy as np
import acoupipe_grain as apg
from acoupipe_grain import workers
{setting}

class Probe(workers.StartsGrainWorkers):
    element_spec = {{"x64": apg.ArraySpec((), "bool", ()), "cpu": apg.ArraySpec((), "bool", ())}}
    def __len__(self):
        return 2
    def __getitem__(self, index):
        on_cpu = jax.config.values["jax_platforms"] == "cpu"
        return {{"x64": np.array(jax.config.read("jax_enable_x64")), "cpu": np.array(on_cpu)}}
    def __repr__(self):
        return "Probe()"

{main}
"""
MAKE_LOADER = """
if __name__ == "__main__":
    iterator = iter(apg.make_loader(Probe(), 2, num_workers=1))
    (batch,) = list(iterator)
    iterator.close()
    print(batch["x64"].all(), batch["cpu"].all())
"""
DATA_LOADER = """
import grain
if __name__ == "__main__":
    sampler = grain.samplers.IndexSampler(2, shard_options=grain.sharding.NoSharding(), num_epochs=1, seed=0)
    (first, _) = grain.DataLoader(data_source=Probe(), sampler=sampler, worker_count=1)
    print(first["x64"], first["cpu"])
"""
USERS_OWN_PROCESS = """
import multiprocessing, pickle
def show(probe):
    print(probe[0]["x64"], probe[0]["cpu"])
if __name__ == "__main__":
    process = multiprocessing.get_context("spawn").Process(target=show, args=(Probe(),))
    process.start()
    process.join()
"""
X64 = "if __name__ == '__main__': jax.config.update('jax_enable_x64', True)"


def output_of(tmp_path, setting, main):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.format(setting=setting, main=main))
    result = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
    return result.stdout.split()


@pytest.mark.parametrize(
    "main",
    [pytest.param(MAKE_LOADER, id="make_loader"), pytest.param(DATA_LOADER, id="DataLoader", marks=pytest.mark.slow)],
)
@pytest.mark.parametrize(("setting", "x64"), [pytest.param("", "False", marks=pytest.mark.slow), (X64, "True")])
def test_grain_workers_compute_on_the_cpu_with_the_parents_precision(tmp_path, main, setting, x64):
    assert output_of(tmp_path, setting, main) == [x64, "True"]


@pytest.mark.slow
def test_a_users_own_process_keeps_its_devices(tmp_path):
    assert output_of(tmp_path, "", USERS_OWN_PROCESS) == ["False", "False"]


def test_records_have_the_same_dtypes_and_values_with_64_bit_jax(tmp_path):
    main = """
if __name__ == "__main__":
    source = apg.SyntheticSource(2, features=("csm", "sourcemap", "eigmode", "f", "num"), f=4000.0, signal_length=0.2)
    narrow = source[1]
    jax.config.update("jax_enable_x64", True)
    wide = apg.SyntheticSource(2, features=("csm", "sourcemap", "eigmode", "f", "num"), f=4000.0, signal_length=0.2)[1]
    for name, array in narrow.items():
        assert wide[name].dtype == array.dtype, name
        np.testing.assert_allclose(wide[name], array, atol=1e-5 * np.abs(array).max())
    print("same")
"""
    assert output_of(tmp_path, "", main) == ["same"]


def test_a_platform_without_cpu_is_an_error_that_says_what_to_add(monkeypatch):
    import jax

    from acoupipe_grain import ArgumentError
    from acoupipe_grain.workers import cpu_device

    def without_cpu(**options):
        raise RuntimeError("Unknown backend cpu")

    monkeypatch.setattr(jax, "local_devices", without_cpu)
    with pytest.raises(ArgumentError, match="JAX_PLATFORMS=cuda,cpu"):
        cpu_device()


UNGUARDED = """
import acoupipe_grain as apg
source = apg.SceneSource(20, max_nsources=2)
{call}
"""
CALLS = {
    "export": "apg.export(source, 'data', num_workers=1, progress=False)",
    "loader": "list(apg.make_loader(source, 2, num_workers=1))",
}


@pytest.mark.parametrize("call", ["loader", pytest.param("export", marks=pytest.mark.slow)])
def test_a_script_without_main_guard_is_told_so_and_nothing_is_left(tmp_path, call):
    (tmp_path / "script.py").write_text(UNGUARDED.format(call=CALLS[call]))
    result = subprocess.run([sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode != 0
    assert "if __name__" in result.stderr
    assert {path.name for path in tmp_path.iterdir()} <= {"script.py", "working-directory"}


@pytest.mark.slow
@pytest.mark.parametrize("call", CALLS)
def test_a_program_from_standard_input_is_told_so(tmp_path, call):
    guarded = UNGUARDED.format(call=f"if __name__ == '__main__':\n    {CALLS[call]}")
    result = subprocess.run(
        [sys.executable, "-"], cwd=tmp_path, input=guarded, capture_output=True, text=True, check=False
    )
    if result.returncode:
        assert "num_workers=0" in result.stderr
        assert not list(tmp_path.glob("data"))


ENDINGS = {
    "read to the end": "batches = list(iterator)",
    "left open": "next(iterator)",
    "closed": "next(iterator); iterator.close()",
}


@pytest.mark.parametrize(
    "ending", ["left open", *(pytest.param(name, marks=pytest.mark.slow) for name in ("read to the end", "closed"))]
)
@pytest.mark.parametrize("options", ["num_workers=2", "device=jax.devices()[0]"])
def test_programs_end_without_noise(tmp_path, ending, options):
    script = tmp_path / "script.py"
    script.write_text(f"""
import jax
import acoupipe_grain as apg
if __name__ == "__main__":
    source = apg.SyntheticSource(24, features=("csm",), f=4000.0, signal_length=0.2)
    iterator = iter(apg.make_loader(source, 4, {options}))
    {ENDINGS[ending]}
""")
    result = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
    for noise in ("Exception ignored", "Traceback", "leaked", "Warning"):
        assert noise not in result.stderr
