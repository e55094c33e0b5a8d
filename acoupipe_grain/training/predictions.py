"""What a trained model says about the records of a source, as a source."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from acoupipe_grain.extras import import_extra
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
from acoupipe_grain.training.description import read_description
from acoupipe_grain.training.experiment import batch_spec, network_for, rebuilt
from acoupipe_grain.training.initialisation import init_from
from acoupipe_grain.workers import StartsGrainWorkers

INDEX = "idx"


class Predictions(Identified, StartsGrainWorkers):
    """Predictions of a trained model for the records of a source: record i is about record i of the source.

    Elements hold what the task predicts, and ``idx``. Batches are computed at once, in loaders and exports, so that
    predictions are stored beside the data as any source is.

    Parameters
    ----------
    source
        A source like the one that the model was trained with. Transforms of its loader are not applied.
    run
        Folder of the training; its best epoch counts.

    Raises
    ------
    TrainingError
        If the folder holds no training with a checkpoint, or that of another model.
    ArgumentError
        If the source's elements lack what the task needs, or do not suit the model.
    """

    read_options: Mapping[str, int] = {"num_threads": 0, "prefetch_buffer_size": 0}

    def __init__(self, source: DataSource, run: str | Path) -> None:
        nnx: Any = import_extra("flax.nnx", "train", "Predictions")
        self.inputs: Any = inputs_of(source)
        self._source = source
        configuration = read_description(Path(run).absolute())["configuration"]
        model, task = rebuilt(configuration)
        self._task = task.for_source(source, dict(source.element_spec))
        module = network_for(model, self._task, dict(source.element_spec), nnx.Rngs(0))
        self._step = init_from(module, run)
        module.eval()
        self._run = configuration
        graph, state = nnx.split(module)
        self.compute_batch = jax.tree_util.Partial(_Prediction(graph, self._task), state, compute_batch_of(source))
        self.element_spec = self._spec()

    def _spec(self) -> dict[str, ArraySpec]:
        batch = stack_elements([self.inputs[0]])
        shapes = jax.eval_shape(lambda given: self.compute_batch(given), batch)
        empty = {name: np.empty(item.shape, item.dtype) for name, item in shapes.items()}
        return batch_spec(empty, {INDEX: ArraySpec((), "int32", ())})

    @property
    def parameters(self) -> dict[str, Any]:
        """What tells such sources apart: JSON values, or objects with `to_json`."""
        source: Any = self._source
        return {"source": dict(source.configuration), "run": self._run, "step": self._step}

    def __len__(self) -> int:
        return len(self._source)

    def __getitem__(self, index: int) -> Element:
        batch = apply_batch_computation(self.compute_batch, stack_elements([self.inputs[index]]))
        return {name: np.array(array[0]) for name, array in batch.items()}


class _Prediction:
    """The predictions of a batch: a pure function of the network's state, the source's computation, and the batch."""

    def __init__(self, graph: Any, task: Any) -> None:
        self.graph, self.task = graph, task

    def __call__(self, state: Any, computation: Any, batch: Mapping[str, Any]) -> dict[str, jax.Array]:
        nnx: Any = import_extra("flax.nnx", "train", "Predictions")
        elements = batch if computation is None else computation(batch)
        outputs = nnx.merge(self.graph, state)(self.task.inputs(elements))
        predicted = self.task.predictions(outputs, elements)
        return {INDEX: jnp.asarray(elements[INDEX], jnp.int32), **predicted}
