import subprocess
import sys
from itertools import permutations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.training.losses import SourceSetLoss

SOLVERS = ["optax", "scipy"]
losses_of = jax.jit(SourceSetLoss.__call__, static_argnums=0)
gradients_of = jax.jit(jax.grad(lambda outputs, loss, *truth: loss(outputs, *truth).sum()), static_argnums=1)


def random_batch(num_items=6, num_queries=5, num_sources=4, num_freqs=2, dims=2, seed=0):
    rng = np.random.default_rng(seed)
    outputs = {
        "positions": rng.normal(size=(num_items, num_queries, dims)),
        "strengths": rng.exponential(size=(num_items, num_queries, num_freqs)),
        "presence": rng.normal(size=(num_items, num_queries)),
    }
    mask = np.arange(num_sources) < np.arange(num_items)[:, None] % (num_sources + 1)  # 0 ... all sources
    loc = rng.normal(size=(num_items, 3, num_sources)) * mask[:, None]
    strengths = rng.exponential(size=(num_items, num_freqs, num_sources)) * mask[:, None]
    single = {name: array.astype(np.float32) for name, array in outputs.items()}
    return single, loc.astype(np.float32), strengths.astype(np.float32), mask


def by_permutations(loss, outputs, loc, strengths, mask):
    """The definition of one item's loss, over every assignment, in double precision."""
    positions, powers, logits = (outputs[name].astype(float) for name in ("positions", "strengths", "presence"))
    num_queries, dims = positions.shape
    sources = np.flatnonzero(mask)
    smallest = np.inf
    for queries in permutations(range(num_queries), len(sources)):
        is_present = np.isin(np.arange(num_queries), queries)
        value = loss.presence_weight * np.mean(np.log1p(np.exp(np.where(is_present, -logits, logits))))
        for query, source in zip(queries, sources, strict=True):
            distance = np.linalg.norm(positions[query] - loc[:dims, source])
            levels = 10 * np.log10((powers[query] + loss.floor) / (strengths[:, source] + loss.floor))
            pair = loss.position_weight * distance + loss.level_weight * np.mean(np.abs(levels))
            value += pair / len(sources)
        smallest = min(smallest, value)
    return smallest


@pytest.mark.parametrize("assignment", SOLVERS)
@pytest.mark.parametrize("dims", [2, 3])
def test_the_smallest_over_all_assignments(assignment, dims):
    loss = SourceSetLoss(position_weight=0.7, level_weight=0.05, presence_weight=2.0, assignment=assignment)
    for seed in range(5):
        batch = random_batch(dims=dims, seed=seed)
        outputs, *truth = batch
        expected = [
            by_permutations(loss, {name: array[item] for name, array in outputs.items()}, *(a[item] for a in truth))
            for item in range(6)
        ]
        np.testing.assert_allclose(losses_of(loss, *batch), expected, rtol=2e-5)


def test_an_example():
    loss = SourceSetLoss(position_weight=10.0, level_weight=0.1, presence_weight=1.0, floor=1e-12)
    outputs = {
        "positions": jnp.array([[[0.0, 0.0], [1.0, 0.0]]]),
        "strengths": jnp.array([[[1.0], [10.0]]]),
        "presence": jnp.array([[0.0, np.log(3.0)]]),
    }
    loc, strengths = jnp.array([[[1.0], [0.5], [0.7]]]), jnp.ones((1, 1, 1))
    # The second query, 0.5 m and 10 dB off; the first is absent.
    expected = 10 * 0.5 + 0.1 * 10 + (np.log(2) + np.log(4 / 3)) / 2
    assert losses_of(loss, outputs, loc, strengths, jnp.ones((1, 1), bool))[0] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("assignment", SOLVERS)
