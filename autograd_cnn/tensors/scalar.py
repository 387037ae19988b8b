"""Scalar: the same engine and rules over Python floats, for expression graphs drawn by hand."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Self

import numpy as np

from ..config import current
from ..engine.backward import pullback
from ..engine.node import Leaf, Node, Retained
from ..engine.record import OutputCotangents
from ..engine.variable import Variable, register_value_type
from ..engine.versions import clock
from ..errors import GraphError
from ..kernels.errstate import enter_errstate, leave_errstate
from ..ops.elementwise.power import pow
from ..ops.registry.expose import METHODS, watch
from ..primitives.alias import Alias
from ..primitives.primitive import Primitive
from ..support import display
from ._methods import ScalarMethods
from .methods.attach import install, method_of


class Scalar(ScalarMethods, Variable):
    """A number that remembers how it was computed: micrograd's Value, on the rules of this library.

    A Scalar is a leaf that takes a gradient; its name is what a drawing shows. After `backward()` each leaf's `.grad` is
    a float (a Scalar with `create_graph=True`); of values in between, after `retain_grad()`.

    >>> x, w = Scalar(2.0, "x"), Scalar(-3.0, "w")
    >>> y = (x * w + 8).relu() + w ** 2
    >>> y.backward()
    >>> x.grad, w.grad
    (-3.0, -4.0)
    """

    __slots__ = ("__dict__", "__weakref__")
    plain = frozenset({float, int, bool})
    kernel_types = (float,)
    raw = frozenset({float, int, bool})
    remembers = "pass"
    keeps_all = True
    walk_guard = (enter_errstate, leave_errstate)
    _retained: Retained | None = None  # the gradient, while this is no leaf
    _inference = False

    def __init__(self, value: float, name: str | None = None, requires_grad: bool = True) -> None:
        if value.__class__ is not float:
            value = _number(value)
        self.value = value
        self.node = Leaf(value, clock(), name) if requires_grad else None
        if name is not None:
            self.name = name

    name: str | None = None

    @staticmethod
    def lift(forward: Callable[..., Any]) -> Callable[..., Any]:
        """A NumPy kernel as one over floats."""

        def lifted(*values: Any, **params: Any) -> Any:
            with np.errstate(all="ignore"):
                y = forward(*(np.float64(v) if v.__class__ in (float, int) else v for v in values), **params)
            if y is None or isinstance(y, tuple | list):
                return y  # no result of such a kernel: the call says what is expected
            return bool(y) if isinstance(y, np.bool_) else float(y)

        return lifted

    @staticmethod
    def at_pole(pull: Callable[..., Any], g: Any, kept: Any, params: Any, inputs: Any) -> Any:
        raw = tuple(np.float64(v) if v.__class__ in (float, int) else v for v in kept)
        arrived = g.map(np.float64) if isinstance(g, OutputCotangents) else np.float64(g)
        return tuple(None if d is None else float(d) for d in pull(arrived, raw, params, inputs))

    @staticmethod
    def accumulate(leaf: Leaf, g: Any, create_graph: bool, donated: bool) -> None:
        leaf.grad = g if leaf.grad is None else leaf.grad + g

    @staticmethod
    def explain(prim: Any, error: Exception, values: tuple[Any, ...]) -> Exception:
        if isinstance(error, ValueError | ZeroDivisionError | OverflowError):
            given = ", ".join(f"{v:g}" if isinstance(v, float) else str(v) for v in values)
            return type(error)(f"{prim.name}({given}): expected numbers in its domain ({error}).")
        return error

    @property
    def grad(self) -> Any:
        """d output / d self, after `backward()`: a float, or None."""
        node: Any = self.node
        if isinstance(node, Leaf):
            return node.grad
        kept = None if self._retained is None else self._retained.grad
        return kept.value if isinstance(kept, Scalar) and kept.node is None else kept

    @grad.setter
    def grad(self, g: Any) -> None:
        if self.node is None:
            raise GraphError("Scalar.grad: expected a Scalar that takes a gradient, got one with requires_grad=False.")
        if isinstance(self.node, Leaf):
            self.node.grad = g
        else:
            if self._retained is None:
                self._retained = Retained()
            self._retained.grad = g

    @property
    def requires_grad(self) -> bool:
        """Is it part of the graph?"""
        return self.node is not None

    @property
    def is_leaf(self) -> bool:
        """Did the user make it (rather than an operation)?"""
        return self.node is None or isinstance(self.node, Leaf)

    @property
    def grad_fn(self) -> Node | None:
        """The node that made this value; None for a leaf."""
        return None if self.is_leaf else self.node

    @property
    def data(self) -> float:
        """The number."""
        return self.value  # type: ignore[no-any-return]

    @data.setter
    def data(self, value: float) -> None:
        self.value = _number(value)
        if isinstance(self.node, Leaf):
            self.node.value = self.value

    def backward(self, gradient: Any = None, retain_graph: bool = True, create_graph: bool = False) -> None:
        """Accumulate into each leaf's `.grad` the derivative of this value. The graph stays whole (it holds only numbers), so
        it can be drawn and walked again afterwards; `retain_graph=False` frees it as a Tensor's backward does."""
        if self.node is None:
            raise GraphError("Scalar.backward: expected a value computed from Scalars that take a gradient.")
        seed = gradient if isinstance(gradient, Scalar) else Scalar(1.0 if gradient is None else gradient, requires_grad=False)
        pullback([self.node], [seed], Scalar, retain_graph=retain_graph, create_graph=create_graph)

    def retain_grad(self) -> Self:
        """Let `backward()` keep the gradient of this value in between, too; returns the value itself."""
        if self.node is None:
            raise GraphError("can't retain_grad on Scalar that has requires_grad=False")
        if not isinstance(self.node, Leaf):
            self.retain(self.node)
        return self

    def register_hook(self, hook: Callable[[Scalar], Scalar | None]) -> Any:
        """Call `hook(grad)` whenever the gradient of this value was computed; what it returns replaces it."""
        from ..support.handles import RemovableHandle

        if self.node is None:
            raise GraphError("cannot register a hook on a Scalar that doesn't require gradient")
        return RemovableHandle.on(self.node.extended().hooks, hook)

    def detach(self) -> Scalar:
        """The same number, outside of the graph."""
        return Scalar(self.value, self.name, requires_grad=False)

    def item(self) -> float:
        """The number."""
        return self.value  # type: ignore[no-any-return]

    def __float__(self) -> float:
        """The number, where no gradient is lost by it: of a Scalar that takes none, or under `no_grad()`."""
        if self.node is not None and current().record:
            raise TypeError(
                "float(Scalar): the gradient would be lost, without a word, in float(x), math.exp(x), math.log(x) and the like. Use the "
                "Scalar's own x.exp(), x.log(), … to go on with the gradient, x.item() or x.value for the number alone."
            )
        return float(self.value)

    def __int__(self) -> int:
        return int(self.value)

    def __bool__(self) -> bool:
        return bool(self.value)

    def __repr__(self) -> str:
        name = f", name={self.name!r}" if self.name else ""
        made = f", grad_fn=<{self.node.name}>" if self.node is not None and not self.is_leaf else ""
        return f"Scalar({self.value:g}{name}{made})" if isinstance(self.value, float) else f"Scalar({self.value}{name}{made})"

    def __format__(self, spec: str) -> str:
        return format(self.value, spec) if spec else repr(self)

    def _compare(self, other: Any) -> float:
        return other.value if isinstance(other, Scalar) else other  # type: ignore[no-any-return]

    def __lt__(self, other: Any) -> bool:
        return bool(self.value < self._compare(other))

    def __le__(self, other: Any) -> bool:
        return bool(self.value <= self._compare(other))

    def __gt__(self, other: Any) -> bool:
        return bool(self.value > self._compare(other))

    def __ge__(self, other: Any) -> bool:
        return bool(self.value >= self._compare(other))

    def __eq__(self, other: object) -> bool:
        return bool(self.value == self._compare(other))

    __hash__ = object.__hash__

    def _repr_svg_(self) -> str:
        return display.svg(self)


