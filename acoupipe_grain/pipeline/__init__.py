"""From a data source to batches: shuffling, batching, workers, checkpoints, devices."""

from acoupipe_grain.pipeline.loader import make_loader

__all__ = ["make_loader"]
