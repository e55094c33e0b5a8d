"""Speed, measured side by side with the same work written plainly with NumPy and Acoular."""

from acoupipe_grain.bench.run import run_benchmarks

__all__ = ["run_benchmarks"]
