"""Tests of gradients in one line: for pytest, fed by hypothesis."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable
from typing import Any

import numpy as np

from ..engine.variable import Variable
from .gradcheck import gradcheck, gradgradcheck
from .needs import hypothesis
from .primitive import check_primitive
from .report import GradcheckError


def check_gradients(
    *strategies: Any, second: bool = True, examples: int = 25, **options: Any
) -> Callable[[Callable[..., Any]], Callable[[], None]]:
    """Turn a function of tensors into a pytest test of its gradients: hypothesis draws the arguments from `strategies`, `gradcheck` and
    (with `second`) `gradgradcheck` judge, a failure is shrunk and printed with code that shows it again.

    Args:
        strategies: one for each argument, such as `strategies.tensors()`; tensors of floats get requires_grad.
        examples: how many are tried.
        options: for gradcheck; atol and rtol are 1e-6 by default.

    >>> import autograd_cnn as ac
    >>> from autograd_cnn.testing import check_gradients, strategies
    >>> @check_gradients(strategies.tensors(), examples=5)
    ... def test_mine(x):
    ...     return x.sin() * x
    >>> test_mine()
    """
    module = hypothesis("check_gradients")
    options = {"atol": 1e-6, "rtol": 1e-6, **options}

    def wrap_test(fn: Callable[..., Any]) -> Callable[[], None]:
        @module.settings(max_examples=examples, deadline=None, derandomize=True, database=None)  # type: ignore[untyped-decorator]
        @module.given(module.strategies.tuples(*strategies))  # type: ignore[untyped-decorator]
        def test(drawn: Any) -> None:
            args = [_leaf(x) for x in drawn]
            for judge in (gradcheck, gradgradcheck) if second else (gradcheck,):
                try:
                    judge(fn, args, **options)
                except GradcheckError as error:
                    error.add_note("To see it again:\n\n" + _code(fn, args, judge.__name__, options))
                    raise error.with_traceback(None) from None

        test.__name__ = test.__qualname__ = getattr(fn, "__name__", "test")
        test.__doc__ = fn.__doc__
        test.__module__ = fn.__module__
        return test  # type: ignore[no-any-return]  # hypothesis is not typed here

    return wrap_test


def gradient_test(fn: Callable[..., Any], *strategies: Any, **options: Any) -> Callable[[], None]:
    """The same in one line: `test_mine = gradient_test(mine, strategies.tensors())`.

    >>> from autograd_cnn.testing import gradient_test, strategies
    >>> test_tanh = gradient_test(lambda x: x.tanh(), strategies.tensors(), examples=5)
    >>> test_tanh()
    """
    return check_gradients(*strategies, **options)(fn)


def primitive_test(op: Any, **options: Any) -> Callable[[], None]:
    """A pytest test of a primitive, by `check_primitive`: `test_swish = primitive_test(swish)`.

    >>> from autograd_cnn.testing import primitive_test
    >>> test_exp = primitive_test("exp", examples=2)
    >>> test_exp()
    """

    def test() -> None:
        check_primitive(op, **options)

    test.__name__ = f"test_{getattr(op, '__name__', op)}"
    return test


def _leaf(x: Any) -> Any:
    floating = isinstance(x, Variable) and getattr(getattr(x.value, "dtype", None), "kind", "f") == "f"
    if floating and x.node is None:
        x.requires_grad_(True)
    return x


def _code(fn: Callable[..., Any], args: list[Any], judge: str, options: dict[str, Any]) -> str:
    """The call that failed, to be pasted below the function."""
    lines = ["import autograd_cnn as ac", f"from autograd_cnn.testing import {judge}"]
    for i, x in enumerate(args):
        if isinstance(x, Variable):
            data = np.asarray(x.value)
            numbers = re.sub(r"\b(nan|inf)\b", r'float("\1")', repr(data.tolist()))
            grad = ", requires_grad=True" if x.node is not None else ""
            lines.append(f"x{i} = ac.tensor({numbers}, dtype=ac.{data.dtype.name}{grad})")
        else:
            lines.append(f"x{i} = {x!r}")
    names = ", ".join(f"x{i}" for i in range(len(args)))
    given = "".join(f", {k}={v!r}" for k, v in options.items())
    lines.append(f"{judge}({_name(fn)}, ({names}{',' if len(args) == 1 else ''}){given})")
    return textwrap.indent("\n".join(lines), "    ")


def _name(fn: Callable[..., Any]) -> str:
    """What the function is called where it was written; a lambda or a local function is `fn`."""
    owner = getattr(fn, "__self__", None)
    name = f"{owner.__qualname__}.{fn.__name__}" if isinstance(owner, type) else getattr(fn, "__qualname__", "fn")
    return "fn" if "<" in name else name
