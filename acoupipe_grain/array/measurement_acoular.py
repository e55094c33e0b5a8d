"""Translation of Acoular objects into arguments of `MeasurementSetup`."""

from __future__ import annotations

from typing import Any

import numpy as np

from acoupipe_grain.array.geometry_acoular import import_acoular
from acoupipe_grain.array.grid import RectGrid
from acoupipe_grain.errors import ArgumentError


def values_from_acoular(acoular_object: Any) -> dict[str, Any]:
    """Return the arguments of `MeasurementSetup` that an Acoular object carries.

    Raises
    ------
    ArgumentError
        If the object, its grid or its medium is of a kind that a `MeasurementSetup` cannot express.
    """
    acoular = import_acoular()
    if isinstance(acoular_object, acoular.MicGeom):
        return {"mic_positions": acoular_object.pos}
    if isinstance(acoular_object, acoular.SteeringVector):
        return _from_steering_vector(acoular, acoular_object)
    if isinstance(acoular_object, acoular.BeamformerBase):
        return _from_beamformer(acoular, acoular_object)
    raise ArgumentError(
        f"acoular_object={acoular_object!r}: expected an acoular.MicGeom, SteeringVector or BeamformerBase."
    )


def _from_steering_vector(acoular: Any, steer: Any) -> dict[str, Any]:
    if type(steer.env) is not acoular.Environment:
        raise ArgumentError(
            f"acoular_object: the medium {type(steer.env).__name__} is not at rest; only Environment is."
        )
    if np.isscalar(steer.ref):
        raise ArgumentError(f"acoular_object: ref={steer.ref!r} is a distance; give the reference position (x, y, z).")
    return {
        "mic_positions": steer.mics.pos,
        "grid": _grid(acoular, steer.grid),
        "reference": steer.ref,
        "speed_of_sound": float(steer.env.c),
        "steering": steer.steer_type,
    }


def _grid(acoular: Any, grid: Any) -> RectGrid:
    if type(grid) is not acoular.RectGrid:
        raise ArgumentError(
            f"acoular_object: grid of type {type(grid).__name__}; only acoular.RectGrid can be taken over."
        )
    steps = [
        # Acoular stretches its steps so that both ends are grid points.
        (high - low) / (count - 1) if count > 1 else grid.increment
        for low, high, count in (
            (grid.x_min, grid.x_max, grid.nxsteps),
            (grid.y_min, grid.y_max, grid.nysteps),
        )
    ]
    return RectGrid(grid.x_min, grid.x_max, grid.y_min, grid.y_max, grid.z, (steps[0], steps[1]))


def _from_beamformer(acoular: Any, beamformer: Any) -> dict[str, Any]:
    spectra = beamformer.freq_data
    return _from_steering_vector(acoular, beamformer.steer) | {
        "sample_rate": float(spectra.sample_freq),
        "block_size": int(spectra.block_size),
        "overlap": 1 - 1 / spectra.overlap_,
        "window": spectra.window.lower(),
        "remove_diagonal": bool(beamformer.r_diag),
    }
