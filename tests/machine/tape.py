"""The twin's tape: float64 arrays, and rules written by hand in terms of each other, so that derivatives of any order come out.

Independent of the library: no import of it, no memory shared between values, no versions, nothing in place, nothing freed. The few
primitives are sums, products, powers, curves, and linear maps that come with their adjoints (gather and scatter, take and place);
convolutions, pooling and norms are compositions of them.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

RECORD: ContextVar[bool] = ContextVar("twin_records", default=True)
_serial = itertools.count()


class Var:
    """A value, and how a gradient goes back from it. `leaf`: the handle whose `.grad` takes what arrives here."""

    __slots__ = ("hooks", "leaf", "needs", "parents", "pull", "retainers", "serial", "value")

    def __init__(self, value: Any, parents: Sequence[Var] = (), pull: Any = None, leaf: Any = None) -> None:
        self.value = value
        self.needs = leaf is not None or (RECORD.get() and any(p.needs for p in parents))
        self.parents = tuple(parents) if self.needs else ()
        self.pull, self.leaf = (pull if self.needs else None), leaf
        self.hooks: list[Any] = []
        self.retainers: list[Any] = []
        self.serial = next(_serial)


@contextmanager
def recording(on: bool) -> Any:
    token = RECORD.set(on)
    try:
        yield
    finally:
        RECORD.reset(token)


def const(value: Any) -> Var:
    return Var(np.asarray(value, np.float64))


# ------------------------------------------------------------------------------------------------- sums and products
def fold(g: Var, shape: tuple[int, ...]) -> Var:
    """The sum over what was broadcast from `shape`."""
    if g.value.shape == shape:
        return g
    lead = g.value.ndim - len(shape)
    axes = tuple(range(lead)) + tuple(i + lead for i, s in enumerate(shape) if s == 1 and g.value.shape[i + lead] != 1)
    full = g.value.shape
    return Var(g.value.sum(axis=axes, keepdims=True).reshape(shape), (g,), lambda h: (spread(h, full),))


def spread(x: Var, shape: tuple[int, ...]) -> Var:
    """Broadcast to `shape`."""
    if x.value.shape == shape:
        return x
    small = x.value.shape
    return Var(np.broadcast_to(x.value, shape).copy(), (x,), lambda g: (fold(g, small),))


def add(a: Var, b: Var) -> Var:
    return Var(a.value + b.value, (a, b), lambda g: (fold(g, a.value.shape), fold(g, b.value.shape)))


def mul(a: Var, b: Var) -> Var:
    return Var(a.value * b.value, (a, b), lambda g: (fold(mul(g, b), a.value.shape), fold(mul(g, a), b.value.shape)))


def scale(a: Var, k: float) -> Var:
    return Var(a.value * k, (a,), lambda g: (scale(g, k),))


def power(a: Var, p: float) -> Var:
    return Var(a.value**p, (a,), lambda g: (mul(g, scale(power(a, p - 1), p)),))


def matmul(a: Var, b: Var) -> Var:
    """Stacks of matrices, broadcast against each other."""
    return Var(
        np.matmul(a.value, b.value),
        (a, b),
        lambda g: (fold(matmul(g, turn(b)), a.value.shape), fold(matmul(turn(a), g), b.value.shape)),
    )


def turn(a: Var) -> Var:
    return Var(np.swapaxes(a.value, -1, -2), (a,), lambda g: (turn(g),))


# ------------------------------------------------------------------------------------------------- curves
def exp(a: Var) -> Var:
    value = np.exp(a.value)
    return Var(value, (a,), lambda g: (mul(g, exp(a)),))


def log(a: Var) -> Var:
    return Var(np.log(a.value), (a,), lambda g: (mul(g, power(a, -1)),))


def tanh(a: Var) -> Var:
    def pull(g: Var) -> tuple[Var]:
        y = tanh(a)
        return (mul(g, add(const(1.0), scale(mul(y, y), -1))),)

    return Var(np.tanh(a.value), (a,), pull)


def sigmoid(a: Var) -> Var:
    return add(scale(tanh(scale(a, 0.5)), 0.5), const(0.5))


def sin(a: Var) -> Var:
    return Var(np.sin(a.value), (a,), lambda g: (mul(g, cos(a)),))


def cos(a: Var) -> Var:
    return Var(np.cos(a.value), (a,), lambda g: (mul(g, scale(sin(a), -1)),))


class Kinks:
    """How many entries stood so near a kink, or two so near a tie, that float32 may see another side."""

    count = 0
    margin = 1e-5

    @classmethod
    def near(cls, distance: Any, size: Any) -> None:
        finite = float(np.abs(size).max(initial=0.0))
        cls.count += int((np.abs(distance) < cls.margin * max(finite, 1e-30)).sum()) - int((distance == 0).sum())


def slopes(a: Var, mask: Any) -> Var:
    """a · mask, where the mask is a function of a that is constant between kinks."""
    return Var(a.value * mask, (a,), lambda g: (slopes(g, mask),))


def relu(a: Var) -> Var:
    Kinks.near(a.value, a.value)
    mask = (a.value > 0).astype(np.float64)
    y = Var(a.value * mask, (a,), lambda g: (add(slopes(g, mask), scale(y, 0.0)),))  # by the result, as PyTorch's rule reads it: zeros
    return y


def leaky_relu(a: Var, slope: float) -> Var:
    Kinks.near(a.value, a.value)
    return slopes(a, np.where(a.value > 0, 1.0, slope))


def clamp(a: Var, least: float, most: float) -> Var:
    Kinks.near(a.value - least, a.value)
    Kinks.near(a.value - most, a.value)
    inside = ((a.value >= least) & (a.value <= most)).astype(np.float64)
    return add(slopes(a, inside), const(np.where(a.value < least, least, np.where(a.value > most, most, 0.0))))


# ------------------------------------------------------------------------------------------------- where entries go
def reshape(a: Var, shape: tuple[int, ...]) -> Var:
    old = a.value.shape
    return Var(a.value.reshape(shape).copy(), (a,), lambda g: (reshape(g, old),))


def permute(a: Var, order: tuple[int, ...]) -> Var:
    back = tuple(int(i) for i in np.argsort(order))
    return Var(np.transpose(a.value, order), (a,), lambda g: (permute(g, back),))


def take(a: Var, at: Any) -> Var:
    """a[at], for slices and integers."""
    shape = a.value.shape
    return Var(np.array(a.value[at]), (a,), lambda g: (place(g, at, shape),))


def place(a: Var, at: Any, shape: tuple[int, ...]) -> Var:
    """Zeros of `shape` with a at [at]."""
    value = np.zeros(shape)
    value[at] = a.value
    return Var(value, (a,), lambda g: (take(g, at),))


def gather(a: Var, places: Any) -> Var:
    """Entry by entry: a.flat[place], 0 where the place is -1."""
    shape = a.value.shape
    padded = np.append(a.value.reshape(-1), 0.0)
    return Var(padded[places], (a,), lambda g: (scatter(g, places, shape),))


def scatter(a: Var, places: Any, shape: tuple[int, ...]) -> Var:
    """The adjoint of `gather`."""
    size = int(np.prod(shape))
    value = np.bincount((places + 1).reshape(-1), a.value.reshape(-1), size + 1)[1:].reshape(shape)
    return Var(value, (a,), lambda g: (gather(g, places),))


def total(a: Var, axes: tuple[int, ...] | None = None, keep: bool = False) -> Var:
    axes = tuple(range(a.value.ndim)) if axes is None else tuple(i % a.value.ndim for i in axes)
    shape = a.value.shape
    kept = tuple(1 if i in axes else s for i, s in enumerate(shape))
    value = np.asarray(a.value.sum(axis=axes, keepdims=keep))
    return Var(value, (a,), lambda g: (spread(reshape(g, kept), shape),))


def average(a: Var, axes: tuple[int, ...] | None = None, keep: bool = False) -> Var:
    summed = total(a, axes, keep)
    return scale(summed, max(summed.value.size, 1) / a.value.size)


# ------------------------------------------------------------------------------------------------- the walk
def walk(
    roots: Sequence[tuple[Var, Var]],
    arrive: Callable[[Var, Var], Var],
    create_graph: bool,
    beyond: Callable[[Var], bool] = lambda v: True,
) -> float:
    """Newest first; `arrive` is told each value's gradient and answers what goes on. The largest norm that came by."""
    seen: dict[int, Var] = {}
    todo = [v for v, _ in roots]
    while todo:
        v = todo.pop()
        if v.serial not in seen:
            seen[v.serial] = v
            todo += [p for p in v.parents if p.needs]
    grads: dict[int, Var] = {}
    largest = 0.0
    with recording(create_graph):
        for v, g in roots:
            grads[v.serial] = add(grads[v.serial], g) if v.serial in grads else g
        for serial in sorted(seen, reverse=True):
            if serial not in grads or not beyond(seen[serial]):
                continue
            v = seen[serial]
            g = arrive(v, grads.pop(serial))
            largest = max(largest, float(np.sqrt((g.value * g.value).sum())))
            if v.pull is None:
                continue
            for p, d in zip(v.parents, v.pull(g), strict=True):
                if d is not None and p.needs:
                    grads[p.serial] = add(grads[p.serial], d) if p.serial in grads else d
    return largest
