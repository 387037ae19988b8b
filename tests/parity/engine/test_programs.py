"""Hooks, modes, anomalies, checkpoints: the same programs under torch and here, line by line."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch")

from ..line_by_line import Programs, agree, leaf  # noqa: E402  # needs torch

PROGRAMS = program = Programs()


# ------------------------------------------------------------------------------------------------- hooks
@program
def hook_sees_the_sum_of_all_uses(T: Any) -> Any:
    x, seen = leaf(T), []
    h = x * 2
    h.register_hook(lambda g: seen.append(g.detach().clone()))
    (h * h + h).sum().backward()
    return x.grad, seen


@program
def hooks_run_in_order_and_replace(T: Any) -> Any:
    x = leaf(T)
    h = x * 1
    h.register_hook(lambda g: g * 2)
    h.register_hook(lambda g: g + 1)
    h.sum().backward()
    return x.grad


@program
def hook_on_a_leaf_and_its_removal(T: Any) -> Any:
    x = leaf(T)
    handle = x.register_hook(lambda g: g * 10)
    (x * x).sum().backward()
    first = x.grad.clone()
    handle.remove()
    (x * x).sum().backward()
    return first, x.grad


@program
def post_accumulate_hook(T: Any) -> Any:
    x, seen = leaf(T), []
    x.register_post_accumulate_grad_hook(lambda p: seen.append(p.grad.clone()))
    (x * 3).sum().backward()
    (x * 3).sum().backward()
    return seen


@program
def hook_on_a_constant(T: Any) -> Any:
    return T.ones(2).register_hook(lambda g: g)


@program
def retained_gradients(T: Any) -> Any:
    x = leaf(T)
    h = x.exp()
    h.retain_grad()
    h.retain_grad()
    y = (h * x).sum()
    y.backward()
    return x.grad, h.grad, h.retains_grad, x.retains_grad


@program
def retained_gradient_sees_hooks(T: Any) -> Any:
    x = leaf(T)
    h = x * 2
    h.retain_grad()
    h.register_hook(lambda g: g * 5)
    h.sum().backward()
    return x.grad, h.grad


@program
def hook_with_create_graph(T: Any) -> Any:
    x = leaf(T)
    h = x * x
    h.register_hook(lambda g: g * x)
    (g,) = T.autograd.grad((h * h).sum(), x, create_graph=True)
    (gg,) = T.autograd.grad(g.sum(), x)
    return g, gg


# ------------------------------------------------------------------------------------------------- modes
@program
def modes_nest(T: Any) -> Any:
    x, seen = leaf(T), []
    with T.no_grad():
        seen.append((x * 2).requires_grad)
        with T.enable_grad():
            seen.append((x * 2).requires_grad)
            with T.set_grad_enabled(False):
                seen.append((x * 2).requires_grad)
            seen.append(T.is_grad_enabled())
        seen.append(T.is_grad_enabled())
    return seen, T.is_grad_enabled()


@program
def modes_as_decorators(T: Any) -> Any:
    x = leaf(T)

    @T.no_grad()
    def a() -> Any:
        return (x * 2).requires_grad

    @T.no_grad
    def b() -> Any:
        return (x * 2).requires_grad

    @T.set_grad_enabled(False)
    def c() -> Any:
        return (x * 2).requires_grad

    @T.enable_grad()
    def d() -> Any:
        return (x * 2).requires_grad

    @T.inference_mode()
    def e() -> Any:
        return (x * 2).is_inference()

    with T.no_grad():
        inside = d()
    return a(), b(), c(), d(), e(), inside, T.is_grad_enabled()


@program
def modes_of_generators(T: Any) -> Any:
    seen = []

    @T.no_grad()
    def numbers() -> Any:
        for i in range(3):
            seen.append(T.is_grad_enabled())
            got = yield i
            seen.append(got)

    it = numbers()
    next(it)
    seen.append(T.is_grad_enabled())
    it.send("a")
    seen.append(T.is_grad_enabled())
    it.close()
    return seen


@program
def set_grad_enabled_at_once(T: Any) -> Any:
    T.set_grad_enabled(False)
    off = T.is_grad_enabled()
    T.set_grad_enabled(True)
    return off, T.is_grad_enabled()


@program
def mode_survives_an_exception(T: Any) -> Any:
    try:
        with T.no_grad():
            raise KeyError("x")
    except KeyError:
        return T.is_grad_enabled()


@program
def inference_tensors_stay_out(T: Any) -> Any:
    with T.inference_mode():
        z = T.ones(3) * 2
    w = leaf(T)
    return z.is_inference(), (z + 1).requires_grad, (w * 1 + z).requires_grad


@program
def inference_tensor_requires_grad(T: Any) -> Any:
    with T.inference_mode():
        z = T.ones(3) * 2
    z.requires_grad_(True)


@program
def inference_tensor_written_outside(T: Any) -> Any:
    with T.inference_mode():
        z = T.ones(3) * 2
    z.add_(1)


@program
def inference_mode_off(T: Any) -> Any:
    with T.inference_mode(False):
        return (leaf(T) * 2).requires_grad


# ------------------------------------------------------------------------------------------------- anomaly, checkpoint
@program
def anomaly_stops_at_nan(T: Any) -> Any:
    with T.autograd.detect_anomaly():
        x = T.tensor([-1.0], requires_grad=True)
        x.sqrt().sum().backward()


@program
def anomaly_without_nan_check(T: Any) -> Any:
    with T.autograd.detect_anomaly(check_nan=False):
        x = T.tensor([-1.0], requires_grad=True)
        x.sqrt().sum().backward()
    return x.grad


@pytest.mark.parametrize("name", PROGRAMS)
def test_program(name: str) -> None:
    agree(PROGRAMS[name])
