"""Which call of a library function an operation is part of, read from the call stack: only an onlooker asks, so nobody else pays."""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

_PACKAGE = __name__.partition(".")[0]
_ROOMS = ("ops", "tensors", "linalg", "nn.functional")  # where functions stand that are made of several operations
_BETWEEN = ("ops.registry", "primitives", "engine", "errors", "support", "config", "graph", "autograd")  # what only wraps or runs them


def library_layer(scope: Any) -> tuple[str, int] | None:
    """Class and number of the module call that a scope is, if the module is a layer of the library that holds no others."""
    module = getattr(scope, "module", None)
    if module is None or module._modules or not type(module).__module__.startswith(f"{_PACKAGE}.nn.layers."):
        return None
    return type(module).__name__, scope.number


class Calls:
    """The calls of library functions that were under way, each with a number."""

    def __init__(self) -> None:
        self.numbers: dict[int, int] = {}
        self.alive: list[FrameType] = []  # so that no other frame gets the identity of one that is known

    def innermost(self) -> tuple[str, int] | None:
        """Name and number of the call that the user made, or a module of the library made in its `forward`; None for a bare operation."""
        found, frame = None, sys._getframe(1).f_back
        while frame is not None:
            package, _, room = frame.f_globals.get("__name__", "").partition(".")
            if package != _PACKAGE or room.startswith(("nn.module.", "nn.layers.")):
                break
            if room.startswith(_ROOMS) and not room.startswith("ops.registry"):
                found = frame
            elif not room.startswith(_BETWEEN):
                break  # code of the library that is written as a user's is: its networks
            frame = frame.f_back
        if found is None:
            return None
        if id(found) not in self.numbers:
            self.numbers[id(found)] = len(self.numbers) + 1
            self.alive.append(found)
        return found.f_code.co_name.strip("_"), self.numbers[id(found)]
