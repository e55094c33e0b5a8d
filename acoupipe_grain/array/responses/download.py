"""MIRACLE's files, downloaded when the user asks for it.

Source: doi 10.14279/depositonce-20837.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from acoupipe_grain.arguments import flag
from acoupipe_grain.errors import DataError, unknown_name
from acoupipe_grain.extras import import_extra
from acoupipe_grain.file_patterns import expanded
from acoupipe_grain.named_files import digest_of


@dataclass(frozen=True)
class PublishedFile:
    """A file in TU Berlin's repository DepositOnce.

    Attributes
    ----------
    bitstream
        What the repository calls it.
    sha256
        Of its content.
    """

    bitstream: str
    sha256: str

    @property
    def url(self) -> str:
        """Where it is."""
        return f"https://depositonce.tu-berlin.de/bitstreams/{self.bitstream}/download"


MIRACLE_FILES = {
    "A1": PublishedFile(
        "67156d9c-224d-4d07-b923-be0240e7b48d", "b0e053319fabad6964e2275f4bcd2dcfc6f0dc5f463e0324b7ad107e76612f88"
    ),
    "A2": PublishedFile(
        "cbb462d7-cb28-4803-98d8-84b03aad0d5f", "c021cc57bb51237283c5303e235495edfea75b1f0eaba4a8f988942b9913e7ff"
    ),
    "D1": PublishedFile(
        "86680ee5-ae0c-4b38-8ef8-805652a21ded", "d888201065a43f436080da470f025c245b1a8030e08ea7a9dce1dc6b160761ee"
    ),
    "R2": PublishedFile(
        "0fc5f5a4-a2f7-4eb7-b796-7114260e5e86", "479af6bfdd403c855d53304b291c4878c1f8d4a4482836de77677c03ffb6bbaa"
    ),
}
"""By scenario; D1 has 0.3 GB, the others 1.1 GB each."""

Downloader = Callable[[str, str, Any], None]
"""What pooch calls with where a file is, where it is to be put, and itself."""


def download_miracle(scenario: str, folder: str | os.PathLike[str] | None = None, *, progress: bool = True) -> Path:
    """Download a scenario of MIRACLE, unless it is there, and return the file, for `ImpulseResponses.load`.

    Its checksum is compared in either case. Until it is complete and right, the file has another name.

    Parameters
    ----------
    scenario
        "A1", "A2", "D1" or "R2".
    folder
        Where to put it, or find it, under the scenario's name with the extension ``.h5``; missing folders are made.
        None: pooch's cache folder for "acoupipe_grain", such as ``~/.cache/acoupipe_grain``.
    progress
        Whether to show a progress bar.

    Raises
    ------
    ArgumentError
        If there is no such scenario, or pooch is not installed.
    DataError
        If the file cannot be downloaded or has another checksum, or one is there that has another.
    """
    if scenario not in MIRACLE_FILES:
        raise unknown_name("scenario of MIRACLE", scenario, MIRACLE_FILES)
    progress = flag("progress", progress)
    pooch = import_extra("pooch", "miracle", "Downloads of MIRACLE")
    published = MIRACLE_FILES[scenario]
    place = Path(pooch.os_cache("acoupipe_grain")) if folder is None else Path(expanded(os.fspath(folder)))
    path = place / f"{scenario}.h5"
    if path.exists():
        _require_digest(path, path, published)
        return path
    fetch = http_downloader(progress)

    def checked(url: str, output: str, caller: Any) -> None:
        fetch(url, output, caller)
        _require_digest(Path(output), path, published)

    try:
        pooch.retrieve(published.url, f"sha256:{published.sha256}", path.name, place, downloader=checked)
    except DataError:
        raise
    except Exception as error:  # whatever the network, the server and the disk lead to
        raise DataError(
            f"{path}: cannot be downloaded from {published.url} ({error}); check connection and disk and try again, or "
            "put the file there yourself."
        ) from error
    return path


def http_downloader(progress: bool) -> Downloader:
    """Return what downloads a file from a web server."""
    pooch = import_extra("pooch", "miracle", "Downloads of MIRACLE")
    downloader: Downloader = pooch.HTTPDownloader(progressbar=progress)
    return downloader


def _require_digest(file: Path, path: Path, published: PublishedFile) -> None:
    """Raise `DataError` unless `file`, which is or becomes `path`, is the one that was published."""
    found = digest_of(str(file))
    if found == published.sha256:
        return
    remedy = "delete it, and download it again" if file == path else "it was not kept; download it again"
    raise DataError(
        f"{path}: has the SHA-256 {found}; expected {published.sha256}. It is damaged or another version: {remedy}. If "
        f"that does not help, see {published.url}."
    )
