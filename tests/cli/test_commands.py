from pathlib import Path

import numpy as np
import pytest

import acoupipe_grain as apg
from acoupipe_grain.cli.main import main

CONF = Path(__file__).parents[2] / "conf"
SHORT = ["--SyntheticSource.signal_length", "0.2", "--export.num_workers", "0"]


def test_export_verify_inspect_and_preview_run_one_after_the_other(tmp_path, capsys):
    data = str(tmp_path / "data")
    assert (
        main(["export", data, "--args.load", str(CONF / "demo.yml"), "--SyntheticSource.num_records", "6", *SHORT]) == 0
    )
    assert "6 records" in capsys.readouterr().out
    assert main(["verify", data]) == 0
    assert main(["verify", data, "--deep"]) == 0
    assert "every record" in capsys.readouterr().out
    assert main(["inspect", data]) == 0
    shown = capsys.readouterr().out
    for expected in ("6 records", "sourcemap", "Pa^2", "x 64", "signal_length", "0.2", "shard-00000", "acoular"):
        assert expected in shown
    assert main(["preview", str(tmp_path / "map.png"), "--data", data, "--records", "0", "5"]) == 0
    assert (tmp_path / "map.png").read_bytes().startswith(b"\x89PNG")


def test_flags_may_stand_before_the_folder(tmp_path):
    arguments = ["export", "--SyntheticSource.num_records", "2", "--SyntheticSource.features=[loc]"]
    assert main([*arguments, "--export.num_workers", "0", str(tmp_path / "data")]) == 0
    assert len(apg.ArrayRecordSource(tmp_path / "data")) == 2


def test_a_preview_of_all_bins_draws_one_near_4_khz(tmp_path, monkeypatch):
    import acoupipe_grain.cli.preview as module

    drawn = []
    monkeypatch.setattr(module, "preview", lambda source, *others: drawn.append(source[0]["f"].tolist()))
    flags = ["--SyntheticSource.signal_length", "0.2"]
    assert main(["preview", str(tmp_path / "map.png"), "--args.load", str(CONF / "synthetic.yml"), *flags]) == 0
    assert drawn == [[37 * 107.1875]]


def test_a_preview_draws_its_own_features_in_any_scope(tmp_path):
    (tmp_path / "pair.yml").write_text(
        "train/SyntheticSource.features: [csm]\ntrain/SyntheticSource.signal_length: 0.2\n"
    )
    arguments = ["preview", str(tmp_path / "map.png"), "--args.load", str(tmp_path / "pair.yml"), "--records", "1"]
    assert main([*arguments, "--scope", "train"]) == 0
    assert main([*arguments, "--scope", "val"]) == 2


def test_an_interruption_is_one_line(monkeypatch, capsys):
    import acoupipe_grain.cli.verify as module

    def interrupt(*args, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "verify", interrupt)
    assert main(["verify", "data"]) == 130
    assert "interrupted" in capsys.readouterr().err


def test_preview_draws_a_configuration(tmp_path):
    picture = tmp_path / "map.png"
    flags = ["--SyntheticSource.f", "2000", "--SyntheticSource.num", "1", "--SyntheticSource.signal_length", "0.2"]
    assert main(["preview", str(picture), "--records", "0", "1", "2", "3", *flags]) == 0
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_demo_does_the_main_job(tmp_path, capsys):
    arguments = ["demo", str(tmp_path / "demo"), "--args.load", str(CONF / "demo.yml")]
    assert main([*arguments, "--SyntheticSource.num_records", "40", *SHORT]) == 0
    shown = capsys.readouterr().out
    for expected in (
        "40 scenes",
        "exported",
        "verified",
        "32 records",
        "(32, 1, 64, 64)",
        "preview.png",
        "card.html",
        "Try next",
    ):
        assert expected in shown
    assert (tmp_path / "demo" / "preview.png").exists()


@pytest.mark.parametrize("name", sorted({path.name for path in CONF.glob("*.yml")} - {"sounds.yml"}))
def test_every_configuration_builds(name):
    from acoupipe_grain.config import build, load_arguments

    source = build("SyntheticSource", load_arguments(CONF / name))
    assert len(source) > 0


def test_the_documented_configuration_is_the_default():
    from acoupipe_grain.config import build, load_arguments, package_keys

    arguments = load_arguments(CONF / "synthetic.yml")
    assert repr(build("SyntheticSource", arguments)) == repr(apg.SyntheticSource())
    keys = {key for key in package_keys().by_name if key.startswith("SyntheticSource.") and key.count(".") == 1}
    assert keys <= set(arguments)


