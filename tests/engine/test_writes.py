"""Writes into tensors: which are taken, what they keep for the backward pass, what of views and traces follows them."""

from __future__ import annotations

import copy
import gc
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn import nn
from autograd_cnn.errors import DtypeError, InplaceError, ShapeError
from autograd_cnn.graph.graph import Graph
from autograd_cnn.kernels.onednn.channels_last import ChannelsLast
from autograd_cnn.primitives.primitive import REGISTRY
from autograd_cnn.tensors.inplace import meets_itself
from autograd_cnn.utils.checkpoint import checkpoint

from ..kernels.backends import needs_onednn


def leaf(*values: float) -> Any:
    return ac.tensor(values, dtype=ac.float64, requires_grad=True)


# ------------------------------------------------------------------------------------------------- which entries meet
@pytest.mark.parametrize("shape", [(3,), (2, 3), (1, 2, 2), (0, 2)])
def test_whether_entries_lie_at_one_place(shape: tuple[int, ...]) -> None:
    """Against the list of all addresses, for all small steps."""
    memory = np.zeros(64)
    for steps in itertools.product(range(-4, 5), repeat=len(shape)):
        array = np.lib.stride_tricks.as_strided(memory[32:], shape, [8 * s for s in steps])
        places = [sum(i * s for i, s in zip(at, steps, strict=True)) for at in np.ndindex(*shape)]
        if len(set(places)) < len(places):
            assert meets_itself(array), f"{shape}, {steps}"
        elif array.flags.c_contiguous or all(
            _nested(shape, order, steps) for order in [sorted(range(len(shape)), key=lambda d: abs(steps[d]))]
        ):
            assert not meets_itself(array), f"{shape}, {steps}"


def _nested(shape: tuple[int, ...], order: list[int], steps: tuple[int, ...]) -> bool:
    """Does each dim step over all that the smaller steps reach? (Where they interleave, a write is refused to be safe, as in PyTorch.)"""
    reach = 0
    for d in order:
        if shape[d] > 1:
            if abs(steps[d]) <= reach:
                return False
            reach += abs(steps[d]) * (shape[d] - 1)
    return True


# ------------------------------------------------------------------------------------------------- what is taken
VALUES: list[Any] = [
    True,
    2,
    2.5,
    np.float32(2.5),
    np.bool_(True),
    np.arange(2.0),
    ac.tensor([3.0, 4.0]),
    ac.tensor(3),
    ac.arange(2),
    ac.tensor([True, False]),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda v: f"{type(v).__name__}{getattr(v, 'shape', '')}")
@pytest.mark.parametrize("way", ["plain", "traced", "recorded", "checkpointed"])
def test_entries_may_be_set_to(value: Any, way: str) -> None:
    want = np.zeros((2, 2))
    want[1] = np.asarray(value.numpy() if isinstance(value, ac.Tensor) else value)

    def fn(x: Any) -> Any:
        y = x * 0
        y[1] = value
        return y

    x = ac.ones(2, 2, requires_grad=way in ("recorded", "checkpointed"))
    if way == "traced":
        seen: list[Any] = []
        graph = ac.trace(lambda x: seen.append(fn(x)) or seen[0], x)  # type: ignore[func-returns-value]
        assert seen[0].tolist() == want.tolist()
        assert graph(x).tolist() == want.tolist()
    else:
        y = checkpoint(fn, x, use_reentrant=False) if way == "checkpointed" else fn(x)
        assert y.tolist() == want.tolist()
        if way != "plain":
            (y * 3).sum().backward()
            assert x.grad is not None and x.grad.tolist() == [[0.0, 0.0], [0.0, 0.0]]


@pytest.mark.parametrize("value", ["two", None, {1: 2}])
def test_entries_may_not_be_set_to(value: Any) -> None:
    x = ac.ones(2, 2)
    with pytest.raises(TypeError, match=f"can't assign a {type(value).__name__} to a tensor"):
        x[1] = value
    assert x.tolist() == [[1.0, 1.0], [1.0, 1.0]]


