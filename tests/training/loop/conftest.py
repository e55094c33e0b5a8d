"""Trainings that take tenths of a second: compiled once for all tests, without plots of their history."""

import pytest

import acoupipe_grain.training.loop as loop

_compiled = {}


def _once(function, key):
    def cached(*arguments):
        name = (function.__name__, key(*arguments))
        if name not in _compiled:
            _compiled[name] = function(*arguments)
        return _compiled[name]

    return cached


def _optimiser_key(options, rates):
    values = (options.optimiser, options.weight_decay, options.momentum, options.clip_norm)
    return (*values, float(rates(0)), float(rates(5)))


def _step_key(definition, task, transformation, placement, with_outputs):
    return definition, task, id(transformation), placement.num_devices, with_outputs


@pytest.fixture(scope="module")
def quick():
    """Compile what is the same once, and leave out the plots of the history."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "optimiser", _once(loop.optimiser, _optimiser_key))
        patch.setattr(loop, "training_step", _once(loop.training_step, _step_key))
        patch.setattr(loop, "forward", _once(loop.forward, lambda definition, task: (definition, task)))
        patch.setattr(loop, "plot_history", lambda *arguments: [])
        yield
