"""Nothing grows: many steps, many drawings, exceptions in the middle, threads and workers that end. Memory and objects stay flat."""

from __future__ import annotations

import gc
import io
import os
import pickle
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn import nn
from autograd_cnn.utils.data import DataLoader, Dataset

pytestmark = pytest.mark.slow
STATM = Path("/proc/self/statm")


def held() -> tuple[int, int]:
    """Objects that the collector knows, and bytes that this process has in memory."""
    for _ in range(3):
        gc.collect()
    pages = int(STATM.read_text().split()[1]) if STATM.exists() else 0
    return len(gc.get_objects()), pages * os.sysconf("SC_PAGE_SIZE")


def flat(step: Callable[[int], Any], count: int, *, objects: int = 40, megabytes: float = 6.0, before: int = 0) -> None:
    """`step(i)` for i < count: after a tenth of them (or `before`), neither objects nor memory grow."""
    warm = before or count // 10
    for i in range(warm):
        step(i)
    there, memory = held()
    for i in range(warm, warm + count):
        step(i)
    now, used = held()
    assert now - there <= objects, f"{now - there} objects more after {count} steps: {_newest(there)}"
    assert used - memory <= megabytes * 2**20, f"{(used - memory) / 2**20:.1f} MB more after {count} steps"


def _newest(there: int) -> dict[str, int]:
    counts: dict[str, int] = {}
    for thing in gc.get_objects()[there:]:
        counts[type(thing).__qualname__] = counts.get(type(thing).__qualname__, 0) + 1
    return dict(sorted(counts.items(), key=lambda item: -item[1])[:8])


def network() -> nn.Sequential:
    ac.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.Sequential(nn.Conv2d(4, 4, 3), nn.ReLU(), nn.MaxPool2d(2)),
        nn.Flatten(),
        nn.Dropout(0.1),
        nn.Linear(36, 3),
    )


def loss_of(net: nn.Module, i: int = 0) -> ac.Tensor:
    return nn.functional.cross_entropy(net(ac.ones(4, 1, 8, 8) * (i % 7)), ac.tensor([0, 1, 2, 0]))


@pytest.mark.parametrize("backend", ["numpy", "auto"])
def test_training(backend: str) -> None:
    ac.manual_seed(0)
    net = nn.Sequential(nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU()), nn.Flatten(), nn.Linear(64, 3))
    x, y = ac.ones(2, 1, 6, 6), ac.tensor([0, 1])
    optimizer = ac.optim.Adam(net.parameters(), 1e-3)
    scheduler = ac.optim.lr_scheduler.StepLR(optimizer, 1000)

    def step(i: int) -> None:
        optimizer.zero_grad()
        nn.functional.cross_entropy(net(x * (i % 7)), y).backward()
        optimizer.step()
        scheduler.step()

    with ac.use_backend(backend):
        flat(step, 20_000, before=1000)


def test_exceptions_in_forward_backward_and_hooks() -> None:
    net = network()
    optimizer = ac.optim.SGD(net.parameters(), 1e-3, momentum=0.9)

    def fail(*_: Any) -> None:
        raise KeyError("stop")

    class Broken(ac.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: ac.Tensor) -> ac.Tensor:
            ctx.save_for_backward(x)
            return x * 2

        @staticmethod
        def backward(ctx: Any, g: ac.Tensor) -> ac.Tensor:
            raise KeyError("stop")

    def step(i: int) -> None:
        kind = i % 6
        hook = None
        try:
            optimizer.zero_grad()
            if kind == 0:
                hook = net[3].register_forward_hook(fail)
            elif kind == 1:
                hook = net[3].register_full_backward_hook(fail)
            elif kind == 2:
                hook = net[0].weight.register_hook(fail)
            elif kind == 3:
                net(ac.ones(4, 2, 8, 8))  # a shape that does not fit
            loss = loss_of(net, i)
            if kind == 4:
                Broken.apply(loss).backward()
            elif kind == 5:
                loss.register_hook(fail)
            loss.backward()
        except (KeyError, RuntimeError):
            pass
        finally:
            if hook is not None:
                hook.remove()
        optimizer.step()

    flat(step, 6000)


