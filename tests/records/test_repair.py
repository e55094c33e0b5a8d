"""Every damage that `verify` finds is repaired to the very bytes that were there."""

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


@pytest.mark.parametrize("name", DEEP_DAMAGES)
def test_damage_behind_a_fitting_digest_is_repaired(exported, damaged, name):
    rewrite(damaged, DEEP_DAMAGES[name][0])
    assert apg.repair(damaged) == [SHARD, "manifest.json"]
    assert contents(damaged) == contents(exported)


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

    def __len__(self):
        return 40

    def __getitem__(self, index):
        return {"value": np.array(index / 7, dtype=np.float32)}

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
