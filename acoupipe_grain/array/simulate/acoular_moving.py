"""Time-domain simulation of moving sources with Acoular's moving point sources."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from jaxtyping import Float

from acoupipe_grain.array.geometry_acoular import import_acoular
from acoupipe_grain.array.measurement import MeasurementSetup
from acoupipe_grain.array.simulate.acoular_point_source import waveform_generator
from acoupipe_grain.array.trajectories.path import Path
from acoupipe_grain.array.trajectories.trajectory import ARGUMENT
from acoupipe_grain.errors import ArgumentError

_SAMPLES_PER_CALL = 256  # of all receivers: what Newton's method works on should stay in the processor's cache
_MAX_NEWTON_STEPS = 100  # Acoular's: then it goes on with what it has


def moving_blocks(
    setup: MeasurementSetup,
    waveform: Float[np.ndarray, " sample"],
    path: Path,
    receivers: Float[np.ndarray, "3 receiver"],
    upsampling: int,
    convective_amplification: bool,
) -> Iterator[Float[np.ndarray, "block_sample receiver"]]:
    """Yield what arrives at the receivers from a moving point source, block after block, float64.

    What was emitted at time τ arrives with 1/r(τ), and with `convective_amplification` 1/(r(τ) (1 − M_r)²), M_r being
    the Mach number of the source's approach to the receiver. Emission times are rounded to 1/`upsampling` sample;
    those before time 0 the other way (Acoular truncates negative indices towards zero), as for sources at rest. The
    distance is that of a tenth of this resolution's time earlier or later at most (that before Newton's last step).

    Parameters
    ----------
    setup
        Supplies sampling rate and speed of sound.
    waveform
        The source's signal at 1 m, periodic, shape (T,).
    path
        Where the source is. Over T samples it must be slower than sound, not at a receiver, and heard within T samples.
    receivers
        Positions of the receivers, m, shape (3, R).
    upsampling
        Resolution of emission times in parts of a sample.
    convective_amplification
        Whether the motion changes the amplitude, besides the distance.

    Raises
    ------
    ArgumentError
        If Newton's method does not find the emission times.
    """
    acoular = import_acoular()
    trajectory = _trajectory_class()(path=path)
    source = acoular.MovingPointSource(
        signal=waveform_generator(waveform, setup.sample_rate),
        trajectory=trajectory,
        conv_amp=convective_amplification,
        mics=acoular.MicGeom(pos_total=receivers),
        env=acoular.Environment(c=setup.speed_of_sound),
        up=upsampling,
        prepadding="loop",
    )
    for block in source.result(_SAMPLES_PER_CALL):
        if trajectory.num_steps >= _MAX_NEWTON_STEPS:
            raise ArgumentError(
                f"{ARGUMENT}: Acoular did not find the emission times of a moving source: its path bends too much "
                "within the way of its sound to the microphones; use slower trajectories."
            )
        trajectory.num_steps = 0
        yield block


@lru_cache(maxsize=1)
def _trajectory_class() -> type:
    """Return Acoular's trajectory along one of our paths; Acoular is imported here, not earlier."""
    from traits.api import Any as AnyTrait
    from traits.api import Int, Property

    acoular = import_acoular()

    class PathTrajectory(acoular.Trajectory):  # type: ignore[name-defined]
        """Evaluates a path where Acoular would interpolate points."""

        path = AnyTrait()
        num_steps = Int(0)  # Newton's since the last block
        digest = Property()
        _times = AnyTrait()
        _velocities = AnyTrait()

        def _get_digest(self) -> str:
            raise RuntimeError("a path has no digest for Acoular")

        def location(self, t: np.ndarray, der: int = 0) -> np.ndarray:
            """Return positions, or velocities; Newton's method asks for no more."""
            if der == 0:
                self.num_steps += 1
                positions, self._velocities = self.path.states(t)
                self._times = t
                return positions
            # Usually those of the positions that it has just asked for.
            return self._velocities if np.array_equal(t, self._times) else self.path.velocities(t)

    return PathTrajectory
