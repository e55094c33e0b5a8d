"""Trainings from configured values: sources of two scopes, task, model and options, brought together."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax

from acoupipe_grain.config.factories import arguments_for, build, call, owners_used, source_name, values_for
from acoupipe_grain.config.keys import OF_RECORDS, STORED
from acoupipe_grain.config.settings import Settings, as_settings
from acoupipe_grain.config.training_keys import TRAIN, VALIDATION, require_effective_keys
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.pipeline import make_loader
from acoupipe_grain.specs import ArraySpec
from acoupipe_grain.training.experiment import batch_spec, described, first_batch, network_for
from acoupipe_grain.training.options import TrainingOptions

SCOPES = (TRAIN, VALIDATION)
USABLE = (*OF_RECORDS, *STORED)
_BATCH_SIZE: int = inspect.signature(make_loader).parameters["batch_size"].default


@dataclass(frozen=True)
class PreparedTraining:
    """A training whose data, task and model suit each other.

    Attributes
    ----------
    network
        The model.
    task
        What is learned.
    train, validation
        Loaders of batches; the former never ends.
    options
        How to train.
    folder
        Where.
    configuration
        What identifies it, besides.
    devices
        Those that batches are shared out over.
    owners
        The classes and functions whose keys say all this.
    """

    network: Any
    task: Any
    train: Any
    validation: Any
    options: TrainingOptions
    folder: Path
    configuration: Mapping[str, Any]
    devices: Sequence[jax.Device]
    owners: Sequence[str]

    def fit(self, *, progress: bool = True) -> Any:
        """Train, or go on with it, and return the `Result`; see `acoupipe_grain.training.loop.fit`."""
        from acoupipe_grain.training.loop import fit  # needs the packages of the extra "train"

        return fit(
            self.network,
            self.task,
            self.train,
            self.validation,
            self.options,
            self.folder,
            configuration=self.configuration,
            devices=self.devices,
            progress=progress,
        )


def train(
    arguments: Mapping[str, Any], folder: str | Path, *, init: str | Path | None = None, progress: bool = True
) -> Any:
    """Train the model that keys describe, or go on with it, and return the `Result`.

    Arguments and errors are those of `prepare`.

    Parameters
    ----------
    progress
        Whether to show progress on the terminal.
    """
    return prepare(arguments, folder, init=init).fit(progress=progress)


def prepare(arguments: Mapping[str, Any], folder: str | Path, *, init: str | Path | None = None) -> PreparedTraining:
    """Return the training that keys describe.

    Keys of the scopes "train" and "val" are those of the two sources and their loaders; keys without scope hold in
    both. Batches of training never end; those of validation come in order, each record once.

    Parameters
    ----------
    arguments
        Values by key, as from `load_arguments`.
    folder
        Folder of the training, see `acoupipe_grain.training.loop.fit`.
    init
        Folder of another training, whose best parameters it begins with. None: random ones. Of a training that goes on
        it is not read again.

    Raises
    ------
    ArgumentError
        If a value cannot be used or has no effect, or data, task and model do not suit each other.
    TrainingError
        If `init` holds no training of such a model.
    """
    settings = as_settings(arguments)
    if VALIDATION not in settings.scopes:
        raise ArgumentError(
            "configuration: no key begins with 'val/'; say what the source of validation has of its own, such as "
            "val/SyntheticSource.split: validation."
        )
    experiment, options = call("Training", settings), call("TrainingOptions", settings)
    require_effective_keys(settings, experiment)
    # Imported here: they need the packages of the extra "train".
    from acoupipe_grain.training.checkpoints import has_checkpoint
    from acoupipe_grain.training.initialisation import init_from

    devices = experiment.devices()
    scopes = {TRAIN: TRAIN if TRAIN in settings.scopes else "", VALIDATION: VALIDATION}
    names = {role: source_name(settings, scope, USABLE) for role, scope in scopes.items()}
    sources = {role: build(names[role], settings, scope) for role, scope in scopes.items()}
    loading = {role: arguments_for("make_loader", settings, scope) for role, scope in scopes.items()}
    train_loader, validation_loader = _loaders(sources, loading, devices)
    specs = {role: _spec(role, sources[role], loading[role]) for role in SCOPES}
    task = _task(experiment.task, settings, sources, specs)
    model = call(experiment.model, settings)
    options = _with_steps(options, sources[TRAIN], loading[TRAIN])
    network = network_for(model, task, specs[TRAIN], options.rngs())
    configuration = {
        **described(model, task, specs[TRAIN]),
        "sources": {role: source.configuration for role, source in sources.items()},
        "transforms": {role: _transforms(settings, scope) for role, scope in scopes.items()},
    }
    if init is not None:
        configuration["init"] = str(Path(init).resolve())
        if not has_checkpoint(Path(folder)):
            init_from(network, init)
            network.train()
    owners = {owner for role, scope in scopes.items() for owner in owners_used(names[role], settings, scope)}
    return PreparedTraining(
        network,
        task,
        train_loader,
        validation_loader,
        options,
        Path(folder),
        configuration,
        devices,
        (*owners, "make_loader", "Training", "TrainingOptions", experiment.task, experiment.model),
    )


def _loaders(
    sources: Mapping[str, Any], loading: Mapping[str, Mapping[str, Any]], devices: Sequence[jax.Device]
) -> tuple[Any, Any]:
    """Return the loader of training, whose batches go to the devices ahead of time, and that of validation."""
    from acoupipe_grain.training.placement import Placement

    placement, source, given = Placement(devices), sources[TRAIN], loading[TRAIN]
    batch_size = given.get("batch_size", _BATCH_SIZE)
    placement.require_divisible(batch_size)
    if not given.get("drop_remainder", True):
        placement.require_divisible(len(source) % batch_size)
    train_loader = make_loader(source, **{**given, "num_epochs": None, "device": placement.shared_out})
    whole = {"shuffle": False, "num_epochs": 1, "drop_remainder": False}
    return train_loader, make_loader(sources[VALIDATION], **{**loading[VALIDATION], **whole})


def _spec(role: str, source: Any, loading: Mapping[str, Any]) -> dict[str, ArraySpec]:
    """Return what batches hold of each item, transforms applied: of one batch that is made for it in this process."""
    few = {**loading, "num_workers": 0, "num_epochs": 1, "drop_remainder": False}
    return batch_spec(first_batch(role, make_loader(source, **few)), source.element_spec, loading.get("pad_to"))


def _task(
    name: str, settings: Settings, sources: Mapping[str, Any], specs: Mapping[str, Mapping[str, ArraySpec]]
) -> Any:
    """Return the task, which has to be the same for training and validation."""
    tasks = {}
    for role in SCOPES:
        try:
            tasks[role] = call(name, settings).for_source(sources[role], specs[role])
        except ArgumentError as error:
            raise ArgumentError(f"{role}: {error}") from error
    train, validation = (tasks[role] for role in SCOPES)
    if train != validation:
        raise ArgumentError(
            f"task {name}: differs between the sources of {TRAIN} and {VALIDATION}, which need the same grid and "
            f"classes: {train} and {validation}."
        )
    for shape_of in (train.input_shape, train.output_shape):
        shapes = [shape_of(specs[role]) for role in SCOPES]
        if shapes[0] != shapes[1]:
            raise ArgumentError(
                f"task {name}: elements of {TRAIN} and {VALIDATION} differ, {shapes[0]} and {shapes[1]}; give both "
                "the same frequencies, sizes and transforms."
            )
    return train


def _transforms(settings: Settings, scope: str) -> list[Any]:
    """Return the transforms of a loader as they were given, which its checkpoints do not compare."""
    return list(values_for("make_loader", settings, scope).get("transforms") or [])


def _with_steps(options: TrainingOptions, source: Any, loading: Mapping[str, Any]) -> TrainingOptions:
    """Return options that say how long an epoch is: a pass over the source if nothing else is said."""
    if options.steps_per_epoch is not None:
        return options
    batch_size = loading.get("batch_size", _BATCH_SIZE)
    index, count = loading.get("shard") or (0, 1)
    num_records = len(range(index, len(source), count))
    whole = num_records // batch_size
    num_steps = whole if loading.get("drop_remainder", True) else -(-num_records // batch_size)
    return type(options)(**{**options.to_json(), "steps_per_epoch": max(1, num_steps)})
