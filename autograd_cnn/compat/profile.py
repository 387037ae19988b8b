"""`run --profile`: the time each operation takes, forward and backward, and the memory of what it makes."""

from __future__ import annotations

import functools
import sys
from collections import defaultdict
from collections.abc import Callable
from time import perf_counter
from typing import Any

from ..config import scope
from ..engine import specialise
from ..engine.graph import Scope
from ..engine.primitive import REGISTRY, Primitive
from ..tensor import Tensor

_SHOWN = 30


class _Row:
    """What one operation, or one module, took."""

    def __init__(self) -> None:
        self.calls, self.seconds, self.backward, self.bytes = 0, 0.0, 0.0, 0


class Profile:
    """While it is entered, every kernel and every rule is timed; at the end the tables go to stderr.

    A rule's time is its own: what operations it calls is counted with them only while it runs, not twice.
    """

    def __init__(self) -> None:
        self.operations: dict[str, _Row] = defaultdict(_Row)
        self.modules: dict[tuple[int, ...], _Row] = defaultdict(_Row)
        self.scopes: dict[tuple[int, ...], Any] = {}
        self._depth = 0  # inside a rule, whose operations are part of its time
        self._undo: list[Callable[[], None]] = []

    def __enter__(self) -> Profile:
        self.began = perf_counter()
        self._replace(Primitive, "kernel_for", self._kernel_for(Primitive.kernel_for))
        self._replace(specialise, "write_pull", self._write_pull(specialise.write_pull))
        for prim in list(REGISTRY.values()):
            self._written_before(prim)
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

    def _written_before(self, prim: Primitive) -> None:
        """Calls that were written already look their kernel up in their own globals."""
        calls = [*prim.by_front.values(), *(m for m in vars(Tensor).values() if getattr(m, "primitive", None) is prim)]
        calls += [m for base in Tensor.__mro__ for m in vars(base).values() if getattr(m, "primitive", None) is prim]
        for call in calls:
            space = getattr(call, "__globals__", {})
            if "__forward" in space and not hasattr(space["__forward"], "timed"):
                old, new = space["__forward"], self._timed(prim.name, space["__forward"])
                space["__forward"] = new
                self._undo.append(functools.partial(space.__setitem__, "__forward", old))
        for name in ("pull", "pull_all"):
            if name in prim.__dict__:
                old = prim.__dict__[name]
                prim.__dict__[name] = self._timed_rule(prim.name, old)
                self._undo.append(functools.partial(prim.__dict__.__setitem__, name, old))

    def _kernel_for(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def kernel_for(prim: Primitive, front: Any) -> Callable[..., Any]:
            return self._timed(prim.name, real(prim, front))

        return kernel_for

    def _write_pull(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def write_pull(prim: Primitive, keeps_all: bool = False) -> Callable[..., Any]:
            return self._timed_rule(prim.name, real(prim, keeps_all))

        return write_pull

    # ------------------------------------------------------------------------------------------ the clocks
    def _timed(self, name: str, kernel: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any, **kwargs: Any) -> Any:
            if self._depth:
                return kernel(*args, **kwargs)
            start = perf_counter()
            result = kernel(*args, **kwargs)
            took = perf_counter() - start
            size = sum(getattr(y, "nbytes", 0) for y in (result if isinstance(result, tuple) else (result,)))
            for row in (self.operations[name], self._module(scope())):
                row.calls, row.seconds, row.bytes = row.calls + 1, row.seconds + took, row.bytes + size
            return result

        timed.timed = True  # type: ignore[attr-defined]  # marks it as one of ours
        return timed

    def _timed_rule(self, name: str, pull: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(pull)
        def timed(*args: Any) -> Any:
            start = perf_counter()
            self._depth += 1
            try:
                return pull(*args)
            finally:
                self._depth -= 1
                if not self._depth:
                    took = perf_counter() - start
                    self.operations[name].backward += took
                    node = sys._getframe(1).f_locals.get("node")  # the walker's: the node whose rule this is
                    self._module(getattr(node, "scope", None)).backward += took

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
        print(f"{name:<{width}}  {row.calls:>8}  {row.seconds * 1e3:>7.1f} ms  {row.backward * 1e3:>7.1f} ms  {both / total:>6.1%}  "
              f"{_bytes(row.bytes):>10}", file=sys.stderr)  # fmt: skip
    if len(ranked) > _SHOWN:
        print(f"… and {len(ranked) - _SHOWN} more", file=sys.stderr)
