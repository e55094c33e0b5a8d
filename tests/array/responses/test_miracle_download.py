import hashlib
import shutil
import sys

import pytest

from acoupipe_grain.array.responses import download_miracle
from acoupipe_grain.array.responses.download import MIRACLE_FILES, PublishedFile
from acoupipe_grain.errors import ArgumentError, DataError

pooch = pytest.importorskip("pooch")

CONTENT = b"what TU Berlin has published"


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A file as the one that is published; what is asked for is listed, and copied from it."""
    file = tmp_path / "published"
    file.write_bytes(CONTENT)
    asked = []

    def downloader(progress):
        def copy(url, output, caller):
            asked.append(url)
            shutil.copy(file, output)

        return copy

    monkeypatch.setattr("acoupipe_grain.array.responses.download.http_downloader", downloader)
    published = PublishedFile("bit-stream", hashlib.sha256(CONTENT).hexdigest())
    monkeypatch.setitem(MIRACLE_FILES, "A1", published)
    return file, asked


def test_what_is_pinned_is_what_was_published():
    # DepositOnce, doi 10.14279/depositonce-20837.
    assert list(MIRACLE_FILES) == ["A1", "A2", "D1", "R2"]
    assert MIRACLE_FILES["A1"].url == (
        "https://depositonce.tu-berlin.de/bitstreams/67156d9c-224d-4d07-b923-be0240e7b48d/download"
    )
    assert MIRACLE_FILES["D1"].sha256 == "d888201065a43f436080da470f025c245b1a8030e08ea7a9dce1dc6b160761ee"
    assert {len(file.sha256) for file in MIRACLE_FILES.values()} == {64}
    assert len({file.bitstream for file in MIRACLE_FILES.values()}) == 4


def test_a_file_is_downloaded_once(server, tmp_path):
    _, asked = server
    path = download_miracle("A1", tmp_path / "new" / "folder")
    assert path == tmp_path / "new" / "folder" / "A1.h5"
    assert path.read_bytes() == CONTENT
    assert download_miracle("A1", tmp_path / "new" / "folder") == path
    assert asked == ["https://depositonce.tu-berlin.de/bitstreams/bit-stream/download"]
    assert [file.name for file in path.parent.iterdir()] == ["A1.h5"]


def test_the_default_folder_is_poochs_cache(server, tmp_path, monkeypatch):
    monkeypatch.setattr(pooch, "os_cache", lambda name: tmp_path / "cache" / name)
    assert download_miracle("A1") == tmp_path / "cache" / "acoupipe_grain" / "A1.h5"


def test_another_checksum_is_an_error_and_no_file(server, tmp_path):
    file, _ = server
    file.write_bytes(CONTENT[:-1])
    found, expected = hashlib.sha256(CONTENT[:-1]).hexdigest(), hashlib.sha256(CONTENT).hexdigest()
    with pytest.raises(DataError, match=rf"A1\.h5: has the SHA-256 {found}; expected {expected}.*download it again"):
        download_miracle("A1", tmp_path / "folder")
    assert not list((tmp_path / "folder").iterdir())


def test_a_file_with_another_checksum_that_is_there_is_left_and_refused(server, tmp_path):
    _, asked = server
    (tmp_path / "A1.h5").write_bytes(b"mine")
    with pytest.raises(DataError, match=r"A1\.h5: has the SHA-256 .*: delete it, and download it again"):
        download_miracle("A1", tmp_path)
    assert (tmp_path / "A1.h5").read_bytes() == b"mine"
    assert not asked


def test_a_download_that_fails_is_an_error_that_says_from_where(server, tmp_path):
    server[0].unlink()
    with pytest.raises(DataError, match=r"A1\.h5: cannot be downloaded from https://depositonce.*put the file there"):
        download_miracle("A1", tmp_path / "folder")
    assert not list((tmp_path / "folder").iterdir())


def test_an_unknown_scenario_is_not_downloaded():
    with pytest.raises(ArgumentError, match=r"unknown scenario of MIRACLE 'A3'; did you mean 'A[12]'"):
        download_miracle("A3")


def test_without_pooch_it_is_said_how_to_install_it(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "pooch", None)
    with pytest.raises(ArgumentError, match=r"need the package pooch: pip install 'acoupipe-grain\[miracle\]'"):
        download_miracle("A1", tmp_path)
