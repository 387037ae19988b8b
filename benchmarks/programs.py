"""What is measured. Each program gets a library, `autograd_cnn` or `torch`, and is the same text for both."""

from __future__ import annotations

import gc
import random
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

from .nets import NETS, Net, cifar_resnet

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


# ------------------------------------------------------------------------------------------------- networks
class Race:
    """A network of one library in one mode ("eager", "channels_last", "compile"), with its batch, made from a fixed seed."""

    def __init__(self, lib: Any, name: str, mode: str = "eager", net: Net | None = None) -> None:
        self.net = net = net or NETS[name]
        lib.manual_seed(0)
        self.lib, self.plain = lib, net.make(lib)
        self.model = self.plain
        self.x = lib.randn(*net.shape)
        self.y = lib.randint(0, net.classes, net.shape[:1]) if net.target is None else lib.randn(*net.target)
        if mode == "channels_last" and len(net.shape) == 4:
            self.model = self.model.to(memory_format=lib.channels_last)
            self.x = self.x.contiguous(memory_format=lib.channels_last)
        elif mode == "compile":
            self.model = lib.compile(self.model)
        self.optimizer = lib.optim.SGD(self.model.parameters(), lr=0.01, momentum=0.9)
        self.loss_of = lib.nn.CrossEntropyLoss() if net.target is None else lib.nn.MSELoss()

    def step(self) -> float:
        """A training step: forward, loss, backward, SGD with momentum; gives the loss."""
        loss = self.loss_of(self.model(self.x), self.y)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return float(loss.item())

    def infer(self) -> Any:
        """A forward pass of the trained form, without recording, read by NumPy as a user would."""
        with self.lib.no_grad():
            return self.model(self.x).numpy()

    def multiply_adds(self) -> float:
        """Of a forward pass: those of its convolutions and dense layers, counted as they run."""
        found: list[float] = []

        def count(module: Any, inputs: Any, output: Any) -> None:
            kind = type(module).__name__
            if kind == "Linear" or kind.startswith("Conv"):
                way_in = kind.startswith("ConvTranspose")  # there each entry of the input meets the kernels, else of the output
                entries, channels = (inputs[0], module.in_channels) if way_in else (output, module.weight.shape[0])
                found.append(entries.numel() * module.weight.numel() / channels)

        handles = [m.register_forward_hook(count) for m in self.plain.modules()]
        with self.lib.no_grad():
            self.plain(self.x)
        for h in handles:
            h.remove()
        return sum(found)


def training(lib: Any, name: str, mode: str = "eager", seconds: float = 6.0) -> Numbers:
    """Milliseconds of a training step, the losses of the first two to compare, and the arithmetic in a step."""
    race = Race(lib, name, mode)
    # the gradients by input and by weight are a forward pass's arithmetic each
    work = 3 * 2 * race.multiply_adds() if mode == "eager" else 0.0
    race = Race(lib, name, mode)
    first, second = race.step(), race.step()
    return {"step": _for_a_while(race.step, seconds) * 1e3, "loss 1": first, "loss 2": second, "work": work}


def inference(lib: Any, name: str, mode: str = "eager", seconds: float = 3.0) -> Numbers:
    """Milliseconds of a forward pass in evaluation, and the sum of its output to compare."""
    race = Race(lib, name, mode)
    race.step()
    race.model.eval()
    return {"step": _for_a_while(race.infer, seconds) * 1e3, "sum": float(abs(race.infer()).sum())}


def _for_a_while(step: Callable[[], Any], seconds: float) -> float:
    """The median seconds of a call, of as many calls as fit into the time (5 at least, 50 at most)."""
    step()
    times: list[float] = []
    begun = time.perf_counter()
    while len(times) < 5 or (len(times) < 50 and time.perf_counter() - begun < seconds):
        started = time.perf_counter()
        step()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def memory(lib: Any, name: str, mode: str = "eager", steps: int = 4) -> Numbers:
    """Megabytes by which the process grows from after the import to the peak of some training steps, model and all."""
    from .resident import now, peak, reset_peak

    reset_peak()
    before = now()
    race = Race(lib, name, mode)
    for _ in range(steps):
        race.step()
    return {"growth": (peak() - before) / 2**20}


