"""Where in a recording an excerpt begins: anywhere, or where it is loud."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any, NamedTuple

import numpy as np
from jaxtyping import Float32

from acoupipe_grain import arguments
from acoupipe_grain.annotations import Unit
from acoupipe_grain.audio.parameters import as_parameters

SEARCH_FUNCTIONS = ("uniform", "bias_early")
_OLDER_NAMES = {f"{prefix}search_{name}": name for name in SEARCH_FUNCTIONS for prefix in ("", "SaliencyParams.")}
MAX_TRIES = 1000


@dataclass(frozen=True)
class SaliencyParams:
    """How a loud excerpt of a recording is looked for.

    Excerpts are tried until one is louder than `loudness_cutoff`; if none is, the loudest is taken.

    Parameters
    ----------
    enabled
        Whether to look for a loud excerpt; otherwise the first one tried is taken, anywhere in the recording.
    num_tries
        Most excerpts that are tried, 1 ... 1000.
    loudness_cutoff
        Integrated loudness that is enough.
    search_function
        Where excerpts begin: "uniform", anywhere; "bias_early", with every try nearer to the beginning, until the last
        one begins within the first `duration`. audiotree's names ("SaliencyParams.search_uniform") mean the same.

    Raises
    ------
    ArgumentError
        If a value has the wrong type or range.
    """

    enabled: bool = True
    num_tries: int = 8
    loudness_cutoff: Annotated[float, Unit("LUFS")] = -40.0
    search_function: str = "uniform"

    def __post_init__(self) -> None:
        name = self.search_function
        name = _OLDER_NAMES.get(name, name) if isinstance(name, str) else name
        checked = {
            "enabled": arguments.flag("enabled", self.enabled),
            "num_tries": arguments.integer("num_tries", self.num_tries, minimum=1, maximum=MAX_TRIES),
            "loudness_cutoff": arguments.number("loudness_cutoff", self.loudness_cutoff, unit="LUFS"),
            "search_function": arguments.choice("search_function", name, SEARCH_FUNCTIONS),
        }
        for argument, value in checked.items():
            object.__setattr__(self, argument, value)

    def to_json(self) -> dict[str, Any]:
        """Return the values as a JSON mapping."""
        return asdict(self)


def as_saliency(value: SaliencyParams | Mapping[str, Any] | None) -> SaliencyParams | None:
    """Return parameters that are given as such, as a mapping of their values, or not at all."""
    return as_parameters("saliency_params", value, SaliencyParams, "{num_tries: 8}")


def num_tries(saliency: SaliencyParams | None) -> int:
    """Return how many excerpts may be tried, 1 without a search."""
    return saliency.num_tries if saliency is not None and saliency.enabled else 1


class Excerpt(NamedTuple):
    """An excerpt of a recording.

    Attributes
    ----------
    audio
        Shape (channel, sample).
    start
        First sample.
    loudness
        Integrated loudness, LUFS.
    """

    audio: Float32[np.ndarray, "channel sample"]
    start: int
    loudness: float


def find_excerpt(
    read: Callable[[int], Excerpt],
    last_start: int,
    num_samples: int,
    uniforms: Sequence[float],
    saliency: SaliencyParams | None,
) -> Excerpt:
    """Return the first excerpt that is loud enough, or else the loudest one tried; of equally loud ones the first.

    Parameters
    ----------
    read
        Returns the excerpt that begins with a sample.
    last_start
        Last sample with which one can begin; all before it are equally likely.
    num_samples
        Length of an excerpt.
    uniforms
        Random numbers in (0, 1), one for each try.
    saliency
        How to search; None, or not enabled: the first one tried is taken.
    """
    best = read(_start(uniforms[0], last_start))
    if saliency is None or not saliency.enabled or last_start == 0:
        return best
    for attempt in range(1, saliency.num_tries):
        if best.loudness > saliency.loudness_cutoff:
            break
        last = last_start
        if saliency.search_function == "bias_early":
            last = _last_start(attempt, saliency.num_tries, last_start, num_samples)
        excerpt = read(_start(uniforms[attempt], last))
        best = max(best, excerpt, key=lambda item: item.loudness)
    return best


def _start(uniform: float, last: int) -> int:
    return min(int(uniform * (last + 1)), last)


def _last_start(attempt: int, num_tries: int, last_start: int, num_samples: int) -> int:
    """Return the last start of an attempt: of the first attempt `last_start`, shrinking evenly to one excerpt's length.

    Rounded down in whole numbers, so that it is the same everywhere.
    """
    nearest = min(last_start, num_samples)
    return last_start - (last_start - nearest) * attempt // max(1, num_tries - 1)
