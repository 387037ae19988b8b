"""The table of oracles, and how one is put in."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

ORACLES: dict[str, Callable[..., Any]] = {}
_FREE = "the signs of its vectors are free: tested by what they multiply to, in tests/linalg/test_decompositions"
WITHOUT = {
    "dropout": "random: its structure is tested in test_primitives",
    "derived": "it is whichever function it is given: tested in tests/graph/test_trace_values.py",
    **dict.fromkeys(("qr", "qr complete", "svd", "svd full", "eigh"), _FREE),
}


def oracle(name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def put(fn: Callable[..., Any]) -> Callable[..., Any]:
        ORACLES[name] = fn
        return fn

    return put


def entrywise(name: str, fn: Callable[..., Any], kind: Any = np.float64) -> None:
    """An operation that is `fn` for each entry."""

    def run(*arrays: Any, **params: Any) -> Any:
        spread = np.broadcast_arrays(*arrays)
        out = np.zeros(spread[0].shape, kind)
        for at in np.ndindex(*out.shape):
            out[at] = fn(*(v[at].item() for v in spread), **params)
        return out

    ORACLES[name] = run


def nan_wins(fn: Callable[..., Any]) -> Callable[..., Any]:
    """`fn`, but nan where any operand is."""
    return lambda *v, **p: math.nan if any(math.isnan(e) for e in v) else fn(*v, **p)


def nan_loses(fn: Callable[..., Any]) -> Callable[..., Any]:
    """`fn` of the operands that are not nan."""

    def run(*v: float) -> float:
        good = [e for e in v if not math.isnan(e)]
        return fn(good) if good else math.nan

    return run
