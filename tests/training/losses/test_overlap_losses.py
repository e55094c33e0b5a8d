import jax
import jax.numpy as jnp
import numpy as np
import pytest

from acoupipe_grain.training.losses import dice_loss, tversky_loss

TARGETS = jnp.array([[1.0, 1.0, 0.0, 0.0]])
PROBABILITIES = jnp.array([[0.5, 1.0, 0.25, 0.0]])  # TP 1.5, FP 0.25, FN 0.5


def test_dice_loss_of_an_example():
    assert dice_loss(PROBABILITIES, TARGETS)[0] == pytest.approx(1 - (2 * 1.5 + 2) / (1.75 + 2 + 2))
    assert dice_loss(PROBABILITIES, TARGETS, smoothing=1e-9)[0] == pytest.approx(1 - 3 / 3.75)


def test_tversky_loss_of_an_example():
    loss = tversky_loss(PROBABILITIES, TARGETS, false_positive_weight=0.3, false_negative_weight=0.7)[0]
    assert loss == pytest.approx(1 - (1.5 + 1) / (1.5 + 0.3 * 0.25 + 0.7 * 0.5 + 1), rel=1e-5)


def test_what_is_missed_counts_more_with_a_larger_weight():
    missed, wrong = jnp.array([[1.0, 0.0, 0.0, 0.0]]), jnp.array([[1.0, 1.0, 1.0, 0.0]])
    weights = {"false_positive_weight": 0.1, "false_negative_weight": 0.9}
    assert tversky_loss(missed, TARGETS, **weights)[0] > tversky_loss(wrong, TARGETS, **weights)[0]
    assert dice_loss(missed, TARGETS)[0] > 0


def test_equal_regions_have_no_loss_empty_ones_too():
    for targets in (TARGETS, jnp.zeros((1, 4)), jnp.ones((1, 4))):
        assert dice_loss(targets, targets)[0] == 0
        assert tversky_loss(targets, targets > 0)[0] == 0


def test_an_item_without_targets_learns_that_nothing_is_there():
    gradient = jax.grad(lambda values: dice_loss(values, jnp.zeros((1, 2))).sum())(jnp.array([[0.0, 0.5]]))
    assert (np.asarray(gradient) > 0).all()


def test_padding_does_not_count():
    mask = jnp.array([[True, True, False, True]])
    assert dice_loss(PROBABILITIES, TARGETS, mask)[0] == pytest.approx(1 - (3 + 2) / (1.5 + 2 + 2))
    assert dice_loss(PROBABILITIES, TARGETS, jnp.zeros((1, 4), bool))[0] == 0


def test_each_item_has_its_own_loss():
    both = dice_loss(jnp.stack([PROBABILITIES[0], TARGETS[0]]), jnp.stack([TARGETS[0], TARGETS[0]]))
    np.testing.assert_allclose(both, [dice_loss(PROBABILITIES, TARGETS)[0], 0.0])
