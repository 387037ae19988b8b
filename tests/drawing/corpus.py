"""Graphs to draw: the ones made by hand, programs as people write them, and random programs with nested modules, branches, skips
and shared weights."""

from __future__ import annotations

import random
from collections.abc import Callable

from autograd_cnn.graph.graph import Graph

from . import graphs
from .graphs import Builder
from .programs import PROGRAMS

HAND: dict[str, Callable[[], Graph]] = {
    "mlp": graphs.mlp,
    "lenet forward": graphs.lenet,
    "lenet": lambda: graphs.lenet(True),
    "resnet block": graphs.resnet_block,
    "two in, two out": graphs.two_in_two_out,
}


def recorded(name: str) -> Graph:
    """The graph of a program, with the gradients of all values."""
    return Graph.of(PROGRAMS[name](), gradients=True)


def random_program(seed: int) -> Graph:
    """A program of 3 to 30 operations. Operations take recent values mostly, so skips are short and sometimes long."""
    r = random.Random(seed)
    b = Builder(gradients=True)
    values = [b.input(f"x{i}", 8, 4, 16, 16) for i in range(r.randint(1, 3))]
    b.enter("", "Net")
    for _ in range(r.randint(3, 30)):
        turn = r.random()
        if turn < 0.12 and len(b.scope) < 4:
            b.enter(f"part{b.calls}", r.choice(["Block", "Stage", "AVeryLongModuleClassName"]))
        elif turn < 0.22 and len(b.scope) > 1:
            b.leave()
        _operation(b, values, r)
    while b.scope:
        b.leave()
    used = {i for s in b.steps for i in s.inputs}
    ends = [s.outputs[0] for s in b.steps if s.outputs[0] not in used]
    return b.graph(*ends)


def _operation(b: Builder, values: list[int], r: random.Random) -> None:
    def some() -> int:
        return values[-1 - min(int(r.expovariate(0.6)), len(values) - 1)]

    kind = r.choice(["conv", "conv", "norm", "relu", "add", "add", "cat", "reshape"])
    if kind == "conv":
        made = b.conv(some(), f"conv{b.calls}", 8, 4, 4, 3, 16, bias=r.random() < 0.5)
    elif kind == "norm":
        made = b.norm(some(), f"norm{b.calls}", 8, 4, 16)
    elif kind == "relu":
        made = b.op("relu", [some()], 8, 4, 16, 16, keeps=("y",), size=32768, grad=r.choice(["auto", 0.0, None, float("nan")]))
    elif kind == "reshape":
        made = b.op("reshape", [some()], 8, 1024)
    else:
        made = b.op(kind, [some() for _ in range(2 if kind == "add" else r.randint(2, 4))], 8, 4, 16, 16)
    values.append(made)


RANDOM = range(40)
