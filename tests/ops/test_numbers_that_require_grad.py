"""A tensor that requires grad in the place of a number: it gets its gradient, or is refused; it is never taken for its value in silence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import autograd_cnn as ac
from autograd_cnn.nn import functional as F
from autograd_cnn.primitives.primitive import primitive

X = [[1.0, -2.0, 0.3]]

REFUSED: dict[str, Callable[[Any, Any], Any]] = {
    "hardtanh": lambda x, w: F.hardtanh(x, -w, w),
    "threshold": lambda x, w: F.threshold(x, 0.1, w),
    "softshrink": lambda x, w: F.softshrink(x, w * 0),
    "layer_norm": lambda x, w: F.layer_norm(x, (3,), eps=w),
    "group_norm": lambda x, w: F.group_norm(x, 1, eps=w),
    "dropout": lambda x, w: F.dropout(x, w),
    "dropout at inference": lambda x, w: F.dropout(x, w, training=False),
    "rrelu": lambda x, w: F.rrelu(x, w, w),
    "norm": lambda x, w: x.norm(w),
    "vector_norm": lambda x, w: ac.linalg.vector_norm(x, w),
    "normalize": lambda x, w: F.normalize(x, p=w),
    "cdist": lambda x, w: ac.cdist(x, x * 2, p=w * 0),
    "pdist": lambda x, w: F.pdist(x.T, p=w),
    "pairwise_distance": lambda x, w: F.pairwise_distance(x, x * 2, p=w),
    "dist": lambda x, w: ac.dist(x, x * 2, p=w),
    "interpolate": lambda x, w: F.interpolate(x[None], scale_factor=w * 4),
    "interpolate by several": lambda x, w: F.interpolate(x[None, None], scale_factor=(2.0, w * 4)),
    "gradient": lambda x, w: ac.gradient(x, spacing=w, dim=1),
    "poisson_nll_loss": lambda x, w: F.poisson_nll_loss(x.abs(), x.abs(), log_input=False, eps=w),
    "renorm": lambda x, w: x.renorm(w, 0, 0.1),
}


@pytest.mark.parametrize("grad", [True, False], ids=["of the input, too", "of the number alone"])
@pytest.mark.parametrize("name", REFUSED)
def test_where_no_gradient_would_reach_it_it_is_refused(name: str, grad: bool) -> None:
    w = ac.tensor(0.5, requires_grad=True)
    with pytest.raises(TypeError, match="must be a number, not a Tensor that requires grad"):
        REFUSED[name](ac.tensor(X, requires_grad=grad), w)


def test_a_users_number_is_refused_too() -> None:
    @primitive(name="shifted_by_a_number")
    def shifted(x: Any, *, by: float = 1.0) -> Any:
        return x + float(by)

    with pytest.raises(TypeError, match=r"shifted_by_a_number.*'by' must be a number"):
        shifted(ac.tensor(X), by=ac.tensor(2.0, requires_grad=True))
    assert shifted(ac.tensor([1.0]), by=ac.tensor(2.0)).tolist() == [3.0]  # without a gradient it is its value


def test_fill_gives_its_value_the_gradient() -> None:
    w, x = ac.tensor(2.5, requires_grad=True), ac.tensor([1.0, 2.0, 3.0], requires_grad=True)
    filled = (x * 1).fill_(w)
    assert filled.tolist() == [2.5, 2.5, 2.5]
    assert [g.tolist() for g in ac.autograd.grad((filled * ac.tensor([1.0, 2.0, 4.0])).sum(), [w, x])] == [7.0, [0.0, 0.0, 0.0]]
    part = ac.zeros(2)
    part[0].fill_(w)
    assert part.tolist() == [2.5, 0.0]
    assert ac.autograd.grad((part * ac.tensor([3.0, 5.0])).sum(), w)[0].item() == 3.0
    graph = ac.trace(lambda v: ac.zeros(2).fill_(v[0]), ac.ones(2))
    assert graph(ac.tensor([7.0, 8.0])).tolist() == [7.0, 7.0]


def test_fill_refuses_what_is_no_single_value() -> None:
    with pytest.raises(RuntimeError, match="fill_ only supports 0-dimension value tensor"):
        ac.zeros(2).fill_(ac.ones(1))
