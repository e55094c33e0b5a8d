"""Acoular, imported late and quietly, and its microphone geometry files."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import threading
import warnings
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import numpy as np
from jaxtyping import Float

from acoupipe_grain.errors import ArgumentError, unknown_name

_importing = threading.Lock()


def import_acoular() -> ModuleType:
    """Return the `acoular` module; the first call takes one to two seconds.

    Acoular warns that NumPy was loaded before it and switches its own threading off. That is what a process which
    simulates one scene at a time wants, so the warning is not shown.
    """
    if "acoular" in sys.modules and not _importing.locked():
        return sys.modules["acoular"]
    # One thread at a time: warning filters belong to the whole process.
    with _importing, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return importlib.import_module("acoular")


def switch_caching_off() -> None:
    """Switch Acoular's cache off for this process.

    Its keys go by ``str(array)``: small changes, and the middle of large arrays, would go unnoticed.
    """
    import_acoular().config.global_caching = "none"


@lru_cache(maxsize=1)
def bundled_geometries() -> Mapping[str, Path]:
    """Return the microphone geometry files that come with Acoular, by name without extension."""
    spec = importlib.util.find_spec("acoular")
    if spec is None or not spec.submodule_search_locations:
        raise ArgumentError("mic_positions: geometries by name come with Acoular; run `pip install acoular`.")
    folder = Path(spec.submodule_search_locations[0]) / "xml"
    # Calibration data lie in the same folder.
    return {
        path.stem: path for path in sorted(folder.glob("*.xml")) if "<Calib" not in path.read_text(encoding="utf-8")
    }


def load_microphones(name_or_path: str | Path) -> Float[np.ndarray, "3 mic"]:
    """Return the microphone positions of an Acoular geometry file, m, shape (3, M).

    Parameters
    ----------
    name_or_path
        Name of a geometry that comes with Acoular ("tub_vogel64", "array_56", "minidsp_uma-16", ...) or path of an
        XML file in the same format.
    """
    path = Path(name_or_path)
    if path.suffix != ".xml":
        bundled = bundled_geometries()
        if str(name_or_path) not in bundled:
            raise unknown_name("microphone geometry (or give the path of an .xml file)", str(name_or_path), bundled)
        path = bundled[str(name_or_path)]
    elif not path.is_file():
        raise ArgumentError(f"mic_positions={str(name_or_path)!r}: no such file.")
    # Not through acoular.MicGeom: there, an unreadable file gives an empty geometry.
    try:
        microphones = ElementTree.parse(path).getroot().iter("pos")
        positions = np.array([[float(mic.attrib[axis]) for axis in "xyz"] for mic in microphones], dtype=np.float64)
    except OSError as error:
        raise ArgumentError(f"mic_positions={str(name_or_path)!r}: cannot be read ({error.strerror}).") from error
    except (ElementTree.ParseError, ValueError, KeyError) as error:
        raise ArgumentError(
            f"mic_positions={str(name_or_path)!r}: not a microphone geometry ({type(error).__name__}: {error})."
        ) from error
    if positions.size == 0:
        raise ArgumentError(f"mic_positions={str(name_or_path)!r}: holds no <pos x=... y=... z=.../> element.")
    return np.ascontiguousarray(positions.T)
