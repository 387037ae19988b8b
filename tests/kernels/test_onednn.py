"""oneDNN's kernels against NumPy's, and values in its memory order wherever a tensor's value is looked at."""

from __future__ import annotations

import copy
import os
import pickle
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn.kernels.onednn import channels_last, library
from autograd_cnn.kernels.onednn.plain import to_plain

from .backends import activation, check, needs_onednn, normal

F = ac.nn.functional


@pytest.fixture(autouse=True)
def onednn() -> Iterator[None]:
    with ac.use_backend("onednn"):
        yield


@needs_onednn
@pytest.mark.parametrize(
    ("x", "w", "options"),
    [
        ((2, 3, 9), (4, 3, 3), {"padding": 1}),
        ((2, 4, 9), (6, 2, 3), {"groups": 2, "dilation": 2, "padding": 2}),
        ((2, 3, 8, 7), (5, 3, 3, 3), {"padding": 1}),
        ((2, 16, 8, 8), (32, 16, 3, 3), {"stride": 2, "padding": (1, 0)}),
        ((2, 4, 9, 9), (8, 2, 3, 2), {"groups": 2, "dilation": (2, 1)}),
        ((1, 8, 6, 6), (8, 1, 3, 3), {"groups": 8, "padding": 1}),
        ((3, 20, 5, 5), (7, 20, 1, 1), {}),
        ((2, 1, 12, 12), (6, 1, 5, 5), {"padding": "same"}),
        ((2, 2, 5, 6, 7), (4, 2, 3, 3, 3), {"padding": 1, "stride": (1, 2, 1)}),
    ],
)
def test_convolution(x: Any, w: Any, options: dict[str, Any]) -> None:
    fn = getattr(F, f"conv{len(x) - 2}d")
    check(lambda x, w, b: fn(x, w, b, **options), normal(*x), normal(*w), normal(w[0]))
    check(lambda x, w: fn(x, w, **options), normal(*x), normal(*w))


@needs_onednn
@pytest.mark.parametrize("options", [{}, {"stride": 2}, {"stride": 2, "padding": 1, "output_padding": 1}, {"groups": 2, "dilation": 2}])
def test_transposed_convolution(options: dict[str, Any]) -> None:
    check(
        lambda x, w, b: F.conv_transpose2d(x, w, b, **options), normal(2, 4, 5, 6), normal(4, 3, 3, 3), normal(3 * options.get("groups", 1))
    )


@needs_onednn
@pytest.mark.parametrize("shapes", [((20, 30), (30, 40)), ((3, 20, 30), (3, 30, 40)), ((1, 30), (30, 4)), ((5, 1), (1, 4))])
def test_products_of_matrices(shapes: Any) -> None:
    a, b = (normal(*s) for s in shapes)
    check(lambda x, w: x @ w, a, b)
    check(lambda x, w: x.mT @ w.mT, np.ascontiguousarray(np.swapaxes(a, -1, -2)), np.ascontiguousarray(np.swapaxes(b, -1, -2)))
    check(lambda x, w: x[..., 1:] @ w[..., 1:, :], a, b)


@needs_onednn
def test_dense_layers() -> None:
    check(F.linear, normal(64, 200), normal(100, 200), normal(100))
    check(F.linear, normal(4, 16, 200), normal(100, 200), normal(100))
    check(F.linear, normal(64, 200), normal(100, 200))


@needs_onednn
def test_the_derivative_of_a_derivative() -> None:
    def fn(x: Any, w: Any) -> Any:
        y = F.conv2d(x, w, padding=1)
        (g,) = ac.autograd.grad((y * y * y).sum(), x, create_graph=True)
        return g

    check(fn, normal(2, 3, 5, 5), normal(4, 3, 3, 3), tolerance=2e-4)


@needs_onednn
def test_repeated_runs_are_bit_identical() -> None:
    def once() -> list[Any]:
        x, w = ac.tensor(normal(4, 8, 16, 16), requires_grad=True), ac.tensor(normal(16, 8, 3, 3), requires_grad=True)
        F.relu(F.conv2d(x, w, padding=1)).sum().backward()
        return [x.grad.numpy(), w.grad.numpy()]

    for a, b in zip(once(), once(), strict=True):
        np.testing.assert_array_equal(a, b)


