"""Ways in which the exported data set of conftest.py is damaged, each with what must be said of it."""

import json
import shutil

import numpy as np

from acoupipe_grain.records.array_record import import_array_record, sha256_of
from acoupipe_grain.records.codec import decode, encode
from acoupipe_grain.records.format import with_digest

SHARD = "shard-00002-of-00007.array_record"


def read(path):
    reader = import_array_record().ArrayRecordReader(str(path))
    records = reader.read_all()
    reader.close()
    return records


def rewrite(folder, change):
    """Change the elements of a shard and make the manifest fit again."""
    path = folder / SHARD
    records = [encode(change(decode(record))) for record in read(path)]
    writer = import_array_record().ArrayRecordWriter(str(path), "group_size:1")
    for record in records:
        writer.write(record)
    writer.close()
    edit(folder, lambda manifest: row_in(manifest).update(num_bytes=path.stat().st_size, sha256=sha256_of(path)))


def edit(folder, change, name="manifest.json"):
    """Change a manifest and make its digest fit again."""
    mapping = json.loads((folder / name).read_text())
    change(mapping)
    (folder / name).write_text(json.dumps(with_digest(mapping)))


def row_in(manifest):
    return next(row for row in manifest["shards"] if row["name"] == SHARD)


def flip_a_bit(folder):
    path = folder / SHARD
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


def truncate(folder):
    path = folder / SHARD
    path.write_bytes(path.read_bytes()[:-1])


def edit_without_digest(folder):
    path = folder / "manifest.json"
    path.write_text(path.read_text().replace('"stop": 20', '"stop": 19', 1))


def reverse_digest(manifest):
    row_in(manifest)["sha256"] = row_in(manifest)["sha256"][::-1]


def change_seed(mapping):
    mapping["configuration"]["arguments"]["seed"] = 1


DAMAGES = {
    "flipped bit": (flip_a_bit, f"{SHARD}.*SHA-256"),
    "truncated shard": (truncate, f"{SHARD}.*bytes"),
    "missing shard": (lambda folder: (folder / SHARD).unlink(), f"{SHARD}: missing"),
    "duplicate shard": (
        lambda folder: shutil.copy(folder / SHARD, folder / "shard-00099-of-00007.array_record"),
        "shard-00099",
    ),
    "shard of another place": (
        lambda folder: shutil.copy(folder / "shard-00001-of-00007.array_record", folder / SHARD),
        SHARD,
    ),
    "edited manifest": (edit_without_digest, r"manifest\.json: was changed"),
    "edited plan": (lambda folder: edit(folder, change_seed, "plan.json"), r"plan\.json: is not the plan of manifest"),
    "edited seed": (lambda folder: edit(folder, change_seed), r"plan\.json: is not the plan of manifest"),
    "edited digest": (lambda folder: edit(folder, reverse_digest), f"{SHARD}.*SHA-256"),
    "row removed": (lambda folder: edit(folder, lambda manifest: manifest["shards"].pop(2)), "do not cover"),
    "manifest is no JSON": (lambda folder: (folder / "manifest.json").write_text("{"), "JSON"),
    "manifest removed": (lambda folder: (folder / "manifest.json").unlink(), r"manifest\.json was lost"),
}


DEEP_DAMAGES = {
    "wrong shape": (lambda element: element | {"loc": element["loc"].T}, r"record 0 \(index 6\).*'loc' has shape"),
    "wrong dtype": (lambda element: element | {"loc": element["loc"].astype("f8")}, "'loc' has dtype float64"),
    "missing key": (lambda element: {"loc": element["loc"]}, "lacks"),
    "wrong values": (
        lambda element: element | {"sourcemap": element["sourcemap"] * np.float32(1.001)},
        f"{SHARD}.*'sourcemap' is not the recomputed value",
    ),
    "not a number": (lambda element: element | {"sourcemap": element["sourcemap"] * np.float32(np.nan)}, "'sourcemap'"),
    "wrong index": (lambda element: element | {"idx": element["idx"] + np.int32(1)}, "'idx'"),
}
