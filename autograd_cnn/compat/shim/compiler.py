"""`torch.compiler`: nothing is compiled, and a function that is to be left out of it is as it was."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

__all__ = [
    "allow_in_graph",
    "assume_constant_result",
    "cudagraph_mark_step_begin",
    "disable",
    "is_compiling",
    "is_dynamo_compiling",
    "reset",
]


def is_compiling() -> bool:
    """Is this part of what is being compiled? Never."""
    return False


is_dynamo_compiling = is_compiling


def disable(fn: F | None = None, recursive: bool = True, *, reason: str | None = None) -> Any:
    """The function itself; without one, a decorator that gives it back."""
    return fn if fn is not None else lambda given: given


def allow_in_graph(fn: F) -> F:
    """The function itself."""
    return fn


def assume_constant_result(fn: F) -> F:
    """The function itself."""
    return fn


def cudagraph_mark_step_begin() -> None:
    """There are no CUDA graphs."""


def reset() -> None:
    """Nothing is kept that could be forgotten."""
