"""Splits of recordings into sets, such as those to train and to test with: made by chance, or read from files."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from acoupipe_grain import arguments
from acoupipe_grain.audio.segments.label_files import relative_path
from acoupipe_grain.audio.segments.label_lines import nearest_file
from acoupipe_grain.errors import ArgumentError, unknown_name
from acoupipe_grain.seeding import MAX_SEED

VERSION = 1
"""Of the files that splits are saved in."""

RATIO_TOLERANCE = Fraction(1, 10**6)
PICKLES = (".jl", ".joblib", ".pickle", ".pkl")
PICKLE_MARK = b"\x80"
"""First byte of pickles, whatever their names are."""

_EXPECTED = "expected a mapping from sets to lists of file names, {'train': ['a.wav', 'b.wav'], 'test': ['c.wav']}"


@dataclass(frozen=True)
class DataSplit:
    """Which recordings are in which set; none is in two.

    Attributes
    ----------
    sets
        Names of recordings, sorted, by name of the set. A set may be empty.
    seed, ratios
        What the split was made with by `split_files`; None if it was not.

    Raises
    ------
    ArgumentError
        If there is no set, a recording is in two of them, or a value has the wrong type or range.
    """

    sets: Mapping[str, Collection[str]]
    seed: int | None = None
    ratios: Mapping[str, float] | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.sets, Mapping) or not self.sets:
            raise ArgumentError(f"sets={self.sets!r}: {_EXPECTED}.")
        sets = {name: _checked_files(name, files) for name, files in self.sets.items()}
        owners: dict[str, str] = {}
        for name, files in sets.items():
            for file in files:
                if owners.setdefault(file, name) != name:
                    raise ArgumentError(
                        f"sets: {file!r} is in {owners[file]!r} and in {name!r}; take it out of one of them."
                    )
        object.__setattr__(self, "sets", sets)
        if self.seed is not None:
            object.__setattr__(self, "seed", arguments.integer("seed", self.seed, minimum=0, maximum=MAX_SEED))
        if self.ratios is not None:
            object.__setattr__(self, "ratios", checked_ratios(self.ratios))
            if set(self.ratios) != set(sets):
                raise ArgumentError(f"ratios={dict(self.ratios)!r}: expected one of each set, {', '.join(sets)}.")

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, argument: str = "datasplit") -> DataSplit:
        """Return the split in a file that `save` wrote, or in JSON that holds Dynibatch's {"id": ..., "sets": ...}.

        Parameters
        ----------
        path
            The file.
        argument
            What the split is called in errors.

        Raises
        ------
        ArgumentError
            If the file cannot be read, is a pickle, or does not hold a split.
        """
        _refuse_pickle(path, argument)
        try:
            content_bytes = Path(path).read_bytes()
            if content_bytes[:1] == PICKLE_MARK:
                raise _pickle_error(path, argument)
            content = json.loads(content_bytes)
        except OSError as error:
            hint = nearest_file(os.fspath(path)) if isinstance(error, FileNotFoundError) else "."
            raise ArgumentError(f"{argument}: {path}: cannot be read ({error.strerror}){hint}") from error
        except ValueError as error:
            raise ArgumentError(f"{argument}: {path}: is not JSON ({error}).") from error
        try:
            return cls.from_json(content)
        except ArgumentError as error:
            raise ArgumentError(f"{argument}: {path}: {error}") from error

    @classmethod
    def from_json(cls, mapping: Mapping[str, Any]) -> DataSplit:
        """Rebuild a split from `to_json`, or from Dynibatch's {"id": ..., "sets": ...}.

        Raises
        ------
        ArgumentError
            If it is something else.
        """
        if not isinstance(mapping, Mapping) or "sets" not in mapping:
            raise ArgumentError(f"{mapping!r:.200}: expected a mapping such as {{'sets': {{'train': ['a.wav']}}}}.")
        is_from_dynibatch = "id" in mapping
        keys = ("id", "sets") if is_from_dynibatch else ("version", "seed", "ratios", "sets")
        for key in mapping:
            if key not in keys:
                raise unknown_name("key of a split", key, keys)
        version = mapping.get("version", VERSION)
        if version != VERSION:
            raise ArgumentError(f"version={version!r}: this package reads version {VERSION}; install a newer one.")
        sets = mapping["sets"]
        if is_from_dynibatch and isinstance(sets, Mapping):
            sets = {name: [relative_path(file) for file in _checked_files(name, sets[name])] for name in sets}
        return cls(sets, mapping.get("seed"), mapping.get("ratios"))

    def to_json(self) -> dict[str, Any]:
        """Return the split as a JSON mapping."""
        return {
            "version": VERSION,
            "seed": self.seed,
            "ratios": None if self.ratios is None else dict(self.ratios),
            "sets": {name: list(files) for name, files in self.sets.items()},
        }

    def save(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Write the split to a JSON file with one file name a line, so that the file is never seen half-written.

        Parameters
        ----------
        path
            The file.
        overwrite
            Whether something else that is there is replaced.

        Raises
        ------
        ArgumentError
            If something else is there and not to be replaced, or the file cannot be written.
        """
        _refuse_pickle(path, "path")
        target = Path(path)
        if os.path.lexists(target) and not overwrite:
            if self._is_saved_in(target):
                return
            raise ArgumentError(
                f"path={str(target)!r}: something else is there; give another path, or replace it with overwrite=True "
                "(--overwrite)."
            )
        text = json.dumps(self.to_json(), indent=1, ensure_ascii=False) + "\n"
        partial = target.with_name(f"{target.name}.{os.getpid()}.{threading.get_native_id()}.partial")
        try:
            with partial.open("wb") as file:
                file.write(text.encode("utf-8", "surrogatepass"))
                file.flush()
                os.fsync(file.fileno())
            os.replace(partial, target)
        except OSError as error:
            raise ArgumentError(f"path={str(target)!r}: cannot be written ({error.strerror}).") from error
        finally:
            partial.unlink(missing_ok=True)

    @property
    def digest(self) -> str:
        """What identifies the sets and the files in them, however they came about."""
        return hashlib.sha256(json.dumps(self.sets, sort_keys=True).encode()).hexdigest()

    def _is_saved_in(self, path: Path) -> bool:
        try:
            return DataSplit.load(path) == self
        except ArgumentError:
            return False


