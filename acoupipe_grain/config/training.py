"""Trainings from configured values: sources of two scopes, task, model and options, brought together."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from acoupipe_grain.config.factories import arguments_for, build, call, source_name
from acoupipe_grain.config.keys import OF_RECORDS, STORED
from acoupipe_grain.config.settings import as_settings
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.pipeline import make_loader
from acoupipe_grain.training.experiment import batch_spec, described, first_batch, network_for
from acoupipe_grain.training.options import TrainingOptions

TRAIN, VALIDATION = "train", "val"
USABLE = (*OF_RECORDS, *STORED)


def train(
    arguments: Mapping[str, Any], folder: str | Path, *, init: str | Path | None = None, progress: bool = True
) -> Any:
    """Train the model that keys describe, or go on with it, and return the `Result`.

    Keys of the scopes "train" and "val" are those of the two sources and their loaders; keys without scope hold in
    both. Batches of training never end; those of validation come in order, each record once.

    Parameters
    ----------
    arguments
        Values by key, as from `load_arguments`.
    folder
        Folder of the training, see `acoupipe_grain.training.loop.fit`.
    init
        Folder of another training, whose best parameters it begins with. None: random ones.
    progress
        Whether to show progress on the terminal.

    Raises
    ------
    ArgumentError
        If a value cannot be used, or data, task and model do not suit each other; before the first step.
    """
    settings = as_settings(arguments)
    if VALIDATION not in settings.scopes:
        raise ArgumentError(
            "configuration: no key begins with 'val/'; say what the source of validation has of its own, such as "
            "val/SyntheticSource.split: validation."
        )
    experiment, options = call("Training", settings), call("TrainingOptions", settings)
    scope = TRAIN if TRAIN in settings.scopes else ""
    sources = {name: build(source_name(settings, name, USABLE), settings, name) for name in (scope, VALIDATION)}
    source, validation = sources[scope], sources[VALIDATION]
    # Imported here: they need the packages of the extra "train".
    from acoupipe_grain.training.initialisation import init_from
    from acoupipe_grain.training.loop import fit
    from acoupipe_grain.training.placement import data_sharding

    devices = experiment.devices()
    loading = arguments_for("make_loader", settings, scope)
    options = _with_steps(options, source, loading)
    train_loader = make_loader(source, **{**loading, "num_epochs": None, "device": data_sharding(devices)})
    val_loading = {"drop_remainder": False, **arguments_for("make_loader", settings, VALIDATION)}
    val_loader = make_loader(validation, **{**val_loading, "shuffle": False, "num_epochs": 1})
    spec = batch_spec(first_batch(VALIDATION, val_loader), validation.element_spec)
    task = call(experiment.task, settings).for_source(validation, spec)
    model = call(experiment.model, settings)
    network = network_for(model, task, spec, options.rngs())
    configuration = {
        **described(model, task),
        "sources": {TRAIN: source.configuration, VALIDATION: validation.configuration},
    }
    if init is not None:
        init_from(network, init)
        network.train()
        configuration["init"] = str(init)
    return fit(
        network,
        task,
        train_loader,
        val_loader,
        options,
        folder,
        configuration=configuration,
        devices=devices,
        progress=progress,
    )


def _with_steps(options: TrainingOptions, source: Any, loading: Mapping[str, Any]) -> TrainingOptions:
    """Return options that say how long an epoch is: a pass over the source if nothing else is said."""
    if options.steps_per_epoch is not None:
        return options
    batch_size = loading.get("batch_size", 32)
    return type(options)(**{**options.to_json(), "steps_per_epoch": max(1, len(source) // batch_size)})