def test_the_order_of_queries_and_of_sources_does_not_matter(assignment):
    loss = SourceSetLoss(assignment=assignment)
    outputs, loc, strengths, mask = random_batch()
    expected = losses_of(loss, outputs, loc, strengths, mask)
    rng = np.random.default_rng(1)
    for _ in range(5):
        queries, sources = rng.permutation(5), rng.permutation(4)  # padding between the sources, too
        shuffled = {name: array[:, queries] for name, array in outputs.items()}
        losses = losses_of(loss, shuffled, loc[..., sources], strengths[..., sources], mask[:, sources])
        np.testing.assert_allclose(losses, expected, rtol=1e-5)


@pytest.mark.parametrize("assignment", SOLVERS)
def test_perfect_predictions_have_no_loss(assignment):
    _, loc, strengths, mask = random_batch(num_sources=5)
    order = np.array([3, 0, 4, 2, 1])
    outputs = {
        "positions": np.swapaxes(loc, 1, 2)[:, order],
        "strengths": np.swapaxes(strengths, 1, 2)[:, order],
        "presence": np.where(mask[:, order], 60.0, -60.0).astype(np.float32),
    }
    loss = SourceSetLoss(assignment=assignment)
    assert mask.all(axis=1).any()
    assert (~mask).all(axis=1).any()
    np.testing.assert_allclose(losses_of(loss, outputs, loc, strengths, mask), 0, atol=1e-6)
    gradients = gradients_of(outputs, loss, loc, strengths, mask)
    for gradient in gradients.values():
        assert np.isfinite(gradient).all()
    np.testing.assert_allclose(gradients["positions"], 0)


def test_without_sources_all_queries_learn_absence_only():
    outputs, loc, strengths, mask = random_batch(num_items=1)
    assert not mask.any()
    loss = SourceSetLoss(presence_weight=2.0)
    expected = 2 * np.mean(np.log1p(np.exp(outputs["presence"])))
    assert losses_of(loss, outputs, loc, strengths, mask)[0] == pytest.approx(expected, rel=1e-5)
    gradients = gradients_of(outputs, loss, loc, strengths, mask)
    np.testing.assert_allclose(gradients["positions"], 0)
    np.testing.assert_allclose(gradients["strengths"], 0)
    np.testing.assert_allclose(gradients["presence"], 2 / 5 / (1 + np.exp(-outputs["presence"])), rtol=1e-5)


@pytest.mark.parametrize("assignment", SOLVERS)
def test_what_padding_holds_changes_nothing(assignment):
    outputs, loc, strengths, mask = random_batch()
    loss = SourceSetLoss(assignment=assignment)
    expected = losses_of(loss, outputs, loc, strengths, mask)
    filled = [np.where(mask[:, None], array, 7.0).astype(np.float32) for array in (loc, strengths)]
    np.testing.assert_array_equal(losses_of(loss, outputs, *filled, mask), expected)


@pytest.mark.parametrize("assignment", SOLVERS)
def test_only_assigned_queries_learn_where_and_how_loud(assignment):
    positions = jnp.array([[[0.0, 0.0], [5.0, 5.0], [1.0, 1.1]]])
    outputs = {"positions": positions, "strengths": jnp.ones((1, 3, 1)), "presence": jnp.zeros((1, 3))}
    loc = jnp.array([[[0.1, 1.0], [0.0, 1.0], [0.7, 0.7]]])
    truth = loc, jnp.full((1, 1, 2), 2.0), jnp.ones((1, 2), bool)
    loss = SourceSetLoss(position_weight=1.0, level_weight=0.1, presence_weight=3.0, assignment=assignment)
    gradients = gradients_of(outputs, loss, *truth)
    # Unit vectors away from the sources, halved for two of them.
    np.testing.assert_allclose(gradients["positions"][0], [[-0.5, 0], [0, 0], [0, 0.5]], atol=1e-5)
    assert (np.asarray(gradients["strengths"][0, :, 0]) < 0).tolist() == [True, False, True]
    np.testing.assert_allclose(gradients["presence"], [[-0.5, 0.5, -0.5]], atol=1e-6)


