"""What is trained on what: a task by name, a model by name, and the network that suits both."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import jax
import numpy as np

from acoupipe_grain import arguments
from acoupipe_grain.array.grid import RectGrid
from acoupipe_grain.errors import ArgumentError, unknown_name
from acoupipe_grain.specs import ArraySpec, ElementSpec, spec_from_json, spec_to_json
from acoupipe_grain.training.models import MODELS
from acoupipe_grain.training.models.checks import require_no_activation
from acoupipe_grain.training.task import Batch
from acoupipe_grain.training.tasks import TASKS

MATRICES = "csmtriu"
PLATFORMS = ("cpu", "gpu", "tpu")


@dataclass(frozen=True, kw_only=True)
class Training:
    """What is trained.

    Parameters
    ----------
    task
        Name of what is learned: "SourceMaps", "SourceSets", "SourceMapsAndSets", "ScattererFrames", "SegmentClasses",
        or that of a registered task.
    model
        Name of what learns: "UNet", "LightUNet", "ResidualCNN", "EigenmodeTransformer", "SegmentCNN", or that of a
        registered model.
    num_devices
        Devices that batches are shared out over, of this process. None: all there are.
    platform
        Kind of the devices: "cpu", "gpu" or "tpu". None: JAX's default one.

    Raises
    ------
    ArgumentError
        If a name is unknown, or there are no such devices, or not so many.
    """

    task: str = "SourceMaps"
    model: str = "UNet"
    num_devices: int | None = None
    platform: Literal["cpu", "gpu", "tpu"] | None = None

    def __post_init__(self) -> None:
        for name, known in (("task", TASKS), ("model", MODELS)):
            if getattr(self, name) not in known:
                raise unknown_name(name, getattr(self, name), known)
        if self.num_devices is not None:
            arguments.integer("num_devices", self.num_devices, minimum=1)
        if self.platform is not None:
            arguments.choice("platform", self.platform, PLATFORMS)

    def devices(self) -> list[jax.Device]:
        """Return the devices."""
        try:
            there = jax.local_devices(backend=self.platform)
        except RuntimeError as error:
            raise ArgumentError(
                f"platform={self.platform!r}: JAX has none here, but {jax.default_backend()} ({error})."
            ) from error
        if self.num_devices is not None and self.num_devices > len(there):
            raise ArgumentError(
                f"num_devices={self.num_devices}: there are {len(there)}, {there[0].platform}; use fewer."
            )
        return there[: self.num_devices]


def batch_spec(
    batch: Batch, spec: ElementSpec, pad_to: Sequence[int] | Mapping[str, Sequence[int]] | None = None
) -> dict[str, ArraySpec]:
    """Return what batches hold of each item, transforms applied.

    Parameters
    ----------
    batch
        Any batch.
    spec
        Of the source's elements: names of axes that are still there, and which of them differ in length.
    pad_to
        Of the loader: axes that are padded to a single length differ no more.
    """
    found = {}
    for name, array in batch.items():
        shape: tuple[int | None, ...] = np.shape(array)[1:]
        known = spec.get(name)
        if known is None or len(known.axes) != len(shape):
            found[name] = ArraySpec(shape, np.dtype(array.dtype).name, ("",) * len(shape))
            continue
        sizes = zip(shape, known.shape, known.axes, strict=True)
        shape = tuple(size if old is not None or _is_fixed(axis, pad_to) else None for size, old, axis in sizes)
        found[name] = ArraySpec(shape, np.dtype(array.dtype).name, known.axes, known.unit)
    return found


def _is_fixed(axis: str, pad_to: Sequence[int] | Mapping[str, Sequence[int]] | None) -> bool:
    lengths = pad_to.get(axis) if isinstance(pad_to, Mapping) else pad_to
    return lengths is not None and len(lengths) == 1


def first_batch(name: str, loader: Iterable[Batch]) -> Batch:
    """Return the first batch of a loader, or raise `ArgumentError` if there is none."""
    iterator: Any = iter(loader)
    try:
        return next(iterator)
    except StopIteration:
        raise ArgumentError(f"{name}: the loader gives no batch; give it records.") from None
    finally:
        iterator.close()


def network_for(model: Any, task: Any, spec: ElementSpec, rngs: Any) -> Any:
    """Return the network of a model for a task.

    Parameters
    ----------
    model
        Options of the model.
    task
        What is learned.
    spec
        What batches hold of each item.
    rngs
        `flax.nnx.Rngs` of initial values and dropout.

    Raises
    ------
    ArgumentError
        If they do not suit each other, or the network cannot take what the task gives, or gives something else than
        the task takes.
    """
    inputs, outputs = task.input_shape(spec), task.output_shape(spec)
    if getattr(model, "output", None) == "map" and not isinstance(outputs, Mapping):
        outputs = {"map": outputs}
    try:
        require_no_activation(model, task)
        _require_input_kind(model, task)
        network = model.build(inputs, outputs, rngs=rngs)
        _require_outputs(network, inputs, outputs)
        return network
    except ArgumentError as error:
        raise ArgumentError(f"model {type(model).__name__} for task {type(task).__name__}: {error}") from error


def _require_outputs(network: Any, inputs: Any, outputs: Any) -> None:
    """Raise `ArgumentError` if the network cannot be called with a batch, or does not give what it should."""
    from flax import nnx

    graph, state = nnx.split(network)
    batch, wanted = (
        jax.tree.map(lambda item: jax.ShapeDtypeStruct((2, *item.shape), item.dtype), tree)
        for tree in (inputs, outputs)
    )
    try:
        given = jax.eval_shape(lambda state, batch: nnx.merge(graph, state)(batch), state, batch)
    except Exception as error:  # whatever a user's model raises
        raise ArgumentError(f"cannot take a batch of shape {_shapes_of(batch)}: {error}") from error
    found, expected = _shapes_of(given), _shapes_of(wanted)
    if found != expected:
        raise ArgumentError(
            f"gives {found} for a batch of 2 items, {_shapes_of(batch)}; the task takes {expected}. Build it for the "
            "`outputs` that it is told."
        )


def _shapes_of(tree: Any) -> Any:
    return jax.tree.map(lambda item: tuple(item.shape), tree)


def _require_input_kind(model: Any, task: Any) -> None:
    """Raise `ArgumentError` if a model that gives maps takes what it is given for something else."""
    kind, feature = getattr(model, "input_kind", None), getattr(task, "feature", None)
    if kind is None or feature is None or model.output == "sources":
        return
    expected = "csm" if feature == MATRICES else "map"
    if kind != expected:
        raise ArgumentError(f"input_kind={kind!r}: the task gives {feature!r}; use {expected!r}.")


def described(model: Any, task: Any, spec: ElementSpec) -> dict[str, Any]:
    """Return the JSON mapping that `rebuilt` makes model, task and the specification of batches' items of."""
    return {"model": _described(model), "task": _described(task), "elements": spec_to_json(spec)}


def rebuilt(configuration: Mapping[str, Any]) -> tuple[Any, Any, dict[str, ArraySpec]]:
    """Return the options of a model, a task, and what batches held of each item, as `described` told them.

    Raises
    ------
    ArgumentError
        If they were not told, or a class is not known here.
    """
    if missing := [name for name in ("model", "task", "elements") if name not in configuration]:
        raise ArgumentError(
            f"configuration: says nothing of {', '.join(missing)}; use trainings of `acoupipe-grain train` or of "
            "acoupipe_grain.config.training."
        )
    found = []
    for name, known in (("model", MODELS), ("task", TASKS)):
        given = configuration[name]
        if given["class"] not in known:
            raise unknown_name(name, given["class"], known)
        values = dict(given["options"])
        if values.get("grid") is not None:
            values["grid"] = RectGrid(**values["grid"])
        found.append(known[given["class"]](**values))
    return found[0], found[1], spec_from_json(configuration["elements"])


def _described(options: Any) -> dict[str, Any]:
    values = asdict(options)
    if "grid" in values and options.grid is not None:
        values["grid"] = options.grid.to_json()
    return {"class": type(options).__name__, "options": values}
