import jax
import jax.numpy as jnp
import numpy as np
import pytest

from acoupipe_grain.training.losses import binary_cross_entropy, categorical_cross_entropy


def test_binary_cross_entropy_of_an_example():
    logits, targets = jnp.array([[0.0, np.log(3.0)], [np.log(3.0), -np.log(3.0)]]), jnp.array([[1.0, 1.0], [0.0, 0.0]])
    expected = [(np.log(2) + np.log(4 / 3)) / 2, (np.log(4) + np.log(4 / 3)) / 2]
    np.testing.assert_allclose(binary_cross_entropy(logits, targets), expected, rtol=1e-6)
    np.testing.assert_allclose(binary_cross_entropy(logits, targets.astype(bool)), expected, rtol=1e-6)


def test_what_is_true_has_its_weight():
    logits, targets = jnp.zeros((1, 4)), jnp.array([[1, 0, 0, 0]])
    assert binary_cross_entropy(logits, targets, positive_weight=7.0)[0] == pytest.approx(np.log(2) * 10 / 4)


def test_targets_between_0_and_1_are_probabilities():
    loss = binary_cross_entropy(jnp.zeros((1, 1)), jnp.full((1, 1), 0.25))[0]
    assert loss == pytest.approx(np.log(2))
    slope = jax.grad(lambda logit: binary_cross_entropy(logit, jnp.full((1, 1), 0.25)).sum())
    np.testing.assert_allclose(slope(jnp.log(jnp.array([[1 / 3]]))), 0, atol=1e-7)  # best where σ(z) = ¼


def test_large_logits_do_not_overflow():
    logits, targets = jnp.array([[1e4, -1e4], [-1e4, 1e4]]), jnp.array([[1.0, 0.0], [1.0, 0.0]])
    np.testing.assert_allclose(binary_cross_entropy(logits, targets), [0.0, 1e4])
    gradients = jax.grad(lambda values: binary_cross_entropy(values, targets).sum())(logits)
    np.testing.assert_allclose(gradients, [[0.0, 0.0], [-0.5, 0.5]])


def test_padding_of_maps_does_not_count():
    mask = jnp.array([[True, False], [False, False]])
    losses = binary_cross_entropy(jnp.zeros((2, 2)), jnp.ones((2, 2)), mask)
    np.testing.assert_allclose(losses, [np.log(2), 0.0], rtol=1e-6)


def test_categorical_cross_entropy_of_an_example():
    logits = jnp.log(jnp.array([[1.0, 2.0, 5.0], [1.0, 1.0, 2.0]])) + 3.0
    losses = categorical_cross_entropy(logits, jnp.array([2, 0]))
    np.testing.assert_allclose(losses, [-np.log(5 / 8), -np.log(1 / 4)], rtol=1e-5)


def test_items_without_a_label_have_no_loss_and_no_gradient():
    logits, labels = jnp.ones((2, 3)), jnp.array([-3, 1])
    losses = categorical_cross_entropy(logits, labels)
    np.testing.assert_allclose(losses, [0.0, np.log(3)], rtol=1e-6)
    gradients = jax.grad(lambda values: categorical_cross_entropy(values, labels).sum())(logits)
    np.testing.assert_allclose(gradients, [[0, 0, 0], [1 / 3, -2 / 3, 1 / 3]], atol=1e-6)
