"""What single sources give at receivers, by how they radiate: monopoles at rest, with an axis, in a flow, or moving."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from jaxtyping import Float, Float32

from acoupipe_grain.array.directivity import Directivity
from acoupipe_grain.array.flow import UniformFlow
from acoupipe_grain.array.measurement import MeasurementSetup
from acoupipe_grain.array.scene_radiation import SceneRadiation
from acoupipe_grain.array.simulate.acoular_flow import convected_gains, flow_environment
from acoupipe_grain.array.simulate.acoular_moving import moving_blocks
from acoupipe_grain.array.simulate.acoular_point_source import point_source_blocks
from acoupipe_grain.array.trajectories import Path
from acoupipe_grain.errors import ArgumentError

Blocks = Iterator[Float[np.ndarray, "sample receiver"]]


class Emission(Protocol):
    """How a source radiates."""

    def __call__(
        self,
        waveform: Float32[np.ndarray, " sample"],
        amplitude: float,
        receivers: Float[np.ndarray, "3 receiver"],
        upsampling: int,
    ) -> Blocks:
        """Return what receivers hear, block after block; the waveform may be overwritten.

        Parameters
        ----------
        waveform
            A whole period of unit power.
        amplitude
            Root mean square of the pressure at the reference position, Pa.
        receivers
            Positions of the receivers, m.
        upsampling
            Delay resolution in parts of a sample.
        """
        ...


def emissions_of(
    setup: MeasurementSetup, scene: Mapping[str, np.ndarray], radiation: SceneRadiation | None
) -> Sequence[Emission]:
    """Return how each source of a scene radiates."""
    positions = scene["positions"][:, : int(scene["num_sources"])].astype(np.float64).T
    special = None if radiation is None else radiation.radiation
    if radiation is None or special is None:
        return [Monopole(setup, position) for position in positions]
    if special.trajectories is not None:
        paths = radiation.paths(scene)
        amplified = special.trajectories.convective_amplification
        return [Moving(setup, *moving, amplified) for moving in zip(positions, paths, strict=True)]
    if special.directivity is not None:
        axes = radiation.directions(scene).T
        return [Directed(setup, *directed, special.directivity) for directed in zip(positions, axes, strict=True)]
    if special.flow is not None:
        return [InFlow(setup, position, special.flow) for position in positions]
    return [Monopole(setup, position) for position in positions]


@dataclass(frozen=True)
class Monopole:
    """A monopole at rest."""

    setup: MeasurementSetup
    position: Float[np.ndarray, "3"]

    def __call__(
        self,
        waveform: Float32[np.ndarray, " sample"],
        amplitude: float,
        receivers: Float[np.ndarray, "3 receiver"],
        upsampling: int,
    ) -> Blocks:
        """Return what receivers hear."""
        # The signal at 1 m: spreading by 1/r brings it to the source's strength at the reference.
        waveform *= np.float32(amplitude * np.linalg.norm(self.position - self.setup.reference))
        return point_source_blocks(self.setup, waveform, self.position, receivers, upsampling)


@dataclass(frozen=True)
class Moving:
    """A monopole that moves; `position` is where it starts."""

    setup: MeasurementSetup
    position: Float[np.ndarray, "3"]
    path: Path
    convective_amplification: bool

    def __call__(
        self,
        waveform: Float32[np.ndarray, " sample"],
        amplitude: float,
        receivers: Float[np.ndarray, "3 receiver"],
        upsampling: int,
    ) -> Blocks:
        """Return what receivers hear."""
        waveform *= np.float32(amplitude * np.linalg.norm(self.position - self.setup.reference))
        return moving_blocks(self.setup, waveform, self.path, receivers, upsampling, self.convective_amplification)


@dataclass(frozen=True)
class Directed:
    """A source at rest whose sound depends on the direction."""

    setup: MeasurementSetup
    position: Float[np.ndarray, "3"]
    direction: Float[np.ndarray, "3"]
    directivity: Directivity

    def __call__(
        self,
        waveform: Float32[np.ndarray, " sample"],
        amplitude: float,
        receivers: Float[np.ndarray, "3 receiver"],
        upsampling: int,
    ) -> Blocks:
        """Return what receivers hear."""
        waveform *= np.float32(amplitude)
        setup = self.setup
        parts = self.directivity.parts(
            waveform,
            self.position,
            self.direction,
            receivers,
            setup.reference,
            setup.speed_of_sound,
            setup.sample_rate,
        )
        streams = [point_source_blocks(setup, part.waveform, self.position, receivers, upsampling) for part in parts]
        for blocks in zip(*streams, strict=True):
            yield sum(block * part.gains for block, part in zip(blocks, parts, strict=True))


@dataclass(frozen=True)
class InFlow:
    """A monopole at rest in a uniform flow."""

    setup: MeasurementSetup
    position: Float[np.ndarray, "3"]
    flow: UniformFlow

    def __call__(
        self,
        waveform: Float32[np.ndarray, " sample"],
        amplitude: float,
        receivers: Float[np.ndarray, "3 receiver"],
        upsampling: int,
    ) -> Blocks:
        """Return what receivers hear."""
        setup, flow = self.setup, self.flow
        delays = flow.travel_distances(self.position, receivers) / setup.speed_of_sound * setup.sample_rate
        if delays.max() + 1 > waveform.size:
            raise ArgumentError(
                f"flow={flow!r}: sound takes up to {delays.max():.0f} samples to the microphones; expected less than "
                f"the {waveform.size} of the recording: use a longer signal_length."
            )
        waveform *= np.float32(amplitude)
        (to_reference,) = flow.spreading_distances(self.position, setup.reference[:, None])
        gains = to_reference * convected_gains(flow, self.position, receivers)
        environment = flow_environment(flow, setup.speed_of_sound)
        for block in point_source_blocks(setup, waveform, self.position, receivers, upsampling, environment):
            yield block * gains
