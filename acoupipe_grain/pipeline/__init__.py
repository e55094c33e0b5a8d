"""From data sources to batches: slices, mixtures, padding, shuffling, batching, workers, checkpoints, devices."""

from acoupipe_grain.pipeline.batch_merged import batch_merged
from acoupipe_grain.pipeline.concatenated import concatenated
from acoupipe_grain.pipeline.loader import make_loader
from acoupipe_grain.pipeline.mini_batches import DataFormat, MiniBatchOptions, epoch_order
from acoupipe_grain.pipeline.mixed import mixed
from acoupipe_grain.pipeline.selected import selected
from acoupipe_grain.pipeline.sliced import sliced

__all__ = [
    "DataFormat",
    "MiniBatchOptions",
    "batch_merged",
    "concatenated",
    "epoch_order",
    "make_loader",
    "mixed",
    "selected",
    "sliced",
]