def test_a_scope_chooses_keys(tmp_path, capsys):
    (tmp_path / "pair.yml").write_text(
        "SyntheticSource.features: [loc]\ntrain/SyntheticSource.num_records: 3\nval/SyntheticSource.num_records: 2\n"
        "val/SyntheticSource.split: validation\n"
    )
    command = ["export", str(tmp_path / "val"), "--args.load", str(tmp_path / "pair.yml"), "--scope", "val"]
    assert main([*command, "--export.num_workers", "0"]) == 0
    stored = apg.ArrayRecordSource(tmp_path / "val")
    assert len(stored) == 2
    expected = apg.SceneSource(2, split="validation")[1]["positions"]
    assert np.array_equal(stored[1]["loc"], expected)


def test_config_lists_every_key(capsys):
    assert main(["config"]) == 0
    shown = capsys.readouterr().out
    for expected in (
        "SyntheticSource.signal_length: 5.0  (number, s)",
        "SyntheticSource.setup.sample_rate: 13720.0  (number, Hz)",
        "SyntheticSource.features: [sourcemap, loc, source_strength_analytic]",
        "export.num_workers: 2  (integer)",
        "Smallest distance between two sources, m.",
    ):
        assert expected in shown
    assert main(["config", "export"]) == 0
    assert "SyntheticSource" not in capsys.readouterr().out


def test_config_checks_a_file_and_shows_what_is_in_force(tmp_path, capsys):
    arguments = ["config", "SyntheticSource", "--args.load", str(CONF / "uma16.yml")]
    assert main([*arguments, "--SyntheticSource.seed", "7"]) == 0
    (tmp_path / "shown.yml").write_text(capsys.readouterr().out)
    from acoupipe_grain.config import build, load_arguments

    source = build("SyntheticSource", load_arguments(tmp_path / "shown.yml"))
    assert source.inputs.streams.seed == 7
    assert source.setup.num_mics == 16
    assert main([*arguments, "--SyntheticSource.f", "90000"]) == 2
    assert "Nyquist" in capsys.readouterr().err


def test_a_refused_configuration_is_not_saved(tmp_path, capsys):
    saved = str(tmp_path / "used.yml")
    assert main(["export", str(tmp_path / "data"), "--args.save", saved, "--SyntheticSource.num_records=0"]) == 2
    assert not Path(saved).exists()
    assert main(["config", "--args.save", str(tmp_path / "nowhere" / "used.yml")]) == 2
    assert "--args.save" in capsys.readouterr().err


def test_a_demo_can_be_saved_and_repeated(tmp_path):
    flags = ["--SyntheticSource.num_records=4", "--SyntheticSource.features=[sourcemap, loc, f]", *SHORT]
    first = [
        "demo",
        str(tmp_path / "one"),
        "--args.save",
        str(tmp_path / "used.yml"),
        "--SyntheticSource.f=4000",
        *flags,
    ]
    assert main(first) == 0
    assert main(["demo", str(tmp_path / "two"), "--args.load", str(tmp_path / "used.yml")]) == 0


def test_config_builds_every_scope(tmp_path, capsys):
    (tmp_path / "pair.yml").write_text(
        "SceneSource.seed: 1\nval/SceneSource.nsources: {dist: randint, low: 20, high: 30}\n"
    )
    assert main(["config", "SceneSource", "--args.load", str(tmp_path / "pair.yml")]) == 2
    assert "val/SceneSource.nsources" in capsys.readouterr().err


def test_config_shows_what_is_in_force_in_a_scope(tmp_path, capsys):
    (tmp_path / "pair.yml").write_text("SceneSource.seed: 1\nval/SceneSource.seed: 2\n")
    arguments = ["config", "SceneSource", "--args.load", str(tmp_path / "pair.yml"), "--scope", "val"]
    assert main(arguments) == 0
    shown = capsys.readouterr().out
    assert "SceneSource.seed: 2\n" in shown
    assert "val/" not in shown


def test_typing_over_a_scopes_only_key_is_no_error(tmp_path):
    (tmp_path / "pair.yml").write_text("train/SyntheticSource.num_records: 100\n")
    arguments = ["export", str(tmp_path / "data"), "--args.load", str(tmp_path / "pair.yml"), "--scope", "train"]
    assert main([*arguments, "--SyntheticSource.num_records", "2", "--SyntheticSource.features=[loc]", *SHORT]) == 0
    assert len(apg.ArrayRecordSource(tmp_path / "data")) == 2


def test_saved_arguments_export_the_same(tmp_path):
    flags = ["--SyntheticSource.num_records=3", "--SyntheticSource.features=[loc]", *SHORT]
    saved = str(tmp_path / "used.yml")
    assert main(["export", str(tmp_path / "one"), "--args.save", saved, *flags]) == 0
    assert main(["export", str(tmp_path / "two"), "--args.load", saved]) == 0
    digests = [apg.ArrayRecordSource(tmp_path / name).manifest.digest for name in ("one", "two")]
    assert digests[0] == digests[1]