@pytest.mark.parametrize(
    ("at", "shape", "said"),
    [
        ((slice(None), 0), (3,), r"size of the tensor \(2\) must match the existing size \(3\) at non-singleton dimension 0"),
        (slice(None), (1, 2), r"size of the tensor \(4\) must match the existing size \(2\) at non-singleton dimension 1\."),
        (slice(None), (3, 1), r"size of the tensor \(2\) must match the existing size \(3\) at non-singleton dimension 0\."),
        (0, (2, 4), r"value tensor of shape \[2, 4\] cannot be broadcast to indexing result of shape \[4\]"),
        ([0, 1], (3, 4), r"value tensor of shape \[3, 4\] cannot be broadcast to indexing result of shape \[2, 4\]"),
    ],
)
def test_values_of_another_shape_are_refused(at: Any, shape: tuple[int, ...], said: str) -> None:
    x = ac.zeros(2, 4)
    with pytest.raises(ShapeError, match=said):
        x[at] = ac.ones(*shape)
    assert not x.any() and x._version == 0


def test_an_index_beyond_the_end_is_refused() -> None:
    x = ac.zeros(2, 4)
    with pytest.raises(IndexError, match="in __setitem__"):
        x[[0, 5]] = 1.0
    assert not x.any()


@pytest.mark.parametrize(
    ("into", "of", "fits"),
    [
        (ac.bool, ac.bool, True),
        (ac.bool, ac.int64, False),
        (ac.int64, ac.bool, True),
        (ac.uint8, ac.int64, True),
        (ac.int64, ac.float32, False),
        (ac.float32, ac.int64, True),
        (ac.float32, ac.float64, True),
        (ac.float64, ac.float32, True),
        (ac.float32, ac.complex64, False),
        (ac.complex64, ac.float64, True),
        (ac.int64, ac.complex64, False),
    ],
)
def test_which_kinds_of_numbers_fit(into: Any, of: Any, fits: bool) -> None:
    x, other = ac.ones(2, dtype=into), ac.ones(2, dtype=of)
    if fits:
        x.mul_(other)
        assert (x.dtype, x.tolist()) == (into, ac.ones(2, dtype=into).tolist())
    else:
        with pytest.raises(DtypeError, match="can't be cast to the desired output type"):
            x.mul_(other)
        assert (x.dtype, x._version) == (into, 0)


def test_a_larger_result_does_not_fit() -> None:
    x = ac.ones(2)
    with pytest.raises(ShapeError, match=r"output with shape \[2\] doesn't match the broadcast shape \[3, 2\]"):
        x.add_(ac.ones(3, 2))
    assert (x.tolist(), x._version) == ([1.0, 1.0], 0)


@pytest.mark.parametrize("view", [lambda x: x.expand(3, 4), lambda x: x.unfold(0, 2, 1)])
def test_where_entries_lie_at_one_place_nothing_is_written(view: Callable[[Any], Any]) -> None:
    x = ac.ones(4)
    for write in (lambda v: v.add_(1), lambda v: v.copy_(v.clone()), lambda v: v.__setitem__(0, 2.0)):
        with pytest.raises(InplaceError, match="more than one element of the written-to tensor refers to a single memory location"):
            write(view(x))
    assert (x.tolist(), x._version) == ([1.0] * 4, 0)


def test_a_rule_that_reads_the_result_there_keeps_no_copy() -> None:
    h = leaf(-1.0, 2.0) * 1
    h.relu_()
    assert [k is h.value for k in h.grad_fn.kept if k is not None] == [True]


def test_who_may_write_to_what_inference_made() -> None:
    with ac.inference_mode():
        x = ac.ones(2) * 2
        x.add_(1)  # inside, everybody
        x[0] = 7.0
    for write in (lambda: x.add_(1), lambda: x.__setitem__(0, 1.0), lambda: x.detach().add_(1)):
        with pytest.raises(InplaceError, match="Inplace update to inference tensor outside InferenceMode"):
            write()
    with ac.inference_mode():
        assert x.add_(1).tolist() == [8.0, 4.0]
    assert (x.clone() + 0).add_(1).tolist() == [9.0, 5.0]


