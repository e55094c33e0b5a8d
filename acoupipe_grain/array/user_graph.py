"""A user's graph of objects: built once per thread, its random processes sampled anew for each index."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from acoupipe_grain.array.geometry_acoular import switch_caching_off
from acoupipe_grain.callables import callable_name, require_callable
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.sampling import MicGeomSampler, Sampler
from acoupipe_grain.seeding import Streams

Parts: TypeAlias = Mapping[Any, Any] | Sequence[Any]


class UserGraph(NamedTuple):
    """The parts of a graph, and the random processes among them by name."""

    parts: Parts
    samplers: dict[str, Sampler]

    def sample(self, streams: Streams, index: int) -> Parts:
        """Let every random process draw from a generator of its own for the index, and return the parts."""
        switch_caching_off()
        for name, sampler in self.samplers.items():
            try:
                sampler.sample(streams.generator(f"pipeline.{name}", index))
            except Exception as error:
                error.add_note(f"While sampling {name!r} for record {index}.")
                raise
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
        switch_caching_off()
        given = self.build()
        parts = [given] if _is_sampler(given) else given
        if not isinstance(parts, Mapping | list | tuple):
            raise ArgumentError(
                f"graph={callable_name(self.build)}: returned a {type(given).__name__}; expected a mapping or list of "
                "parts, or a random process: an object with sample(rng)."
            )
        return UserGraph(parts, self._samplers(parts))

    def _samplers(self, parts: Parts) -> dict[str, Sampler]:
        """Return the random processes by name, or refuse such as would silently stay out or undo each other."""
        prefix = f"graph={callable_name(self.build)}:"
        samplers: dict[str, Sampler] = {}
        for key, part in _named(parts):
            if isinstance(part, Mapping | list | tuple) and any(_is_sampler(item) for _, item in _named(part)):
                raise ArgumentError(
                    f"{prefix} part {key!r} holds random processes; give each of them a name of its own."
                )
            if not _is_sampler(part):
                continue
            if str(key) in samplers:
                raise ArgumentError(f"{prefix} two parts are called {str(key)!r}; rename one of them.")
            require_callable(part.sample, 1, f"a random process: part {key!r} needs a method sample(rng)")
            samplers[str(key)] = part
        if not samplers:
            raise ArgumentError(
                f"{prefix} none of its parts has a method sample(rng), so all records would be the same; add a random "
                "process, see acoupipe_grain.sampling."
            )
        geometries = [id(part.target) for part in samplers.values() if isinstance(part, MicGeomSampler)]
        if len(set(geometries)) < len(geometries):
            raise ArgumentError(
                f"{prefix} two MicGeomSamplers have one target; each begins with its first positions, so the later "
                "would undo the earlier. Use one with rvec, tdir and ddir."
            )
        return samplers

    def __getstate__(self) -> dict[str, Any]:
        return {"build": self.build}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.build = state["build"]
        self._of_thread = threading.local()


def _named(parts: Parts) -> Iterable[tuple[Any, Any]]:
    return parts.items() if isinstance(parts, Mapping) else enumerate(parts)


def _is_sampler(part: Any) -> bool:
    return isinstance(part, Sampler) and not isinstance(part, type)


def require_function(name: str, value: Any, num_arguments: int) -> Callable[..., Any]:
    """Return `value` if it can be called with so many arguments, else raise `ArgumentError`."""
    expected = "a function without arguments" if num_arguments == 0 else "a function of the graph's parts"
    try:
        return require_callable(value, num_arguments, expected)
    except ArgumentError as error:
        raise ArgumentError(f"{name}={error}") from None


def results_of(function: Callable[[Any], Any], parts: Parts, name: str) -> Mapping[str, Any]:
    """Return what a function of the parts gives, or raise `ArgumentError` if it is no mapping of names."""
    try:
        results = function(parts)
    except Exception as error:
        error.add_note(f"While computing {name} with {callable_name(function)}.")
        raise
    if not isinstance(results, Mapping) or not results or not all(isinstance(key, str) and key for key in results):
        raise ArgumentError(
            f"{name}={callable_name(function)}: returned a {type(results).__name__}; expected a dict of names and "
            "numbers or arrays."
        )
    return results
