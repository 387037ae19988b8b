"""Which room may import which: upper floors lower ones, never the other way."""

from __future__ import annotations

import re

import pytest

from .source import FILES, imported, module_of, name_of, tree_of

# Each room's floor. A room may import rooms of lower floors, and itself.
FLOORS: dict[str, int] = {}
for _floor, _rooms in enumerate([
    "errors symbolic support",
    "config types",
    "engine",
    "kernels analysis",
    "random",
    "ops",
    "_methods inplace printing",  # what Tensor and Scalar are made of
    "attach",
    "tensor",
    "creation",
    "sampling",
    "scalar basics overwriting operators linalg",
    "autograd",
    "nn utils serialization",
    "optim",
    "hub summaries",
    "vision testing",
    "training",
    "compat",
    "compat",
    "commands",
    "cli _stubs",
    "__main__",
]):  # fmt: skip
    FLOORS.update(dict.fromkeys(_rooms.split(), _floor))

# Imports against the floors that are meant, each inside a function, so that nothing is loaded before it is used.
LAZY = {
    ("tensor", "autograd"): "backward() starts the walk",
    ("inplace", "tensor"): "makes the tensors it gives back",
    ("printing", "tensor"): "prints them",
    ("hooks", "tensor"): "hands them to the hook",
}
DRAWING_READS = {"errors", "config", "engine", "analysis", "symbolic", "drawing", "support"}


def _room(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_imports_go_down(path):
    room = _room(module_of(path))
    if room == "":  # the façade
        return
    top = {n.lineno for n in tree_of(path).body}
    for module, line in imported(path):
        if module.split(".")[0] != "autograd_cnn":
            continue
        other = _room(module)
        where = f"{name_of(path)}:{line}"
        if room == "drawing":
            assert other in DRAWING_READS, f"{where}: drawing reads engine, analysis and symbolic only, not {other or 'the façade'}"
            continue
        if other in ("", room):
            assert other == room or room in ("cli", "compat", "_stubs", "testing", "training"), f"{where} imports the façade"
            continue
        if other == "drawing":
            assert room in ("training", "compat", "commands", "cli") or (room, other) in LAZY, f"{where}: drawing is imported by nobody but lazily"
            continue
        assert room in FLOORS, f"{where}: the room {room!r} has no floor; give it one in this test"
        assert other in FLOORS, f"{where}: the room {other!r} has no floor; give it one in this test"
        if (room, other) in LAZY:
            assert line not in top, f"{where}: {room} may import {other} only inside a function"
            continue
        assert FLOORS[other] < FLOORS[room], f"{where}: {room} (floor {FLOORS[room]}) imports {other} (floor {FLOORS[other]})"


def test_testing_reads_no_vision():
    for path in FILES:
        if _room(module_of(path)) == "testing":
            assert not [m for m, _ in imported(path) if m.startswith("autograd_cnn.vision")], name_of(path)


def test_the_engine_knows_no_numpy():
    for path in FILES:
        if _room(module_of(path)) == "engine":
            assert not [m for m, _ in imported(path) if re.match(r"numpy\b", m)], name_of(path)


def test_nothing_imports_torch():
    for path in FILES:
        assert not [m for m, _ in imported(path) if m.split(".")[0] in ("torch", "torchvision")], name_of(path)
