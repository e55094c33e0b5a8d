"""The measurement setup: array, grid, medium, sampling, spectra and beamformer in one frozen object."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, fields
from functools import cached_property
from typing import Annotated, Any

import numpy as np
from jaxtyping import Float

from acoupipe_grain import arguments
from acoupipe_grain.annotations import Hertz, InFiles, MetersPerSecond, Samples, Unit
from acoupipe_grain.array import geometry
from acoupipe_grain.array.measurement_acoular import values_from_acoular
from acoupipe_grain.array.measurement_checks import (
    checked_grid,
    checked_mic_positions,
    checked_reference,
    require_clear_of_grid,
    require_fitting_blocks,
)
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
        Nominal microphone positions, m, shape (3, M), or the name or path of an Acoular microphone file
        ("minidsp_uma-16", "my_array.xml"). None: a 64-microphone Vogel spiral of 1 m aperture.
    grid
        A `RectGrid` or a mapping of its arguments. None: 64×64 points over the aperture D at distance D/2.
    reference
        Position at which source strengths and labels hold, m, shape (3,). None: the microphone nearest the
        centroid of the array.
    speed_of_sound
        Speed of sound, m/s.
    sample_rate
        Sampling rate, Hz.
    block_size
        Samples of a block of the spectral estimate, even.
    overlap
        Fraction of a block shared with the next one, in [0, 1), with a hop that divides the block size (0, 0.5, 0.75).
    window
        Window of the blocks: "hanning", "hamming", "bartlett", "blackman" or "rectangular" (NumPy's symmetric ones).
    steering
        Steering vector formulation, "I" ... "IV" or "classic", "inverse", "true level", "true location". (Sarradj,
        Advances in Acoustics and Vibration, 2012, article 292695.)
    remove_diagonal
        Whether maps leave the diagonal of the cross-spectral matrix out.

    Raises
    ------
    ArgumentError
        If a value has the wrong type, shape or range, or a microphone lies on the grid.
    """

    mic_positions: Annotated[Any, Unit("m"), InFiles(str | Sequence[Sequence[float]] | None)] = None
    grid: Annotated[Any, Unit("m"), InFiles(Mapping[str, Any] | None)] = None
    _: KW_ONLY
    reference: Annotated[Any, Unit("m"), InFiles(Sequence[float] | None)] = None
    speed_of_sound: MetersPerSecond = 343.0
    sample_rate: Hertz = 13720.0
    block_size: Samples = 128
    overlap: float = 0.5
    window: str = "hanning"
    steering: str = "III"
    remove_diagonal: bool = False

    def __post_init__(self) -> None:
        mics = checked_mic_positions(self.mic_positions)
        values = {
            "mic_positions": mics,
            "grid": checked_grid(self.grid, mics),
            "reference": checked_reference(self.reference, mics),
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
        require_fitting_blocks(self.block_size, self.overlap)
        require_clear_of_grid(mics, self.reference, self.grid)

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

    @property
    def receivers(self) -> Float[np.ndarray, "3 receiver"]:
        """The nominal microphones and the reference position, m, shape (3, M + 1)."""
        return np.concatenate([self.mic_positions, self.reference[:, None]], axis=1)

    @cached_property
    def longest_distance(self) -> float:
        """Largest distance from the grid's corners to a microphone or the reference position, m."""
        return float(geometry.distances(self.grid.corners, self.receivers).max())

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

    @property
    def window_correlation(self) -> Float[np.ndarray, " lag"]:
        """The window's correlation with itself, 1 at lag 0, at lags of 0 ... block_size − 1 samples."""
        window = self.window_values
        correlation = np.correlate(window, window, mode="full")[self.block_size - 1 :]
        return correlation / correlation[0]

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
