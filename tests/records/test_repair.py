"""Every damage that `verify` finds is repaired to the very bytes that were there."""

import json
import shutil

import numpy as np
import pytest
from damages import DAMAGES, DEEP_DAMAGES, SHARD, edit, flip_a_bit, rewrite, row_in, truncate

import acoupipe_grain as apg
from acoupipe_grain.errors import ArgumentError, ExportError, VerificationError


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.fixture
def shards_written(monkeypatch):
    """The numbers of the shards that a repair writes."""
    from acoupipe_grain.records import repair

    written = []
    write_shard = repair.write_shard
    monkeypatch.setattr(
        repair, "write_shard", lambda job, number: (written.append(number), write_shard(job, number))[1]
    )
    return written


REPAIRED = {
    "flipped bit": [SHARD],
    "truncated shard": [SHARD],
    "missing shard": [SHARD],
    "duplicate shard": ["shard-00099-of-00007.array_record"],
    "shard of another place": [SHARD],
    "edited manifest": ["manifest.json"],
    "edited digest": [SHARD, "manifest.json"],
    "row removed": ["manifest.json"],
    "manifest is no JSON": ["manifest.json"],
    "manifest removed": ["manifest.json"],
}


@pytest.mark.parametrize("name", REPAIRED)
def test_exactly_what_is_damaged_is_written_again(exported, damaged, name, shards_written):
    DAMAGES[name][0](damaged)
    assert apg.repair(damaged) == REPAIRED[name]
    assert shards_written == [2] * (SHARD in REPAIRED[name])
    assert contents(damaged) == contents(exported)
    assert apg.repair(damaged) == []


@pytest.mark.parametrize("name", ["wrong shape", "wrong dtype", "missing key"])
def test_records_that_are_not_as_specified_are_repaired_behind_a_fitting_digest(exported, damaged, name):
    rewrite(damaged, DEEP_DAMAGES[name][0])
    assert apg.repair(damaged) == [SHARD, "manifest.json"]
    assert contents(damaged) == contents(exported)


@pytest.mark.parametrize("name", ["wrong values", "not a number", "wrong index"])
def test_other_values_than_computed_now_are_not_overwritten_where_the_manifest_stands_by_them(damaged, name):
    """The writer may have been another kind of processor: whose values are right is not for a repair to say."""
    rewrite(damaged, DEEP_DAMAGES[name][0])
    before = contents(damaged)
    with pytest.raises(VerificationError, match=rf"{SHARD}.*is not the recomputed value.*so it is not overwritten"):
        apg.repair(damaged)
    assert contents(damaged) == before


