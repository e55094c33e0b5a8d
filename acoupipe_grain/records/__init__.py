"""Stored elements: record format, plan and manifest; writing, reading, checking and repairing ArrayRecord shards."""

from acoupipe_grain.records.cache import cached
from acoupipe_grain.records.repair import repair_records
from acoupipe_grain.records.stored import ArrayRecordSource
from acoupipe_grain.records.verify import verify_records

__all__ = ["ArrayRecordSource", "cached", "repair_records", "verify_records"]
