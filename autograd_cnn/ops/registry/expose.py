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
_WATCHERS: dict[str, list[tuple[Callable[[str], None], Callable[[str, Any], None]]]] = {place: [] for place in _TABLES}
_HOMES = {"functional": "autograd_cnn.nn.functional", "function": "autograd_cnn"}  # the modules that show them


def watch(place: str, told: Callable[[str, Any], None], refuse: Callable[[str], None] = lambda name: None) -> None:
    """Let `told(name, operation)` hear of what is exposed from now on: a user's operations, after the import. Before anything is done,
    `refuse(name)` may raise."""
    _WATCHERS[place].append((refuse, told))


def expose(places: str, *names: str) -> Callable[[F], F]:
    """Make an operation (a primitive or a function of primitives) public.

    Args:
        places: any of "function method inplace functional", separated by spaces.
        names: the public names, aliases included; the operation's own name if none is given.
    """

    def put(op: F) -> F:
        found: Any = op
        public = [(place, name) for place in places.split() for name in names or (found.__name__,)]
        for place, name in public:
            old = _TABLES[place].get(name)
            if old is not None and _definition(old) != _definition(op):  # the same one, run again, replaces itself
                raise ValueError(f"{name!r} is exposed twice as {place}")
            for refuse, _ in _WATCHERS[place]:
                refuse(name)
        for place, name in public:
            for _, told in _WATCHERS[place]:
                told(name, op)
            _TABLES[place][name] = found  # a primitive's calls are written when somebody asks for them
        if hasattr(op, "found_at"):  # a primitive, or a second name of one
            for place, name in public:
                if place in _HOMES and found.found_at[0] != _HOMES["function"]:
                    found.show_at(_HOMES[place], name)
        return op

    return put


def _definition(op: Any) -> tuple[str, str]:
    return op.__module__, op.__qualname__