@needs_onednn
def test_what_a_tensor_shows_is_row_major() -> None:
    y = activation()
    assert type(y.value) is channels_last.ChannelsLast
    with ac.use_backend("numpy"):
        expected = activation().detach().numpy()
    assert y.stride() == (48, 12, 3, 1) or y.is_contiguous()
    np.testing.assert_allclose(y.detach().numpy(), expected, rtol=1e-5, atol=1e-5)
    assert type(y.value) is np.ndarray
    assert y.detach().numpy() is y.detach().numpy()


@needs_onednn
@pytest.mark.parametrize(
    "look",
    [
        lambda y: y.tolist(),
        lambda y: y[1, 2].tolist(),
        lambda y: y.view(2, -1).tolist(),
        lambda y: y.flatten(1).tolist(),
        lambda y: y.transpose(1, 2).tolist(),
        lambda y: y.permute(0, 2, 3, 1).tolist(),
        lambda y: repr(y.round()),
        lambda y: y.sum((2, 3)).tolist(),
        lambda y: y.max().item(),
        lambda y: y.argmax(1).tolist(),
        lambda y: ac.cat([y, y], 1).tolist(),
        lambda y: ac.stack([y, y]).tolist(),
        lambda y: (y > 0).tolist(),
        lambda y: (y > 0).view(-1).tolist(),
        lambda y: y[y > 0].tolist(),
        lambda y: (y * y.mean((0, 2, 3), keepdim=True)).view(-1).tolist(),
        lambda y: y.double().view(-1).tolist(),
        lambda y: y.clone().view(-1).tolist(),
        lambda y: F.softmax(y, 1).tolist(),
        lambda y: F.interpolate(y, scale_factor=2).tolist(),
        lambda y: F.pad(y, (1, 1, 0, 2)).tolist(),
        lambda y: np.asarray(y).tolist(),
        lambda y: copy.deepcopy(y).view(-1).tolist(),
        lambda y: pickle.loads(pickle.dumps(y)).tolist(),
        lambda y: y.data.tolist(),
        lambda y: y.chunk(2, 1)[1].tolist(),
        lambda y: ac.einsum("nchw->nwhc", y).tolist(),
        lambda y: F.fold(F.unfold(y, 2), y.shape[2:], 2).tolist(),
        lambda y: y.clamp(min=0).sigmoid().view(-1).tolist(),
        lambda y: y.cumsum(1).view(-1).tolist(),
        lambda y: y.sort(1)[0].view(-1).tolist(),
        lambda y: F.layer_norm(y, y.shape[1:]).tolist(),
        lambda y: F.group_norm(y, 2).view(-1).tolist(),
        lambda y: F.max_pool2d(y, 2, return_indices=True)[1].tolist(),
        lambda y: F.dropout(y, 0.0).view(-1).tolist(),
    ],
)
def test_looking_at_an_activation(look: Callable[[Any], Any]) -> None:
    found = []
    for backend in ("onednn", "numpy"):
        with ac.use_backend(backend), ac.no_grad():
            found.append(look(activation()))
    if isinstance(found[0], list):
        np.testing.assert_allclose(found[0], found[1], rtol=1e-4, atol=1e-5)
    else:
        assert found[0] == found[1] or found[0] == pytest.approx(found[1], rel=1e-5)


@needs_onednn
def test_in_place_activations_keep_the_order_and_count_versions() -> None:
    y = activation()
    before = y.value
    F.relu_(y)
    assert type(y.value) is channels_last.ChannelsLast
    assert y._version == 1
    y.mul_(2)
    assert y._version == 2
    np.testing.assert_allclose(y.detach().numpy(), 2 * np.maximum(to_plain(before), 0), rtol=1e-6)


@needs_onednn
def test_a_kept_value_that_was_overwritten_is_an_error() -> None:
    y = activation().sigmoid()
    z = y * 2
    y.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        z.sum().backward()


@needs_onednn
def test_writes_to_the_storage_of_a_kept_value_are_an_error() -> None:
    y = activation()
    z = (y * y).sum()
    y.detach().zero_()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        z.backward()


