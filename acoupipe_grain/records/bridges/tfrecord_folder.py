"""What a folder of TFRecord files holds: ``features.json``, without times, hosts or paths."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from acoupipe_grain.errors import DataError
from acoupipe_grain.records.bridges.tfrecord_example import encoding_of
from acoupipe_grain.specs import ArraySpec, spec_from_json, spec_to_json

FEATURES_NAME = "features.json"
FORMAT_VERSION = 1


@dataclass(frozen=True)
class FileRow:
    """One file: its name, numbers of records and bytes, and SHA-256 digest."""

    name: str
    num_records: int
    num_bytes: int
    sha256: str


@dataclass(frozen=True)
class TFRecordFolder:
    """The content of a complete folder.

    Attributes
    ----------
    element_spec
        Specification of every array of an element.
    description
        JSON values that say what was written: ``configuration`` of the source, ``tables`` (names that belong to
        numbers in the elements), ``num_records``, ``written_by``.
    files
        The files, in the order of the records.
    """

    element_spec: Mapping[str, ArraySpec]
    description: Mapping[str, Any]
    files: Sequence[FileRow]

    @property
    def configuration(self) -> Mapping[str, Any]:
        """The configuration of the source that was written."""
        configuration: Mapping[str, Any] = self.description["configuration"]
        return configuration

    @property
    def tables(self) -> Mapping[str, Sequence[str]]:
        """Names that belong to numbers in the elements."""
        tables: Mapping[str, Sequence[str]] = self.description["tables"]
        return tables

    @property
    def digest(self) -> str:
        """Hash that identifies the elements: of this description, in which are the hashes of the files."""
        return hashlib.sha256(self.to_text().encode()).hexdigest()

    def to_text(self) -> str:
        """Return the text of ``features.json``."""
        mapping = {
            "format_version": FORMAT_VERSION,
            "element_spec": spec_to_json(self.element_spec),
            "encodings": {name: asdict(encoding_of(spec)) for name, spec in self.element_spec.items()},
            **self.description,
            "files": [asdict(row) for row in self.files],
        }
        return json.dumps(mapping, indent=1, allow_nan=False) + "\n"


def read_folder(path: Path) -> TFRecordFolder:
    """Read what a folder holds and see that its files are there.

    Raises
    ------
    DataError
        If there is no ``features.json``, or it is damaged or of another version, or a file is missing or has another
        size.
    """
    mapping = _read_features(path / FEATURES_NAME)
    try:
        folder = TFRecordFolder(
            element_spec=spec_from_json(mapping["element_spec"]),
            description={name: mapping[name] for name in ("configuration", "tables", "num_records", "written_by")},
            files=tuple(FileRow(**row) for row in mapping["files"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path / FEATURES_NAME}: damaged ({type(error).__name__}: {error}).") from error
    if sum(row.num_records for row in folder.files) != folder.description["num_records"]:
        raise DataError(f"{path / FEATURES_NAME}: damaged, its files do not have all of its records.")
    for row in folder.files:
        file = path / row.name
        if not file.is_file():
            raise DataError(f"{row.name}: missing from {path}.")
        if file.stat().st_size != row.num_bytes:
            raise DataError(f"{file}: {file.stat().st_size} bytes, {FEATURES_NAME} says {row.num_bytes}.")
    return folder


def _read_features(path: Path) -> dict[str, Any]:
    try:
        mapping = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise DataError(
            f"{path.parent}: there is no {path.name}; for TFRecord files of other origin give the list of files and "
            "an element_spec."
        ) from error
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read ({error}).") from error
    version = mapping.get("format_version") if isinstance(mapping, dict) else None
    if version != FORMAT_VERSION:
        raise DataError(f"{path}: format_version={version!r}; this version of acoupipe_grain reads {FORMAT_VERSION}.")
    return mapping
