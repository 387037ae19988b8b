"""L-BFGS against PyTorch: the same closures, the same steps, the same number of evaluations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd_cnn import optim
from autograd_cnn.tensors.tensor import Tensor, wrap

torch = pytest.importorskip("torch")

Function = Callable[[Any], tuple[Any, Any]]


def bowl(x: Any, least: float = 0.1) -> tuple[Any, Any]:
    """A quadratic form with condition number 100: value and gradient."""
    scale = np.linspace(least, 10.0, x.size).astype(x.dtype).reshape(x.shape)
    return (scale * (x - 1) ** 2).sum(), 2 * scale * (x - 1)


def rosenbrock(x: Any) -> tuple[Any, Any]:
    """A bent valley: value and gradient."""
    a, b = x.reshape(-1)[:-1], x.reshape(-1)[1:]
    value = (100 * (b - a**2) ** 2 + (1 - a) ** 2).sum()
    g = np.zeros(x.size, x.dtype)
    g[:-1] += -400 * a * (b - a**2) - 2 * (1 - a)
    g[1:] += 200 * (b - a**2)
    return value, g.reshape(x.shape)


def closures(function: Function, p: Tensor, q: Any) -> tuple[Callable[[], Any], Callable[[], Any], list[int]]:
    """The function's value and gradient for either library, and how often each was called."""
    calls = [0, 0]

    def ours() -> Any:
        calls[0] += 1
        value, g = function(p.value)
        p.grad = wrap(np.asarray(g, p.dtype))
        return wrap(np.asarray(value, p.dtype))

    def theirs() -> Any:
        calls[1] += 1
        value, g = function(q.detach().numpy())
        q.grad = torch.tensor(np.asarray(g))
        return torch.tensor(np.asarray(value))

    return ours, theirs, calls


def twins(dtype: Any, shape: tuple[int, ...] = (2, 3)) -> tuple[Tensor, Any]:
    start = np.random.default_rng(0).standard_normal(shape).astype(dtype)
    return wrap(start.copy(), True), torch.tensor(start, requires_grad=True)


OPTIONS: list[dict[str, Any]] = [
    {"line_search_fn": "strong_wolfe"},
    {"line_search_fn": "strong_wolfe", "history_size": 2, "max_iter": 3},
    {"line_search_fn": "strong_wolfe", "max_iter": 4, "max_eval": 3},
    {"line_search_fn": "strong_wolfe", "max_iter": 8, "lr": 10.0},
    {"line_search_fn": "strong_wolfe", "max_iter": 8, "lr": 1e-3},
    {"lr": 0.05},
    {"lr": 0.05, "max_iter": 3, "history_size": 2},
    {"lr": 0.05, "max_iter": 1},
    {"lr": 0.05, "tolerance_grad": 1.0},
    {"lr": 0.05, "tolerance_change": 0.1},
    {"max_eval": 1},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("function", [bowl, rosenbrock])
def test_same_steps_in_double_precision(function: Function, options: dict[str, Any]) -> None:
    if function is rosenbrock and "line_search_fn" not in options:
        options = {**options, "lr": min(options.get("lr", 1.0), 0.01)}  # a fixed step of any length overshoots there
    p, q = twins(np.float64)
    ours, theirs, calls = closures(function, p, q)
    a, b = optim.LBFGS([p], **options), torch.optim.LBFGS([q], **options)
    for _ in range(6):
        left, right = a.step(ours), b.step(theirs)
        np.testing.assert_allclose(left.value, right.numpy(), rtol=1e-6, atol=1e-12)
        np.testing.assert_allclose(p.value, q.detach().numpy(), rtol=1e-6, atol=1e-6)
        assert calls[0] == calls[1]
    mine, other = a.state[p], b.state[q]
    assert (mine["func_evals"], mine["n_iter"]) == (other["func_evals"], other["n_iter"])
    assert set(other) - set(mine) <= {"al"}  # its scratch


@pytest.mark.parametrize("options", [OPTIONS[0], {"lr": 0.05}], ids=str)
def test_twenty_steps_in_single_precision(options: dict[str, Any]) -> None:
    p, q = twins(np.float32)
    # well conditioned: where the bowl is flat, float32 stops at one point or another beside the minimum
    ours, theirs, _ = closures(lambda x: bowl(x, least=3.0), p, q)
    a, b = optim.LBFGS([p], **options), torch.optim.LBFGS([q], **options)
    for _ in range(20):
        a.step(ours)
        b.step(theirs)
    np.testing.assert_allclose(p.value, q.detach().numpy(), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("options", [{"line_search_fn": "strong_wolfe", "max_iter": 3}, {"lr": 0.01, "max_iter": 3}], ids=str)
def test_a_run_goes_on_from_pytorchs_state_dict(options: dict[str, Any]) -> None:
    p, q = twins(np.float64)
    ours, theirs, _ = closures(rosenbrock, p, q)
    b = torch.optim.LBFGS([q], **options)
    b.step(theirs)
    p.value[...] = q.detach().numpy()
    a = optim.LBFGS([p])
    a.load_state_dict(b.state_dict())
    for _ in range(3):
        a.step(ours)
        b.step(theirs)
        np.testing.assert_allclose(p.value, q.detach().numpy(), rtol=1e-9)


def test_pytorch_goes_on_from_ours() -> None:
    p, q = twins(np.float64)
    ours, theirs, _ = closures(rosenbrock, p, q)
    a = optim.LBFGS([p], lr=0.01, max_iter=3)
    a.step(ours)
    with torch.no_grad():
        q.copy_(torch.tensor(p.value))
    b = torch.optim.LBFGS([q])
    b.load_state_dict(as_torch(a.state_dict()))
    for _ in range(3):
        a.step(ours)
        b.step(theirs)
        np.testing.assert_allclose(p.value, q.detach().numpy(), rtol=1e-9)


def as_torch(x: Any) -> Any:
    if isinstance(x, Tensor):
        return torch.tensor(np.asarray(x.value))
    if isinstance(x, dict):
        return {k: as_torch(v) for k, v in x.items()}
    return [as_torch(v) for v in x] if isinstance(x, list) else x


def test_an_unknown_line_search() -> None:
    p, q = twins(np.float64)
    ours, theirs, _ = closures(bowl, p, q)
    for optimizer, closure in (
        (optim.LBFGS([p], line_search_fn="armijo"), ours),
        (torch.optim.LBFGS([q], line_search_fn="armijo"), theirs),
    ):
        with pytest.raises(RuntimeError, match="only 'strong_wolfe' is supported"):
            optimizer.step(closure)


def test_one_group_only() -> None:
    for optimizer, params in (
        (optim.LBFGS, [wrap(np.ones(2), True) for _ in range(2)]),
        (torch.optim.LBFGS, [torch.ones(2, requires_grad=True) for _ in range(2)]),
    ):
        with pytest.raises(ValueError, match="LBFGS doesn't support per-parameter options"):
            optimizer([{"params": [p]} for p in params])