def test_switches_may_stand_before_the_folder(tmp_path):
    switch = ["export", "--SyntheticSource.snap_to_grid", str(tmp_path / "data"), "--SyntheticSource.features=[loc]"]
    assert main([*switch, "--SyntheticSource.num_records=2", *SHORT]) == 0
    assert apg.ArrayRecordSource(tmp_path / "data").configuration["source"]["arguments"]["snap_to_grid"] is True


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["config", "SyntheticSorce"], "did you mean 'SyntheticSource'"),
        (["export", "data", "--args.save", "/dev/null/used.yml"], "/dev/null"),
        (["export", "data", "--SyntheticSource.sed", "1"], "did you mean 'SyntheticSource.seed'"),
        (["export", "data", "--SyntheticSource.f", "9000"], "Nyquist"),
        (["export", "data", "--args.load", "nowhere.yml"], "nowhere.yml"),
        (["verify", "data", "--depe"], "--depe"),
        (["verify", "data"], "no manifest.json"),
        (["inspect", "data"], "no manifest.json"),
        (["preview", "map.jpg"], "png"),
        (["preview", "map.png", "--records", "-1"], "index=-1"),
        (["preview", "map.png", "--data", "data", "--SyntheticSource.seed", "1"], "--data"),
        (["bench", "--seconds", "0"], "seconds=0"),
        (["export", "data", "--SceneSource.seed", "1"], "`export` uses keys of SyntheticSource, "),
        (["export", "data", "--val/SyntheticSource.seed", "1"], "--scope val"),
        (["export", "data", "--scope", "val"], "no key begins with 'val/'"),
        (["export", "data", "--args.load", "a.yml", "--args.load", "b.yml"], "given twice"),
        (["export", "/dev/null/data", "--SyntheticSource.num_records", "1"], "/dev/null"),
        (["preview", "nowhere/map.png", "--SyntheticSource.signal_length", "0.1"], "nowhere"),
    ],
)
def test_errors_are_one_line_and_status_2(arguments, message, capsys):
    assert main(arguments) == 2
    shown = capsys.readouterr().err
    assert message in shown
    assert "Traceback" not in shown
    assert shown.count("\n") == 1


@pytest.mark.slow
def test_a_preview_draws_the_map_that_is_configured_or_asked_for(tmp_path, capsys):
    flags = ["--args.load", str(CONF / "beamformers.yml"), "--records", "0"]
    for name in ("sourcemap", "map_capon"):
        assert main(["preview", str(tmp_path / f"{name}.png"), *flags, "--map", name]) == 0
    assert (tmp_path / "sourcemap.png").read_bytes() != (tmp_path / "map_capon.png").read_bytes()
    assert main(["preview", str(tmp_path / "maps.png"), *flags, "--map", "map_capn"]) == 2
    assert "did you mean 'map_capon'" in capsys.readouterr().err


def test_a_preview_of_acoupipes_data_needs_no_frequency(tmp_path):
    flags = ["--AcouPipeSource.scaling", "acoupipe", "--AcouPipeSource.signal_length", "0.1", "--records", "0"]
    assert main(["preview", str(tmp_path / "map.png"), *flags]) == 0


def test_a_preview_of_data_without_maps_says_what_is_missing(tmp_path, capsys):
    apg.export(apg.SyntheticSource(2, features=("loc",)), tmp_path / "data", num_workers=0, progress=False)
    assert main(["preview", str(tmp_path / "map.png"), "--data", str(tmp_path / "data")]) == 2
    assert "sourcemap" in capsys.readouterr().err


def test_a_share_of_an_export_is_not_saved_with_its_configuration(tmp_path, capsys):
    saved = tmp_path / "saved.yml"
    arguments = ["export", str(tmp_path / "data"), "--SyntheticSource.num_records", "32", "--args.save", str(saved)]
    arguments += ["--SyntheticSource.features=[loc]", "--export.num_workers", "0", "--export.stop", "20"]
    arguments += ["--export.metadata={date_published: 2026-11-24}"]
    assert main([*arguments, "--shards", "2/2"]) == 2
    assert not saved.exists()
    capsys.readouterr()
    assert main([*arguments, "--export.shards", "1/2"]) == 0
    shown = capsys.readouterr().out
    assert "20 training records" in shown
    assert "5 of 10 shards are finished; other jobs write the rest" in shown
    assert "shards" not in saved.read_text()
    assert main([*arguments[:2], "--args.load", str(saved)]) == 0
    stored = apg.ArrayRecordSource(tmp_path / "data")
    assert len(stored) == 20
    assert stored.metadata == {"date_published": "2026-11-24"}


def test_a_repair_says_what_it_wrote(tmp_path, capsys):
    apg.export(apg.SceneSource(16, max_nsources=2), tmp_path / "data", num_workers=0, progress=False)
    shard = next((tmp_path / "data").glob("*.array_record"))
    shard.unlink()
    for said in (shard.name, "nothing was damaged"):
        assert main(["repair", str(tmp_path / "data")]) == 0
        assert said in capsys.readouterr().out
