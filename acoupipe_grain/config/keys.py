"""Every key that can be configured: its type, unit, default and meaning, read from signatures and docstrings.

Keys have ArgBind's form: ``SyntheticSource.num_records``, in a scope ``train/SyntheticSource.seed``. Single values of
a measurement setup have keys of their own, ``SyntheticSource.setup.sample_rate``. Keys of `SaliencyParams` hold for the
source of excerpts in the same scope, those of `ActivityParams` for the source of segments.
"""

from __future__ import annotations

import inspect
import re
from collections import ChainMap
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Optional, cast, get_type_hints

import docstring_parser

from acoupipe_grain.array.grid import RectGrid
from acoupipe_grain.array.impulse_response_source import ImpulseResponseSource
from acoupipe_grain.array.measurement import MeasurementSetup
from acoupipe_grain.array.scenes import SceneSource
from acoupipe_grain.array.sources import SyntheticSource
from acoupipe_grain.audio.excerpts import SaliencyParams
from acoupipe_grain.audio.segments.activity import ActivityParams
from acoupipe_grain.audio.segments.source import SegmentSource
from acoupipe_grain.audio.sources import AudioDataBalancedSource, AudioDataSimpleSource
from acoupipe_grain.compat import AcouPipeScenes, AcouPipeSource
from acoupipe_grain.config import transforms
from acoupipe_grain.config.types import type_in_files, unit_of
from acoupipe_grain.errors import ArgumentError, did_you_mean
from acoupipe_grain.exporting import export
from acoupipe_grain.files.aligned_source import AlignedSource
from acoupipe_grain.files.mat_source import MatSource
from acoupipe_grain.files.npy_source import NpySource
from acoupipe_grain.files.raw_source import RawMatrixSource
from acoupipe_grain.files.wav_source import WavSource
from acoupipe_grain.frames.source import ScattererSource
from acoupipe_grain.pipeline import make_loader
from acoupipe_grain.pipeline.mini_batches import MiniBatchOptions
from acoupipe_grain.records import ArrayRecordSource
from acoupipe_grain.training.experiment import Training
from acoupipe_grain.training.models import MODELS
from acoupipe_grain.training.options import TrainingOptions
from acoupipe_grain.training.tasks import TASKS

SCOPES = ("train", "val", "test")
_OF_THE_PACKAGE: dict[str, Callable[..., Any]] = {
    "SyntheticSource": SyntheticSource,
    "ImpulseResponseSource": ImpulseResponseSource,
    "SceneSource": SceneSource,
    "AcouPipeSource": AcouPipeSource,
    "AcouPipeScenes": AcouPipeScenes,
    "AudioDataSimpleSource": AudioDataSimpleSource,
    "AudioDataBalancedSource": AudioDataBalancedSource,
    "SaliencyParams": SaliencyParams,
    "SegmentSource": SegmentSource,
    "ActivityParams": ActivityParams,
    "MiniBatchGen": MiniBatchOptions,
    "RawMatrixSource": RawMatrixSource,
    "WavSource": WavSource,
    "MatSource": MatSource,
    "NpySource": NpySource,
    "AlignedSource": AlignedSource,
    "ScattererSource": ScattererSource,
    "ArrayRecordSource": ArrayRecordSource,
    "Training": Training,
    "TrainingOptions": TrainingOptions,
    "make_loader": make_loader,
    "export": export,
}
CONFIGURABLE: Mapping[str, Callable[..., Any]] = ChainMap(cast("Any", MODELS), cast("Any", TASKS), _OF_THE_PACKAGE)
"""What has keys: sources, calls, options, and the tasks and models that there are, registered ones included."""
SIMULATED = ("SyntheticSource", "ImpulseResponseSource", "AcouPipeSource")
"""Sources of records with features."""
EXCERPTS = ("AudioDataSimpleSource", "AudioDataBalancedSource")
AUDIO = (*EXCERPTS, "SegmentSource")
"""Sources of parts of audio files; their files have no default."""
FILES = ("RawMatrixSource", "WavSource", "MatSource", "NpySource", "AlignedSource")
"""Sources of numbers in files, which have no default either."""
FRAMES = ("ScattererSource",)
"""Sources of imaging frames."""
STORED = ("ArrayRecordSource",)
"""Sources that read what was exported."""
REQUIRING = ("ImpulseResponseSource", *AUDIO, *FILES, *STORED)
"""Sources with an argument that has no default."""
OF_RECORDS = (*SIMULATED, *AUDIO, *FILES, *FRAMES)
"""Sources whose records can be exported and counted."""
SOURCES = (*OF_RECORDS, *STORED, "SceneSource", "AcouPipeScenes")
NESTED: dict[str, Callable[..., Any]] = {
    "setup": MeasurementSetup,
    "setup.grid": RectGrid,
    "saliency_params": SaliencyParams,
    "activity_params": ActivityParams,
}
"""Arguments whose own arguments have keys, by their path."""
OBJECTS: dict[str, tuple[Any, str]] = {transforms.KEY: (transforms.IN_FILES, transforms.DESCRIPTION)}
"""Keys of arguments that are objects in Python: what files give for them, and what that means."""
VALUES_OF: dict[str, tuple[str, Sequence[str]]] = {
    "SaliencyParams": ("saliency_params", EXCERPTS),
    "ActivityParams": ("activity_params", ("SegmentSource",)),
}
"""Classes whose keys are values of an argument of sources: that argument, and the sources."""


