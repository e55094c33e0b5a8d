"""The measurement setup: array, grid, medium, sampling, spectra and beamformer in one frozen object."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from acoupipe_grain import arguments
from acoupipe_grain.array import geometry
from acoupipe_grain.array.geometry_acoular import load_microphones
from acoupipe_grain.array.grid import RectGrid
from acoupipe_grain.array.measurement_acoular import values_from_acoular
from acoupipe_grain.array.steering import canonical_formulation
from acoupipe_grain.errors import ArgumentError, unknown_name

WINDOWS: dict[str, Callable[[int], np.ndarray]] = {
    "hanning": np.hanning,
    "hamming": np.hamming,
    "bartlett": np.bartlett,
    "blackman": np.blackman,
    "rectangular": np.ones,
}
"""Window functions by name: NumPy's symmetric windows, as Acoular uses them."""


@dataclass(frozen=True, eq=False, repr=False)
class MeasurementSetup:
    """Everything about a measurement that does not change from scene to scene; compared and hashed by content.

    Parameters
    ----------
    mic_positions
        Nominal microphone positions, m, shape (3, M); or the name or path of an Acoular microphone file
        ("minidsp_uma-16", "my_array.xml"); None: a 64-microphone Vogel spiral of 1 m aperture.
    grid
        A `RectGrid`, a mapping of its arguments, or None for 64×64 points over the aperture D at distance D/2.
    reference
        Position at which source strengths and labels hold, m, shape (3,). None: the microphone nearest the
        centroid of the array.
    speed_of_sound
        m/s.
    sample_rate
        Hz.
    block_size
        Samples of a block of the spectral estimate, even.
    overlap
        Fraction of a block shared with the next one, in [0, 1); the hop must divide the block size (0, 0.5, 0.75, ...).
    window
        "hanning", "hamming", "bartlett", "blackman" or "rectangular" (NumPy's symmetric windows).
    steering
        Steering vector formulation, "I" ... "IV" or "classic", "inverse", "true level", "true location"
        (Sarradj, Acoustics Research Letters/Advances in Acoustics and Vibration, 2012).
    remove_diagonal
        Whether maps leave the diagonal of the cross-spectral matrix out.

    Raises
    ------
    ArgumentError
        If a value has the wrong type, shape or range, or a microphone lies on the grid.
    """

    mic_positions: Any = None
    grid: Any = None
    _: KW_ONLY
    reference: Any = None
    speed_of_sound: float = 343.0
    sample_rate: float = 13720.0
    block_size: int = 128
    overlap: float = 0.5
    window: str = "hanning"
    steering: str = "III"
    remove_diagonal: bool = False

    def __post_init__(self) -> None:
        mics = _mic_positions(self.mic_positions)
        values = {
            "mic_positions": mics,
            "grid": _grid(self.grid, mics),
            "reference": _reference(self.reference, mics),
            "speed_of_sound": arguments.number("speed_of_sound", self.speed_of_sound, above=0, unit="m/s"),
            "sample_rate": arguments.number("sample_rate", self.sample_rate, above=0, unit="Hz"),
            "block_size": arguments.integer("block_size", self.block_size, minimum=4),
            "overlap": arguments.number("overlap", self.overlap, minimum=0, below=1),
            "window": arguments.choice("window", self.window, WINDOWS),
            "steering": canonical_formulation(self.steering),
            "remove_diagonal": arguments.flag("remove_diagonal", self.remove_diagonal),
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)
        _require_fitting_blocks(self.block_size, self.overlap)
        _require_clear_of_grid(mics, self.reference, self.grid)

    @classmethod
    def default(cls) -> MeasurementSetup:
        """Return the default: a 64-microphone Vogel spiral of 1 m aperture before a 64×64 grid at 0.5 m."""
        return cls()

    @classmethod
    def from_acoular(cls, acoular_object: Any, **values: Any) -> MeasurementSetup:
        """Return the setup that an Acoular object describes.

        Parameters
        ----------
        acoular_object
            An `acoular.MicGeom`, `acoular.SteeringVector` (microphones, grid, reference, medium, formulation) or
            beamformer (these, and the spectra's block size, overlap, window, sampling rate, and diagonal removal).
        **values
            Arguments of `MeasurementSetup` that replace what the object says or that it does not carry.
        """
        return cls(**(values_from_acoular(acoular_object) | values))

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> MeasurementSetup:
        """Return the setup that a plain mapping of arguments describes."""
        known = [item.name for item in fields(cls)]
        for name in mapping:
            if name not in known:
                raise unknown_name("setup argument", name, known)
        return cls(**mapping)

    @property
    def num_mics(self) -> int:
        """Number of microphones M."""
        return self.mic_positions.shape[1]

    @cached_property
    def aperture(self) -> float:
        """Largest distance between two microphones, m."""
        return geometry.aperture(self.mic_positions)

    @cached_property
    def longest_distance(self) -> float:
        """Largest distance from the grid's corners to a microphone or the reference position, m."""
        receivers = np.concatenate([self.mic_positions, self.reference[:, None]], axis=1)
        return float(geometry.distances(self.grid.corners, receivers).max())

    @property
    def hop_size(self) -> int:
        """Samples from one block to the next."""
        return round(self.block_size * (1 - self.overlap))

    @property
    def num_bins(self) -> int:
        """Number F of frequency bins, block_size/2 + 1."""
        return self.block_size // 2 + 1

    @property
    def bin_frequencies(self) -> Float[np.ndarray, " bin"]:
        """Frequencies of all bins, Hz."""
        return np.arange(self.num_bins) * (self.sample_rate / self.block_size)

    @property
    def window_values(self) -> Float[np.ndarray, " sample"]:
        """The window, shape (block_size,)."""
        return np.asarray(WINDOWS[self.window](self.block_size), dtype=np.float64)

    def num_blocks(self, num_samples: Any) -> Any:
        """Return how many whole blocks fit into `num_samples` samples."""
        return (num_samples - self.block_size) // self.hop_size + 1

    def to_json(self) -> dict[str, Any]:
        """Return the constructor's arguments as a JSON mapping."""
        plain = {item.name: getattr(self, item.name) for item in fields(self)}
        return plain | {
            "mic_positions": self.mic_positions.tolist(),
            "grid": self.grid.to_json(),
            "reference": self.reference.tolist(),
        }

    @cached_property
    def digest(self) -> str:
        """Short hash of the content."""
        return hashlib.sha256(json.dumps(self.to_json(), sort_keys=True).encode()).hexdigest()[:16]

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        for array in (self.mic_positions, self.reference):
            array.flags.writeable = False  # pickling forgets it

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, MeasurementSetup):
            return NotImplemented
        return self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        nx, ny = self.grid.shape
        return (
            f"MeasurementSetup({self.num_mics} microphones, {nx}x{ny} grid, {self.sample_rate:g} Hz, "
            f"block_size={self.block_size}, digest={self.digest})"
        )


