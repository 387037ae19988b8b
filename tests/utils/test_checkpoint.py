"""`utils.checkpoint`: every program gives what it gives without checkpoints, and what cannot be computed again is refused."""

from __future__ import annotations

import contextlib
import gc
import weakref

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn.errors import GraphError, InplaceError
from autograd_cnn.utils.checkpoint import CheckpointError, checkpoint, checkpoint_sequential


def leaf(*values):
    return ac.tensor(values, dtype=ac.float64, requires_grad=True)


def plain(fn, *args, **kwargs):
    return fn(*args, **kwargs)


def both(program):
    """The program with and without checkpoints, its numbers flattened."""
    return [np.concatenate([np.ravel(np.asarray(v, float)) for v in program(ck)]) for ck in (checkpoint, plain)]


def grads(*xs):
    return [np.full(2, np.nan) if x.grad is None else x.grad.tolist() for x in xs]


PROGRAMS = {}


def program(fn):
    PROGRAMS[fn.__name__] = fn
    return fn


@program
def closure_over_parameters(ck):
    x, w = leaf(1.0, 2.0), leaf(0.5, -1.0)
    ck(lambda v: (v * w).exp(), x).sum().backward()
    return grads(x, w)


@program
def only_a_parameter(ck):
    w = leaf(0.5, -1.0)
    ck(lambda v: (v * w).exp(), ac.ones(2, dtype=ac.float64)).sum().backward()
    return grads(w)


@program
def closure_over_computed_values(ck):
    x, w = leaf(1.0, 2.0), leaf(0.5, -1.0)
    h = x * w
    (ck(lambda v: v * h.sin(), x) + h).sum().backward()
    return grads(x, w)


@program
def grad_leaves_others_alone(ck):
    x, w = leaf(1.0, 2.0), leaf(0.5, -1.0)
    y = ck(lambda v: (v * w).exp(), x).sum()
    a = ac.autograd.grad(y, x, retain_graph=True)[0]
    b = ac.autograd.grad(y, w)[0]
    return [a.tolist(), b.tolist(), *grads(x, w)]


@program
def inputs_accumulate_alone(ck):
    x, w = leaf(1.0, 2.0), leaf(0.5, -1.0)
    ck(lambda v: (v * v * w).sin(), x).sum().backward(inputs=[x])
    return grads(x, w)


@program
def gradient_penalty(ck):
    x, w = leaf(1.0, 2.0), leaf(0.5, -1.0)
    (g,) = ac.autograd.grad(ck(lambda v: (v * w) ** 3, x).sum(), x, create_graph=True)
    ((g * g).sum() + x.sum()).backward()
    return grads(x, w)


@program
def nested(ck):
    x, w = leaf(1.0, 2.0), leaf(0.5, -1.0)

    def inner(v):
        return (v * w).exp() * v

    def outer(v):
        return (ck(inner, v * v) * v).sin()

    (g,) = ac.autograd.grad(ck(outer, x).sum(), x, create_graph=True)
    (g * g).sum().backward()
    return [g.tolist(), *grads(x, w)]


@program
def retained_graph(ck):
    x = leaf(1.0, 2.0)
    y = ck(lambda v: v.exp().sin(), x).sum()
    y.backward(retain_graph=True)
    y.backward(retain_graph=True)
    y.backward()
    return grads(x)


@program
def several_outputs_one_after_another(ck):
    x = leaf(1.0, 2.0)
    out = ck(lambda v: {"a": v.exp(), "b": [(v * 2).sin(), v.detach()]}, x)
    assert not out["b"][1].requires_grad
    out["a"].sum().backward()
    first = grads(x)
    out["b"][0].sum().backward()
    return [*first, *grads(x)]


@program
def in_place_inside(ck):
    x = leaf(0.1, 0.2)

    def fn(v):
        h = v * 2
        h.mul_(3)
        k = h.exp()
        h = h * 1
        h.add_(k)
        z = ac.zeros(2, dtype=ac.float64)
        z[0] = h[1]
        z[1] = h[0] * k[0]
        return z.sin()

    ck(fn, x).sum().backward()
    return grads(x)


@program
def without_grad_inside(ck):
    x = leaf(1.0, 2.0)

    def fn(v):
        with ac.no_grad():
            t = v.exp()
        return v * t

    ck(fn, x).sum().backward()
    return grads(x)


@program
def a_gradient_inside(ck):
    x = leaf(1.0, 2.0)

    def fn(v):
        (g,) = ac.autograd.grad((v**3).sum(), v, create_graph=True)
        return g * v

    ck(fn, x).sum().backward()
    return grads(x)


@program
def hooks_and_retained_gradients_inside(ck):
    x, seen, kept = leaf(1.0, 2.0), [], []

    def fn(v):
        h = v * 2
        h.register_hook(lambda g: seen.append(g.tolist()) or g * 3)
        h.retain_grad()
        kept.append(h)
        return h * h

    ck(fn, x).sum().backward()
    return [*grads(x), seen, kept[0].grad.tolist()]


