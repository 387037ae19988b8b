"""A drawing runs a model to see what it does, and leaves everything as it was: buffers, gradients, attributes, modes, the random stream."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import numpy as np

from ...random import fork_rng


@contextmanager
def observing(fn: Any) -> Iterator[None]:
    """Inside, `fn` runs; what its modules hold besides their parameters' values, and the random stream, are then as they were before."""
    before = [_State(m) for m in modules_behind(fn)]
    try:
        with fork_rng():
            yield
    finally:
        for state in before:
            state.put_back()


def modules_behind(fn: Any) -> list[Any]:
    """A module with all in it; of a function, the modules that it can reach: by its closure, defaults, bound object and globals."""
    found: dict[int, Any] = {}
    seen: set[int] = set()
    waiting = [fn]
    while waiting:
        x = waiting.pop()
        if id(x) in seen:
            continue
        seen.add(id(x))
        if _is_module(x):
            found.update((id(m), m) for m in x.modules())
        elif isinstance(x, functools.partial):
            waiting += [x.func, *x.args, *x.keywords.values()]
        elif isinstance(x, list | tuple | dict):
            waiting += x.values() if isinstance(x, dict) else x
        elif hasattr(x, "__code__"):
            cells = [part for cell in x.__closure__ or () for part in _content(cell)]
            known = x.__globals__
            waiting += [*cells, *(x.__defaults__ or ()), getattr(x, "__self__", None), *(known.get(n) for n in x.__code__.co_names)]
        elif hasattr(x, "__dict__") and not isinstance(x, type | ModuleType):
            waiting += [part for part in vars(x).values() if _is_module(part)]  # of an object that trains a model
    return list(found.values())


def _is_module(x: Any) -> bool:
    return hasattr(x, "modules") and hasattr(x, "forward") and not isinstance(x, type)


def _content(cell: Any) -> list[Any]:
    try:
        return [cell.cell_contents]
    except ValueError:  # the name is not bound yet
        return []


class _State:
    """What of a module a pass may change."""

    def __init__(self, module: Any) -> None:
        self.module, self.kind = module, type(module)
        self.own = {name: x for name, x in module.__dict__.items() if not name.startswith("_")}
        self.buffers = dict(module._buffers)
        self.grads = [(p, p.grad) for p in module._parameters.values() if p is not None]
        kept = [x for x in (*self.buffers.values(), *(g for _, g in self.grads)) if hasattr(getattr(x, "value", None), "dtype")]
        self.values = [(x, x.value, np.array(x.value)) for x in kept]

    def put_back(self) -> None:
        if type(self.module) is not self.kind:  # a lazy module knows its sizes now, and is what it was meant to be
            return
        held = self.module.__dict__
        for name in [n for n in held if not n.startswith("_") and n not in self.own]:
            del held[name]
        held.update(self.own)
        self.module._buffers.clear()
        self.module._buffers.update(self.buffers)
        for p, grad in self.grads:
            if p.grad is not grad:
                p.grad = grad
        for x, array, saved in self.values:
            x.value = array
            if not np.array_equal(array, saved, equal_nan=array.dtype.kind in "fc"):
                np.copyto(array, saved)
