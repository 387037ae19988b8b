"""Over torch's own samples: whatever a call was given or gave is overwritten before backward. It is refused, or the gradient is that of
the values as they were."""

from __future__ import annotations

import random
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn.errors import InplaceError
from autograd_cnn.tensors.tensor import Tensor, wrap

torch = pytest.importorskip("torch")

from ..samples import ours, translated  # noqa: E402  # needs torch
from .test_samples import OPERATIONS, WITH_US  # noqa: E402


def _tensors(x: Any) -> Iterator[Tensor]:
    if isinstance(x, Tensor):
        yield x
    elif isinstance(x, list | tuple | dict):
        for v in x.values() if isinstance(x, dict) else x:
            yield from _tensors(v)


def _overwrite(x: Tensor) -> None:
    with ac.no_grad():
        if x.dtype.kind == "b":
            x.logical_not_()
        elif x.dtype.kind in "iu":
            x.fill_(0)
        else:
            x.mul_(0.25).add_(0.375)


def _gradients(fn: Any, sample: Any, overwritten: int | None) -> list[Any] | None:
    """The gradients of one call, with one of its tensors overwritten before; None where there is nothing to see."""
    args = [translated(sample.input), *[translated(a) for a in sample.args]]
    kwargs = {k: translated(v) for k, v in sample.kwargs.items()}
    ac.manual_seed(0)
    given = list(_tensors([args, kwargs]))
    y = fn(*args, **kwargs)
    live = [v for v in _tensors([y]) if v.requires_grad]
    leaves = [t for t in given if t.requires_grad]
    held = [*given, *_tensors([y])]
    if not live or not leaves or (overwritten is not None and overwritten >= len(held)):
        return None
    if overwritten is not None:
        _overwrite(held[overwritten])
    seeds = [wrap(np.random.default_rng(5).uniform(0.5, 1.5, v.shape).astype(v.dtype)) for v in live]
    return [None if g is None else g.detach().numpy() for g in ac.autograd.grad(live, leaves, seeds, allow_unused=True)]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", WITH_US)
def test_overwritten_before_backward(name: str) -> None:
    op = OPERATIONS[name]
    try:
        samples = list(op.sample_inputs("cpu", torch.float64, requires_grad=True))
    except Exception:
        pytest.skip("no samples in float64 with a gradient")
    random.Random(0).shuffle(samples)
    fn = ours(op)
    for sample in samples[:5]:
        try:
            with warnings.catch_warnings():
                want = _gradients(fn, sample, None)
        except Exception:  # out of scope, which test_samples.py looks at
            continue
        for which in range(12) if want is not None else ():
            try:
                found = _gradients(fn, sample, which)
            except InplaceError:
                continue
            if found is None:
                break
            for a, b in zip(found, want, strict=True):
                assert (a is None) == (b is None)
                assert a is None or np.allclose(a, b, rtol=1e-9, atol=1e-11, equal_nan=True), f"{name}: tensor {which} overwritten"