@dataclass(frozen=True)
class Key:
    """One key, without scope.

    Attributes
    ----------
    name
        For example "SyntheticSource.signal_length".
    type
        Type of the values that a file may give.
    unit
        Their unit, "" if they have none.
    default
        What holds if nobody gives a value.
    description
        One sentence.
    is_nested
        Whether it is a single value inside a mapping that another key takes.
    is_required
        Whether that mapping, or the source, needs it.
    """

    name: str
    type: Any
    unit: str
    default: Any
    description: str
    is_nested: bool = False
    is_required: bool = False


@dataclass(frozen=True)
class Keys:
    """The keys and scopes that there are.

    Attributes
    ----------
    by_name
        Every key, without scopes.
    scopes
        What may stand before a key and a slash.
    """

    by_name: Mapping[str, Key]
    scopes: Sequence[str]

    def require(self, name: str, value: Any, origin: str) -> Key:
        """Return the key called `name`, scope allowed, or raise the error that names the nearest one.

        Parameters
        ----------
        name
            As it was read.
        value
            Its value, for the message.
        origin
            Where it was read.
        """
        scope, slash, unscoped = name.rpartition("/")
        given = f"{origin}: {name}: {value!r}:"
        if slash and scope not in self.scopes:
            hint = did_you_mean(scope, {item: f"{item}/{unscoped}" for item in self.scopes})
            raise ArgumentError(f"{given} unknown scope {scope!r}{hint} There are {', '.join(self.scopes)}.")
        if unscoped in self.by_name:
            return self.by_name[unscoped]
        if isinstance(value, Mapping) and unscoped in {key.partition(".")[0] for key in self.by_name}:
            key = f"{name}.{next(iter(value), 'seed')}"
            raise ArgumentError(f"{given} nested keys are not read; write {key}: ... instead.")
        shown = {key: f"{scope}{slash}{key}" for key in self.by_name}
        same_end = next((shown[key] for key in shown if key.endswith(f".{unscoped}")), None)
        hint = f"; did you mean {same_end!r}?" if same_end else did_you_mean(unscoped, shown)
        raise ArgumentError(f"{given} unknown key{hint} `acoupipe-grain config` lists the package's keys.")

    def within(self, key: Key) -> list[Key]:
        """Return the keys of single values inside the mapping that a key takes."""
        return [item for name, item in self.by_name.items() if item.is_nested and name.startswith(f"{key.name}.")]

    def of(self, owners: Collection[str]) -> list[Key]:
        """Return the keys of some classes and functions."""
        return [key for name, key in self.by_name.items() if name.partition(".")[0] in owners]


