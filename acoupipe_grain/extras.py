"""Packages that come with an extra of this one, imported when they are needed."""

from __future__ import annotations

import importlib
from typing import Any

from acoupipe_grain.errors import ArgumentError


def import_extra(module: str, extra: str, what: str) -> Any:
    """Return an optional package's module.

    Parameters
    ----------
    module
        What to import, such as "h5py".
    extra
        The extra of acoupipe-grain that installs it.
    what
        What needs it, for the message: "HDF5 files".

    Raises
    ------
    ArgumentError
        If it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ArgumentError(
            f"{what} need the package {module.partition('.')[0]}: pip install 'acoupipe-grain[{extra}]'. ({error})"
        ) from error