def test_a_shard_whose_new_bytes_are_not_those_of_the_manifest_does_not_replace_it(tmp_path):
    folder = tmp_path / "data"
    apg.export(Unnamed(), folder, num_workers=0, progress=False)
    shard = sorted(folder.glob("*.array_record"))[4]
    flipped = bytearray(shard.read_bytes())
    flipped[len(flipped) // 2] ^= 1
    shard.write_bytes(bytes(flipped))
    before = contents(folder)
    with pytest.raises(ExportError, match=f"{shard.name}: written anew it has other bytes"):
        apg.repair(folder, source=Unnamed(divisor=7 * (1 + 1e-7)))  # as another processor may compute
    assert contents(folder) == before


def test_a_foreign_shard_that_an_edited_manifest_vouches_for_is_replaced(small_setup, tmp_path):
    folders = [tmp_path / f"seed-{seed}" for seed in (0, 1)]
    for seed, folder in enumerate(folders):
        source = apg.SceneSource(40, seed=seed, setup=small_setup)
        apg.export(source, folder, num_workers=0, records_per_shard=2, progress=False)
    before = contents(folders[0])
    shard = "shard-00003-of-00020.array_record"  # of which no record is computed anew in an intact data set
    shutil.copy(folders[1] / shard, folders[0])
    rows = [json.loads((folder / "manifest.json").read_text())["shards"][3] for folder in folders]
    text = (folders[0] / "manifest.json").read_text().replace(rows[0]["sha256"], rows[1]["sha256"])
    (folders[0] / "manifest.json").write_text(text.replace(str(rows[0]["num_bytes"]), str(rows[1]["num_bytes"])))
    assert apg.repair(folders[0]) == [shard, "manifest.json"]
    assert contents(folders[0]) == before


def test_records_with_gaps_that_are_no_numbers_are_right(tmp_path):
    apg.export(Unnamed(divisor=np.nan), tmp_path / "data", num_workers=0, progress=False)
    apg.verify(tmp_path / "data", deep=True, source=Unnamed(divisor=np.nan))
    assert apg.repair(tmp_path / "data", source=Unnamed(divisor=np.nan)) == []


def test_an_unfinished_export_is_not_repaired(tmp_path):
    with pytest.raises(ZeroDivisionError):
        apg.export(Unnamed(breaks_at=20), tmp_path / "data", num_workers=0, progress=False)
    before = contents(tmp_path / "data")
    with pytest.raises(VerificationError, match="an unfinished export; run the same export again"):
        apg.repair(tmp_path / "data", source=Unnamed())
    assert contents(tmp_path / "data") == before


def test_the_manifest_of_a_stored_copy_does_not_pass_for_that_of_the_original(exported, tmp_path):
    stored = apg.sliced(apg.ArrayRecordSource(exported), 5)
    apg.export(stored, tmp_path / "copy", num_workers=0, progress=False)
    with pytest.raises(ArgumentError, match="cannot be rebuilt"):
        apg.repair(tmp_path / "copy")
    apg.verify(tmp_path / "copy", deep=True, source=stored)
    assert apg.repair(tmp_path / "copy", source=stored) == []


def test_a_data_set_of_a_later_format_is_left_to_the_version_that_wrote_it(damaged):
    for name in ("manifest.json", "plan.json"):
        edit(damaged, lambda mapping: mapping.update(format_version=3), name)
    apg.verify(damaged)
    with pytest.raises(VerificationError, match="of format 3, which this version reads but does not write"):
        apg.repair(damaged)


def test_several_shards_and_the_manifest_are_repaired_at_once(exported, damaged, shards_written):
    flip_a_bit(damaged)
    (damaged / "shard-00005-of-00007.array_record").unlink()
    (damaged / "manifest.json").unlink()
    apg.repair(damaged)
    assert contents(damaged) == contents(exported)
    # Without a manifest nothing tells the flipped bit but the record, which no longer decodes.
    assert shards_written == [2, 5]


def test_a_lost_plan_is_written_again(exported, damaged):
    (damaged / "plan.json").unlink()
    apg.verify(damaged)
    assert apg.repair(damaged) == ["plan.json"]
    assert contents(damaged) == contents(exported)


def test_plan_and_manifest_that_contradict_each_other_are_left_to_the_user(damaged):
    DAMAGES["edited seed"][0](damaged)
    before = contents(damaged)
    with pytest.raises(VerificationError, match=r"of different data sets; remove the one"):
        apg.repair(damaged)
    assert contents(damaged) == before


def test_without_plan_and_manifest_nothing_is_repaired(damaged):
    for name in ("plan.json", "manifest.json"):
        (damaged / name).write_text("{}")
    with pytest.raises(VerificationError, match=r"neither manifest.json nor plan.json can be used"):
        apg.repair(damaged)


def test_shards_of_another_data_set_are_never_removed(damaged, tmp_path, small_source):
    apg.export(small_source.inputs, tmp_path / "other", num_workers=0, progress=False)
    stranger = "shard-00000-of-00010.array_record"
    shutil.copy(tmp_path / "other" / stranger, damaged)
    with pytest.raises(VerificationError, match=rf"{stranger} not in manifest\.json"):
        apg.verify(damaged)
    truncate(damaged)
    before = contents(damaged)
    with pytest.raises(VerificationError, match=rf"{stranger} not of this data set; move them elsewhere"):
        apg.repair(damaged)
    assert contents(damaged) == before


def test_a_shard_of_another_data_set_in_the_place_of_ours_is_replaced(exported, damaged, small_setup, tmp_path):
    other = apg.SyntheticSource(20, seed=1, setup=small_setup, signal_length=0.1, f=2000.0, max_nsources=4)
    apg.export(other, tmp_path / "other", num_workers=0, records_per_shard=3, progress=False)
    shutil.copy(tmp_path / "other" / SHARD, damaged / SHARD)
    with pytest.raises(VerificationError, match=SHARD):
        apg.verify(damaged)
    assert apg.repair(damaged) == [SHARD]
    assert contents(damaged) == contents(exported)
    # Also where the manifest was lost, so that only a record computed anew tells.
    shutil.copy(tmp_path / "other" / SHARD, damaged / SHARD)
    (damaged / "manifest.json").unlink()
    assert apg.repair(damaged) == [SHARD, "manifest.json"]
    assert contents(damaged) == contents(exported)


def test_another_source_or_other_versions_are_refused_and_nothing_touched(damaged, small_source, monkeypatch):
    from acoupipe_grain.records import plan

    truncate(damaged)
    before = contents(damaged)
    with pytest.raises(ExportError, match=r'configuration.class was "SyntheticSource", is "SceneSource"'):
        apg.repair(damaged, source=small_source.inputs)
    monkeypatch.setattr(plan.installed, "version", lambda name: "0.0")
    with pytest.raises(ExportError, match=r"versions.jax was"):
        apg.repair(damaged)
    assert contents(damaged) == before


class Unnamed:
    element_spec = {"value": apg.ArraySpec((), "float32", ())}

    def __init__(self, divisor=7, breaks_at=None):
        self.divisor, self.breaks_at = divisor, breaks_at

    def __len__(self):
        return 40

    def __getitem__(self, index):
        if index == self.breaks_at:
            raise ZeroDivisionError
        return {"value": np.array(index / self.divisor, dtype=np.float32)}

    def __repr__(self):
        return "Unnamed()"


def test_a_source_that_no_manifest_can_rebuild_is_given(tmp_path):
    folder = tmp_path / "data"
    apg.export(Unnamed(), folder, num_workers=0, start=10, progress=False)
    before = contents(folder)
    shard = sorted(folder.glob("*.array_record"))[4]
    shard.unlink()
    with pytest.raises(ArgumentError, match=r"repair\(path, source="):
        apg.repair(folder)
    assert apg.repair(folder, source=Unnamed()) == [shard.name]
    assert contents(folder) == before


def test_an_edited_row_is_not_believed(exported, damaged):
    edit(damaged, lambda manifest: row_in(manifest).update(num_bytes=1))
    apg.repair(damaged)
    assert contents(damaged) == contents(exported)
