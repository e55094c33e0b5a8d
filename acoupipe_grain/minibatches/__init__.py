"""Mini-batches of labelled segments of recordings, with Dynibatch's interface and its configuration."""

from acoupipe_grain.minibatches.generator import MiniBatchGen
from acoupipe_grain.minibatches.mini_batches import MiniBatches

__all__ = ["MiniBatchGen", "MiniBatches"]
