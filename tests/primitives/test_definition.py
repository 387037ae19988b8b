"""Defining an operation: again, without parentheses, with mistakes in what its forward or its rules return."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn.primitives.cases import Case
from autograd_cnn.primitives.primitive import REGISTRY, primitive
from autograd_cnn.testing import check_primitive

CELL = """
import numpy as np
from autograd_cnn.primitives.cases import Case
from autograd_cnn.primitives.primitive import primitive

@primitive(label="times {factor}")
def celled(x, *, by=1.0):
    return x * FACTOR

@celled.vjp("x")
def _(g):
    return g * FACTOR

@celled.cases
def _(draw):
    return Case(draw.array((FACTOR,)))
"""


@pytest.fixture(autouse=True)
def registry() -> Iterator[None]:
    before = dict(REGISTRY)
    yield
    for name in set(REGISTRY) - set(before):
        del REGISTRY[name]


def cell(factor: int, module: str = "__main__") -> Any:
    space: dict[str, Any] = {"__name__": module}
    exec(CELL.replace("FACTOR", str(factor)), space)
    return space["celled"]


def test_a_cell_that_is_run_again_replaces_the_operation_with_its_rules_and_cases() -> None:
    old = cell(2)
    x = ac.ones(3, requires_grad=True)
    before = old(x)
    new = cell(3)
    assert REGISTRY["celled"] is new
    after = new(x)
    before.sum().backward()  # recorded with the old one
    assert x.grad is not None
    assert x.grad.tolist() == [2.0] * 3
    x.grad = None
    after.sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [3.0] * 3
    assert old(x).tolist() == [2.0] * 3  # whoever holds it still has it
    shapes = []
    report = check_primitive("celled", examples=2, oracle=lambda x, by: (shapes.append(x.shape), 3.0 * x)[1])
    assert report
    assert set(shapes) == {(3,)}


def test_the_name_of_another_module_or_function_is_refused() -> None:
    cell(2, "one_notebook")
    with pytest.raises(ValueError, match=r"'celled' exists already: celled in one_notebook.*celled in another: rename the function, or"):
        cell(2, "another")
    with pytest.raises(ValueError, match=r"'relu' exists already: \w+ in autograd_cnn\.ops\.activation"):

        @primitive
        def relu(x: Any) -> Any:
            return x


def test_without_parentheses() -> None:
    @primitive
    def bare(x: Any) -> Any:
        """y = 2x"""
        return x * 2.0

    assert bare.name == "bare"
    assert bare(ac.ones(2)).tolist() == [2.0, 2.0]
    with pytest.raises(TypeError, match="expected a function, or options by name, got 'bare'"):
        primitive("bare")  # type: ignore[call-overload]


# ------------------------------------------------------------------------------------------------- late definitions
def test_rules_and_kernels_that_come_after_the_first_call_are_used() -> None:
    @primitive
    def late(x: Any) -> Any:
        return x * 2.0

    x = ac.ones(2, requires_grad=True)
    assert not late(x).requires_grad
    late.vjp("x")(lambda g: g * 2.0)
    late(x).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [2.0, 2.0]
    late.accelerated(lambda x: x * 4.0)
    assert late(x).tolist() == [4.0, 4.0]
    late.accelerated(lambda x: NotImplemented)
    assert late(x).tolist() == [2.0, 2.0]
    assert late(ac.Scalar(3.0)).item() == 6.0
    late.kernel(float)(lambda x: x + 100.0)
    assert late(ac.Scalar(3.0)).item() == 103.0


def test_a_second_rule_and_one_after_a_recorded_call_are_refused() -> None:
    @primitive
    def two(a: Any, b: Any) -> Any:
        return a * b

    two.vjp("a")(lambda g, b: g * b)
    with pytest.raises(ValueError, match=r"input 'a' has a rule already.*Run the definition .* again"):
        two.vjp("a", "b")(lambda g: (g, g))
    a = ac.ones(2, requires_grad=True)
    two(a, ac.ones(2))
    with pytest.raises(ValueError, match=r"all rules before the first recorded call, got one for b after it"):
        two.vjp("b")(lambda g, a: g * a)


# ------------------------------------------------------------------------------------------------- lent memory
def test_what_a_rule_is_lent_reaches_the_kernel_it_calls_and_no_other_call_lends() -> None:
    seen: list[Any] = []

    @primitive
    def negated(v: Any) -> Any:
        return -v

    @negated.accelerated
    def _(v: Any, donated: Any = None) -> Any:
        seen.append(donated)
        return np.negative(v, out=v if v is donated else None)

    @negated.vjp("v")
    def _(g: Any, donated: Any) -> Any:
        return negated(g, donated=donated)

    @negated.cases
    def _(draw: Any) -> Any:
        return Case(draw.array())

    def gradient(prepare: Any = lambda y: None, **options: Any) -> Any:
        x = ac.tensor([1.0, 2.0], requires_grad=True)
        y = negated(x * 2)
        prepare(y)
        seen.clear()
        ac.autograd.backward((y * 3).sum(), **options)
        assert x.grad is not None
        assert x.grad.tolist() == [-6.0, -6.0]
        return seen.pop()

    raw = np.ones(2)
    assert negated(raw).tolist() == negated(ac.ones(2)).tolist() == [-1.0, -1.0]
    assert seen == [None, None]
    assert isinstance(gradient(), np.ndarray), "y · 3 made the gradient, and nobody else has it"
    assert gradient(lambda y: y.retain_grad()) is None
    assert gradient(lambda y: y.register_hook(lambda g: None)) is None
    assert gradient(create_graph=True) is None
    with ac.use_backend("numpy"):
        check_primitive("negated")


def test_an_argument_called_spare_is_an_argument() -> None:
    @primitive
    def both(v: Any, donated: Any) -> Any:
        return v + donated

    both.accelerated(lambda v, donated: v + donated)
    assert not both.reuses
    assert both(ac.ones(2), ac.ones(2)).tolist() == both(np.ones(2), np.ones(2)).tolist() == [2.0, 2.0]


def test_a_rule_that_may_write_over_g_is_the_only_one_that_sees_it() -> None:
    @primitive
    def scaled(a: Any, b: Any) -> Any:
        return a * b

    scaled.vjp("a")(lambda g, b, donated: g * b)
    with pytest.raises(TypeError, match=r"scaled.vjp: expected the only rule that asks for g, .*'a' and 'b'.*one rule for these inputs"):
        scaled.vjp("b")(lambda g, a: g * a)
    scaled.vjp("b")(lambda b_shape: np.zeros(b_shape))  # sees nothing of it


# ------------------------------------------------------------------------------------------------- what a forward returns
@pytest.mark.parametrize(
    ("outputs", "forward", "said"),
    [
        (
            ("y",),
            lambda x: (x, x * 2.0),
            r"one array, its output 'y', got tuple of 2 \(ndarray, ndarray\).*@primitive\(outputs=\(\"y\", \"y1\"\)\)",
        ),
        (("y", "z"), lambda x: (x, x, x), r"a tuple of 2 arrays, 'y', 'z', got tuple of 3 .*outputs=\(\"y\", \"z\", \"y2\"\)"),
        (("y", "z", "w"), lambda x: (x, x), r"a tuple of 3 arrays, .* got tuple of 2 .*outputs=\(\"y\", \"z\"\)"),
        (
            ("y", "z"),
            lambda x: np.stack([x, x]),
            r"a tuple of 2 arrays, 'y', 'z', got ndarray. Return them as a tuple, or leave outputs= out",
        ),
        (("y", "z"), lambda x: (x, None), r"got tuple of 2 \(ndarray, NoneType\)"),
        (("y",), lambda x: None, r"got None. Does it lack a return\?"),
        (("y",), lambda x: [1.0, 2.0], r"got list of 2 \(float, float\)"),
        (("y",), lambda x: ac.tensor(x), r"got Tensor. A forward computes with arrays"),
    ],
)
@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize("traced", [False, True])
def test_a_forward_that_returns_something_else_than_declared(outputs: Any, forward: Any, said: str, several: bool, traced: bool) -> None:
    if several and (len(outputs) == 1 or "outputs=" in said):
        said = "its forward: expected to return"
    if several and len(outputs) == 1 and isinstance(forward(np.ones(2)), tuple):
        return  # as many as there are
    op = primitive(name="returns", outputs=outputs, several=several)(lambda x: forward(x))
    op.vjp("x")(lambda g: g)
    for grad in (True, False):
        x = ac.ones(2, dtype=ac.float64, requires_grad=grad)
        with pytest.raises(TypeError, match=said):
            ac.trace(op, x) if traced else op(x)


def test_numbers_for_scalars_are_checked_too() -> None:
    op = primitive(name="returns")(lambda x: (x, x))
    op.vjp("x")(lambda g: g)
    with pytest.raises(TypeError, match="one number, its output 'y', got tuple of 2"):
        op(ac.Scalar(2.0))


# ------------------------------------------------------------------------------------------------- what a rule receives
def wrong_rule(rule: Any, count: int = 1, recorded: bool = False) -> None:
    op = primitive(name="ruled")(lambda x: x.sum(-1)) if count == 1 else primitive(name="ruled")(lambda x, w: x.sum(-1) + w.sum(-1))
    op.vjp(*("x", "w")[:count])(rule)
    args = [ac.ones(2, 3, requires_grad=True) for _ in range(count)]
    ac.autograd.grad(op(*args).sum(), args, create_graph=recorded)


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (
            lambda g, x: g[..., None] * x.sum(-1, keepdim=True),
            r"ruled: its rule for 'x' failed: .*keepdim.*received arrays.*ac.sum\(x, …\) instead",
        ),
        (
            lambda g, x: g.unsqueeze(-1) * x,
            r"rule for 'x' failed: .*unsqueeze.*received arrays.*ac.unsqueeze\(x, …\) instead of x.unsqueeze",
        ),
        (
            lambda g, x: (g[..., None] * x,),
            r"return a gradient of shape \[2, 3\], got tuple. A rule for one input returns its gradient alone",
        ),
        (lambda g, x: 0.0, r"return a gradient of shape \[2, 3\], got float. None stands for"),
    ],
)
def test_a_rule_that_takes_arrays_for_tensors_is_told_what_it_receives(rule: Any, said: str) -> None:
    with pytest.raises((TypeError, AttributeError), match=said):
        wrong_rule(rule)


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (lambda g, x: g.unsqueeze(-1) * np.exp(x), r"rule for 'x' failed: .*It received tensors, because .*create_graph=True.*once=True"),
        (
            lambda g, x: np.ones((2, 3)),
            r"return a tensor when the backward pass is recorded .*got ndarray, which is cut off from the graph",
        ),
        (lambda g, x: x.astype(float), r"rule for 'x' failed: .*astype.*It received tensors"),
    ],
)
def test_numpy_in_a_rule_is_named_when_the_pass_is_recorded(rule: Any, said: str) -> None:
    with pytest.raises((TypeError, AttributeError), match=said):
        wrong_rule(rule, recorded=True)


def test_a_rule_for_two_inputs_returns_two_gradients() -> None:
    for result in ("one", "three"):
        made = {"one": lambda g: ac.ones(2, 3) * 1.0, "three": lambda g: (g, g, g)}[result]
        with pytest.raises(TypeError, match="rule for 'x' and 'w': expected to return a tuple of 2 gradients"):
            wrong_rule(made, count=2)
    op = primitive(name="many")(lambda *xs: xs[0] + xs[1])
    op.vjp("xs")(lambda g: g)
    with pytest.raises(TypeError, match=r"rule for 'xs': expected to return a tuple of 2 gradients.*got ndarray"):
        op(*(ac.ones(2, requires_grad=True) for _ in range(2))).sum().backward()


@pytest.mark.parametrize("recorded", [False, True])
def test_operations_and_tensors_made_in_a_rule_work_in_both_passes(recorded: bool) -> None:
    def tensors(g: Any, x: Any) -> Any:
        g, x = ac.as_tensor(g), ac.as_tensor(x)
        return g.unsqueeze(-1) * (2.0 * x.sum(-1, keepdim=True) + 0.0 * x)

    def operations(g: Any, x: Any) -> Any:
        return ac.unsqueeze(g, -1) * (2.0 * ac.sum(x, -1, keepdim=True) + 0.0 * x)

    for rule in (tensors, operations):
        op = primitive(name="squared sum")(lambda x: x.sum(-1) ** 2)
        op.vjp("x")(rule)
        x = ac.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
        (g,) = ac.autograd.grad(op(x).sum(), x, create_graph=recorded)
        assert isinstance(g.value, np.ndarray)
        assert g.tolist() == [[6.0, 6.0], [14.0, 14.0]]
        if recorded:
            assert ac.autograd.grad(g.sum(), x)[0].tolist() == [[4.0, 4.0], [4.0, 4.0]]


def test_an_error_of_an_operation_in_a_rule_is_left_as_it_is() -> None:
    with pytest.raises(TypeError, match="must be Tensor, not str") as caught:
        wrong_rule(lambda g, x: ac.exp("three"))
    assert "received" not in str(caught.value)


def test_a_traced_graph_shows_itself_at_a_prompt() -> None:
    graph = ac.trace(lambda x: x * ac.ones(1000), ac.ones(1000))
    assert repr(graph) == str(graph)
    assert repr(graph).startswith("graph(x0: float32[1000]):")
