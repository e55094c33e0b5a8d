"""Dynibatch's configuration: keys in blocks, and the arguments of this package that they stand for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from acoupipe_grain.errors import ArgumentError, unknown_name

SOURCE_ARGUMENTS: Mapping[str, str] = {
    "data_path_config.audio_root": "files",
    "data_path_config.file2label_filename": "file_labels",
    "data_path_config.seg2label_root": "chunk_labels",
    "data_path_config.label_file": "labels",
    "data_path_config.datasplit_path": "datasplit",
    "segment_config.seg_duration": "duration",
    "segment_config.seg_overlap": "overlap",
    "audio_frame_config.sample_rate": "sample_rate",
    "audio_frame_config.win_size": "window_size",
    "audio_frame_config.hop_size": "hop_size",
    "audio_frame_config.window": "window",
}
"""Arguments of `SegmentSource`."""

ACTIVITY_ARGUMENTS: Mapping[str, str] = {
    f"activity_detection.config.{name}": name for name in ("energy_threshold", "spectral_flatness_threshold")
}
"""Arguments of `ActivityParams`."""

BATCH_ARGUMENTS: Mapping[str, str] = {
    "data_path_config.features_root": "features_root",
    "minibatch_config.randomize_batch": "shuffle_files",
    **{
        f"minibatch_config.{name}": name
        for name in (
            "batch_size",
            "shuffle_files",
            "shuffle_mb_block_size",
            "seed",
            "drop_remainder",
            "data_format",
            "num_workers",
        )
    },
}
"""Arguments of `MiniBatchOptions`."""

BLOCKS = (
    "data_path_config",
    "minibatch_config",
    "segment_config",
    "audio_frame_config",
    "activity_detection",
    "features",
    "feature",
)

_ARGUMENTS = {**SOURCE_ARGUMENTS, **ACTIVITY_ARGUMENTS, **BATCH_ARGUMENTS}
_KEYS = (*_ARGUMENTS, "activity_detection.name")
_REQUIRED = (
    "data_path_config.audio_root",
    "minibatch_config.batch_size",
    "segment_config.seg_duration",
    "segment_config.seg_overlap",
    "audio_frame_config.sample_rate",
    "audio_frame_config.win_size",
    "audio_frame_config.hop_size",
)
_SWITCHES = ("minibatch_config.shuffle_files", "minibatch_config.randomize_batch", "minibatch_config.drop_remainder")
_ONE_OF = (
    ("minibatch_config.shuffle_files", "minibatch_config.randomize_batch"),
    ("data_path_config.file2label_filename", "data_path_config.seg2label_root"),
    ("features", "feature"),
)
_WINDOWS = {"hanning": "hann", "rect": "rectangular"}
_DETECTORS = ("simple",)


@dataclass(frozen=True)
class Blocks:
    """A configuration in blocks, whose keys are known and complete.

    Attributes
    ----------
    values
        Values by block and key, for example "segment_config.seg_duration"; only those that say something.
    features
        What is said of each feature.
    is_single
        Whether it was the only one, in the block ``feature``.
    has_activity
        Whether activity is to be detected.
    origin
        Where the configuration was read.
    """

    values: Mapping[str, Any]
    features: tuple[Any, ...]
    is_single: bool
    has_activity: bool
    origin: str

    def of(self, arguments: Mapping[str, str]) -> dict[str, Any]:
        """Return the values of some keys by the arguments that they stand for."""
        return {argument: self.values[key] for key, argument in arguments.items() if key in self.values}

    @contextmanager
    def placed(self) -> Iterator[None]:
        """Let errors of arguments name the block and the key, and where they were read."""
        try:
            yield
        except ArgumentError as error:
            head = re.match(r"(?:unknown )?(\w+)", str(error))
            keys = [key for key in self.values if head and _ARGUMENTS.get(key) == head[1]]
            raise ArgumentError(f"{self.origin}: {''.join(f'{key}: ' for key in keys)}{error}") from error


def read_blocks(config: Mapping[Any, Any], origin: str) -> Blocks:
    """Return a configuration in blocks, checked: what there is, not yet its values.

    Parameters
    ----------
    config
        Blocks by name.
    origin
        Where it was read.

    Raises
    ------
    ArgumentError
        If a block or key is unknown, or one that is needed is missing.
    """
    for name in config:
        if name not in BLOCKS:
            raise _unknown(origin, "block", name, BLOCKS)
    given = {name: value for name, value in config.items() if value is not None}
    features = given.pop("features", None)
    is_single = "feature" in given
    blocks = Blocks(
        dict(_flattened({name: given[name] for name in given if name != "feature"}, origin)),
        (given["feature"],) if is_single else _listed(features, origin),
        is_single,
        "activity_detection" in given,
        origin,
    )
    _require_complete(blocks, has_both=is_single and features is not None)
    return blocks


def as_switch(value: Any) -> Any:
    """Return true and false for 1 and 0, anything else as it is."""
    return bool(value) if type(value) is int and value in (0, 1) else value


def _require_complete(blocks: Blocks, *, has_both: bool) -> None:
    """Raise `ArgumentError` unless there is what is needed, and nothing that excludes each other."""
    names = {*blocks.values, *(("features", "feature") if has_both else ())}
    for one, other in _ONE_OF:
        if {one, other} <= names:
            raise ArgumentError(f"{blocks.origin}: {one} and {other} are both there; keep one of them.")
    missing = [key for key in _REQUIRED if key not in blocks.values]
    missing += [] if blocks.features else ["features"]
    if missing:
        raise ArgumentError(f"{blocks.origin}: lacks {', '.join(missing)}; there is no default for it.")
    detector = blocks.values.get("activity_detection.name", _DETECTORS[0])
    if detector not in _DETECTORS:
        error = unknown_name("detector", detector, _DETECTORS)
        raise ArgumentError(f"{blocks.origin}: activity_detection.name: {error}")


def _listed(features: Any, origin: str) -> tuple[Any, ...]:
    if features is not None and not isinstance(features, list | tuple):
        raise ArgumentError(
            f"{origin}: features={features!r:.200}: expected a list of mappings such as [{{name: mfcc}}]; one alone is "
            "a feature."
        )
    return tuple(features or ())


def _flattened(mapping: Mapping[str, Any], origin: str, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield keys with the blocks that they are in, and their values; no value that says nothing."""
    names = dict.fromkeys(key.removeprefix(path).partition(".")[0] for key in _KEYS if key.startswith(path))
    for name, value in mapping.items():
        key = f"{path}{name}"
        if name not in names:
            raise _unknown(origin, f"key of {path.removesuffix('.')}", name, names)
        if value is None or value == "":
            continue
        if not any(item.startswith(f"{key}.") for item in _KEYS):
            yield key, _canonical(key, value)
        elif isinstance(value, Mapping):
            yield from _flattened(value, origin, f"{key}.")
        else:
            raise ArgumentError(f"{origin}: {key}={value!r:.200}: expected a mapping.")


def _canonical(key: str, value: Any) -> Any:
    if key == "audio_frame_config.window":
        return _WINDOWS.get(value, value) if isinstance(value, str) else value
    return as_switch(value) if key in _SWITCHES else value


def _unknown(origin: str, kind: str, name: Any, names: Iterable[str]) -> ArgumentError:
    elsewhere = [key.rpartition(".")[0] for key in _KEYS if key.rpartition(".")[2] == name]
    if elsewhere:
        return ArgumentError(f"{origin}: unknown {kind} {name!r}; it belongs in {elsewhere[0]}.")
    return ArgumentError(f"{origin}: {unknown_name(kind, name, names)}")
