"""What models take and what they are judged by is in single precision, also where JAX has double precision."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from acoupipe_grain.training.tasks import SourceMaps, SourceSets

TASKS = [
    SourceMaps(),
    SourceMaps(feature="csmtriu"),
    *(SourceSets(feature=name) for name in ("eigmode", "csmtriu", "sourcemap")),
]


@pytest.mark.parametrize("task", TASKS, ids=lambda task: f"{type(task).__name__} {getattr(task, 'feature', '')}")
def test_precision_does_not_depend_on_that_of_jax(scenes, task):
    spec, batch = dict(scenes[0].element_spec), scenes[1]
    task = task.for_source(scenes[0], spec)
    shape, given = task.input_shape(spec), task.output_shape(spec)
    with jax.enable_x64(True):
        inputs = task.inputs(batch)
        outputs = jax.tree.map(lambda item: jnp.ones((8, *item.shape), item.dtype), given)
        assert (inputs.dtype, inputs.shape[1:]) == (shape.dtype, shape.shape)
        for name, array in task.predictions(outputs, batch).items():
            assert array.dtype == np.float32, name
        assert task.loss(outputs, batch).dtype == np.float32
