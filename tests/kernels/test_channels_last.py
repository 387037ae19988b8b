"""Values with their channels last: as NumPy's arrays whatever is done with them, and what works on their memory as it lies."""

from __future__ import annotations

import copy
import pickle
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn.kernels.memory import allocator
from autograd_cnn.kernels.onednn import channels_last, channels_last_ops, plain
from autograd_cnn.kernels.onednn.channels_last import ChannelsLast, as_channels_last, channels_innermost, empty_last, is_last, plain_view
from autograd_cnn.kernels.onednn.channels_last_ops import cat, channel_gradients, channel_moments, channel_sums, pad, part, spread_average
from tests.kernels.backends import F, activation, needs_onednn, normal

SHAPES = [(2, 3, 7), (3, 5, 4, 6), (2, 3, 4, 5, 2), (1, 1, 3, 3), (4, 6, 1, 1)]
DTYPES = [np.float32, np.float64, np.float16, np.bool_]


def as_last(x: np.ndarray) -> ChannelsLast:
    """Of any dtype, by NumPy."""
    return as_channels_last(np.moveaxis(np.moveaxis(x, 1, -1).copy(), -1, 1))


def same(found: Any, wanted: np.ndarray, last: bool = True) -> None:
    assert (found.__class__ is ChannelsLast) is last
    assert found.dtype == wanted.dtype
    np.testing.assert_array_equal(np.array(plain.to_plain(found)), wanted)
    if last:
        assert found.strides == as_last(wanted).strides
        assert found.address in (0, found.__array_interface__["data"][0])


# ------------------------------------------------------------------------------------------------- arrays
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_memory(shape: tuple[int, ...], dtype: Any) -> None:
    x = empty_last(shape, np.dtype(dtype))
    assert (x.shape, x.dtype, x.own) == (shape, dtype, True)
    assert np.moveaxis(x.view(np.ndarray), 1, -1).flags.c_contiguous
    assert x.address == x.__array_interface__["data"][0] == channels_last.address(x)
    assert x.address % 64 == 0
    assert channels_innermost(x).flags.c_contiguous
    assert channels_innermost(x).shape == (shape[0], *shape[2:], shape[1])
    assert empty_last(shape).dtype == np.float32
    assert x.base.nbytes <= x.nbytes + 64, "no more memory than it takes, to a cache line"


def test_which_arrays_lie_so() -> None:
    for shape in SHAPES[:3]:
        assert is_last(as_last(normal(*shape)).view(np.ndarray))
        assert is_last(as_last(normal(*shape).astype(np.float64)).view(np.ndarray))
    assert not is_last(normal(2, 3, 4))
    assert not is_last(normal(3, 4))
    assert not is_last(normal(3))
    assert not is_last(np.moveaxis(normal(2, 2, 2, 2, 2, 3), -1, 1)), "six dims"
    assert not is_last(np.zeros((0, 3, 4), np.float32))
    assert not is_last(np.moveaxis(normal(2, 4, 3), -1, 1)[:, :2])
    wide = np.moveaxis(normal(2, 4, 3), -1, 1)
    assert is_last(wide)
    assert not is_last(wide[:, :, ::2])


@pytest.mark.parametrize("shape", SHAPES[:3])
def test_numpy_computes_with_them(shape: tuple[int, ...]) -> None:
    a, b = normal(*shape), normal(*shape)[::-1].copy()
    x = as_last(a)
    same(x + as_last(b), a + b)
    same(x > 0, a > 0)
    same(np.exp(x), np.exp(a))
    same(x * 2, a * 2)
    same(np.add.reduce(x, axis=1), np.add.reduce(a, axis=1), last=False)
    same(np.add.accumulate(x, axis=2), np.add.accumulate(a, axis=2), last=False)
    out = as_last(np.zeros_like(a))
    assert np.multiply(x, 3, out=out) is out
    same(out, a * 3)
    rows = np.zeros_like(a)
    assert np.multiply(x, 3, out=rows) is rows
    same(rows, a * 3, last=False)
    outs = as_last(np.zeros_like(a)), as_last(np.zeros_like(a))
    found = np.modf(x, out=outs)
    assert found[0] is outs[0]
    assert found[1] is outs[1]
    for y, z in zip(outs, np.modf(a), strict=True):
        same(y, z)
    same(np.concatenate([x, x], 1), np.concatenate([a, a], 1), last=False)
    same(np.concatenate((x, x), 1), np.concatenate([a, a], 1), last=False)
    same(np.where(x > 0, x, 0), np.where(a > 0, a, 0).astype(np.float32), last=False)
    assert isinstance(np.modf(x), tuple)


