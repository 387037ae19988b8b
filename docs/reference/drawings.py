"""`draw` in the reference: a page for each group of figures; every method with all its options and, on the site, a picture."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any

from autograd_cnn.drawing import Draw, Drawing, Frames
from autograd_cnn.drawing.canvas.figures import figures

from .entries import Entry, Page
from .markdown import docstring, folded, listed, plain, signature

SECTION = "Drawings"
ROOM = f"{Drawing.__module__.split('.')[0]}.drawing."
PAGES = (  # name, title, what stands there; files or folders of the room whose figures these are: the nearest counts
    ("graphs", "Graphs", "The computational graph itself, as a picture or as DOT source.", ("api.graphs",)),
    ("explore", "Opened and searched", "A graph as a page in which it is opened, closed, searched and compared.", ("explore",)),
    (
        "entries",
        "Step by step, entry by entry",
        "The passes step by step, and what an operation does to each entry.",
        ("api.steps", "entries"),
    ),
    (
        "lessons",
        "Windows, architectures, units",
        "Architectures and the arithmetic of windows.",
        ("lessons.windows", "canvas.side_by_side", "lessons"),
    ),
    (
        "one_layer",
        "One layer, there and back",
        "One layer on a few numbers, each computed by the operation itself.",
        ("lessons.unpooling", "lessons.dropped", "lessons.normalized"),
    ),
    ("plots", "Kernels, activations, curves", "What a network learned and how: kernels, activations, curves.", ("plots",)),
    (
        "pictures",
        "Pictures, boxes, maps of classes",
        "Pictures, boxes on them, maps of classes, points of classes.",
        ("plots.pictures", "plots.boxes", "plots.segmentation", "plots.scatter"),
    ),
    ("draw", "Defaults of your own", inspect.getdoc(Draw) or "", ("api.draw",)),
)
HEADINGS = {  # of every figure but a graph, whose own headings `draw` describes
    "title": "a heading instead of the figure's own.",
    "subtitle": "a line below the heading instead of the figure's own.",
}
_AS = re.compile(r"(?:of the pooling, )?as for `(\w+)`")


def methods() -> dict[str, Callable[..., Any]]:
    """The methods of `draw` by their names; `draw` itself under ""."""
    return {"": Draw.__call__, **figures(), "using": Draw.using}


def page_of(method: Callable[..., Any]) -> tuple[int, int]:
    """The page on which a figure stands, and its place among those that the page names.

    Raises:
        LookupError: no page names its file or folder.
    """
    home = f"{method.__module__.removeprefix(ROOM)}."
    found = [(len(part), k, at) for k, (*_, parts) in enumerate(PAGES) for at, part in enumerate(parts) if home.startswith(f"{part}.")]
    if not found:
        raise LookupError(f"draw.{method.__name__}: no page of the reference has the figures of {method.__module__}: expected it in PAGES")
    return max(found)[1:]


def called(name: str) -> str:
    """How a method is written in a program."""
    return f"draw.{name}" if name else "draw"


def drawings() -> Iterator[Page]:
    """The pages."""
    every = methods()
    for k, (name, title, text, _) in enumerate(PAGES):
        own = sorted((n for n, method in every.items() if page_of(method)[0] == k), key=lambda n: page_of(every[n]))
        yield Page(SECTION, title, f"drawings/{name}.md", text, [Entry(called(n), every[n], [called(n)]) for n in own])
    results = [Entry(c.__name__, c, [c.__name__]) for c in (Drawing, Frames)]
    yield Page(SECTION, "What is drawn", "drawings/results.md", "What a method of `draw` gives: a figure, or figures in steps.", results)


# ------------------------------------------------------------------------------------------------- options
def _blocks(method: Callable[..., Any]) -> tuple[str, str, str]:
    """A docstring before its `Args:`, these, and what follows."""
    text = inspect.getdoc(method) or ""
    before, label, rest = text.partition("\n\nArgs:\n")
    if not label:
        return text, "", ""
    args, _, after = rest.partition("\n\n")
    return before, args, after


def said(method: Callable[..., Any]) -> dict[str, str]:
    """What the docstring itself says of each argument."""
    found = {}
    for item in listed(_blocks(method)[1]):
        names, _, text = item.partition(": ")
        for name in names.split(", "):
            found[name.lstrip("*")] = text
    return found


def options(name: str) -> dict[str, str]:
    """What is said of each argument of a method; where it says "as for `draw`", or nothing, what is said there."""
    every = methods()
    method = every[name]
    own, shared = said(method), said(every[""]) | (HEADINGS if name else {})
    found = {}
    for p in inspect.signature(method).parameters:
        if p == "self":
            continue
        text, seen = own.get(p, ""), {name}
        while (to := _AS.fullmatch(text.rstrip(".").split(":")[0].split(";")[0])) and to[1].removeprefix("draw") not in seen:
            other = to[1].removeprefix("draw")
            seen.add(other)
            text = shared.get(p, "") if not other else said(every[other]).get(p, "")
        found[p] = text or shared.get(p, "")
    return found


def _table(name: str) -> str:
    """The arguments with their defaults and what they do."""
    given = inspect.signature(methods()[name]).parameters
    rows = ["| Option | Default | What it does |", "|---|---|---|"]
    for option, text in options(name).items():
        p = given[option]
        star = {p.VAR_POSITIONAL: "*", p.VAR_KEYWORD: "**"}.get(p.kind, "")
        default = "" if p.default is p.empty else f"`{p.default!r}`"
        rows.append(f"| `{star}{option}` | {default} | {plain(text)} |")
    return "\n".join(rows)


def entry(e: Entry, picture: str) -> str:
    """A method: how it is called, what it draws, its options, a picture, its source."""
    name = e.name.removeprefix("draw").removeprefix(".")
    before, _, after = _blocks(e.value)
    parts = [f"## {plain(e.name)} {{ #{e.anchor} }}", f"```python\n{signature(e.names[0], e.value)}\n```", docstring(before), picture]
    parts += [_table(name), docstring(after), folded(e.value)]
    return "\n\n".join(p for p in parts if p)
