"""Networks: the flax.nnx modules that the options in `acoupipe_grain.training.models` build."""
