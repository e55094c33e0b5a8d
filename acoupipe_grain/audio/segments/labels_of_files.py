"""Labels of recordings from their label files, and the labels that there are."""

from __future__ import annotations

import os
import posixpath
from collections import Counter
from collections.abc import Iterable, Sequence
from fractions import Fraction

import numpy as np
from jaxtyping import Int32

from acoupipe_grain.audio.segments.label_files import TEXT_EXTENSIONS, key_of, read_chunks, read_file_labels
from acoupipe_grain.audio.segments.label_lines import as_line
from acoupipe_grain.audio.segments.labels import UNKNOWN, LabelledChunk, LabelSet, is_reserved
from acoupipe_grain.errors import ArgumentError, did_you_mean


def labels_by_file(
    path: str | os.PathLike[str],
    files: Sequence[str],
    label_set: LabelSet | None = None,
    separator: str = ",",
    *,
    argument: str = "file_labels",
) -> tuple[LabelSet, Int32[np.ndarray, " file"]]:
    """Return the labels there are, and the ids of the labels of recordings from a table of lines ``path,label``.

    Parameters
    ----------
    path
        The table; it may have more recordings.
    files
        Names of the recordings.
    label_set
        The labels there are; all others are unknown. None: all in the table, sorted.
    separator
        Between columns.
    argument
        What the table is called in errors.

    Raises
    ------
    ArgumentError
        If `read_file_labels` does, or the table lacks a recording.
    """
    table = read_file_labels(path, separator, argument=argument)
    names = [key_of(name) for name in files]
    if missing := [file for file, name in zip(files, names, strict=True) if name not in table]:
        others = f" (and {len(missing) - 1} others)" if len(missing) > 1 else ""
        stem = posixpath.splitext(missing[0])[0]
        given = [name for name in table if name.lower() in (stem.lower(), missing[0].lower())]
        hint = did_you_mean(missing[0], {name: name for name in table})
        if given:
            hint = f"; line {table[given[0]].line} has {given[0]!r}, write it as the recording is called."
        line = as_line([missing[0], "unknown"], separator)
        raise ArgumentError(
            f"{argument}: {path}: lacks the recording {missing[0]!r}{others}{hint} Add a line with its label, {line!r} "
            "if that is not known."
        )
    texts = [table[name].label for name in names]
    if label_set is None:  # of all recordings in the table: ids mean the same wherever some of them are
        known = set(names)
        label_set = _set_of(label for name, (label, _) in table.items() if name in known or posixpath.splitext(name)[1])
    else:
        label_set = _fitting(label_set, texts, f"{argument}: {path}")
    ids = [_id_or_unknown(label_set, text) for text in texts]
    return label_set, np.array(ids, dtype=np.int32)


def chunks_by_file(
    folder: str | os.PathLike[str],
    files: Sequence[str],
    label_set: LabelSet | None = None,
    separator: str = ",",
    extension: str = ".seg",
    *,
    durations: Sequence[Fraction] | None = None,
    argument: str = "chunk_labels",
) -> tuple[LabelSet, list[tuple[LabelledChunk, ...]]]:
    """Return the labels there are, and the labelled parts of recordings from a folder of label files.

    Parameters
    ----------
    folder
        The label file of ``a/b.wav`` is ``a/b.seg`` in it.
    files
        Names of the recordings.
    label_set
        The labels there are; all others are unknown. None: all that the files of `files` have, sorted.
    separator
        Between columns.
    extension
        Of label files, with its dot.
    durations
        Lengths of the recordings, s; None: they are not known.
    argument
        What the folder is called in errors.

    Raises
    ------
    ArgumentError
        If `read_chunks` does, a recording has no label file, or something in it begins after the recording's end.
    """
    if not os.path.isdir(folder):
        raise ArgumentError(f"{argument}: {folder}: there is no such folder; expected one with label files.")
    by_file = []
    for number, name in enumerate(files):
        path = os.path.join(folder, os.path.splitext(name)[0] + extension)
        if not os.path.exists(path):
            raise ArgumentError(
                f"{argument}: {path}: there is no such file, for the recording {name!r}{_other_extension(path)} "
                "Add it; an empty one says that nothing is labelled."
            )
        chunks = read_chunks(path, separator, argument=argument)
        late = [item for item in chunks if durations is not None and item.start >= durations[number]]
        if durations is not None and late:
            raise ArgumentError(
                f"{argument}: {path}, line {late[0].line}: {float(late[0].start):g} s is after the end of {name!r} "
                f"({float(durations[number]):g} s); expected seconds, are the times in ms?"
            )
        by_file.append(chunks)
    texts = [chunk.label for chunks in by_file for chunk in chunks]
    label_set = _set_of(texts) if label_set is None else _fitting(label_set, texts, f"{argument}: {folder}")
    return label_set, [
        tuple(LabelledChunk(item.start, item.end, _id_or_unknown(label_set, item.label)) for item in chunks)
        for chunks in by_file
    ]


def _other_extension(path: str) -> str:
    """Return the hint at a label file with another extension than the one that is missing."""
    stem, extension = os.path.splitext(path)
    found = [other for item in TEXT_EXTENSIONS for other in (item, item.upper()) if os.path.exists(stem + other)]
    return f"; is the extension {found[0]!r}, not {extension!r}?" if found else "."


def _set_of(texts: Iterable[str]) -> LabelSet:
    """Return the labels that occur in files, besides the reserved ones."""
    return LabelSet.from_names({text for text in texts if not is_reserved(text)})


def _fitting(label_set: LabelSet, texts: Sequence[str], where: str) -> LabelSet:
    """Return the labels that are given, if there is any of them among those in files."""
    found = Counter(text for text in texts if not is_reserved(text))
    if found and all(label_set.id_of(text) is None for text in found):
        counted = ", ".join(f"{text!r} ({number})" for text, number in found.most_common(5))
        hint = did_you_mean(next(iter(found)), {name: name for name in label_set.names.values()})
        raise ArgumentError(
            f"labels: none of {', '.join(map(repr, label_set.names.values()))} occurs in {where}, which has "
            f"{counted}{hint} List the labels as they stand there."
        )
    return label_set


def _id_or_unknown(label_set: LabelSet, text: str) -> int:
    number = label_set.id_of(text)
    return UNKNOWN if number is None else number
