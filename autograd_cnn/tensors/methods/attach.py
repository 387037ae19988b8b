"""Operations as methods: those of the tables (`ops/registry/expose.py`), a user's among them, and the operators.

A method whose call is written for one kind of variable stands in its class as a descriptor that, at its first use, has the call
written and takes its place. So importing writes nothing, and afterwards nothing stands between the user and the written call.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, update_wrapper
from types import FunctionType
from typing import Any, TypeVar

from ...engine.variable import VALUE_TYPES, Variable
from ...ops.registry.expose import INPLACE, METHODS, watch
from ...primitives.alias import Alias
from ...primitives.primitive import Primitive
from ..inplace import apply_inplace

F = TypeVar("F", bound=Callable[..., Any])


class Lazy:
    """A method not yet written: `make` writes it for the kind of variable that asks."""

    def __init__(self, make: Callable[[type[Variable]], Callable[..., Any]]) -> None:
        self.make = make

    def __set_name__(self, owner: type, name: str) -> None:
        self.owner, self.name = owner, name

    def __get__(self, obj: Any, owner: type) -> Any:
        method = self.make(next(cls for cls in owner.__mro__ if cls in VALUE_TYPES))
        setattr(self.owner, self.name, method)
        return getattr(obj if obj is not None else owner, self.name)


def written(op: Any, reflected: bool = False) -> Callable[[F], F]:
    """Let the call written for an operation take the place of this definition of an operator, at its first use.

    It does what the definition says, and leaves operands of other kinds to their own operators (NotImplemented). `reflected`: the
    operands come the other way round.
    """

    def put(definition: F) -> F:
        def make(value_type: type[Variable]) -> Callable[..., Any]:
            if isinstance(op, Primitive):
                call = op.operator_for(value_type, reflected)
            else:
                call = FunctionType(op.__code__, op.__globals__, op.__name__, op.__defaults__, op.__closure__)
            return update_wrapper(call, definition)  # it says of itself what the definition says

        return Lazy(make)  # type: ignore[return-value]  # which gives such a function

    return put


def method_of(op: Any, value_type: type[Variable]) -> Callable[..., Any]:
    """An operation as a method."""
    made: Callable[..., Any] = op.call_for(value_type) if isinstance(op, Primitive | Alias) else op
    return made


def inplace_variant(op: Any, name: str) -> Callable[..., Any]:
    """The in-place twin of an operation."""
    plain = op.primitive if isinstance(op, Alias) else op

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        return apply_inplace(self, plain, name, args, kwargs)

    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"In-place `{name[:-1]}`: writes the result into this tensor and returns it."
    return method


def install(cls: type, name: str, make: Callable[[type[Variable]], Callable[..., Any]]) -> None:
    """Put a method into a class, to be written at its first use."""
    lazy = Lazy(make)
    setattr(cls, name, lazy)
    lazy.__set_name__(cls, name)


def attach(value_type: type[Variable], host: type) -> None:
    """Give `value_type` the methods of the tables, those to come too, by way of `host`, a base class of it. What has a definition there is left
    alone."""

    attached: set[str] = set()  # which a definition that is run again may replace

    def refuse(name: str) -> None:
        if name not in attached and hasattr(value_type, name):
            raise ValueError(f"@expose: {value_type.__name__}.{name} exists already: expected another name for the method.")

    def method(name: str, op: Any) -> None:
        attached.add(name)
        install(host, name, partial(method_of, op))

    def inplace(name: str, op: Any) -> None:
        attached.add(f"{name}_")
        setattr(host, f"{name}_", inplace_variant(op, f"{name}_"))

    for name, op in METHODS.items():
        refuse(name)
        method(name, op)
    for name, op in INPLACE.items():
        if not hasattr(value_type, f"{name}_"):
            inplace(name, op)
    watch("method", method, refuse)
    watch("inplace", inplace, lambda name: refuse(f"{name}_"))
