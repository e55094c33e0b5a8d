"""Pictures of records."""

from acoupipe_grain.plotting.preview import preview

__all__ = ["preview"]
