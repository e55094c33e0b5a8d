"""Excerpts of audio files as random-access sources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from acoupipe_grain import arguments
from acoupipe_grain.annotations import Seconds, Unit
from acoupipe_grain.audio.excerpt_source import ExcerptSource
from acoupipe_grain.audio.excerpts import SaliencyParams, as_saliency
from acoupipe_grain.audio.groups import EXTENSIONS, checked_sources, find_groups
from acoupipe_grain.audio.order import FILES, InShares, InTurn, checked_weights, shares
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.file_patterns import checked_extensions
from acoupipe_grain.seeding import Streams
from acoupipe_grain.specs import MAX_RECORDS


class AudioDataSimpleSource(ExcerptSource):
    """Excerpts of audio files, of each file as many: deterministic, thread-safe, picklable.

    Files are taken in turn, whatever their group, in passes that each have an order of their own. ``source[i]`` depends
    on the configuration, the seed, the split, i, and the content of the files. Every split has its own excerpts of
    the same files: files to validate with are another source's. Elements (C channels, N = duration · sample_rate):

    =========== ====== ======= ===========================================================================
    audio       (C, N) float32 the excerpt, full scale 1; zeros where the file is over
    sample_rate ()     int32   Hz
    file_index  ()     int32   number of the file in ``tables["files"]``, its name relative to its folder
    group_index ()     int32   number of its group in ``tables["groups"]``, which are sorted by name
    offset      ()     float32 beginning of the excerpt in the file, s
    loudness    ()     float32 integrated loudness (ITU-R BS.1770-4), at least −70 LUFS; of excerpts shorter
                               than 0.4 s with zeros added to 0.4 s
    idx         ()     int32   record index
    =========== ====== ======= ===========================================================================

    ``repr`` identifies names, headers and parts of the content of the files, not where they are. No file stays open.

    Parameters
    ----------
    sources
        Folders, files or patterns such as ``$DATA/*/clean`` by name of a group. Folders are searched with all
        folders in them. Groups are sorted by name, files by their path within the folder. A file is in one group.
    num_records
        Number of records, at least 1. None: one for every file.
    seed
        Selects the random streams, with the split: 0 ... 2**64 - 1.
    split
        "training", "validation" or "test"; they have no random number in common, but the files.
    sample_rate
        Sample rate of the records, at least 4000 Hz; soxr resamples. None: that of the files, which must all have it.
    mono
        Whether channels are averaged; otherwise all are kept, and all files must have the same number.
    duration
        Length of an excerpt. Shorter files are padded with zeros at their end.
    extensions
        Extensions of audio files in folders and patterns, in upper or lower case; a file given by its own name may
        have another.
    saliency_params
        How loud excerpts are looked for, `SaliencyParams` or a mapping of its values. None: an excerpt begins anywhere.
    on_failure
        What to do with files that cannot be read: "raise" an error, or "skip" them with a warning. One that is found
        broken at the beginning is left out. One that breaks later is replaced, in all records whose excerpt cannot be
        read, by the next file of its group that can. ``source.broken_files`` has them all.
    num_steps
        Another name of `num_records`, audiotree's older one.

    Raises
    ------
    ArgumentError
        If a value has the wrong type or range, a pattern means no file, or files differ that must not.
    DataError
        If a file cannot be read, or is no longer what it was.
    RecordIndexError
        For an index outside 0 ... num_records − 1, negative ones included.
    """

    def __init__(
        self,
        sources: Mapping[str, Any],
        num_records: int | None = None,
        *,
        seed: int = 0,
        split: str = "training",
        sample_rate: Annotated[int, Unit("Hz")] | None = None,
        mono: bool = True,
        duration: Seconds = 1.0,
        extensions: Sequence[str] = EXTENSIONS,
        saliency_params: SaliencyParams | Mapping[str, Any] | None = None,
        on_failure: str = "raise",
        num_steps: int | None = None,
    ) -> None:
        streams, saliency = Streams(seed, split), as_saliency(saliency_params)
        given, known = checked_sources(sources), checked_extensions(extensions)
        number = _number_of_records(num_records, num_steps)
        groups = find_groups(given, known, on_failure)
        super().__init__(
            groups,
            InTurn(streams, FILES, len(groups.files)),
            streams,
            sources=given,
            num_records=len(groups.files) if number is None else number,
            extensions=known,
            sample_rate=sample_rate,
            mono=mono,
            duration=duration,
            saliency_params=saliency,
            on_failure=on_failure,
        )


class AudioDataBalancedSource(ExcerptSource):
    """Excerpts of audio files, of each group its share: deterministic, thread-safe, picklable.

    Over all records every group has exactly its share (rounded by the largest remainder); any part of them, strided
    over hosts or not, is a sample by chance. Within a group, files are taken in turn, in passes that each have an order
    of their own, drawn for the group's name; a group that is added changes no other group's order.

    Elements, and what `AudioDataSimpleSource` says of excerpts and files, are the same here.

    Parameters
    ----------
    sources
        As for `AudioDataSimpleSource`.
    num_records
        Number of records, at least 1; it must be given, here or as `num_steps`.
    seed, split, sample_rate, mono, duration, extensions, saliency_params, on_failure, num_steps
        As for `AudioDataSimpleSource`.
    weights
        Relative share of every group by name, above 0. None: equal shares.

    Raises
    ------
    ArgumentError
        If a value has the wrong type or range, a pattern means no file, or files differ that must not.
    DataError
        If a file cannot be read, or is no longer what it was.
    RecordIndexError
        For an index outside 0 ... num_records − 1, negative ones included.
    """

    def __init__(
        self,
        sources: Mapping[str, Any],
        num_records: int | None = None,
        *,
        seed: int = 0,
        split: str = "training",
        sample_rate: Annotated[int, Unit("Hz")] | None = None,
        mono: bool = True,
        duration: Seconds = 1.0,
        extensions: Sequence[str] = EXTENSIONS,
        saliency_params: SaliencyParams | Mapping[str, Any] | None = None,
        weights: Mapping[str, float] | None = None,
        on_failure: str = "raise",
        num_steps: int | None = None,
    ) -> None:
        streams, saliency = Streams(seed, split), as_saliency(saliency_params)
        given, known = checked_sources(sources), checked_extensions(extensions)
        number = _number_of_records(num_records, num_steps)
        if number is None:
            raise ArgumentError("num_records=None: groups have shares of a number of records; give it.")
        by_group = checked_weights(weights, list(given))
        groups = find_groups(given, known, on_failure)
        self.weights = None if weights is None else by_group
        super().__init__(
            groups,
            InShares(streams, groups.num_files, shares(list(by_group.values()), number)),
            streams,
            sources=given,
            num_records=number,
            extensions=known,
            sample_rate=sample_rate,
            mono=mono,
            duration=duration,
            saliency_params=saliency,
            on_failure=on_failure,
        )

    @property
    def parameters(self) -> dict[str, Any]:
        """The constructor's arguments: JSON values, or objects with `to_json`."""
        return super().parameters | {"weights": self.weights}


def _number_of_records(num_records: Any, num_steps: Any) -> int | None:
    """Return the number of records given under either name."""
    if num_records is not None and num_steps is not None:
        raise ArgumentError(f"num_steps={num_steps!r}: is another name of num_records={num_records!r}; give one.")
    name, value = ("num_records", num_records) if num_steps is None else ("num_steps", num_steps)
    return None if value is None else arguments.integer(name, value, minimum=1, maximum=MAX_RECORDS)
