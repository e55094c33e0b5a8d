"""Impulse responses from source positions to microphones."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Float32

from acoupipe_grain.arguments import number
from acoupipe_grain.array.responses.fingerprint import digest_of_responses
from acoupipe_grain.array.responses.loading import (
    chosen_sample_rate,
    chosen_speed_of_sound,
    existing_file,
    read_content,
)
from acoupipe_grain.array.responses.positions import as_array, checked_positions, require_distinct_sources
from acoupipe_grain.array.responses.scenarios import require_scenario, scenario_named
from acoupipe_grain.array.responses.stored_responses import (
    ResponsesInMemory,
    StoredResponses,
    in_single_precision,
    require_finite,
)
from acoupipe_grain.errors import ArgumentError, DataError, RecordIndexError


@dataclass(frozen=True, eq=False, repr=False)
class ImpulseResponses:
    """Impulse responses from source positions to microphones, measured or simulated.

    Thread-safe, picklable, and identified by content: objects with the same numbers are equal, wherever these are kept.
    Make them with `from_arrays` and `load`.

    Attributes
    ----------
    source_positions
        m, shape (3, S); any two are at least 1e-6 m apart.
    mic_positions
        m, shape (3, M).
    sample_rate
        Hz.
    speed_of_sound
        m/s.
    stored
        Where the responses are, shape (S, M, taps).
    name
        For messages: of files the name without extension, or the scenario.
    origin
        The arguments of `load` that give the responses again; None of arrays.

    Raises
    ------
    ArgumentError
        If there are no sources, no microphones or no taps, two sources are at one place, a position, the rate or the
        speed of sound is no finite number in its range, or shapes do not fit together.
    """

    source_positions: Float[np.ndarray, "3 source"]
    mic_positions: Float[np.ndarray, "3 mic"]
    sample_rate: float
    speed_of_sound: float
    stored: StoredResponses
    name: str = ""
    origin: Mapping[str, Any] | None = field(default=None)

    def __post_init__(self) -> None:
        sources = checked_positions("source_positions", self.source_positions, "sources")
        mics = checked_positions("mic_positions", self.mic_positions, "microphones")
        values = {
            "source_positions": sources,
            "mic_positions": mics,
            "sample_rate": number("sample_rate", self.sample_rate, above=0, unit="Hz"),
            "speed_of_sound": number("speed_of_sound", self.speed_of_sound, above=0, unit="m/s"),
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)
        expected = (sources.shape[1], mics.shape[1])
        if self.stored.shape[:2] != expected or not self.stored.shape[2]:
            raise ArgumentError(
                f"responses: shape {self.stored.shape}; expected ({expected[0]} sources, {expected[1]} microphones, at "
                "least 1 tap), as the positions have it."
            )
        require_distinct_sources(sources)

    @classmethod
    def from_arrays(
        cls,
        responses: Float[np.ndarray, "source mic tap"],
        source_positions: Float[np.ndarray, "3 source"],
        mic_positions: Float[np.ndarray, "3 mic"],
        *,
        sample_rate: float,
        speed_of_sound: float,
        name: str = "",
    ) -> ImpulseResponses:
        """Return the responses of arrays, which are copied.

        Parameters
        ----------
        responses
            Real floating-point numbers, shape (S, M, taps); kept in single precision.
        source_positions
            m, shape (3, S).
        mic_positions
            m, shape (3, M).
        sample_rate
            Hz.
        speed_of_sound
            m/s.
        name
            For messages.

        Raises
        ------
        ArgumentError
            If `responses` are no floating-point numbers or not all finite, or for the reasons of the class.
        """
        array = as_array("responses", responses)
        if array.dtype.kind != "f" or array.ndim != 3:
            raise ArgumentError(
                f"responses: {array.dtype} of shape {array.shape}; expected real floating-point numbers, shape "
                "(sources, microphones, taps)."
            )
        single = in_single_precision(array)
        single.flags.writeable = False
        made = cls(source_positions, mic_positions, sample_rate, speed_of_sound, ResponsesInMemory(single), name)
        try:
            require_finite(single, np.arange(len(single)))
        except DataError as error:
            raise ArgumentError(f"responses: {error}") from None
        return made

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str],
        *,
        speed_of_sound: float | None = None,
        sample_rate: float | None = None,
        layout: str | None = None,
        scenario: str | None = None,
    ) -> ImpulseResponses:
        """Return the responses of a file, which are read when they are asked for.

        Parameters
        ----------
        path
            The file: HDF5 as MIRACLE and SRIRACHA have it, SOFA (SingleRoomSRIR or SingleRoomMIMOSRIR), or .npz with
            the arguments of `from_arrays`, which is read at once. Its name means nothing.
        speed_of_sound
            m/s, for files that state none. One that they state may be given to 0.1 m/s; then the argument counts.
        sample_rate
            Hz, for files that state none. Without either, HDF5 files have 32 kHz, as all those published.
        layout
            "hdf5", "sofa" or "npz"; None: what the file is.
        scenario
            Of MIRACLE or SRIRACHA, such as "A1": a file with other numbers of sources or microphones, another plane,
            speed of sound or sampling rate is refused. See `SCENARIOS`.

        Raises
        ------
        ArgumentError
            If there is no such file, layout or scenario, a package is not installed, or the sampling rate or speed of
            sound is missing or another than the file's.
        DataError
            If the file cannot be read, is not what its layout asks for, is another scenario, has no sources, or two at
            one place.
        """
        wanted = None if scenario is None else scenario_named(scenario)
        file = existing_file(path)
        content = read_content(file, layout)
        if wanted is not None:
            require_scenario(file, content, wanted)
        rate = chosen_sample_rate(file, content, sample_rate)
        speed = chosen_speed_of_sound(file, content, speed_of_sound)
        arguments = {
            "speed_of_sound": None if speed_of_sound is None else speed,
            "sample_rate": None if sample_rate is None else rate,
            "layout": layout,
            "scenario": scenario,
        }
        given = {key: value for key, value in arguments.items() if value is not None}
        try:
            return cls(
                content.source_positions,
                content.mic_positions,
                rate,
                speed,
                content.stored,
                scenario or Path(file).stem,
                {"path": os.fspath(path)} | given,
            )
        except ArgumentError as error:
            raise DataError(f"{file}: {error}") from error

    @property
    def num_sources(self) -> int:
        """Number of source positions."""
        return self.stored.shape[0]

    @property
    def num_mics(self) -> int:
        """Number of microphones."""
        return self.stored.shape[1]

    @property
    def num_taps(self) -> int:
        """Length of a response, samples."""
        return self.stored.shape[2]

    def read(self, indices: Sequence[int] | np.ndarray) -> Float32[np.ndarray, "source mic tap"]:
        """Return the responses of sources in the order asked for; only these are read from the file.

        Parameters
        ----------
        indices
            Of the sources, from 0 on; any may be there more than once.

        Returns
        -------
        numpy.ndarray
            A C-contiguous copy, shape (len(indices), M, taps).

        Raises
        ------
        RecordIndexError
            If an index is no source's.
        ArgumentError
            If `indices` are not a list of integers.
        DataError
            If the file is gone, has changed or cannot be read, or a response is not finite.
        """
        chosen = as_array("indices", indices)
        if chosen.ndim != 1 or (chosen.size and chosen.dtype.kind not in "iu"):
            raise ArgumentError(f"indices={indices!r}: expected a list of integers from 0 to {self.num_sources - 1}.")
        if (outside := chosen[(chosen < 0) | (chosen >= self.num_sources)]).size:
            raise RecordIndexError(f"indices: {outside[0]}; expected integers from 0 to {self.num_sources - 1}.")
        chosen = chosen.astype(np.int64)
        responses = self.stored.read(chosen)
        self._require_finite(responses, chosen)
        return responses

    def blocks(self) -> Iterator[tuple[int, Float32[np.ndarray, "source mic tap"]]]:
        """Yield all responses in order, a few sources at a time, and the index of the first of them.

        Raises
        ------
        DataError
            As of `read`.
        """
        for start, block in self.stored.blocks():
            self._require_finite(block, np.arange(start, start + len(block)))
            yield start, block

    def _require_finite(self, responses: np.ndarray, indices: np.ndarray) -> None:
        try:
            require_finite(responses, indices)
        except DataError as error:
            place = self.name if self.origin is None else self.origin["path"]
            raise DataError(f"{place}: {error}" if place else str(error)) from None

    @cached_property
    def fingerprint(self) -> str:
        """What identifies the content: a digest of positions, rate, speed of sound and all responses, read for it.

        It is the same whatever layout the responses are kept in. Memory does not grow with their number.

        Raises
        ------
        DataError
            As of `read`.
        """
        return digest_of_responses(
            self.sample_rate,
            self.speed_of_sound,
            (self.source_positions, self.mic_positions),
            (block for _, block in self.blocks()),
        )

    def to_json(self) -> dict[str, Any]:
        """Return the JSON mapping that stands for the responses in a configuration.

        It holds ``digest``, the fingerprint. With the arguments of `load`, among them ``path``, it gives back responses
        of a file; those of arrays, of which it has the ``shape``, cannot be rebuilt.
        """
        origin = {"shape": list(self.stored.shape)} if self.origin is None else dict(self.origin)
        return origin | {"digest": self.fingerprint}

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, ImpulseResponses):
            return NotImplemented
        return hash(self) == hash(other) and self.fingerprint == other.fingerprint

    def __hash__(self) -> int:
        return hash((self.stored.shape, self.sample_rate, self.speed_of_sound))

    def __repr__(self) -> str:
        sources, mics, taps = self.stored.shape
        return (
            f"ImpulseResponses({sources} sources, {mics} microphones, {taps} taps {self.fingerprint[:16]}, "
            f"sample_rate={self.sample_rate!r}, speed_of_sound={self.speed_of_sound!r})"
        )
