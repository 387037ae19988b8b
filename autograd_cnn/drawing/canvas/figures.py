"""The figures of `draw`: each is a function in the file that paints it, and a method of `draw` by standing under `@figure`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


class Figures:
    """The methods that the figures' files give `draw`. (`figures.pyi` tells editors and type checkers: `python -m tools.stubs`.)"""


def figure(make: F) -> F:
    """Make a function a method of `draw`, under its own name.

    Raises:
        ValueError: another file has a figure of that name.
    """
    name = make.__name__
    known = getattr(Figures, name, make)
    if known.__module__ != make.__module__:
        raise ValueError(f"@figure: draw.{name} is drawn in {known.__module__} already. Expected another name.")
    setattr(Figures, name, staticmethod(make))
    return make


def figures() -> dict[str, Callable[..., Any]]:
    """All of them, by their names."""
    return {name: made.__func__ for name, made in vars(Figures).items() if isinstance(made, staticmethod)}