def test_leaves_are_not_written_to_nor_parts_of_them() -> None:
    x = leaf(1.0, 2.0)
    for write, what in (
        (lambda: x.add_(1), "a leaf"),
        (lambda: x.__setitem__([0], 1.0), "a leaf"),
        (lambda: x.__setitem__(0, 1.0), "a view of a leaf"),
        (lambda: x[:1].add_(1), "a view of a leaf"),
    ):
        with pytest.raises(InplaceError, match=f"^{what} Variable that requires grad"):
            write()
    assert x.tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    "write", [lambda v: v.zero_(), lambda v: v.fill_(5.0), lambda v: v.copy_(ac.ones(1)), lambda v: v.__setitem__(0, 5.0)]
)
def test_a_constant_in_a_view_takes_its_part_of_the_gradient_away(write: Callable[[Any], Any]) -> None:
    x = leaf(1.0, 2.0)
    h = x * 1
    other = h[0]
    write(h[:1])
    (h * 3 + other).sum().backward()
    assert x.grad.tolist() == [0.0, 3.0]


# ------------------------------------------------------------------------------------------------- what is kept
def _second(f: Callable[[float], float], x: float) -> float:
    return (f(x + 1e-4) - f(x - 1e-4)) / 2e-4


WRITES: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "exp": (lambda h: h.exp_(), np.exp),
    "tanh": (lambda h: h.tanh_(), np.tanh),
    "sin": (lambda h: h.sin_(), np.sin),
    "pow": (lambda h: h.pow_(3), lambda v: v**3),
    "square by itself": (lambda h: h.mul_(h), lambda v: v * v),
    "quotient by itself and one": (lambda h: h.div_(h + 1), lambda v: v / (v + 1)),
    "in two": (lambda h: h.add_(1).exp_(), lambda v: np.exp(v + 1)),
    "softplus of a composite": (lambda h: h.addcmul_(h, h, value=2.0), lambda v: v + 2 * v * v),
    "clamped": (lambda h: h.clamp_(min=0.5), lambda v: np.maximum(v, 0.5)),
    "by index": (lambda h: h.__setitem__(slice(None), h.clone() ** 3) or h, lambda v: v**3),
}


@pytest.mark.parametrize("name", WRITES)
@pytest.mark.parametrize("of", ["all", "a view", "a base"])
@pytest.mark.parametrize("recorded", [False, True])
def test_a_write_is_differentiated_as_its_function_is(name: str, of: str, recorded: bool) -> None:
    """Whatever its rule wants of the values that were overwritten; against differences."""
    write, f = WRITES[name]
    x = leaf(0.3, 0.7, 1.1, 1.9)
    h = x * 1
    view = h[1:3]
    if of == "a view":
        write(view)
    else:
        write(h)
    y = view if of == "a base" else h
    (g,) = ac.autograd.grad((y * ac.tensor([1.0, 2.0, 3.0, 4.0], dtype=ac.float64)[: y.shape[0]]).sum(), x, create_graph=recorded)
    points = x.detach().numpy()
    slope = np.array([_second(f, p) for p in points])
    want = {
        "all": slope * [1, 2, 3, 4],
        "a view": np.where([False, True, True, False], slope, 1.0) * [1, 2, 3, 4],
        "a base": slope * [0, 1, 2, 0],
    }[of]
    np.testing.assert_allclose(g.detach().numpy(), want, rtol=1e-5)
    values = np.where([False, True, True, False], f(points), points) if of == "a view" else f(points)
    np.testing.assert_allclose(h.detach().numpy(), values)
    if recorded and name != "clamped":
        (again,) = ac.autograd.grad(g.sum(), x)
        curve = np.array([(f(p + 1e-3) + f(p - 1e-3) - 2 * f(p)) / 1e-6 for p in points])
        curve = curve * {"all": [1, 2, 3, 4], "a view": [0, 2, 3, 0], "a base": [0, 1, 2, 0]}[of]
        np.testing.assert_allclose(again.numpy(), curve, rtol=1e-3, atol=1e-4)


