"""One side of one measurement, in a process of its own: `python -m benchmarks.worker MEASURE SIDE` prints JSON."""

from __future__ import annotations

import importlib
import json
import os
import sys
from typing import Any

from . import programs


def _library(side: str) -> Any:
    if side == "torch":
        lib = importlib.import_module("torch")
        lib.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
        return lib
    return importlib.import_module("autograd_cnn")


def _maker(side: str) -> Any:
    """What turns a float into a node."""
    if side == "micrograd":
        sys.setrecursionlimit(10**6)
        return importlib.import_module("micrograd.engine").Value
    return importlib.import_module("autograd_cnn").Scalar


def measure(name: str, side: str) -> programs.Numbers:
    """Run one measurement. A side is a library, and for PyTorch perhaps a mode: `torch channels_last`."""
    side, _, mode = side.partition(" ")
    if name == "scalar":
        return programs.scalar(_maker(side))
    if name == "moons":
        return programs.moons(_maker(side))
    if name == "chain of scalars":
        return programs.chain(_maker(side)(1.0))
    lib = _library(side)
    if name == "chain of tensors":
        return programs.chain(lib.ones((), requires_grad=True), (125_000, 250_000, 500_000))
    simple = {"small": programs.small, "operations": programs.operations, "peak": programs.peak_speed}
    if name in simple:
        return simple[name](lib)
    kind, _, net = name.partition(" ")
    if kind == "growth":
        what, at = net.split()
        return programs.growth(lib, what, int(at))
    return {"train": programs.training, "infer": programs.inference, "memory": programs.memory}[kind](lib, net, mode or "eager")


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], sys.argv[2])))
