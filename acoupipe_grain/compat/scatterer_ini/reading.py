"""A ``config.ini`` as this package's keys and values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from acoupipe_grain.compat.scatterer_ini.entries import Entry
from acoupipe_grain.compat.scatterer_ini.frames import frame_arguments
from acoupipe_grain.compat.scatterer_ini.model import model_options
from acoupipe_grain.compat.scatterer_ini.preprocessing import augmentation_arguments, loader_arguments, transforms
from acoupipe_grain.compat.scatterer_ini.sections import Sections, read_sections
from acoupipe_grain.seeding import MAX_SEED

SOURCE, LOADER, NETWORK = "ScattererSource", "make_loader", "UNet"
_SPLITS = {
    "train": ("training", "PREPROCESS_TRAIN", ("NumDataTrain",)),
    "val": ("validation", "PREPROCESS_VALID", ("NumDataValid",)),
    "test": ("test", "PREPROCESS_EVAL", ("NumDataEval", "NumDataValid")),
}
"""Split, section and keys of the number of records (the first one there is), by scope."""


@dataclass(frozen=True)
class Mapped:
    """A value, and the place in the file that it comes of.

    Attributes
    ----------
    value
        A plain value, as a YAML file could give it.
    origin
        File, section and, where it is one, key.
    """

    value: Any
    origin: str


@dataclass(frozen=True)
class ScattererIni:
    """What a ``config.ini`` says.

    Attributes
    ----------
    values
        Values by key, such as ``train/ScattererSource.size``.
    num_epochs
        Passes over the training data.
    model
        Options of the network by name: those given.
    """

    values: Mapping[str, Mapped]
    num_epochs: int
    model: Mapping[str, Any]


def read_scatterer_ini(path: str | Path) -> ScattererIni:
    """Return what a ``config.ini`` says, every key of it read or refused.

    Keys that the file lacks are left to the defaults of `ScattererSource` and `make_loader`; what would change frames
    (noise, rotation, ...) is off then.

    Raises
    ------
    ArgumentError
        If the file cannot be read, or a section, key or value cannot be used; the message names file, section, key,
        value and remedy.
    """
    sections = read_sections(path)
    seed = _integer(sections.get("PIPELINE", "Seed"), 0, minimum=0, maximum=MAX_SEED)
    num_epochs = _integer(sections.get("TRAINING", "Epochs"), 1, minimum=1)
    values: dict[str, Mapped] = {}
    for number, scope in enumerate(_SPLITS):
        for name, mapped in _of_source(sections, scope, seed).items():
            values[f"{scope}/{SOURCE}.{name}"] = mapped
        for name, mapped in _of_loader(sections, scope, np.random.SeedSequence(seed, spawn_key=(number,))).items():
            values[f"{scope}/{LOADER}.{name}"] = mapped
    values[f"train/{LOADER}.num_epochs"] = Mapped(num_epochs, f"{sections.path}: [TRAINING] Epochs")
    model = model_options(sections)
    return ScattererIni(values | _of_training(sections, num_epochs, model), num_epochs, model)


def _of_training(sections: Sections, num_epochs: int, model: Mapping[str, Any]) -> dict[str, Mapped]:
    """Return what is trained, and how long: that program's U-Net on its frames."""
    place = f"{sections.path}: [MODEL]"
    found = {
        "Training.task": Mapped("ScattererFrames", place),
        "Training.model": Mapped(NETWORK, place),
        "TrainingOptions.num_epochs": Mapped(num_epochs, f"{sections.path}: [TRAINING] Epochs"),
    }
    ratio = _integer(sections.get("PREPROCESS_TRAIN", "SizeRatio"), 1, minimum=1)
    options = {**model, "size_ratio": ratio}
    return found | {f"{NETWORK}.{name}": Mapped(value, place) for name, value in options.items()}


def _of_source(sections: Sections, scope: str, seed: int) -> dict[str, Mapped]:
    split, section, counts = _SPLITS[scope]
    found = {
        "seed": Mapped(seed, f"{sections.path}: [PIPELINE] Seed"),
        "split": Mapped(split, f"{sections.path}: [{section}]"),
    }
    given = [entry for key in counts if (entry := sections.get("DATA", key)) is not None]
    if given:
        found["num_records"] = Mapped(given[0].integer(minimum=1), given[0].origin)
    arguments = [*frame_arguments(sections), *augmentation_arguments(sections, section)]
    return found | {name: Mapped(value, origin) for name, value, origin in arguments}


def _of_loader(sections: Sections, scope: str, seeds: np.random.SeedSequence) -> dict[str, Mapped]:
    """Return what loaders of a split take; orders and noise of splits have different seeds, all of them of one."""
    _, section, _ = _SPLITS[scope]
    shuffle_seed, noise_seed = map(int, seeds.generate_state(2))
    found = {
        "seed": Mapped(shuffle_seed, f"{sections.path}: [PIPELINE] Seed"),
        "transforms": Mapped(transforms(sections, section, noise_seed), f"{sections.path}: [{section}]"),
    }
    return found | {name: Mapped(value, origin) for name, value, origin in loader_arguments(sections, section)}


def _integer(entry: Entry | None, default: int, **limits: int) -> int:
    return default if entry is None or entry.is_none else entry.integer(**limits)