def peak_speed(lib: Any, size: int = 2048) -> Numbers:
    """The machine's GFLOP/s in one large product of float32 matrices: what all shares are shares of."""
    x = lib.randn(size, size)
    with lib.no_grad():
        return {"peak": 2 * size**3 / _shortest(lambda: x @ x, 1, 8) / 1e9}


# ------------------------------------------------------------------------------------------------- single operations
def _sizes(lib: Any) -> dict[str, tuple[Callable[..., Any], tuple[tuple[int, ...], ...]]]:
    """Operations with the shapes of their inputs, from small to large."""
    f = lib.nn.functional
    out: dict[str, tuple[Callable[..., Any], tuple[tuple[int, ...], ...]]] = {}
    for n, c, s, o, k, by, pad in (
        (1, 6, 14, 16, 5, 1, 0),
        (64, 6, 14, 16, 5, 1, 0),
        (64, 16, 32, 16, 3, 1, 1),
        (16, 64, 56, 64, 3, 1, 1),
        (16, 256, 14, 256, 3, 1, 1),
        (16, 3, 224, 64, 7, 2, 3),
        (16, 64, 56, 256, 1, 1, 0),
    ):

        def conv(x: Any, w: Any, by: int = by, pad: int = pad) -> Any:
            return f.conv2d(x, w, None, by, pad)

        out[f"conv {n}×{c}×{s}×{s}, {o} of {k}×{k}" + (f" by {by}" if by > 1 else "")] = conv, ((n, c, s, s), (o, c, k, k))
    for shape in ((64, 16, 28, 28), (16, 64, 56, 56)):
        channels, text = shape[1], "×".join(map(str, shape))
        out[f"max pool 2×2, {text}"] = lambda x: f.max_pool2d(x, 2), (shape,)
        out[f"average pool 2×2, {text}"] = lambda x: f.avg_pool2d(x, 2), (shape,)
        out[f"batch norm, {text}"] = lambda x, w, b: f.batch_norm(x, None, None, w, b, True), (shape, (channels,), (channels,))
        out[f"ReLU, {text}"] = f.relu, (shape,)
        out[f"sum, {text}"] = lambda x, y: x + y, (shape, shape)
    for n, a, b in ((64, 84, 10), (64, 784, 256), (64, 4096, 4096)):
        out[f"linear {n}×{a} to {b}"] = f.linear, ((n, a), (b, a))
    for classes in (10, 1000):
        out[f"softmax 64×{classes}"] = lambda x: f.softmax(x, 1), ((64, classes),)
    return out


def operations(lib: Any) -> Numbers:
    """Milliseconds of single operations, forward and backward together."""
    lib.manual_seed(0)
    out = {}
    for name, (op, shapes) in _sizes(lib).items():
        inputs = [lib.randn(*s, requires_grad=True) for s in shapes]
        g = lib.ones_like(op(*inputs).detach())

        def step(op: Any = op, inputs: Any = inputs, g: Any = g) -> None:
            for x in inputs:
                x.grad = None
            op(*inputs).backward(g)

        out[name] = _for_a_while(step, 0.5) * 1e3
    return out


# ------------------------------------------------------------------------------------------------- growth
GROWTH: dict[str, tuple[str, tuple[int, ...], Callable[[int], Net]]] = {
    "batch": ("LeNet-5", (32, 64, 128, 256), lambda n: replace(NETS["lenet5"], shape=(n, 1, 32, 32))),
    "image": ("FCN", (32, 64, 128), lambda s: replace(NETS["fcn"], shape=(2, 3, s, s), target=(2, 10, s, s))),
    "depth": ("CIFAR ResNet", (20, 110, 1202), lambda d: Net(f"ResNet-{d}", lambda lib: cifar_resnet(lib, d), (2, 3, 32, 32))),
}


def growth(lib: Any, what: str, at: int) -> Numbers:
    """Milliseconds and megabytes of training steps at one size of the batch, the picture or the depth."""
    from .resident import now, peak, reset_peak

    reset_peak()
    before = now()
    race = Race(lib, "", net=GROWTH[what][2](at))
    step = _for_a_while(race.step, 4.0) * 1e3
    return {"step": step, "growth": (peak() - before) / 2**20}
