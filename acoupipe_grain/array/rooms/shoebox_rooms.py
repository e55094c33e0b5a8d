"""Shoebox rooms, drawn for each record: a `ResponseSet` without files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from jaxtyping import Float, Float32, Int

from acoupipe_grain import arguments
from acoupipe_grain.annotations import Hertz, InFiles, Meters, Samples, Unit
from acoupipe_grain.array.directivity import as_directivity
from acoupipe_grain.array.distributions import Drawn
from acoupipe_grain.array.locations import Locations
from acoupipe_grain.array.measurement import MeasurementSetup
from acoupipe_grain.array.responses.response_set import ResponseSet
from acoupipe_grain.array.rooms import placement
from acoupipe_grain.array.rooms.fitting import ROUNDING, require_arrival, require_decay, require_fitting_rooms
from acoupipe_grain.array.rooms.high_pass import high_passed
from acoupipe_grain.array.rooms.images import cells_of_order, cells_within
from acoupipe_grain.array.rooms.pulse_trains import HALF_LENGTH
from acoupipe_grain.array.rooms.quantities import STREAM, Quantities, Quantity
from acoupipe_grain.array.rooms.room import WALLS, Room, eyring_absorption
from acoupipe_grain.array.rooms.room_responses import DirectedSource, room_responses
from acoupipe_grain.array.signals.configured import Configured
from acoupipe_grain.array.signals.limits import Limits
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.sampling import Distribution
from acoupipe_grain.seeding import Streams

ALL = "all"
"""What stands for images of any order."""

MAX_ORDER = 200

_DEFAULT_ORDER = 15
"""Of rooms whose absorption is given."""

SIZE = Quantities("size", ("length", "width", "height"), Limits(above=0.0, unit="m"))
_ABSORPTION = Limits(minimum=0.0, maximum=1.0)
ABSORPTION = Quantity("absorption", _ABSORPTION)
ABSORPTIONS = Quantities("absorption", WALLS, _ABSORPTION)
REVERBERATION_TIME = Quantity("reverberation_time", Limits(above=0.0, unit="s"))
YAW = Quantity("yaw", Limits(unit="°"))
ARRAY_POSITION = Quantities("array_position", ("x", "y", "z"), Limits(unit="m"))

_DEFAULT_SIZE = tuple(
    {"dist": "uniform", "loc": low, "scale": width} for low, width in ((5.0, 5.0), (5.0, 5.0), (2.7, 1.3))
)
_DEFAULT_ABSORPTION = {"dist": "uniform", "loc": 0.2, "scale": 0.6}
_DEFAULT_YAW = {"dist": "uniform", "loc": 0.0, "scale": 360.0}


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class ShoeboxRooms(Configured, ResponseSet):
    """Impulse responses in shoebox rooms by the image-source method, one room for each record.

    A response is h(t) = Σ_i ρ_i D_i δ(t − r_i/c)/r_i over the images i of a source: r_i the distance, ρ_i the product
    of the pressure reflection factors √(1 − α) of all walls that the sound has met, D_i the directivity (1 for
    monopoles). Walls absorb the same at all frequencies and angles, do not scatter, and the air does not absorb. (J. B.
    Allen and D. A. Berkley, "Image method for efficiently simulating small-room acoustics", JASA 65, 943, 1979.)

    Delays are not rounded. The band goes up to 0.9 of the Nyquist frequency and ends above (`pulse_trains`), so that a
    source of given total power has up to 3.5 % more of it in each line below than white noise would.

    The array stands upright: its y axis points up, and it looks (along z) to a horizontal direction, `yaw`. Where it
    stands is drawn uniformly, such that microphones, reference position, grid and sources are in the room, at least
    `wall_distance` from the walls.

    Each property is drawn from a stream of its own: a record has the same room in every mode and engine, and one
    property does not change another. Distributions: as for `SceneSource`.

    Parameters
    ----------
    size
        Distributions of length, width and height, m. None: uniform in (5, 10), (5, 10) and (2.7, 4).
    absorption
        Distribution of the energy absorption coefficient α of all walls, or a list of six for west (x = 0), east
        (x = length), south (y = 0), north (y = width), floor and ceiling, 0 ... 1. None: uniform in (0.2, 0.8), unless
        `reverberation_time` is given.
    reverberation_time
        Distribution of the reverberation time instead, s: all walls absorb as Eyring's formula asks for it in the
        record's room, α = 1 − exp(−24 ln 10 · V/(c S T)), and images of all orders are heard. Without scattering sound
        decays slower than the formula says, the more so the flatter the room. None: `absorption`.
    yaw
        Distribution of the direction in which the array looks, degrees from the room's x axis towards y. None: uniform
        in (0, 360).
    array_position
        Distributions of where the origin of the array's coordinates is in the room, x, y and z, m. None: wherever
        everything fits.
    wall_distance
        Smallest distance of microphones, grid and sources from the walls, m.
    max_order
        How many walls the sound of an image may have met: (4n³ + 6n² + 8n + 3)/3 images. What has met more is missing,
        so that the decay breaks off at about 10 n log₁₀(1 − α) dB. "all": all images that arrive within the response.
        None: 15 with `absorption`, "all" with `reverberation_time`, which takes no other.
    num_taps
        Length of responses; what arrives later is left out. A response of reverberation time T has decayed by
        60 dB · num_taps/(sampling rate · T) there; less than 30 dB is refused where `reverberation_time` is given.
    high_pass
        Where a high-pass filter of all responses begins, Hz (second-order Butterworth, causal); 0: no filter. Without
        it, reflections that all add up at 0 Hz take half as long again to decay as the rest, and have up to an
        eighth of the energy in rooms that absorb little.
    directivity
        As for `SyntheticSource`: a `Directivity`, its kind ("dipole") or a mapping, in the array's coordinates; images
        radiate mirrored. None: monopoles.

    Raises
    ------
    ArgumentError
        If a value has the wrong type or range, or `reverberation_time` and `absorption` or a number as `max_order` are
        given.
    """

    kind: ClassVar[str] = "shoebox_rooms"

    size: Annotated[Any, Unit("m"), InFiles(Sequence[float | Mapping[str, Any]] | None)] = None
    absorption: Annotated[Any, InFiles(float | Mapping[str, Any] | Sequence[float | Mapping[str, Any]] | None)] = None
    reverberation_time: Annotated[Drawn, Unit("s")] = None
    yaw: Annotated[Drawn, Unit("°")] = None
    array_position: Annotated[Any, Unit("m"), InFiles(Sequence[float | Mapping[str, Any]] | None)] = None
    wall_distance: Meters = 0.3
    max_order: Annotated[Any, InFiles(int | str | None)] = None
    num_taps: Samples = 4096
    high_pass: Hertz = 10.0
    directivity: Annotated[Any, InFiles(str | Mapping[str, Any] | None)] = None

    def __post_init__(self) -> None:
        if self.absorption is not None and self.reverberation_time is not None:
            raise ArgumentError(
                f"absorption={self.absorption!r}, reverberation_time={self.reverberation_time!r}: one says what the "
                "other is; give one of them."
            )
        position = self.array_position
        time = self.reverberation_time
        time = None if time is None else REVERBERATION_TIME.distribution(time)
        checked = {
            "size": SIZE.distributions(_DEFAULT_SIZE if self.size is None else self.size),
            "absorption": None if time is not None else _absorption(self.absorption),
            "reverberation_time": time,
            "yaw": YAW.distribution(_DEFAULT_YAW if self.yaw is None else self.yaw),
            "array_position": None if position is None else ARRAY_POSITION.distributions(position),
            "wall_distance": arguments.number("wall_distance", self.wall_distance, minimum=0, unit="m"),
            "max_order": _max_order(self.max_order, time),
            "num_taps": arguments.integer("num_taps", self.num_taps, minimum=2 * HALF_LENGTH),
            "high_pass": arguments.number("high_pass", self.high_pass, minimum=0, unit="Hz"),
            "directivity": as_directivity(self.directivity),
        }
        for name, value in checked.items():
            object.__setattr__(self, name, value)

    def check(self, setup: MeasurementSetup, locations: Locations) -> None:
        """Raise `ArgumentError` if a room can be too small, or a response too short for direct sound or decay."""
        nyquist = setup.sample_rate / 2
        if self.high_pass >= nyquist:
            raise ArgumentError(
                f"responses: high_pass={self.high_pass:g}: expected less than the Nyquist frequency, {nyquist:g} Hz; 0 "
                "for no filter."
            )
        require_arrival(setup, placement.possible_sources(setup, locations), self.num_taps)
        if self.reverberation_time is not None:
            require_decay(self.reverberation_time, setup.sample_rate, self.num_taps)
        require_fitting_rooms(self, setup, locations)

    def room(self, setup: MeasurementSetup, streams: Streams, scene: Mapping[str, np.ndarray]) -> Room:
        """Return the room of a scene; parameters as for `of_scene`.

        Raises
        ------
        ArgumentError
            If array, grid and sources are not within it, away from its walls.
        """
        index = int(scene["idx"])
        size = np.array(SIZE.draw(self.size, streams, index))
        yaw = YAW.draw(self.yaw, streams, index)
        points = np.concatenate([placement.fixed_points(setup), _positions(scene)], axis=1)
        lowest, highest = placement.array_positions(size, yaw, points, self.wall_distance)
        if self.array_position is None:
            u = streams.uniforms(f"{STREAM}.array_position", [index], 3)[0]
            position = lowest + np.maximum(highest - lowest, 0.0) * u
        else:
            position = np.array(ARRAY_POSITION.draw(self.array_position, streams, index))
        if np.any(position < lowest - ROUNDING) or np.any(position > highest + ROUNDING):
            raise ArgumentError(
                f"responses: record {index}: array, grid and sources do not fit into its room of {_shown(size)} m with "
                f"wall_distance={self.wall_distance:g} m, looking to {yaw:.4g}°, at {_shown(position)} m; expected "
                f"{_shown(lowest)} to {_shown(highest)} m. Give larger rooms, a smaller wall_distance or another "
                "array_position."
            )
        return Room(size, self._absorption(streams, index, size, setup.speed_of_sound), position, yaw)

    def of_scene(
        self, setup: MeasurementSetup, streams: Streams, scene: Mapping[str, np.ndarray]
    ) -> Float32[np.ndarray, "source mic tap"]:
        """Return the responses of a scene's sources, without padding, from each to all microphones.

        Parameters
        ----------
        setup
            Supplies microphones, reference position, grid, sampling rate and speed of sound.
        streams
            The random streams of the scenes.
        scene
            An element of `SceneSource`.
        """
        positions = _positions(scene)
        require_arrival(setup, positions, self.num_taps, int(scene["idx"]))
        room = self.room(setup, streams, scene)
        cells = self._cells(setup, room)
        sources = [DirectedSource(position) for position in positions.T]
        if self.directivity is not None:
            axes = self.directivity.directions(streams, int(scene["idx"]), positions, setup.reference)
            sources = [
                DirectedSource(position, self.directivity, axis)
                for position, axis in zip(positions.T, axes.T, strict=True)
            ]
        responses = np.stack([room_responses(setup, room, source, cells, self.num_taps) for source in sources])
        return high_passed(responses, self.high_pass, setup.sample_rate)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON mapping that stands for the rooms in a configuration, without what is not given."""
        return _without_none(super().to_json())

    def _absorption(
        self, streams: Streams, index: int, size: Float[np.ndarray, "3"], speed_of_sound: float
    ) -> Float[np.ndarray, "6"]:
        if self.absorption is None:
            time = REVERBERATION_TIME.draw(self.reverberation_time, streams, index)
            return np.full(len(WALLS), eyring_absorption(size, time, speed_of_sound))
        if isinstance(self.absorption, tuple):
            return np.array(ABSORPTIONS.draw(self.absorption, streams, index))
        return np.full(len(WALLS), ABSORPTION.draw(self.absorption, streams, index))

    def _cells(self, setup: MeasurementSetup, room: Room) -> Int[np.ndarray, "3 cell"]:
        if self.max_order == ALL:
            return cells_within(room, (self.num_taps + HALF_LENGTH) / setup.sample_rate * setup.speed_of_sound)
        return cells_of_order(self.max_order)