def as_split(value: Any, *, argument: str = "datasplit") -> DataSplit:
    """Return a split that is given as such, as a mapping from sets to file names, or as the path of its file.

    Raises
    ------
    ArgumentError
        If it is something else, the file cannot be read, or a recording is in two sets.
    """
    if isinstance(value, DataSplit):
        return value
    if isinstance(value, str | os.PathLike):
        return DataSplit.load(value, argument=argument)
    if not isinstance(value, Mapping):
        raise ArgumentError(f"{argument}={value!r:.200}: {_EXPECTED}, a DataSplit, or the path of its file.")
    try:
        return DataSplit.from_json(value) if isinstance(value.get("sets"), Mapping) else DataSplit(value)
    except ArgumentError as error:
        raise ArgumentError(f"{argument}: {error}") from error


def split_as_json(value: Any) -> Any:
    """Return what is given as a split as it is read back from JSON; of a file, its path.

    Raises
    ------
    ArgumentError
        If a mapping is no split.
    """
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if not isinstance(value, DataSplit | Mapping):
        return value
    split = as_split(value).to_json()
    is_whole = isinstance(value, DataSplit) or isinstance(value.get("sets"), Mapping)
    return split if is_whole else split["sets"]


def _checked_files(name: Any, files: Any) -> tuple[str, ...]:
    """Return the names of files of a set, sorted, each once."""
    is_list = isinstance(files, Collection) and not isinstance(files, str | bytes | Mapping)
    if not isinstance(name, str) or not name or not is_list:
        raise ArgumentError(f"sets={{{name!r}: {files!r:.200}}}: {_EXPECTED}.")
    if wrong := [file for file in files if not isinstance(file, str) or not file]:
        raise ArgumentError(f"sets={{{name!r}: [{wrong[0]!r}]}}: {_EXPECTED}.")
    return tuple(sorted({str(file) for file in files}))


def checked_ratios(ratios: Any) -> dict[str, float]:
    """Return the ratios of sets, which add up to 1."""
    if not isinstance(ratios, Mapping) or not ratios or not all(isinstance(name, str) and name for name in ratios):
        raise ArgumentError(f"ratios={ratios!r}: expected a number for every set, {{'train': 0.7, 'test': 0.3}}.")
    if empty := [name for name, ratio in ratios.items() if ratio == 0]:
        raise ArgumentError(f"ratios.{empty[0]}={ratios[empty[0]]!r}: is a set without recordings; leave it out.")
    checked = {name: arguments.number(f"ratios.{name}", ratio, above=0, maximum=1) for name, ratio in ratios.items()}
    total = sum((Fraction(repr(ratio)) for ratio in checked.values()), Fraction(0))
    if abs(total - 1) > RATIO_TOLERANCE:
        raise ArgumentError(f"ratios={dict(ratios)!r}: add up to {float(total):g}, expected 1.")
    return checked


def _refuse_pickle(path: Any, argument: str) -> None:
    if not isinstance(path, str | os.PathLike):
        raise ArgumentError(f"{argument}={path!r}: expected the path of a file.")
    if os.path.splitext(path)[1].lower() in PICKLES:
        raise _pickle_error(path, argument)


def _pickle_error(path: str | os.PathLike[str], argument: str) -> ArgumentError:
    convert = (
        'json.dump({"sets": {name: sorted(files) for name, files in '
        f'joblib.load({os.fspath(path)!r})["sets"].items()}}}}, open("split.json", "w"))'
    )
    return ArgumentError(
        f"{argument}: {os.fspath(path)!r}: a pickle may run anything when it is read; splits are JSON here. One "
        f"that you trust is converted by {convert}"
    )
