"""The configurations in conf/: each one does what its first line says."""

from pathlib import Path

import numpy as np
import pytest

import acoupipe_grain as apg
from acoupipe_grain.cli.main import main
from acoupipe_grain.config import build, load_arguments
from acoupipe_grain.config.factories import source_name

CONF = Path(__file__).parents[2] / "conf"
RECORDINGS = ("excerpts.yml", "minibatches.yml", "segments.yml", "sounds.yml")
"""Tested with the recordings they are about, in tests/cli/test_recordings_commands.py."""
FILES = ("aligned.yml", "matlab.yml", "raw.yml")
"""Tested with the files they are about, in tests/cli/test_file_commands.py."""
OTHERS = ("miracle.yml", "scatterers.yml")
"""Tested in tests/cli/test_responses_commands.py, and below."""
TRAININGS = ("eigenmodes", "frames", "maps", "matrices", "segments", "stored")
"""Of conf/train_*.yml; tested in tests/cli/test_training_commands.py."""
LEFT_OUT = (*RECORDINGS, *FILES, *OTHERS, *(f"train_{name}.yml" for name in TRAININGS))
ALL = sorted(path for path in CONF.glob("*.yml") if path.name not in LEFT_OUT)


def source_of(name, scope="", **changes):
    settings = load_arguments(CONF / name)
    source = source_name(settings, scope)
    return build(source, settings | {f"{source}.{key}": value for key, value in changes.items()}, scope)


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.name)
def test_every_example_gives_a_finite_record(path):
    settings = load_arguments(path)
    # Responses of rooms are longer than 0.2 s.
    is_long = settings.get("SyntheticSource.random_signal_length") or path.name == "rooms.yml"
    short = {} if is_long else {"signal_length": 0.2}
    element = source_of(path.name, num_records=4, **short)[3]
    assert all(np.isfinite(array).all() for array in element.values())


def test_scatterers_move_and_leave_tracks():
    source = build("ScattererSource", load_arguments(CONF / "scatterers.yml"))
    element = source[17]
    assert element["data"].shape == (64, 64, 16)
    assert element["label"].sum() > 16


def test_the_pair_shares_no_scene():
    train, val = source_of("train_val.yml", "train"), source_of("train_val.yml", "val")
    assert (len(train), train.inputs.streams.split) == (10_000, "training")
    assert (len(val), val.inputs.streams.split) == (1000, "validation")
    assert train.f == val.f == [2000.0, 4000.0]
    assert not np.array_equal(train.inputs[0]["positions"], val.inputs[0]["positions"])


def test_the_pair_exports_by_scope(tmp_path):
    for scope, split in (("train", "training"), ("val", "validation")):
        flags = ["--SyntheticSource.num_records=3", "--SyntheticSource.signal_length=0.2", "--export.num_workers=0"]
        arguments = ["export", str(tmp_path / scope), "--args.load", str(CONF / "train_val.yml"), "--scope", scope]
        assert main([*arguments, *flags]) == 0
        stored = apg.ArrayRecordSource(tmp_path / scope)
        assert len(stored) == 3
        assert stored.configuration["source"]["arguments"]["split"] == split


def test_the_low_frequency_bands_lie_between_315_and_1000_hz():
    source = source_of("low_frequency.yml")
    assert source.num == 3
    assert source.setup.block_size == 1024
    assert source.element_spec["sourcemap"].shape == (6, 64, 64)
    assert source.setup.bin_frequencies[1] == pytest.approx(13.4, abs=0.01)


def test_the_small_array_is_the_uma_16():
    source = source_of("uma16.yml", signal_length=0.1)
    assert source.setup.num_mics == 16
    assert source.setup.aperture == pytest.approx(0.178, abs=0.001)
    scenes = source.inputs.batch(range(300))
    x, y, z = np.moveaxis(scenes["positions"], 1, 0)
    mask = scenes["source_mask"]
    assert np.all(z[mask] == 1.0)
    assert np.hypot(x[mask].std(), y[mask].std()) == pytest.approx(np.hypot(0.26, 0.26), rel=0.1)
    assert scenes["num_sources"].max() == 3
    record = source[0]
    peak = np.unravel_index(record["sourcemap"][2].argmax(), (51, 51))
    strongest = record["loc"][:2, record["source_strength_analytic"][0].argmax()]
    assert np.linalg.norm(source.setup.grid.nearest(strongest.astype(float)) - peak) <= 3


def test_the_custom_distributions_are_drawn_from():
    scenes = source_of("custom_distributions.yml").inputs.batch(range(1000))
    mask = scenes["source_mask"]
    assert set(scenes["num_sources"]) == {2, 3, 4, 5}
    assert scenes["positions"][:, 1][mask].min() >= np.float32(-0.2)
    assert np.abs(scenes["positions"][:, 0][mask]).max() <= 0.4
    assert 0.01 <= scenes["strengths"][mask].min() < scenes["strengths"][mask].max() <= 20
    seconds = scenes["num_samples"] / 13_720
    assert 1.0 <= seconds.min() < seconds.max() <= 3.0
    ratio = scenes["noise_power"] / scenes["strengths"].sum(axis=1)
    assert np.median(ratio) == pytest.approx(np.sqrt(1e-4 * 0.1), rel=0.2)


def test_the_beamformers_share_their_scenes_and_find_the_strongest_source():
    source = source_of("beamformers.yml", num_records=20)
    maps = ("sourcemap", "map_functional", "map_capon", "map_clean_sc")
    assert source.mode == "wishart"
    assert all(source.element_spec[name].shape == (2, 64, 64) for name in maps)
    record = source[1]
    strongest = record["loc"][:2, record["source_strength_analytic"][1].argmax()].astype(float)
    for name in maps:
        cell = np.array(np.unravel_index(record[name][1].argmax(), (64, 64)))
        assert np.abs(cell - source.setup.grid.nearest(strongest)).max() <= 3, name


def test_acoupipes_data_have_its_scaling_and_bin():
    source = source_of("acoupipe.yml", num_records=4, signal_length=0.2)
    assert type(source).__name__ == "AcouPipeSource"
    record = source[3]
    strengths = source.inputs.draw(3)["strengths"]
    np.testing.assert_allclose(record["source_strength_analytic"][0], strengths / 65, rtol=1e-6)
