import json

import jax
import pytest

from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.training.options import TrainingOptions


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"optimiser": "adamv"}, r"unknown optimiser 'adamv'; did you mean 'adam'\? Available: adam, adamw, lion, sgd"),
        ({"schedule": "cosin"}, "did you mean 'cosine'"),
        ({"learning_rate": 0}, "learning_rate=0: expected a finite number, greater than 0"),
        ({"learning_rate": "1e-3"}, "learning_rate='1e-3': expected a finite number"),
        ({"warmup_steps": -1}, "warmup_steps=-1: must be at least 0"),
        ({"num_epochs": 0}, "num_epochs=0"),
        ({"steps_per_epoch": 0}, "steps_per_epoch=0"),
        ({"checkpoint_every": 0}, "checkpoint_every=0"),
        ({"keep": 0}, "keep=0"),
        ({"patience": 0}, "patience=0"),
        ({"log_every": 0.5}, "log_every=0.5"),
        ({"num_pictures": -1}, "num_pictures=-1"),
        ({"clip_norm": 0}, "clip_norm=0"),
        ({"seed": 2**32}, "seed=4294967296"),
        ({"monitor": ""}, "monitor='': expected 'loss' or the name of a metric"),
        ({"training_metrics": "yes"}, "training_metrics='yes': expected true or false"),
        ({"optimiser": "adam", "weight_decay": 0.1}, "weight_decay=0.1, optimiser='adam': only adamw and lion have it"),
        ({"momentum": 0.9}, "momentum=0.9, optimiser='adamw': only sgd has it"),
        ({"optimiser": "sgd", "momentum": 1}, "momentum=1: expected a finite number, at least 0, less than 1"),
        ({"final_fraction": 0.1}, "final_fraction=0.1: a constant learning rate has no other end"),
        ({"schedule": "cosine", "final_fraction": 1.5}, "final_fraction=1.5"),
        ({"schedule": "exponential", "final_fraction": 0}, "an exponential schedule never gets there"),
    ],
)
def test_a_bad_value_is_an_error_that_says_so(given, message):
    with pytest.raises(ArgumentError, match=message):
        TrainingOptions(**given)


def test_options_are_rebuilt_from_json():
    options = TrainingOptions(schedule="cosine", patience=5, clip_norm=1, optimiser="sgd", momentum=0.5)
    assert TrainingOptions(**json.loads(json.dumps(options.to_json()))) == options


def test_the_seed_decides_the_initial_parameters():
    def words(seed):
        return jax.random.key_data(TrainingOptions(seed=seed).rngs().params()).tolist()

    assert words(1) == words(1)
    assert words(1) != words(2)