@needs_onednn
def test_a_view_written_to_is_differentiated() -> None:
    def fn(x: Any, w: Any) -> Any:
        y = F.conv2d(x, w)
        y[:, 1].mul_(3)
        return y * y

    check(fn, normal(2, 3, 6, 6), normal(4, 3, 3, 3))


@needs_onednn
def test_hooks_and_retained_gradients() -> None:
    x = ac.tensor(normal(2, 3, 6, 6), requires_grad=True)
    y = F.conv2d(x, ac.tensor(normal(4, 3, 3, 3)))
    seen = []
    y.retain_grad()
    y.register_hook(lambda g: seen.append(g.sum().item()))
    F.relu(y).sum().backward()
    assert seen == [(y.detach() > 0).sum().item()]
    assert y.grad.view(-1).sum().item() == seen[0]


@needs_onednn
def test_traces_replay() -> None:
    w = ac.tensor(normal(4, 3, 3, 3))
    graph = ac.trace(lambda x: F.relu(F.conv2d(x, w)).mean(), ac.tensor(normal(2, 3, 6, 6)))
    x = ac.tensor(normal(2, 3, 6, 7)[..., :6])
    assert graph(x).item() == pytest.approx(F.relu(F.conv2d(x, w)).mean().item())


def test_errors_are_the_references() -> None:
    with pytest.raises(RuntimeError, match="to have 4 channels, but got 2 channels"):
        F.conv2d(ac.ones(1, 2, 5, 5), ac.ones(3, 4, 3, 3))
    with pytest.raises(RuntimeError, match="Kernel size can't be greater than actual input size"):
        F.conv2d(ac.ones(1, 2, 2, 2), ac.ones(3, 2, 3, 3))


# ------------------------------------------------------------------------------------------------- choosing
def test_numpy_is_used_where_it_is_chosen() -> None:
    with ac.use_backend("numpy"):
        assert type(activation().value) is np.ndarray


def test_double_precision_stays_in_numpy() -> None:
    assert type(F.conv2d(ac.ones(1, 2, 6, 6).double(), ac.ones(3, 2, 3, 3).double()).value) is np.ndarray


def test_a_broken_library_is_told(monkeypatch: Any, tmp_path: Any, capsys: Any) -> None:
    broken = tmp_path / "libdnnl.so.3"
    broken.write_bytes(b"no library")
    monkeypatch.setenv(library.VARIABLE, str(broken))
    library.forget()
    try:
        assert F.conv2d(ac.ones(1, 1, 3, 3), ac.ones(1, 1, 3, 3)).item() == 9
        ac.show_config()
        told = capsys.readouterr().out
        assert "backend:   NumPy" in told
        assert str(broken) in told
    finally:
        library.forget()


def test_a_library_switched_off_is_told(monkeypatch: Any) -> None:
    monkeypatch.setenv(library.VARIABLE, "0")
    library.forget()
    try:
        assert library.library() is None
        assert library.reason() == "switched off by AUTOGRAD_CNN_ONEDNN=0"
    finally:
        library.forget()


def test_unknown_backends_and_precisions() -> None:
    with pytest.raises(ValueError, match="expected one of 'auto', 'numpy', 'onednn', got 'gpu'"):
        ac.use_backend("gpu")
    with pytest.raises(ValueError, match="expected one of 'highest', 'high', 'medium', got 'lowest'"):
        ac.set_float32_matmul_precision("lowest")


def test_the_number_of_threads() -> None:
    before = ac.get_num_threads()
    try:
        ac.set_num_threads(1)
        assert ac.get_num_threads() == 1
        with pytest.raises(RuntimeError, match="positive number of threads"):
            ac.set_num_threads(0)
        with pytest.raises(TypeError, match="expects an int"):
            ac.set_num_threads("two")
    finally:
        ac.set_num_threads(before)


