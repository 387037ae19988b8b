"""Channels-last values: what is written over them, what keeps their order, and what oneDNN does row by row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac

from .backends import activation, check, needs_onednn, normal

F = ac.nn.functional


@pytest.fixture(autouse=True)
def onednn() -> Iterator[None]:
    with ac.use_backend("onednn"):
        yield


# ------------------------------------------------------------------------------------------------- memory nobody needs any more
@needs_onednn
def test_a_gradient_that_somebody_holds_is_not_written_over() -> None:
    x = ac.tensor(normal(4, 8, 32, 32), requires_grad=True)
    w = ac.tensor(normal(8, 8, 3, 3))
    found = {}
    for backend in ("onednn", "numpy"):
        with ac.use_backend(backend):
            x.grad = None
            y = F.conv2d(x, w, padding=1)
            a, b = F.relu(y), F.relu(y + 1)
            total, kept = a + b, []  # the sum hands one and the same gradient to both
            a.retain_grad()
            total.register_hook(kept.append)
            F.conv2d(total, w, padding=1).square().sum().backward()
            found[backend] = [x.grad.numpy().copy(), a.grad.numpy().copy(), kept[0].numpy().copy()]
    for fast, plain in zip(*found.values(), strict=True):
        np.testing.assert_allclose(fast, plain, rtol=1e-4, atol=1e-3 * np.abs(plain).max())


@needs_onednn
def test_relu_in_place_is_seen_by_all_that_share_the_value() -> None:
    x = ac.tensor(normal(4, 8, 32, 32))
    w = ac.tensor(normal(8, 8, 3, 3), requires_grad=True)
    y = F.conv2d(x, w, padding=1)
    y.relu_()
    assert float(y.detach().min()) == 0.0
    y.sum().backward()
    z = F.conv2d(x, w, padding=1)
    shown = z.detach()
    z.relu_()
    assert float(shown.min()) == 0.0, "a view of the value shows the write"
    s = F.conv2d(x, w, padding=1)
    squared = s * s  # keeps s
    s.relu_()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        squared.sum().backward()


@needs_onednn
@pytest.mark.parametrize(
    "fn",
    [
        F.silu,
        F.mish,
        F.hardswish,
        F.elu,
        F.selu,
        F.relu6,
        F.hardtanh,
        F.hardsigmoid,
        ac.Tensor.sigmoid_,
        ac.Tensor.tanh_,
        ac.Tensor.square_,
        ac.Tensor.sinc_,
    ],
)
def test_in_place_twins_that_read_their_input_more_than_once(fn: Any) -> None:
    options = {} if fn.__name__.endswith("_") else {"inplace": True}
    check(lambda x, w: fn(F.conv2d(x, w, padding=1), **options), normal(4, 8, 32, 32), normal(8, 8, 3, 3), tolerance=1e-4)


# ------------------------------------------------------------------------------------------------- the order stays
@needs_onednn
@pytest.mark.parametrize("channels", [False, True])
def test_dropout_draws_in_the_order_that_everybody_sees(channels: bool) -> None:
    drop = F.dropout2d if channels else F.dropout
    found = []
    for backend in ("onednn", "numpy"):
        with ac.use_backend(backend):
            ac.manual_seed(0)
            y = drop(activation(), 0.5)
            found.append(y.detach().numpy() != 0)
    np.testing.assert_array_equal(*found)


@needs_onednn
def test_what_is_drawn_or_filled_like_an_activation_is_row_major() -> None:
    for make in (ac.rand_like, ac.randn_like, ac.zeros_like, ac.ones_like, ac.empty_like):
        ac.manual_seed(0)
        made = make(activation().detach())
        assert made.is_contiguous()
        ac.manual_seed(0)
        with ac.use_backend("numpy"):
            np.testing.assert_array_equal(made.numpy(), make(activation().detach()).numpy())


@needs_onednn
@pytest.mark.parametrize(
    "fn",
    [
        lambda y: ac.cat([y, y * 2, y[:, :1]], 1),
        lambda y: ac.cat([y, y[:1]], 0),
        lambda y: ac.cat([y, y], -1),
        lambda y: F.pad(y, (1, 2, 0, 3), value=2.0),
        lambda y: F.pad(y, (-1, 2, 1, -1)),
        lambda y: F.pad(y, (0, 0, 0, 0, 1, 0)),
        lambda y: F.leaky_relu(y, 0.2),
        lambda y: F.leaky_relu(y, 0.2, inplace=True),
        lambda y: F.relu(y, inplace=True) + y,
    ],
)
def test_gradients_through_what_keeps_the_order(fn: Any) -> None:
    check(
        lambda x, w: F.conv2d(fn(F.conv2d(x, w, padding=1)), ac.ones(2, fn(F.conv2d(x, w, padding=1)).shape[1], 1, 1)),
        normal(4, 3, 24, 24),
        normal(8, 3, 3, 3),
    )


# ------------------------------------------------------------------------------------------------- row by row
@needs_onednn
@pytest.mark.parametrize(
    "fn",
    [
        lambda x: F.softmax(x, -1),
        lambda x: F.log_softmax(x, 2),
        lambda x: F.softmax(x, 1),
        lambda x: F.layer_norm(x, (96,)),
        lambda x: F.layer_norm(x, (7, 96), ac.ones(7, 96) * 2, ac.ones(7, 96)),
        lambda x: F.layer_norm(x, (96,), ac.linspace(0, 1, 96), ac.linspace(1, 2, 96)),
        lambda x: F.group_norm(x.view(16, 8, 84), 4, ac.linspace(0, 1, 8)),
        lambda x: F.instance_norm(x),
        lambda x: x * ac.linspace(0, 1, 96) + ac.linspace(1, 2, 96),
        ac.sigmoid,
        lambda x: ac.tanh(x.repeat(16, 1, 1)),
    ],
)
def test_row_by_row(fn: Any) -> None:
    check(fn, normal(16, 7, 96))
    check(fn, normal(16, 7, 96) * 30, tolerance=2e-4)


@needs_onednn
def test_the_derivative_of_the_derivative_of_rows() -> None:
    for fn in (lambda x: F.softmax(x, -1), lambda x: F.layer_norm(x, (96,)), ac.sigmoid):
        check(lambda x, fn=fn: ac.autograd.grad((fn(x) ** 3).sum(), x, create_graph=True)[0], normal(8, 7, 96), tolerance=1e-3)


@needs_onednn
@pytest.mark.parametrize(
    "fn",
    [
        lambda x: F.softmax(x, -1),
        lambda x: F.log_softmax(x, -1),
        ac.sigmoid,
        lambda x: ac.tanh(x.repeat(32, 1)),
        lambda x: F.layer_norm(x, (96,)),
    ],
)
def test_infinities_and_what_is_not_a_number(fn: Any) -> None:
    x = normal(96, 96)
    x[0, 1], x[1, 2], x[2, 3], x[3] = np.nan, np.inf, -np.inf, -np.inf
    with ac.use_backend("numpy"):
        plain = fn(ac.tensor(x)).numpy()
    np.testing.assert_allclose(fn(ac.tensor(x)).numpy(), plain, rtol=1e-4, atol=1e-5)