def learning() -> tuple[str, ...]:
    """Return the names of what says what is trained, and how: options, tasks and models."""
    return ("Training", "TrainingOptions", *TASKS, *MODELS)


def owners_of(*names: str) -> tuple[str, ...]:
    """Return classes or functions, each with the classes whose keys are values of its arguments."""
    values_of = {name: [owner for owner, (_, sources) in VALUES_OF.items() if name in sources] for name in names}
    return tuple(dict.fromkeys(owner for name in names for owner in (name, *values_of[name])))


def package_keys() -> Keys:
    """Return the keys of everything that the package lets users configure, registered tasks and models included."""
    return _keys_of_all(tuple(CONFIGURABLE.items()))


@lru_cache(maxsize=1)
def _keys_of_all(configurable: tuple[tuple[str, Callable[..., Any]], ...]) -> Keys:
    found: dict[str, Key] = {}
    for owner, function in configurable:
        for key in keys_of(owner, function, with_required=owner in REQUIRING):
            # Written out, defaults of SaliencyParams would switch it on.
            found[key.name] = replace(key, is_nested=owner in VALUES_OF)
            path = key.name.removeprefix(f"{owner}.")
            for nested, kind in NESTED.items():
                if path == nested.partition(".")[0]:
                    inner = keys_of(f"{owner}.{nested}", kind, with_required=True)
                    found |= {item.name: replace(item, is_nested=True) for item in inner}
    return Keys(found, SCOPES)


def keys_of(
    owner: str, function: Callable[..., Any], *, with_required: bool = False, with_untyped: bool = False
) -> Iterator[Key]:
    """Yield the keys of a function's or class's arguments that files can give.

    Parameters
    ----------
    owner
        What stands before the arguments' names.
    function
        The function or class.
    with_required
        Also those without default.
    with_untyped
        Also those whose annotation says nothing of values in files: anything goes.
    """
    annotated: Any = function.__init__ if inspect.isclass(function) else function
    try:
        hints = get_type_hints(annotated, include_extras=True)
    except NameError:  # imported for type checkers only
        hints = {}
    descriptions = _descriptions(function)
    for parameter in inspect.signature(function).parameters.values():
        hint = hints.get(parameter.name, Any)
        name = f"{owner}.{parameter.name}"
        kind, description = OBJECTS.get(name) or (type_in_files(hint), descriptions.get(parameter.name, ""))
        is_required = parameter.default is parameter.empty
        if kind is None and with_untyped:
            kind = Any
        if kind is None or (is_required and not with_required):
            continue
        default = None if is_required else parameter.default
        if default is None and not is_required:
            kind = Optional[kind]  # noqa: UP045
        yield Key(name, kind, unit_of(hint), default, description, is_required=is_required)


@lru_cache(maxsize=32)
def _descriptions(function: Callable[..., Any]) -> dict[str, str]:
    """Return what the docstring says of each argument: its first sentence, and what None means."""
    parsed = docstring_parser.parse(function.__doc__ or "", style=docstring_parser.DocstringStyle.NUMPYDOC)
    found: dict[str, str] = {}
    if inspect.isclass(function) and not parsed.params and function.__base__ is not object:
        return _descriptions(function.__base__)  # the arguments are those of what it is a kind of
    for item in parsed.params:
        text = " ".join((item.description or "").split())
        sentences = re.split(r"(?<=[a-z0-9)²][a-z0-9)²\]][.]) (?=[A-Z])", text)
        chosen = [sentences[0], *(sentence for sentence in sentences[1:] if sentence.startswith("None: "))]
        reference = re.match(r"As for `(\w+)`", text)
        elsewhere = CONFIGURABLE.get(reference[1]) if reference else None
        for name in item.arg_name.split(", "):
            found[name] = _descriptions(elsewhere)[name] if elsewhere else " ".join(chosen)
    return found
