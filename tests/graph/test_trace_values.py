"""What operations compute from the values of their tensors beside the tape (places, masks, counts, draws) is computed anew in a replay."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import autograd_cnn as ac
from autograd_cnn.errors import GraphError
from autograd_cnn.nn import functional as F

T = ac.tensor


def slope(fn: Callable[..., Any]) -> Callable[..., Any]:
    """The gradient of the sum of squares, asked for within the traced function."""

    def within(x: Any, *rest: Any) -> Any:
        x = x.detach().requires_grad_()
        y = fn(x, *rest)
        return ac.autograd.grad((y * y).sum(), [x])[0]

    return within


def pulled(fn: Callable[..., Any], x: Any, *rest: Any) -> Any:
    """The gradient, recorded: it can be differentiated again."""
    x = x if x.requires_grad else x.clone().requires_grad_()
    return ac.autograd.grad(fn(x, *rest), [x], create_graph=True)[0]


def scattered(reduce: str) -> Callable[..., Any]:
    return lambda x, i: x.scatter_reduce(0, i, x * 2 - 3, reduce, include_self=False)


X, Z = [1.0, 2.0, 4.0], [3.0, -1.0, 0.5]
I, J = [0, 0, 2], [1, 1, 0]
CASES: dict[str, tuple[Callable[..., Any], tuple[Any, ...], tuple[Any, ...]]] = {
    "repeat_interleave": (lambda x, n: x.repeat_interleave(n), (X, [1, 2, 0]), (Z, [0, 0, 3])),
    "put": (lambda x, i: x.put(i, x[:2] * 2), (X, [0, 2]), (Z, [2, -2])),
    "take": (lambda x, i: x.take(i), (X, [0, 2]), (Z, [-1, -2])),
    "take_along_dim": (lambda x, i: x.take_along_dim(i, 0), (X, [0, 2]), (Z, [-1, -2])),
    "index_fill": (lambda x, i: x.index_fill(0, i, 7.0), (X, [0, 2]), (Z, [-2, 0])),
    "a number as an index": (lambda x, i: x[i] * x.select(0, i), (X, 0), (Z, 2)),
    "numbers as an index": (lambda x, i: x[[i, i]], (X, 0), (Z, 2)),
    "narrow": (lambda x, i: x.narrow(0, i, 2), (X, 0), (Z, 1)),
    "a slice": (lambda x, i: x[i : i + 2], (X, 0), (Z, 1)),
    "scatter of a 0-d tensor": (lambda x, i: x.scatter(0, i, x[1]), (X, I), (Z, J)),
    **{f"scatter_reduce {r}": (scattered(r), (X, I), (Z, J)) for r in ("mean", "amin", "amax", "prod")},
    "masked_scatter": (lambda x, i: x.masked_scatter(i > 0, x * 2), (X, I), (Z, [5, 0, 0])),
    "multi_margin_loss": (lambda x, t: F.multi_margin_loss(x, t, weight=x.detach().abs()), (X, 0), (Z, 2)),
    "multilabel_margin_loss": (lambda x, t: F.multilabel_margin_loss(x, t), (X, [0, -1, 1]), (Z, [2, 1, -1])),
    "cross_entropy": (lambda x, t: pulled(F.cross_entropy, x, t), (X, 0), (Z, 2)),
    "linspace": (lambda x: x * ac.linspace(x[0], x[1], 3) * ac.logspace(x[0], x[1], 3), (X,), (Z,)),
    "gradient": (lambda x, at: ac.gradient(x, spacing=(at,))[0], (X, X), (Z, [0.0, 5.0, 6.0])),
    "embedding_bag": (
        lambda x, i, o: F.embedding_bag(i, x.reshape(3, 1), o, padding_idx=1, mode="mean"),
        (X, [0, 1, 2], [0, 2]),
        (Z, [1, 2, 0], [0, 1]),
    ),
    "embedding": (lambda x, i: F.embedding(i, x.reshape(3, 1), padding_idx=1), (X, I), (Z, J)),
    "max": (lambda x: x.reshape(1, 3).max(1).values, (X,), (Z,)),
    "kthvalue": (lambda x: x.kthvalue(2).values, (X,), (Z,)),
    "prod": (lambda x: x.prod(), (X,), ([3.0, 0.0, 2.0],)),
    "cumprod": (lambda x: x.cumprod(0), (X,), ([3.0, 0.0, 2.0],)),
    "amax": (lambda x: x.amax(), (X,), (Z,)),
    "logdet": (lambda x: x.diag().logdet().isnan() * x, (X,), (Z,)),
    "pinv": (lambda x: ac.linalg.pinv(x.diag()), (X,), ([2.0, 0.0, 4.0],)),
    "svd of all vectors": (lambda x: ac.svd(x.reshape(3, 1), some=False).S * x, (X,), (Z,)),
    "gaussian_nll_loss": (lambda x, v: F.gaussian_nll_loss(x, x * 2, v, eps=0.5), (X, [1.0, 2.0, 3.0]), (Z, [0.0, 0.1, 2.0])),
    "attention": (
        lambda x, i: F.scaled_dot_product_attention(*[x.reshape(3, 1)] * 3, attn_mask=i.reshape(3, 1) > 0),
        (X, [1, 1, 1]),
        (Z, [1, 0, 1]),
    ),
    "histc": (lambda x: x.detach().histc(3) * x, (X,), (Z,)),
    "resize_": (lambda x: x.detach().clone().resize_(2) * x[:2], (X,), (Z,)),
    "normal": (lambda x: ac.normal(x, 1.0), (X,), (Z,)),
    "multinomial": (lambda x: x[x.detach().abs().multinomial(2)], (X,), ([0.0, 1.0, 1.0],)),
    "bernoulli": (lambda x: x * x.detach().bernoulli(), ([0.0, 1.0, 1.0],), ([1.0, 0.0, 0.0],)),
    "bernoulli_": (lambda x: x * ac.zeros(3).bernoulli_(x.detach()), ([0.0, 1.0, 1.0],), ([1.0, 0.0, 0.0],)),
    "rrelu": (lambda x: F.rrelu(x, training=True), (X,), (Z,)),
}


@pytest.mark.parametrize("within", [False, True], ids=["results", "gradients"])
@pytest.mark.parametrize("name", CASES)
def test_a_replay_computes_it_anew(name: str, within: bool) -> None:
    fn, *both = CASES[name]
    fn = slope(fn) if within else fn
    first, other = (tuple(T(v) for v in given) for given in both)
    graph = ac.trace(fn, *first)
    for given in (other, first):
        ac.manual_seed(3)
        want = fn(*given)
        ac.manual_seed(3)
        assert ac.allclose(graph(*given), want, equal_nan=True)


def test_the_numbers_of_a_replay() -> None:
    graph = ac.trace(lambda x, n: x.repeat_interleave(n), T([1, 2]), T([1, 2]))
    assert graph(T([5, 6]), T([2, 1])).tolist() == [5, 5, 6]
    graph = ac.trace(lambda x, i: x[i], T([1, 2]), T(0))
    assert graph(T([5, 6]), T(1)).tolist() == 6
    graph = ac.trace(lambda x, i, v: x.scatter_reduce(0, i, v, "mean"), T([1.0, 2.0]), T([0, 0]), T([4.0, 4.0]))
    assert graph(T([1.0, 2.0]), T([1, 1]), T([4.0, 6.0])).tolist() == [1.0, 4.0]


def test_places_of_another_number_are_refused() -> None:
    graph = ac.trace(lambda x, n: x.repeat_interleave(n), T([1, 2]), T([1, 2]))
    with pytest.raises(GraphError, match=r"had the shape \[3\] when it was traced, and has \[4\]"):
        graph(T([1, 2]), T([2, 2]))


@pytest.mark.parametrize(
    "fn",
    [
        lambda x, i: ac.tensor_split(x, i)[0],
        lambda x, i: ac.tensor_split(x, i[0])[0],
        lambda x, i: ac.tensor_split(x, (i[0],))[0],
        lambda x, i: F.one_hot(i),
        lambda x, i: x[i[0] > 0],
    ],
    ids=["split at a tensor", "sections", "split at numbers", "one_hot", "a mask of one"],
)
def test_what_decides_shapes_is_refused_at_once(fn: Callable[..., Any]) -> None:
    with pytest.raises(GraphError, match="whose shapes depend on a tensor's values"):
        ac.trace(fn, T([1.0, 2.0, 3.0]), T([1, 2]))


def test_what_is_no_value_of_the_trace_may_decide_shapes() -> None:
    at = T([1, 2])
    graph = ac.trace(lambda x: ac.tensor_split(x, at)[1], T([1.0, 2.0, 3.0]))
    assert graph(T([4.0, 5.0, 6.0])).tolist() == [5.0]


def test_no_gradient_flows_where_the_values_alone_were_used() -> None:
    graph = ac.trace(lambda x, v: x.scatter(0, T([0]), v), T([1.0, 2.0]), T(5.0))
    v = T(7.0, requires_grad=True)
    assert not graph(T([1.0, 2.0]), v).requires_grad
