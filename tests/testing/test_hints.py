"""What the checkers say beside right and wrong: suspicious gradients, hints, what is drawn, and which failure comes first."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn import nn
from autograd_cnn.cli.check import check
from autograd_cnn.nn import functional as F
from autograd_cnn.primitives.primitive import REGISTRY, primitive
from autograd_cnn.testing import (
    Case,
    CheckFailure,
    GradcheckWarning,
    HypothesisDraw,
    RandomDraw,
    UsageHint,
    check_case,
    check_module,
    check_primitive,
    gradcheck,
    gradgradcheck,
)
from autograd_cnn.testing.setup import Setup


@pytest.fixture(autouse=True)
def registry() -> Iterator[None]:
    before = dict(REGISTRY)
    yield
    for name in set(REGISTRY) - set(before):
        del REGISTRY[name]


# ------------------------------------------------------------------------------------------------- what is drawn
def test_zeros_and_ties_are_drawn_unless_the_case_excludes_them() -> None:
    def share(found: Any, **options: Any) -> float:
        return float(np.mean([found(RandomDraw(seed).array((6,), **options)) for seed in range(300)]))

    def zero(x: Any) -> bool:
        return bool((x == 0).any())

    def tie(x: Any) -> bool:
        return len(np.unique(x)) < len(x)

    assert 0.2 < share(zero) < 0.5
    assert 0.2 < share(tie) < 0.6
    assert share(zero, avoid=0.0) == share(zero, low=0.1) == share(zero, low=0.0) == share(zero, distinct=True) == 0.0
    assert share(tie, distinct=True) == 0.0
    assert share(tie, avoid=(0.0, 1.0)) > 0.1


def test_huge_values_are_drawn_for_the_one_check_where_no_range_is_given() -> None:
    sizes = [np.abs(RandomDraw(seed, huge=True).array((4,))).max() for seed in range(100)]
    assert max(sizes) > 1e200
    assert np.mean([1e3 < s < 1e38 for s in sizes]) > 0.3
    assert max(np.abs(RandomDraw(seed, huge=True).array((4,), high=3.0)).max() for seed in range(100)) <= 3.0
    assert max(np.abs(RandomDraw(seed).array((4,))).max() for seed in range(100)) <= 2.0


def test_hypothesis_draws_them_too() -> None:
    from hypothesis import find
    from hypothesis import strategies as st

    assert find(st.data(), lambda d: bool((HypothesisDraw(d.draw).array((1,)) == 0).all())) is not None
    big = find(st.data(), lambda d: bool((np.abs(HypothesisDraw(d.draw, huge=True).array((1,))) > 1e100).all()))
    assert big is not None


def sinc(avoid: Any) -> Any:
    @primitive(name="my_sinc")
    def op(x: Any) -> Any:
        """y = sin x / x, and 1 at 0"""
        with np.errstate(invalid="ignore"):
            return np.where(x == 0, 1.0, np.sin(x) / np.where(x == 0, 1.0, x)).astype(x.dtype)[()]

    @op.vjp("x")
    def _(g: Any, x: Any) -> Any:
        return g * (ac.cos(x) / x - ac.sin(x) / (x * x))  # NaN at 0

    @op.cases
    def _(draw: Any) -> Case:
        return Case(draw.array(avoid=avoid))

    return op


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_rule_that_is_nan_at_zero_is_found_unless_the_case_avoids_it() -> None:
    report = check_primitive(sinc(()), raise_exception=False, shrink=False)
    assert "first derivative" in report.verdict
    assert "nan" in str(report)
    assert check_primitive(sinc(0.0), only="first derivative")


def test_a_rule_that_takes_ties_for_one_place_is_found() -> None:
    @primitive(name="my_max")
    def op(x: Any) -> Any:
        """y = max x, an equal share of the gradient for each of several"""
        return np.max(x)

    @op.vjp("x")
    def _(g: Any, x: Any, y: Any) -> Any:
        return g * ac.where(x == y, 1.0, 0.0)  # all of it for each

    @op.cases
    def _(draw: Any) -> Case:
        return Case(draw.array((4,)))

    report = check_primitive(op, raise_exception=False, examples=100, shrink=False, only="first derivative")
    assert report.verdict == "first derivative"


def test_a_rule_that_overflows_is_found_at_huge_values() -> None:
    @primitive(name="my_bump")
    def op(x: Any) -> Any:
        """y = e^(−x²)"""
        return np.exp(-(x * x))

    op.vjp("x")(lambda g, x: g * (ac.exp(-(x * x)) * (x * x) / x * -2.0))  # 0 · inf beyond 1e154
    op.cases(lambda draw: Case(draw.array(avoid=0.0)))
    assert check_primitive(op, only="first derivative", examples=3)
    with pytest.raises(CheckFailure, match="result is finite, but the gradient of input 0 is NaN"):
        check_primitive(op, only="huge values", examples=40)
    op.cases(lambda draw: Case(draw.array(low=0.5, high=2.0)))
    assert check_primitive(op, only="huge values", examples=40)


# ------------------------------------------------------------------------------------------------- which comes first
def test_a_kernel_that_writes_into_its_input_is_named_first() -> None:
    @primitive(name="spoils")
    def op(x: Any) -> Any:
        """y = 3x"""
        y = x * 3.0
        if isinstance(x, np.ndarray):
            x += 1.0
        return y

    op.vjp("x")(lambda g, x: g * 3.0 + 0.0 * x)
    op.cases(lambda draw: Case(draw.array((2,))))
    with pytest.raises(CheckFailure, match=r"the kernel writes into input 0 \(x\)") as caught:
        check_primitive(op)
    assert caught.value.check == "nothing overwritten"
    report = check_primitive(op, raise_exception=False, oracle=lambda x: 2.0 * x, shrink=False)
    assert report.failures[0].check == "nothing overwritten"
    assert len(report.failures) > 1


# ------------------------------------------------------------------------------------------------- suspicious gradients
def off_by(factor: float) -> Any:
    class Sine(ac.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x)
            return x.sin()

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return factor * g * ctx.saved_tensors[0].cos()

    return Sine.apply


@pytest.mark.parametrize("options", [{}, {"fast_mode": True}, {"eps": 1e-6}, {"raise_exception": False}])
@pytest.mark.parametrize("factor", [1.00003, 0.9999])
def test_a_factor_that_the_tolerance_hides_is_suspicious(options: dict[str, Any], factor: float) -> None:
    x = ac.tensor([1.0, 2.0, 3.0], dtype=ac.float64, requires_grad=True)
    with pytest.warns(GradcheckWarning, match=r"the gradient by input 0 passes, but") as caught:
        report = gradcheck(off_by(factor), (x,), **options)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert report
    assert report.inputs[0].suspicion
    assert "SUSPICIOUS" in str(report)
    if "fast_mode" not in options:
        assert f"must be multiplied by {1 / factor:.6g}" in str(report)


def test_second_derivatives_can_be_suspicious_too() -> None:
    class Cube(ac.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x)
            return x**3

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            (x,) = ctx.saved_tensors
            return g * (3.0 * x.detach() ** 2 + (x - x.detach()) * (6.0 * x.detach()) * 1.0001)

    x = ac.tensor([1.0, 2.0], dtype=ac.float64, requires_grad=True)
    with pytest.warns(GradcheckWarning, match="the second derivative by input 0 passes, but"):
        gradgradcheck(Cube.apply, (x,))


@pytest.mark.parametrize(
    "fn",
    [
        lambda x: x.sin(),
        lambda x: (x * 1e-6).sin(),
        lambda x: (x * 1e5).sin(),
        lambda x: (x * 40).exp(),
        lambda x: x.exp() * 1e-8,
        lambda x: (x - 1).abs(),
        lambda x: x.sqrt(),
        lambda x: (x + 1e6).log(),
        lambda x: (x * 1e-9).tanh() * 1e9,
        lambda x: x.relu(),
    ],
)
@pytest.mark.parametrize("options", [{}, {"fast_mode": True}, {"eps": 1e-6}, {"eps": 1e-3}])
def test_a_right_gradient_is_never_suspicious(fn: Any, options: dict[str, Any]) -> None:
    x = ac.tensor([1.0, 2.0, 3.0], dtype=ac.float64, requires_grad=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        gradcheck(fn, (x,), raise_exception=False, **options)


@pytest.mark.parametrize("name", sorted(n for n, p in REGISTRY.items() if p.differentiable and p.__module__.startswith("autograd_cnn.")))
def test_no_operation_of_the_library_is_suspicious(name: str) -> None:
    prim = REGISTRY[name]
    assert prim.draw_case is not None
    for seed in (5, 6):
        setup = Setup(prim, prim.draw_case(RandomDraw(seed)))
        args = setup.tensors()
        if not setup.smooth or not setup.live(args):
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("error", GradcheckWarning)
            gradcheck(lambda *xs, setup=setup: tuple(setup.run(xs)), args)  # with PyTorch's tolerance


def test_float32_is_not_judged_by_float64s_measure() -> None:
    x = ac.tensor([1.0, 2.0, 3.0], requires_grad=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        gradcheck(off_by(1.00003), (x,), atol=1e-2)


# ------------------------------------------------------------------------------------------------- hints
def trebled(batch: Any) -> Any:
    @primitive(name="trebled")
    def op(x: Any) -> Any:
        """y = 3x"""
        return x * 3.0

    op.vjp("x")(lambda g: g * 3.0)
    op.cases(lambda draw: Case(draw.array((batch(draw), 3))))
    return op


def test_cases_with_a_batch_of_one_only_get_a_hint() -> None:
    with pytest.warns(UsageHint, match=r"check_primitive\(trebled\): in all 20 cases with a batch it is a batch of 1"):
        report = check_primitive(trebled(lambda draw: 1))
    assert report
    assert "hint: in all 20 cases" in str(report)
    assert report.to_dict()["hints"] == list(report.hints)
    out = io.StringIO()
    assert check(["trebled"], quiet=True, out=out) == 0
    assert "hint: trebled: in all 20 cases with a batch" in out.getvalue()
    assert not check_primitive(trebled(lambda draw: draw.integer(1, 2))).hints


def twice(x: Any) -> Any:
    return F.cross_entropy(x.softmax(1), ac.tensor([0, 1]))


def spread(x: Any) -> Any:
    return F.cross_entropy(x.softmax(1).reshape(2, 3), ac.full((2, 3), 1 / 3))


def turned(x: Any) -> Any:
    return F.cross_entropy(x.softmax(1).reshape(3, 2).t().reshape(2, 3), ac.tensor([0, 1]))


def of_probabilities(x: Any) -> Any:
    return F.nll_loss(x.softmax(1), ac.tensor([0, 1]))


def of_constants(x: Any) -> Any:
    return F.nll_loss(ac.tensor([[0.5, 0.25, 0.25], [0.0, 1.0, 0.0]]), ac.tensor([0, 1]))


SAID = [
    (twice, "cross_entropy: expected logits, got the result of softmax: softmax is taken twice"),
    (spread, "expected logits, got the result of softmax"),
    (turned, "expected logits, got the result of softmax"),
    (of_probabilities, "nll_loss: expected log-probabilities"),
    (of_constants, "nll_loss: expected log-probabilities"),
]


@pytest.mark.parametrize(("fn", "said"), SAID)
def test_softmax_before_a_loss_gets_a_hint_where_anomalies_are_looked_for_and_nowhere_else(fn: Any, said: str) -> None:
    x = ac.randn(2, 3, requires_grad=True)
    fn(x)  # warnings are errors here
    with ac.autograd.detect_anomaly(), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        for _ in range(3):
            fn(x)
    assert [w.category for w in caught] == [UsageHint]
    assert said in str(caught[0].message)
    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    "fn",
    [
        lambda x: F.cross_entropy(x, ac.tensor([0, 1])),
        lambda x: F.nll_loss(x.log_softmax(1), ac.tensor([0, 1])),
        lambda x: F.cross_entropy(x.log_softmax(1), ac.tensor([0, 1])),
        lambda x: F.cross_entropy(x.softmax(1) * 3.0, ac.tensor([0, 1])),
        lambda x: F.cross_entropy(x, x.detach().softmax(1)),
        lambda x: x.softmax(1).log().sum(),
    ],
)
def test_right_losses_get_none(fn: Any) -> None:
    with ac.autograd.detect_anomaly():
        fn(ac.randn(2, 3, requires_grad=True)).backward()


def test_the_checks_give_them_too() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(3, 3)

        def forward(self, x: Any) -> Any:
            return F.cross_entropy(self.linear(x).softmax(1), ac.tensor([0, 1]))

    with pytest.warns(UsageHint, match=r"check_module\(Net\): cross_entropy: expected logits"):
        report = check_module(Net, (2, 3), examples=1)
    assert report
    assert len(report.hints) == 1


def test_case_by_hand_at_huge_values() -> None:
    check_case("gelu", Case(np.array([1e30, -1e30]), approximate="tanh"), only="huge values")
    check_case("gelu slope", Case(np.array([1e30, -1e30])), only="huge values")
