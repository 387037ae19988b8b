"""A region of the computation whose nodes keep nothing for the backward pass: what they kept is computed again when it is asked for.

The nodes themselves are the ordinary ones: only `kept` is another. So whatever the graph is for (`grad`, `inputs=`, higher
derivatives, hooks, values that the region took from outside) holds here, too, and needs no line of its own.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from ..config import Switch
from ..errors import InplaceError, RecomputeError
from .node import Node, outside_modules
from .versions import check_versions, clock, owner, version, written_since


class Again:
    """Stands where a node kept values: `values()` computes them again, for one visit."""

    __slots__ = ("index", "region", "rest")

    def __init__(self, region: Region, index: int, rest: Any) -> None:
        self.region = region
        self.index = index
        self.rest = rest  # what of a user's own context stays: all but the saved tensors

    def __iter__(self) -> Iterator[Any]:
        return iter(())  # to those who count what is held

    def values(self) -> tuple[Any, ...]:
        """What the node had kept."""
        kept: Any = self.region.take(self.index)
        while kept.__class__ is Again:  # a region within the region
            kept = kept.values()
        return kept if self.rest is None else (self.rest.refilled(kept[0]),)


def held(node: Node) -> tuple[Any, ...] | None:
    """What a node keeps, computed again where it must be; None once it was freed."""
    return node.kept.values() if node.kept.__class__ is Again else node.kept


class _Enough(BaseException):
    """All that was kept is there again; what follows need not run."""


class Listener:
    """Notes the nodes of a region in the order in which they are recorded, and which memory from outside it reads."""

    def __init__(self, outer: Listener | None, enough: int | None = None) -> None:
        self.outer = outer
        self.start = clock()
        self.nodes: list[Node] = []
        self.kinds: list[tuple[str, Any]] = []  # of each, the operation, and what it kept: shapes and dtypes
        self.enough = enough
        self.made: dict[int, weakref.ref[Any]] = {}
        self.read: dict[int, tuple[weakref.ref[Any], int]] = {}  # the moment when something differentiable was first read, or 0

    def recorded(self, node: Node) -> None:
        """A node that may keep values."""
        if self.outer is not None:
            self.outer.recorded(node)
        if not (node.kept and node.prim.holds):
            return
        self.nodes.append(node)
        self.kinds.append((node.prim.name, _shapes(node.kept)))
        if len(self.nodes) == self.enough:
            raise _Enough

    def called(self, nodes: Sequence[Node | None], values: Iterable[Any], params: Iterable[Any], results: Iterable[Any]) -> None:
        """An operation computed `results` from `values`."""
        if self.outer is not None:
            self.outer.called(nodes, values, params, results)
        for i, raw in enumerate([*values, *params]):
            self._reads(raw, i < len(nodes) and nodes[i] is not None)
        for raw in results:
            store = owner(raw)
            if not _is(self.read.get(id(store), (None,))[0], store):
                self.made[id(store)] = _weakly(store)

    def _reads(self, raw: Any, differentiable: bool) -> None:
        if raw.__class__ is tuple or raw.__class__ is list:
            for part in raw:
                self._reads(part, differentiable)
        elif hasattr(raw, "strides"):
            store = owner(raw)
            if not _is(self.made.get(id(store)), store):
                before = self.read.get(id(store), (None, 0))
                at = before[1] if _is(before[0], store) else 0
                self.read[id(store)] = (_weakly(store), at or (clock() if differentiable else 0))


def _weakly(store: Any) -> Any:
    try:
        return weakref.ref(store)
    except TypeError:  # a number: nobody can write to it
        return _gone


def _gone() -> None:
    return None


def _is(ref: Any, store: Any) -> bool:
    return ref is not None and ref() is store


class Region:
    """What was computed under one `Listener`, with the way to compute it again: `run()`, which must do the same."""

    def __init__(self, run: Callable[[], None], listener: Listener, given: Iterable[Any], strict: bool, stop_early: bool) -> None:
        self.run = run
        self.strict = strict
        self.stop_early = stop_early
        self.kinds = listener.kinds
        self.found: list[tuple[Any, ...] | None] = []
        given = [(_weakly(owner(raw)), listener.start) for raw in given]
        # memory that the region wrote to itself and did not differentiate is state of its own: running statistics
        read = [(ref, at or clock()) for ref, at in listener.read.values() if at or not written_since(ref(), listener.start)]
        self.watched = [(ref, at) for ref, at in (*given, *read) if ref() is not None]
        for i, node in enumerate(listener.nodes):
            if node.kept is not None:  # freed by a backward pass inside the region: nobody will ask for it
                node.kept = Again(self, i, _rest(node.kept))

    def take(self, index: int) -> tuple[Any, ...]:
        """What the node `index` had kept; it is held no longer."""
        kept = self.found[index] if self.found else None
        if kept is None:
            self._compute()
            kept = self.found[index]
        self.found[index] = None
        return kept  # type: ignore[return-value]

    def _compute(self) -> None:
        for ref, at in self.watched:
            store = ref()
            if store is not None and written_since(store, at):
                raise InplaceError(
                    "one of the variables needed for gradient computation has been modified by an inplace operation: a tensor of shape "
                    f"{list(store.shape)} that a checkpointed function reads, now at version {version(store)}. The backward pass "
                    "runs the function again and needs it as it was; write to a clone(), or after backward()."
                )
        listener = Listener(None, len(self.kinds) if self.stop_early else None)
        try:
            with outside_modules(), Switch(record=True, inference=False, tracer=None, region=listener):
                self.run()
        except _Enough:
            pass
        nodes = listener.nodes
        if len(nodes) != len(self.kinds):
            raise RecomputeError(
                "checkpoint: a different number of tensors was saved during the original forward and recomputation: "
                f"{len(self.kinds)} operations kept values in the forward pass, {len(nodes)} when it ran again. "
                "Expected a function that does the same each time (and weights that are still frozen, or not, as they were)."
            )
        for i, (again, kind) in enumerate(zip(listener.kinds, self.kinds, strict=True)):
            if again != kind and (self.strict or again[0] != kind[0]):
                raise RecomputeError(
                    "checkpoint: recomputed values have different metadata than during the forward pass: operation "
                    f"{i} of the function was {kind[0]} keeping {list(kind[1])}, and is {again[0]} keeping {list(again[1])}. Expected a "
                    "function that does the same each time."
                )
        self.found = [_unwritten(node) for node in nodes]


def _rest(kept: Any) -> Any:
    """Of the context of a user's own function, all but the saved tensors."""
    if kept.__class__ is Again:
        return kept.rest
    return kept[0].emptied() if hasattr(kept[0], "emptied") else None


def _unwritten(node: Node) -> tuple[Any, ...]:
    if node.kept.__class__ is not Again:
        check_versions(node)
    return node.kept  # type: ignore[no-any-return]


def _shapes(kept: Any) -> tuple[Any, ...]:
    return tuple((tuple(k.shape), str(k.dtype)) if hasattr(k, "shape") and hasattr(k, "dtype") else None for k in kept)
