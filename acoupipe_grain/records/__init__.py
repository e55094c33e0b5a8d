"""Stored elements: the record format, the manifest, reading and checking ArrayRecord shards."""

from acoupipe_grain.records.stored import ArrayRecordSource
from acoupipe_grain.records.verify import verify_records, verify_sample

__all__ = ["ArrayRecordSource", "verify_records", "verify_sample"]