def test_hooks_graphs_that_stay_and_second_derivatives() -> None:
    net = network()

    def step(i: int) -> None:
        handles = [m.register_forward_hook(lambda *_: None) for m in net] + [net[0].weight.register_hook(lambda g: g)]
        handles.append(net.register_full_backward_hook(lambda *_: None))
        x = ac.ones(4, 1, 8, 8, requires_grad=True)
        loss = nn.functional.cross_entropy(net(x), ac.tensor([0, 1, 2, 0]))
        loss.retain_grad()
        loss.backward(retain_graph=True)
        (g,) = ac.autograd.grad(loss, [net[0].weight], create_graph=True)
        (g * g).sum().backward()
        loss_of(net, i)  # a graph that nobody walks
        for handle in handles:
            handle.remove()

    flat(step, 2000)
    assert not any(m._forward_hooks for m in net)


def test_views_of_one_base() -> None:
    base = ac.zeros(64, 64)
    leaf = ac.zeros(64, 64, requires_grad=True)

    def step(i: int) -> None:
        base[i % 64].add_(1.0)
        for view in (base.view(-1), base.t(), base[:, i % 64], base.chunk(2)[0]):
            view.mul_(1.0)
        y = leaf * 1.0
        y[i % 64].mul_(2.0)
        y.view(-1)[0] = 0.0
        y.sum().backward()
        leaf.grad = None

    flat(step, 10_000)


def test_drawings() -> None:
    x = ac.Scalar(1.5, "x")
    net = network()

    def step(i: int) -> None:
        if i % 10:
            figure = ac.draw((x * x + ac.Scalar(float(i % 9), "b")).tanh(), backward=True)
        else:
            figure = ac.draw(loss_of(net, i), backward=True)
        assert figure.svg
        if i % 10 == 0:  # a model that fails is drawn as far as it came
            assert ac.draw(net, (1, 3, 8, 8)).svg

    flat(step, 5000, before=200, megabytes=10)


def test_tracing_and_replaying() -> None:
    net = network().eval()

    def step(i: int) -> None:
        graph = ac.trace(net, ac.ones(1, 1, 8, 8))
        graph(ac.zeros(1, 1, 8, 8))

    flat(step, 1500)


def test_files(tmp_path: Path) -> None:
    net = network()
    optimizer = ac.optim.Adam(net.parameters())
    loss_of(net).backward()
    optimizer.step()

    def step(i: int) -> None:
        file = io.BytesIO()
        ac.save({"net": net.state_dict(), "optimizer": optimizer.state_dict()}, file, _use_new_zipfile_serialization=bool(i % 2))
        file.seek(0)
        back = ac.load(file)
        net.load_state_dict(back["net"])
        optimizer.load_state_dict(back["optimizer"])
        if i % 50 == 0:  # each waits for the disk
            ac.serialization.save_checkpoint(tmp_path / "c", model=net.state_dict())
        ac.serialization.load_checkpoint(tmp_path / "c")
        with pytest.raises((RuntimeError, pickle.UnpicklingError)):
            ac.load(io.BytesIO(file.getvalue()[: i % 900]))

    flat(step, 600)
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("backend", ["numpy", "auto"])
def test_threads_that_end(backend: str) -> None:
    def work() -> None:
        with ac.use_backend(backend):
            net = network()
            x = ac.ones(4, 1, 64, 64)
            y = net[2](net[1](net[0](x)))
            (y @ y).sum().backward()

    def step(i: int) -> None:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()

    flat(step, 600, before=100, megabytes=12)


# ------------------------------------------------------------------------------------------------- worker processes
class Pictures(Dataset[Any]):
    def __len__(self) -> int:
        return 64

    def __getitem__(self, i: int) -> Any:
        return np.full((100, 200), i, np.float32), os.getpid()


def open_files() -> list[str]:
    return sorted(os.readlink(f"/proc/self/fd/{n}") for n in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{n}"))


def mapped() -> int:
    return Path("/proc/self/maps").read_text().count("memfd:batches")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_workers_that_are_killed() -> None:
    files = len(open_files())

    def step(i: int) -> None:
        batches = iter(DataLoader(Pictures(), batch_size=4, num_workers=2))
        kept = [next(batches), next(batches)]
        pid = int(kept[i % 2][1][0])
        os.kill(pid, signal.SIGKILL)
        with pytest.raises(RuntimeError) as caught:  # no `match`: `re` keeps the patterns
            kept += list(batches)
        assert f"DataLoader worker (pid {pid}) is killed by signal: Killed" in str(caught.value)
        del kept, batches, caught

    flat(step, 60, before=10)
    assert mapped() == 0
    assert len(open_files()) <= files + 1
    assert not children()


def children() -> list[int]:
    text = Path(f"/proc/self/task/{os.getpid()}/children").read_text()
    return [int(pid) for pid in text.split()]
