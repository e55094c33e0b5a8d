"""What sources of files have in common: files that identify them, by names and whole content."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

from acoupipe_grain.identity import Identified
from acoupipe_grain.named_files import NamedFiles
from acoupipe_grain.workers import StartsGrainWorkers

FILES_VERSION = 1
"""Changes when the same arguments and files give other elements."""


class FileSource(Identified, StartsGrainWorkers):
    """A source of files: deterministic, thread-safe, picklable."""

    files: NamedFiles
    """What is read."""
    elsewhere: tuple[str, ...] = ("files", "extensions")
    """Arguments that say where the files are: ``repr`` identifies them by their content instead."""

    @property
    def tables(self) -> dict[str, list[str]]:
        """What belongs to ``file_index``: names of the files, in their folders."""
        return {"files": list(self.files.names)}

    @property
    def content(self) -> dict[str, Any]:
        """What identifies the files: how many names, and a digest of all names and whole content."""
        return {"num_files": len(self.tables["files"]), "files_digest": self.files.digest}

    @property
    def versions(self) -> dict[str, Any]:
        """Under which version the same files give the same elements."""
        return {"files_version": FILES_VERSION}

    @property
    @abstractmethod
    def parameters(self) -> Mapping[str, Any]:
        """The constructor's arguments: JSON values, or objects with `to_json`."""

    @abstractmethod
    def __len__(self) -> int: ...

    def __repr__(self) -> str:
        shown = {name: value for name, value in self.parameters.items() if name not in self.elsewhere} | self.versions
        listed = ", ".join(f"{name}={value!r}" for name, value in shown.items())
        identity = self.content
        return (
            f"{type(self).__name__}({len(self)} records of {identity['num_files']} files "
            f"{identity['files_digest'][:16]}, {listed})"
        )
