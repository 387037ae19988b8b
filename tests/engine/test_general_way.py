"""Calls off the fast path (traced, checkpointed, under anomaly detection or inference mode, with many inputs or outputs): they give what the
fast path gives, and refuse what it refuses."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn.primitives.primitive import REGISTRY, primitive
from autograd_cnn.utils.checkpoint import checkpoint

F = ac.nn.functional
ARRAY = np.array([3.0, -1.0, 2.0], np.float32)
WEIGHT = np.arange(6.0, dtype=np.float32).reshape(2, 3)
MIXED = "mixed_by_a_test"

CALLS: dict[str, Callable[[Any], Any]] = {
    "a number": lambda x: x * 2,
    "a number first": lambda x: 2 - x,
    "NumPy's number": lambda x: x * np.float64(0.5),
    "NumPy's number by name": lambda x: ac.mul(x, np.float64(0.5)),
    "NumPy's number alone": lambda x: ac.exp(np.float64(0.5)) * x,
    "an array": lambda x: x * ARRAY,
    "an array by name": lambda x: ac.maximum(x, ARRAY),
    "NumPy's scalar among many": lambda x: ac.stack([x[0, 0], np.float64(2.0)]),
    "no bias": lambda x: F.linear(x, ac.tensor(WEIGHT)),
    "None for a bias": lambda x: F.linear(x, WEIGHT, None),
    "a bias": lambda x: F.linear(x, WEIGHT, x[:, 0]),
    "half of a range": lambda x: x.clamp(max=1.0),
    "where": lambda x: ac.where(x > 0, x, 0.0),
    "split": lambda x: x.split(2, 1)[1],
    "unbind": lambda x: x.unbind(0)[0] * 1,
    "largest": lambda x: x.max(1)[0],
    "sorted": lambda x: x.sort(1)[0],
    "stacked": lambda x: ac.stack([x, x * 2, ac.ones(2, 3)]),
    "joined": lambda x: ac.cat([x, x * 2], 1),
    "einsum": lambda x: ac.einsum("ij,kj->ik", x, x),
    "view": lambda x: x.view(3, 2).t()[0],
    "gathered": lambda x: x[[0, 1, 1], [2, 0, 0]],
    "power": lambda x: 2.0**x,
    "product": lambda x: x @ x.t(),
    "layer norm": lambda x: F.layer_norm(x, (3,)),
    "integers": lambda x: x.argmax(1),
    "truth": lambda x: x > 0,
    "pole": lambda x: (x * 0).log(),
    "mixed": lambda x: REGISTRY[MIXED](x)[0],
    "text for a bias": lambda x: F.linear(x, WEIGHT, "bias"),
    "text": lambda x: ac.mul(x, "two"),
    "text among many": lambda x: ac.stack([x, "two"]),
    "None among many": lambda x: ac.stack([x, None]),
    "None": lambda x: ac.mul(x, None),
    "None for a matrix": lambda x: ac.matmul(x, None),
    "a number for a matrix": lambda x: ac.matmul(x, 2.0),
    "a Scalar": lambda x: x * ac.Scalar(2.0),
    "wrong shape": lambda x: x + ac.ones(5),
}


@pytest.fixture(autouse=True)
def registry() -> Iterator[None]:
    @primitive(name=MIXED, outputs=("double", "count"), several=True)
    def mixed(x: Any) -> Any:
        return [x * 2, np.arange(x.size)]  # a list is as good as a tuple, and integers take no gradient

    mixed.vjp("x")(lambda g: 2 * g[0])
    yield
    del REGISTRY[MIXED]


def _told(way: Callable[[Callable[[Any], Any], Any], Any], fn: Callable[[Any], Any]) -> Any:
    x = ac.tensor([[1.0, -2.0, 3.0], [0.5, 4.0, -1.0]], requires_grad=True)
    with np.errstate(divide="raise", over="raise", under="warn", invalid="raise"):
        try:
            y: Any = way(fn, x)
        except Exception as error:
            y = error
        assert np.geterr() == {"divide": "raise", "over": "raise", "under": "warn", "invalid": "raise"}
    if isinstance(y, Exception):
        return type(y), str(y)
    told = [y.tolist(), y.dtype, y.shape, type(y)]
    if y.requires_grad:
        y.backward(ac.tensor(np.linspace(0.5, 1.5, y.numel()).astype(y.dtype).reshape(y.shape)))
        told.append(None if x.grad is None else (x.grad.tolist(), x.grad.dtype))
    return told


def _traced(fn: Callable[[Any], Any], x: Any) -> Any:
    found: list[Any] = []

    def noted(x: Any) -> Any:
        found.append(fn(x))
        return found[0]

    graph = ac.trace(noted, x)
    again = graph(x.detach())
    np.testing.assert_array_equal(again.numpy(), found[0].detach().numpy())
    y = found[0]
    assert y.grad_fn is None or y.grad_fn.extra is None  # no line of the source is noted
    return y


def _watched(fn: Callable[[Any], Any], x: Any) -> Any:
    with ac.autograd.detect_anomaly(check_nan=False):
        y = fn(x)
    if y.grad_fn is not None:
        assert __file__ in y.grad_fn.extra.line
    return y


@pytest.mark.parametrize("name", CALLS)
def test_off_the_fast_path_all_is_as_on_it(name: str) -> None:
    fn = CALLS[name]
    want = _told(lambda f, x: f(x), fn)
    for way in (_traced, _watched, lambda f, x: checkpoint(f, x, use_reentrant=False)):
        found = _told(way, fn)
        assert str(found) == str(want)  # NaN is as good as NaN


@pytest.mark.parametrize("name", CALLS)
def test_under_inference_mode_the_values_are_the_same(name: str) -> None:
    fn = CALLS[name]
    want = _told(lambda f, x: f(x.detach()), fn)

    def inferred(f: Callable[[Any], Any], x: Any) -> Any:
        with ac.inference_mode():
            y = f(x)
        assert y.is_inference() and not y.requires_grad
        return y

    assert str(_told(inferred, fn)) == str(want)


def test_of_several_outputs_integers_take_no_gradient() -> None:
    x = ac.ones(3, requires_grad=True)
    double, count = REGISTRY[MIXED](x)
    assert (double.requires_grad, count.requires_grad) == (True, False)
    assert double.grad_fn is not None and double.grad_fn.name.lower().startswith("mixed")


# ------------------------------------------------------------------------------------------------- arrays alone
@pytest.mark.parametrize(
    ("args", "said"),
    [
        ((WEIGHT, WEIGHT, None), None),
        ((WEIGHT, WEIGHT, ARRAY[:2]), None),
        ((WEIGHT, None, None), "weight"),
        ((WEIGHT, WEIGHT, "bias"), "bias"),
        (("input", WEIGHT, None), "input"),
    ],
)
def test_on_arrays_a_primitive_just_computes(args: Any, said: str | None) -> None:
    linear = REGISTRY["linear"]
    if said is not None:
        with pytest.raises(TypeError, match=rf"linear\(\): argument '{said}'"):
            linear(*args)
        return
    y = linear(*args)
    assert type(y) is np.ndarray
    np.testing.assert_allclose(y, WEIGHT @ WEIGHT.T + (0 if args[2] is None else args[2]))


# ------------------------------------------------------------------------------------------------- what a forward returned
@pytest.mark.parametrize(
    ("outputs", "several", "result", "said"),
    [
        (("y",), False, None, r"to return one array, its output 'y', got None\. Does it lack a return\?"),
        (("y",), False, "text", r"to return one array, its output 'y', got str\. A kernel takes arrays and returns arrays\."),
        (("y",), False, (1.0, 2.0), r'got tuple of 2 \(float, float\)\. Declare what it returns, .*outputs=\("y", "y1"\)\)'),
        (("y",), False, (np.ones(2),), r"got tuple of 1 \(ndarray\)\. A kernel takes arrays"),
        (("a", "b"), False, (1.0,), r"to return a tuple of 2 arrays, 'a', 'b', got tuple of 1 \(float\)\. A kernel"),
        (("a", "b"), False, 1.0, r"to return a tuple of 2 arrays, 'a', 'b', got float\. Return them as a tuple, or leave outputs= out\."),
        (("a", "b"), False, None, r"got None\. Does it lack a return\?"),
        (("a", "b"), False, [1.0, 2.0, 3.0], r'got list of 3 \(float, float, float\)\. Declare .*outputs=\("a", "b", "y2"\)\)'),
        (("a", "b"), True, (1.0, 2.0, 3.0), r"to return a tuple of 2 arrays, 'a', 'b', got tuple of 3 \(float, float, float\)\. A kernel"),
        (("y",), True, "text", r"to return a tuple of arrays, one for each output, got str\. A kernel"),
        (("y",), True, ("a", "b"), r"to return a tuple of arrays, one for each output, got tuple of 2 \(str, str\)\. A kernel"),
        (("y",), False, ac.ones(2), r"got Tensor\. A forward computes with arrays, as NumPy does; return the Tensor's array"),
        (
            ("a", "b"),
            False,
            (np.ones(2), ac.ones(2)),
            r"\(ndarray, Tensor\)\. A forward computes with arrays, as NumPy does; return the Tensor's",
        ),
    ],
)
@pytest.mark.parametrize("record", [True, False])
def test_what_a_forward_must_return(outputs: Any, several: bool, result: Any, said: str, record: bool) -> None:
    op = primitive(name=MIXED + "_too", outputs=outputs, several=several)(lambda x: result)
    try:
        with ac.set_grad_enabled(record), pytest.raises(TypeError, match=said):
            op(ac.ones(2, requires_grad=True))
    finally:
        del REGISTRY[MIXED + "_too"]


@pytest.mark.parametrize(
    ("outputs", "result", "said"),
    [
        (("y",), None, "one number, its output 'y', got None"),
        (("a", "b"), (1.0, "two"), r"a tuple of 2 numbers, 'a', 'b', got tuple of 2 \(float, str\)"),
    ],
)
def test_what_a_forward_on_numbers_must_return(outputs: Any, result: Any, said: str) -> None:
    op = primitive(name=MIXED + "_too", outputs=outputs)(lambda x: result)
    try:
        with pytest.raises(TypeError, match=said):
            op(ac.Scalar(2.0))
    finally:
        del REGISTRY[MIXED + "_too"]


@pytest.mark.parametrize("kind", [tuple, list])
def test_a_forward_may_return_any_number_of_parts(kind: type) -> None:
    op = primitive(name=MIXED + "_too", several=True)(lambda x: kind(x[i] * 2 for i in range(len(x))))
    try:
        for n in (1, 2, 3):
            assert [y.item() for y in op(ac.arange(n))] == [2 * i for i in range(n)]
    finally:
        del REGISTRY[MIXED + "_too"]


def test_subclasses_of_arrays_are_arrays() -> None:
    class Sub(np.ndarray[Any, Any]):
        pass

    op = primitive(name=MIXED + "_too", outputs=("a", "b"), several=True)(lambda x: (x.view(Sub) * 1, x.view(Sub) * 2))
    try:
        assert [v.tolist() for v in op(ac.ones(2))] == [[1.0, 1.0], [2.0, 2.0]]
    finally:
        del REGISTRY[MIXED + "_too"]


def test_a_subclass_of_tensor_has_its_own_call_once() -> None:
    class Mine(ac.Tensor):
        pass

    op = primitive(name=MIXED + "_too")(lambda x: x * 2)
    try:
        assert op(Mine([1.0, 2.0])).tolist() == [2.0, 4.0]
        assert Mine in op.by_value_type
        assert op(Mine([3.0])).tolist() == [6.0]
    finally:
        del REGISTRY[MIXED + "_too"]


# ------------------------------------------------------------------------------------------------- shared memory
def test_which_results_of_a_users_operation_are_views() -> None:
    """Those in the memory of an argument; not copies, not numbers, and each only once."""
    op = primitive(name=MIXED + "_too", outputs=("copy", "number", "part"), several=True)(lambda x: (x.copy(), x.sum(), x[1:]))
    try:
        x = ac.tensor([1.0, 2.0, 3.0])
        for base, given in ((x, x), (x, x[:])):
            copied, number, part = op(given)
            assert (copied._base, number._base) == (None, None)
            assert part._base is base
        part.mul_(10)
        assert x.tolist() == [1.0, 20.0, 30.0]
        gone = weakref.ref(part)
        del copied, number, part
        assert gone() is None
    finally:
        del REGISTRY[MIXED + "_too"]


def test_a_view_of_an_array_has_no_base() -> None:
    op = primitive(name=MIXED + "_too", view=True)(lambda x, other: x[1:])
    try:
        for given, base in ((ARRAY, False), (ac.tensor(ARRAY), True)):
            fast = op(given, ac.ones(3))
            with ac.autograd.detect_anomaly():
                general = op(given, ac.ones(3))
            assert [(y.tolist(), y._base is not None) for y in (fast, general)] == [([-1.0, 2.0], base)] * 2
    finally:
        del REGISTRY[MIXED + "_too"]


def test_numbers_alone_and_what_may_be_left_out() -> None:
    op = primitive(name=MIXED + "_too")(lambda a, b=None: a * (2.0 if b is None else b))
    try:
        assert (op(3.0), op(3.0, None), op(3.0, 5.0)) == (6.0, 6.0, 15.0)
        with pytest.raises(TypeError, match=r"argument .a..*not NoneType"):
            op(None, 5.0)
        with pytest.raises(TypeError, match=r"argument .b..*not str"):
            op(3.0, "two")
    finally:
        del REGISTRY[MIXED + "_too"]


def test_a_view_of_a_number_shares_its_memory() -> None:
    """A 0-d result is a number until somebody looks at it."""
    with ac.autograd.detect_anomaly():
        total = ac.ones(3).sum()
        total.view(1).mul_(2)
        assert total.item() == 6.0


def test_any_number_of_inputs() -> None:
    """Arrays and numbers among them are what they are (a number of NumPy's keeps its dtype), and other things are refused by their place."""
    seen: list[Any] = []

    @primitive(name=MIXED + "_too")
    def added(*xs: Any) -> Any:
        seen.append([getattr(v, "dtype", type(v)) for v in xs])
        return sum(np.asarray(v) for v in xs)

    added.vjp("xs")(lambda g, need: tuple(g if n else None for n in need))
    try:
        x, w = ac.tensor([1.0, 2.0], dtype=ac.float64, requires_grad=True), ac.tensor(3.0, dtype=ac.float64, requires_grad=True)
        y = added(x, np.float32(2.0), ARRAY[:2], 5, w, x)
        assert seen == [[np.float64, np.float32, np.float32, int, np.float64, np.float64]]
        assert y.tolist() == [1 + 2 + 3 + 5 + 3 + 1, 2 + 2 - 1 + 5 + 3 + 2]
        y.sum().backward()
        assert x.grad is not None and w.grad is not None
        assert (x.grad.tolist(), w.grad.tolist()) == ([2.0, 2.0], 2.0)
        for other, said in (
            (None, "position 3.*not NoneType"),
            ("two", "position 3.*not str"),
            (ac.Scalar(1.0), "argument 3 is a Scalar among Tensors"),
        ):
            with pytest.raises(TypeError, match=said):
                added(x, ARRAY[:2], other)
        with pytest.raises(TypeError, match=r"position 2.*not str|argument .xs..*not str"):
            added(ARRAY, "two")
    finally:
        del REGISTRY[MIXED + "_too"]
