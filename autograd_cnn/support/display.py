"""Who draws, and who writes a graph as a program. Values and graphs ask here; the façade says who answers, so that nothing below the drawings knows of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_renderer: Callable[[], Callable[..., Any]] | None = None
_writer: Callable[[], Callable[..., Any]] | None = None


def set_renderer(find: Callable[[], Callable[..., Any]]) -> None:
    """Let `find()` be asked for the function that draws, when something is drawn and not before."""
    global _renderer
    _renderer = find


def draw(value: Any, **options: Any) -> Any:
    """The drawing of a value or graph (see `autograd_cnn.draw`)."""
    if _renderer is None:
        raise RuntimeError("draw: nobody draws here; expected the package to be imported whole: import autograd_cnn.")
    return _renderer()(value, **options)


def set_writer(find: Callable[[], Callable[..., Any]]) -> None:
    """Let `find()` be asked for the function that writes a graph as a program."""
    global _writer
    _writer = find


def source(graph: Any, backward: bool) -> Any:
    """The graph as a program (see `autograd_cnn.program.source`)."""
    if _writer is None:
        raise RuntimeError("source: nobody writes here; expected the package to be imported whole: import autograd_cnn.")
    return _writer()(graph, backward)


def svg(value: Any) -> str:
    """The same as SVG, for notebooks."""
    return str(draw(value).svg)