@pytest.mark.parametrize(
    "name",
    [
        "all",
        "any",
        "argmax",
        "argmin",
        "copy",
        "diagonal",
        "flatten",
        "max",
        "mean",
        "min",
        "ravel",
        "squeeze",
        "sum",
        "tobytes",
        "tolist",
        "transpose",
    ],
)
def test_methods_are_the_arrays(name: str) -> None:
    a = normal(3, 4, 5)
    x = as_last(a)
    found, wanted = getattr(x, name)(), getattr(a, name)()
    assert not isinstance(found, ChannelsLast)
    np.testing.assert_allclose(found, wanted, rtol=1e-6) if name != "tobytes" else None
    assert found == wanted if isinstance(wanted, bytes | list) else True
    assert getattr(ChannelsLast, name).__name__ == name


def test_methods_with_arguments_are_the_arrays() -> None:
    a = normal(3, 4, 5)
    x = as_last(a)
    for name, args in (
        ("astype", (np.float64,)),
        ("dot", (np.arange(5) == 2,)),
        ("repeat", (2, 1)),
        ("reshape", (6, 10)),
        ("swapaxes", (0, 2)),
        ("take", ([1, 0], 1)),
        ("__getitem__", ((0, slice(1, 3)),)),
    ):
        same(getattr(x, name)(*args), getattr(a, name)(*args), last=False)
    same(x.T, a.T, last=False)
    assert x.item(7) == a.item(7)


