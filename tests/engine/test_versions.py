"""Which writes a backward hears of, and what counts as a view: each test fails if one line of that bookkeeping is left out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn.errors import InplaceError
from autograd_cnn.kernels.memory import allocator

from ..kernels.backends import needs_onednn


class Subclass(np.ndarray[Any, Any]):
    """As of other libraries' arrays, and of memory-mapped files."""


def leaf(*values: float) -> Any:
    return ac.tensor(values, dtype=ac.float64, requires_grad=True)


# ------------------------------------------------------------------------------------------------- what is a view
def test_a_copy_is_no_view() -> None:
    """What a reshape had to copy is written to without its source, and the other way round."""
    x = ac.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], dtype=ac.float64, requires_grad=True)
    h = x * 2
    y = h.t().reshape(-1)
    assert y._base is None
    y.mul_(0)
    h.sum().backward(retain_graph=True)
    assert x.grad.tolist() == [[2.0] * 3] * 2
    y = h.t().reshape(-1)
    h.mul_(0)
    x.grad = None
    y.sum().backward()
    assert y.tolist() == [2.0, 8.0, 4.0, 10.0, 6.0, 12.0]
    assert x.grad.tolist() == [[2.0] * 3] * 2


def test_a_base_forgets_views_that_are_gone() -> None:
    h = leaf(1.0, 2.0, 3.0) * 2
    kept = [h[i] for i in range(3)]
    for _ in range(2000):
        h[1:].detach()
    assert len(h._views) <= 64
    h.mul_(2)
    assert [v.item() for v in kept] == [4.0, 8.0, 12.0]


# ------------------------------------------------------------------------------------------------- whose memory
def _arrays(folder: Path) -> Any:
    yield "plain", np.arange(4.0)
    yield "subclass", np.arange(4.0).view(Subclass)
    yield "part of a subclass", np.arange(8.0).view(Subclass)[2:6]
    file = np.memmap(folder / "numbers", np.float64, "w+", shape=(4,))
    file[:] = np.arange(4.0)
    yield "memory-mapped", file
    donated = allocator.Lent((32,), np.uint8, memoryview(bytearray(32)))
    yield "borrowed", np.ndarray((4,), np.float64, donated)


@pytest.mark.parametrize("at", range(5))
def test_a_write_to_a_view_is_one_to_its_memory(at: int, tmp_path: Path) -> None:
    """However many steps it is to the array that owns the memory."""
    name, array = list(_arrays(tmp_path))[at]
    x, w = ac.from_numpy(array), leaf(1.0, 1.0, 1.0, 1.0)
    assert type(x.numpy()) is np.ndarray, name
    y = (x * w).sum()
    v = x[1:][1:]
    v.add_(1)
    v.view(1, 2)[0].add_(1)
    assert (x._version, v._version) == (2, 2), name
    with pytest.raises(InplaceError, match="modified by an inplace operation"):
        y.backward()
    assert w.grad is None


@needs_onednn
def test_versions_of_a_kept_layout() -> None:
    """The count goes on when a value that a kernel left channels last becomes an ordinary array."""
    with ac.use_backend("onednn"):
        h = ac.nn.functional.conv2d(ac.randn(1, 3, 6, 6), ac.randn(4, 3, 3, 3), padding=1)
        h.mul_(2)
        h.numpy()
        h.mul_(2)
        assert h._version == 2


# ------------------------------------------------------------------------------------------------- when it is looked at
def test_a_refused_backward_changes_nothing() -> None:
    """What is stale lies deep in the graph; the leaf above it must not have taken its gradient by then."""
    p, x = leaf(1.0, 2.0), leaf(3.0, 4.0)
    h = x * 2
    y = h * h  # keeps h
    loss = (y * p).sum()
    seen: list[Any] = []
    y.register_hook(lambda g: seen.append(g))
    h.detach().mul_(3)
    with pytest.raises(InplaceError, match="modified by an inplace operation"):
        loss.backward()
    assert (p.grad, x.grad, seen) == (None, None, [])
    with pytest.raises(InplaceError, match="modified by an inplace operation"):  # not: freed by the first backward
        loss.backward()


@pytest.mark.parametrize("where", ["hook", "leaf's hook", "custom backward"])
def test_what_is_overwritten_during_a_backward(where: str) -> None:
    """A rule does not compute from what user code has overwritten since the walk began."""
    x = leaf(3.0, 4.0)
    h = x * 2
    y = h * h

    def overwrite(*_: Any) -> None:
        with ac.no_grad():
            h.mul_(5)

    class Through(ac.autograd.Function):  # type: ignore[misc]
        @staticmethod
        def forward(ctx: Any, v: Any) -> Any:
            return v * 1

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            overwrite()
            return g

    if where == "hook":
        z = y * 1
        z.register_hook(overwrite)
    elif where == "custom backward":
        z = Through.apply(y)
    else:
        p = leaf(1.0, 1.0)  # younger than y, so it takes its gradient first
        p.register_post_accumulate_grad_hook(overwrite)
        z = y * p
    with pytest.raises(InplaceError, match="modified by an inplace operation"):
        z.sum().backward()
    assert x.grad is None


def test_an_accumulated_gradient_has_a_version() -> None:
    """A graph that keeps x.grad hears that the next backward added to it."""
    x, w = leaf(1.0, 2.0), leaf(5.0, 6.0)
    (x * x).sum().backward()
    y = (x.grad * w).sum()
    version = x.grad._version
    (x * x).sum().backward()
    assert x.grad._version == version + 1
    with pytest.raises(InplaceError, match="modified by an inplace operation"):
        y.backward()
    assert w.grad is None


def test_writes_before_are_none_of_its_business() -> None:
    x = leaf(1.0, 2.0)
    h = x * 2
    h.mul_(3)
    h[0].add_(1)
    (h * h).sum().backward()
    assert x.grad.tolist() == [2 * 7 * 6.0, 2 * 12 * 6.0]
