"""What a trained model says about the records of a source, as a source."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from acoupipe_grain.array.stored_setup import stored_request, stored_setup
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.extras import import_extra
from acoupipe_grain.frames.augmentation import PairTransform
from acoupipe_grain.frames.named_transforms import named_transform
from acoupipe_grain.identity import Identified
from acoupipe_grain.specs import (
    ArraySpec,
    DataSource,
    Element,
    apply_batch_computation,
    compute_batch_of,
    inputs_of,
    stack_elements,
)
from acoupipe_grain.training.arrays_by_name import arrays_by_name
from acoupipe_grain.training.description import read_description
from acoupipe_grain.training.experiment import batch_spec, network_for, rebuilt
from acoupipe_grain.training.initialisation import init_from
from acoupipe_grain.training.step import take_apart
from acoupipe_grain.workers import StartsGrainWorkers

INDEX = "idx"


class Predictions(Identified, StartsGrainWorkers):
    """Predictions of a trained model for the records of a source: record i is about record i of the source.

    Elements hold what the task predicts, and ``idx``. Batches are computed at once, in loaders and exports, so that
    predictions are stored beside the data as any source is. Transforms of the training's validation data are applied,
    but for those that are random.

    Parameters
    ----------
    source
        A source whose elements have what the model takes, as those had that it was trained with: the same sizes, and
        the same grid and frequencies if it has some. Labels are not needed.
    run
        Folder of the training; its best epoch counts.

    Raises
    ------
    TrainingError
        If the folder holds no training with a checkpoint.
    ArgumentError
        If the source's elements lack what the model takes, or do not suit it, or model, task or a transform is not
        known here.
    """

    read_options: Mapping[str, int] = {"num_threads": 0, "prefetch_buffer_size": 0}

    def __init__(self, source: DataSource, run: str | Path) -> None:
        nnx: Any = import_extra("flax.nnx", "train", "Predictions")
        self.inputs: Any = inputs_of(source)
        self._source = source
        self._run = read_description(Path(run).absolute())["configuration"]
        model, task, trained = rebuilt(self._run)
        _require_grid(task, source)
        _require_frequencies(self._run, source)
        module = network_for(model, task, trained, nnx.Rngs(0))
        self._step = init_from(module, run)
        self._weights = _digest(module)
        module.eval()
        graph, state = nnx.split(module)
        prediction = _Prediction(graph, task, task.input_shape(trained), _applied_transforms(self._run))
        self.compute_batch = jax.tree_util.Partial(prediction, state, compute_batch_of(source))
        self.element_spec = self._spec()

    def _spec(self) -> dict[str, ArraySpec]:
        batch = stack_elements([self.inputs[0]])
        try:
            shapes = jax.eval_shape(lambda given: self.compute_batch(given), batch)
        except KeyError as error:
            raise ArgumentError(
                f"source={self._source!r}: its elements lack {error}, which the model takes; they have "
                f"{', '.join(self._source.element_spec)}."
            ) from error
        empty = {name: np.empty(item.shape, item.dtype) for name, item in shapes.items()}
        return batch_spec(empty, {INDEX: ArraySpec((), "int32", ())})

    @property
    def parameters(self) -> dict[str, Any]:
        """What tells such sources apart: JSON values, or objects with `to_json`."""
        source: Any = self._source
        return {
            "source": dict(source.configuration),
            "run": self._run,
            "step": self._step,
            "weights_sha256": self._weights,
        }

    def __len__(self) -> int:
        return len(self._source)

    def __getitem__(self, index: int) -> Element:
        batch = apply_batch_computation(self.compute_batch, stack_elements([self.inputs[index]]))
        return {name: np.array(array[0]) for name, array in batch.items()}


class _Prediction:
    """The predictions of a batch: a pure function of the network's state, the source's computation, and the batch."""

    def __init__(self, graph: Any, task: Any, shape: Any, transforms: Sequence[PairTransform]) -> None:
        self.graph, self.task, self.shape, self.transforms = graph, task, shape, transforms

    def __call__(self, state: Any, computation: Any, batch: Mapping[str, Any]) -> dict[str, jax.Array]:
        nnx: Any = import_extra("flax.nnx", "train", "Predictions")
        elements = batch if computation is None else computation(batch)
        for transform in self.transforms:
            elements = transform(elements)
        taken = self.task.inputs(elements)
        found = jax.tree.map(lambda array: jax.ShapeDtypeStruct(array.shape[1:], array.dtype), taken)
        if found != self.shape:
            raise ArgumentError(f"source: gives the model {found}; it was trained with {self.shape}.")
        outputs = nnx.merge(self.graph, state)(taken)
        predicted = self.task.predictions(outputs, elements)
        return {INDEX: jnp.asarray(elements[INDEX], jnp.int32), **predicted}


def _applied_transforms(configuration: Mapping[str, Any]) -> list[PairTransform]:
    """Return the transforms of the validation data that draw nothing."""
    given = configuration.get("transforms", {}).get("val", [])
    made = [named_transform(f"transforms[{number}]", item) for number, item in enumerate(given)]
    return [transform for transform in made if not transform.is_random]


def _require_grid(task: Any, source: DataSource) -> None:
    """Raise `ArgumentError` if maps are on another grid than those that the model was trained with."""
    grid = getattr(task, "grid", None)
    setup = getattr(source, "setup", None) or stored_setup(getattr(source, "configuration", {}))
    if grid is not None and setup is not None and setup.grid != grid:
        raise ArgumentError(f"source: has maps on {setup.grid}; the model was trained with {grid}.")


def _require_frequencies(run: Mapping[str, Any], source: DataSource) -> None:
    """Raise `ArgumentError` if features are those of other frequencies than the model was trained with."""
    sources: Any = run.get("sources", {})
    trained = stored_request(sources.get("val", {}))
    given = stored_request(getattr(source, "configuration", {}))
    if trained is not None and given is not None and trained != given:
        raise ArgumentError(
            f"source: has features of {_in_words(given)}; the model was trained with {_in_words(trained)}."
        )


def _in_words(request: tuple[tuple[float, ...] | None, int]) -> str:
    frequencies, num = request
    return str({"f": None if frequencies is None else list(frequencies), "num": num})


def _digest(module: Any) -> str:
    """Return what tells learned arrays from all others: SHA-256 of their names and bytes."""
    _, model = take_apart(module)
    digest = hashlib.sha256()
    for name, array in sorted(arrays_by_name(model._replace(random=None)).items()):
        digest.update(f"{name} {array.dtype} {array.shape} ".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
