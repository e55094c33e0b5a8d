import pytest
from damages import DAMAGES, DEEP_DAMAGES, edit, flip_a_bit, rewrite

import acoupipe_grain as apg
from acoupipe_grain.errors import ArgumentError, VerificationError


@pytest.mark.parametrize("deep", [False, True])
def test_an_undamaged_data_set_passes(exported, deep):
    manifest = apg.verify(exported, deep=deep)
    assert manifest.plan.num_records == 20


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_is_found_and_named(damaged, name):
    damage, message = DAMAGES[name]
    damage(damaged)
    with pytest.raises(VerificationError, match=message):
        apg.verify(damaged)


def test_all_that_is_damaged_is_named(damaged):
    flip_a_bit(damaged)
    (damaged / "shard-00005-of-00007.array_record").unlink()
    with pytest.raises(VerificationError, match=r"shard-00002.*SHA-256(.|\n)*shard-00005.*missing"):
        apg.verify(damaged)


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
    for name in ("manifest.json", "plan.json"):
        edit(damaged, lambda mapping: mapping["configuration"].update({"class": "os.system"}), name)
    with pytest.raises(
        ArgumentError, match=r"Every record.*os\.system.*pass the source.*verify\(path, deep=True, source="
    ):
        apg.verify(damaged, deep=True)


def test_records_of_another_generator_version_are_refused(damaged):
    for name in ("manifest.json", "plan.json"):
        edit(damaged, lambda mapping: mapping["configuration"].update(generator_version=3), name)
    with pytest.raises(ArgumentError, match="generator_version is 3"):
        apg.verify(damaged, deep=True)