def as_setup(setup: MeasurementSetup | Mapping[str, Any] | None) -> MeasurementSetup:
    """Return a setup from a setup, a mapping of its arguments, or None for the default."""
    if setup is None:
        return MeasurementSetup.default()
    if isinstance(setup, MeasurementSetup):
        return setup
    if isinstance(setup, Mapping):
        return MeasurementSetup.from_mapping(setup)
    raise ArgumentError(
        f"setup={setup!r}: expected a MeasurementSetup, a mapping of its arguments, or None for the default."
    )


def _mic_positions(value: Any) -> Float[np.ndarray, "3 mic"]:
    if value is None:
        value = geometry.default_microphones()
    if isinstance(value, str | Path):
        value = load_microphones(value)
    positions = _float_array("mic_positions", value, "(3, M)")
    if positions.ndim != 2 or positions.shape[0] != 3 or positions.shape[1] < 2:
        raise ArgumentError(
            f"mic_positions: shape {positions.shape}, expected (3, M) with at least 2 microphones, in m."
        )
    if geometry.aperture(positions) == 0:
        raise ArgumentError("mic_positions: all microphones are at one place; give their positions in m.")
    return positions


def _grid(value: Any, mic_positions: Float[np.ndarray, "3 mic"]) -> RectGrid:
    if value is None:
        return RectGrid.default(geometry.aperture(mic_positions))
    if isinstance(value, RectGrid):
        return value
    if isinstance(value, Mapping):
        known = [item.name for item in fields(RectGrid)]
        for name in value:
            if name not in known:
                raise unknown_name("grid argument", name, known)
        missing = sorted(set(known) - set(value))
        if missing:
            raise ArgumentError(f"grid={dict(value)!r}: lacks {', '.join(missing)}.")
        return RectGrid(**value)
    raise ArgumentError(
        f"grid={value!r}: expected a RectGrid, a mapping of all its arguments, or None for the default; "
        "for an acoular.RectGrid see MeasurementSetup.from_acoular."
    )


