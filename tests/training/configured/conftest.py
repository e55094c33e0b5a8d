"""A training so small that it takes no time: frames of 8×8 pixels, and a network of two numbers."""

from dataclasses import dataclass

import pytest
from flax import nnx

from acoupipe_grain.training.models import register_model, registry


@dataclass(frozen=True, kw_only=True)
class Pointwise:
    """A model as users offer theirs.

    Parameters
    ----------
    use_bias
        Whether something is added to each pixel.
    """

    use_bias: bool = True

    def build(self, inputs, outputs, *, rngs):
        """Return the network."""
        return nnx.Linear(inputs.shape[-1], outputs.shape[-1], use_bias=self.use_bias, rngs=rngs)


@pytest.fixture(autouse=True)
def _registered():
    register_model(Pointwise)
    yield
    del registry._MODELS["Pointwise"]


@pytest.fixture
def settings():
    """Return keys and values of the training."""
    return {
        "Training.task": "ScattererFrames",
        "Training.model": "Pointwise",
        "ScattererSource.size": 8,
        "ScattererSource.num_scatterers": 2,
        "train/ScattererSource.num_records": 8,
        "val/ScattererSource.num_records": 4,
        "val/ScattererSource.split": "validation",
        "train/make_loader.batch_size": 4,
        "val/make_loader.batch_size": 2,
        "TrainingOptions.num_epochs": 1,
        "TrainingOptions.learning_rate": 0.1,
        "TrainingOptions.num_pictures": 0,
    }
