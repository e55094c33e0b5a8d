"""Configuration files: YAML with includes, and INI files of point-scatterer frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from acoupipe_grain.compat.scatterer_ini import Mapped, read_scatterer_ini
from acoupipe_grain.config.keys import Keys, package_keys
from acoupipe_grain.config.settings import Settings
from acoupipe_grain.config.yaml import YAMLError, read_yaml
from acoupipe_grain.errors import ArgumentError

INCLUDE = "$include"
INI = ".ini"
_RUAMELS_ADVICE = "To suppress this check see:\n    https://yaml.dev/doc/ruamel.yaml/api/#Duplicate_keys\n"


def load_arguments(path: str | Path, keys: Keys | None = None) -> Settings:
    """Return the keys and values of a YAML file and of the files it includes.

    ``$include: [base.yml]`` takes over the keys of other files, relative to the including file; its own keys win.
    Nothing in a file is executed. A file whose name ends in ``.ini`` is data_pipeline's ``config.ini``: its values have
    keys of `ScattererSource` and `make_loader` in the scopes train, val and test, and of what is trained, see
    docs/frames.md.

    Parameters
    ----------
    path
        The file.
    keys
        The keys there are; None: the package's.

    Raises
    ------
    ArgumentError
        If a file does not exist, is neither a YAML mapping nor such an INI file, includes itself, has an unknown key,
        or a value of the wrong type; the message names file, key, value and remedy.
    """
    return _load(Path(path), (), keys or package_keys())


def load_with_flags(files: Sequence[str], flags: Settings, keys: Keys | None = None) -> Settings:
    """Return the settings of the file that ``--args.load`` names, if it does, overridden by flags."""
    if len(files) > 1:
        raise ArgumentError("command line: --args.load is given twice; let one file $include the other.")
    return load_arguments(files[0], keys).overridden_by(flags) if files else flags


def settings_with_origins(values: Mapping[str, Mapped], keys: Keys | None = None) -> Settings:
    """Return settings of values that know their places in a file."""
    settings = Settings({}, "", keys)
    for name, mapped in values.items():
        settings = settings.updated_by(Settings({name: mapped.value}, mapped.origin, keys))
    return settings


def _load(path: Path, including: tuple[Path, ...], keys: Keys) -> Settings:
    if path.resolve() in including:
        raise ArgumentError(f"{path}: includes itself; take it out of {INCLUDE} in {including[-1].name}.")
    if path.suffix.lower() == INI:
        return settings_with_origins(read_scatterer_ini(path).values, keys)
    try:
        mapping = read_yaml(path.read_text(encoding="utf-8"))
    except OSError as error:
        by = f", included by {including[-1].name}" if including else ""
        raise ArgumentError(f"{path}: cannot be read ({error.strerror}){by}; give the path of a YAML file.") from error
    except (YAMLError, UnicodeDecodeError) as error:
        text = " ".join(str(error).replace(_RUAMELS_ADVICE, "").split())
        raise ArgumentError(f"{path}: not valid YAML; correct it: {text}.") from error
    mapping = {} if mapping is None else mapping
    if not isinstance(mapping, dict):
        raise ArgumentError(f"{path}: expected keys and values such as `SyntheticSource.num_records: 1000`.")
    included = mapping.pop(INCLUDE, [])
    names = [included] if isinstance(included, str) else included
    if not isinstance(names, list) or not all(isinstance(name, str) and "\0" not in name for name in names):
        raise ArgumentError(f"{path}: {INCLUDE}: {included!r}: expected a list of file names, such as [base.yml].")
    settings = Settings({}, str(path), keys)
    for name in names:
        settings = settings.updated_by(_load(path.parent / name, (*including, path.resolve()), keys))
    return settings.updated_by(Settings(mapping, str(path), keys))
