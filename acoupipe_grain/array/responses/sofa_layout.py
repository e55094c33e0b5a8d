"""Files of impulse responses in the SOFA format (AES69), conventions SingleRoomSRIR and SingleRoomMIMOSRIR.

Microphones are the receivers, in the room: ``ReceiverPosition`` turned by ``ListenerView`` and ``ListenerUp`` and moved
to ``ListenerPosition``. Sources are the emitters of each measurement, likewise with ``EmitterPosition`` and the
``Source...`` variables; of a SingleRoomSRIR source with several emitters, which radiate at once, they are
``SourcePosition``. Source number m·E + e is emitter e of measurement m. ``Data.Delay`` is honoured.

SOFA says nothing about the speed of sound. A variable ``SpeedOfSound`` in m/s, which some files have, is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from acoupipe_grain.array.responses.file_content import FileContent, stated_number
from acoupipe_grain.array.responses.hdf5_arrays import hdf5_array, opened_hdf5
from acoupipe_grain.array.responses.sofa_geometry import cartesian, in_room
from acoupipe_grain.array.responses.sofa_responses import SofaResponses
from acoupipe_grain.errors import DataError
from acoupipe_grain.extras import import_extra

CONVENTIONS = {"SingleRoomSRIR": "FIR", "SingleRoomMIMOSRIR": "FIR-E"}
"""Those that are read, and what kind of data they hold."""

_SAME_POSE = 1e-6
"""How far poses of the listener may differ and be one, m."""

_SAME_DELAY = 1e-6
"""How far a delay may be from a whole number of samples."""


def read_sofa(path: str) -> FileContent:
    """Return what a SOFA file says; the responses are not read.

    Raises
    ------
    ArgumentError
        If sofar or h5py are not installed.
    DataError
        If the file cannot be read, has another convention or does not keep to its own, the listener has several poses,
        coordinates are no places, or a delay is no whole number of samples from 0 on.
    """
    with _opened(path) as sofa:
        convention = _require_convention(path, sofa)
        measurements, num_mics, *rest = (int(size) for size in sofa.Data_IR.shape)
        num_emitters = rest[1] if CONVENTIONS[convention] == "FIR-E" else 1
        delays = _delays(path, sofa, (measurements, num_mics, num_emitters))
        source_positions = _source_positions(path, sofa, measurements, num_emitters)
        mic_positions = _mic_positions(path, sofa)
        units = _text(sofa, "Data_SamplingRate_Units")
        if units.lower() != "hertz":
            raise DataError(f"{path}: Data.SamplingRate is in {units!r}; expected hertz.")
        rates = _values(path, sofa, "Data_SamplingRate")
        if rates.size and (rates != rates.flat[0]).any():
            raise DataError(f"{path}: Data.SamplingRate is different for different measurements; expected one.")
        rate = stated_number(f"{path}: Data.SamplingRate", rates, "Hz")
        speed = None
        if hasattr(sofa, "SpeedOfSound"):
            speed = stated_number(f"{path}: SpeedOfSound", _values(path, sofa, "SpeedOfSound"), "m/s")
    with opened_hdf5(path, "SOFA files", "sofa") as file:
        responses = file["Data.IR"]
        if responses.dtype.kind != "f":
            raise DataError(f"{path}: Data.IR holds {responses.dtype}; expected real floating-point numbers.")
        stored = SofaResponses(hdf5_array(path, responses), delays)
    return FileContent(source_positions.T, mic_positions.T, stored, rate, speed)


@contextmanager
def _opened(path: str) -> Iterator[Any]:
    sofar = import_extra("sofar", "sofa", f"SOFA files such as {path!r}")
    try:
        with sofar.SofaStream(path) as sofa:
            yield sofa
    except DataError:
        raise
    except Exception as error:  # netCDF lets whatever a damaged file leads to pass
        raise DataError(f"{path}: cannot be read as a SOFA file ({error}).") from error


def _require_convention(path: str, sofa: Any) -> str:
    convention = str(getattr(sofa, "GLOBAL_SOFAConventions", None))
    if convention not in CONVENTIONS:
        raise DataError(
            f"{path}: has the SOFA convention {convention!r}; expected {' or '.join(CONVENTIONS)}. Convert it, or give "
            "its numbers to ImpulseResponses.from_arrays."
        )
    if (kind := _text(sofa, "GLOBAL_DataType")) != CONVENTIONS[convention]:
        raise DataError(f"{path}: has data of the type {kind!r}; {convention} has {CONVENTIONS[convention]!r}.")
    if issues := sofa.verify(issue_handling="return", mode="read"):
        raise DataError(f"{path}: does not keep to the SOFA convention {convention}: {' '.join(str(issues).split())}")
    return convention


def _mic_positions(path: str, sofa: Any) -> np.ndarray:
    """Return where the receivers are in the room, m, shape (M, 3)."""
    pose = _pose(path, sofa, "Listener")
    if max((np.ptp(part, axis=0).max() for part in pose), default=0.0) > _SAME_POSE:
        raise DataError(
            f"{path}: the listener moves or turns between measurements; expected one pose for all. Only sources may "
            "move: give the measurements of one pose."
        )
    position, view, up = (part[0] for part in pose)
    return in_room(f"{path}: listener", _fixed(path, sofa, "ReceiverPosition"), position, view, up)


def _source_positions(path: str, sofa: Any, measurements: int, num_emitters: int) -> np.ndarray:
    """Return where the emitters of all measurements are in the room, m, shape (measurements · emitters, 3)."""
    poses = [np.broadcast_to(part, (measurements, 3)) for part in _pose(path, sofa, "Source")]
    emitters = _fixed(path, sofa, "EmitterPosition")
    if len(emitters) != num_emitters:  # all radiate at once
        return poses[0]
    places = [in_room(f"{path}: source", emitters, *pose) for pose in zip(*poses, strict=True)]
    return np.concatenate(places) if places else np.empty((0, 3))


def _pose(path: str, sofa: Any, which: str) -> list[np.ndarray]:
    """Return position, view and up of the listener or the source, each of shape (measurements or 1, 3)."""
    view_type = f"{which}View"
    named = ((f"{which}Position", f"{which}Position"), (view_type, view_type), (f"{which}Up", view_type))
    return [_cartesian(path, sofa, name, typed, _values(path, sofa, name)) for name, typed in named]


def _fixed(path: str, sofa: Any, name: str) -> np.ndarray:
    """Return positions that are the same in all measurements, m, shape (n, 3)."""
    values = _values(path, sofa, name)
    values = values[:, :, None] if values.ndim == 2 else values
    if values.shape[2] and np.ptp(values, axis=2).max(initial=0.0) > 0:
        raise DataError(f"{path}: {name} is different for different measurements; expected one for all.")
    return _cartesian(path, sofa, name, name, values[..., 0])


def _cartesian(path: str, sofa: Any, name: str, typed: str, values: np.ndarray) -> np.ndarray:
    kind, units = _text(sofa, f"{typed}_Type"), _text(sofa, f"{typed}_Units")
    return cartesian(f"{path}: {name}", values, kind, units)


def _delays(path: str, sofa: Any, shape: tuple[int, int, int]) -> np.ndarray:
    """Return whole numbers of samples by which responses are later, shape (measurements, receivers, emitters)."""
    values = _values(path, sofa, "Data_Delay")
    values = values[:, :, None] if values.ndim == 2 else values
    whole = np.rint(values)
    if (np.abs(values - whole) > _SAME_DELAY).any() or (whole < 0).any():
        wrong = values[(np.abs(values - whole) > _SAME_DELAY) | (whole < 0)][0]
        raise DataError(
            f"{path}: Data.Delay has {wrong:g} samples in it; expected whole numbers from 0 on. Shift the responses by "
            "other delays, and set Data.Delay to 0."
        )
    return np.broadcast_to(whole.astype(np.int64), shape)


def _values(path: str, sofa: Any, name: str) -> np.ndarray:
    """Return the numbers of a variable."""
    values = np.ma.filled(np.ma.asarray(getattr(sofa, name)[...], dtype=np.float64), np.nan)
    if not np.isfinite(values).all():
        raise DataError(f"{path}: {name.replace('_', '.')} has numbers in it that are missing or not finite.")
    return np.asarray(values)


def _text(sofa: Any, name: str) -> str:
    return str(getattr(sofa, name))
