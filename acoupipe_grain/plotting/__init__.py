"""Pictures of records, and pages about data sets."""

from acoupipe_grain.plotting.card import write_card
from acoupipe_grain.plotting.preview import preview
from acoupipe_grain.plotting.recordings import preview_recordings

__all__ = ["preview", "preview_recordings", "write_card"]
