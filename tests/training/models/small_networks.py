"""What tests of models share: networks of small shapes."""

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx


def spec(*shape, dtype="float32"):
    return jax.ShapeDtypeStruct(shape, np.dtype(dtype))


def sources_spec(num_sources, num_coordinates, num_frequencies):
    return {
        "positions": spec(num_sources, num_coordinates),
        "strengths": spec(num_sources, num_frequencies),
        "presence": spec(num_sources),
    }


def built(options, inputs, outputs, seed=0):
    return options.build(inputs, outputs, rngs=nnx.Rngs(seed))


def abstract(options, inputs, outputs):
    """The network without values: nothing is computed."""
    return nnx.eval_shape(lambda: built(options, inputs, outputs))


def filled(options, inputs, outputs, seed=0):
    """The network with values drawn by NumPy, for which nothing has to be compiled."""
    rng = np.random.default_rng(seed)
    graph, state = nnx.split(abstract(options, inputs, outputs))

    def values(path, leaf):
        name = path[-1]
        if name == "key":
            return jax.random.key(int(rng.integers(2**31)))
        if name == "count":
            return jnp.uint32(0)
        if name in ("mean", "var", "scale"):
            return jnp.full(leaf.shape, name != "mean", jnp.float32)
        fan_in = max(np.prod(leaf.shape[:-1]), 1) if name == "kernel" else 4
        return jnp.asarray(rng.standard_normal(leaf.shape) / np.sqrt(fan_in), jnp.float32)

    flat = [(path, variable.replace(values(path, variable))) for path, variable in nnx.to_flat_state(state)]
    return nnx.merge(graph, nnx.from_flat_state(flat))


def output_shapes(options, inputs, outputs, batch_size=2):
    """Shapes of what the network returns for a batch, without computing it."""
    batch = jax.ShapeDtypeStruct((batch_size, *inputs.shape), inputs.dtype)
    result = nnx.eval_shape(lambda x: built(options, inputs, outputs)(x), batch)
    return jax.tree.map(lambda array: array.shape, result)


def random_batch(inputs, batch_size=4, seed=1):
    return np.random.default_rng(seed).standard_normal((batch_size, *inputs.shape)).astype(np.float32)


def sizes_of_gradients(module, batch):
    """By name of every parameter: the largest gradient of a randomly weighted sum of outputs, in training mode."""
    graph, parameters, rest = nnx.split(module, nnx.Param, ...)
    rng = np.random.default_rng(5)

    def total(parameters, rest, batch):
        outputs = jax.tree.leaves(nnx.merge(graph, parameters, rest, copy=True)(batch))
        return sum(jnp.vdot(rng.standard_normal(out.shape).astype(np.float32), out) for out in outputs)

    gradients = jax.tree.leaves_with_path(jax.jit(jax.grad(total))(parameters, rest, batch))
    return {jax.tree_util.keystr(path): float(jnp.abs(gradient).max()) for path, gradient in gradients}


def assert_no_parameter_is_dead(module, batch):
    """Rounding alone gives gradients of 1e-7 of the largest."""
    sizes = sizes_of_gradients(module, batch)
    assert sizes
    dead = {name: size for name, size in sizes.items() if not size > 1e-5 * max(sizes.values())}
    assert not dead


@nnx.jit
def applied(module, batch):
    """Outputs; the module's state goes on."""
    return module(batch)
