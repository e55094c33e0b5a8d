"""From a data source to batches: slices, mixtures, shuffling, batching, workers, checkpoints, devices."""

from acoupipe_grain.pipeline.loader import make_loader
from acoupipe_grain.pipeline.mixed import mixed
from acoupipe_grain.pipeline.sliced import sliced

__all__ = ["make_loader", "mixed", "sliced"]
