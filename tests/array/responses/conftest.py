"""A small set of impulse responses, and files of it written without the code under test."""

from dataclasses import dataclass, field

import numpy as np
import pytest

NUM_SOURCES, NUM_MICS, NUM_TAPS = 7, 5, 11


@dataclass
class Numbers:
    """Arrays of seven sources on a plane, five microphones and eleven taps."""

    responses: np.ndarray = field(
        default_factory=lambda: (
            np.random.default_rng(1).standard_normal((NUM_SOURCES, NUM_MICS, NUM_TAPS)).astype(np.float32)
        )
    )
    source_positions: np.ndarray = field(
        default_factory=lambda: np.random.default_rng(2).uniform(-0.5, 0.5, (3, NUM_SOURCES))
    )
    mic_positions: np.ndarray = field(
        default_factory=lambda: np.random.default_rng(3).uniform(-0.5, 0.5, (3, NUM_MICS))
    )
    sample_rate: float = 16000.0
    speed_of_sound: float = 344.5

    @property
    def arrays(self):
        return self.responses, self.source_positions, self.mic_positions

    @property
    def medium(self):
        return {"sample_rate": self.sample_rate, "speed_of_sound": self.speed_of_sound}


@pytest.fixture
def numbers():
    return Numbers()


@pytest.fixture
def write_miracle(tmp_path, numbers):
    """Return a function that writes the numbers in MIRACLE's layout, with data sets replaced, or left out if None."""
    h5py = pytest.importorskip("h5py")

    def write(name="file-names-mean-nothing", storage=None, userblock_size=0, **replaced):
        datasets = {
            "data/impulse_response": numbers.responses,
            "data/location/source": numbers.source_positions.T,
            "data/location/receiver": numbers.mic_positions.T,
            "metadata/c0": numbers.speed_of_sound,
            "metadata/sampling_rate": numbers.sample_rate,
            "metadata/temperature": np.full(NUM_SOURCES, 22.0),
        }
        datasets |= {key.replace("__", "/"): value for key, value in replaced.items()}
        path = tmp_path / name
        with h5py.File(path, "w", userblock_size=userblock_size) as file:
            for key, value in datasets.items():
                if value is not None:
                    options = storage or {} if key == "data/impulse_response" else {}
                    file.create_dataset(key, data=value, **options)
        return path

    return write
