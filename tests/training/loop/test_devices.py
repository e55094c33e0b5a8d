import json
import os
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest

from acoupipe_grain.errors import ArgumentError, DataError
from acoupipe_grain.training.placement import Placement, data_sharding

TWO_DEVICES = """
import json, sys
from pathlib import Path
import jax
from tiny_training import Lines, Regression, log_of, options, train as train_tiny, validation
import acoupipe_grain as apg
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.training.evaluation import evaluate
from acoupipe_grain.training.placement import data_sharding

folder = sys.argv[1]
# Plain steps: Adam's would make steps of their own size of the rounding of a gradient that is zero, that of the bias
# before the batch norm.
chosen = options(num_epochs=3, log_every=1, optimiser="sgd")

def train(name, devices, batch_size=4, place=None):
    loader = apg.make_loader(Lines(16), batch_size, seed=3, num_epochs=None, device=place)
    result = train_tiny(
        Path(folder, name), loader, chosen, validation=validation(batch_size=5), devices=devices
    )
    losses = [line["loss"] for line in log_of(Path(folder, name)) if line["kind"] == "step"]
    kernel = result.module.layers[0].kernel[...]
    return {
        "losses": losses,
        "validation": [record.validation for record in result.history],
        "kernel": kernel.tolist(),
        "devices": len(kernel.devices()),
        "evaluated": evaluate(result.module, Regression(), validation(batch_size=5)),
    }

one, two = jax.devices()[:1], jax.devices()
trained = {"one": train("one", one), "two": train("two", two), "sent": train("sent", None, place=data_sharding())}
try:
    train("odd", two, batch_size=3)
except ArgumentError as error:
    trained["odd"] = str(error)
print(json.dumps(trained))
"""


def test_batches_and_models_go_to_the_devices():
    placement = Placement()
    assert placement.num_devices == len(jax.local_devices())
    placed = placement.place({"x": np.arange(8.0)})
    assert placed["x"].sharding == data_sharding()


def test_what_is_copied_shares_nothing_with_the_original():
    array = jax.numpy.arange(3.0)
    copy = Placement().replicate({"a": array})["a"]
    copy.delete()
    np.testing.assert_array_equal(array, [0, 1, 2])


def test_a_batch_that_does_not_go_evenly_into_the_devices_is_an_error():
    placement = Placement()
    placement.num_devices = 4
    placement.require_divisible(8)
    with pytest.raises(ArgumentError, match="batch_size=6: does not go evenly into 4 devices; use a multiple of 4"):
        placement.require_divisible(6)


def test_no_device_is_an_error():
    with pytest.raises(ArgumentError, match=r"devices=\[\]"):
        Placement([])


@pytest.mark.parametrize("batch", [{"x": np.zeros(3), "y": np.zeros(4)}, {"x": np.zeros(())}])
def test_arrays_of_a_batch_have_the_items_first(batch):
    with pytest.raises(DataError, match="expected arrays with the items along the first axis"):
        Placement().place(batch)


@pytest.mark.slow
def test_two_devices_learn_what_one_does(tmp_path):
    environment = os.environ | {
        "XLA_FLAGS": "--xla_force_host_platform_device_count=2",
        "JAX_PLATFORMS": "cpu",
        "PYTHONPATH": str(Path(__file__).parent),
    }
    done = subprocess.run(
        [sys.executable, "-c", TWO_DEVICES, str(tmp_path)], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    trained = json.loads(done.stdout.splitlines()[-1])
    one = trained["one"]
    assert len(one["losses"]) == 12
    for name in ("two", "sent"):
        other = trained[name]
        np.testing.assert_allclose(other["losses"], one["losses"], rtol=1e-5)
        np.testing.assert_allclose(other["kernel"], one["kernel"], rtol=1e-5, atol=1e-6)
        for mine, theirs in zip(other["validation"], one["validation"], strict=True):
            assert mine == pytest.approx(theirs, rel=1e-4)
        assert other["devices"] == 1
    assert trained["odd"].startswith("batch_size=3: does not go evenly into 2 devices")
    assert not (tmp_path / "odd" / "checkpoints" / "4").exists()
