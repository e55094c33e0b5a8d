import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.training.losses.assignment import assigned_queries, require_solver

SOLVERS = ["optax", "scipy"]
jitted = jax.jit(assigned_queries, static_argnums=2)


def random_costs(num_matrices, num_queries, num_sources, seed):
    """Costs of both signs; a third of the matrices of few whole numbers, so full of ties; some constant."""
    rng = np.random.default_rng(seed)
    costs = rng.normal(size=(num_matrices, num_queries, num_sources))
    costs[::3] = rng.integers(-2, 3, costs[::3].shape)
    costs[::50] = 1.0
    num_true = rng.integers(0, num_sources + 1, num_matrices)
    mask = np.arange(num_sources) < num_true[:, None]
    mask[1::2] = rng.permuted(mask[1::2], axis=1)  # padding need not come last
    return costs.astype(np.float32), mask


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize(("num_queries", "num_sources"), [(6, 6), (9, 5), (4, 1), (1, 1)])
def test_1000_assignments_cost_as_little_as_scipys(solver, num_queries, num_sources):
    costs, mask = random_costs(250, num_queries, num_sources, seed=num_queries)
    queries = np.asarray(jitted(costs, mask, solver))
    assert queries.shape == (250, num_sources)
    for cost, is_source, chosen in zip(costs, mask, queries, strict=True):
        assert len(set(chosen.tolist())) == num_sources  # one to one
        assert ((chosen >= 0) & (chosen < num_queries)).all()
        of_sources = cost[:, is_source].astype(np.float64)  # without the padding at all
        best = of_sources[linear_sum_assignment(of_sources)].sum()
        np.testing.assert_allclose(of_sources[chosen[is_source], range(is_source.sum())].sum(), best, atol=1e-5)


@pytest.mark.parametrize("solver", SOLVERS)
def test_an_example(solver):
    cost = np.array([[[8.0, 4.0], [5.0, 2.0], [9.0, 3.0]]])
    everyone = np.ones((1, 2), bool)
    assert jitted(cost, everyone, solver).tolist() == [[1, 2]]  # 5 + 3; the nearest to both is query 1
    only_second = jitted(cost, np.array([[False, True]]), solver)
    assert only_second[0, 1] == 1


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_costs_that_are_no_numbers_end_too(solver, value):
    cost = np.ones((2, 4, 3), np.float32)
    cost[0] = value
    cost[1, 2, 1] = value
    queries = np.asarray(jitted(cost, np.ones((2, 3), bool), solver))
    assert all(len(set(row)) == 3 for row in queries.tolist())


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_large_batch_in_a_jitted_step(solver):
    costs, mask = random_costs(2000, 10, 10, seed=1)

    @jax.jit
    def step(cost, is_source):
        cost = jnp.tanh(cost @ jnp.eye(10))  # computed on the device just before
        return jnp.take_along_axis(cost, assigned_queries(cost, is_source, solver)[:, None], axis=1)

    assert step(costs, mask).shape == (2000, 1, 10)


@pytest.mark.parametrize("solver", SOLVERS)
def test_no_gradient_flows_through_an_assignment(solver):
    def total(cost):
        queries = assigned_queries(cost, jnp.ones((1, 2), bool), solver)
        return jnp.take_along_axis(cost, queries[:, None], axis=1).sum()

    cost = jnp.array([[[8.0, 4.0], [5.0, 2.0], [9.0, 3.0]]])
    np.testing.assert_allclose(jax.jit(jax.grad(total))(cost), [[[0, 0], [1, 0], [0, 1]]])


def test_no_sources_at_all_or_no_items():
    for solver in SOLVERS:
        assert jitted(jnp.zeros((3, 4, 0)), jnp.zeros((3, 0), bool), solver).shape == (3, 0)
        assert jitted(jnp.zeros((0, 4, 2)), jnp.zeros((0, 2), bool), solver).shape == (0, 2)


def test_fewer_queries_than_sources_are_refused():
    with pytest.raises(ArgumentError, match="2 queries for up to 3 sources"):
        assigned_queries(jnp.zeros((1, 2, 3)), jnp.ones((1, 3), bool), "scipy")


def test_solvers_have_names():
    assert [require_solver("assignment", name) for name in SOLVERS] == SOLVERS
    with pytest.raises(ArgumentError, match="assignment='greedy'"):
        require_solver("assignment", "greedy")
