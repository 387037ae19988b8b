"""Under which names an operation is public: `torch.x`-like functions, Tensor methods, in-place twins, `nn.functional`.

An operation says so where it is defined; the façades read these tables. So a new operation touches one file.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F")

FUNCTIONS: dict[str, Callable[..., Any]] = {}  # autograd_cnn.NAME
METHODS: dict[str, Callable[..., Any]] = {}  # Tensor.NAME, the tensor as first argument
INPLACE: dict[str, Callable[..., Any]] = {}  # Tensor.NAME_, from the out-of-place operation
FUNCTIONAL: dict[str, Callable[..., Any]] = {}  # autograd_cnn.nn.functional.NAME

_TABLES = {"function": FUNCTIONS, "method": METHODS, "inplace": INPLACE, "functional": FUNCTIONAL}


def expose(places: str, *names: str) -> Callable[[F], F]:
    """Make an operation (a primitive or a function of primitives) public.

    Args:
        places: any of "function method inplace functional", separated by spaces.
        names: the public names, aliases included; the operation's own name if none is given.
    """

    def put(op: F) -> F:
        for place in places.split():
            table = _TABLES[place]
            for name in names or (op.__name__,):  # type: ignore[attr-defined]  # functions and primitives have one
                if name in table and _definition(table[name]) != _definition(op):  # the same one, run again, replaces itself
                    raise ValueError(f"{name!r} is exposed twice as {place}")
                table[name] = op  # type: ignore[assignment]  # resolved below, once all rules are attached
        return op

    return put


def _definition(op: Any) -> tuple[str, str]:
    return op.__module__, op.__qualname__


def resolved(table: dict[str, Callable[..., Any]]) -> dict[str, Callable[..., Any]]:
    """The table with every primitive replaced by its written call (which exists once the definition is complete)."""
    return {name: getattr(op, "call", op) for name, op in table.items()}
