"""Label files: the labels there are, labels of recordings, labels of parts of them."""

from __future__ import annotations

import os
import posixpath
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

from acoupipe_grain.audio.segments.label_lines import LabelFile, Row
from acoupipe_grain.audio.segments.labels import (
    WHOLE_NUMBER,
    LabelSet,
    problem_of_name,
)
from acoupipe_grain.errors import ArgumentError

TEXT_EXTENSIONS = (".csv", ".lab", ".seg", ".tsv", ".txt")
"""Looked for where a label file is missing."""

_NOT_WITHIN = re.compile(r"/|\.\.(/|$)|[A-Za-z]:/")


class FileLabel(NamedTuple):
    """The label of a recording as it stands in a table, and the line where it does."""

    label: str
    line: int


@dataclass(frozen=True)
class Chunk:
    """A line of a label file: a part of a recording, and its label as it stands there.

    Attributes
    ----------
    start, end
        Seconds from the beginning of the recording, exactly; at least 0, and the end after the start.
    label
        The label.
    line
        Number of the line, from 1.
    """

    start: Fraction
    end: Fraction
    label: str
    line: int


def read_label_set(path: str | os.PathLike[str], separator: str = ",", *, argument: str = "labels") -> LabelSet:
    """Return the labels that a file lists: lines ``id,name``, or lines ``name``, numbered in their sorted order.

    Parameters
    ----------
    path
        The file.
    separator
        Between columns.
    argument
        What the file is called in errors.

    Raises
    ------
    ArgumentError
        If the file cannot be read or lists nothing, an id is no whole number, ids are given to some of the labels only,
        or an id or a name is reserved or stands in two lines; the message names file and line.
    """
    file = LabelFile(path, separator, argument)
    rows = list(file.rows(("id", "name"), ("name",)))
    if not rows:
        raise ArgumentError(f"{argument}: {path}: lists no label; expected lines id,name or name.")
    if len(rows[0].columns) == 1:
        file.require_no_other_separator(rows)
    names: dict[str, int] = {}
    for row in rows:
        if len(row.columns) != len(rows[0].columns):
            here, there = ("an id", "none") if len(row.columns) == 2 else ("no id", "one")
            raise file.error(row.number, f"has {here}, line {rows[0].number} {there}; give all labels an id, or none")
        name = row.columns[-1]
        if problem := problem_of_name(name):
            raise file.error(row.number, f"{name!r}: {problem}")
        _require_new(file, row, "name", name, names)
    return LabelSet.from_names(list(names)) if len(rows[0].columns) == 1 else LabelSet(_numbered(file, rows))


def _numbered(file: LabelFile, rows: Sequence[Row]) -> dict[int, str]:
    """Return the names in lines ``id,name`` by id."""
    lines: dict[int, int] = {}
    ids = [file.id_in(row) for row in rows]
    for row, number in zip(rows, ids, strict=True):
        _require_new(file, row, "id", number, lines)
    for row, number in zip(rows, ids, strict=True):
        name = row.columns[1]
        other = int(name) if WHOLE_NUMBER.fullmatch(name) else number
        if other != number and other in lines:
            raise file.error(row.number, f"the name {name!r} is the id in line {lines[other]}; give another name")
    return {number: row.columns[1] for row, number in zip(rows, ids, strict=True)}


def _require_new(file: LabelFile, row: Row, kind: str, value: str | int, lines: dict[Any, int]) -> None:
    if value in lines:
        raise file.error(row.number, f"the {kind} {value!r} stands in line {lines[value]} already; correct one of them")
    lines[value] = row.number


def read_file_labels(
    path: str | os.PathLike[str], separator: str = ",", *, argument: str = "file_labels"
) -> dict[str, FileLabel]:
    """Return the labels of recordings that a table gives: lines ``path,label``, by path.

    Paths are relative to the folder of the recordings, and returned with ``/`` between folders. A line that only
    repeats another is passed over.

    Parameters
    ----------
    path
        The table.
    separator
        Between columns.
    argument
        What the table is called in errors.

    Raises
    ------
    ArgumentError
        If the table cannot be read, a line has other columns, or a path has two labels; the message names file and
        line.
    """
    table = LabelFile(path, separator, argument)
    labels: dict[str, FileLabel] = {}
    for row in table.rows(("path", "label")):
        given, label = row.columns
        if not given or not label:
            missing = "the path of a recording" if not given else "a label, 'unknown' if it is not known"
            raise table.error(row.number, f"{row.text!r}: expected {missing}")
        name = key_of(given)
        if _NOT_WITHIN.match(name):
            raise table.error(row.number, f"{given!r}: expected a path within the folder of the recordings, 'a/b.wav'")
        before = labels.setdefault(name, FileLabel(label, row.number))
        if before.label != label:
            raise table.error(
                row.number, f"{name!r} is {label!r}, but {before.label!r} in line {before.line}; correct one of them"
            )
    return labels


def read_chunks(
    path: str | os.PathLike[str], separator: str = ",", *, argument: str = "chunk_labels"
) -> tuple[Chunk, ...]:
    """Return the labels of parts of a recording that a file gives: lines ``start,end,label``, in its order.

    Parts may overlap. In a file without lines nothing is labelled.

    Parameters
    ----------
    path
        The file.
    separator
        Between columns.
    argument
        What the file is called in errors.

    Raises
    ------
    ArgumentError
        If the file cannot be read, a line has other columns, a time is no decimal number of at least 0, or an end is
        not after its start; the message names file and line.
    """
    file = LabelFile(path, separator, argument)
    chunks = []
    for row in file.rows(("start", "end", "label")):
        start, end = (file.seconds_in(row, column) for column in range(2))
        label = row.columns[2]
        if end <= start:
            raise file.error(row.number, f"{row.text!r}: expected an end after the start")
        if not label:
            raise file.error(row.number, f"{row.text!r}: expected a label, 'unknown' if it is not known")
        chunks.append(Chunk(start, end, label, row.number))
    return tuple(chunks)


def relative_path(text: str) -> str:
    r"""Return a path in the form of recordings' names, ``/`` between folders: ``a/b.wav`` for ``.\a\b.wav``."""
    return posixpath.normpath(text.replace("\\", "/"))


def key_of(path: str) -> str:
    """Return what is compared of the names of recordings: letters with accents are written in two ways."""
    return unicodedata.normalize("NFC", relative_path(path))