# ------------------------------------------------------------------------------------------------- pooling, norms, activations
@needs_onednn
@pytest.mark.parametrize(
    ("shape", "kernel", "options"),
    [
        ((2, 16, 8, 8), 2, {}),
        ((2, 5, 9, 7), 3, {"stride": 2, "padding": 1}),
        ((2, 5, 9, 8), 3, {"stride": 2, "ceil_mode": True}),
        ((2, 4, 11), 3, {"stride": 2}),
        ((1, 3, 6, 6, 6), 2, {}),
        ((2, 3, 9, 9), 2, {"dilation": 2}),
    ],
)
def test_max_pooling(shape: Any, kernel: int, options: dict[str, Any]) -> None:
    pool = getattr(F, f"max_pool{len(shape) - 2}d")
    check(lambda x: pool(x, kernel, **options), normal(*shape))
    ties = np.round(normal(*shape))
    check(lambda x: pool(x, kernel, **options), ties)
    found = [pool(ac.tensor(ties), kernel, return_indices=True, **options)[1].tolist()]
    with ac.use_backend("numpy"):
        found.append(pool(ac.tensor(ties), kernel, return_indices=True, **options)[1].tolist())
    assert found[0] == found[1]


@needs_onednn
@pytest.mark.parametrize(
    ("kernel", "options"),
    [
        (2, {}),
        (3, {"stride": 2, "padding": 1}),
        (3, {"stride": 2, "padding": 1, "count_include_pad": False}),
        (3, {"stride": 2, "ceil_mode": True}),
        (2, {"divisor_override": 3}),
    ],
)
def test_average_pooling(kernel: int, options: dict[str, Any]) -> None:
    check(lambda x: F.avg_pool2d(x, kernel, **options), normal(2, 6, 8, 10))


@needs_onednn
@pytest.mark.parametrize("channels", [1, 3, 15, 16])
def test_averages_of_windows_side_by_side(channels: int) -> None:
    check(lambda x: F.avg_pool1d(x, 3), normal(2, channels, 12))
    check(lambda x: F.avg_pool2d(x, (4, 2)), normal(2, channels, 8, 6))
    check(lambda x: F.avg_pool3d(x, (2, 3, 5)), normal(2, channels, 4, 6, 10))
    check(lambda x: F.avg_pool2d(x, 2), normal(2, channels, 9, 8))  # a row is left over


@needs_onednn
def test_windows_that_would_tile_the_input_but_begin_in_the_padding() -> None:
    """As many windows as tiles, and yet each begins one place before its tile: the adjoint of an average may not be by tiles."""
    g = normal(1, 4, 8, 8)
    with ac.use_backend("onednn"):
        x = ac.tensor(normal(1, 4, 24, 24), requires_grad=True)
        F.avg_pool2d(x, 3, 3, 1).backward(ac.tensor(g))
    wanted = np.repeat(np.repeat(g, 3, 2), 3, 3)[:, :, 1:, 1:] / 9
    np.testing.assert_allclose(x.grad.numpy()[:, :, :23, :23], wanted, rtol=1e-6)
    assert not x.grad.numpy()[:, :, 23].any() and not x.grad.numpy()[:, :, :, 23].any()


@needs_onednn
@pytest.mark.parametrize("size", [1, 2, (4, 2), (3, 5)])
def test_adaptive_average_pooling(size: Any) -> None:
    check(lambda x: F.adaptive_avg_pool2d(x, size), normal(2, 6, 8, 8))


@needs_onednn
def test_pooling_twice_differentiated() -> None:
    def fn(x: Any) -> Any:
        (g,) = ac.autograd.grad((F.max_pool2d(x * x, 2) ** 2).sum() + (F.avg_pool2d(x * x, 2) ** 2).sum(), x, create_graph=True)
        return g

    check(fn, normal(2, 3, 8, 8))


@needs_onednn
@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("shape", [(4, 6, 5, 5), (3, 16, 9), (2, 3, 4, 4, 4)])
def test_batch_norm(shape: Any, affine: bool) -> None:
    given = [normal(shape[1]), normal(shape[1] + 1)[1:]] if affine else []
    check(lambda x, *p: F.batch_norm(x, None, None, *p, training=True), normal(*shape), *given, tolerance=2e-4)
    mean, var = ac.tensor(normal(shape[1])), ac.tensor(np.abs(normal(shape[1])) + 0.5)
    check(lambda x, *p: F.batch_norm(x, mean, var, *p), normal(*shape), *given, tolerance=2e-4)


