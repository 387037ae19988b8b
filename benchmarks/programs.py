"""What is measured. Each program gets a library, `autograd_cnn` or `torch`, and is the same text for both."""

from __future__ import annotations

import gc
import random
import statistics
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

Numbers = dict[str, float]


def _runs(step: Callable[[], Any], calls: int, repeats: int) -> list[float]:
    """Seconds a call, of several runs."""
    runs = []
    step()
    for _ in range(repeats):
        started = time.perf_counter()
        for _ in range(calls):
            step()
        runs.append((time.perf_counter() - started) / calls)
    return runs


def _shortest(step: Callable[[], Any], calls: int, repeats: int = 9) -> float:
    """Seconds a call in the best run: for what one thread does, where all the rest is other programs' doing."""
    return min(_runs(step, calls, repeats))


def _median(step: Callable[[], Any], calls: int, repeats: int) -> float:
    """Seconds a call in the middle run."""
    return statistics.median(_runs(step, calls, repeats))


# ------------------------------------------------------------------------------------------------- small operations
def small(lib: Any) -> Numbers:
    """Microseconds of one recorded operation on 8 numbers."""
    lib.manual_seed(0)
    x = lib.rand(8, requires_grad=True)
    w = lib.rand(8, requires_grad=True)
    m = lib.rand(8, 8, requires_grad=True)
    steps: dict[str, Callable[[], Any]] = {
        "x * w": lambda: x * w,
        "x + w": lambda: x + w,
        "x * 2": lambda: x * 2.0,
        "exp": lambda: x.exp(),
        "relu": lambda: x.relu(),
        "tanh": lambda: x.tanh(),
        "sum": lambda: x.sum(),
        "matmul": lambda: m @ m,
        "matrix times vector": lambda: m @ x,
        "view": lambda: x.view(2, 4),
        "x[2]": lambda: x[2],
        "x * w, backward": lambda: (x * w).sum().backward(),
    }
    return {name: _shortest(step, 2000) * 1e6 for name, step in steps.items()}


def scalar(make: Callable[[float], Any]) -> Numbers:
    """Microseconds of one recorded operation on numbers."""
    a, b = make(1.5), make(-0.5)
    steps: dict[str, Callable[[], Any]] = {
        "a * b": lambda: a * b,
        "a + b": lambda: a + b,
        "a * 2": lambda: a * 2.0,
        "relu": lambda: a.relu(),
    }
    return {name: _shortest(step, 10_000) * 1e6 for name, step in steps.items()}


# ------------------------------------------------------------------------------------------------- long chains
def chain(leaf: Any, lengths: tuple[int, ...] = (250_000, 500_000, 1_000_000)) -> Numbers:
    """Seconds to record a chain of that many products, to walk it back, and to free it; what the collector finds afterwards."""
    out: Numbers = {}
    for n in lengths:
        gc.collect()
        started = time.perf_counter()
        y = leaf
        for _ in range(n):
            y = y * 1.0
        recorded = time.perf_counter()
        y.backward()
        walked = time.perf_counter()
        del y
        freed = time.perf_counter()
        out |= {f"forward {n}": recorded - started, f"backward {n}": walked - recorded, f"free {n}": freed - walked}
    out["left to the collector"] = gc.collect()
    return out


# ------------------------------------------------------------------------------------------------- moons
def moons(make: Callable[[float], Any], points: int = 50) -> Numbers:
    """Milliseconds of forward and backward of micrograd's demo net 2-16-16-1 on 50 points, and a gradient to compare."""
    r = random.Random(0)
    sizes = [2, 16, 16, 1]
    weights = [[[make(r.uniform(-1, 1)) for _ in range(a)] for _ in range(b)] for a, b in pairwise(sizes)]
    biases = [[make(0.0) for _ in range(b)] for b in sizes[1:]]
    xs = [[r.uniform(-1, 1), r.uniform(-1, 1)] for _ in range(points)]
    ys = [r.choice([-1, 1]) for _ in xs]

    def step() -> None:
        total = make(0.0)
        for x, y in zip(xs, ys, strict=True):
            h: list[Any] = list(x)
            for k, (w, b) in enumerate(zip(weights, biases, strict=True)):
                o = []
                for wi, bi in zip(w, b, strict=True):
                    s = bi
                    for a, c in zip(wi, h, strict=True):
                        s = s + a * c
                    o.append(s.relu() if k < 2 else s)
                h = o
            total = total + (1 + h[0] * -y).relu()
        total.backward()

    step()
    found = float(weights[0][0][0].grad)
    return {"step": _median(step, 1, 12) * 1e3, "gradient": found}


# ------------------------------------------------------------------------------------------------- training steps
def lenet5(lib: Any) -> Any:
    """LeNet-5 as `autograd_cnn.vision.models` has it."""
    nn = lib.nn

    class LeNet5(nn.Module):  # type: ignore[misc,name-defined]  # of either library
        def __init__(self) -> None:
            super().__init__()
            self.conv1 = nn.Conv2d(1, 6, 5)
            self.pool1 = nn.AvgPool2d(2)
            self.conv2 = nn.Conv2d(6, 16, 5)
            self.pool2 = nn.AvgPool2d(2)
            self.conv3 = nn.Conv2d(16, 120, 5)
            self.fc1 = nn.Linear(120, 84)
            self.fc2 = nn.Linear(84, 10)

        def forward(self, x: Any) -> Any:
            x = self.pool1(self.conv1(x)).tanh()
            x = self.pool2(self.conv2(x)).tanh()
            x = self.conv3(x).tanh().flatten(1)
            return self.fc2(self.fc1(x).tanh())

    return LeNet5()


def vgg(lib: Any) -> Any:
    """Six 3×3 convolutions with batch norm in three stages: VGG's shape for 32×32 pictures, 1.7 million parameters."""
    nn = lib.nn
    layers: list[Any] = []
    channels = 3
    for width in (64, 128, 256):
        for _ in range(2):
            layers += [nn.Conv2d(channels, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU()]
            channels = width
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(256 * 16, 128), nn.ReLU(), nn.Linear(128, 10))


NETS: dict[str, tuple[Callable[[Any], Any], tuple[int, ...]]] = {
    "lenet5": (lenet5, (64, 1, 32, 32)),
    "vgg": (vgg, (16, 3, 32, 32)),
}


def trainer(lib: Any, name: str) -> Callable[[], float]:
    """A training step: forward, loss, backward, SGD with momentum; gives the loss."""
    make, shape = NETS[name]
    lib.manual_seed(0)
    net = make(lib)
    optimizer = lib.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)
    x, y = lib.randn(*shape), lib.randint(0, 10, shape[:1])
    loss_of = lib.nn.CrossEntropyLoss()

    def step() -> float:
        loss = loss_of(net(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return float(loss.item())

    return step


def training(lib: Any, name: str, repeats: int = 15) -> Numbers:
    """Milliseconds of a training step, and the losses of the first two to compare."""
    step = trainer(lib, name)
    first, second = step(), step()
    return {"step": _median(step, 1, repeats) * 1e3, "loss 1": first, "loss 2": second}


def memory(lib: Any, name: str, steps: int = 4) -> Numbers:
    """Megabytes by which the process grows from after the import to the peak of some training steps, model and all."""
    from .resident import now, peak, reset_peak

    reset_peak()
    before = now()
    step = trainer(lib, name)
    for _ in range(steps):
        step()
    return {"growth": (peak() - before) / 2**20}