def _without_none(mapping: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _without_none(value) if isinstance(value, Mapping) else value
        for name, value in mapping.items()
        if value is not None
    }


def _positions(scene: Mapping[str, np.ndarray]) -> Float[np.ndarray, "3 source"]:
    return scene["positions"][:, : int(scene["num_sources"])].astype(np.float64)


def _absorption(value: Any) -> Any:
    if isinstance(value, list | tuple | np.ndarray):
        return ABSORPTIONS.distributions(value)
    return ABSORPTION.distribution(_DEFAULT_ABSORPTION if value is None else value)


def _max_order(value: Any, reverberation_time: Distribution | None) -> int | str:
    if value is None:
        return _DEFAULT_ORDER if reverberation_time is None else ALL
    if isinstance(value, str):
        if value != ALL:
            raise ArgumentError(f"max_order={value!r}: expected an integer of at least 0, or {ALL!r}.")
        return value
    order = arguments.integer("max_order", value, minimum=0, maximum=MAX_ORDER)
    if reverberation_time is not None:
        raise ArgumentError(
            f"max_order={order}, reverberation_time={reverberation_time!r}: where reflections are limited, the decay "
            "breaks off and is shorter than is asked for; leave max_order out, or give absorption instead."
        )
    return order


def _shown(values: np.ndarray) -> str:
    return "(" + ", ".join(f"{value:.4g}" for value in values) + ")"
