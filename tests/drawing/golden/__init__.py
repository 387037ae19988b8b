"""Figures that must not change by accident, and the sheet that shows them all.

The golden case of a method of `draw` is the example in its docstring: what its last call there draws. Where that shows too little,
cases are written by hand: functions that give a `Drawing`, registered by `@figure` in the file of their group here. A figure's outline
(every box and every text with its place) stands in `outlines/`, small enough to be read as a difference. After a change that is meant:

    python -m tests.drawing.contact_sheet --write      # new outlines, and the sheet to look at, light and dark
"""

from __future__ import annotations

import ast
import contextlib
import doctest
import functools
import importlib
import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

from autograd_cnn import manual_seed
from autograd_cnn.drawing import Draw, Drawing, Frames
from autograd_cnn.drawing.canvas.figures import figures
from autograd_cnn.drawing.canvas.scene import Group, Image, Scene, Text

GROUPS = ("graphs", "entries", "lessons", "plots", "pictures", "explore")
OUTLINES = Path(__file__).parent / "outlines"
FIGURES: dict[str, Callable[[], Drawing]] = {}


def figure(make: Callable[[], Drawing]) -> Callable[[], Drawing]:
    """Register a case written by hand under the name of its function."""
    name = make.__name__
    if name in FIGURES:
        raise ValueError(f"two figures are called {name}")
    FIGURES[name] = make
    return make


def load() -> dict[str, Callable[[], Drawing]]:
    """All cases: those written by hand in the order of their groups, then the examples of the other methods under these' names."""
    modules = [importlib.import_module(f"{__name__}.{group}") for group in GROUPS]
    by_hand = {method for m in modules for method in calls(ast.parse(inspect.getsource(m)))}
    return {**FIGURES, **{name: functools.partial(drawn_in_example, name) for name in sorted(drawing_methods() - by_hand)}}


def drawing_methods() -> set[str]:
    """The methods of `draw` that give drawings, and not text: what their signature says."""
    given = {name: inspect.signature(method, eval_str=True).return_annotation for name, method in figures().items()}
    return {name for name, made in given.items() if isinstance(made, type) and issubclass(made, Drawing | Frames)}


def calls(code: ast.AST) -> Iterator[str]:
    """The methods of `draw` that code calls; "" for `draw` itself."""
    for node in ast.walk(code):
        if isinstance(node, ast.Call):
            match node.func:
                case ast.Name("draw"):
                    yield ""
                case ast.Attribute(ast.Name("draw"), name):
                    yield name


# ------------------------------------------------------------------------------------------------------- examples
def example(name: str) -> str:
    """The program in the docstring of a method."""
    return "".join(e.source for e in doctest.DocTestParser().get_examples(inspect.getdoc(figures()[name]) or ""))


def drawn_in_example(name: str) -> Drawing:
    """What the method's last call in its example draws; of frames their overview, or the last one.

    Raises:
        LookupError: the example does not call the method.
    """
    made: list[Any] = []
    method = getattr(Draw, name)

    def kept(*args: Any, **options: Any) -> Any:
        made.append(method(*args, **options))
        return made[-1]

    manual_seed(0)
    with patch.object(Draw, name, staticmethod(kept)):
        exec(compile(example(name), f"<the example of draw.{name}>", "exec"), {})
    if not made:
        raise LookupError(f"draw.{name}: expected an example in its docstring that calls it; it is the figure's golden case")
    last = made[-1]
    return last if isinstance(last, Drawing) else getattr(last, "overview", last[-1])


# ------------------------------------------------------------------------------------------------------- languages
@contextlib.contextmanager
def speaking(lang: str) -> Iterator[None]:
    """`draw` speaks this language, whichever a figure asks for."""

    def told(method: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(method)
        def call(*args: Any, **options: Any) -> Any:
            return method(*args, **{**options, "lang": lang})

        return call

    with contextlib.ExitStack() as stack:
        for name, method in figures().items():
            if "lang" in inspect.signature(method).parameters:
                stack.enter_context(patch.object(Draw, name, staticmethod(told(method))))
        stack.enter_context(patch.object(Draw, "__call__", told(Draw.__call__)))
        yield


@functools.cache
def drawn(name: str, lang: str) -> Drawing:
    """A case in a language."""
    with speaking(lang):
        return load()[name]()


# ------------------------------------------------------------------------------------------------------- outlines
def outline(scene: Scene) -> str:
    """A figure in lines: its size, then for each group its texts, its pictures and how many shapes it has."""
    lines = [f"{scene.name} {scene.width:.0f}×{scene.height:.0f} {scene.title}"]

    def put(group: Group, depth: int) -> None:
        shapes = 0
        for item in group.items:
            if isinstance(item, Group):
                box = " ".join(f"{v:.0f}" for v in item.box) if item.box else ""
                lines.append(f"{' ' * depth}[{item.id or ''} {item.kind or ''}] {box}".rstrip())
                put(item, depth + 1)
            elif isinstance(item, Text):
                lines.append(f"{' ' * depth}{item.x:.0f} {item.y:.0f} {item.string}")
            elif isinstance(item, Image):
                lines.append(f"{' ' * depth}image {item.x:.0f} {item.y:.0f} {item.width:.0f} {item.height:.0f}")
            else:
                shapes += 1
        if shapes:
            lines.append(f"{' ' * depth}{shapes} shapes")

    put(scene, 0)
    return "\n".join(lines) + "\n"
