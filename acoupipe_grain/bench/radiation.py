"""Ways of radiating whose cost is measured: arguments of `SyntheticSource`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

KINDS: Mapping[str, Mapping[str, Any]] = {
    "coloured noise": {"signals": {"kind": "colored_noise"}},
    "coloured noise, equalised": {"signals": {"kind": "colored_noise", "equalizer": {}}},
    "tones": {"signals": {"kind": "tones", "frequency": 440.0, "num_harmonics": 10}},
    "correlated noise": {"signals": {"kind": "correlated_noise"}},
    "moving sources": {"trajectories": {"kind": "circle", "radius": 0.1, "rate": 1.0}},
    "dipoles": {"directivity": "dipole"},
    "flow": {"flow": {"mach": 0.1}},
}
