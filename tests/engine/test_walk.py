"""The backward walk: what it refuses before anything is changed, what it keeps alive, and what it leaves as it was."""

from __future__ import annotations

import weakref
from typing import Any, ClassVar

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn.engine.node import BackwardScope
from autograd_cnn.errors import GraphError, InplaceError, ShapeError
from autograd_cnn.primitives.primitive import REGISTRY, primitive
from autograd_cnn.tensors.tensor import Tensor

from ..kernels.backends import needs_onednn


def leaf(*values: float) -> Any:
    return ac.tensor(values, dtype=ac.float64, requires_grad=True)


# ------------------------------------------------------------------------------------------------- what is refused
def test_what_was_freed_is_found_before_anything_is_accumulated() -> None:
    w = leaf(1.0, 2.0)
    h = w.exp()
    h.sum().backward()
    x = leaf(3.0, 4.0)  # younger: the walk would come here first
    with pytest.raises(GraphError, match="a second time"):
        (h.sum() + x.sum()).backward()
    assert x.grad is None


def _by_index(v: Any, at: Any) -> Any:
    y = ac.zeros(4, dtype=ac.float64)
    y[at] = v  # its rule for v keeps nothing but the index
    return y


@pytest.mark.parametrize("reads", ["input", "index", "index of a write"])
@pytest.mark.parametrize("when", ["before", "in a hook"])
def test_what_a_rule_reads_is_found_overwritten(reads: str, when: str) -> None:
    """Before the walk begins, so that nothing is accumulated; and in it, when it comes there."""
    v, factor, at = leaf(1.0, 2.0), ac.tensor([5.0, 6.0], dtype=ac.float64), ac.tensor([1, 0])
    below = {
        "input": lambda: v * factor,
        "index": lambda: v[at],
        "index of a write": lambda: _by_index(v, at),
    }[reads]()
    x = leaf(3.0, 4.0)
    above = below * 1
    loss = above.sum() + x.sum()
    overwritten = factor if reads == "input" else at
    below.grad_fn.metadata["a note"] = "of the user's"

    def overwrite(*_: Any) -> None:
        overwritten.fill_(0)

    if when == "before":
        overwrite()
    else:
        above.register_hook(overwrite)
    with pytest.raises(InplaceError, match="modified by an inplace operation") as caught:
        loss.backward()
    assert "made at" not in str(caught.value)  # which only anomaly detection knows
    assert v.grad is None
    if when == "before":
        assert x.grad is None


@pytest.mark.parametrize("kind", [tuple, list])
def test_arrays_in_a_parameter_are_found_overwritten(kind: type) -> None:
    op = primitive(name="scaled_by_a_test")(lambda x, *, by: x * by[0] * by[1])
    op.vjp("x")(lambda g, by: g * by[0] * by[1])
    try:
        for written in range(2):
            x, by = leaf(1.0, 2.0), kind([np.full(2, 3.0), np.full(2, 5.0)])
            y = op(x, by=by)
            y.sum().backward(retain_graph=True)
            assert x.grad.tolist() == [15.0, 15.0]
            ac.from_numpy(by[written]).mul_(2)
            with pytest.raises(InplaceError, match="'by' of scaled_by_a_test"):
                y.sum().backward()
    finally:
        del REGISTRY["scaled_by_a_test"]


def test_a_rule_that_returns_the_wrong_shape_is_named() -> None:
    class Wrong(ac.autograd.Function):
        @staticmethod
        def forward(ctx: Any, v: Any) -> Any:
            return v * 1

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g

    x = leaf(1.0, 2.0)
    y = Wrong.apply(x)
    y.grad_fn.register_hook(lambda given, arrived: (ac.ones(3, dtype=ac.float64),))
    with pytest.raises(ShapeError, match=r"a gradient of shape \[2\], got \[3\]"):
        y.sum().backward()
    assert x.grad is None


def test_where_nobody_looks_for_nan_there_is_none() -> None:
    """Nor where it is the gradient of what takes none, or where a part of the gradients did not arrive."""
    x, k = leaf(0.0, 1.0), ac.tensor([0.0, 2.0], dtype=ac.float64)
    with ac.autograd.detect_anomaly():
        _a, b = (x * 2).split(1)
        (b * 3).sum().backward()
        assert x.grad.tolist() == [0.0, 6.0]
        with pytest.raises(RuntimeError, match="SqrtBackward0' returned nan values in its 0th output"):
            (x.sqrt() * k).sum().backward()
    with ac.autograd.detect_anomaly(check_nan=False):
        x.grad = None
        (x.sqrt() * k).sum().backward()
        assert np.isnan(x.grad.numpy()).tolist() == [True, False]


