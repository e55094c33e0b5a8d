"""Sections and keys of ``config.ini``, read strictly: what is unknown or cannot be honoured is an error."""

from __future__ import annotations

import configparser
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from acoupipe_grain.compat.scatterer_ini.entries import Entry
from acoupipe_grain.errors import ArgumentError, did_you_mean

_PREPROCESSING = (
    "SizeRatio",
    "Rescale",
    "TargetSize",
    "BatchSize",
    "Shuffle",
    "NoiseDB",
    "RotationRange",
    "OutOfPlaneScat",
)
SECTIONS: Mapping[str, tuple[str, ...]] = {
    "PIPELINE": ("Seed",),
    "DATA": (
        "NumDataTrain",
        "NumDataValid",
        "NumDataEval",
        "TargetSize",
        "NumScatter",
        "Movement",
        "MovementVelocity",
        "MovementDuration",
        "MovementAngle",
        "Stacks",
        "Tracks",
        "GaussianSigma",
        "GaussianMu",
    ),
    "TRAINING": ("Epochs",),
    "PREPROCESS_TRAIN": _PREPROCESSING,
    "PREPROCESS_VALID": _PREPROCESSING,
    "PREPROCESS_EVAL": _PREPROCESSING,
    "MODEL": (
        "NumFilter",
        "Padding",
        "OutputActivation",
        "UpSampling",
        "DownSampling",
        "Activation",
        "Conv1DLater",
        "Initializer",
        "BatchNorm",
        "Shortcut",
        "DropOutRate",
        "DropOutWarning",
        "SkipConnection",
        "DropOutEncoderOnly",
        "TemporalDownScaling",
    ),
}
"""Every key that means something here, by section."""

_OF_LATER_VERSIONS: Mapping[str, str] = {
    "NumScatterTrain": "all records have as many scatterers; write NumScatter",
    "NumScatterEval": "all records have as many scatterers; write NumScatter",
    "MovementVelocityRange": "write the range as MovementVelocity",
    "MovementAngleRange": "write the range as MovementAngle",
    "RemovalProbability": "leave it out, and give ScattererSource.out_of_plane with out_of_plane_in: data in YAML",
    "Noise": "noise is given by its level below the data; write NoiseDB in the sections PREPROCESS_...",
}
"""Keys of [DATA] in later versions of that program, and what to do instead."""


@dataclass(frozen=True)
class Sections:
    """What a file says.

    Attributes
    ----------
    path
        The file.
    entries
        Values by section and key.
    """

    path: str
    entries: Mapping[tuple[str, str], Entry]

    def get(self, section: str, key: str) -> Entry | None:
        """Return a value; None if the file lacks it."""
        if key not in SECTIONS[section]:
            raise KeyError(f"{section} {key}")
        return self.entries.get((section, key))


def read_sections(path: str | Path) -> Sections:
    """Return the sections of a file, with every key known.

    Keys are read in any case, as `configparser` does; comments are lines of their own.

    Raises
    ------
    ArgumentError
        If it cannot be read, is no INI file, lacks [DATA], or has a section or key that is unknown, or known and not
        honoured.
    """
    parser = configparser.ConfigParser(default_section="", interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    try:
        parser.read_string(Path(path).read_text(encoding="utf-8-sig"), str(path))
    except OSError as error:
        raise ArgumentError(f"{path}: cannot be read ({error.strerror}); give the path of an INI file.") from error
    except (configparser.Error, UnicodeDecodeError) as error:
        raise ArgumentError(f"{path}: not a valid INI file; correct it: {' '.join(str(error).split())}.") from error
    entries: dict[tuple[str, str], Entry] = {}
    for section in parser.sections():
        if section not in SECTIONS:
            hint = did_you_mean(section, {name: f"[{name}]" for name in SECTIONS})
            raise ArgumentError(f"{path}: [{section}]: unknown section{hint} There are {', '.join(SECTIONS)}.")
        for given, text in parser.items(section):
            entry = Entry(f"{path}: [{section}]", _known_key(section, given, text, path), text.strip())
            if (section, entry.key) in entries:
                raise entry.refused("is given twice, in other case; leave one of them out.")
            entries[section, entry.key] = entry
    if "DATA" not in parser.sections():
        raise ArgumentError(f"{path}: lacks the section [DATA], which says what frames are like; add it.")
    return Sections(str(path), entries)


def _known_key(section: str, given: str, text: str, path: str | Path) -> str:
    """Return a key as it is spelled here."""
    spelled = {key.lower(): key for key in SECTIONS[section]}
    if given.lower() in spelled:
        return spelled[given.lower()]
    entry = Entry(f"{path}: [{section}]", given, text)
    later = {key.lower(): remedy for key, remedy in _OF_LATER_VERSIONS.items()} if section == "DATA" else {}
    if given.lower() in later:
        raise entry.refused(f"cannot be honoured; {later[given.lower()]}.")
    elsewhere = [name for name, keys in SECTIONS.items() if given.lower() in map(str.lower, keys)]
    if elsewhere:
        raise entry.refused(f"unknown key; it belongs to {' or '.join(f'[{name}]' for name in elsewhere)}.")
    raise entry.refused(f"unknown key{did_you_mean(given, {key: key for key in SECTIONS[section]})}")
