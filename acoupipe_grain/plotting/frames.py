"""Pictures of imaging frames: data and labels with the positions of scatterers, still or as an animation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.specs import DataSource, Element, ElementSpec

NEEDED = ("data", "label")
FRAMES_PER_SECOND = 6
MAX_SHOWN_FRAMES = 3


def shows_frames(spec: ElementSpec) -> bool:
    """Return whether elements have what `preview_frames` and `animate_frames` draw."""
    return all(name in spec and len(spec[name].shape) in (2, 3) for name in NEEDED)


def preview_frames(source: DataSource, path: str | Path, indices: Sequence[int] = (0, 1, 2)) -> None:
    """Draw data and labels of records as a PNG file, a row for each record.

    Of moving ones the first, middle and last frame of the data are drawn with the scatterers' paths, and the label of
    all frames: its maximum. Crosses are scatterers on the frame.

    Parameters
    ----------
    source
        A source whose elements have data and label, (x, y) or (x, y, frame); and ``positions`` and ``mask``, if any.
    path
        The file to write, ending in .png.
    indices
        Records to draw, at least one.

    Raises
    ------
    ArgumentError
        If the file's name ends otherwise, the elements lack what is drawn, or no record is asked for.
    """
    _require(source, path, ".png")
    if not len(indices):
        raise ArgumentError(f"indices={indices!r}: expected at least one record.")
    from matplotlib.figure import Figure

    elements = [source[index] for index in indices]
    shown = _shown_frames(elements[0])
    figure = Figure(figsize=(3.1 * (len(shown) + 1), 3.1 * len(elements)), layout="constrained")
    axes = figure.subplots(len(elements), len(shown) + 1, squeeze=False)
    for row, index, element in zip(axes, indices, elements, strict=True):
        data, label = _with_frames(element["data"]), _with_frames(element["label"])
        for axis, number in zip(row, shown, strict=False):
            _draw_image(axis, data[..., number], data.max())
            _draw_paths(axis, element)
            _marks(axis, element, number)
            axis.set_title(f"record {index}: data" + (f", frame {number}" if data.shape[-1] > 1 else ""))
        _draw_image(row[-1], label.max(axis=-1), 1.0)
        row[-1].set_title("label" + (" of all frames" if label.shape[-1] > 1 else ""))
    figure.savefig(path, dpi=90, metadata={"Software": None})


def animate_frames(source: DataSource, path: str | Path, index: int) -> None:
    """Draw all frames of a record, data beside label, as a GIF file.

    Parameters
    ----------
    source
        As for `preview_frames`, with an axis of frames.
    path
        The file to write, ending in .gif.
    index
        The record to draw.

    Raises
    ------
    ArgumentError
        If the file's name ends otherwise, or the elements lack what is drawn.
    """
    _require(source, path, ".gif")
    if len(source.element_spec["data"].shape) != 3:
        raise ArgumentError("an animation needs frames, and data have none: give num_frames, or draw a .png.")
    from matplotlib.animation import FuncAnimation, PillowWriter
    from matplotlib.figure import Figure

    element = source[index]
    data, label = _with_frames(element["data"]), _with_frames(element["label"])
    figure = Figure(figsize=(6.4, 3.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    images = [_draw_image(left, data[..., 0], data.max()), _draw_image(right, label[..., 0], 1.0)]
    right.set_title("label")
    (marks,) = left.plot([], [], "+", color="crimson", markersize=9)

    def draw(number: int) -> list[Any]:
        images[0].set_data(data[..., number].T)
        images[1].set_data(label[..., min(number, label.shape[-1] - 1)].T)
        marks.set_data(*_positions(element, number))
        left.set_title(f"record {index}: frame {number}")
        return [*images, marks]

    animation = FuncAnimation(figure, draw, frames=data.shape[-1], blit=False)
    animation.save(path, writer=PillowWriter(fps=FRAMES_PER_SECOND), dpi=80)


def _require(source: DataSource, path: str | Path, suffix: str) -> None:
    if Path(path).suffix != suffix:
        raise ArgumentError(f"path={str(path)!r}: expected a name ending in {suffix}.")
    if not shows_frames(source.element_spec):
        raise ArgumentError(
            f"a picture of frames needs {' and '.join(NEEDED)}, (x, y) or (x, y, frame); the elements have "
            f"{', '.join(source.element_spec)}."
        )


def _with_frames(image: np.ndarray) -> Float[np.ndarray, "x y frame"]:
    return image if image.ndim == 3 else image[..., np.newaxis]


def _shown_frames(element: Element) -> list[int]:
    num_frames = _with_frames(element["data"]).shape[-1]
    return sorted({round(number) for number in np.linspace(0, num_frames - 1, MAX_SHOWN_FRAMES)})


def _draw_image(axis: Any, image: Float[np.ndarray, "x y"], highest: float) -> Any:
    axis.set(xlabel="x / px", ylabel="y / px")
    return axis.imshow(image.T, origin="lower", vmin=0, vmax=max(float(highest), 1e-9))


def _positions(element: Element, number: int) -> Float[np.ndarray, "2 scatterer"]:
    """Return where scatterers on the frame are, in a frame."""
    if "positions" not in element or "mask" not in element:
        return np.zeros((2, 0))
    positions, mask = element["positions"], element["mask"]
    return positions[..., number][:, mask[..., number]] if positions.ndim == 3 else positions[:, mask]


def _marks(axis: Any, element: Element, number: int) -> None:
    axis.plot(*_positions(element, number), "+", color="crimson", markersize=9)


def _draw_paths(axis: Any, element: Element) -> None:
    if "positions" not in element or element["positions"].ndim != 3:
        return
    size = element["data"].shape[:2]
    for path in np.moveaxis(element["positions"], 1, 0):
        axis.plot(*path, color="white", linewidth=0.8, alpha=0.5)
    axis.set(xlim=(-0.5, size[0] - 0.5), ylim=(-0.5, size[1] - 0.5))
