"""Croissant metadata of a stored data set: what catalogues and search engines read of it.

The vocabulary is that of Croissant 1.1 (MLCommons), written and validated by mlcroissant.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from acoupipe_grain.errors import DataError
from acoupipe_grain.extras import import_extra
from acoupipe_grain.records.bridges.croissant_nodes import CroissantNodes
from acoupipe_grain.records.bridges.outputs import new_file
from acoupipe_grain.records.manifest import read_manifest

CROISSANT_NAME = "croissant.json"
_TEXTS = ("name", "description", "url", "cite_as", "version", "date_published")


def croissant_metadata(folder: str | Path) -> dict[str, Any]:
    """Return the Croissant description of an exported data set, as a JSON-LD mapping.

    The distribution lists manifest and shards with sizes and SHA-256 digests, at URLs relative to the folder. The
    record set has a field for each feature, with its type, shape, axes and unit; complex64 is a field of Float32 with a
    last axis of 2 (real, imaginary), which is how the shards hold it.

    What only the user knows comes from the metadata that were exported with the data:

    ``name``, ``description``
        Without them: the class of the source that was exported, and the features.
    ``license``
        A URL or SPDX identifier, or a list of them.
    ``creators``
        A name of a person, a mapping with ``name`` and, where known, ``email``, ``url`` and ``type`` ("Person" or
        "Organization"), or a list of these.
    ``url``, ``cite_as``, ``version``, ``date_published``
        Web page, BibTeX entry, MAJOR.MINOR.PATCH, and ISO 8601 date.

    To be published, a data set should have all of them. Metadata of other names are in the manifest only.

    Parameters
    ----------
    folder
        Folder written by `acoupipe_grain.export`.

    Raises
    ------
    ArgumentError
        If mlcroissant is not installed.
    DataError
        If the folder holds no complete data set, or its metadata are not what Croissant allows.
    """
    croissant = import_extra("mlcroissant", "croissant", "Croissant descriptions")
    folder = Path(folder)
    manifest = read_manifest(folder)
    user = manifest.plan.metadata
    nodes = CroissantNodes(croissant)
    class_name = str(manifest.plan.configuration.get("class", "acoupipe_grain data set"))
    features = ", ".join(manifest.plan.element_spec)
    defaults = {"name": class_name, "description": f"{manifest.plan.num_records} records of {class_name}: {features}."}
    try:
        described: dict[str, Any] = croissant.Metadata(
            ctx=nodes.context,
            license=_license(user),
            creators=[nodes.creator(creator) for creator in _as_list(user.get("creators", []))],
            distribution=nodes.distribution(folder, manifest),
            record_sets=[nodes.record_set(manifest)],
            **(defaults | _texts(user)),
        ).to_json()
    except croissant.ValidationError as error:
        raise DataError(f"{folder}: cannot be described in Croissant. {error}") from error
    return described


def write_croissant(folder: str | Path, path: str | Path | None = None) -> Path:
    """Write the description of an exported data set to a file; the same data set gives the same text.

    Parameters
    ----------
    folder
        Folder written by `acoupipe_grain.export`; see `croissant_metadata`.
    path
        File to write. None: ``croissant.json`` in the folder, to which its URLs are relative.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ArgumentError
        If mlcroissant is not installed.
    DataError
        If the folder holds no complete data set, or its metadata are not what Croissant allows.
    ExportError
        If the file exists with another content: nothing is overwritten.
    """
    path = Path(folder) / CROISSANT_NAME if path is None else Path(path)
    text = (json.dumps(croissant_metadata(folder), indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()
    if not (path.is_file() and path.read_bytes() == text):
        with new_file(path) as partial:
            partial.write_bytes(text)
    return path


def _texts(user: Mapping[str, Any]) -> dict[str, str]:
    texts = {key: user[key] for key in _TEXTS if key in user}
    for key, value in texts.items():
        if not isinstance(value, str) or not value:
            raise DataError(f"metadata[{key!r}]={value!r}: Croissant takes a text there.")
    return texts


def _license(user: Mapping[str, Any]) -> list[str] | None:
    licenses = _as_list(user.get("license", []))
    if not all(isinstance(item, str) and item for item in licenses):
        raise DataError(f"metadata['license']={user['license']!r}: expected a URL or an SPDX identifier, or a list.")
    return list(licenses) or None


def _as_list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else [value]
