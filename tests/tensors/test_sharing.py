"""Tensors in memory that several processes see."""

from __future__ import annotations

import copy
import gc
import multiprocessing
import os
import pickle
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn import nn
from autograd_cnn.vision.models import get_model

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="memory without a name is POSIX's")


def write(x: Any, net: nn.Module, back: Any, done: Any) -> None:
    x[1:] += 1
    with ac.no_grad():
        for p in net.parameters():
            p.fill_(7.0)
    y = ac.arange(4.0).share_memory_()
    back.put((y, y[2:]))
    done.wait(60)
    assert y.tolist() == [10.0, 11.0, 22.0, 23.0]


@pytest.mark.parametrize("how", ["fork", pytest.param("spawn", marks=pytest.mark.slow), pytest.param("forkserver", marks=pytest.mark.slow)])
def test_what_one_process_writes_all_read(how: str) -> None:
    context: Any = multiprocessing.get_context(how)
    x = ac.zeros(3).share_memory_()
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Linear(2, 2)).share_memory()
    back, done = context.Queue(), context.Event()
    process = context.Process(target=write, args=(x, net, back, done))
    process.start()
    whole, part = back.get(timeout=60)
    whole += 10
    part += 10  # a view of the same memory, here as there
    done.set()
    process.join()
    assert process.exitcode == 0
    assert x.tolist() == [0.0, 1.0, 1.0]
    assert all((p == 7.0).all() for p in net.parameters())
    assert whole.tolist() == [10.0, 11.0, 22.0, 23.0]
    assert whole.is_shared() and part.is_shared()


def hogwild(net: nn.Module, steps: int) -> None:
    opt = ac.optim.SGD(net.parameters(), lr=0.01)
    for _ in range(steps):
        opt.zero_grad()
        (net(ac.ones(1, 2)) - 3.0).pow(2).sum().backward()
        opt.step()


def test_processes_without_locks_train_one_network() -> None:
    ac.manual_seed(0)
    net = nn.Linear(2, 1).share_memory()
    context: Any = multiprocessing.get_context("fork")
    processes = [context.Process(target=hogwild, args=(net, 200)) for _ in range(2)]
    for p in processes:
        p.start()
    for p in processes:
        p.join()
    assert [p.exitcode for p in processes] == [0, 0]
    assert net(ac.ones(1, 2)).item() == pytest.approx(3.0, abs=1e-3)


def test_every_dtype_and_shape_keeps_its_values() -> None:
    for dtype in ("bool", "uint8", "int64", "float16", "float32", "float64", "complex128"):
        for shape in ((), (0,), (3,), (2, 0, 3), (2, 3, 4)):
            x = ac.tensor(np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(dtype))
            before = x.tolist()
            assert x.share_memory_() is x
            assert (x.tolist(), str(x.dtype), tuple(x.shape), x.is_shared()) == (before, f"torch.{dtype}", shape, True) or dtype == str(
                x.dtype
            )
            assert x.tolist() == before and x.is_shared()


def test_twice_is_once() -> None:
    x = ac.ones(3).share_memory_()
    address = x.data_ptr()
    assert x.share_memory_().data_ptr() == address
    assert x[1:].is_shared() and x.detach().is_shared() and not x.clone().is_shared()


@pytest.mark.parametrize(
    "seen",
    [lambda x: x[1:], lambda x: x.detach(), lambda x: x.numpy(), lambda x: x.data, lambda x: x.view(3, 1), lambda x: x.expand(2, 3)],
)
def test_memory_that_others_see_stays_where_it_is(seen: Any) -> None:
    x = ac.ones(3)
    other = seen(x)
    with pytest.raises(RuntimeError, match=r"share_memory_: something else sees the memory of this tensor of shape \[3\]"):
        x.share_memory_()
    del other
    gc.collect()
    assert x.share_memory_().is_shared()


def test_an_array_of_the_users_and_a_view_are_refused() -> None:
    array = np.zeros(3)
    with pytest.raises(RuntimeError, match="an array that it was made from"):
        ac.from_numpy(array).share_memory_()
    x = ac.zeros(4)
    with pytest.raises(RuntimeError, match="a view of it"):
        x[1:].share_memory_()


def test_a_write_since_is_seen_by_the_graph() -> None:
    w = ac.ones(3, requires_grad=True)
    with ac.no_grad():
        w.add_(1)
    w.share_memory_()
    assert w._version == 1
    y = (w * w).sum()
    with ac.no_grad():
        w.mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.backward()


def test_networks_are_shared_whole_and_trained_in_place() -> None:
    for net in (nn.LSTM(3, 4, 2), nn.MultiheadAttention(4, 2), nn.BatchNorm2d(3), get_model("lenet5")):
        net.share_memory()
        assert all(t.is_shared() for t in [*net.parameters(), *net.buffers()])
    x = ac.randn(2, 1, 32, 32)
    for make in (ac.optim.SGD, ac.optim.Adam, ac.optim.RMSprop, ac.optim.Adagrad):
        net(x).sum().backward()
        make(net.parameters(), lr=0.01).step()
        assert all(p.is_shared() for p in net.parameters())


def test_copies_and_files_are_of_ordinary_memory() -> None:
    x = ac.ones(3).share_memory_()
    for other in (copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        assert other.tolist() == [1.0, 1.0, 1.0] and not other.is_shared()


def test_memory_and_files_are_given_back() -> None:
    def files() -> int:
        return len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0

    gc.collect()
    before = files()
    kept = [ac.ones(1000).share_memory_() for _ in range(50)]
    assert files() >= before
    del kept
    gc.collect()
    assert files() == before
