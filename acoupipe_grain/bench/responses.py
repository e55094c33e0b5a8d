"""Records per second through impulse responses as long as MIRACLE's, beside the chain written with Acoular and SciPy.

``python -m acoupipe_grain.bench.responses ours|free|plain NAME SECONDS`` prints one JSON object.
"""

from __future__ import annotations

import json
import sys
from functools import lru_cache

import numpy as np
from scipy.spatial import KDTree

from acoupipe_grain.array import geometry
from acoupipe_grain.array.grid import RectGrid
from acoupipe_grain.array.impulse_response_source import ImpulseResponseSource
from acoupipe_grain.array.measurement import MeasurementSetup
from acoupipe_grain.array.responses.impulse_responses import ImpulseResponses
from acoupipe_grain.array.simulated_source import SimulatedSource
from acoupipe_grain.array.sources import SyntheticSource
from acoupipe_grain.bench import plain_responses
from acoupipe_grain.bench.cases import THROUGH_RESPONSES, Case
from acoupipe_grain.bench.rates import one_by_one, rate
from acoupipe_grain.pipeline import make_loader
from acoupipe_grain.specs import Element

SAMPLE_RATE, SPEED_OF_SOUND, NUM_TAPS = 32_000.0, 344.7, 1024
HALF_WIDTH, DISTANCE = 0.735, 0.734  # m, of the source plane
POINTS_PER_AXIS = 33
AVERAGES = 2374.4
"""Effective number of averages of 5 s at this sampling rate."""
_NUM_RECORDS = 100_000


@lru_cache(maxsize=1)
def measured() -> ImpulseResponses:
    """Return decaying noise with the default array, 1.46 m wide, and points and sampling as MIRACLE has them."""
    step = 2 * HALF_WIDTH / (POINTS_PER_AXIS - 1)
    grid = RectGrid(-HALF_WIDTH, HALF_WIDTH, -HALF_WIDTH, HALF_WIDTH, DISTANCE, step)
    mics = 2 * HALF_WIDTH * MeasurementSetup.default().mic_positions
    rng = np.random.default_rng(0)
    responses = rng.standard_normal((grid.size, mics.shape[1], NUM_TAPS), dtype=np.float32)
    responses *= np.exp(-np.arange(NUM_TAPS, dtype=np.float32) / 150)
    places = grid.positions, mics
    return ImpulseResponses.from_arrays(responses, *places, sample_rate=SAMPLE_RATE, speed_of_sound=SPEED_OF_SOUND)


def ours(case: Case, seconds: float) -> dict[str, float]:
    """Return records/s of the loader, engine "jax"."""
    return _loaded(_heard(case), case, seconds)


def free(case: Case, seconds: float) -> dict[str, float]:
    """Return records/s of the same request of sources in free field."""
    setup = _heard(case).setup
    source = SyntheticSource(
        _NUM_RECORDS, setup=setup, mode=case.mode, engine="jax", features=case.features, f=case.f, mic_pos_noise=False
    )
    return _loaded(source, case, seconds)


def plain(case: Case, seconds: float) -> dict[str, float]:
    """Return records/s of one process of the plain chain, all responses in memory."""
    scenes = _heard(Case("analytic", ("loc",), None))
    reference = geometry.central_microphone(scenes.setup.mic_positions)
    responses = measured().read(range(measured().num_sources))
    responses /= np.linalg.norm(responses[:, reference], axis=-1)[:, None, None]
    points = KDTree(measured().source_positions.T)

    def of_scene(scene: Element) -> np.ndarray:
        return responses[points.query(scene["positions"][:, : int(scene["num_sources"])].T)[1]]

    chain = plain_responses.chain(case, scenes.setup, of_scene, AVERAGES)
    return one_by_one(lambda index: chain(scenes.inputs[index]), seconds)


def _heard(case: Case) -> ImpulseResponseSource:
    return ImpulseResponseSource(
        measured(), _NUM_RECORDS, mode=case.mode, engine="jax", features=case.features, f=case.f
    )


def _loaded(source: SimulatedSource, case: Case, seconds: float) -> dict[str, float]:
    size = 4 if case.mode == "welch" else case.batch_size
    iterator = iter(make_loader(source, size, num_epochs=None))
    next(iterator)
    try:
        return {"records": rate(lambda: next(iterator), size, seconds)}
    finally:
        iterator.close()


def main() -> None:
    """Run the measurement named on the command line."""
    which, name, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
    print(json.dumps({"ours": ours, "free": free, "plain": plain}[which](THROUGH_RESPONSES[name], seconds)))


if __name__ == "__main__":
    main()
