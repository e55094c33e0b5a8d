"""Which scenes can be recorded: lengths, distances, room for all sources."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from acoupipe_grain.array import geometry
from acoupipe_grain.array.distributions import MIC_DISPLACEMENT_DEVIATION
from acoupipe_grain.array.locations import Locations, require_snappable
from acoupipe_grain.array.measurement import MeasurementSetup
from acoupipe_grain.array.measurement_checks import CLEARANCE
from acoupipe_grain.errors import ArgumentError

MAX_NUM_SAMPLES = 2**31 - 1


def require_room(locations: Locations, max_nsources: int, min_distance: float | None, snap_to_grid: bool) -> None:
    """Refuse more sources, or a larger distance between them, than the grid has room for."""
    grid = locations.setup.grid
    if snap_to_grid:
        require_snappable(locations)
        if grid.size < max_nsources:
            raise ArgumentError(
                f"max_nsources={max_nsources}: the grid has only {grid.size} points for sources to snap to."
            )
    diagonal = math.hypot(grid.x_max - grid.x_min, grid.y_max - grid.y_min)
    if min_distance is not None and min_distance > diagonal and max_nsources > 1 and locations.on_plane:
        raise ArgumentError(
            f"min_source_distance={min_distance!r}: the grid's diagonal is only {diagonal:.4g} m; give a smaller "
            "distance, a larger grid or max_nsources=1."
        )


def require_usable_length(
    setup: MeasurementSetup, given: str, lengths: tuple[float, float], displacements: tuple[float, float]
) -> None:
    """Refuse recordings that may be shorter than a block or than the sound's way from the grid to the array.

    Parameters
    ----------
    setup
        The measurement setup.
    given
        The arguments that say how long recordings are, for the message.
    lengths
        Shortest and longest length, s.
    displacements
        Lowest and highest displacement of a microphone in x and in y, m; infinite where it is not known.
    """
    if not math.isfinite(lengths[1]):
        raise ArgumentError(
            f"{given}: without a longest length elements have no fixed shape; give bounds: "
            "apg.distribution(..., bounds=(1.0, 10.0))."
        )
    shortest, longest = (round(seconds * setup.sample_rate) for seconds in lengths)
    known = [math.sqrt(2) * abs(limit) for limit in displacements if math.isfinite(limit)]
    longest_delay = setup.longest_distance + max([10 * MIC_DISPLACEMENT_DEVIATION, *known])
    needed = max(setup.block_size, math.ceil(longest_delay / setup.speed_of_sound * setup.sample_rate) + 1)
    if shortest < needed or longest > MAX_NUM_SAMPLES:
        raise ArgumentError(
            f"{given}: recordings may have {shortest} samples; expected at least {needed} (one block of "
            f"{setup.block_size}, and longer than the sound takes from the grid to the array), that is "
            f"{needed / setup.sample_rate:.4g} s, and at most {MAX_NUM_SAMPLES}."
        )


def require_audible(setup: MeasurementSetup, scenes: Mapping[str, np.ndarray]) -> None:
    """Refuse scenes with a source at a microphone, or so far away that its sound does not arrive."""
    clearance = CLEARANCE * setup.aperture
    for number, count in enumerate(scenes["num_sources"]):
        sources = scenes["positions"][number, :, :count].astype(np.float64)
        receivers = np.concatenate([scenes["mic_positions"][number], setup.reference[:, None]], axis=1)
        distances = geometry.distances(sources, receivers.astype(np.float64))
        delay = distances.max() / setup.speed_of_sound * setup.sample_rate
        if distances.min() < clearance or delay + 1 > scenes["num_samples"][number]:
            raise ArgumentError(
                f"locations, mic_displacement: record {scenes['idx'][number]} has sources {distances.min():.3g} to "
                f"{distances.max():.3g} m from the microphones; expected at least {clearance:.3g} m, and a path "
                f"shorter than the recording of {scenes['num_samples'][number]} samples. Keep sources and microphones "
                "apart, or use a longer signal_length."
            )
