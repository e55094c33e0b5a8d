"""Golden values: a change here means that the same seed gives other data.

Raise `GENERATOR_VERSION` with it, on purpose.
"""

import hashlib

import numpy as np
import pytest

import acoupipe_grain as apg

HASHED = ("positions", "strengths", "mic_positions", "noise_power", "num_samples", "key", "seeds")
SCENES = {
    (0, "training", 0): "895f87ed38fcd82258e3085e9dc286bd2bfb661bcf2bef10b5343044cb8d4ab2",
    (0, "training", 17): "3fc0bf2fd6406cfb134589ed68153007a5a60672434640daf5fb0575f6a75184",
    (0, "validation", 17): "9f2bfe631a8666f53654319c7bef2becbd1ee46dc0f02ff02200cb560a52e94d",
    (0, "test", 9999): "d4e31e9b6088179f5252e24788c662ebc6f8b68decfdc82b303bc72e1e6117e0",
    (2**40 + 1, "training", 17): "a3b134e9f1a530c5f47bbd751c3e637e36676c5f2a635d6d459d6b30ed70d696",
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
                "auto power": 0.32009807,
                "cross power": [0.03527529, 0.15937436],
                "at Nyquist": [0.15928347, 0.059596162, 0.0],
                "map": [0.111757025, 0.0012454458],
                "estimated strengths": [0.04540087, 0.04196587],
                "estimated noise": [0.02086496, 0.02015709],
            },
        ),
    ],
)
def test_golden_spectra(mode, golden):
    names = [
        "csm",
        "sourcemap",
        *(("source_strength_estimated", "noise_strength_estimated") if mode == "wishart" else ()),
    ]
    record = apg.SyntheticSource(10_000, mode=mode, features=names, f=[4000.0, 6860.0])[17]
    line, nyquist = record["csm"]
    measured = {
        "auto power": line[0, 0].real,
        "cross power": [line[3, 40].real, line[3, 40].imag],
        "at Nyquist": [nyquist[0, 0].real, nyquist[3, 40].real, nyquist[3, 40].imag],
        "map": [record["sourcemap"][0].max(), record["sourcemap"][0, 10, 50]],
    }
    if mode == "wishart":
        measured["estimated strengths"] = record["source_strength_estimated"][0, :2]
        measured["estimated noise"] = record["noise_strength_estimated"][0, :2]
    for name, expected in golden.items():
        scale = np.abs(expected).max()
        np.testing.assert_allclose(measured[name], expected, atol=1e-5 * scale, rtol=0, err_msg=name)
