"""Open shards: a bounded number of them, each used by one thread at a time."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from acoupipe_grain.records.array_record import import_array_record

MAX_IDLE_READERS = 128


class ShardReaders:
    """Random access to the records of many shards.

    A thread takes a shard's idle reader or opens one, reads, and puts it back; the reader that was idle longest is
    closed where there are more than `MAX_IDLE_READERS`. So threads never share a reader, and open files are bounded.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = list(paths)
        self._idle: OrderedDict[int, Any] = OrderedDict()
        self._lock = threading.Lock()

    def read(self, shard: int, positions: Sequence[int]) -> list[bytes]:
        """Return records of a shard."""
        with self._lock:
            reader = self._idle.pop(shard, None)
        if reader is None:
            # No read-ahead: records are read in any order.
            options = "readahead_buffer_size:0"
            reader = import_array_record().ArrayRecordReader(str(self._paths[shard]), options=options)
        try:
            records = reader.read(positions)
        except BaseException:
            reader.close()
            raise
        with self._lock:
            surplus = [reader] if shard in self._idle else []
            if not surplus:
                self._idle[shard] = reader
            if len(self._idle) > MAX_IDLE_READERS:
                surplus.append(self._idle.popitem(last=False)[1])
        for other in surplus:
            other.close()
        return records
