"""`python -m tests.house.public` writes down every public name with its signature; a test holds the package to what is written.

A line that goes is a user's program that breaks. A line that comes is a promise.
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from autograd_cnn.engine.variable import Variable

FILE = Path(__file__).with_suffix(".txt")

# Every module that a program may name in an import.
MODULES = (
    "",
    "autograd",
    "autograd.functional",
    "distributed",
    "distributed.algorithms.ddp_comm_hooks.default_hooks",
    "distributed.algorithms.ddp_comm_hooks.powerSGD_hook",
    "distributions",
    "drawing",
    "hub",
    "linalg",
    "nn",
    "nn.functional",
    "nn.init",
    "nn.modules",
    "nn.modules.utils",
    "nn.parallel",
    "nn.parameter",
    "nn.utils",
    "nn.utils.rnn",
    "onnx",
    "optim",
    "optim.lr_scheduler",
    "optim.optimizer",
    "optim.surfaces",
    "optim.swa_utils",
    "random",
    "serialization",
    "serialization.safetensors",
    "serialization.safetensors.numpy",
    "testing",
    "testing.strategies",
    "training.data",
    "utils",
    "utils.checkpoint",
    "utils.data",
    "utils.data.distributed",
    "vision",
    "vision.adversarial",
    "vision.attribution",
    "vision.datasets",
    "vision.datasets.utils",
    "vision.detection",
    "vision.features",
    "vision.models",
    "vision.models.feature_extraction",
    "vision.ops",
    "vision.transforms",
    "vision.transforms.functional",
    "vision.utils",
    "extend",
)


def lines() -> list[str]:
    """One line a name: where it is reached, and how it is called. What a class has from another public one stands there."""
    found: set[str] = set()
    places: dict[Any, str] = {}
    for module in MODULES:
        full = f"autograd_cnn.{module}".rstrip(".")
        space = importlib.import_module(full)
        for name in sorted(getattr(space, "__all__", None) or dir(space)):
            value, path = getattr(space, name), f"{full}.{name}"
            if name.startswith("_") or (inspect.ismodule(value) and not value.__name__.startswith("autograd_cnn")):
                continue
            found.add(_line(path, value))
            if inspect.isclass(value):
                places.setdefault(value, path)
            elif type(value).__module__.startswith("autograd_cnn.drawing"):  # `draw`, which is called and has methods
                places.setdefault(type(value), path)
    for cls, path in places.items():
        above = {c for base in cls.__mro__[1:] if base in places for c in base.__mro__}
        found.update(_members(cls, path, above))
    return sorted(found)


def _line(path: str, value: Any) -> str:
    if inspect.ismodule(value):
        return f"{path} (module)"
    return f"{path}{signature(value)}" if callable(value) else f"{path}: {type(value).__name__}"


def _members(cls: type, path: str, above: set[Any]) -> Iterator[str]:
    if not cls.__module__.startswith("autograd_cnn"):
        return
    for name in sorted(
        {*dir(cls)} - ({*vars(Variable)} - {"value"} if issubclass(cls, Variable) else set())
    ):  # what the engine asks of a value
        home = next((c for c in cls.__mro__ if name in vars(c)), None)
        special = name.startswith("__") and name.strip("_") in SPECIAL
        if home is None or home in above or not home.__module__.startswith("autograd_cnn") or (name.startswith("_") and not special):
            continue
        if isinstance(vars(home)[name], property):
            yield f"{path}.{name} (property)"
        elif callable(getattr(cls, name)):
            yield f"{path}.{name}{signature(getattr(cls, name))}"


SPECIAL = (
    "add",
    "sub",
    "mul",
    "truediv",
    "floordiv",
    "mod",
    "pow",
    "matmul",
    "and",
    "or",
    "xor",
    "invert",
    "neg",
    "pos",
    "abs",
    "lshift",
    "rshift",
    "getitem",
    "setitem",
    "len",
    "iter",
    "contains",
    "bool",
    "int",
    "float",
    "index",
    "array",
    "call",
)


def signature(value: Any) -> str:
    """Names, defaults and kinds of the parameters; annotations may grow more exact."""
    try:
        given = inspect.signature(value)
    except (TypeError, ValueError):
        return "(…)"
    bare = given.replace(
        parameters=[p.replace(annotation=inspect.Parameter.empty) for p in given.parameters.values()],
        return_annotation=inspect.Signature.empty,
    )
    return re.sub(r" at 0x[0-9a-f]+", "", str(bare))


if __name__ == "__main__":
    FILE.write_text("\n".join(lines()) + "\n", encoding="utf-8")
