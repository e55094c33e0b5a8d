"""What stops a training."""

from __future__ import annotations


class TrainingError(ValueError):
    """A training cannot begin, or go on, in the given folder, or its loss is no number any more."""
