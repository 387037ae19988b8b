"""One program, written once, run under torch and here."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

import autograd_cnn as ac


def plain(x: Any) -> Any:
    """Results of both sides, made comparable."""
    if isinstance(x, torch.Tensor | ac.Tensor):
        return np.asarray(x.detach().numpy())
    if isinstance(x, tuple | list):
        return [plain(v) for v in x]
    return x


def run(fn: Callable[[Any], Any], module: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return plain(fn(module))
        except Exception as error:
            kind = next(
                k
                for k in (IndexError, KeyError, TypeError, ValueError, NotImplementedError, RuntimeError, Exception)
                if isinstance(error, k)
            )
            return f"raises {kind.__name__}"


def same(a: Any, b: Any) -> bool:
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return a.shape == b.shape and a.dtype == b.dtype and bool(np.allclose(a, b, rtol=1e-5, atol=1e-6, equal_nan=True))
    if isinstance(a, float) and isinstance(b, float):
        return bool(np.isclose(a, b, rtol=1e-5, atol=1e-6, equal_nan=True))
    return bool(a == b)


def agree(fn: Callable[[Any], Any]) -> None:
    """The program gives the same on both sides, or both refuse it, and leaves recording on."""
    theirs, ours = run(fn, torch), run(fn, ac)
    assert same(ours, theirs), f"ours: {ours}\ntorch: {theirs}"
    assert torch.is_grad_enabled()
    assert ac.is_grad_enabled()


class Programs(dict[str, Callable[[Any], Any]]):
    """Programs by name; used as a decorator, it takes one more."""

    def __call__(self, fn: Callable[[Any], Any]) -> Callable[[Any], Any]:
        assert fn.__name__ not in self, f"two programs are called {fn.__name__}"
        self[fn.__name__] = fn
        return fn


def leaf(T: Any, *values: float) -> Any:
    """A leaf of these values, or of three."""
    return T.tensor(list(values) or [1.0, 2.0, 3.0], requires_grad=True)