@needs_onednn
def test_batch_norm_twice_differentiated() -> None:
    def fn(x: Any, w: Any) -> Any:
        y = F.batch_norm(F.conv2d(x, w), None, None, training=True)
        (g,) = ac.autograd.grad((y**3).sum(), x, create_graph=True)
        return g

    check(fn, normal(3, 2, 6, 6), normal(3, 2, 3, 3), tolerance=1e-3)


@needs_onednn
@pytest.mark.parametrize("shape", [(2, 8, 40, 40), (30000,)])
def test_relu(shape: Any) -> None:
    check(lambda x: F.relu(x) + F.relu(x * x), normal(*shape))

    def fn(x: Any) -> Any:
        (g,) = ac.autograd.grad((F.relu(x) ** 3).sum(), x, create_graph=True)
        return g

    check(fn, normal(*shape))


@needs_onednn
@pytest.mark.parametrize("fn", [F.relu, lambda x: F.max_pool2d(x, 2), lambda x: F.relu(F.relu(x)), lambda x: F.avg_pool2d(x, 2)])
def test_nan_is_not_lost(fn: Callable[[Any], Any]) -> None:
    x = normal(2, 16, 32, 32)
    x[1, 3, 4, 5] = np.nan
    for y in (fn(ac.tensor(x)), fn(F.conv2d(ac.tensor(x), ac.ones(16, 1, 1, 1), groups=16))):
        assert np.isnan(y.numpy()).sum() == 1


@needs_onednn
def test_mixed_orders_meet() -> None:
    z = normal(2, 16, 30, 30)

    def fn(x: Any, w: Any) -> Any:
        y = F.conv2d(x, w, padding=1)
        return (y + ac.tensor(z)) * y + ac.tensor(z) * y

    check(fn, normal(2, 3, 30, 30), normal(16, 3, 3, 3), tolerance=1e-4)


# ------------------------------------------------------------------------------------------------- processes and threads
@needs_onednn
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_process_forked_after_onednn_ran_computes_with_numpy() -> None:
    before = ac.get_num_threads()
    ac.set_num_threads(2)
    try:
        x, w = ac.tensor(normal(4, 16, 32, 32)), ac.tensor(normal(16, 16, 3, 3))
        y = F.conv2d(x, w)
        child = os.fork()
        if child == 0:
            try:
                same = np.allclose(F.conv2d(x, w).numpy(), y.numpy(), rtol=1e-4, atol=1e-4)
                os._exit(0 if same and library.library() is None and "forked" in library.reason() else 1)
            except BaseException:  # the parent tells
                os._exit(2)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    finally:
        ac.set_num_threads(before)


@needs_onednn
def test_threads_do_not_disturb_each_other() -> None:
    x, w = normal(8, 16, 32, 32), normal(16, 16, 3, 3)
    with ac.use_backend("numpy"):
        expected = F.conv2d(ac.tensor(x), ac.tensor(w), padding=1).numpy()
    wrong = []

    def work(k: int) -> None:
        for _ in range(5):
            with ac.use_backend("onednn"):
                y = F.conv2d(ac.tensor(x * k), ac.tensor(w), padding=1).numpy()
            if not np.allclose(y, expected * k, rtol=1e-4, atol=1e-3):
                wrong.append(k)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(1, 4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong


@needs_onednn
def test_bfloat16_products_are_near() -> None:
    def found(fn: Any, *arrays: Any) -> list[Any]:
        inputs = [ac.tensor(a, requires_grad=True) for a in arrays]
        y = fn(*inputs)
        (y * ac.tensor(normal(*y.shape))).sum().backward()
        return [y.detach().numpy(), *(x.grad.numpy() for x in inputs)]

    native = "avx512_bf16" in Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else False
    for fn, *shapes in ((lambda x, w: F.conv2d(x, w, padding=1), (4, 32, 12, 12), (32, 32, 3, 3)), (F.linear, (128, 512), (256, 512))):
        arrays = [normal(*s) for s in shapes]
        exact = found(fn, *arrays)
        ac.set_float32_matmul_precision("medium")
        try:
            rounded = found(fn, *arrays)
        finally:
            ac.set_float32_matmul_precision("highest")
        for near, right in zip(rounded, exact, strict=True):
            error = np.sqrt(np.square(near - right).mean() / np.square(right).mean())
            assert error < 4e-3
            assert error > 1e-4 or not native, "it must do something where the processor can"