@program
def a_value_from_within(ck):
    x, kept = leaf(1.0, 2.0), []

    def fn(v):
        kept.append(v.exp())
        return kept[-1].sin()

    y = ck(fn, x).sum()
    return [ac.autograd.grad(y, kept[0], retain_graph=True)[0].tolist(), ac.autograd.grad(kept[0].sum(), x)[0].tolist()]


class Scaled(ac.autograd.Function):
    @staticmethod
    def forward(ctx, v, factor):
        y = v.exp()
        ctx.save_for_backward(v, y)
        ctx.factor = factor
        return y * factor

    @staticmethod
    def backward(ctx, g):
        v, y = ctx.saved_tensors
        return g * y * ctx.factor + 0 * v, None


@program
def functions_of_the_user_inside(ck):
    x = leaf(0.1, 0.2)
    y = ck(lambda u: ck(lambda v: Scaled.apply(v * v, 3.0), u).sin(), x).sum()
    (g,) = ac.autograd.grad(y, x, create_graph=True)
    (g * g).sum().backward()
    return [g.tolist(), *grads(x)]


@program
def keywords(ck):
    x, s = leaf(1.0, 2.0), leaf(0.5, -1.0)
    ck(lambda v, *, s, k=1: v.exp() * s * k, x, s=s, k=3).sum().backward()
    return grads(x, s)


@program
def dropout(ck):
    ac.manual_seed(0)
    x = leaf(*[1.0] * 8)
    y = ck(lambda v: ac.nn.functional.dropout(v, 0.5) * v, x)
    drawn = ac.rand(2)
    y.sum().backward()
    return [y.tolist(), x.grad.tolist(), drawn.tolist(), ac.rand(2).tolist()]


@program
def batch_norm_called_twice(ck):
    net = ac.nn.BatchNorm1d(3, dtype=ac.float64)
    x = ac.tensor([[1.0, 2, 3], [0, 5, 2]], dtype=ac.float64, requires_grad=True)
    ((ck(net, x) ** 2).sum() + (ck(net, x * x) ** 3).sum()).backward()
    return [x.grad.tolist(), net.weight.grad.tolist()]


@program
def the_result_overwritten(ck):
    x = leaf(1.0, 2.0)
    y = ck(lambda v: v * 3, x)
    y.mul_(2)
    y.sum().backward()
    return grads(x)


@pytest.mark.parametrize("name", PROGRAMS)
def test_as_without(name):
    with_it, without = both(PROGRAMS[name])
    np.testing.assert_allclose(with_it, without, rtol=1e-12)


@pytest.mark.parametrize("reentrant", [True, False, None])
def test_both_kinds_are_one(reentrant):
    x, w = leaf(1.0, 2.0), leaf(3.0, 4.0)
    y = checkpoint(lambda v: v * w, x, use_reentrant=reentrant).sum()
    assert ac.autograd.grad(y, w)[0].tolist() == [1.0, 2.0]


def test_values_in_between_are_not_kept_until_backward_wants_them():
    alive = []

    def fn(v):
        h = (v * 2).exp()  # exp keeps its result
        alive.append(weakref.ref(h.value))
        return h.sin()  # and sin its input

    x = leaf(1.0, 2.0)
    y = checkpoint(fn, x)
    gc.collect()
    assert alive[0]() is None
    y.sum().backward(retain_graph=True)
    gc.collect()
    assert [r() for r in alive] == [None, None]  # nor after a pass that retains the graph


def test_the_graph_dies_without_the_collector():
    class Token:
        def __call__(self, v):
            return v.exp().sin()

    fn = Token()
    gone = weakref.ref(fn)
    gc.disable()
    try:
        y = checkpoint(fn, leaf(1.0, 2.0)).sum()
        del fn
        assert gone() is not None  # it will run again
        y.backward()
        assert gone() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("what", ["argument", "weight", "constant", "index"])
def test_what_was_overwritten_is_refused(what):
    x, w, c, i = leaf(1.0, 2.0), leaf(3.0, 4.0), ac.tensor([5.0, 6.0], dtype=ac.float64), ac.tensor([1, 0])
    h = x * 1
    y = checkpoint(lambda v: ((v + w + c) ** 2)[i] * ac.tensor([1.0, 3.0]), h).sum()
    with ac.no_grad():
        {"argument": h, "weight": w, "constant": c, "index": i}[what].fill_(1)
    with pytest.raises(InplaceError, match="modified by an inplace operation"):
        y.backward()


def test_an_argument_that_the_function_overwrites_is_refused():
    x = leaf(1.0, 2.0)
    y = checkpoint(lambda v: v.mul_(2).exp(), x * 1).sum()
    with pytest.raises(InplaceError, match="modified by an inplace operation"):
        y.backward()