def _number(value: Any) -> float:
    if isinstance(value, Scalar):
        raise TypeError("Scalar: expected a number, got a Scalar. Use it as it is, or its .value.")
    try:
        return float(value)
    except (TypeError, ValueError):
        raise TypeError(f"Scalar: expected a number, got {type(value).__name__} {value!r}.") from None


register_value_type(Scalar, float, int, bool)

METHOD_NAMES = sorted(
    n for n, op in METHODS.items() if isinstance(op, Primitive | Alias) and float in op.kernels and not hasattr(Scalar, n)
)
for _name in METHOD_NAMES:
    install(Scalar, _name, partial(method_of, METHODS[_name]))
install(Scalar, "pow", lambda value_type: pow)


def _for_numbers(name: str, op: Any, value_type: type[Variable]) -> Callable[..., Any]:
    """A user's operation as a method, if it has a kernel for floats by now."""
    if float not in op.kernels:
        raise AttributeError(
            f"'Scalar' object has no attribute {name!r}: the operation has no kernel for floats (`@{op.name}.kernel(float)`)."
        )
    return method_of(op, value_type)


def _exposed(name: str, op: Any) -> None:
    if isinstance(op, Primitive | Alias) and (name in METHODS or not hasattr(Scalar, name)):
        install(Scalar, name, partial(_for_numbers, name, op))


watch("method", _exposed)
