"""Activations of the output, where a task takes logits."""

import pytest

from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.training.models import ResidualCNN, UNet
from acoupipe_grain.training.models.checks import require_no_activation
from acoupipe_grain.training.tasks import ScattererFrames, SegmentClasses

LOGITS = ScattererFrames(loss_function="binary_cross_entropy")


@pytest.mark.parametrize("task", [LOGITS, SegmentClasses()])
@pytest.mark.parametrize("activation", ["sigmoid", "relu"])
def test_an_activation_before_logits_is_refused(task, activation):
    with pytest.raises(ArgumentError, match=f"output_activation='{activation}': {type(task).__name__} takes logits"):
        require_no_activation(UNet(output_activation=activation), task)


@pytest.mark.parametrize(
    ("model", "task"),
    [
        (UNet(), LOGITS),
        (UNet(output_activation="sigmoid"), ScattererFrames()),
        (UNet(output_activation="sigmoid"), object()),
        (ResidualCNN(), LOGITS),
    ],
)
def test_others_are_accepted(model, task):
    require_no_activation(model, task)
