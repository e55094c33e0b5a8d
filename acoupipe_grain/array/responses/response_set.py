"""What sources radiate through: impulse responses for the sources of scenes, wherever they come from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Float32, Int

from acoupipe_grain.array.locations import Locations
from acoupipe_grain.array.measurement import MeasurementSetup, as_setup
from acoupipe_grain.seeding import Streams


class ResponseSet(ABC):
    """Impulse responses for the sources of scenes; immutable, picklable, thread-safe, and told from others by `repr`.

    Attributes
    ----------
    num_taps
        Samples of every response.
    """

    num_taps: int

    num_remembered: int | None = None
    """How many different responses there are, if they are numbered: what is computed of them is then remembered."""

    def numbers(self, scene: Mapping[str, np.ndarray]) -> Int[np.ndarray, " source"]:
        """Return which of the numbered responses each source of a scene, or of stacked ones, has, one after another."""
        raise NotImplementedError(f"{type(self).__name__}: has no numbered responses")

    def read(self, numbers: Int[np.ndarray, " source"]) -> Float32[np.ndarray, "source mic tap"]:
        """Return some of the numbered responses."""
        raise NotImplementedError(f"{type(self).__name__}: has no numbered responses")

    @abstractmethod
    def of_scene(
        self, setup: MeasurementSetup, streams: Streams, scene: Mapping[str, np.ndarray]
    ) -> Float32[np.ndarray, "source mic tap"]:
        """Return the responses of a scene's sources, without padding, from each to all microphones.

        They are causal and delayed as the sound is. A factor that all responses of a source have in common does not
        matter: sources have their strength at the reference microphone.

        Parameters
        ----------
        setup
            Supplies microphones, sampling rate and speed of sound.
        streams
            The random streams of the scenes.
        scene
            An element of `SceneSource`.
        """

    @abstractmethod
    def check(self, setup: MeasurementSetup, locations: Locations) -> None:
        """Raise `ArgumentError` if there are no responses for such a setup, or for sources at such locations."""

    @abstractmethod
    def to_json(self) -> Any:
        """Return the JSON value that stands for the responses in a configuration."""

    def setup(self, given: MeasurementSetup | Mapping[str, Any] | None) -> MeasurementSetup:
        """Return the measurement setup, with what the responses say of it where it is not given."""
        return as_setup(given)

    def places(self, locations: Locations) -> Locations:
        """Return where sources are if positions are drawn from `locations`: there, or where there are responses."""
        return locations
