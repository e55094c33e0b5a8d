import pytest

import acoupipe_grain as apg
from acoupipe_grain.cli.main import main


@pytest.fixture
def folder(small_source, tmp_path):
    """A few records from the middle of a source, with metadata."""
    metadata = {"license": "CC0-1.0", "creators": ["Ada"]}
    source = small_source.inputs
    apg.export(source, tmp_path / "data", start=5, stop=9, metadata=metadata, num_workers=0, progress=False)
    return tmp_path / "data"


def test_inspect_says_what_the_manifest_says(folder, capsys):
    assert main(["inspect", str(folder)]) == 0
    shown = capsys.readouterr().out
    manifest = apg.ArrayRecordSource(folder).manifest
    for expected in (
        "indices of the records: 5 to 8",
        'license                    "CC0-1.0"',
        "positions",
        "5 microphones",
        "setup.sample_rate          8000.0",
        "platform                   cpu",
        manifest.digest,
    ):
        assert expected in shown


def test_inspect_writes_a_page_over_an_older_one(folder, tmp_path, capsys):
    page = tmp_path / "card.html"
    page.write_text("an older one")
    assert main(["inspect", str(folder), "--html", str(page)]) == 0
    assert str(page) in capsys.readouterr().out
    assert "CC0-1.0" in page.read_text(encoding="utf-8")


def test_inspect_refuses_to_write_anything_but_a_page(folder, capsys):
    manifest = folder / "manifest.json"
    before = manifest.read_bytes()
    assert main(["inspect", str(folder), "--html", str(manifest)]) == 2
    assert ".html" in capsys.readouterr().err
    assert manifest.read_bytes() == before
