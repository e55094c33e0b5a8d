"""The tables of a data-set card: metadata, elements, configuration, versions and shards."""

from __future__ import annotations

import json

from acoupipe_grain.config.keys import package_keys
from acoupipe_grain.plotting.card.configured import as_text, configured_values
from acoupipe_grain.plotting.card.markup import Markup, code, folded, joined, pairs, section, table, tag
from acoupipe_grain.records.manifest import Manifest
from acoupipe_grain.records.plan import Plan
from acoupipe_grain.specs import ArraySpec, element_num_bytes

MAX_SHARDS_SHOWN = 64
"""Longer tables are shown on demand."""

_TITLE = ("name", "description")
_GENERATOR = {"generator_version": "generator version", "prng": "random numbers"}


def metadata_list(plan: Plan) -> Markup:
    """Return what the user said of the data set, without name and description, or how to say it."""
    said = {name: as_text(value) for name, value in plan.metadata.items() if name not in _TITLE}
    if said:
        return pairs(said)
    hint = (
        "Nothing is said of license and creators. What is given as metadata when the data set is exported, such as "
        '{"name": ..., "description": ..., "license": ..., "creators": ...}, stands here.'
    )
    return tag("p", hint, class_="soft")


def glance(manifest: Manifest) -> Markup:
    """Return the most important numbers."""
    plan = manifest.plan
    size = element_num_bytes(plan.element_spec)
    return pairs(
        {
            "records": f"{plan.num_records:,}",
            "indices": _span(plan.start, plan.stop),
            "one element": num_bytes_text(size),
            "before compression": num_bytes_text(size * plan.num_records),
            "on disk": num_bytes_text(sum(row.num_bytes for row in manifest.shards)),
            "shards": f"{len(manifest.shards):,}",
        },
        class_="glance",
    )


def element_section(plan: Plan) -> Markup:
    """Return the arrays of an element, and the names that belong to their numbers."""
    head = ("feature", "shape", "dtype", "unit", "size")
    rows = [
        (name, _shape(spec), spec.dtype, spec.unit, num_bytes_text(spec.num_bytes))
        for name, spec in plan.element_spec.items()
    ]
    named = [
        folded(f"{name}: {len(values):,} names", tag("p", ", ".join(f"{i}: {value}" for i, value in enumerate(values))))
        for name, values in plan.tables.items()
    ]
    return section("Elements", table("Arrays of one element", head, rows, numbers=("size",)), *named)


def configuration_section(plan: Plan, array: Markup | None) -> Markup:
    """Return every value of the configuration.

    Parameters
    ----------
    plan
        Of the data set.
    array
        A picture of the array, if there is one.
    """
    keys = package_keys().by_name
    rows = []
    for item in configured_values(plan.configuration):
        key, value = keys.get(item.key), as_text(item.value)
        if key is not None and key.unit and value[-1].isdigit():
            value = f"{value} {key.unit}"
        if item.name not in _GENERATOR:
            rows.append((item.name, value, "" if key is None else _meaning(key.description)))
    text = json.dumps(dict(plan.configuration), indent=1, ensure_ascii=False)
    return section(
        "Configuration",
        *([] if array is None else [tag("div", array, class_="beside")]),
        table("What the records were made with", ("name", "value", "meaning"), rows),
        folded("The whole configuration as JSON", code(text)),
    )


def making_section(plan: Plan) -> Markup:
    """Return platform, random numbers and versions of libraries."""
    batch = "one record at a time" if plan.batch_size is None else f"batches of {plan.batch_size}"
    made: dict[str, object] = {
        "platform": plan.platform,
        "64-bit mode": "on" if plan.enable_x64 else "off",
        "computed in": batch,
        "compression": plan.compression,
    }
    for name, shown in _GENERATOR.items():
        if name in plan.configuration:
            made[shown] = as_text(plan.configuration[name])
    tables = (
        table("Settings on which the bytes depend", ("setting", "value"), list(made.items())),
        table("Versions of the libraries", ("library", "version"), list(plan.versions.items())),
    )
    return section("Made with", tag("div", joined(*tables), class_="two"))


def file_section(manifest: Manifest) -> Markup:
    """Return the shards with their digests, and that of the manifest."""
    rows = [
        (row.name, _span(row.start, row.stop), f"{row.num_bytes:,}", tag("span", row.sha256, class_="digest"))
        for row in manifest.shards
    ]
    head = ("shard", "records", "bytes", "SHA-256")
    shards = table("ArrayRecord shards", head, rows, numbers=("records", "bytes"))
    if len(rows) > MAX_SHARDS_SHOWN:
        shards = folded(f"{len(rows):,} shards with their digests", shards)
    digest = joined("Digest of the manifest: ", tag("span", manifest.digest, class_="digest"))
    return section("Files", tag("p", digest), shards)


def num_bytes_text(num_bytes: int) -> str:
    """Return a size in the unit that suits it."""
    size, unit = float(num_bytes), "B"
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if size < 1024 or unit == "TiB":
            break
        size /= 1024
    return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"


def _span(start: int, stop: int) -> str:
    return f"{start} to {stop - 1}" if stop - start > 1 else f"{start}"


def _meaning(description: str) -> Markup:
    """Return a docstring's sentence, what stands in backticks as code."""
    parts = description.replace("None: ", "null: ").split("`")
    return tag("span", *(tag("code", part) if i % 2 else part for i, part in enumerate(parts)), class_="soft")


def _shape(spec: ArraySpec) -> str:
    if not spec.shape:
        return "single number"
    return " × ".join(f"{axis} {size}" for axis, size in zip(spec.axes, spec.shape, strict=True))