def _reference(value: Any, mic_positions: Float[np.ndarray, "3 mic"]) -> Float[np.ndarray, "3"]:
    if value is None:
        value = mic_positions[:, geometry.central_microphone(mic_positions)]
    reference = _float_array("reference", value, "(3,)")
    if reference.shape != (3,):
        raise ArgumentError(f"reference: shape {reference.shape}, expected (3,), a position in m.")
    return reference


def _float_array(name: str, value: Any, shape: str) -> np.ndarray:
    try:
        array = np.array(value)
        array = array.astype(np.float64, casting="same_kind" if array.dtype.kind in "fc" else "safe")
    except (TypeError, ValueError):
        raise ArgumentError(
            f"{name}={value!r}: expected real numbers in m, shape {shape}; for Acoular objects see "
            "MeasurementSetup.from_acoular."
        ) from None
    if not np.isfinite(array).all():
        raise ArgumentError(f"{name}: contains values that are not finite; expected positions in m.")
    array += 0.0  # minus zero is zero
    array.flags.writeable = False
    return array


def _require_fitting_blocks(block_size: int, overlap: float) -> None:
    if block_size % 2:
        raise ArgumentError(f"block_size={block_size}: must be even, for example {block_size + 1}.")
    hop = block_size * (1 - overlap)
    if abs(hop - round(hop)) > 1e-9 or round(hop) < 1 or block_size % round(hop):
        fractions = [1 - 1 / parts for parts in range(1, 17) if block_size % parts == 0]
        nearest = min(fractions, key=lambda fraction: abs(fraction - overlap))
        raise ArgumentError(
            f"overlap={overlap!r}: the hop of {hop:g} samples does not divide block_size={block_size}; "
            f"the nearest overlap that fits is {nearest!r}."
        )


def _require_clear_of_grid(
    mic_positions: Float[np.ndarray, "3 mic"], reference: Float[np.ndarray, "3"], grid: RectGrid
) -> None:
    clearance = 1e-3 * geometry.aperture(mic_positions)
    distances = grid.distance(np.concatenate([mic_positions, reference[:, None]], axis=1))
    nearest = int(np.argmin(distances))
    if distances[nearest] < clearance:
        is_mic = nearest < mic_positions.shape[1]
        place = mic_positions[:, nearest] if is_mic else reference
        raise ArgumentError(
            f"{'mic_positions: microphone ' + str(nearest) if is_mic else 'reference: the position'} at "
            f"{place.tolist()} lies on the grid (distance {distances[nearest]:.3g} m, at least {clearance:.3g} m "
            f"needed); move it or the grid, which is at z={grid.z:g} m."
        )
