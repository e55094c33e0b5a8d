"""Predictions as sources: of elements without labels, after the same transforms, one identity for each model."""

import numpy as np
import pytest

import acoupipe_grain as apg
from acoupipe_grain.config.training import train
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.training.predictions import Predictions

DATA = apg.ScattererSource(6, size=8, num_scatterers=2, split="test")


class Unlabelled:
    """The data of a source, without labels and positions."""

    def __init__(self, source, names=("data", "idx")):
        self.source, self.names = source, names
        self.element_spec = {name: source.element_spec[name] for name in names}

    def __len__(self):
        return len(self.source)

    def __getitem__(self, index):
        return {name: self.source[index][name] for name in self.names}

    configuration = {"class": "Unlabelled"}


@pytest.fixture
def run(settings, tmp_path):
    noisy = [{"name": "AddNoise", "snr_db": 0.0}, {"name": "MinMax"}]
    trained = train(settings | {"make_loader.transforms": noisy}, tmp_path / "run", progress=False)
    return tmp_path / "run", trained.module


def test_transforms_of_the_training_are_applied_but_no_noise_is_added(run):
    folder, network = run
    data = DATA[3]["data"]
    scaled = (data - data.min()) / (data.max() - data.min())
    expected = scaled * float(network.kernel[...].item()) + float(network.bias[...].item())
    np.testing.assert_allclose(Predictions(DATA, folder)[3]["label"], expected, rtol=1e-5, atol=1e-6)


def test_labels_are_not_needed(run):
    folder, _ = run
    predicted = Predictions(Unlabelled(DATA), folder)
    np.testing.assert_array_equal(predicted[2]["label"], Predictions(DATA, folder)[2]["label"])


def test_predictions_of_another_training_are_others(settings, run, tmp_path):
    train(settings | {"TrainingOptions.seed": 7}, tmp_path / "other", progress=False)
    train(settings | {"TrainingOptions.seed": 8}, tmp_path / "third", progress=False)
    predicted = [Predictions(DATA, tmp_path / name) for name in ("other", "third", "third")]
    assert predicted[0] != predicted[1]
    assert predicted[1] == predicted[2]


def test_data_that_do_not_suit_are_refused(run):
    folder, _ = run
    with pytest.raises(ArgumentError, match=r"trained with .*\(8, 8, 1\)"):
        Predictions(apg.ScattererSource(6, size=16), folder)
    with pytest.raises(ArgumentError, match=r"lack 'data', which the model takes; they have label, idx"):
        Predictions(Unlabelled(DATA, ("label", "idx")), folder)