@pytest.mark.parametrize("assignment", SOLVERS)
def test_gradients_agree_with_differences_of_the_loss(assignment):
    outputs, *truth = random_batch(num_items=3)
    loss = SourceSetLoss(position_weight=0.5, assignment=assignment)

    gradients = gradients_of(outputs, loss, *truth)
    for name, array in outputs.items():
        direction = np.random.default_rng(2).normal(size=array.shape).astype(np.float32)
        step = 1e-3
        ahead, behind = (
            losses_of(loss, outputs | {name: array + sign * step * direction}, *truth).sum() for sign in (1, -1)
        )
        slope = float(np.sum(np.asarray(gradients[name]) * direction))
        assert float(ahead - behind) / (2 * step) == pytest.approx(slope, rel=2e-2, abs=2e-3)


@pytest.mark.parametrize("assignment", SOLVERS)
def test_steps_down_the_gradient_find_the_sources(assignment):
    _, loc, strengths, mask = random_batch(num_items=2, num_sources=3, num_freqs=1, seed=3)
    mask = np.array([[True, True, False], [True, True, True]])
    outputs = random_batch(num_items=2, num_queries=4, num_sources=3, num_freqs=1, seed=4)[0]
    loss = SourceSetLoss(position_weight=1.0, level_weight=0.0, presence_weight=4.0, assignment=assignment)
    first = losses_of(loss, outputs, loc, strengths, mask).sum()
    for size in np.geomspace(0.3, 0.003, 150):
        gradients = gradients_of(outputs, loss, loc, strengths, mask)
        outputs = jax.tree.map(lambda value, slope, size=size: value - size * slope, outputs, gradients)
    assert losses_of(loss, outputs, loc, strengths, mask).sum() < 0.25 * first
    assert ((np.asarray(outputs["presence"]) > 0).sum(axis=1) == mask.sum(axis=1)).all()


@pytest.mark.parametrize("assignment", SOLVERS)
def test_a_diverged_model_gives_nan_and_not_an_endless_loop(assignment):
    outputs, *truth = random_batch()
    diverged = {name: np.full_like(array, np.nan) for name, array in outputs.items()}
    assert np.isnan(losses_of(SourceSetLoss(assignment=assignment), diverged, *truth)).all()


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"position_weight": -1.0}, "position_weight"),
        ({"level_weight": float("nan")}, "level_weight"),
        ({"presence_weight": "much"}, "presence_weight"),
        ({"floor": 0.0}, "floor"),
        ({"assignment": "greedy"}, "assignment"),
    ],
)
def test_bad_options_are_refused(changed, words):
    with pytest.raises(ArgumentError, match=words):
        SourceSetLoss(**changed)


@pytest.mark.parametrize(
    ("name", "shape"),
    [("positions", (6, 5, 4)), ("positions", (6, 4, 2)), ("strengths", (6, 5, 3)), ("presence", (6, 5, 1))],
)
def test_outputs_that_do_not_fit_are_refused(name, shape):
    outputs, *truth = random_batch()
    with pytest.raises(ArgumentError, match="outputs"):
        losses_of(SourceSetLoss(), outputs | {name: np.zeros(shape, np.float32)}, *truth)


def test_missing_outputs_and_too_few_queries_are_refused():
    outputs, *truth = random_batch()
    with pytest.raises(ArgumentError, match="lack presence"):
        losses_of(SourceSetLoss(), {name: outputs[name] for name in ("positions", "strengths")}, *truth)
    few = {name: array[:, :3] for name, array in outputs.items()}
    with pytest.raises(ArgumentError, match="3 queries for up to 4 sources"):
        losses_of(SourceSetLoss(), few, *truth)


@pytest.mark.slow
def test_losses_and_metrics_are_imported_without_optax():
    program = (
        "import sys; sys.modules['optax'] = None; import acoupipe_grain.training.losses as losses, "
        "acoupipe_grain.training.metrics; losses.SourceSetLoss(assignment='scipy')\n"
        "try: losses.SourceSetLoss()\nexcept ValueError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120)
    assert "acoupipe-grain[train]" in done.stdout
