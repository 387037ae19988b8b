"""Over torch's own samples: what was traced on one input is replayed on another of the same shapes, and gives what the function gives
there, with the gradients, also those that the function itself asks for. What no replay could follow is refused when it is traced."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn.errors import GraphError
from autograd_cnn.tensors.tensor import Tensor, wrap

torch = pytest.importorskip("torch")

from ..samples import flat, ours, translated  # noqa: E402  # needs torch
from .test_samples import OPERATIONS, WITH_US  # noqa: E402


def _others(x: Any, rng: np.random.Generator) -> Any:
    """The same arguments with the entries of each tensor in another order; numbers are others."""
    if isinstance(x, torch.Tensor):
        with torch.no_grad():
            if x.numel() > 1:
                y = x.flatten()[torch.from_numpy(rng.permutation(x.numel()))].reshape(x.shape)
            elif x.dtype == torch.bool:
                y = ~x
            elif x.dtype.is_floating_point or x.dtype.is_complex:
                y = x * 0.75
            else:
                y = torch.where(x > 0, x - 1, x + 1)
        return y.detach().requires_grad_(x.requires_grad)
    if isinstance(x, list | tuple) and not isinstance(x, torch.Size):
        return type(x)(_others(v, rng) for v in x)
    return {k: _others(v, rng) for k, v in x.items()} if isinstance(x, dict) else x


def _tensors(x: Any) -> list[Tensor]:
    return [v for v in flat(x) if isinstance(v, Tensor)]


def _refilled(x: Any, tensors: Iterator[Tensor]) -> Any:
    """The arguments with these tensors in place of theirs."""
    if isinstance(x, Tensor):
        return next(tensors)
    if isinstance(x, list | tuple) and not isinstance(x, torch.Size):
        return type(x)(_refilled(v, tensors) for v in x)
    return {k: _refilled(v, tensors) for k, v in x.items()} if isinstance(x, dict) else x


def _outcome(fn: Any, given: list[Tensor]) -> list[Any]:
    """The results, with gradients of them outside of what is traced."""
    ac.manual_seed(0)
    ys = _tensors(fn(*given))
    leaves, live = [t for t in given if t.requires_grad], [y for y in ys if y.requires_grad]
    pulled = ac.autograd.grad(live, leaves, _seeds(live), allow_unused=True) if leaves and live else ()
    return [None if v is None else v.detach().numpy() for v in [*ys, *pulled]]


def _seeds(live: list[Tensor]) -> list[Tensor]:
    return [wrap(np.random.default_rng(5).uniform(0.5, 1.5, v.shape).astype(v.dtype)) for v in live]


def _replays(op: Any, sample: Any, others: list[Any], within: bool) -> bool:
    """Does a replay give what the function does? (False: nothing to see)"""
    mine = ours(op)
    form = translated([[sample.input, *sample.args], sample.kwargs])
    given = _tensors(form)

    def fn(*tensors: Tensor) -> Any:
        args, kwargs = _refilled(form, iter(tensors))
        ys = _tensors(mine(*args, **kwargs))
        leaves, live = [t for t in tensors if t.requires_grad], [y for y in ys if y.requires_grad]
        if not within or not leaves or not live:
            return ys
        pulled = ac.autograd.grad(live, leaves, _seeds(live), allow_unused=True)
        return [*[y.detach() for y in ys], *[g for g in pulled if g is not None]]

    ac.manual_seed(0)
    try:
        fn(*given)
    except Exception:  # out of scope, which test_samples.py looks at
        return False
    ac.manual_seed(0)
    try:
        graph = ac.trace(fn, *given)
    except GraphError:
        return False
    seen = False
    for other in others:
        tensors = _tensors(translated(other))
        if [(t.shape, t.dtype) for t in tensors] != [(t.shape, t.dtype) for t in given]:
            continue
        try:
            want = _outcome(fn, tensors)
        except Exception:  # these values are not for it
            continue
        try:
            found = _outcome(graph, tensors)
        except (GraphError, ValueError):  # a shape depends on the values: this is not silent
            continue
        assert len(found) == len(want)
        for a, b in zip(found, want, strict=True):
            assert (a is None) == (b is None)
            if b is not None:
                np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-11)
        seen = True
    return seen


def _samples(op: Any, dtype: Any, grad: bool, seed: int) -> list[Any]:
    torch.manual_seed(seed)
    return list(op.sample_inputs("cpu", dtype, requires_grad=grad))


def _check(name: str, few: int) -> bool:
    """Whether there was anything to see."""
    op = OPERATIONS[name]
    rng, seen = np.random.default_rng(0), False
    for dtype in (torch.float64, torch.int64, torch.bool):
        if dtype not in op.supported_dtypes("cpu"):
            continue
        grad = dtype is torch.float64 and op.supports_autograd
        samples, again = (_samples(op, dtype, grad, seed) for seed in (0, 1))
        for i in random.Random(0).sample(range(len(samples)), min(few, len(samples))):
            s = samples[i]
            others = [_others([[s.input, *s.args], s.kwargs], rng)]
            if len(again) == len(samples):
                others.append([[again[i].input, *again[i].args], again[i].kwargs])
            for within in (False, True) if grad else (False,):
                seen |= _replays(op, s, others, within)
    return seen


BY_VALUES = ["repeat_interleave", "put", "take", "index_fill", "scatter_reduce.mean", "scatter_reduce.amax", "masked_scatter", "gradient"]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", BY_VALUES)
def test_replayed_where_values_decide(name: str) -> None:
    assert _check(name, 3)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", WITH_US)
def test_replayed(name: str) -> None:
    _check(name, 12)
