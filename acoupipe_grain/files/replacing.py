"""Files replaced as a whole: until the new one is complete, the old one is there."""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def replaced(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield the path of a new file beside `path`, which takes its place at the end; not after an exception.

    Who has the old file open, or mapped into memory, keeps it.
    """
    final = Path(path)
    partial = final.with_name(f".{uuid.uuid4().hex}.partial")
    try:
        yield partial
        partial.replace(final)
    finally:
        partial.unlink(missing_ok=True)
