"""What sources of excerpts of recordings share, however their files are chosen: reading, elements, identity."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Int

from acoupipe_grain import arguments
from acoupipe_grain.audio.excerpt_reader import ExcerptReader
from acoupipe_grain.audio.excerpts import SaliencyParams, num_tries
from acoupipe_grain.audio.formats import common_num_channels, common_sample_rate
from acoupipe_grain.audio.groups import FileGroups
from acoupipe_grain.audio.libraries import versions
from acoupipe_grain.audio.order import Order
from acoupipe_grain.audio.read_ahead import read_ahead
from acoupipe_grain.errors import ArgumentError, DataError
from acoupipe_grain.identity import Identified
from acoupipe_grain.memory import require_memory
from acoupipe_grain.seeding import GENERATOR_VERSION, Streams
from acoupipe_grain.specs import ArraySpec, Element, element_num_bytes
from acoupipe_grain.workers import StartsGrainWorkers

STARTS = "audio_starts"
"""Random stream of the beginnings of excerpts."""


class ExcerptSource(Identified, StartsGrainWorkers):
    """Excerpts of recordings.

    Parameters
    ----------
    groups
        The files.
    order
        Which file each record is an excerpt of.
    streams
        Where beginnings are drawn from.
    sources, num_records, extensions, sample_rate, mono, duration, saliency_params, on_failure
        As for `AudioDataSimpleSource`, the former three checked.
    """

    def __init__(
        self,
        groups: FileGroups,
        order: Order,
        streams: Streams,
        *,
        sources: Mapping[str, Sequence[str]],
        num_records: int,
        extensions: Sequence[str],
        sample_rate: int | None,
        mono: bool,
        duration: float,
        saliency_params: SaliencyParams | None,
        on_failure: str,
    ) -> None:
        self.groups = groups
        self.order = order
        self.streams = streams
        self.sources = sources
        self.num_records = num_records
        self.extensions = extensions
        self.mono = arguments.flag("mono", mono)
        self.duration = arguments.number("duration", duration, above=0, unit="s")
        self.saliency_params = saliency_params
        self.on_failure = on_failure
        self.sample_rate = common_sample_rate(groups.files, sample_rate)
        self.num_channels = common_num_channels(groups.files, self.mono)
        self._has_rate_of_files = sample_rate is None
        self.num_samples = round(self.duration * self.sample_rate)
        if self.num_samples < 1:
            raise ArgumentError(
                f"duration={duration!r}: is shorter than a sample at {self.sample_rate} Hz; expected at least "
                f"{1 / self.sample_rate:.3g} s."
            )
        require_memory(
            # In float32, and in float64 to measure the loudness.
            self.num_samples * self.num_channels * 24,
            f"duration={duration!r}: one record of {self.num_samples} samples in {self.num_channels} channels",
            "use a shorter duration",
        )
        self._reader = ExcerptReader(
            groups,
            sample_rate=self.sample_rate,
            num_samples=self.num_samples,
            mono=self.mono,
            saliency=saliency_params,
            takes_next=on_failure == "skip",
        )
        self._digest = groups.digest
        if groups.broken:
            warnings.warn(groups.left_out, stacklevel=3)

    @cached_property
    def element_spec(self) -> dict[str, ArraySpec]:
        """Specification of every array of an element."""
        return {
            "audio": ArraySpec((self.num_channels, self.num_samples), "float32", ("channel", "sample")),
            "sample_rate": ArraySpec((), "int32", (), "Hz"),
            "file_index": ArraySpec((), "int32", ()),
            "group_index": ArraySpec((), "int32", ()),
            "offset": ArraySpec((), "float32", (), "s"),
            "loudness": ArraySpec((), "float32", (), "LUFS"),
            "idx": ArraySpec((), "int32", ()),
        }

    @property
    def read_options(self) -> dict[str, int]:
        """Options of `grain.ReadOptions`."""
        return read_ahead(element_num_bytes(self.element_spec))

    @property
    def parameters(self) -> dict[str, Any]:
        """The constructor's arguments: JSON values, or objects with `to_json`."""
        return {
            "sources": {name: list(patterns) for name, patterns in self.sources.items()},
            "num_records": self.num_records,
            "seed": self.streams.seed,
            "split": self.streams.split,
            "sample_rate": None if self._has_rate_of_files else self.sample_rate,
            "mono": self.mono,
            "duration": self.duration,
            "extensions": list(self.extensions),
            "saliency_params": self.saliency_params,
            "on_failure": self.on_failure,
        }

    @property
    def broken_files(self) -> Mapping[str, str]:
        """What is wrong with files that could not be used, by path.

        Those left out at the beginning, and with ``on_failure="skip"`` those that this process has since found broken.
        """
        return self._reader.broken_files

    @property
    def tables(self) -> dict[str, list[str]]:
        """What belongs to ``file_index`` and ``group_index``: names of files, in their folders, and of groups."""
        return {"files": [file.name for file in self.groups.files], "groups": list(self.groups.num_files)}

    @property
    def content(self) -> dict[str, Any]:
        """What identifies the files, and the libraries that read them."""
        return {"num_files": len(self.groups.files), "files_digest": self._digest, "libraries": versions()}

    def files_of(self, indices: Int[np.ndarray, " record"]) -> Int[np.ndarray, " record"]:
        """Return the numbers of the files that records are excerpts of, without reading them."""
        numbers = np.asarray(indices)
        if numbers.dtype.kind not in "iu" or numbers.ndim != 1:
            raise ArgumentError(f"indices={indices!r:.80}: expected integers from 0 to {len(self) - 1} along one axis.")
        for index in (numbers.min(initial=0), numbers.max(initial=0)):
            arguments.record_index(index, len(self))
        return self.order.files_of(numbers.astype(np.int64))

    def __len__(self) -> int:
        return self.num_records

    def __getitem__(self, index: int) -> Element:
        index = arguments.record_index(index, len(self))
        uniforms = self.streams.uniforms(STARTS, [index], num_tries(self.saliency_params))[0].tolist()
        try:
            number, excerpt = self._reader.read(self.order.file_of(index), uniforms)
        except DataError as error:
            raise type(error)(f"record {index}: {error}") from error
        return {
            "audio": excerpt.audio,
            "sample_rate": np.array(self.sample_rate, dtype=np.int32),
            "file_index": np.array(number, dtype=np.int32),
            "group_index": np.array(self.groups.group_of(number), dtype=np.int32),
            "offset": np.array(excerpt.start / self.sample_rate, dtype=np.float32),
            "loudness": np.array(excerpt.loudness, dtype=np.float32),
            "idx": np.array(index, dtype=np.int32),
        }

    def __repr__(self) -> str:
        elsewhere = ("sources", "extensions")
        listed = ", ".join(f"{name}={value!r}" for name, value in self.parameters.items() if name not in elsewhere)
        return (
            f"{type(self).__name__}({len(self.groups.files)} files {self._digest[:16]}, {listed}, "
            f"generator_version={GENERATOR_VERSION})"
        )