def test_copies_have_memory_of_their_own() -> None:
    a = normal(2, 3, 4)
    for x in (as_last(a), empty_last((2, 3, 4))):
        np.copyto(plain_view(x), a)
        for y in (copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
            same(y, a, last=False)
            assert y.flags.c_contiguous
            assert not np.shares_memory(y, plain_view(x))
        shown = plain.to_storage(x)
        same(copy.deepcopy(x), a, last=False)
        assert not np.shares_memory(copy.deepcopy(x), shown)
        assert channels_last.in_rows(x) is shown


def test_what_is_stored_is_the_value_from_then_on() -> None:
    a = normal(2, 3, 40, 40)
    x = empty_last(a.shape)
    np.copyto(plain_view(x), a)
    assert x.own
    assert allocator.is_whole(x)
    assert not np.shares_memory(x.base, a)
    shown = plain.to_storage(x)
    assert plain.to_storage(x) is shown is x.base is plain.to_plain(x) is x.stored
    assert not x.own
    assert not allocator.is_whole(x)
    assert shown.flags.c_contiguous
    assert allocator.is_whole(shown)
    np.testing.assert_array_equal(shown, a)
    for view in (
        as_last(normal(2, 1, 5)),
        as_channels_last(normal(2, 1, 50)[:1]),
    ):  # both orders are one: the plain array is a view of the value
        assert not view.own
        assert np.shares_memory(plain.to_plain(view), plain_view(view))
        assert not np.shares_memory(plain.to_storage(view), plain_view(view))
    same(plain.to_plain(as_last(a.astype(np.float64))), a.astype(np.float64), last=False)
    assert plain.to_plain(a) is a
    assert plain.to_plain(3) == 3


def test_addresses() -> None:
    a = normal(3, 4, 5)
    at = a.__array_interface__["data"][0]
    assert channels_last.address(a) == at
    assert channels_last.address(a[1:]) == at + 80
    assert channels_last.address(a[:, :, ::2]) == at
    x = as_last(a)
    assert channels_last.address(x) == x.__array_interface__["data"][0]
    view = empty_last((2, 3, 4)).view(np.ndarray)[:1].view(ChannelsLast)  # not claimed: it does not know
    assert view.address == 0
    assert channels_last.address(view) == view.__array_interface__["data"][0]
    a.flags.writeable = False
    assert channels_last.address(a) == at


# ------------------------------------------------------------------------------------------------- kernels on the memory as it lies
@pytest.mark.parametrize("shape", [*SHAPES, (9, 2, 50, 40), (2, 700, 3), (1, 70_000, 1)])
def test_sums_of_channels(shape: tuple[int, ...]) -> None:
    g, x = normal(*shape), normal(*shape)[::-1].copy()
    axes = (0, *range(2, len(shape)))
    wide, other = g.astype(float), x.astype(float)
    np.testing.assert_allclose(channel_sums(as_last(g)), wide.sum(axes), rtol=1e-5, atol=1e-5 * abs(wide).sum(axes).max())
    for far in (0.0, 100.0):  # beside a deviation of 1: products of what is far from 0 cancel
        x = (x + np.float32(far)).astype(np.float32)
        other = x.astype(float)
        mean, inv = other.mean(axes).astype(np.float32), np.linspace(0.5, 2, shape[1]).astype(np.float32)
        centred = other - mean.astype(float).reshape(-1, *(1,) * (len(shape) - 2))
        gweight, gbias = channel_gradients(as_last(g), as_last(x), mean, inv)
        assert gweight.dtype == gbias.dtype == np.float32
        np.testing.assert_allclose(gbias, wide.sum(axes), rtol=1e-5, atol=1e-6 * abs(wide).sum(axes).max())
        np.testing.assert_allclose(
            gweight, (wide * centred).sum(axes) * inv, rtol=1e-5, atol=2e-6 * abs(wide * centred).sum(axes).max() * 2
        )
        found, var = channel_moments(as_last(x))
        np.testing.assert_allclose(found, other.mean(axes), rtol=1e-6, atol=1e-6)
        np.testing.assert_allclose(var, other.var(axes), rtol=1e-5, atol=1e-9)


def test_gradients_of_channels_far_from_zero_are_exact() -> None:
    """Σ g · (x − mean), where Σ g · x − mean · Σ g would have no digit left."""
    rng = np.random.default_rng(0)
    g = rng.standard_normal((8, 2, 30, 30)).astype(np.float32) + 3
    x = (1e4 + 0.1 * rng.standard_normal(g.shape)).astype(np.float32)
    wide = x.astype(float)
    mean = wide.mean((0, 2, 3)).astype(np.float32)
    inv = (1 / wide.std((0, 2, 3))).astype(np.float32)
    right = (g.astype(float) * (wide - mean.astype(float)[:, None, None])).sum((0, 2, 3)) * inv
    gweight, gbias = channel_gradients(as_last(g), as_last(x), mean, inv)
    np.testing.assert_allclose(gweight, right, rtol=1e-5, atol=1e-2)
    np.testing.assert_allclose(gbias, g.astype(float).sum((0, 2, 3)), rtol=1e-6)


def test_large_sums_are_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    x = as_last(normal(6, 3, 20, 20))
    shared: list[int] = []

    def share(work: Any, items: Any) -> None:
        shared.append(len(items))
        work(items[: len(items) // 2])
        work(items[len(items) // 2 :])

    monkeypatch.setattr(channels_last_ops, "share", share)
    found = []
    for least, calls in ((x.nbytes, 1), (x.nbytes + 1, 0)):
        monkeypatch.setattr(channels_last_ops, "_SHARED_BYTES", least)
        shared.clear()
        found.append(channel_moments(x))
        assert len(shared) == calls
    np.testing.assert_allclose(found[0], found[1], rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(found[0][1], np.var(plain_view(x).astype(float), (0, 2, 3)), rtol=1e-5)


@pytest.mark.parametrize("kernel", [(3,), (2, 3), (3, 1), (2, 3, 4)])
def test_an_average_spread(kernel: tuple[int, ...]) -> None:
    shape = (2, 3, 4, 3, 2)[: 2 + len(kernel)]
    g = normal(*shape)
    wanted = g.astype(float)
    for d, k in enumerate(kernel):
        wanted = np.repeat(wanted, k, 2 + d)
    found = spread_average(as_last(g), kernel)
    np.testing.assert_allclose(plain_view(found), wanted / np.prod(kernel), rtol=1e-6)
    assert found.__class__ is ChannelsLast


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES[:3])
def test_parts(shape: tuple[int, ...], dtype: Any) -> None:
    a = normal(*shape).astype(dtype)
    for dim, n in enumerate(shape):
        for at, length in ((0, n), (0, 1), (n - 1, 1), (1, n - 1)):
            found = part(as_last(a), (*(slice(None),) * dim, slice(at, at + length), Ellipsis))
            if not length:  # nothing to take
                assert found is NotImplemented
                continue
            same(found, np.take(a, range(at, at + length), dim))
            assert found.own


@pytest.mark.parametrize("shape", SHAPES[:3])
def test_joined(shape: tuple[int, ...]) -> None:
    for dim in range(len(shape)):
        other = list(shape)
        other[dim] += 2
        a, b, c = normal(*shape), normal(*other), normal(*shape)
        for tensors in ((as_last(a), b, c), (a, as_last(b), as_last(c)), (a, b, as_last(c))):
            same(cat(*tensors, dim=dim), np.concatenate([a, b, c], dim))
    a = normal(2, 3, 4, 5)
    assert cat(a, a, dim=1) is NotImplemented, "nothing lies so"
    same(cat(as_last(a), dim=1), a)  # of one alone
    for wrong in (a.astype(np.float64), as_last(a.astype(np.float64)), as_last(a.astype(np.float16)), 1.0):
        assert cat(as_last(a), wrong, dim=1) is NotImplemented
        assert cat(wrong, as_last(a), dim=1) is NotImplemented
    for wrong in (a[:1], a[:, :, :3], a[..., :4], a[0], a[None]):
        assert cat(as_last(a), wrong, dim=1) is NotImplemented
        assert cat(wrong, as_last(a), dim=1) is NotImplemented
    for y in (a[:, :1], a[:, :0]):
        same(cat(as_last(a), y, dim=1), np.concatenate([a, y], 1))


WIDTHS = [
    ((0, 0), (0, 0), (1, 2), (3, 0)),
    ((1, 0), (2, 1), (0, 3), (1, 1)),
    ((0, 0), (-1, 0), (0, -2), (1, -1)),
    ((0, 0), (0, 0), (-2, 4), (5, -3)),
    ((-1, 0), (1, -2), (0, 0), (0, 0)),
    ((0, 0), (0, 0), (-3, 0), (0, -4)),
]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("widths", WIDTHS)
def test_padded(widths: Any, dtype: Any) -> None:
    a = normal(2, 3, 4, 5).astype(dtype)
    wanted = np.pad(a, [(max(v, 0), max(w, 0)) for v, w in widths], constant_values=dtype(True))
    wanted = wanted[tuple(slice(max(-v, 0), n - max(-w, 0)) for n, (v, w) in zip(wanted.shape, widths, strict=True))]
    found = pad(as_last(a), widths, True)
    same(found, wanted)
    assert found.own


def test_what_padding_leaves_nothing_of_is_the_references() -> None:
    x = as_last(normal(2, 3, 4, 5))
    none = (0, 0)
    for widths in (
        (none, none, (-4, 0), none),
        (none, none, (0, -4), none),
        (none, none, (-4, 4), none),
        (none, none, (3, -4), none),
        (none, none, (-2, -2), none),
        (none, none, (-5, 9), none),
        (none, none, (2, -5), none),
    ):
        assert pad(x, widths, 0.0) is NotImplemented
    for widths in ((none, none, (-3, 0), none), (none, none, (0, -3), none)):
        assert pad(x, widths, 0.0).shape == (2, 3, 1, 5)
    assert pad(plain_view(x), ((0, 0),) * 4, 0.0) is NotImplemented


# ------------------------------------------------------------------------------------------------- reference kernels
def run_reference(forward: Any, *values: Any, view: bool = False, entrywise: bool = False, **params: Any) -> tuple[Any, list[Any]]:
    """What `plain.run_reference` makes of a primitive with this kernel, and what the kernel was handed."""
    handed: list[Any] = []

    def recording(*given: Any, **options: Any) -> Any:
        handed.extend(given)
        assert options == params
        return forward(*given, **options)

    return plain.run_reference(SimpleNamespace(view=view, entrywise=entrywise, forward=recording), values, params), handed


def test_a_kernel_of_views_gets_rows() -> None:
    a = normal(2, 3, 4)
    found, (given,) = run_reference(lambda x, n: x.reshape(2, n), as_last(a), view=True, entrywise=True, n=12)
    same(given, a, last=False)
    assert given.flags.c_contiguous
    same(found, a.reshape(2, 12), last=False)


def test_an_entrywise_kernel_gets_the_memory_as_it_lies() -> None:
    a, b = normal(2, 3, 4, 5), normal(2, 3, 4, 5)[::-1].copy()
    for values in (
        (as_last(a), as_last(b)),
        (as_last(a), 2.0),
        (3, as_last(a)),
        (as_last(a), np.float32(2)),
        (as_last(a), np.array(2, np.float32)),
    ):
        found, given = run_reference(np.add, *values, entrywise=True)
        assert all(v.flags.c_contiguous for v in given if getattr(v, "ndim", 0))
        assert {v.shape for v in given if getattr(v, "ndim", 0)} == {(2, 4, 5, 3)}
        same(found, np.add(*(np.array(v) if v.__class__ is ChannelsLast else v for v in values)))
    three = normal(2, 3, 4)
    same(run_reference(np.exp, as_last(three), entrywise=True)[0], np.exp(three))
    for values in (
        (as_last(a), a),
        (a, as_last(a)),
        (as_last(a), normal(3, 1, 1)),
        (as_last(a), as_last(normal(1, 3, 1, 1))),
        (as_last(a), normal(5)),
    ):
        found, given = run_reference(np.add, *values, entrywise=True)
        assert {v.shape for v in given} == {v.shape for v in values}, "they do not lie alike"
        np.testing.assert_array_equal(plain.to_plain(found), np.add(*map(np.array, values)))
    found, given = run_reference(np.add, as_last(a), as_last(b))
    assert given[0].shape == a.shape, "a kernel that is not entrywise sees the shape"
    same(found, a + b)
    turned, _ = run_reference(lambda x: np.asfortranarray(np.exp(x)), as_last(a), entrywise=True)
    same(turned, np.exp(a))
    assert run_reference(lambda x: (x, 1), as_last(a), entrywise=True)[0][1] == 1


def test_what_a_kernel_gives_goes_on_in_its_order() -> None:
    a = normal(2, 3, 4, 5)
    x = as_last(a)
    assert run_reference(lambda v: v, x)[0] is x
    rows = normal(2, 3)
    assert run_reference(lambda v, w: w, x, rows)[0] is rows
    assert run_reference(lambda v, w: v, x, rows)[0] is x
    same(run_reference(np.exp, x)[0], np.exp(a))
    same(run_reference(lambda v: v.sum(1), x)[0], np.moveaxis(a, 1, -1).copy().sum(-1), last=False)
    part_, _ = run_reference(lambda v: v[:1], x)
    same(part_, a[:1], last=False)  # a view of a value is none
    assert part_.flags.c_contiguous
    assert not np.shares_memory(part_, plain_view(x))
    turned, _ = run_reference(lambda v: np.asfortranarray(v), x)
    same(turned, a, last=False)
    assert turned.flags.c_contiguous
    found, _ = run_reference(lambda v: (np.exp(v), v, v[:, :1], 7), x)
    same(found[0], np.exp(a))
    assert found[1] is x
    same(found[2], a[:, :1], last=False)
    assert found[3] == 7
    assert type(found) is tuple
    whole = np.exp(a)
    assert run_reference(lambda v: whole, x)[0] is whole


# ------------------------------------------------------------------------------------------------- tensors
@needs_onednn
@pytest.mark.parametrize("kind", [lambda y: y.double(), lambda y: y.half(), lambda y: y > 0, lambda y: y])
def test_an_activation_of_another_dtype_keeps_it(kind: Any) -> None:
    """Comparisons and casts keep the order, too: no kernel may take their entries for float32."""
    found = []
    for backend in ("onednn", "numpy"):
        with ac.use_backend(backend), ac.no_grad():
            y = kind(activation())
            found.append([F.pad(y, (1, 2)), F.pad(y, (-1, 1, 0, 2)), ac.cat([y, y], 1), y[:, 1:], y.clone(), y.flip(1), y.chunk(2, 1)[1]])
    for fast, plain_ in zip(*found, strict=True):
        assert fast.dtype == plain_.dtype
        np.testing.assert_allclose(fast.numpy(), plain_.numpy(), rtol=1e-3, atol=1e-3)


@needs_onednn
def test_gradients_of_float64_keep_their_digits() -> None:
    """What is joined or padded in float64 has its gradient cut out in float64."""
    scale = 1 + 1e-9
    with ac.use_backend("onednn"):
        z = activation().double()
        z.retain_grad()
        joined = ac.cat([z, z * 1.0], 1)
        assert joined.value.__class__ is ChannelsLast
        (F.pad(joined, (1, 1)).exp() * scale).sum().backward()
    wanted = 2 * np.exp(z.detach().numpy()) * scale
    assert z.grad.dtype == ac.float64
    np.testing.assert_allclose(z.grad.numpy(), wanted, rtol=1e-13)