def test_what_a_write_keeps_counts_as_kept_after_it_and_the_next_is_found() -> None:
    x = leaf(1.0, 2.0)
    h = x * 1
    h.exp_()
    y = h * 1
    y.sum().backward(retain_graph=True)
    np.testing.assert_allclose(x.grad.numpy(), np.exp([1.0, 2.0]))
    h.detach().add_(1)
    with pytest.raises(InplaceError, match="modified by an inplace operation"):
        y.sum().backward()


def test_a_float_result_in_an_integer_place_is_not_what_the_rule_reads() -> None:
    """In another precision the tensor's values are not those that the operation gave."""
    x = ac.tensor([0.3, 0.7], dtype=ac.float64, requires_grad=True)
    h = ac.zeros(2, dtype=ac.float32)
    h.add_(x.exp())
    h.mul_(1)
    h.sum().backward()
    assert h.dtype is ac.float32
    np.testing.assert_allclose(x.grad.numpy(), np.exp([0.3, 0.7]), rtol=1e-6)


# ------------------------------------------------------------------------------------------------- memory and its versions
def test_a_number_becomes_memory_with_its_version() -> None:
    """A 0-d result is a number until somebody shares it; writes before and after are counted together."""
    x = ac.ones(2, requires_grad=True)
    s = x.detach().sum()
    assert s._version == 0
    s.mul_(2)
    s.detach().add_(1)
    assert (s._version, s.item()) == (2, 5.0)


def test_versions_of_memory_that_is_gone_are_forgotten() -> None:
    from autograd_cnn.engine import versions

    gc.collect()
    before = len(versions._records)
    for _ in range(50):
        ac.ones(3).add_(1)
    assert len(versions._records) <= before + 1


@needs_onednn
@pytest.mark.parametrize("way", ["leaf", "result", "kept", "other dtype", "other shape"])
def test_writes_to_what_a_kernel_left_in_its_order(way: str) -> None:
    """Its value is exchanged where nobody has seen the memory, and written to where somebody has."""
    found = []
    for backend in ("onednn", "numpy"):
        with ac.use_backend(backend):
            ac.manual_seed(0)
            x = ac.randn(2, 8, 12, 12, requires_grad=True)
            layer = nn.Conv2d(8, 8, 3, padding=1)
            h = layer(x)
            told: list[Any] = []
            if way == "leaf":
                with ac.no_grad():
                    h = layer(x)
                h.requires_grad_()
                y = (h * h).sum()
                with ac.no_grad():
                    h.relu_()
                assert [v.data.min() >= 0 for v in Graph.of(y).values if v.kind == "parameter"] == [True]  # what the leaf is now
                told.append(h.sum().item())
                with pytest.raises(InplaceError, match="modified by an inplace operation"):
                    y.backward()
            elif way == "result":
                seen = h.detach()  # shares the memory
                nn.functional.relu(h, inplace=True)
                told += [seen.min().item(), h._version]
                h.sum().backward()
            elif way == "kept":
                y = h * h  # keeps h as it is
                h.mul_(2)
                with pytest.raises(InplaceError, match="modified by an inplace operation"):
                    y.sum().backward()
                told.append(h._version)
                h.sigmoid_()  # keeps what it gave
                h.sum().backward()
            elif way == "other dtype":
                h.mul_(ac.ones(2, 8, 12, 12, dtype=ac.float64) * 2)
                told.append(str(h.dtype))
                h.sum().backward()
            else:
                h.add_(layer(x)[:, :1])
                told.append(list(h.shape))
                h.sum().backward()
            found.append((told, h.detach().numpy(), None if x.grad is None else x.grad.numpy()))
    (a, b, c), (d, e, f) = found
    assert str(a) == str(d) if way != "leaf" else a == pytest.approx(d, rel=1e-4)
    np.testing.assert_allclose(b, e, rtol=1e-3, atol=1e-4)
    assert (c is None) == (f is None)
    if c is not None:
        np.testing.assert_allclose(c, f, rtol=1e-3, atol=1e-3)


