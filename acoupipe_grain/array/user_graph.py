"""A user's graph of objects: built once per thread, its random processes sampled anew for each index."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from acoupipe_grain.callables import callable_name, require_callable
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.sampling import Sampler
from acoupipe_grain.seeding import Streams

Parts: TypeAlias = Mapping[Any, Any] | Sequence[Any]


class UserGraph(NamedTuple):
    """The parts of a graph, and the random processes among them by name."""

    parts: Parts
    samplers: dict[str, Sampler]

    def sample(self, streams: Streams, index: int) -> Parts:
        """Let every random process draw from a generator of its own for the index, and return the parts."""
        for name, sampler in self.samplers.items():
            sampler.sample(streams.generator(f"pipeline.{name}", index))
        return self.parts


class GraphPerThread:
    """Builds a graph in each thread that asks for one; picklable, without its graphs.

    Parameters
    ----------
    build
        Function without arguments that returns a graph's parts, in a mapping or a list, or a single random process.
    """

    def __init__(self, build: Callable[[], Any]) -> None:
        self.build = require_function("graph", build, num_arguments=0)
        self._of_thread = threading.local()

    def __call__(self) -> UserGraph:
        """Return this thread's graph."""
        if not hasattr(self._of_thread, "graph"):
            self._of_thread.graph = self.fresh()
        return self._of_thread.graph

    def fresh(self) -> UserGraph:
        """Build a graph that nothing has been sampled with."""
        given = self.build()
        parts = [given] if isinstance(given, Sampler) else given
        if not isinstance(parts, Mapping | list | tuple):
            raise ArgumentError(
                f"graph={callable_name(self.build)}: returned a {type(given).__name__}; expected a mapping or list of "
                "parts, or a random process: an object with sample(rng)."
            )
        named = parts.items() if isinstance(parts, Mapping) else enumerate(parts)
        samplers = {str(name): part for name, part in named if isinstance(part, Sampler)}
        if not samplers:
            raise ArgumentError(
                f"graph={callable_name(self.build)}: none of its parts has a method sample(rng), so all records would "
                "be the same; add a random process, see acoupipe_grain.sampling."
            )
        if "acoular" in sys.modules:
            # Its cache goes by str(array): small changes, and the middle of large arrays, would go unnoticed.
            sys.modules["acoular"].config.global_caching = "none"
        return UserGraph(parts, samplers)

    def __getstate__(self) -> dict[str, Any]:
        return {"build": self.build}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.build = state["build"]
        self._of_thread = threading.local()


def require_function(name: str, value: Any, num_arguments: int) -> Callable[..., Any]:
    """Return `value` if it can be called with so many arguments, else raise `ArgumentError`."""
    expected = "a function without arguments" if num_arguments == 0 else "a function of the graph's parts"
    try:
        return require_callable(value, num_arguments, expected)
    except ArgumentError as error:
        raise ArgumentError(f"{name}={error}") from None


def results_of(function: Callable[[Any], Any], parts: Parts, name: str) -> Mapping[str, Any]:
    """Return what a function of the parts gives, or raise `ArgumentError` if it is no mapping of names."""
    results = function(parts)
    if not isinstance(results, Mapping) or not all(isinstance(key, str) for key in results):
        raise ArgumentError(
            f"{name}={callable_name(function)}: returned a {type(results).__name__}; expected a dict of names and "
            "numbers or arrays."
        )
    return results
