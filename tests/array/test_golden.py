"""Golden values: a change here means that the same seed gives other data.

Raise `GENERATOR_VERSION` with it, on purpose.
"""

import hashlib

import numpy as np
import pytest

import acoupipe_grain as apg

HASHED = ("positions", "strengths", "mic_positions", "noise_power", "num_samples", "key", "seeds")
SCENES = {
    (0, "training", 0): "715a456e8885cf7a251909e5889494d39b5dc71c0536ab38c4f71f99345eb17b",
    (0, "training", 17): "2cb9fdc5ed9804158106f2ec89905d2705cfafd073dc2cd70fc8f1b05ddb5a94",
    (0, "validation", 17): "cabc314661ddaeb3ff5280ddeca0de0d45dd06fb3ab321e8785d8fe2e1d9b7dd",
    (0, "test", 9999): "4218267cb882593ff94a4da194eb4698785c8d6a234717de4feab97f7aeb3c9b",
    (2**40 + 1, "training", 17): "17014886fdde3a95e7f4dafd9c1a258d635c31fc0fa1e3e6c6736ea710671169",
}


@pytest.mark.parametrize(("seed", "split", "index"), SCENES)
def test_golden_scenes(seed, split, index):
    scene = apg.SceneSource(10_000, seed=seed, split=split)[index]
    digest = hashlib.sha256(b"".join(np.ascontiguousarray(scene[name]).tobytes() for name in HASHED)).hexdigest()
    assert digest == SCENES[seed, split, index]


def test_golden_record():
    features = (
        "time_data",
        "csm",
        "eigmode",
        "sourcemap",
        "source_strength_analytic",
        "source_strength_estimated",
        "noise_strength_estimated",
        "loc",
    )
    record = apg.SyntheticSource(10_000, seed=0, features=features, f=4000.0)[17]
    assert record["num_sources"] == 4
    measured = {
        "positions": record["loc"][:, :2],
        "signals": record["time_data"][[100, 60_000], [0, 63]],
        "auto power": record["csm"][0, 0, 0].real,
        "cross power": [record["csm"][0, 3, 40].real, record["csm"][0, 3, 40].imag],
        "largest eigenvalue": np.linalg.norm(record["eigmode"][0, :, -1]),
        "map": [record["sourcemap"].max(), record["sourcemap"][0, 10, 50]],
        "expected strengths": record["source_strength_analytic"][0, :2],
        "estimated strengths": record["source_strength_estimated"][0, :2],
        "estimated noise": record["noise_strength_estimated"][0, :2],
    }
    golden = {
        "positions": [[0.01478161, -0.17263931], [0.06549422, 0.14917664], [0.5, 0.5]],
        "signals": [-2.4662282, -0.30306426],
        "auto power": 0.32115674,
        "cross power": [0.041886706, 0.17696515],
        "largest eigenvalue": 6.058342,
        "map": [0.11568985, 0.001457655],
        "expected strengths": [0.04336105, 0.04018332],
        "estimated strengths": [0.04335573, 0.04026487],
        "estimated noise": [0.0197591, 0.02116055],
    }
    for name, expected in golden.items():
        scale = np.abs(expected).max()
        np.testing.assert_allclose(measured[name], expected, atol=1e-5 * scale, rtol=0, err_msg=name)


@pytest.mark.parametrize(
    ("mode", "golden"),
    [
        (
            "analytic",
            {
                "auto power": 0.3204162,
                "cross power": [0.03342786, 0.16411674],
                "at Nyquist": [0.1602081, 0.054688808, 0.07718314],
                "map": [0.11564793, 0.0013060047],
            },
        ),
        (
            "wishart",
            {
                "auto power": 0.31430602,
                "cross power": [0.035655051, 0.16719377],
                "at Nyquist": [0.16289704, 0.057480499, 0.0],
                "map": [0.11123852, 0.0013702591],
                "estimated strengths": [0.045356896, 0.041822094],
                "estimated noise": [0.020864962, 0.020169415],
            },
        ),
        (
            "welch",
            {
                "auto power": 0.30221725,
                "cross power": [0.039849766, 0.14501227],
                "at Nyquist": [0.18003583, 0.042840082, 0.0],
                "map": [0.1117, 0.001195375],
                "estimated strengths": [0.042226356, 0.041780695],
                "estimated noise": [0.021324426, 0.023171622],
            },
        ),
    ],
)
def test_golden_spectra(mode, golden):
    names = [
        "csm",
        "sourcemap",
        *(("source_strength_estimated", "noise_strength_estimated") if mode != "analytic" else ()),
    ]
    options = {"engine": "jax", "signal_length": 0.5} if mode == "welch" else {}
    record = apg.SyntheticSource(10_000, mode=mode, features=names, f=[4000.0, 6860.0], **options)[17]
    line, nyquist = record["csm"]
    measured = {
        "auto power": line[0, 0].real,
        "cross power": [line[3, 40].real, line[3, 40].imag],
        "at Nyquist": [nyquist[0, 0].real, nyquist[3, 40].real, nyquist[3, 40].imag],
        "map": [record["sourcemap"][0].max(), record["sourcemap"][0, 10, 50]],
    }
    if mode != "analytic":
        measured["estimated strengths"] = record["source_strength_estimated"][0, :2]
        measured["estimated noise"] = record["noise_strength_estimated"][0, :2]
    for name, expected in golden.items():
        scale = np.abs(expected).max()
        np.testing.assert_allclose(measured[name], expected, atol=1e-5 * scale, rtol=0, err_msg=name)