@needs_onednn
def test_a_value_nobody_has_seen_stays_in_its_order() -> None:
    with ac.use_backend("onednn"):
        h = nn.Conv2d(8, 8, 3)(ac.randn(2, 8, 12, 12))
        assert type(h.value) is ChannelsLast
        nn.functional.relu(h, inplace=True)
        assert type(h.value) is ChannelsLast
        assert h._version == 1
        h.detach()  # shares the memory from now on
        nn.functional.relu(h, inplace=True)
        assert type(h.value) is np.ndarray
        assert h._version == 2


@needs_onednn
def test_what_a_function_saved_shows_a_write_to_it() -> None:
    """Both have the memory, whoever asked for it first."""
    contexts: list[Any] = []

    class Saves(ac.autograd.Function):
        @staticmethod
        def forward(ctx: Any, v: Any) -> Any:
            ctx.save_for_backward(v)
            contexts.append(ctx)
            return v * 1

    with ac.use_backend("onednn"):
        h = nn.Conv2d(8, 8, 3)(ac.randn(2, 8, 12, 12))
        Saves.apply(h)
        (saved,) = contexts[0].saved_tensors
        seen = saved.detach().numpy()
        h.mul_(2)
        np.testing.assert_array_equal(seen, h.detach().numpy())


@needs_onednn
def test_primitives_take_what_a_kernel_left_in_its_order() -> None:
    with ac.use_backend("onednn"):
        h = nn.Conv2d(8, 8, 3)(ac.randn(2, 8, 12, 12))
        assert type(h.value) is ChannelsLast
        for name, f in (("exp", np.exp), ("neg", np.negative)):
            np.testing.assert_allclose(np.asarray(REGISTRY[name](h.value)), f(np.asarray(h.value)), rtol=1e-5)


@needs_onednn
def test_a_larger_result_does_not_take_the_place_of_what_nobody_has_seen() -> None:
    with ac.use_backend("onednn"):
        layer = nn.Conv2d(8, 8, 3)
        h, larger = layer(ac.randn(1, 8, 12, 12)), layer(ac.randn(2, 8, 12, 12))
        with pytest.raises(ShapeError, match="doesn't match the broadcast shape"):
            h.add_(larger)
        assert (h.shape, h._version) == ((1, 8, 10, 10), 0)


@needs_onednn
def test_a_look_at_what_was_written_before_is_no_write() -> None:
    """A value that moves into ordinary memory takes along how often it was written to, and when."""
    found = []
    for backend in ("onednn", "numpy"):
        with ac.use_backend(backend):
            ac.manual_seed(0)
            x = ac.randn(2, 8, 12, 12, requires_grad=True)
            h = nn.Conv2d(8, 8, 3)(x)
            h.mul_(2).add_(1)
            y = h * h
            h.detach()
            assert h._version == 2
            y.sum().backward()
            found.append(x.grad.numpy())
    np.testing.assert_allclose(*found, rtol=1e-3, atol=1e-3)


# ------------------------------------------------------------------------------------------------- traces
TRACED: dict[str, Callable[[Any], Any]] = {
    "unsqueeze_": lambda h: (h.unsqueeze_(0) * 2, h)[1],
    "transpose_": lambda h: h.view(2, 2).clone().transpose_(0, 1) * ac.tensor([1.0, 2.0]),
    "a view of a view": lambda h: (h[1:][1:].mul_(10), h)[1],
    "another view": lambda h: _other_view(h),
    "by index in a view": lambda h: (h[1:].__setitem__([0, 1], 9.0), h)[1],
    "by index, and further": lambda h: (h.__setitem__(1, h[0] * 5), h.add_(1))[1],
}


