"""The parts of a Croissant description: files, records, features and people, as nodes of mlcroissant."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from acoupipe_grain.errors import DataError
from acoupipe_grain.records.array_record import sha256_of
from acoupipe_grain.records.manifest import MANIFEST_NAME, Manifest
from acoupipe_grain.records.plan import SHARD_SUFFIX
from acoupipe_grain.specs import ArraySpec

CROISSANT_VERSION = "http://mlcommons.org/croissant/1.1"

_SHARD_FORMAT = "https://github.com/google/array_record"
_SHARDS, _RECORDS = "shards", "records"
_CREATOR_KEYS = ("name", "email", "url", "type")
# What version 1.1 has and mlcroissant leaves out of its default context.
_CONTEXT = {
    "arrayShape": "cr:arrayShape",
    "containedIn": "cr:containedIn",
    "description": {"@container": "@language"},
    "isArray": "cr:isArray",
    "name": {"@container": "@language"},
}


class CroissantNodes:
    """Makes the nodes of one description.

    Parameters
    ----------
    module
        mlcroissant.
    """

    def __init__(self, module: Any) -> None:
        self.module = module
        self.context = module.Context(
            conforms_to=CROISSANT_VERSION, rdf=module.Rdf(context=module.Rdf().context | _CONTEXT)
        )

    def distribution(self, folder: Path, manifest: Manifest) -> list[Any]:
        """Return the files, and the set of shards that the records are in."""
        path = folder / MANIFEST_NAME
        shards = self.module.FileSet(
            ctx=self.context,
            id=_SHARDS,
            name=_SHARDS,
            description="ArrayRecord files of msgpack maps from names to arrays.",
            encoding_formats=[_SHARD_FORMAT],
            includes=[f"*{SHARD_SUFFIX}"],
        )
        return [
            self._file(MANIFEST_NAME, "application/json", path.stat().st_size, sha256_of(path)),
            *(self._file(row.name, _SHARD_FORMAT, row.num_bytes, row.sha256) for row in manifest.shards),
            shards,
        ]

    def _file(self, name: str, encoding_format: str, num_bytes: int, sha256: str) -> Any:
        return self.module.FileObject(
            ctx=self.context,
            id=name,
            name=name,
            content_url=name,
            content_size=f"{num_bytes} B",
            encoding_formats=[encoding_format],
            sha256=sha256,
        )

    def record_set(self, manifest: Manifest) -> Any:
        """Return the records, a field for each feature."""
        fields = [self._field(number, *item) for number, item in enumerate(manifest.plan.element_spec.items())]
        return self.module.RecordSet(
            ctx=self.context,
            id=_RECORDS,
            name=_RECORDS,
            description=f"{manifest.plan.num_records} records.",
            fields=fields,
        )

    def _field(self, number: int, name: str, spec: ArraySpec) -> Any:
        dtype = np.dtype(spec.dtype)
        is_complex = dtype.kind == "c"
        shape = (*spec.shape, 2) if is_complex else spec.shape
        axes = f"axes: {', '.join(spec.axes)}; " if spec.axes else ""
        parts = f"; {dtype.name}, the last axis of 2 holds real and imaginary part" if is_complex else ""
        # mlcroissant takes no identifiers with white space.
        identifier = name if not any(map(str.isspace, name)) else f"feature-{number}"
        return self.module.Field(
            ctx=self.context,
            id=f"{_RECORDS}/{identifier}",
            name=name,
            description=f"{axes}unit: {spec.unit}{parts}",
            data_types=[getattr(self.module.DataType, "FLOAT32" if is_complex else dtype.name.upper())],
            is_array=True if shape else None,
            array_shape=",".join(map(str, shape)) or None,
            source=self.module.Source(
                ctx=self.context, file_set=_SHARDS, extract=self.module.Extract(ctx=self.context, column=name)
            ),
        )

    def creator(self, creator: Any) -> Any:
        """Return a person or an organization."""
        values = {"name": creator} if isinstance(creator, str) else creator
        is_valid = isinstance(values, Mapping) and "name" in values and set(values) <= set(_CREATOR_KEYS)
        if not is_valid or not all(isinstance(value, str) for value in values.values()):
            raise DataError(
                f"metadata['creators']: {creator!r} is no name and no mapping of texts with the name and some of "
                f"{', '.join(_CREATOR_KEYS[1:])}."
            )
        kind = values.get("type", "Person")
        if kind not in ("Person", "Organization"):
            raise DataError(f"metadata['creators']: type={kind!r} is neither 'Person' nor 'Organization'.")
        described = {key: value for key, value in values.items() if key != "type"}
        return getattr(self.module, kind)(ctx=self.context, **described)
