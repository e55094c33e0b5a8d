"""Export of any data source to ArrayRecord shards."""

from acoupipe_grain.exporting.export import export

__all__ = ["export"]
