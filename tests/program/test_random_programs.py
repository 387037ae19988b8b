"""Programs put together at random from operations: what is written of them gives what they give, and their gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac

STEPS: tuple[Callable[[Any, Any, float], Any], ...] = (
    lambda a, b, c: a + b,
    lambda a, b, c: a * b,
    lambda a, b, c: a - b,
    lambda a, b, c: a / (b.abs() + 1),
    lambda a, b, c: a @ b.T,
    lambda a, b, c: a * c,
    lambda a, b, c: -a,
    lambda a, b, c: a**2,
    lambda a, b, c: a.tanh(),
    lambda a, b, c: a.relu(),
    lambda a, b, c: a.sigmoid(),
    lambda a, b, c: a.exp().clamp(max=5.0),
    lambda a, b, c: a.softmax(-1),
    lambda a, b, c: a.log_softmax(0),
    lambda a, b, c: ac.where(a > 0, a, a * 0.1),
    lambda a, b, c: a.sum(0),
    lambda a, b, c: a.mean(-1, keepdim=True),
    lambda a, b, c: a.max(-1).values,
    lambda a, b, c: a.T,
    lambda a, b, c: a[0],
    lambda a, b, c: a.reshape(-1),
    lambda a, b, c: a.flatten().unsqueeze(0),
    lambda a, b, c: a.expand(2, *a.shape),
    lambda a, b, c: ac.cat([a, a], -1),
    lambda a, b, c: a.detach() + a,
    lambda a, b, c: (a * 1).add_(1.5),
    lambda a, b, c: ac.autograd.grad((a * a).sum(), a, create_graph=True)[0] if a.requires_grad else a,
)


def program(seed: int) -> Callable[..., Any]:
    """A function of three tensors: some steps, each of values before it; what does not fit is left out."""
    rng = np.random.default_rng(seed)
    plan = [
        (int(rng.integers(len(STEPS))), *map(int, rng.integers(0, 1 << 30, 2)), float(rng.normal())) for _ in range(rng.integers(4, 14))
    ]

    def fn(x: Any, y: Any, w: Any) -> Any:
        values = [x, y, w]
        for k, i, j, c in plan:
            try:
                made = STEPS[k](values[i % len(values)], values[j % len(values)], c)
            except (RuntimeError, IndexError, TypeError, ValueError):
                continue
            if made.numel() <= 200:
                values.append(made)
        return values[-1].sum() + values[-2].mean() if seed % 3 == 0 else values[-1]

    return fn


def check(seed: int) -> None:
    ac.manual_seed(seed)
    fn, args = program(seed), (ac.randn(3, 4), ac.randn(4).requires_grad_(), ac.randn(4, 4).requires_grad_())
    out = fn(*args)
    text = ac.trace(fn, *args).source(backward=out.requires_grad)
    module: dict[str, Any] = {}
    exec(text, module)
    with np.errstate(all="ignore"):
        found = module["forward"](**text.arguments)
        found, saved = found if out.requires_grad else (found, None)
        wanted = out.detach().numpy()
        assert np.asarray(found).dtype == wanted.dtype
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5 * max(1.0, float(np.abs(wanted).max())), err_msg=text)
        if not out.requires_grad:
            return
        seeds = [] if out.shape == () else [np.random.default_rng(1).standard_normal(out.shape).astype(np.float32)]
        grads = ac.autograd.grad([out], args[1:], [ac.tensor(s) for s in seeds] or None, allow_unused=True)
        for a, g in zip(module["backward"](saved, *seeds), grads, strict=True):
            assert a is not None or g is None or not g.numpy().any()
            if a is not None and g is not None:
                b = g.numpy()
                assert a.dtype == b.dtype
                np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-4 * max(1e-2, float(np.abs(b).max())), err_msg=text)


@pytest.mark.parametrize("seed", range(40))
def test_a_random_program(seed: int) -> None:
    check(seed)


@pytest.mark.slow
@pytest.mark.parametrize("block", range(20))
def test_many_random_programs(block: int) -> None:
    for seed in range(40 + 50 * block, 90 + 50 * block):
        check(seed)
