"""Drawings as pictures within a page: SVG, the same bytes for the same drawing."""

from __future__ import annotations

import base64
import io
import warnings
from collections.abc import Callable
from typing import Any

from acoupipe_grain.plotting.card.markup import Markup, tag

_DOTS_PER_INCH = 96  # of CSS

_STYLE: dict[str, Any] = {
    "axes.edgecolor": "#59646e",
    "axes.titlesize": 10.5,
    "font.size": 10.0,
    "image.interpolation": "none",  # the points of a map as they are, not resampled
    "svg.hashsalt": "acoupipe_grain",
    "text.parse_math": False,  # names of users are no formulas
}


def picture(
    draw: Callable[[Any, Any], object], *, alt: str, caption: object, size: tuple[float, float] = (4.4, 3.3)
) -> Markup:
    """Return a figure with a picture and its caption.

    Parameters
    ----------
    draw
        Called with a Matplotlib figure and its axes.
    alt
        What the picture shows, for those who do not see it.
    caption
        What stands below it.
    size
        Width and height, inches.
    """
    import matplotlib.style
    from matplotlib.figure import Figure

    buffer = io.BytesIO()
    with matplotlib.style.context(["default", _STYLE]), warnings.catch_warnings():  # not the user's own style
        warnings.filterwarnings("ignore", "Glyph .* missing", UserWarning)  # names may be in any script
        figure = Figure(figsize=size, layout="constrained")
        draw(figure, figure.subplots())
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    source = "data:image/svg+xml;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
    width, height = (round(length * _DOTS_PER_INCH) for length in size)
    image = tag("img", src=source, alt=alt, width=width, height=height)
    return tag("figure", image, tag("figcaption", caption))