# ------------------------------------------------------------------------------------------------- what is kept alive
class Watched(ac.autograd.Function):
    """The identity; notes of each gradient that arrives a weak reference, and whether those before are still there."""

    arrived: ClassVar[list[Any]] = []
    alive: ClassVar[list[int]] = []

    @staticmethod
    def forward(ctx: Any, v: Any) -> Any:
        return v * 1

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        Watched.alive.append(sum(ref() is not None for ref in Watched.arrived))
        Watched.arrived.append(weakref.ref(g.value))
        return g * 2


@pytest.mark.parametrize("way", ["backward", "grad", "backward(inputs=)"])
def test_a_gradient_is_gone_when_its_rule_has_run(way: str) -> None:
    Watched.arrived, Watched.alive = [], []
    x = ac.ones(1000, requires_grad=True)
    loss = Watched.apply(Watched.apply(Watched.apply(Watched.apply(x) * 1) * 1) * 1).sum()
    if way == "backward":
        loss.backward()
    elif way == "grad":
        ac.autograd.grad(loss, x)
    else:
        loss.backward(inputs=[x])
    assert Watched.alive == [0, 0, 0, 0]


def test_the_gradient_of_what_nobody_wants_is_not_kept() -> None:
    kept: list[Any] = []

    class Two(ac.autograd.Function):
        @staticmethod
        def forward(ctx: Any, a: Any, b: Any) -> Any:
            return a + b

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            unwanted = g * 2
            kept.append(weakref.ref(unwanted.value))
            return unwanted, g * 3

    a, b = leaf(1.0, 2.0), leaf(3.0, 4.0)
    low = b * 1
    low.register_hook(lambda g: kept.append(kept[0]() is None))
    (found,) = ac.autograd.grad(Two.apply(a, low).sum(), b)
    assert found.tolist() == [3.0, 3.0]
    assert kept[1] is True


def test_what_a_rule_kept_is_free_before_its_gradients_are_summed(monkeypatch: pytest.MonkeyPatch) -> None:
    x = leaf(1.0, 2.0)
    h = x.exp()
    kept = weakref.ref(h.value)
    loss = (h + 0).sum() + x.sin().sum()  # of which the sine's gradient waits at x first
    del h
    alive: list[bool] = []
    sum_gradients = Tensor.sum_gradients

    def watched(g: Any, other: Any, donated: bool) -> Any:
        alive.append(kept() is not None)
        return sum_gradients(g, other, donated)

    monkeypatch.setattr(Tensor, "sum_gradients", staticmethod(watched))
    loss.backward()
    assert alive == [False]
    np.testing.assert_allclose(x.grad.numpy(), np.exp([1.0, 2.0]) + np.cos([1.0, 2.0]))


# ------------------------------------------------------------------------------------------------- what is left as it was
@pytest.mark.parametrize("fails", [False, True])
def test_numpys_settings_are_as_before(fails: bool) -> None:
    x = leaf(0.0, 1.0)
    y = x.sqrt()  # its derivative is ∞, without a word of NumPy's
    with np.errstate(divide="raise", over="print", under="warn", invalid="ignore"):
        if fails:
            y.register_hook(lambda g: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                y.sum().backward()
        else:
            y.sum().backward()
            assert x.grad.tolist() == [np.inf, 0.5]
        assert np.geterr() == {"divide": "raise", "over": "print", "under": "warn", "invalid": "ignore"}


def test_who_only_looks_at_the_gradients_changes_none() -> None:
    from autograd_cnn.graph.graph import Graph

    x = leaf(1.0, 2.0)
    h = x * 3
    h.retain_grad()
    loss = (h * h).sum()
    for _ in range(2):
        graph = Graph.of(loss, gradients=True)
        assert {tuple(np.ravel(v.grad)) for v in graph.values if v.grad is not None} >= {(6.0, 12.0), (18.0, 36.0)}
    assert (x.grad, h.grad) == (None, None)
    loss.backward()
    assert (h.grad.tolist(), x.grad.tolist()) == ([6.0, 12.0], [18.0, 36.0])


def test_a_gradient_in_memory_of_others_is_not_added_to() -> None:
    array = np.ones(2)
    array.flags.writeable = False
    for given in (ac.from_numpy(array), ac.ones(1, dtype=ac.float64).expand(2)):
        x = leaf(1.0, 2.0)
        x.grad = given
        with pytest.raises(RuntimeError, match=r"Set x\.grad to a clone\(\)"):
            (x * 2).sum().backward()
        assert given.tolist() == [1.0, 1.0]


@needs_onednn
@pytest.mark.parametrize("first", ["in the kernels' order", "plain"])
def test_gradients_in_two_orders_are_summed(first: str) -> None:
    found = []
    for backend in ("onednn", "numpy"):
        with ac.use_backend(backend):
            loss: Any
            ac.manual_seed(0)
            layers = [ac.nn.Conv2d(8, 8, 3, padding=1) for _ in range(2)]
            x = ac.tensor(np.random.default_rng(0).standard_normal((2, 8, 16, 16)).astype(np.float32), requires_grad=True)
            weights = ac.tensor(np.random.default_rng(1).standard_normal((2, 8, 16, 16)).astype(np.float32))
            h = layers[0](x)
            loss = 0.0
            for turn in (first != "plain", first == "plain"):  # of what is computed last the gradient comes first
                loss = loss + ((h.reshape(2, -1) * weights.reshape(2, -1)).sum() if turn else layers[1](h).relu().sum())
            loss.backward()
            found.append([x.grad.numpy(), layers[0].weight.grad.numpy()])
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-4 * np.abs(b).max())


