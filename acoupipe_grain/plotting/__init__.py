"""Pictures of records, and pages about data sets."""

from acoupipe_grain.plotting.card import write_card
from acoupipe_grain.plotting.preview import preview

__all__ = ["preview", "write_card"]
