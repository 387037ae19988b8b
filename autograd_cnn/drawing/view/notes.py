"""What a card says of its operation besides its name: the settings, and what it does that an operation does not always do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from ...analysis.windows import window_of
from ...graph.graph import Graph
from ...graph.step import Step, Value
from ..canvas.text import Words


def notes_of(steps: Sequence[Step], main: Step, graph: Graph, words: Words) -> list[str]:
    """The settings of what the steps are about in the field's words, and where a gradient stops, a hook waits, memory is overwritten,
    something is computed again."""
    found = settings_of(main, graph, words)
    if any(s.overwrites is not None for s in steps):
        found.append(words("in place"))
    if any(s.again for s in steps):
        found.append(words("computed again"))
    hooks = sum(hooks_on(graph.values[o].node) for s in steps for o in s.outputs)
    if hooks:
        found.append(words("one hook") if hooks == 1 else words("hooks", hooks))
    if stops(steps, graph):
        found.append(words("stops gradient"))
    return list(dict.fromkeys(found))


def settings_of(step: Step, graph: Graph, words: Words) -> list[str]:
    """Window, stride, padding, dilation, groups; the dims that something is done along, where the label does not say so."""
    window = window_of(step, graph)
    if window is not None:
        found = [sizes(window.kernel)] if "×" not in step.label else []
        for key, values in (("stride", window.stride), ("dilation", window.dilation)):
            if set(values) != {1}:
                found.append(f"{words(f'setting {key}')} {_brief(values)}")
        padding = [before if before == after else f"{before}+{after}" for before, after in window.padding]
        if set(padding) != {0}:
            found.append(f"{words('setting padding')} {_brief(padding)}")
        return found + ([words("in groups", window.groups)] if window.groups > 1 else [])
    for name in ("dim", "dims"):
        dims = step.params.get(name)
        if isinstance(dims, int | tuple) and not isinstance(dims, bool) and step.family in ("reduce", "activation", "loss"):
            return [words("along", _along(dims))] if dims != () and f"dim {dims}" not in step.label else []
    return []


def stops(steps: Sequence[Step], graph: Graph) -> bool:
    """Does something that wants a gradient come in, and nothing that wants one go out?"""
    made = {o for s in steps for o in s.outputs}
    wanted = any(graph.values[i].requires_grad for s in steps for i in s.inputs if i not in made)
    return wanted and not any(graph.values[o].requires_grad for o in made)


def passes_back(step: Step, value: int, values: Sequence[Value]) -> bool:
    """Does a step hand a gradient back to one of its inputs? Not to what it takes as bare numbers, or does not record."""
    if not any(values[o].requires_grad for o in step.outputs):
        return False
    return any(i == value and place not in step.bare for place, i in enumerate(step.inputs))


def cuts_among(steps: Sequence[Step], values: Sequence[Value]) -> list[Step]:
    """The operations that hand no gradient back to something they take, which wants one. What a call of the library is made of is not
    looked into."""
    parts = Counter(s.call for s in steps)
    return [
        s
        for s in steps
        if (s.call is None or parts[s.call] == 1) and any(values[i].requires_grad and not passes_back(s, i, values) for i in s.inputs)
    ]


def hooks_on(node: Any) -> int:
    """How many hooks wait on a node for its gradient."""
    extra = getattr(node, "extra", None)
    return 0 if extra is None else len(extra.hooks) + len(extra.before) + len(extra.behind) + len(extra.after)


def sizes(values: Sequence[Any]) -> str:
    """`3×3`"""
    return "×".join(map(str, values))


def _brief(values: Sequence[Any]) -> str:
    return str(values[0]) if len(set(values)) == 1 else sizes(values)


def _along(dims: int | tuple[int, ...]) -> str:
    return str(dims) if isinstance(dims, int) else ", ".join(map(str, dims))