# ------------------------------------------------------------------------------------------------- recorded walks
def test_a_sum_of_gradients_belongs_to_what_it_is_the_gradient_of() -> None:
    x = leaf(1.0, 2.0)
    h = x * 1
    (g,) = ac.autograd.grad((h * h * h).sum(), h, create_graph=True)
    assert g.grad_fn.name == "AddBackward0"
    assert isinstance(g.grad_fn.scope, BackwardScope)
    assert g.grad_fn.scope.of is h.grad_fn


def test_recorded_gradients_add_up() -> None:
    x = leaf(1.0, 2.0)
    (x**3).sum().backward(create_graph=True)
    (x**2).sum().backward(create_graph=True)
    g, x.grad = x.grad, None
    assert g.tolist() == [5.0, 16.0]
    (h,) = ac.autograd.grad(g.sum(), x)
    assert h.tolist() == [8.0, 14.0]


def test_a_walk_is_part_of_a_trace_recorded_or_not() -> None:
    def slope(x: Any) -> Any:
        (g,) = ac.autograd.grad((x * x).sum(), x, create_graph=True)
        return g * 2

    def plain(x: Any) -> Any:
        y = x * x
        y.register_hook(lambda g: g * 5)
        y.sum().backward()
        return y + 1

    x = leaf(1.0, 2.0)
    assert [s.name for s in ac.trace(slope, x).steps] == ["mul", "sum", "spread", "mul", "mul", "add", "mul"]
    steps = ac.trace(plain, x).steps
    assert [s.name for s in steps] == ["mul", "sum", "spread", "mul", "mul", "mul", "add", "add"]
    assert [s.recorded for s in steps] == [True, True, *[False] * 5, True]


@pytest.mark.parametrize("way", ["copysign", "power"])
def test_second_derivatives_where_a_rule_does_not_run(way: str) -> None:
    """What only the other rule wants was not kept."""
    x, k = leaf(2.0, 3.0), ac.tensor([2.0, -1.0], dtype=ac.float64)
    y = ac.copysign(k, x) * x if way == "copysign" else ac.pow(x, k)
    (g,) = ac.autograd.grad(y.sum(), x, create_graph=True)
    (h,) = ac.autograd.grad(g.sum(), x, allow_unused=True, materialize_grads=True)
    want = ([2.0, 1.0], [0.0, 0.0]) if way == "copysign" else ([4.0, -1 / 9], [2.0, 2 / 27])
    np.testing.assert_allclose(g.detach().numpy(), want[0])
    np.testing.assert_allclose(h.numpy(), want[1])


def test_second_derivatives_through_several_outputs() -> None:
    """Of the eigenvectors' rule, which reads both outputs, against differences."""
    rng = np.random.default_rng(0)
    a, b = (m + m.T for m in rng.standard_normal((2, 3, 3)))
    direction, weights = rng.standard_normal((2, 3, 3))

    def slope(t: float) -> Any:
        """The derivative with respect to the matrix in a direction, and the loss; and the derivative of both."""
        x = ac.tensor(a + t * b, requires_grad=True)
        values, vectors = ac.linalg.eigh(x)
        loss = (values**3).sum() + ((vectors * vectors) * ac.tensor(weights)).sum()
        (g,) = ac.autograd.grad(loss, x, create_graph=True)
        along = (g * ac.tensor(direction)).sum() + loss  # which comes by both outputs, too
        (h,) = ac.autograd.grad(along, x)
        return along.item(), float((h.numpy() * b).sum())

    step = 1e-5
    assert slope(0.0)[1] == pytest.approx((slope(step)[0] - slope(-step)[0]) / (2 * step), rel=1e-5)


@needs_onednn
def test_second_derivatives_where_an_input_without_a_graph_is_in_the_kernels_order() -> None:
    images = np.random.default_rng(0).standard_normal((2, 8, 12, 12)).astype(np.float32)
    found = []
    for backend in ("onednn", "numpy"):
        with ac.use_backend(backend):
            ac.manual_seed(0)
            first, second = ac.nn.Conv2d(8, 16, 3), ac.nn.Conv2d(16, 8, 3)
            with ac.no_grad():
                x = first(ac.tensor(images))
            loss = (second(x) ** 3).mean()
            (g,) = ac.autograd.grad(loss, second.weight, create_graph=True)
            (h,) = ac.autograd.grad((g * g).sum(), second.weight)
            found.append((g.detach().numpy(), h.numpy()))
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-4 * np.abs(b).max())
