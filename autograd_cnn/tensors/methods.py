"""Gives Tensor its methods and operators, from the operations' own tables.

Each stands there as a descriptor that, at its first use, has the primitive's call written and takes its place. So
importing writes nothing, and afterwards nothing stands between the user and the written call.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from ..engine.alias import Alias
from ..engine.primitive import Primitive
from ..engine.variable import Variable
from ..ops.registry.expose import INPLACE, METHODS
from .inplace import apply_inplace

ONE_WAY = frozenset({"neg", "pos", "invert", "abs", "lt", "le", "gt", "ge", "eq", "ne"})  # operators that are not reflected

ANEW = frozenset({"matmul"})  # `a @= b` makes a new tensor, as in PyTorch


class Lazy:
    """A method not yet written."""

    def __init__(self, make: Callable[[], Callable[..., Any]]) -> None:
        self.make = make

    def __set_name__(self, owner: type, name: str) -> None:
        self.owner, self.name = owner, name

    def __get__(self, obj: Any, owner: type) -> Any:
        method = self.make()
        setattr(self.owner, self.name, method)
        return getattr(obj if obj is not None else owner, self.name)


def install(cls: type, name: str, make: Callable[[], Callable[..., Any]]) -> None:
    """Put a method into a class, to be written at its first use."""
    lazy = Lazy(make)
    setattr(cls, name, lazy)
    lazy.__set_name__(cls, name)


def method_of(op: Any, front: type[Variable]) -> Callable[..., Any]:
    """An operation as a method."""
    made: Callable[..., Any] = op.call_for(front) if isinstance(op, Primitive | Alias) else op
    return made


def twin(op: Any, name: str) -> Callable[..., Any]:
    """The in-place twin of an operation."""
    call = getattr(op, "call", op)

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        return apply_inplace(self, call, name, args, kwargs)

    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"In-place `{name[:-1]}`: writes the result into this tensor and returns it."
    return method


def reflected(op: Any, front: type[Variable]) -> Callable[..., Any]:
    """The operator with its operands the other way round."""
    call = op.operator_for(front) if isinstance(op, Primitive) else op

    def method(self: Any, other: Any) -> Any:
        return call(other, self)

    return method


def operator(op: Any, front: type[Variable]) -> Callable[..., Any]:
    """An operation as an operator."""
    made: Callable[..., Any] = op.operator_for(front) if isinstance(op, Primitive) else op
    return made


def attach(front: type[Variable], host: type, operators: dict[str, Any], inplace: bool) -> None:
    """Install all named methods and operators for one kind of variable on `host` (a base class of it).

    `operators` maps "mul" to the operation of `*`; arithmetic ones get the reflected and the in-place form, too.
    """
    for name, op in METHODS.items():
        install(host, name, partial(method_of, op, front))
    if inplace:
        for name, op in INPLACE.items():
            install(host, f"{name}_", partial(twin, op, f"{name}_"))
    for name, op in operators.items():
        install(host, f"__{name}__", partial(operator, op, front))
        if name not in ONE_WAY:
            install(host, f"__r{name}__", partial(reflected, op, front))
            if inplace and name not in ANEW:
                install(host, f"__i{name}__", partial(twin, op, f"__i{name}__"))
