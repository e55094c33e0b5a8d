"""How much arithmetic a request needs."""

from __future__ import annotations

import numpy as np

from acoupipe_grain.array.features import resolve_bands
from acoupipe_grain.array.scenes import SceneSource
from acoupipe_grain.bench.cases import Case


def num_operations(case: Case) -> float | None:
    """Return the real multiplications and additions of one record's matrices and maps, in the default scene.

    For the mean number of sources, without the block spectra that matrices of mode "welch" are made of; None where
    matrix products are not what it consists of (eigenvectors, time signals).
    """
    if set(case.features) & {"eigmode", "time_data", "spectrogram"}:
        return None
    scenes = SceneSource(1000)
    setup, num_sources = scenes.setup, float(np.mean(scenes.batch(range(1000))["num_sources"]))
    num_mics, num_points = setup.num_mics, setup.grid.size
    num_lines = resolve_bands(setup, case.f, 0).lines.size
    size = num_mics + scenes.max_nsources
    blocks = setup.num_blocks(scenes.max_num_samples)
    has_map, has_matrix = "sourcemap" in case.features, case.features != ("sourcemap",)
    matrix = {
        "analytic": 8 * num_mics**2 * num_sources,
        "wishart": 8 * num_mics * scenes.max_nsources * size + 8 * num_mics**2 * size,
        "welch": 8 * num_mics**2 * blocks,
    }[case.mode]
    if case.mode == "analytic" and has_map:
        return num_lines * (8 * num_points * num_mics * num_sources + has_matrix * matrix)
    packed = num_lines == 1
    of_map = num_points * (2 * num_mics**2 if packed else 8 * num_mics**2)
    return num_lines * (matrix + has_map * of_map)
