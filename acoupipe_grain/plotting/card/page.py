"""The page around a data-set card: head, style and the order of reading."""

from __future__ import annotations

from acoupipe_grain.plotting.card.markup import Markup, joined, tag

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""Nothing is loaded from anywhere and no script runs, whatever the texts of a data set may be."""

_STYLE = """
:root { color-scheme: light; --ink: #1d242b; --soft: #59646e; --line: #dde3e8; --pale: #f5f7f9; --blue: #1f5a86; }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0 auto; max-width: 64rem; padding: 2.5rem 1.25rem 4rem; color: var(--ink); background: #fff;
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
h1 { margin: 0 0 .5rem; font-size: 1.9rem; line-height: 1.2; overflow-wrap: anywhere; }
h2 { margin: 3rem 0 .75rem; padding-bottom: .3rem; border-bottom: 1px solid var(--line); font-size: 1.25rem; }
p { margin: .5rem 0; max-width: 46rem; overflow-wrap: anywhere; }
.lead { font-size: 1.1rem; }
.said { white-space: pre-line; }
.soft, caption, figcaption, summary { color: var(--soft); font-size: .9rem; }
dl { margin: 1rem 0; }
dl div { padding: .3rem 0; }
dt { color: var(--soft); font-size: .85rem; }
dd { margin: 0; overflow-wrap: anywhere; white-space: pre-line; }
dl:not(.glance) div { display: grid; grid-template-columns: minmax(5.5rem, 9rem) 1fr; }
dl:not(.glance) dt { overflow-wrap: anywhere; padding-right: 1rem; }
dl.glance { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr)); gap: .25rem 1.25rem;
  padding: .6rem 1rem; background: var(--pale); border-radius: .4rem; }
dl.glance dd { font-weight: 600; }
.wide { margin: 1rem 0; overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; font-variant-numeric: tabular-nums; }
caption { padding-bottom: .4rem; text-align: left; }
th, td { padding: .35rem .9rem .35rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
th:last-child, td:last-child { padding-right: 0; }
thead th { color: var(--soft); font-size: .85rem; font-weight: 500; white-space: nowrap; }
tbody th { font-weight: 500; }
td, tbody th { overflow-wrap: break-word; }
td:has(> .soft) { width: 50%; }
.number { text-align: right; white-space: nowrap; }
code, .digest { font: .88em/1.5 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
.digest { overflow-wrap: anywhere; }
pre { margin: .75rem 0; padding: .8rem 1rem; overflow: auto; max-height: 30rem; background: var(--pale);
  border-radius: .4rem; }
.pictures { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 18rem), 1fr)); gap: 1.5rem;
  margin: 1rem 0; }
figure { margin: 0; }
.beside figure { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem 1.5rem; }
.beside figcaption { flex: 1 1 16rem; max-width: 30rem; }
.two { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 18rem), 1fr)); gap: 0 2.5rem; }
img { display: block; max-width: 100%; height: auto; }
summary { cursor: pointer; color: var(--blue); }
@media screen and (max-width: 40rem) { body { padding: 1.5rem 1rem 3rem; } h1 { font-size: 1.5rem; }
  table, caption, tbody, tr, th, td, td:has(> .soft) { display: block; width: auto; } thead { display: none; }
  tr { padding: .45rem 0; border-bottom: 1px solid var(--line); } td:empty { display: none; }
  tbody th, td { padding: .1rem 0; border: 0; overflow-wrap: anywhere; }
  td, td.number { position: relative; padding-left: 5.5rem; text-align: left; white-space: normal; }
  td::before { content: attr(data-column); position: absolute; left: 0; color: var(--soft); font-size: .85rem; } }
@media print { body { max-width: none; padding: 0; font-size: 10pt; } h2 { margin-top: 1.6rem; }
  h2, caption { break-after: avoid; } tr, figure, pre { break-inside: avoid; }
  pre { max-height: none; white-space: pre-wrap; }
  .wide { overflow: visible; } .pictures { grid-template-columns: repeat(2, 1fr); }
  dl.glance, pre { border: 1px solid var(--line); } }
"""


def page(title: str, *contents: object) -> str:
    """Return a whole page that needs nothing else: no script, no file, no network.

    Parameters
    ----------
    title
        The page's title, escaped here.
    *contents
        Its contents in order.
    """
    head = joined(
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", title),
        tag("style", Markup(_STYLE)),
    )
    body = tag("body", tag("main", joined(*contents)))
    return f"<!DOCTYPE html>\n{tag('html', joined(tag('head', head), body), lang='en')}\n"
