"""Random programs of views, writes, detached and replaced memory, buffers and arguments written to: a replay leaves behind what the function
does, in its results, in what was there before, and in the gradients."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

import autograd_cnn as ac
from autograd_cnn.errors import GraphError, InplaceError
from autograd_cnn.nn import functional as F

VIEWS: list[Callable[[Any], Any]] = [
    lambda v: v[1:] if v.ndim and len(v) > 1 else v,
    lambda v: v.flatten() if v.ndim > 1 else v.view(1, -1),
    lambda v: v.T if v.ndim == 2 else v,
    lambda v: v[..., ::2] if v.ndim else v,
    lambda v: v[0] if v.ndim > 1 else v,
    lambda v: v.unsqueeze(0),
]
WRITES: list[Callable[[Any, Any], Any]] = [
    lambda v, s: v.mul_(1.5),
    lambda v, s: v.add_(s),
    lambda v, s: v.sigmoid_(),
    lambda v, s: v.copy_(s.expand(v.shape)),
    lambda v, s: v.__setitem__(0, s) if v.ndim else v,
    lambda v, s: v.fill_(s),
    lambda v, s: v.clamp_(-0.5, 0.5),
    lambda v, s: v.masked_fill_(v.detach() > 0, 0.3),
    lambda v, s: v.div_(s.detach().abs() + 1),
    lambda v, s: v.zero_(),
    lambda v, s: F.leaky_relu_(v, 0.1),
]
OUTSIDE: list[Callable[[Any, Any], Any]] = [
    lambda b, s: b.mul_(0.5).add_(s),
    lambda b, s: b[1:].add_(s),
    lambda b, s: b.data.mul_(2),
    lambda b, s: b.detach().neg_(),
]
KINDS = ["view", "write", "write", "read", "detach", "new", "data", "buffer", "argument", "gradient", "unrecorded"]


def program(seed: int) -> Callable[..., list[Any]]:
    draw = random.Random(seed)
    steps = [(draw.choice(KINDS), draw.random(), draw.random(), draw.random()) for _ in range(draw.randint(3, 9))]

    def run(x: Any, w: Any, buffer: Any) -> list[Any]:
        known, results = [x * 1, w * 1.5], []
        for kind, a, b, c in steps:
            v, s = known[int(a * len(known))], known[int(b * len(known))].sum()
            if kind == "view":
                known.append(VIEWS[int(c * len(VIEWS))](v))
            elif kind == "write":
                WRITES[int(c * len(WRITES))](v, s)
            elif kind == "read":
                results.append(v * s)
            elif kind == "detach":
                known.append(v.detach())
            elif kind == "new":
                known.append(v * 2 + buffer.sum())
            elif kind == "data":
                v.data = v.detach() * 2
            elif kind == "buffer":
                with ac.no_grad():
                    OUTSIDE[int(c * len(OUTSIDE))](buffer, s.detach())
            elif kind == "argument":
                with ac.no_grad():
                    (x if c < 0.5 else w).mul_(0.9)
                known.append(x * 3 + w)
            elif kind == "gradient":
                t = v.detach().clone().requires_grad_()
                results.append(ac.autograd.grad((t * t * s.detach()).sum(), t)[0])
            else:
                with ac.no_grad():
                    v.mul_(1.1)
        return [*results, *[v * 1 for v in known]]

    return run


def given() -> tuple[Any, Any, Any]:
    ac.manual_seed(0)
    kind = {"dtype": ac.float64}
    return ac.randn(2, 3, **kind), ac.randn(2, 3, **kind).requires_grad_(), ac.randn(4, **kind)


def after(results: list[Any], x: Any, w: Any, buffer: Any) -> list[Any]:
    """All numbers that there are: results, what was written to, and the gradient (None where what it needs was overwritten)."""
    live = [v for v in results if v.requires_grad]
    try:
        pulled = ac.autograd.grad(sum((v * v).sum() for v in live), w, allow_unused=True)[0] if live else None
    except InplaceError:
        pulled = None
    return [*[v.detach() for v in (*results, x, w, buffer)], pulled]


@pytest.mark.parametrize("seed", range(0, 300, 10))
def test_random_programs(seed: int) -> None:
    seen = 0
    for number in range(seed, seed + 10):
        run = program(number)
        x, w, buffer = given()
        x2, w2, buffer2 = given()
        run(x2, w2, buffer2)
        graph = ac.trace(lambda x, run=run, w=w, buffer=buffer: run(x, w, buffer), x)
        other = x.new_tensor([[0.5, -1.0, 2.0], [3.0, 0.25, -0.75]])
        want = after(run(x3 := other.clone(), w2, buffer2), x3, w2, buffer2)
        try:
            found = after(graph(x4 := other.clone()), x4, w, buffer)
        except (GraphError, InplaceError):
            continue
        seen += 1
        for a, b in zip(found, want, strict=True):
            assert b is None or ac.allclose(a, b, rtol=1e-10, atol=1e-12), f"program {number}"
    assert seen > 5
