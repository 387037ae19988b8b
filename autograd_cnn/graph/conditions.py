"""What a replay counts on beside shapes and dtypes: modules and their modes, and which arguments lie how in memory."""

from __future__ import annotations

import types
import weakref
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from itertools import combinations
from typing import Any

from ..engine.node import Scope
from ..engine.variable import unbox
from ..engine.versions import owner
from ..errors import GraphError

_MODULE_ITSELF = f"{__name__.partition('.')[0]}.nn.module."


@dataclass(frozen=True, slots=True)
class Conditions:
    """`modes`: of each module that asks for it (weakly), whether it was in training mode, and its name. `places`: which module stood where
    in another, weakly. `plain`: for each argument, was it contiguous? Empty where nothing depends on it. `together`: the arguments, in
    pairs, that lay in one memory, where one is written to."""

    modes: tuple[tuple[Any, bool, str], ...] = ()
    places: tuple[tuple[Any, str, Any], ...] = ()
    plain: tuple[bool, ...] = ()
    together: tuple[tuple[int, int], ...] = ()

    def __getstate__(self) -> list[Any]:
        """As written to a pickle, or copied: no module goes with it."""
        return [() if f.name in ("modes", "places") else getattr(self, f.name) for f in fields(self)]

    def __setstate__(self, state: list[Any]) -> None:
        for f, value in zip(fields(self), state, strict=True):
            object.__setattr__(self, f.name, value)

    def check(self, args: Sequence[Any]) -> None:
        """GraphError unless a replay on these does as the function would."""
        for i, (plain, x) in enumerate(zip(self.plain, args, strict=False)):
            if plain is not contiguous(x):
                raise GraphError(
                    f"graph: argument {i} was {'' if plain else 'not '}contiguous when it was traced, and is{' not' if plain else ''} now: what "
                    "shares its memory, and is written to, would be another. Call the function itself, or trace it on such inputs."
                )
        for i, j in self.together:
            if owner(unbox(args[i])) is not owner(unbox(args[j])):
                raise GraphError(
                    f"graph: the arguments {i} and {j} shared memory when it was traced, and what was written to one was seen in the other. "
                    "Expected such arguments again: call the function itself, or trace it on others."
                )
        for outer, name, inner in self.places:
            at = outer()
            if at is not None and at._modules.get(name) is not inner():
                raise GraphError(
                    f"graph: {type(at).__name__}.{name} is another module than when the function was traced, of which the graph knows nothing. "
                    "Write into the parameters that are there, or trace the function again."
                )

    def other_mode(self) -> str | None:
        """What a replay does otherwise than its modules, which are in another mode now."""
        for ref, training, name in self.modes:
            module = ref()
            if module is not None and bool(module.training) is not training:
                was, now = ("training", "evaluation") if training else ("evaluation", "training")
                return f"{name} was in {was} mode when it was traced, and is in {now} mode now: the replay does as then. Trace it again."
        return None


def contiguous(x: Any) -> bool:
    """Does the tensor lie in memory in the order of its entries?"""
    flags = getattr(unbox(x), "flags", None)
    return flags is None or bool(flags.c_contiguous)


def shared(args: Sequence[Any]) -> tuple[tuple[int, int], ...]:
    """The pairs of different arguments in one memory."""
    raws = [(i, unbox(x)) for i, x in enumerate(args)]
    return tuple((i, j) for (i, a), (j, b) in combinations(raws, 2) if a is not b and hasattr(a, "strides") and owner(a) is owner(b))


def modes_and_places(scopes: Iterable[Any]) -> tuple[tuple[tuple[Any, bool, str], ...], tuple[tuple[Any, str, Any], ...]]:
    """Of the modules that were called, and those within the outermost of them."""
    called: dict[int, Any] = {}
    roots: dict[int, Any] = {}
    for scope in scopes:
        while isinstance(scope, Scope):
            called[id(scope.module)] = scope.module
            if not isinstance(scope.parent, Scope):
                roots[id(scope.module)] = scope.module
            scope = scope.parent
    within = {id(m): m for root in roots.values() for m in getattr(root, "modules", lambda root=root: (root,))()}
    asks = {kind: _asks_for_mode(kind) for kind in map(type, within.values())}
    modes = tuple((weakref.ref(m), bool(m.training), type(m).__name__) for m in within.values() if asks[type(m)])
    places = tuple(
        (weakref.ref(m), name, weakref.ref(child))
        for m in within.values()
        for name, child in getattr(m, "_modules", {}).items()
        if child is not None and any(id(part) in called for part in child.modules())
    )
    return modes, places


def _asks_for_mode(kind: type) -> bool:
    """Does the module's own code read `training`?"""
    return any(
        "training" in code.co_names for base in kind.__mro__ if not base.__module__.startswith(_MODULE_ITSELF) for code in _codes(base)
    )


def _codes(kind: type) -> Iterator[types.CodeType]:
    todo: list[Any] = [f.__code__ for f in vars(kind).values() if isinstance(f, types.FunctionType)]
    while todo:
        code = todo.pop()
        yield code
        todo.extend(c for c in code.co_consts if isinstance(c, types.CodeType))
