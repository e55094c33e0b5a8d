"""The libraries that what is read from a file depends on."""

from __future__ import annotations

from importlib import metadata as installed

from acoupipe_grain.extras import import_extra

_PACKAGES = ("pyloudnorm", "soundfile", "soxr")


def versions() -> dict[str, str]:
    """Return the versions of the libraries that decode, resample and measure, those that are installed."""
    found = {"libsndfile": str(import_extra("soundfile", "audio", "audio files").__libsndfile_version__)}
    for name in _PACKAGES:
        try:
            found[name] = installed.version(name)
        except installed.PackageNotFoundError:  # not needed by every source
            continue
    return found
