"""Each function whose result is a view in PyTorch, and each whose result never is: written through one, seen in the other, in both
directions, with gradients; on row-major values, on turned ones, and on what a convolution left with its channels last."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import autograd_cnn as ac  # noqa: E402
from autograd_cnn.kernels.onednn import library  # noqa: E402
from autograd_cnn.kernels.onednn.channels_last import ChannelsLast  # noqa: E402

SHAPE = (2, 4, 6, 6)
VIEWS: dict[str, Callable[[Any, Any], Any]] = {
    "x[1]": lambda t, x: x[1],
    "x[-1, 2]": lambda t, x: x[-1, 2],
    "x[..., 0]": lambda t, x: x[..., 0],
    "x[:, 1:3]": lambda t, x: x[:, 1:3],
    "x[:, ::2, 1:, ::3]": lambda t, x: x[:, ::2, 1:, ::3],
    "x[None]": lambda t, x: x[None],
    "x[1, 2, 3, 4]": lambda t, x: x[1, 2, 3, 4],
    "x[tensor(1)]": lambda t, x: x[t.tensor(1)],
    "x[:, tensor(2), ..., tensor(-1)]": lambda t, x: x[:, t.tensor(2), ..., t.tensor(-1)],
    "x[np.array(1)]": lambda t, x: x[np.array(1)],
    "x[np.int64(1)]": lambda t, x: x[np.int64(1)],
    "diagonal": lambda t, x: x.diagonal(0, 2, 3),
    "diagonal above": lambda t, x: t.diagonal(x, 1, 1, 3),
    "expand": lambda t, x: x.expand(2, -1, 6, 6),
    "expand_as": lambda t, x: x.expand_as(x),
    "broadcast_to": lambda t, x: t.broadcast_to(x, SHAPE),
    "movedim": lambda t, x: x.movedim(1, -1),
    "moveaxis": lambda t, x: t.moveaxis(x, 0, 2),
    "narrow": lambda t, x: x.narrow(1, 1, 2),
    "permute": lambda t, x: x.permute(0, 2, 3, 1),
    "select": lambda t, x: x.select(1, 2),
    "squeeze": lambda t, x: x[:, :1].squeeze(1),
    "transpose": lambda t, x: x.transpose(1, 2),
    "swapaxes": lambda t, x: x.swapaxes(0, 3),
    "swapdims": lambda t, x: x.swapdims(-1, -2),
    "t": lambda t, x: x[0, 0].t(),
    "T": lambda t, x: x[0, 0].T,
    "mT": lambda t, x: x.mT,
    "mH": lambda t, x: x.mH,
    "H": lambda t, x: x[0, 0].H,
    "adjoint": lambda t, x: x.adjoint(),
    "real": lambda t, x: x.real,
    "unbind": lambda t, x: x.unbind(1)[2],
    "unfold": lambda t, x: x.unfold(2, 3, 3),
    "unsqueeze": lambda t, x: x.unsqueeze(2),
    "view": lambda t, x: x[..., None].view(*x.shape, 1),
    "view_as": lambda t, x: x.view_as(x),
    "unflatten": lambda t, x: x.unflatten(1, (2, 2)),
    "split": lambda t, x: x.split(2, 1)[1],
    "split_with_sizes": lambda t, x: x.split([1, 3], 1)[1],
    "chunk": lambda t, x: x.chunk(2, 1)[0],
    "chunk of rows": lambda t, x: x.chunk(2)[1],
    "tensor_split": lambda t, x: x.tensor_split(3, 1)[0],
    "tensor_split at": lambda t, x: t.tensor_split(x, (1, 3), 1)[1],
    "hsplit": lambda t, x: x.hsplit(2)[1],
    "vsplit": lambda t, x: x.vsplit(2)[1],
    "dsplit": lambda t, x: x.dsplit(2)[0],
    "contiguous": lambda t, x: x.contiguous(),
    "reshape": lambda t, x: x.reshape(2, 4, 36),
    "flatten": lambda t, x: x.flatten(1),
    "flatten of one": lambda t, x: x.flatten(2, 2),
    "ravel": lambda t, x: x.ravel(),
    "to": lambda t, x: x.to(x.dtype),
    "type": lambda t, x: x.type(x.dtype),
    "type_as": lambda t, x: x.type_as(x),
    "cpu": lambda t, x: x.cpu(),
    "dropout that is off": lambda t, x: t.nn.functional.dropout(x, training=False),
    "atleast_1d": lambda t, x: t.atleast_1d(x),
    "a view of views": lambda t, x: x.permute(0, 2, 3, 1)[1].unsqueeze(0)[:, 1:, :, 2:],
    "a view of a piece": lambda t, x: x.chunk(2, 1)[1].transpose(1, 3)[:, 2],
}
SEVERAL = ("unbind", "split", "split_with_sizes", "chunk", "chunk of rows", "a view of a piece")  # torch refuses to follow writes to these
COPIES: dict[str, Callable[[Any, Any], Any]] = {
    "diag": lambda t, x: x[0, 0].diag(),
    "diag of a vector": lambda t, x: x[0, 0, 0].diag(),
    "list": lambda t, x: x[:, [0, 1]],
    "mask": lambda t, x: x[x > -9],
    "mask of one": lambda t, x: x[t.tensor(True)],
    "bytes": lambda t, x: x[:, [1]],
    "clone": lambda t, x: x.clone(),
    "repeat": lambda t, x: x.repeat(1, 1, 1, 1),
    "tile": lambda t, x: x.tile(1),
    "repeat_interleave": lambda t, x: x.repeat_interleave(1, 1),
    "roll": lambda t, x: x.roll(0, 1),
    "flip": lambda t, x: x.flip(1),
    "flip of none": lambda t, x: x.flip(()),
    "rot90": lambda t, x: x.rot90(4, (2, 3)),
    "tril": lambda t, x: x.tril(9),
    "triu": lambda t, x: x.triu(-9),
    "take": lambda t, x: x.take(t.tensor([0, 3])),
    "gather": lambda t, x: x.gather(0, t.zeros(2, 4, 6, 6, dtype=t.int64)),
    "index_select": lambda t, x: x.index_select(1, t.tensor([0, 1, 2, 3])),
    "masked_select": lambda t, x: x.masked_select(x > -9),
    "cat": lambda t, x: t.cat([x]),
    "stack": lambda t, x: t.stack([x]),
    "cat of two": lambda t, x: t.cat([x, x], 1),
    "pad": lambda t, x: t.nn.functional.pad(x, (0, 0, 0, 0, 0, 1)),
    "crop": lambda t, x: t.nn.functional.pad(x, (-1, 0, 0, 0)),
    "to copy": lambda t, x: x.to(x.dtype, copy=True),
    "where": lambda t, x: t.where(x > -9, x, x),
    "relu": lambda t, x: x.relu(),
    "clamp": lambda t, x: x.clamp(-9, 9),
    "abs": lambda t, x: x.abs(),
    "positive exponent": lambda t, x: x**1,
    "times one": lambda t, x: x * 1,
    "max over one": lambda t, x: x[:, :1].max(1).values,
    "amax over one": lambda t, x: x[:, :1].amax(1),
    "sum over one": lambda t, x: x[:, :1].sum(1),
    "mean over one": lambda t, x: x[:, :1].mean(1, keepdim=True),
    "pool of one": lambda t, x: t.nn.functional.max_pool2d(x, 1),
    "average of one": lambda t, x: t.nn.functional.avg_pool2d(x, 1),
    "adaptive": lambda t, x: t.nn.functional.adaptive_avg_pool2d(x, 6),
    "nearest": lambda t, x: t.nn.functional.interpolate(x, scale_factor=1),
    "pixel_shuffle": lambda t, x: t.nn.functional.pixel_shuffle(x, 1),
    "reshape of turned": lambda t, x: x.permute(0, 2, 3, 1).reshape(2, -1),
    "flatten of turned": lambda t, x: x.transpose(1, 2).flatten(),
    "contiguous of turned": lambda t, x: x.permute(0, 2, 3, 1).contiguous(),
    "ravel of a column": lambda t, x: x[0, 0, :, 1].ravel(),
    "sort": lambda t, x: x.sort(1).values,
    "cumsum over one": lambda t, x: x[:, :1].cumsum(1),
    "deepcopy of data": lambda t, x: x.detach().clone(),
}
KINDS = ("row-major", "turned", "channels last")


def _number(shape: tuple[int, ...], seed: int) -> Any:
    return np.random.default_rng(seed).uniform(-1, 1, shape)


def _base(t: Any, kind: str) -> tuple[Any, Any]:
    """A leaf and a value computed from it, alike on both sides; of ours the last kind is what oneDNN leaves."""
    if kind == "channels last":
        x = t.tensor(_number((2, 3, 6, 6), 0), dtype=t.float32, requires_grad=True)
        h = t.nn.functional.conv2d(x, t.tensor(_number((4, 3, 3, 3), 1), dtype=t.float32), padding=1)
        return x, h
    x = t.tensor(_number(SHAPE if kind == "row-major" else (4, 2, 6, 6), 0), dtype=t.float64, requires_grad=True)
    h = x * 2
    return x, h if kind == "row-major" else h.transpose(0, 1)


def _seen(x: Any) -> Any:
    return np.array(x.detach().numpy(), np.float64)


def _both(program: Callable[[Any], list[Any]], kind: str) -> None:
    with ac.use_backend("onednn" if kind == "channels last" else "numpy"):
        got = program(ac)
    want = program(torch)
    for i, (a, b) in enumerate(zip(got, want, strict=True)):
        tolerance = 2e-6 if kind == "channels last" else 1e-12
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance * max(1.0, np.abs(b).max()), err_msg=f"number {i}")


def _weighted(t: Any, y: Any) -> Any:
    """Something of y whose gradient depends on what y is now."""
    return (y * y * t.tensor(_number(tuple(y.shape), 3), dtype=y.dtype)).sum()


def needs(kind: str) -> None:
    if kind == "channels last" and library.library() is None:
        pytest.skip(library.reason())


def test_the_last_kind_is_what_it_says() -> None:
    needs("channels last")
    with ac.use_backend("onednn"):
        assert type(_base(ac, "channels last")[1].value) is ChannelsLast


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", VIEWS)
def test_memory_is_shared(name: str, kind: str) -> None:
    needs(kind)
    if kind == "turned" and name in ("contiguous", "flatten", "reshape", "ravel"):
        return  # copies, there

    def program(t: Any) -> list[Any]:
        with t.no_grad():
            h = _base(t, kind)[1]
            v = VIEWS[name](t, h)
            v.mul_(3)
            seen = [_seen(h), _seen(v)]
            h.add_(1)
            seen += [_seen(h), _seen(v)]
            assert v._version == h._version
            v.detach()[...] = 7
            h.data.neg_()
        return [*seen, _seen(h), _seen(v), v._version]

    _both(program, kind)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", [n for n in VIEWS if n not in SEVERAL])
def test_gradients_follow(name: str, kind: str) -> None:
    needs(kind)

    def through_the_base(t: Any) -> list[Any]:
        x, h = _base(t, kind)
        v = VIEWS[name](t, h)
        v.mul_(3)
        _weighted(t, h).backward()
        return [x.grad.numpy()]

    def through_the_view(t: Any) -> list[Any]:
        x, h = _base(t, kind)
        v = VIEWS[name](t, h)
        h.mul_(2)
        h[:, 1:3].add_(h.detach()[:, :2].clone())
        _weighted(t, v).backward()
        return [x.grad.numpy()]

    def back_and_forth(t: Any) -> list[Any]:
        x, h = _base(t, kind)
        v = VIEWS[name](t, h)
        u = v[..., 0] if v.ndim else v[None]
        u.mul_(x.sum())
        h.mul_(2)
        v.sub_(x.mean())
        (_weighted(t, v) + _weighted(t, h) + _weighted(t, u)).backward()
        return [x.grad.numpy(), _seen(h), _seen(v), _seen(u)]

    for program in (through_the_base, through_the_view, back_and_forth):
        _both(program, kind)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", COPIES)
def test_memory_is_not_shared(name: str, kind: str) -> None:
    needs(kind)

    def program(t: Any) -> list[Any]:
        h = _base(t, kind)[1]
        with t.no_grad():
            y = COPIES[name](t, h)
            y.mul_(3)
            seen = [_seen(h), _seen(y)]
            h.zero_()
            seen += [_seen(h), _seen(y)]
        return seen

    _both(program, kind)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", SEVERAL)
def test_writes_to_one_of_several_views(name: str, kind: str) -> None:
    """PyTorch refuses; here they are differentiated, as slices are."""
    needs(kind)
    with ac.use_backend("onednn" if kind == "channels last" else "numpy"):

        def value(x: Any, h: Any) -> Any:
            v = VIEWS[name](ac, h)
            v.mul_(3)
            h.mul_(1.5)
            v.add_(0.5)
            return _weighted(ac, h) + _weighted(ac, v)

        x, h = _base(ac, kind)
        value(x, h).backward()
        way = _number(tuple(x.shape), 5).astype(x.value.dtype)
        sides = []
        for sign in (1, -1):
            with ac.no_grad():
                x, h = _base(ac, kind)
                eps = 1e-2 if kind == "channels last" else 1e-4  # everything is of second degree: central differences are exact
                moved = x.detach() + ac.tensor(way) * (sign * eps)
                if kind == "channels last":
                    h = ac.nn.functional.conv2d(moved, ac.tensor(_number((4, 3, 3, 3), 1), dtype=ac.float32), padding=1)
                else:
                    h = moved * 2 if kind == "row-major" else (moved * 2).transpose(0, 1)
                sides.append(value(moved, h).item())
        x, h = _base(ac, kind)
        value(x, h).backward()
        slope = float((x.grad.numpy() * way).sum())
        assert (sides[0] - sides[1]) / (2 * eps) == pytest.approx(slope, rel=2e-3 if kind == "channels last" else 1e-6)


def test_pieces_follow_each_other() -> None:
    """All pieces of a value, written to in turn: as if sliced from it."""
    grads = []
    for cut in (lambda h: h.unbind(0), lambda h: [h[i] for i in range(3)]):
        x = ac.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], dtype=ac.float64, requires_grad=True)
        h = x * x
        a, b, c = cut(h)
        a.mul_(b)
        c.copy_(a)
        h[1] = c * 2
        (a * b + c).sum().backward()
        grads.append((x.grad.tolist(), h.tolist()))
    assert grads[0] == grads[1]


def test_data_and_detach() -> None:
    def program(t: Any) -> list[Any]:
        x = t.ones(3, requires_grad=True)
        y = x * 1
        z = (y * y).sum()
        y.data.mul_(1)
        y.data[0].mul_(1)
        versions = [y._version, y.data._version]
        z.backward()
        d = y.detach()
        d.mul_(2)
        e = y.data
        e.mul_(2)
        e[0].mul_(2)
        return [x.grad.numpy(), _seen(y), *versions, y._version, d._version, e._version, y.data._version]

    _both(program, "row-major")
    y = ac.ones(3, requires_grad=True) * 1
    z = (y * y).sum()
    y.detach().mul_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        z.backward()


def test_assigned_data_leaves_the_views_where_they_are() -> None:
    def program(t: Any) -> list[Any]:
        x = t.ones(3, requires_grad=True)
        h = x * 2
        v, u = h[:2], h[1:]
        h.data = t.tensor([5.0, 6.0, 7.0])
        h.mul_(3)
        return [_seen(h), _seen(v), _seen(u)]

    _both(program, "row-major")
    x = ac.ones(3, requires_grad=True)
    h = x * 2
    v, u = h[:2], h[1:]
    h.data = ac.tensor([5.0, 6.0, 7.0])
    h.mul_(3)  # of the new memory alone
    v.mul_(10)  # the old memory's views still see each other
    assert u.tolist() == [20.0, 2.0]
    u.sum().backward(retain_graph=True)
    assert x.grad.tolist() == [0.0, 20.0, 2.0]
    other = ac.tensor([1.0, 1.0, 1.0])
    h = ac.zeros(3)
    h.data = other
    other.add_(1)
    assert (h.tolist(), h._version) == ([2.0, 2.0, 2.0], 0)


def test_numpy_and_dlpack_share() -> None:
    def program(t: Any) -> list[Any]:
        a = np.arange(6.0).reshape(2, 3)
        x = t.from_numpy(a)
        a[0] = 9
        x[1] = 4
        n = x.numpy()
        n[:, 0] += 1
        y = t.from_dlpack(x)
        y[0, 1] = -1
        z = t.as_tensor(a)
        z[1, 2] = 8
        return [a, _seen(x), n, _seen(y), t.as_tensor(a, dtype=t.float32).add_(1).numpy(), a]

    _both(program, "row-major")


@pytest.mark.parametrize("kind", KINDS)
def test_views_under_no_grad(kind: str) -> None:
    """A view made or written to while nothing records shows the values, and takes the gradients of its base."""
    needs(kind)

    def written(t: Any) -> list[Any]:
        x, h = _base(t, kind)
        v = h[:, 1:3]
        with t.no_grad():
            v.mul_(3)
        _weighted(t, h[:, :2] + v).backward()
        return [x.grad.numpy(), _seen(h)]

    def leaf(t: Any) -> list[Any]:
        w = t.ones(2, 3, requires_grad=True)
        with t.no_grad():
            w[0].mul_(4)
            w.t()[1].add_(1)
            w.data.view(-1)[5] = 7
        (w * w).sum().backward()
        return [_seen(w), w.grad.numpy()]

    for program in (written, leaf):
        _both(program, kind)
    x = ac.ones(3, requires_grad=True)
    h = x * 2
    with ac.no_grad():
        v = h[:2]
    v.mul_(3)  # PyTorch refuses; here it is a write to a part of h
    h.sum().backward()
    assert x.grad.tolist() == [6.0, 6.0, 2.0]


def test_a_view_from_before_its_base_became_a_leaf() -> None:
    w = ac.zeros(3)
    v = w[:2]
    w.requires_grad_()
    with pytest.raises(RuntimeError, match="view of a leaf"):
        v.fill_(2)
    assert w.is_leaf
    assert w.tolist() == [0.0] * 3
