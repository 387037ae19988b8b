"""What the user overwrites between forward and backward is refused, or the gradient is that of the values as they were: never a third."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn.errors import InplaceError
from autograd_cnn.primitives.primitive import REGISTRY, Primitive
from autograd_cnn.random import default_generator
from autograd_cnn.tensors.tensor import Tensor, wrap
from autograd_cnn.testing import RandomDraw

assert ac.ops  # all are registered
NAMES = sorted(n for n, p in REGISTRY.items() if p.__module__.startswith("autograd_cnn.") and p.differentiable)


def _copied(x: Any) -> Any:
    """The same with arrays of its own."""
    if isinstance(x, np.ndarray):
        return np.array(x)
    return type(x)(_copied(v) for v in x) if type(x) in (tuple, list) else x


def _arrays(x: Any) -> Iterator[Any]:
    if isinstance(x, np.ndarray):
        yield x
    elif type(x) in (tuple, list):
        for v in x:
            yield from _arrays(v)


class Run:
    """One call of a primitive on arrays of its own, and the pull-back of fixed gradients."""

    def __init__(self, prim: Primitive, seed: int) -> None:
        assert prim.draw_case is not None
        case = prim.draw_case(RandomDraw(seed))
        self.inputs = [wrap(np.array(v), requires_grad=v.dtype.kind == "f") if hasattr(v, "dtype") else v for v in case.inputs]
        self.params = {k: _copied(v) for k, v in case.params.items()}
        default_generator.manual_seed(0)
        y = prim(*self.inputs, **self.params)
        self.outputs = [v for v in (y if isinstance(y, tuple) else (y,)) if isinstance(v, Tensor)]

    def owned(self) -> list[tuple[str, Tensor]]:
        """All that the user holds and may write to."""
        found = [(f"input {i}", x) for i, x in enumerate(self.inputs) if isinstance(x, Tensor)]
        found += [(f"parameter {k}", wrap(a)) for k, v in self.params.items() for a in _arrays(v)]
        return found + [(f"output {i}", y) for i, y in enumerate(self.outputs)]

    def gradients(self, create_graph: bool = False) -> list[Any]:
        live = [y for y in self.outputs if y.requires_grad]
        leaves = [x for x in self.inputs if isinstance(x, Tensor) and x.requires_grad]
        seeds = [wrap(np.random.default_rng(5).uniform(0.5, 1.5, y.shape).astype(y.dtype)) for y in live]
        found = ac.autograd.grad(live, leaves, seeds, create_graph=create_graph, allow_unused=True)
        return [None if g is None else np.array(g.detach().numpy()) for g in found]


def _overwrite(x: Tensor) -> None:
    """Other values of its kind, valid wherever the old ones were."""
    with ac.no_grad():
        if x.dtype.kind == "b":
            x.logical_not_()
        elif x.dtype.kind in "iu":
            x.fill_(0)
        else:
            x.mul_(0.25).add_(0.375)


@pytest.mark.parametrize("name", NAMES)
def test_overwritten_before_backward(name: str) -> None:
    prim = REGISTRY[name]
    for seed in range(3):
        first = Run(prim, seed)
        if not any(y.requires_grad for y in first.outputs):
            continue
        want = first.gradients()
        for create_graph in (False, not prim.once):
            for j in range(len(Run(prim, seed).owned())):
                run = Run(prim, seed)
                what, x = run.owned()[j]
                try:
                    _overwrite(x)
                    found = run.gradients(create_graph)
                except InplaceError:
                    continue
                for a, b in zip(found, want, strict=True):
                    assert (a is None) == (b is None)
                    assert a is None or np.allclose(a, b, rtol=1e-9, atol=1e-11, equal_nan=True), (
                        f"{name}: {what} overwritten before backward (seed {seed}): neither refused nor the gradient of the old values"
                    )
