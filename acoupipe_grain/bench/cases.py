"""What is measured: requests by name."""

from __future__ import annotations

from typing import NamedTuple

FREQUENCY = 4000.0
"""The frequency of requests for a single line, Hz."""


class Case(NamedTuple):
    """One request.

    Attributes
    ----------
    mode
        How the cross-spectral matrix comes about.
    features
        What is asked for.
    f
        Frequency, Hz; None for all bins.
    """

    mode: str
    features: tuple[str, ...]
    f: float | None

    @property
    def batch_size(self) -> int:
        """Records per batch: elements of all bins have megabytes."""
        if self.features == ("time_data",) or self.features == ("spectrogram",):
            return 4
        return 8 if self.f is None else 64


_SPECTRAL = ("csm", "csmtriu", "eigmode", "sourcemap")
_REQUESTS = (
    *((mode, (feature,), f) for mode in ("analytic", "wishart") for feature in _SPECTRAL for f in (FREQUENCY, None)),
    *(("welch", (feature,), f) for feature in (*_SPECTRAL, "spectrogram") for f in (FREQUENCY, None)),
    ("welch", ("csm", "sourcemap"), FREQUENCY),
    ("welch", ("time_data",), None),
)


def _name(mode: str, features: tuple[str, ...], f: float | None) -> str:
    where = ", all bins" if f is None else f", {f / 1e3:g} kHz"
    return f"{mode} {' and '.join(features)}{'' if features == ('time_data',) else where}"


CASES = {_name(*request): Case(*request) for request in _REQUESTS}

THROUGH_RESPONSES = {
    _name(mode, (feature,), f): Case(mode, (feature,), f)
    for mode, feature, f in (
        ("welch", "csm", FREQUENCY),
        ("welch", "sourcemap", FREQUENCY),
        ("welch", "csm", None),
        ("analytic", "csm", FREQUENCY),
        ("analytic", "sourcemap", FREQUENCY),
        ("wishart", "csm", FREQUENCY),
        ("wishart", "sourcemap", FREQUENCY),
    )
}
"""Those of sources that are heard through impulse responses."""
