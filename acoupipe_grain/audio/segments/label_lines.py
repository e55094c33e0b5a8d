"""Lines of label files: UTF-8 text with a separator between columns, and errors that name file and line.

Columns that hold the separator stand in quotation marks. Empty lines, blanks around columns and a first line with the
columns' names are passed over.
"""

from __future__ import annotations

import csv
import io
import os
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from acoupipe_grain.audio.segments.labels import WHOLE_NUMBER, problem_of_id
from acoupipe_grain.errors import ArgumentError, did_you_mean

SEPARATORS = (",", ";", "\t", "|", " ")
"""Looked for where the one that was given does not fit."""

_SECONDS = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?", re.ASCII)


def may_separate(character: str) -> bool:
    """Return whether columns may be separated by a character: one that stands in no number and no path."""
    return not character.isalnum() and character not in '"\r\n.+-/\\'


class Row(NamedTuple):
    """A line of a label file: its number from 1, its text, and its columns without blanks around them."""

    number: int
    text: str
    columns: list[str]


@dataclass(frozen=True)
class LabelFile:
    """A label file.

    Attributes
    ----------
    path
        Where it is.
    separator
        Between columns.
    argument
        What errors call it.
    """

    path: str | os.PathLike[str]
    separator: str
    argument: str

    def __post_init__(self) -> None:
        if not isinstance(self.path, str | os.PathLike):
            raise ArgumentError(f"{self.argument}={self.path!r}: expected the path of a file.")
        if not isinstance(self.separator, str) or len(self.separator) != 1 or not may_separate(self.separator):
            raise ArgumentError(
                f"{self.argument}: separator={self.separator!r}: expected one character that stands in no number and "
                "no path, such as ','."
            )

    def error(self, line: int, problem: str) -> ArgumentError:
        """Return the error for a line."""
        end = "" if problem.endswith("?") else "."
        return ArgumentError(f"{self.argument}: {self.path}, line {line}: {problem}{end}")

    def rows(self, *expected: tuple[str, ...]) -> Iterator[Row]:
        """Yield the lines, each with as many columns as one of the lists of names in `expected`.

        Raises
        ------
        ArgumentError
            If the file cannot be read, or a line has other columns.
        """
        is_first = True
        for row in self._lines():
            if is_first and tuple(row.columns) in expected:
                expected = (tuple(row.columns),)
            elif len(row.columns) in map(len, expected):
                yield row
            else:
                counted = f"{len(row.columns)} column{'' if len(row.columns) == 1 else 's'}"
                shown = " or ".join(self.separator.join(item) for item in expected)
                hint = self._other_separator(row.text, max(map(len, expected)))
                raise self.error(row.number, f"{row.text!r} has {counted}; expected {shown}{hint}")
            is_first = False

    def require_no_other_separator(self, rows: Sequence[Row]) -> None:
        """Raise `ArgumentError` if another separator stands in every line of a file with one column."""
        for other in SEPARATORS[:-1]:
            if other != self.separator and all(other in row.text for row in rows):
                shown = f"{rows[0].text!r} has 1 column; is the separator {other!r}, not {self.separator!r}?"
                raise self.error(rows[0].number, shown)

    def id_in(self, row: Row) -> int:
        """Return the id in the first column of a line."""
        text = row.columns[0]
        number = int(text) if WHOLE_NUMBER.fullmatch(text.removeprefix("-")) else None
        if problem := problem_of_id(number):
            raise self.error(row.number, f"{text!r}: {problem}")
        assert number is not None
        return number

    def seconds_in(self, row: Row, column: int) -> Fraction:
        """Return the time in a column of a line, s."""
        text = row.columns[column]
        if not _SECONDS.fullmatch(text):
            raise self.error(row.number, f"{text!r}: expected a decimal number of seconds, such as 12.75")
        seconds = Fraction(text)
        if seconds < 0:
            raise self.error(row.number, f"{text!r}: expected at least 0 s, the beginning of the recording")
        return seconds

    def _lines(self) -> Iterator[Row]:
        for number, text in enumerate(self._text().split("\n"), start=1):
            line = text.strip()
            reader = csv.reader([text], delimiter=self.separator, strict=True, skipinitialspace=self.separator != " ")
            try:
                columns = [column.strip() for row in reader for column in row]
            except csv.Error as error:
                raise self.error(number, f"{line!r}: cannot be divided into columns ({error})") from error
            if any(columns):  # spreadsheets write empty rows with their separators
                yield Row(number, line, columns)

    def _text(self) -> str:
        try:
            with open(self.path, "rb") as file:
                content = file.read()
        except OSError as error:
            hint = nearest_file(os.fspath(self.path)) if isinstance(error, FileNotFoundError) else "."
            raise ArgumentError(f"{self.argument}: {self.path}: cannot be read ({error.strerror}){hint}") from error
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line, byte = error.object.count(b"\n", 0, error.start) + 1, error.object[error.start]
            raise self.error(line, f"byte {byte:#04x} is no UTF-8 text; save the file as UTF-8") from error
        # Letters with accents are written in two ways, which file systems and editors do not agree on.
        return unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))

    def _other_separator(self, text: str, num_columns: int) -> str:
        """Return the hint at another separator that would give so many columns."""
        fitting = [item for item in SEPARATORS if item != self.separator and text.count(item) == num_columns - 1]
        return f"; is the separator {fitting[0]!r}, not {self.separator!r}?" if fitting and num_columns > 1 else ""


def nearest_file(path: str) -> str:
    """Return the hint at a file that is there and is called almost like one that is not."""
    folder = os.path.dirname(path) or "."
    try:
        names = os.listdir(folder)
    except OSError:
        names = []
    return did_you_mean(os.path.basename(path), {name: os.path.join(folder, name) for name in names})


def as_line(columns: Sequence[str], separator: str) -> str:
    """Return a line of a label file."""
    text = io.StringIO()
    csv.writer(text, delimiter=separator, lineterminator="").writerow(columns)
    return text.getvalue()
