"""`run --profile`: the time each operation takes, forward and backward, and the memory of what it makes."""

from __future__ import annotations

import functools
import sys
import threading
from collections import defaultdict
from collections.abc import Callable
from time import perf_counter
from typing import Any

from ..config import scope
from ..engine.node import Scope
from ..primitives import codegen
from ..primitives.primitive import REGISTRY, Primitive

_SHOWN = 30


class _Row:
    """What one operation, or one module, took."""

    def __init__(self) -> None:
        self.calls, self.seconds, self.backward, self.bytes = 0, 0.0, 0.0, 0


class _Inside(threading.local):
    """How deep a thread is inside kernels and rules, what they call being part of their time. It stays inside while their time is added
    up: a signal handler that computes then adds nothing itself, and so does not wait for the lock that its own thread holds."""

    depth = 0


class Profile:
    """While it is entered, every kernel and every rule is timed; at the end the tables go to stderr.

    The clocks stand where kernels are called, not where they are defined: in each written call, at all names that it may compute by,
    and in `Primitive.compute` and `raw`, by which everything else goes. So whichever kernel serves a call, it is counted, once. The
    time of an operation is its own and that of what it calls.
    """

    def __init__(self) -> None:
        self.operations: dict[str, _Row] = defaultdict(_Row)
        self.modules: dict[tuple[int, ...], _Row] = defaultdict(_Row)
        self.scopes: dict[tuple[int, ...], Any] = {}
        self._inside = _Inside()
        self._adding = threading.Lock()
        self._undo: list[Callable[[], None]] = []

    def __enter__(self) -> Profile:
        self.began = perf_counter()
        self._replace(Primitive, "compute", self._computing(Primitive.compute))
        self._replace(Primitive, "raw", self._computing(Primitive.raw))
        self._replace(codegen, "_make", self._make(codegen._make))
        self._replace(codegen, "write_pull", self._write_pull(codegen.write_pull))
        for call in list(codegen.WRITTEN):
            self._into(call)
        for prim in list(REGISTRY.values()):
            for name in ("pull", "pull_all"):
                if name in prim.__dict__:
                    old = prim.__dict__[name]
                    prim.__dict__[name] = self._timed_rule(prim.name, old)
                    self._undo.append(functools.partial(prim.__dict__.__setitem__, name, old))
        return self

    def __exit__(self, *_: Any) -> None:
        while self._undo:
            self._undo.pop()()
        self.report()

    # ------------------------------------------------------------------------------------------ putting the clocks in
    def _replace(self, where: Any, name: str, new: Any) -> None:
        old = getattr(where, name)
        setattr(where, name, new)
        self._undo.append(lambda: setattr(where, name, old))

    def _make(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def make(*args: Any) -> Callable[..., Any]:
            made: Callable[..., Any] = real(*args)
            self._into(made)
            return made

        return make

    def _into(self, call: Any) -> None:
        """Calls look their kernels up in globals of their own."""
        space = call.__globals__
        for name in codegen.KERNELS:
            if space.get(name) is not None:
                self._undo.append(functools.partial(space.__setitem__, name, space[name]))
                space[name] = self._timed(call.primitive.name, space[name])

    def _computing(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def compute(prim: Primitive, *args: Any, **kwargs: Any) -> Any:
            return self._timed(prim.name, real)(prim, *args, **kwargs)

        return compute

    def _write_pull(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def write_pull(prim: Primitive, keeps_all: bool = False) -> Callable[..., Any]:
            self._undo.append(functools.partial(prim.__dict__.pop, "pull_all" if keeps_all else "pull", None))  # it is written anew
            return self._timed_rule(prim.name, real(prim, keeps_all))

        return write_pull

    # ------------------------------------------------------------------------------------------ the clocks
    def _timed(self, name: str, kernel: Callable[..., Any]) -> Callable[..., Any]:
        inside = self._inside

        def timed(*args: Any, **kwargs: Any) -> Any:
            if inside.depth:
                return kernel(*args, **kwargs)
            start = perf_counter()
            inside.depth += 1
            try:
                result = kernel(*args, **kwargs)
                took = perf_counter() - start
                served = result is not NotImplemented  # or the next kernel is asked, and counts
                size = sum(getattr(y, "nbytes", 0) for y in (result if isinstance(result, tuple) else (result,))) if served else 0
                with self._adding:
                    for row in (self.operations[name], self._module(scope())):
                        row.calls, row.seconds, row.bytes = row.calls + served, row.seconds + took, row.bytes + size
            finally:
                inside.depth -= 1
            return result

        return timed

    def _timed_rule(self, name: str, pull: Callable[..., Any]) -> Callable[..., Any]:
        inside = self._inside

        @functools.wraps(pull)
        def timed(*args: Any) -> Any:
            start = perf_counter()
            inside.depth += 1
            try:
                found = pull(*args)
                if inside.depth == 1:
                    took = perf_counter() - start
                    node = sys._getframe(1).f_locals.get("node")  # the walker's: the node whose rule this is
                    with self._adding:
                        self.operations[name].backward += took
                        self._module(getattr(node, "scope", None)).backward += took
            finally:
                inside.depth -= 1
            return found

        return timed

    def _module(self, scope: Any) -> _Row:
        chain, at = [], scope
        while isinstance(at, Scope):
            chain.append(id(at.module))
            at = at.parent
        key = tuple(chain)
        self.scopes.setdefault(key, scope)
        return self.modules[key]

    # ------------------------------------------------------------------------------------------ the tables
    def report(self) -> None:
        """Print both tables, the slowest first."""
        total = perf_counter() - self.began
        print(f"\nautograd-cnn run: {total:.2f} s in all; memory is that of the results", file=sys.stderr)
        _table("operation", dict(self.operations), total)
        named: dict[str, _Row] = {}
        for key, row in self.modules.items():
            scope = self.scopes[key]
            names = [step.name or step.kind for step in scope.path()] if isinstance(scope, Scope) else ["(outside modules)"]
            named[_free(".".join(names), named)] = row
        _table("module", named, total)


def _free(name: str, taken: dict[str, _Row]) -> str:
    """Two networks of one class: the second is called `Net (2)`."""
    number = 2
    free = name
    while free in taken:
        free, number = f"{name} ({number})", number + 1
    return free


def _bytes(n: float) -> str:
    """12345678 → "12.3 MB"."""
    for unit in ("B", "kB", "MB"):
        if n < 1000:
            return f"{n:.0f} {unit}" if unit == "B" else f"{n:.1f} {unit}"
        n /= 1000
    return f"{n:.1f} GB"


def _table(title: str, rows: dict[str, _Row], total: float) -> None:
    ranked = sorted(rows.items(), key=lambda item: -(item[1].seconds + item[1].backward))
    width = max([len(title), *(len(n) for n, _ in ranked[:_SHOWN])])
    print(f"\n{title:<{width}}  {'calls':>8}  {'forward':>10}  {'backward':>10}  {'share':>6}  {'memory':>10}", file=sys.stderr)
    for name, row in ranked[:_SHOWN]:
        both = row.seconds + row.backward
        print(
            f"{name:<{width}}  {row.calls:>8}  {row.seconds * 1e3:>7.1f} ms  {row.backward * 1e3:>7.1f} ms  {both / total:>6.1%}  "
            f"{_bytes(row.bytes):>10}",
            file=sys.stderr,
        )
    if len(ranked) > _SHOWN:
        print(f"… and {len(ranked) - _SHOWN} more", file=sys.stderr)
