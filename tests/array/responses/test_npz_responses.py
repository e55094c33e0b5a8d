import numpy as np
import pytest

from acoupipe_grain.array.responses import ImpulseResponses, as_impulse_responses
from acoupipe_grain.errors import ArgumentError, DataError


@pytest.fixture
def write(tmp_path, numbers):
    def write_npz(compress=False, **replaced):
        arrays = dict(zip(("responses", "source_positions", "mic_positions"), numbers.arrays, strict=True))
        arrays = {name: value for name, value in (arrays | numbers.medium | replaced).items() if value is not None}
        path = tmp_path / "mine.npz"
        (np.savez_compressed if compress else np.savez)(path, **arrays)
        return path

    return write_npz


@pytest.mark.parametrize("compress", [False, True])
def test_arrays_in_a_file_are_those_that_were_given(write, numbers, compress):
    path = write(compress)
    loaded = ImpulseResponses.load(path)
    assert loaded == ImpulseResponses.from_arrays(*numbers.arrays, **numbers.medium)
    assert loaded.name == "mine"
    assert as_impulse_responses(loaded.to_json()) == loaded


@pytest.mark.parametrize("name", ["responses", "source_positions", "mic_positions"])
def test_a_missing_array_is_named(write, name):
    with pytest.raises(DataError, match=rf"mine\.npz: there is no array {name}, only .*; expected responses, "):
        ImpulseResponses.load(write(**{name: None}))


@pytest.mark.parametrize(("name", "missing"), [("sample_rate", "sampling rate"), ("speed_of_sound", "speed of sound")])
def test_missing_numbers_are_asked_for(write, numbers, name, missing):
    path = write(**{name: None})
    with pytest.raises(ArgumentError, match=f"states no {missing}; give {name} in"):
        ImpulseResponses.load(path)
    assert getattr(ImpulseResponses.load(path, **{name: 1234.0}), name) == 1234.0


def test_responses_of_other_numbers_are_refused_in_files(write):
    with pytest.raises(DataError, match=r"mine\.npz: responses: int64 of shape .*expected real floating-point numbers"):
        ImpulseResponses.load(write(responses=np.ones((7, 5, 11), dtype=np.int64)))


def test_positions_that_disagree_are_refused_in_files(write):
    with pytest.raises(DataError, match=r"mine\.npz: mic_positions: float64 of shape \(5, 3\)"):
        ImpulseResponses.load(write(mic_positions=np.ones((5, 3))))


def test_arrays_of_objects_are_not_unpickled(write):
    with pytest.raises(DataError, match=r"mine\.npz: cannot be read as an \.npz file"):
        ImpulseResponses.load(write(mic_positions=np.array([{}], dtype=object)))


def test_a_truncated_npz_file_is_refused(write):
    path = write()
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(DataError, match=r"mine\.npz: cannot be read as an \.npz file"):
        ImpulseResponses.load(path)
