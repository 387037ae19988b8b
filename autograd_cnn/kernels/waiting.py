"""Values that wait for the operation that follows.

Inside a module that calls others, a kernel may put off its work: it hands out a `ChannelsLast` value that is not computed yet, with
a recipe for it. If the next operation can be done on the way (ReLU after a convolution or a batch norm, say), both run as one, and
the value between is never computed. Any look at the value computes it.

Nothing else may happen before that, or the recipe's inputs could change under it. So whatever runs next computes what still waits:
any kernel of the backend, any write, any hook, the end of the outermost module's call. A value that was passed over, but is still
held by somebody, is computed then, too; where that happens twice, the kernel does not put off its work again.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from typing import Any

from ..config import current, peek

_VAIN = 2  # times that a value was passed over and computed nevertheless, after which it is computed at once


class Recipe:
    """How to compute a value that waits."""

    key: Any = None  # tells kernels' calls apart in which waiting was in vain
    passed = False  # was what follows computed without it?

    def fill(self, x: Any) -> None:
        """Compute the value into the memory of `x`."""
        raise NotImplementedError

    def relu(self, x: Any) -> Any:
        """max(value, 0) without the value; None where that cannot be done on the way."""
        return None

    def affine(self, x: Any, scale: Any, shift: Any) -> Any:
        """value · scale + shift, channel by channel, as a value that waits; None where that cannot be done on the way."""
        return None

    def plus(self, x: Any, other: Any) -> Any:
        """value + other, as a value that waits; None where that cannot be done on the way."""
        return None


class _State(threading.local):
    def __init__(self) -> None:
        self.waiting: list[weakref.ref[Any]] = []
        self.vain: dict[Any, int] = {}
        self.followed: set[Any] = set()  # calls that ReLU followed the last time


STATE = _State()


def allowed(key: Any) -> bool:
    """May a value wait here? Inside a module that another one calls, if nobody traces, and if it was not in vain before."""
    c = peek() or current()
    inside = c.scope is not None and c.scope.parent is not None and c.tracer is None and not c.anomaly
    return inside and STATE.vain.get(key, 0) < _VAIN


def expects_relu(key: Any) -> bool:
    """May this call's value wait, and did ReLU follow the last time?"""
    return key in STATE.followed and allowed(key)


def relu_followed(key: Any, so: bool = True) -> None:
    """For the next time."""
    followed = STATE.followed
    if not so:
        followed.discard(key)
    elif len(followed) < 10_000:
        followed.add(key)


def wait(x: Any, recipe: Recipe) -> Any:
    """Let `x` wait, and nothing else."""
    settle()
    x.pending = recipe
    add(x)
    return x


def add(x: Any) -> None:
    """Let `x` wait beside what was passed over for it."""
    STATE.waiting.append(weakref.ref(x))


def last(x: Any, operation: Callable[[Any], Any]) -> Any:
    """The operation that ends the waiting, on a value that was taken; None, and the value computed, where that cannot be done on the way."""
    state = STATE
    aside, state.waiting = state.waiting, []  # what was passed over on the way here may still be held until this is done
    try:
        y = operation(x)
    finally:
        state.waiting = aside
    if y is None:
        compute(x)
    elif y is not x:
        passed(x)
    return y


def passed(x: Any) -> None:
    """What follows `x` was computed without it. If somebody holds it at the next operation, it must be computed then."""
    x.pending.passed = True
    STATE.waiting.append(weakref.ref(x))


def take(x: Any) -> bool:
    """Is `x` the value that waits? Then it is left to whoever takes it."""
    waiting, recipe = STATE.waiting, x.pending
    if recipe is None or recipe.passed:
        return False
    for at, ref in enumerate(waiting):
        if ref() is x:
            del waiting[at]  # not `remove`: references compare what they refer to
            return True
    return False


def settle(unless: Any = None) -> None:
    """Compute what still waits; not if `unless` is what waits, which the operation that follows is about."""
    state = STATE
    if not state.waiting or (unless is not None and any(ref() is unless for ref in state.waiting)):
        return
    waiting, state.waiting = state.waiting, []
    for ref in waiting:
        x = ref()
        if x is not None and x.pending is not None:
            compute(x)


def compute(x: Any) -> None:
    """Somebody looks at a value that waits."""
    recipe, x.pending = x.pending, None
    if recipe.passed:
        vain = STATE.vain
        if len(vain) > 10_000:
            vain.clear()
        vain[recipe.key] = vain.get(recipe.key, 0) + 1
    recipe.fill(x)

