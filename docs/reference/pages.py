"""The pages of the reference, in order, and their Markdown."""

from __future__ import annotations

from collections.abc import Callable

from . import drawings, markdown
from .entries import Entry, Page, operations, rooms
from .markdown import docstring, plain, summary

SECTIONS = ("Tensors", "Operations", "Automatic differentiation", "Layers", "Training", "Files", "Images", "Checks", drawings.SECTION)


def pages() -> list[Page]:
    """All pages, in the order of the navigation."""
    found = sorted([*operations(), *rooms()], key=lambda p: (SECTIONS.index(p.section), p.section != "Operations", p.title.lower()))
    return [*found, *drawings.drawings()]


def page(p: Page, picture: Callable[[str], str] = lambda method: "") -> str:
    """A page: its title, what the file says of itself, a table of what is on it, the entries. `picture`: Markdown for the name of a
    figure's method."""
    rows = [f"| [`{e.names[0]}`](#{e.anchor}) | {plain(summary(e.value))} |" for e in p.entries]
    table = "\n".join(["| Name | What it is |", "|---|---|", *rows])
    described = [_entry(e, picture) for e in p.entries]
    return "\n\n".join([f"# {plain(p.title)}", docstring(p.intro), table, *described]) + "\n"


def _entry(e: Entry, picture: Callable[[str], str]) -> str:
    method = e.name.removeprefix("draw").removeprefix(".")
    if drawings.methods().get(method) is e.value:
        return drawings.entry(e, picture(method))
    return markdown.entry(e)
