"""What is said of a call that failed: which operation was to be computed where, from what, what was expected, what came, what would help."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from .sources import Place, locals_of_error, modules_of_error, place_of_error
from .watching import Watched

_SENTENCE = re.compile(r"expected (?P<expected>.+?),? (?:but )?got (?P<came>.+?)(?: instead)?\.(?:\s+(?P<hint>.*))?$", re.S)
MOST_TAKEN = 4


@dataclass(slots=True)
class Failure:
    """An operation that did not come about. `modules` are those whose calls it stood in, outer ones first, `names` what each is called in the
    one before; `takes` are the values that it was given."""

    kind: str
    message: str
    modules: list[Any]
    names: list[str]
    place: Place | None
    takes: list[int]

    @property
    def path(self) -> str:
        """Of the innermost module."""
        return ".".join(n for n in self.names if n)

    def said(self) -> dict[str, str]:
        """`message`, and its parts where it is a sentence of the house's: `expected`, `came`, `hint`."""
        found = _SENTENCE.search(self.message)
        parts = {k: v.strip() for k, v in found.groupdict().items() if v} if found else {}
        return {"message": self.message, **parts}


def failure_of(watched: Watched) -> Failure | None:
    """Where and of what a watched call failed; None if it did not."""
    error = watched.error
    if error is None:
        return None
    modules = modules_of_error(error)
    names = [_name_in(outer, inner) for outer, inner in zip([None, *modules], modules, strict=False)]
    return Failure(type(error).__name__, str(error), modules, names, place_of_error(error), _given(watched, error))


def _name_in(outer: Any, module: Any) -> str:
    """How a module is called in another one; nothing for the outermost."""
    if outer is None:
        return ""
    return next((str(name) for name, inner in outer.named_modules() if inner is module and name), type(module).__name__)


def _given(watched: Watched, error: BaseException) -> list[int]:
    """The values that the innermost function at work had in hand."""
    graph = watched.graph
    loose = {*graph.outputs, *graph.inputs}
    for names in locals_of_error(error):
        given = [i for i in dict.fromkeys(watched.ids[id(x)] for x in names if id(x) in watched.ids) if i in loose]
        if given:
            return given[:MOST_TAKEN]
    return list(graph.outputs[-1:]) or list(graph.inputs[:1])
