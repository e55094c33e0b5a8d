"""Speed, measured side by side with the same work written plainly with Acoular."""

from acoupipe_grain.bench.run import run_benchmarks

__all__ = ["run_benchmarks"]
