"""How a model is trained: optimiser, schedule, length, checkpoints, what is monitored."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias

from acoupipe_grain import arguments
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.extras import import_extra

Optimiser: TypeAlias = Literal["adamw", "adam", "sgd", "lion"]
Schedule: TypeAlias = Literal["constant", "cosine", "linear", "exponential"]
OPTIMISERS = ("adamw", "adam", "sgd", "lion")
SCHEDULES = ("constant", "cosine", "linear", "exponential")
DECAYS_WEIGHTS = ("adamw", "lion")
MAX_SEED = 2**32 - 1
LOSS = "loss"
"""What the loss is called beside the metrics."""


@dataclass(frozen=True, kw_only=True)
class TrainingOptions:
    """How a model is trained.

    Parameters
    ----------
    optimiser
        "adamw" (Loshchilov and Hutter 2019), "adam" (Kingma and Ba 2015), "sgd" or "lion" (Chen et al. 2023), as in
        Optax.
    learning_rate
        Highest learning rate, greater than 0.
    schedule
        What becomes of it after `warmup_steps`, to the last step of the last epoch: "constant", "cosine", "linear" or
        "exponential".
    final_fraction
        Where a schedule ends, as a fraction of `learning_rate`, 0 ... 1; "exponential": above 0. None: 0.01.
    warmup_steps
        Steps in which the learning rate rises linearly to its highest.
    weight_decay
        Fraction of a weight that is taken off it in each step, times the learning rate; of "adamw" and "lion" only, and
        of parameters with at least two axes, so neither of biases nor of scales. None: 0.0001 of "adamw", 0.001 of
        "lion".
    momentum
        Of "sgd" only, 0 ... 1. None: without.
    clip_norm
        Greatest norm of the gradient of all parameters together; greater ones are scaled down to it. None: no limit.
    num_epochs
        Epochs at most.
    steps_per_epoch
        Steps of an epoch, of a stream of batches that does not end: a loader with ``num_epochs=None``. None: an epoch
        is a pass over the loader, in the same order each time.
    checkpoint_every
        Steps between checkpoints within an epoch. None: only at the end of each epoch.
    keep
        How many of the latest checkpoints are kept, at least 1. The best is kept in any case.
    patience
        Training stops once so many epochs together were no better than the best before. None: never.
    monitor
        What says how good an epoch is, on the validation data: "loss", or the name of a metric.
    seed
        Seed of `rngs`: of a model's initial parameters and of its dropout, 0 ... 2**32 − 1.
    num_pictures
        How many items of the validation data are drawn at the end, if the task can draw them.
    log_every
        Steps between two lines in the log within an epoch. None: only at the end of each epoch.
    training_metrics
        Whether the metrics are computed of the training batches too, of the outputs before each step. They are computed
        on the host, which takes time in each step.

    Raises
    ------
    ArgumentError
        If a value has the wrong type or range, or would have no effect.
    """

    optimiser: Optimiser = "adamw"
    learning_rate: float = 1e-3
    schedule: Schedule = "constant"
    final_fraction: float | None = None
    warmup_steps: int = 0
    weight_decay: float | None = None
    momentum: float | None = None
    clip_norm: float | None = None
    num_epochs: int = 10
    steps_per_epoch: int | None = None
    checkpoint_every: int | None = None
    keep: int = 2
    patience: int | None = None
    monitor: str = LOSS
    seed: int = 0
    num_pictures: int = 4
    log_every: int | None = 50
    training_metrics: bool = False

    def __post_init__(self) -> None:
        for name in ("steps_per_epoch", "checkpoint_every", "patience", "log_every"):
            if getattr(self, name) is not None:
                self._set(name, arguments.integer(name, getattr(self, name), minimum=1))
        for name, minimum in (("num_epochs", 1), ("keep", 1), ("warmup_steps", 0), ("num_pictures", 0)):
            self._set(name, arguments.integer(name, getattr(self, name), minimum=minimum))
        arguments.choice("optimiser", self.optimiser, OPTIMISERS)
        arguments.choice("schedule", self.schedule, SCHEDULES)
        self._set("learning_rate", arguments.number("learning_rate", self.learning_rate, above=0))
        self._set("seed", arguments.integer("seed", self.seed, minimum=0, maximum=MAX_SEED))
        self._set("training_metrics", arguments.flag("training_metrics", self.training_metrics))
        if self.clip_norm is not None:
            self._set("clip_norm", arguments.number("clip_norm", self.clip_norm, above=0))
        if not isinstance(self.monitor, str) or not self.monitor:
            raise ArgumentError(f"monitor={self.monitor!r}: expected {LOSS!r} or the name of a metric.")
        self._check_final_fraction()
        self._check_of_optimiser("weight_decay", DECAYS_WEIGHTS)
        self._check_of_optimiser("momentum", ("sgd",))

    def _set(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)

    def _check_final_fraction(self) -> None:
        if self.final_fraction is None:
            return
        if self.schedule == "constant":
            raise ArgumentError(
                f"final_fraction={self.final_fraction!r}: a constant learning rate has no other end; choose a schedule "
                "or leave it out."
            )
        fraction = arguments.number("final_fraction", self.final_fraction, minimum=0, maximum=1)
        if self.schedule == "exponential" and fraction == 0:
            raise ArgumentError("final_fraction=0: an exponential schedule never gets there; give one above 0.")
        self._set("final_fraction", fraction)

    def _check_of_optimiser(self, name: str, optimisers: tuple[str, ...]) -> None:
        if (value := getattr(self, name)) is None:
            return
        if self.optimiser not in optimisers:
            raise ArgumentError(
                f"{name}={value!r}, optimiser={self.optimiser!r}: only {' and '.join(optimisers)} "
                f"{'have' if len(optimisers) > 1 else 'has'} it; choose another optimiser or leave it out."
            )
        below = 1 if name == "momentum" else None
        self._set(name, arguments.number(name, value, minimum=0, below=below))

    def rngs(self) -> Any:
        """Return the `flax.nnx.Rngs` of the seed, for a model's parameters and dropout."""
        return import_extra("flax.nnx", "train", "Models").Rngs(self.seed)

    def to_json(self) -> dict[str, Any]:
        """Return the options as a JSON mapping."""
        return asdict(self)
