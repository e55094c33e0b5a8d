import json
import shutil

import numpy as np
import pytest

import acoupipe_grain as apg
from acoupipe_grain.errors import ArgumentError, VerificationError
from acoupipe_grain.records.array_record import import_array_record, sha256_of
from acoupipe_grain.records.codec import decode, encode

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
    manifest = json.loads((folder / "manifest.json").read_text())
    row = next(row for row in manifest["shards"] if row["name"] == SHARD)
    row |= {"num_bytes": path.stat().st_size, "sha256": sha256_of(path)}
    (folder / "manifest.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize("deep", [False, True])
def test_an_undamaged_data_set_passes(exported, deep):
    manifest = apg.verify(exported, deep=deep)
    assert manifest.content.num_records == 20


def flip_a_bit(folder):
    path = folder / SHARD
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


def truncate(folder):
    path = folder / SHARD
    path.write_bytes(path.read_bytes()[:-1])


def edit_digest(folder):
    text = (folder / "manifest.json").read_text()
    digest = json.loads(text)["shards"][2]["sha256"]
    (folder / "manifest.json").write_text(text.replace(digest, digest[::-1]))


def edit_ranges(folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    del manifest["shards"][2]
    (folder / "manifest.json").write_text(json.dumps(manifest))


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
    "edited digest": (edit_digest, f"{SHARD}.*SHA-256"),
    "row removed": (edit_ranges, "do not cover"),
    "manifest is no JSON": (lambda folder: (folder / "manifest.json").write_text("{"), "JSON"),
    "manifest removed": (lambda folder: (folder / "manifest.json").unlink(), r"no manifest\.json"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_is_found_and_named(damaged, name):
    damage, message = DAMAGES[name]
    damage(damaged)
    with pytest.raises(VerificationError, match=message):
        apg.verify(damaged)


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


@pytest.mark.parametrize("name", DEEP_DAMAGES)
def test_damage_behind_a_fitting_digest_is_found_by_a_deep_verification(damaged, name):
    change, message = DEEP_DAMAGES[name]
    rewrite(damaged, change)
    apg.verify(damaged)
    with pytest.raises(VerificationError, match=message):
        apg.verify(damaged, deep=True)


def test_the_source_can_be_given(exported, small_source, small_setup):
    apg.verify(exported, deep=True, source=small_source)
    other = apg.SyntheticSource(20, seed=1, setup=small_setup, signal_length=0.1, f=2000.0, max_nsources=4)
    with pytest.raises(VerificationError, match="not the recomputed value"):
        apg.verify(exported, deep=True, source=other)


def test_a_source_with_other_elements_is_refused(exported, small_source):
    with pytest.raises(VerificationError, match="another specification"):
        apg.verify(exported, deep=True, source=small_source.inputs)


def test_a_source_is_not_taken_and_ignored(exported, small_source):
    with pytest.raises(ArgumentError, match="deep=True"):
        apg.verify(exported, source=small_source)


def test_a_source_of_an_unknown_class_must_be_given(damaged):
    path = damaged / "manifest.json"
    path.write_text(path.read_text().replace('"SyntheticSource"', '"os.system"'))
    with pytest.raises(ArgumentError, match=r"os\.system.*pass the source.*verify\(path, deep=True, source="):
        apg.verify(damaged, deep=True)


def test_records_of_another_generator_version_are_refused(damaged):
    path = damaged / "manifest.json"
    path.write_text(path.read_text().replace('"generator_version": 2', '"generator_version": 3'))
    with pytest.raises(ArgumentError, match="generator_version is 3"):
        apg.verify(damaged, deep=True)
