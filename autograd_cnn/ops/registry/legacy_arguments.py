"""The argument order of PyTorch before 1.5, which it still takes: `p.add_(-lr, grad)`, `p.addcdiv_(-lr, m, v)`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


def numbers_first(*names: str) -> Callable[[F], F]:
    """Accept a factor by position, before the tensor it stretches: `add(x, 2, z)` is `add(x, z, alpha=2)`.

    Args:
        names: the parameters that the surplus numbers are, in their order.

    >>> import autograd_cnn as ac
    >>> ac.zeros(2).add_(-1, ac.ones(2))
    tensor([-1., -1.])
    """

    def former(fn: F) -> F:
        positions = fn.__code__.co_argcount

        @functools.wraps(fn)
        def call(*args: Any, **kwargs: Any) -> Any:
            surplus = len(args) - positions
            if surplus > 0:
                numbers = [a for a in args if isinstance(a, int | float) or not getattr(a, "shape", True)]
                if len(numbers) == surplus <= len(names):
                    args = tuple(a for a in args if not any(a is n for n in numbers))
                    kwargs.update(zip(names, numbers, strict=False))
            return fn(*args, **kwargs)

        return call  # type: ignore[return-value]  # the same signature and the former order

    return former
