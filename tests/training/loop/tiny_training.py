"""A source, a task and models small enough to be trained in a second."""

from __future__ import annotations

import json
from dataclasses import dataclass

import jax
import numpy as np
from flax import nnx

import acoupipe_grain as apg
from acoupipe_grain.training.loop import fit
from acoupipe_grain.training.options import TrainingOptions
from acoupipe_grain.training.task import Metric

TIMES = ("examples_per_second", "data_wait", "seconds")


class Lines:
    """Points x (3,), and y (1,) = 2 x0 − x1 + 0.5, with small noise."""

    element_spec = {
        "x": apg.ArraySpec((3,), "float32", ("input",)),
        "y": apg.ArraySpec((1,), "float32", ("output",)),
    }

    read_options = {"num_threads": 0, "prefetch_buffer_size": 0}

    def __init__(self, num_records, seed=0):
        self._num_records, self._seed = num_records, seed

    def __len__(self):
        return self._num_records

    def __getitem__(self, index):
        rng = np.random.default_rng((self._seed, index))
        x = rng.normal(size=3).astype(np.float32)
        return {"x": x, "y": (2 * x[:1] - x[1:2] + 0.5 + 0.01 * rng.normal(size=1)).astype(np.float32)}

    def __repr__(self):
        return f"Lines({self._num_records}, seed={self._seed})"


def absolute_error(outputs, batch):
    return np.abs(outputs - batch["y"]).sum(), outputs.size


def share_of_close(outputs, batch):
    return (np.abs(outputs - batch["y"]) < 0.5).sum(), outputs.size


@dataclass(frozen=True)
class Regression:
    scale: float = 1.0

    @property
    def metrics(self):
        return {
            "absolute_error": Metric(absolute_error, smaller_is_better=True, unit="m"),
            "close": Metric(share_of_close, smaller_is_better=False),
            "plain": absolute_error,
        }

    def inputs(self, batch):
        return self.scale * batch["x"]

    def loss(self, outputs, batch):
        return ((outputs - batch["y"]) ** 2).mean(axis=1)

    def draw(self, figure, outputs, batch):
        figure.subplots().bar(["x", "y", "predicted"], [batch["x"][0, 0], batch["y"][0, 0], outputs[0, 0]])


class Tiny(nnx.Module):
    """A layer of batch norm and dropout between two linear ones."""

    def __init__(self, rngs, width=8, rate=0.2):
        self.layers = nnx.List([nnx.Linear(3, width, rngs=rngs), nnx.Linear(width, 1, rngs=rngs)])
        self.norm = nnx.BatchNorm(width, rngs=rngs)
        self.dropout = nnx.Dropout(rate, rngs=rngs)

    def __call__(self, inputs):
        return self.layers[1](self.dropout(jax.nn.relu(self.norm(self.layers[0](inputs)))))


def tiny(options, **arguments):
    return Tiny(options.rngs(), **arguments)


def linear(options):
    return nnx.Linear(3, 1, rngs=options.rngs())


def stream(num_records=16, batch_size=4, seed=3):
    """Return an endless loader, shuffled anew in each epoch."""
    return apg.make_loader(Lines(num_records), batch_size, seed=seed, num_epochs=None)


def validation(num_records=10, batch_size=4):
    """Return a fixed loader whose last batch is smaller."""
    return apg.make_loader(Lines(num_records, seed=9), batch_size, shuffle=False, drop_remainder=False)


def options(**changes):
    given = {"num_epochs": 2, "steps_per_epoch": 4, "learning_rate": 0.01, "num_pictures": 0, "log_every": 2} | changes
    return TrainingOptions(**given)


def arrays_of(module):
    """Return all arrays of a module, parameters, statistics and random numbers, by name."""
    flat = nnx.to_flat_state(nnx.state(module))
    values = {".".join(map(str, path)): variable[...] for path, variable in flat}
    return {
        name: np.asarray(jax.random.key_data(value))
        if jax.dtypes.issubdtype(value.dtype, jax.dtypes.prng_key)
        else np.asarray(value)
        for name, value in values.items()
    }


def assert_same_bits(one, other):
    one, other = arrays_of(one), arrays_of(other)
    assert one.keys() == other.keys()
    for name, array in one.items():
        assert array.tobytes() == other[name].tobytes(), name


def train(folder, train_data=None, chosen=None, **arguments):
    """Train the tiny model with the tiny loaders, quietly, unless told otherwise."""
    chosen = chosen or options()
    given = {"task": Regression(), "validation": validation(), "progress": False} | arguments
    module = given.pop("module", None) or tiny(chosen)
    return fit(module, given.pop("task"), train_data or stream(), given.pop("validation"), chosen, folder, **given)


def log_of(folder):
    """Return the objects of the log, without times."""
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    return [{name: value for name, value in line.items() if name not in TIMES} for line in lines]


class Interrupting:
    """A loader whose iterator raises once, before it gives the batch of a number, counted from its making."""

    def __init__(self, loader, number, error):
        self._loader, self.number, self._error = loader, number, error

    def __iter__(self):
        return _InterruptingIterator(iter(self._loader), self, self._error)


class _InterruptingIterator:
    def __init__(self, iterator, owner, error):
        self._iterator, self._owner, self._error = iterator, owner, error

    def __iter__(self):
        return self

    def __next__(self):
        if self._owner.number == 0:
            raise self._error
        self._owner.number -= 1
        return next(self._iterator)

    def __getattr__(self, name):
        return getattr(self._iterator, name)
