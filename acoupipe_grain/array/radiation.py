"""How the sources of scenes radiate: their signals, their motion, their directivity, and the medium."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

from acoupipe_grain.annotations import InFiles
from acoupipe_grain.array.directivity import Directivity, as_directivity
from acoupipe_grain.array.flow import UniformFlow, as_flow
from acoupipe_grain.array.scenes import SceneSource
from acoupipe_grain.array.signals import Signal, as_signal
from acoupipe_grain.array.trajectories import Trajectory, as_trajectory
from acoupipe_grain.errors import ArgumentError

SignalsLike: TypeAlias = Annotated[Any, InFiles(str | Mapping[str, Any] | None)]
TrajectoriesLike: TypeAlias = Annotated[Any, InFiles(Mapping[str, Any] | None)]
DirectivityLike: TypeAlias = Annotated[Any, InFiles(str | Mapping[str, Any] | None)]
FlowLike: TypeAlias = Annotated[Any, InFiles(Mapping[str, Any] | None)]
"""What `SyntheticSource` takes; files give mappings, or names of kinds that need no values."""


@dataclass(frozen=True)
class Radiation:
    """How sources radiate; None stands for what is usual.

    Attributes
    ----------
    signals
        What they radiate. None: independent white noise.
    trajectories
        What they move along. None: they rest.
    directivity
        How their sound depends on the direction. None: monopoles.
    flow
        Flow of the medium. None: it rests.
    """

    signals: Signal | None = None
    trajectories: Trajectory | None = None
    directivity: Directivity | None = None
    flow: UniformFlow | None = None

    @property
    def parameters(self) -> dict[str, Any]:
        """The arguments that say so; those that are None are left out."""
        return {name: value for name, value in vars(self).items() if value is not None}

    @property
    def has_line_powers(self) -> bool:
        """Whether the power of each source in each line at the reference position is known beforehand."""
        return self.trajectories is None and (self.signals is None or self.signals.has_power_spectrum)

    @property
    def given(self) -> tuple[str, ...]:
        """Names of the quantities that features of such sources may compute from."""
        is_known = {
            "signal_line_powers": self.has_line_powers and (self.signals or self.directivity) is not None,
            "source_mixing": self.signals is not None and self.signals.is_correlated,
            "directions": self.directivity is not None,
            "block_positions": self.trajectories is not None,
        }
        return tuple(name for name, known in is_known.items() if known)

    @property
    def lacking(self) -> dict[str, str]:
        """Names of the quantities that features of such sources cannot compute from, with the reason and the remedy."""
        remedy = "use the estimated labels, such as source_strength_estimated"
        if self.trajectories is not None:
            return {
                "source_line_powers": "the power of sources that move is not known beforehand at the reference "
                f"position; {remedy}",
                "resting_positions": "sources move, and are at no one point of a map; use segment_loc with "
                "source_strength_estimated",
            }
        if not self.has_line_powers:
            reason = f"signals={self.signals!r} have no power spectrum that is known beforehand"
            return {"source_line_powers": f"{reason}; {remedy}"}
        return {}

    def require_simulated(self, mode: str, is_time_domain: bool, engine: str) -> None:
        """Raise `ArgumentError` if a mode, or the engine that simulates it, does not have such sources."""
        moved = {name: value for name, value in self.parameters.items() if name != "signals"}
        for name, value in moved.items():
            if not is_time_domain:
                raise ArgumentError(f"{name}={value!r}: mode={mode!r} has none; use mode='welch' or leave {name} out.")
            if engine != "acoular":
                raise ArgumentError(
                    f"{name}={value!r}: engine={engine!r} has none; use engine='acoular' or leave {name} out."
                )
        if not is_time_domain and not self.has_line_powers:
            raise ArgumentError(
                f"signals={self.signals!r}: have no power spectrum that is known beforehand, as mode={mode!r} needs "
                "it; use mode='welch'."
            )


def as_radiation(
    scenes: SceneSource,
    *,
    signals: Any,
    trajectories: Any,
    directivity: Any,
    flow: Any,
) -> Radiation | None:
    """Return how the sources of `scenes` radiate, checked; None if it is all as usual.

    Parameters
    ----------
    scenes
        The scenes.
    signals, trajectories, directivity, flow
        As for `SyntheticSource`.

    Raises
    ------
    ArgumentError
        If one of them cannot be used, or not with the others.
    """
    radiation = Radiation(as_signal(signals), as_trajectory(trajectories), as_directivity(directivity), as_flow(flow))
    if not radiation.parameters:
        return None
    setup = scenes.setup
    if radiation.signals is not None:
        radiation.signals.check(scenes.max_num_samples, setup.sample_rate, scenes.max_nsources)
    if radiation.trajectories is not None:
        radiation.trajectories.check(setup.speed_of_sound)
    _require_one_of(trajectories=radiation.trajectories, directivity=radiation.directivity, flow=radiation.flow)
    return radiation


def _require_one_of(**given: Any) -> None:
    chosen = [f"{name}={value!r}" for name, value in given.items() if value is not None]
    if len(chosen) > 1:
        raise ArgumentError(
            f"{', '.join(chosen)}: moving sources are simulated as monopoles, sources with directivity at rest, and "
            "both in a medium at rest; keep one of them."
        )
