"""HTML put together from tags; whatever is not markup already is escaped where it enters."""

from __future__ import annotations

import html
from collections.abc import Collection, Iterable, Mapping, Sequence

_VOID = ("img", "meta")


class Markup(str):
    """Text that is HTML: it is taken over as it is, where any other text is escaped."""

    __slots__ = ()


def joined(*contents: object) -> Markup:
    """Return markup and texts one after the other, a line each."""
    return Markup("\n".join(_escaped(content) for content in contents))


def tag(name: str, /, *contents: object, **attributes: object) -> Markup:
    """Return an element.

    Parameters
    ----------
    name
        Its name.
    *contents
        Markup, or texts and numbers, which are escaped.
    **attributes
        Its attributes; an underscore at the end is dropped (``class_``), others stand for hyphens.
    """
    listed = "".join(f' {key.rstrip("_").replace("_", "-")}="{_escaped(str(x))}"' for key, x in attributes.items())
    if name in _VOID:
        return Markup(f"<{name}{listed}>")
    return Markup(f"<{name}{listed}>{''.join(map(_escaped, contents))}</{name}>")


def section(heading: str, *contents: object) -> Markup:
    """Return a section with its heading."""
    return tag("section", tag("h2", heading), *contents)


def table(
    caption: str, head: Sequence[str], rows: Iterable[Sequence[object]], *, numbers: Collection[str] = ()
) -> Markup:
    """Return a table whose rows begin with their heading.

    On narrow screens each cell is a line that begins with the heading of its column.

    Parameters
    ----------
    caption
        What it shows.
    head
        Headings of the columns.
    rows
        Contents of the cells, markup or text.
    numbers
        Headings of the columns that are aligned to the right.
    """
    styles: list[dict[str, str]] = [{"class_": "number"} if name in numbers else {} for name in head]
    headings = [tag("th", name, scope="col", **style) for name, style in zip(head, styles, strict=True)]
    lines = []
    for first, *others in rows:
        named = zip(head[1:], others, styles[1:], strict=True)
        cells = [tag("td", cell, data_column=name, **style) for name, cell, style in named]
        lines.append(tag("tr", tag("th", first, scope="row"), *cells))
    content = joined(tag("caption", caption), tag("thead", tag("tr", *headings)), tag("tbody", joined(*lines)))
    return tag("div", tag("table", content), class_="wide", role="region", aria_label=caption, tabindex="0")


def pairs(entries: Mapping[str, object], **attributes: object) -> Markup:
    """Return a list of names and what they stand for."""
    listed = [tag("div", tag("dt", name), tag("dd", value)) for name, value in entries.items()]
    return tag("dl", joined(*listed), **attributes)


def code(text: str) -> Markup:
    """Return a block of code, its lines as they are."""
    return tag("pre", tag("code", text), tabindex="0")


def folded(summary: str, *contents: object) -> Markup:
    """Return contents that are shown on demand."""
    return tag("details", tag("summary", summary), *contents)


def _escaped(content: object) -> str:
    return content if isinstance(content, Markup) else html.escape(str(content))
