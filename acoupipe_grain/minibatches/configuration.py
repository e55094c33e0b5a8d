"""Configurations of mini-batches: mappings or files, in keys with dots or in Dynibatch's blocks."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from acoupipe_grain.config.loading import INCLUDE, load_arguments
from acoupipe_grain.config.settings import Settings
from acoupipe_grain.config.yaml import YAMLError, read_yaml
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.file_patterns import expanded
from acoupipe_grain.minibatches.block_sets import sets_of_blocks
from acoupipe_grain.minibatches.blocks import BLOCKS
from acoupipe_grain.minibatches.keyed_sets import OWNERS, sets_of_keys
from acoupipe_grain.minibatches.mini_batches import MiniBatches

JSON = ".json"


def sets_of(config: Any) -> dict[str, MiniBatches]:
    """Return mini-batches by set, see `acoupipe_grain.minibatches.MiniBatchGen.from_config`.

    Raises
    ------
    ArgumentError
        If it is neither a mapping nor the path of a file with one, or something in it cannot be used.
    """
    if isinstance(config, str | os.PathLike):
        return _of_file(os.fspath(config))
    if isinstance(config, Settings):
        return sets_of_keys(config)
    if not isinstance(config, Mapping):
        raise ArgumentError(f"config={config!r:.200}: expected a mapping, or the path of a JSON or YAML file with one.")
    if _has_keys_with_dots(config, "config"):
        return sets_of_keys(Settings(config, "config"))
    return sets_of_blocks(config, "config")


def _of_file(given: str) -> dict[str, MiniBatches]:
    path = Path(expanded(given))
    mapping = _read(path, given)
    if not _has_keys_with_dots(mapping, given):
        return sets_of_blocks(mapping, given)
    # YAML files may include others.
    return sets_of_keys(Settings(mapping, given) if path.suffix.lower() == JSON else load_arguments(path))


def _has_keys_with_dots(config: Mapping[Any, Any], origin: str) -> bool:
    with_dots = [key for key in map(str, config) if "." in key or key == INCLUDE or key.rpartition("/")[2] in OWNERS]
    blocks = [key for key in config if key in BLOCKS]
    if with_dots and blocks:
        raise ArgumentError(
            f"{origin}: has the block {blocks[0]!r} and the key {with_dots[0]!r}; use blocks only, or keys with dots."
        )
    return bool(with_dots)


def _read(path: Path, given: str) -> Mapping[Any, Any]:
    kind = "JSON" if path.suffix.lower() == JSON else "YAML"
    try:
        text = path.read_text(encoding="utf-8")
        mapping = json.loads(text, object_pairs_hook=_without_repetition) if kind == "JSON" else read_yaml(text)
    except OSError as error:
        raise ArgumentError(
            f"config={given!r}: cannot be read ({error.strerror}); give the path of a JSON or YAML file."
        ) from error
    except (YAMLError, ValueError) as error:
        raise ArgumentError(f"{given}: not valid {kind}; correct it: {' '.join(str(error).split())}.") from error
    if not isinstance(mapping, dict):
        raise ArgumentError(f"{given}: expected a mapping, of blocks such as data_path_config, or of keys.")
    return mapping


def _without_repetition(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    mapping = dict(pairs)
    if len(mapping) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{next(name for name in names if names.count(name) > 1)!r} is there twice")
    return mapping
