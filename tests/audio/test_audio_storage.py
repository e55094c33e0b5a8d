"""Excerpts exported, verified, repaired and read back, from Python and from the command line."""

import os
import shutil

import numpy as np
import pytest
from recordings import noise, write

import acoupipe_grain as apg
from acoupipe_grain.cli.main import main
from acoupipe_grain.errors import ArgumentError, ExportError, VerificationError


@pytest.fixture
def exported(library, tmp_path):
    """A source over a copy of the files, and the folder of its export."""
    shutil.copytree(library, tmp_path / "audio")
    sources = {name: [str(tmp_path / "audio" / name)] for name in ("music", "speech")}
    source = apg.AudioDataBalancedSource(
        sources, 20, sample_rate=11_025, duration=0.2, saliency_params={"num_tries": 2}
    )
    apg.export(source, tmp_path / "data", num_workers=0, progress=False)
    return source, tmp_path / "data"


def test_what_is_stored_is_what_the_source_gives(exported):
    source, folder = exported
    stored = apg.ArrayRecordSource(folder)
    assert dict(stored.element_spec) == source.element_spec
    assert stored.tables == source.tables
    for index in range(20):
        element, expected = stored[index], source[index]
        assert element.keys() == expected.keys()
        assert all(np.array_equal(element[name], expected[name]) for name in element)


def test_it_is_verified_against_the_files(exported):
    _, folder = exported
    assert apg.verify(folder, deep=True).plan.num_records == 20


def test_damage_is_repaired_from_the_files(exported):
    _, folder = exported
    shard = sorted(folder.glob("*.array_record"))[3]
    content = shard.read_bytes()
    shard.write_bytes(content[:-20])
    with pytest.raises(VerificationError):
        apg.verify(folder)
    assert apg.repair(folder) == [shard.name]
    assert shard.read_bytes() == content
    assert apg.repair(folder) == []


def test_other_files_are_noticed(exported, tmp_path):
    source, folder = exported
    write(tmp_path / "audio" / "music" / "0.wav", noise(1.0, seed=99))
    for call in (lambda: apg.verify(folder, deep=True), lambda: apg.repair(folder)):
        with pytest.raises(ArgumentError, match="the files of AudioDataBalancedSource are not those"):
            call()
    again = apg.AudioDataBalancedSource(**source.configuration["arguments"])
    with pytest.raises(ExportError, match="files_digest"):
        apg.repair(folder, source=again)


def test_other_versions_of_the_decoders_are_noticed(exported, monkeypatch):
    from acoupipe_grain.audio import excerpt_source

    _, folder = exported
    newer = excerpt_source.versions() | {"soxr": "9.9"}
    monkeypatch.setattr(excerpt_source, "versions", lambda: newer)
    assert apg.verify(folder, deep=True)
    with pytest.raises(ExportError, match=r"libraries.soxr was .* is \"9.9\""):
        apg.repair(folder)


@pytest.mark.slow
def test_workers_write_the_same_bytes(exported, tmp_path):
    source, folder = exported
    apg.export(source, tmp_path / "again", num_workers=2, progress=False)
    digests = [apg.ArrayRecordSource(path).manifest.digest for path in (folder, tmp_path / "again")]
    assert digests[0] == digests[1]


def test_the_command_line_does_all_of_it(library, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("LIBRARY", str(library))
    (tmp_path / "audio.yml").write_text(
        "AudioDataBalancedSource.sources: {speech: [$LIBRARY/speech], music: [$LIBRARY/music]}\n"
        "AudioDataBalancedSource.duration: 0.1\n"
        "AudioDataBalancedSource.num_records: 12\n"
        "SaliencyParams.num_tries: 3\n"
        "val/AudioDataBalancedSource.split: validation\n"
        "val/SaliencyParams.enabled: false\n"
        "export.num_workers: 0\n"
    )
    load = ["--args.load", str(tmp_path / "audio.yml")]
    folder, saved = str(tmp_path / "val"), str(tmp_path / "used.yml")
    assert main(["export", folder, *load, "--scope", "val", "--args.save", saved]) == 0
    assert "12 validation records" in capsys.readouterr().out
    assert main(["verify", folder, "--deep"]) == 0
    os.remove(next((tmp_path / "val").glob("shard-00002*")))
    assert main(["repair", folder]) == 0
    assert "shard-00002" in capsys.readouterr().out
    assert main(["inspect", folder]) == 0
    shown = capsys.readouterr().out
    assert all(text in shown for text in ("loudness", "LUFS", "files_digest", "sources.speech"))
    assert main(["inspect", folder, "--html", str(tmp_path / "card.html")]) == 0
    assert main(["export", str(tmp_path / "again"), "--args.load", saved, "--scope", "val"]) == 0
    stored, again = (apg.ArrayRecordSource(tmp_path / name) for name in ("val", "again"))
    assert stored.manifest.digest == again.manifest.digest
    assert stored.manifest.plan.configuration["arguments"]["saliency_params"]["enabled"] is False
    assert str(library) not in (tmp_path / "val" / "manifest.json").read_text()
