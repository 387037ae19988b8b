"""The tester tested: right rules pass at 1e-7, wrong ones are found and their cause is named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn.testing import GradcheckError, gradcheck, gradgradcheck
from autograd_cnn.testing.numeric import slope


def leaf(*shape: int, seed: int = 0, dtype: Any = ac.float64) -> Any:
    return ac.tensor(np.random.default_rng(seed).uniform(0.3, 2.0, shape), dtype=dtype, requires_grad=True)


def custom(forward: Callable[..., Any], backward: Callable[..., Any]) -> Callable[..., Any]:
    class Mine(ac.autograd.Function):
        @staticmethod
        def forward(ctx: Any, *args: Any) -> Any:
            ctx.save_for_backward(*args)
            return forward(*args)

        @staticmethod
        def backward(ctx: Any, *g: Any) -> Any:
            return backward(*g, *ctx.saved_tensors)

    return Mine.apply


RIGHT: dict[str, tuple[Callable[..., Any], list[tuple[int, ...]]]] = {
    "several inputs": (lambda a, b: (a @ b).tanh() + b.sum(), [(2, 3), (3, 2)]),
    "several outputs": (lambda a: (a.sin(), a.exp().sum(), a.max()), [(4,)]),
    "broadcast": (lambda a, b: a * b, [(3, 1), (2,)]),
    "no dims": (lambda a: a**3, [()]),
    "no entries": (lambda a: a * 2, [(0, 3)]),
    "views": (lambda a: a[1:].t() * 2, [(3, 2)]),
    "in place": (lambda a: (a * 1).mul_(a).add_(a.exp()), [(3,)]),
    "softmax": (lambda a: a.softmax(0).log(), [(5,)]),
    "steep": (lambda a: (a * 30).tanh(), [(3,)]),
    "flat": (lambda a: a * 0 + 1, [(3,)]),
}


@pytest.mark.parametrize("name", RIGHT)
def test_right_rules_pass_at_1e7(name: str) -> None:
    fn, shapes = RIGHT[name]
    xs = [leaf(*s, seed=i) for i, s in enumerate(shapes)]
    report = gradcheck(
        fn,
        xs,
        atol=1e-7,
        rtol=1e-7,
        check_forward_ad=True,
        check_batched_grad=True,
        check_grad_dtypes=True,
        check_batched_forward_grad=True,
    )
    assert report
    assert report.verdict == "ok"
    assert gradgradcheck(fn, xs, atol=1e-6, rtol=1e-6, check_fwd_over_rev=True)


@pytest.mark.parametrize("size", [1e-8, 1e-3, 1.0, 1e4, 1e9])
def test_steps_fit_the_scale_of_the_values(size: float) -> None:
    x = ac.tensor([size, 2 * size, 3.5 * size], dtype=ac.float64, requires_grad=True)
    assert gradcheck(lambda x: x.log() + (x / size) ** 2, (x,), atol=0, rtol=1e-7)


def test_float32_has_an_honest_bound() -> None:
    assert gradcheck(lambda x: x.sin() * x.exp(), (leaf(4, dtype=ac.float32),))
    wrong = custom(lambda x: x.sin(), lambda g, x: g * x.cos() * 1.2)
    assert not gradcheck(wrong, (leaf(4, dtype=ac.float32),), raise_exception=False)


WRONG: dict[str, tuple[str, str, Callable[[], tuple[Any, list[Any]]]]] = {
    "sign": ("sign", "wrong sign", lambda: (custom(lambda x: x.sin(), lambda g, x: -g * x.cos()), [leaf(3)])),
    "zero": ("zero", "is zero", lambda: (custom(lambda x: x.sin(), lambda g, x: None), [leaf(3)])),
    "detached": ("zero", "detach", lambda: (lambda x: x.detach() * 2, [leaf(3)])),
    "transposed": (
        "transposed",
        "last two dims",
        lambda: (custom(lambda x, w: x @ w, lambda g, x, w: (g @ w.t(), (x.t() @ g).t())), [leaf(3, 3), leaf(3, 3, seed=1)]),
    ),
    "reshaped instead of transposed": (
        "transposed",
        "transposed",
        lambda: (custom(lambda x: x.t() * 1, lambda g, x: g.reshape(2, 3)), [leaf(2, 3)]),
    ),
    "first row only": (
        "broadcast",
        "missing sum over the broadcast dim",
        lambda: (custom(lambda x, b: x + b, lambda g, x, b: (g, g[0])), [leaf(4, 3), leaf(3, seed=1)]),
    ),
    "mean over the batch": (
        "broadcast",
        "a mean where a sum",
        lambda: (custom(lambda x, b: x + b, lambda g, x, b: (g, g.mean(0))), [leaf(4, 3), leaf(3, seed=1)]),
    ),
    "lost factor 2": ("factor", "lost factor 2", lambda: (custom(lambda x: x**2, lambda g, x: g * x), [leaf(3)])),
    "lost input": ("factor", "missing factor input 0", lambda: (custom(lambda x: x**3, lambda g, x: g * x * 3), [leaf(3)])),
    "lost output": ("factor", "missing factor output", lambda: (custom(lambda x: x.exp(), lambda g, x: g * 1.0), [leaf(3)])),
    "mean for sum": (
        "factor",
        "a mean where a sum is needed",
        lambda: (custom(lambda x: x.sum(), lambda g, x: g / 6 + 0 * x), [leaf(2, 3)]),
    ),
    "sum for mean": ("factor", "a sum where a mean is needed", lambda: (custom(lambda x: x.mean(), lambda g, x: g + 0 * x), [leaf(2, 3)])),
    "forgotten mask": ("mask", "forgotten mask", lambda: (custom(lambda x: (x - 1).relu(), lambda g, x: g), [leaf(6)])),
    "dropped part": ("part", "dropped term", lambda: (custom(lambda x: x * 3, lambda g, x: 3 * ac.cat([g[:2], g[2:] * 0])), [leaf(4)])),
    "wrong": ("wrong", "", lambda: (custom(lambda x: x.exp(), lambda g, x: g * (x + 1).sin()), [leaf(3)])),
    "nan": ("not finite", "inf or nan", lambda: (custom(lambda x: x.exp(), lambda g, x: g * float("nan")), [leaf(3)])),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_rules_are_found_and_named(name: str) -> None:
    verdict, words, make = WRONG[name]
    fn, xs = make()
    report = gradcheck(fn, xs, raise_exception=False)
    assert not report
    assert report.verdict == verdict, str(report)
    assert words in str(report)
    assert not gradcheck(fn, xs, raise_exception=False, fast_mode=True)
    with pytest.raises(GradcheckError, match="Jacobian mismatch for output 0 with respect to input") as caught:
        gradcheck(fn, xs)
    assert caught.value.report is not None
    assert caught.value.report.verdict == verdict


def test_a_second_use_that_is_not_accumulated() -> None:
    fn = custom(lambda a, b: a * b, lambda g, a, b: (g * b, None))
    x = leaf(3)
    report = gradcheck(lambda x: fn(x, x), (x,), raise_exception=False)
    assert report.verdict == "second use"
    assert "uses this input 2 times" in str(report)


def test_one_wrong_entry_among_many_is_found() -> None:
    def backward(g: Any, x: Any) -> Any:
        out = g * x.cos()
        out[17] = out[17] * 1.01
        return out

    report = gradcheck(custom(lambda x: x.sin(), backward), (leaf(60),), raise_exception=False)
    assert not report
    worst = report.inputs[0].worst
    assert worst is not None
    assert worst.input_at == (17,)


def test_a_wrong_second_derivative_is_found() -> None:
    def backward(g: Any, x: Any) -> Any:
        return g * (2 * x.detach())

    fn = custom(lambda x: x * x, backward)
    x = leaf(3)
    assert gradcheck(fn, (x,))
    report = gradgradcheck(fn, (x,), raise_exception=False)
    assert not report
    assert "second derivatives: WRONG" in str(report)


def test_kinks_are_reported_and_never_hidden() -> None:
    x = ac.tensor([0.0, 1.0], dtype=ac.float64, requires_grad=True)
    report = gradcheck(lambda x: x.relu(), (x,), raise_exception=False)
    assert not report
    assert report.verdict == "kink"
    assert report.kinks == {0: ((0,),)}
    symmetric = gradcheck(lambda x: x.abs(), (x,))  # the convention 0 is the central difference
    assert symmetric
    assert symmetric.kinks == {0: ((0,),)}


def test_a_kink_nearby_is_no_hindrance() -> None:
    x = ac.tensor([1e-5, -1e-4, 3e-3], dtype=ac.float64, requires_grad=True)
    assert gradcheck(lambda x: x.relu() * 3 + x.abs(), (x,), atol=1e-7, rtol=1e-7)


def test_values_reached_by_closure_move_too() -> None:
    layer = ac.nn.Linear(3, 2)
    layer.to(ac.float64)
    assert gradcheck(lambda x, w, b: layer(x), (leaf(4, 3), layer.weight, layer.bias), atol=1e-7, rtol=1e-7)


def test_inputs_are_put_back() -> None:
    x = leaf(3)
    before, version = x.detach().clone(), x._version
    gradcheck(lambda x: x.exp(), (x,))
    with pytest.raises(GradcheckError):
        gradcheck(custom(lambda x: x.exp(), lambda g, x: g), (x,))
    assert ac.equal(x.detach(), before)
    assert x._version == version
    assert x.grad is None


def test_scalars_are_checked() -> None:
    x, w = ac.Scalar(2.0, "x"), ac.Scalar(-0.7, "w")
    report = gradcheck(lambda x, w: [(x * w).tanh(), x / w], (x, w), atol=1e-8, rtol=1e-8)
    assert "input 1 (w)" in str(report)
    assert (x.value, w.value) == (2.0, -0.7)
    assert x.grad is None


def test_undefined_output_gradients() -> None:
    class Two(ac.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.set_materialize_grads(False)
            return x * 2, x * 3

        @staticmethod
        def backward(ctx: Any, a: Any, b: Any) -> Any:
            return a * 2 + b * 3

    with pytest.raises(GradcheckError, match="Expected backward function to handle undefined output grads"):
        gradcheck(Two.apply, (leaf(3),))
    assert gradcheck(Two.apply, (leaf(3),), check_undefined_grad=False)


def test_nondeterminism() -> None:
    rng = np.random.default_rng(0)
    fn = custom(lambda x: x * 2, lambda g, x: g * (2 + 1e-9 * float(rng.standard_normal())))
    with pytest.raises(GradcheckError, match="Backward is not reentrant"):
        gradcheck(fn, (leaf(3),))
    assert gradcheck(fn, (leaf(3),), nondet_tol=1e-6)


KINDS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "zeros": ("with zeros in it", lambda g: bool((g == 0).any())),
    "expanded": ("one number in memory", lambda g: 0 in g.stride()),
    "gaps": ("with gaps in its memory", lambda g: not g.is_contiguous() and 0 not in g.stride()),
}


@pytest.mark.parametrize("name", KINDS)
def test_a_rule_that_is_wrong_for_one_kind_of_gradient(name: str) -> None:
    words, wrong = KINDS[name]

    class Doubled(ac.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 2

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g * (3 if wrong(g) else 2)

    with pytest.raises(GradcheckError, match=words):
        gradcheck(Doubled.apply, ac.rand(3, 4, dtype=ac.float64, requires_grad=True))


def test_a_function_that_ignores_its_input_passes() -> None:
    assert gradcheck(lambda x: ac.ones(2, dtype=ac.float64), (leaf(3),))


@pytest.mark.parametrize(
    ("error", "words", "call"),
    [
        (ValueError, "at least one input tensor to require gradient", lambda: gradcheck(lambda x: x, (ac.ones(2),))),
        (TypeError, "a function and its inputs", lambda: gradcheck(3, (leaf(2),))),  # type: ignore[arg-type]
        (RuntimeError, "stride 0", lambda: gradcheck(lambda x: x * 2, (leaf(1).detach().expand(3).requires_grad_(),))),
        (ValueError, "sparse", lambda: gradcheck(lambda x: x, (leaf(2),), masked=True)),
        (ValueError, "requires check_forward_ad", lambda: gradcheck(lambda x: x, (leaf(2),), check_batched_forward_grad=True)),
        (ValueError, "nothing would be checked", lambda: gradcheck(lambda x: x, (leaf(2),), check_backward_ad=False)),
    ],
)
def test_bad_calls(error: type[Exception], words: str, call: Callable[[], Any]) -> None:
    with pytest.raises(error, match=words):
        call()


def test_errors_of_the_function_come_through() -> None:
    fn = custom(lambda x: x * 2, lambda g, x: g[:1])
    with pytest.raises(RuntimeError, match="invalid gradient at index 0"):
        gradcheck(fn, (leaf(3),))


def test_a_fixed_step_is_used() -> None:
    assert gradcheck(lambda x: x**2, (leaf(3),), eps=1e-4, atol=1e-6)
    assert not gradcheck(lambda x: x**3, (leaf(3),), eps=0.5, atol=1e-6, raise_exception=False)


def test_reports_are_data() -> None:
    report = gradcheck(custom(lambda x: x**2, lambda g, x: g * x), (leaf(2),), raise_exception=False)
    data = report.to_dict()
    assert data["passed"] is False
    assert data["inputs"][0]["verdict"] == "factor"
    assert report.error > 1
    assert report.evaluations > 4


def test_slope_estimates_its_own_error() -> None:
    for fn, want in ((np.exp, np.exp(1.0)), (np.sin, np.cos(1.0)), (lambda t: 1 / t, -1.0), (np.sqrt, 0.5)):
        s = slope(lambda t, fn=fn: np.array([fn(1.0 + t)]))
        assert abs(s.value[0] - want) < 1e-9
        assert abs(s.value[0] - want) <= 10 * s.error[0] + 1e-12
        assert not s.kink[0]
    assert slope(lambda t: np.array([abs(t)])).kink[0]
    assert slope(lambda t: np.array([abs(t) + t * t])).kink[0]
