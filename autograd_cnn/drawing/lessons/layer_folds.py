"""What is folded of an architecture: modules, the plumbing of paddings, convolutions in a row that are alike."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ...analysis.windows import Along, Window
from ...engine.node import ScopeName
from ...errors import nearest
from ...graph.graph import Graph

if TYPE_CHECKING:
    from .layers import Layer

Scopes = tuple[ScopeName, ...]


def modules_at(layers: list[Layer], depth: int) -> dict[Scopes, str]:
    """The module calls that many levels below the outermost one. A module of one layer is that layer."""
    within = Counter(n.scopes[: depth + 1] for n in layers if len(n.scopes) > depth)
    return {call: "block" for call, count in within.items() if count > 1}


def plumbing(layers: list[Layer]) -> dict[Scopes, str]:
    """Modules that only move values about in several operations, such as a padding by reflection."""
    outer = {n.scopes[:k] for n in layers for k in range(len(n.scopes))}
    kinds: dict[Scopes, list[str]] = {}
    for n in layers:
        if len(n.scopes) > 1 and n.scopes not in outer:
            kinds.setdefault(n.scopes, []).append(n.kind if not n.parameters else "weighty")
    return {call: "other" for call, found in kinds.items() if len(found) > 1 and set(found) <= {"other", "cat"}}


def without_pads(layers: list[Layer]) -> list[Layer]:
    """A padding before a convolution is the convolution's."""
    gone: dict[int, int] = {}
    uses = Counter(i for n in layers for i in n.sources)
    for n in layers:
        pad = layers[n.sources[0]] if len(n.sources) == 1 else n
        if n.kind != "conv" or n.window is None or n.window.spreads or pad.kind != "other" or uses[pad.index] != 1 or len(pad.sources) != 1:
            continue
        before = layers[pad.sources[0]]
        grown = [a - b for a, b in zip(pad.space, before.space, strict=False)]
        if (
            pad.parameters
            or len(before.space) != len(pad.space)
            or before.channels != pad.channels
            or min(grown, default=0) < 0
            or not any(grown)
        ):
            continue
        n.window = _padded(n.window, before.space, _sides(pad, grown))
        gone[pad.index] = before.index
    return _renumbered(layers, gone)


def _sides(pad: Layer, grown: list[int]) -> list[tuple[int, int]]:
    """How far it pads before and after along each dimension: one operation says so, of several both sides are taken to be alike."""
    if [s.name for s in pad.steps] == ["pad_constant"]:
        sides: list[tuple[int, int]] = pad.head.params["widths"][-len(grown) :]
        return sides
    return [(more // 2, more - more // 2) for more in grown]


def _padded(w: Window, size: tuple[int, ...], sides: list[tuple[int, int]]) -> Window:
    """The windows over the input before it was padded."""
    along = []
    for a, n, (before, after) in zip(w.along, size, sides, strict=True):
        along.append(Along(n, a.kernel, a.stride, a.before + before, a.after + after, a.dilation, a.ceil))
    return replace(w, along=tuple(along))


def merged_runs(layers: list[Layer]) -> list[Layer]:
    """Convolutions in a row become one layer, where they are alike and the shape stays."""
    gone: dict[int, int] = {}
    uses = Counter(i for n in layers for i in n.sources)
    for n in layers:
        if len(n.sources) != 1:
            continue
        at = n.sources[0]
        first = layers[gone.get(at, at)]
        if first.kind != "conv" or uses[at] != 1 or first.shape != n.shape or first.window is None or n.window is None:
            continue
        if _form(first.window) != _form(n.window) or any(s != 1 for s in n.window.stride):
            continue
        first.count += 1
        first.steps += n.steps
        first.parameters += n.parameters
        first.out = n.out
        gone[n.index] = first.index
    return _renumbered(layers, gone)


def _form(w: Window) -> tuple[Any, ...]:
    """What the windows of a row have in common; only the first may step."""
    return w.kind, w.kernel, w.dilation, w.groups


def _renumbered(layers: list[Layer], gone: dict[int, int]) -> list[Layer]:
    """The layers without those that are gone, each of which another stands for."""
    kept = [n for n in layers if n.index not in gone]
    new = {n.index: k for k, n in enumerate(kept)}
    for n in kept:
        n.sources = list(dict.fromkeys(new[gone.get(i, i)] for i in n.sources))
    for n in kept:
        n.index = new[n.index]
    return kept


def focused(graph: Graph, path: str, what: str = "volumes") -> Graph:
    """The part of a graph that one module computes.

    Raises:
        ValueError: no module of that name was called.
    """
    names = tuple(path.split("."))
    calls: dict[str, Scopes] = {}
    for s in graph.steps:
        for k in range(1, len(s.scope) + 1):
            calls.setdefault(".".join(n.name for n in s.scope[:k] if n.name), s.scope[:k])
    call = calls.get(".".join(names))
    if call is None or not path:
        raise ValueError(f"draw.{what}: expected focus to be a module the model calls, got {path!r}.{nearest(path, calls)}")
    steps = tuple(s for s in graph.steps if s.scope[: len(call)] == call)
    made = {i for s in steps for i in s.outputs}
    used = {i for s in graph.steps if s.scope[: len(call)] != call for i in s.inputs} | set(graph.outputs)
    inputs = tuple(dict.fromkeys(i for s in steps for i in s.inputs if i not in made and graph.values[i].kind in ("result", "input")))
    top = replace(call[-1], name="")
    inner = tuple(replace(s, scope=(top, *s.scope[len(call) :])) for s in steps)
    return Graph(graph.values, inner, inputs, tuple(i for i in sorted(made) if i in used))