def _other_view(h: Any) -> Any:
    a, b = h[:3], h[1:]
    a.mul_(10)
    b.add_(1)
    return a * 1


@pytest.mark.parametrize("name", TRACED)
def test_a_trace_follows_writes(name: str) -> None:
    def fn(x: Any) -> Any:
        return TRACED[name](x * 1) + 0

    graph = ac.trace(fn, ac.ones(4))
    x = ac.tensor([2.0, 3.0, 5.0, 7.0])
    assert graph(x).tolist() == fn(x).tolist()
    assert x.tolist() == [2.0, 3.0, 5.0, 7.0]


# ------------------------------------------------------------------------------------------------- other memory
@pytest.mark.parametrize("frozen", [False, True])
def test_data_of_another_shape_and_dtype(frozen: bool) -> None:
    x = ac.ones(3, requires_grad=True)
    if frozen:
        x.requires_grad_(False)
    x.data = ac.tensor([[1.0, 2.0]], dtype=ac.float64)
    x.requires_grad_(True)
    (x * x).sum().backward()
    assert x.grad is not None
    assert (x.grad.tolist(), x.grad.dtype) == ([[2.0, 4.0]], ac.float64)


def test_views_of_what_has_other_memory_now_go_on_together() -> None:
    x = ac.ones(4)
    a, b = x[:2], x[1:3]
    x.data = ac.zeros(4)
    a.mul_(5)
    assert (x.tolist(), b.tolist()) == ([0.0] * 4, [5.0, 1.0])
    w = leaf(3.0)
    a.mul_(w.float())  # and their gradients, too
    b.sum().backward()
    assert w.grad.tolist() == [5.0]
    assert not x.requires_grad
    a.data = ac.zeros(2)  # a view no longer
    a.add_(1)
    assert b.tolist() == [15.0, 1.0]


# ------------------------------------------------------------------------------------------------- copies
def test_a_copy_of_a_tensor_is_its_own() -> None:
    x = leaf(1.0, 2.0)
    (x * x).sum().backward()
    x.note = ["mine"]
    base = x.detach()
    view = base[1:]
    pair = copy.deepcopy([x, x, view])
    assert pair[0] is pair[1]
    y = pair[0]
    assert (y.tolist(), y.requires_grad, y.grad.tolist(), y.note) == ([1.0, 2.0], True, [2.0, 4.0], ["mine"])
    y.note.append("too")
    with ac.no_grad():
        y.mul_(10)
        pair[2].mul_(10)
    y.grad.zero_()
    assert (x.tolist(), x.grad.tolist(), x.note, pair[2]._base) == ([1.0, 2.0], [2.0, 4.0], ["mine"], None)
    with pytest.raises(RuntimeError, match="graph leaves"):
        copy.deepcopy(x * 2)
    p = nn.Parameter(ac.ones(2))
    (p * 2).sum().backward()
    q = copy.deepcopy(p)
    assert (type(q), q.requires_grad, q.grad) == (nn.Parameter, True, None)  # as in PyTorch
    z = copy.deepcopy(ac.ones(2))
    assert (z.requires_grad, z.grad) == (False, None)


@pytest.mark.parametrize(
    "name", ["relu", "leaky_relu", "elu", "selu", "celu", "silu", "mish", "hardswish", "hardsigmoid", "hardtanh", "relu6"]
)
def test_activations_in_place_are_differentiated_at_what_was_there(name: str) -> None:
    """Against differences, also where the rule wants the input, which is overwritten."""
    f = getattr(nn.functional, name)
    points = np.array([-2.5, -0.4, 0.6, 2.0])
    x = ac.tensor(points, requires_grad=True)
    h = x * 1
    y = f(h, inplace=True)
    assert y is h
    (y * 1).sum().backward()
    slope = [(f(ac.tensor(points + s)) - f(ac.tensor(points - s))).numpy() / (2 * s) for s in (1e-5,)]
    np.testing.assert_allclose(x.grad.numpy(), slope[0], rtol=1e-6, atol=1e-8)
