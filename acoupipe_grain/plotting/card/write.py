"""The data-set card: one page that says what an exported data set holds, and shows some of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from acoupipe_grain.array.measurement import MeasurementSetup
from acoupipe_grain.array.stored_setup import stored_frequencies, stored_setup
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.plotting.card.configured import as_text
from acoupipe_grain.plotting.card.labels import label_section
from acoupipe_grain.plotting.card.maps import array_picture, map_section
from acoupipe_grain.plotting.card.markup import tag
from acoupipe_grain.plotting.card.page import page
from acoupipe_grain.plotting.card.tables import (
    configuration_section,
    element_section,
    file_section,
    glance,
    making_section,
    metadata_list,
)
from acoupipe_grain.plotting.card.usage import usage_section
from acoupipe_grain.records import ArrayRecordSource
from acoupipe_grain.records.plan import Plan

SUFFIXES = (".html", ".htm")

_IN_SENTENCE = ("split", "seed", "mode", "engine")


def write_card(folder: str | Path, path: str | Path) -> Path:
    """Write an HTML page about an exported data set: what is in it, what its labels and maps look like, how to load it.

    The page needs no other file, no network and no script. Of the same data set in a folder of the same name it has the
    same bytes, with the same version of Matplotlib.

    Parameters
    ----------
    folder
        Folder written by `acoupipe_grain.export`.
    path
        The file to write, ending in .html; an older one is replaced.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ArgumentError
        If the file's name ends otherwise.
    DataError
        If the folder holds no complete data set, or a shard or record cannot be read.
    OSError
        If the file cannot be written.
    """
    path = Path(path)
    if path.suffix not in SUFFIXES:
        raise ArgumentError(f"path={str(path)!r}: expected a name ending in {' or '.join(SUFFIXES)}.")
    # Texts of users may hold halves of surrogate pairs, which no encoding has.
    path.write_bytes(_card(Path(folder)).encode("utf-8", "replace"))
    return path


def _card(folder: Path) -> str:
    source = ArrayRecordSource(folder)
    plan = source.manifest.plan
    folder_name = folder.resolve().name
    title = as_text(plan.metadata.get("name")) if plan.metadata.get("name") else folder_name
    description = plan.metadata.get("description")
    setup, frequencies = _measured(plan.configuration)
    sections = (
        element_section(plan),
        label_section(source, setup, frequencies, plan.tables),
        map_section(source, setup, frequencies),
        configuration_section(plan, None if setup is None else array_picture(setup)),
        making_section(plan),
        file_section(source.manifest),
        usage_section(folder_name, plan.num_records),
    )
    return page(
        title,
        tag("h1", title),
        tag("p", _sentence(plan), class_="lead"),
        *([tag("p", as_text(description), class_="said")] if description else []),
        glance(source.manifest),
        metadata_list(plan),
        *(item for item in sections if item is not None),
    )


def _sentence(plan: Plan) -> str:
    """Say in one sentence what the data set is."""
    configuration = plan.configuration
    arguments = configuration.get("arguments")
    values = arguments if isinstance(arguments, Mapping) else configuration
    details = [f"{name} {as_text(values[name])}" for name in _IN_SENTENCE if values.get(name) is not None]
    origin = _origin(configuration)
    records = f"{plan.num_records:,} record{'s' if plan.num_records > 1 else ''}{f' of {origin}' if origin else ''}"
    return f"{records}: {', '.join(details)}." if details else f"{records}."


def _origin(configuration: Mapping[str, Any]) -> str:
    """Say of what the records are, or nothing if the configuration does not."""
    name, source, sources = (configuration.get(key) for key in ("class", "source", "sources"))
    if name == "mixed" and isinstance(sources, list):
        return f"a mixture of {len(sources)} sources"
    if name == "sliced" and isinstance(source, Mapping):
        return f"a slice of {_origin(source)}"
    return "" if name is None else as_text(name)


def _measured(configuration: Mapping[str, Any]) -> tuple[MeasurementSetup | None, tuple[float, ...] | None]:
    """Return measurement setup and frequencies, or None where there are none that this version understands."""
    try:
        return stored_setup(configuration), stored_frequencies(configuration)
    except ArgumentError:
        return None, None
