"""Keys that would have no effect on a training, refused."""

from __future__ import annotations

from acoupipe_grain.config.flags import COMMAND_LINE
from acoupipe_grain.config.keys import learning
from acoupipe_grain.config.settings import Settings
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.training.experiment import Training

TRAIN, VALIDATION = "train", "val"
_EPOCHS = "TrainingOptions.num_epochs"


def require_effective_keys(settings: Settings, training: Training) -> None:
    """Raise `ArgumentError` if a key has no effect.

    What is learned and how holds in all scopes; epochs, and the order of validation data, are the training's. Files may
    describe tasks and models that are not chosen, and say for other uses how often a loader goes through the data; the
    command line may not.
    """
    owners = learning()
    unused = {*owners} - {"Training", "TrainingOptions", training.task, training.model}
    for key in settings:
        scope, _, unscoped = key.rpartition("/")
        owner = unscoped.partition(".")[0]
        origin = settings.given(key).origin
        if scope and owner in owners:
            raise ArgumentError(
                f"{origin}: {key}: what is trained, and how, holds in all scopes; write {unscoped} instead."
            )
        if owner in unused and origin == COMMAND_LINE:
            raise ArgumentError(
                f"{origin}: --{key}: {training.task} and {training.model} are trained; leave it out, or choose "
                f"{owner} by Training.task or Training.model."
            )
    _require_effective(settings, f"{TRAIN}/make_loader.num_epochs", None, f"say {_EPOCHS}", unless=_EPOCHS)
    _require_effective(settings, f"{VALIDATION}/make_loader.num_epochs", 1, "records are evaluated once")
    _require_effective(settings, f"{VALIDATION}/make_loader.drop_remainder", False, "all records are evaluated")
    _require_effective(settings, f"{VALIDATION}/make_loader.shuffle", False, "records are evaluated in order")


def _require_effective(settings: Settings, key: str, usable: object, remedy: str, unless: str = "") -> None:
    if key not in settings or unless in settings:
        return
    value, origin = settings.given(key)
    if value != usable:
        raise ArgumentError(f"{origin}: {key}: {value!r}: has no effect on a training; {remedy}.")