def test_an_argument_frozen_or_given_other_data_is_used_as_it_was():
    x, z = leaf(1.0, 2.0), leaf(3.0, 4.0)
    y = checkpoint(lambda v, u: v * u, x, z).sum()
    x.requires_grad_(False)
    z.data = ac.zeros(2, dtype=ac.float64)
    y.backward()
    x.requires_grad_(True)
    assert x.grad is None
    assert z.grad is not None
    assert z.grad.tolist() == [1.0, 2.0]


def test_another_computation_the_second_time_is_refused():
    runs = []

    def fewer(v):
        runs.append(1)
        return v.exp().sin() if len(runs) == 1 else v * 2

    def others(v):
        runs.append(1)
        return v.exp() if len(runs) == 1 else v.sin()

    def wider(v):
        runs.append(1)
        return (v if len(runs) == 1 else v.repeat(2)).exp()

    for fn, match in ((fewer, "different number"), (others, "different metadata"), (wider, "different metadata")):
        runs.clear()
        y = checkpoint(fn, leaf(1.0, 2.0)).sum()
        with pytest.raises(CheckpointError, match=match):
            y.backward()
    with pytest.raises(ValueError, match="determinism_check"):
        checkpoint(fewer, leaf(1.0), determinism_check="always")


def test_an_exception_the_second_time_leaves_the_graph_whole():
    runs = []

    def fn(v):
        runs.append(1)
        if len(runs) == 2:
            raise KeyError("once")
        return v.exp()

    x = leaf(1.0, 2.0)
    y = checkpoint(fn, x).sum()
    with pytest.raises(KeyError):
        y.backward()
    assert ac.is_grad_enabled()
    y.backward()
    assert x.grad is not None
    np.testing.assert_allclose(x.grad.numpy(), np.exp([1.0, 2.0]))
    with pytest.raises(GraphError, match="second time"):
        y.backward()


def test_contexts_and_early_stop():
    seen = []

    @contextlib.contextmanager
    def around(name):
        seen.append(name)
        yield
        seen.append("/" + name)

    def fn(v):
        y = v.exp()
        seen.append("end")
        return y + 1

    x = leaf(1.0, 2.0)
    checkpoint(fn, x, context_fn=lambda: (around("first"), around("again")), early_stop=False).sum().backward()
    assert seen == ["first", "end", "/first", "again", "end", "/again"]
    seen.clear()
    checkpoint(fn, x).sum().backward()
    assert seen == ["end"]  # the second run ended before


def test_nothing_is_recorded_under_no_grad():
    with ac.no_grad():
        assert not checkpoint(lambda v: v.exp(), leaf(1.0)).requires_grad


def test_a_chain_in_segments():
    results = []
    for segments in (1, 2, 3, 5):
        ac.manual_seed(0)
        net = ac.nn.Sequential(*(ac.nn.Sequential(ac.nn.Linear(3, 3), ac.nn.Tanh()) for _ in range(5)))
        x = ac.ones(2, 3, requires_grad=True)
        checkpoint_sequential(net, segments, x, use_reentrant=False).sum().backward()
        results.append(np.concatenate([p.grad.numpy().ravel() for p in (x, *net.parameters())]))
    ac.manual_seed(0)
    net = ac.nn.Sequential(*(ac.nn.Sequential(ac.nn.Linear(3, 3), ac.nn.Tanh()) for _ in range(5)))
    x = ac.ones(2, 3, requires_grad=True)
    net(x).sum().backward()
    want = np.concatenate([p.grad.numpy().ravel() for p in (x, *net.parameters())])
    for found in results:
        np.testing.assert_allclose(found, want, rtol=1e-6)


def test_a_trace_and_a_picture_show_what_the_function_does():
    x = leaf(1.0, 2.0)
    graph = ac.trace(lambda v: checkpoint(lambda u: u.exp().sin(), v), x)
    assert [s.name for s in graph] == ["exp", "sin"]
    steps = ac.Graph.of(checkpoint(lambda u: u.exp().sin(), x).sum(), gradients=True).steps
    assert [(s.name, s.kept_bytes) for s in steps] == [("exp", 0), ("sin", 0), ("sum", 0)]


@pytest.mark.parametrize("early", [True, False])
def test_a_backward_pass_inside(early):
    """It frees what its own part of the region kept."""

    def fn(x):
        z = x.detach().requires_grad_()
        (g,) = ac.autograd.grad((z.exp() * z).sum(), z)
        return (x * g).exp()

    x = ac.tensor([0.5, 0.2], dtype=ac.float64, requires_grad=True)
    checkpoint(fn, x, use_reentrant=False, early_stop=early).sum().backward()
    assert x.grad is not None
    slope = np.exp([0.5, 0.2]) * [1.5, 1.2]
    np.testing.assert_allclose(x.grad.numpy(), slope * np.exp(x.detach().numpy() * slope))
