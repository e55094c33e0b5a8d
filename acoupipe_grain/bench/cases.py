"""What is measured in batches: mode, feature and frequency (Hz, None for all bins) by name."""

CASES: dict[str, tuple[str, str, float | None]] = {
    "analytic map, 4 kHz": ("analytic", "sourcemap", 4000.0),
    "wishart map, 4 kHz": ("wishart", "sourcemap", 4000.0),
    "wishart csm, 4 kHz": ("wishart", "csm", 4000.0),
    "analytic maps, all bins": ("analytic", "sourcemap", None),
    "analytic csm, all bins": ("analytic", "csm", None),
    "analytic eigmode, all bins": ("analytic", "eigmode", None),
}
