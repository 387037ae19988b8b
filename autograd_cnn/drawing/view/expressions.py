"""How a graph over plain numbers is folded: by module, by expression, by repeats.

An expression is what no other part of the graph looks into: operations of which each result goes to the next one alone, up to a
value that is used twice, or is named, or is a result of the graph. Expressions that repeat, each going on with what the one before
gave, are one: the steps of a recurrence, the terms of a series.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ...graph.graph import Graph
from ...graph.step import Step
from ..canvas.text import Words
from .view import NAMELESS, Scopes, Unit

LONGEST_PERIOD = 40  # so many operations may repeat as a group
FEWEST_COPIES = 3
FUNCTION_OF = 3  # so many operations end in a function to be an expression of their own


@dataclass(slots=True, eq=False)
class Expression:
    """Operations drawn as one, in execution order. `scopes`: the module call they are, if they are one."""

    steps: list[Step]
    scopes: Scopes = ()
    copies: list[list[Step]] = field(default_factory=list)

    @property
    def root(self) -> Step:
        return self.steps[-1]


def expressions_of(graph: Graph, repeats: bool) -> list[Expression]:
    """The expressions of a graph in the order of their results; `repeats`: those that repeat put together."""
    uses: dict[int, list[int]] = {}
    for s in graph.steps:
        for i in s.inputs:
            uses.setdefault(i, []).append(s.index)
    leaving = set(graph.outputs)
    rows = {e.root.index: e for e in _repeated(graph)} if repeats else {}
    group: dict[int, int] = _modules(graph, uses)  # the step that gives the result -> for each step
    group.update({s.index: root for root, e in rows.items() for s in e.steps})
    functions = _functions(graph, uses)
    for s in reversed(graph.steps):
        if s.index in group:
            continue
        out = s.outputs[0]
        users = set(uses.get(out, ()))
        inner = len(users) == 1 and out not in leaving and graph.values[out].name is None and s.index not in functions
        head = group[next(iter(users))] if inner else s.index
        group[s.index] = head if graph.steps[head].scope == s.scope and head not in rows else s.index
    parts: dict[int, list[Step]] = {}
    for s in graph.steps:
        parts.setdefault(group[s.index], []).append(s)
    found = [rows.get(root) or Expression(parts[root]) for root in sorted(parts)]
    for e in found:
        if not e.copies and (len({s.scope for s in e.steps}) > 1 or (len(e.steps) > 1 and e.root.scope and _is_call(e, graph))):
            e.scopes = _common(e.steps)
    return found


def unit_of(e: Expression, words: Words) -> Unit:
    """Operations on plain numbers as one unit, called by the last of them."""
    if len(e.steps) == 1:
        return Unit("", "op", words.label(e.root.label), e.root.scope, e.steps)
    label = words.label(e.root.label)
    two = len(e.root.inputs) > 1 and not any(c.isalpha() for c in label)
    title = f"… {label} …" if two else f"{label}(…)" if any(c.isalpha() for c in label) else f"{label} …"
    if e.scopes and not e.copies:
        return Unit("", "module", e.scopes[-1].name or e.scopes[-1].kind, e.scopes, e.steps)
    if e.copies:
        return Unit("", "deck", title, e.root.scope, e.steps, copies=e.copies, loop=True)
    return Unit("", "module", title, (*e.scopes, NAMELESS), e.steps)


def _modules(graph: Graph, uses: dict[int, list[int]]) -> dict[int, int]:
    """Steps of innermost module calls from which a single number leaves."""
    calls: dict[Scopes, list[Step]] = {}
    for s in graph.steps:
        if s.scope:
            calls.setdefault(s.scope, []).append(s)
    outer = {scope[:k] for scope in calls for k in range(1, len(scope))}
    group: dict[int, int] = {}
    for scope, steps in calls.items():
        inside = {s.index for s in steps}
        given = [o for s in steps for o in s.outputs if o in graph.outputs or any(u not in inside for u in uses.get(o, ()))]
        if scope not in outer and len(given) == 1 and given[0] in steps[-1].outputs:
            group.update(dict.fromkeys(inside, steps[-1].index))
    return group


def _functions(graph: Graph, uses: dict[int, list[int]]) -> set[int]:
    """Steps that apply a function (tanh, exp) to several operations: what a unit of a network ends in stands for itself."""
    size: dict[int, int] = {}
    found = set()
    for s in graph.steps:
        count = 1 + sum(size.get(i, 0) for i in s.inputs if len(uses[i]) == 1)
        if count >= FUNCTION_OF and s.label[:1].isalpha():
            found.add(s.index)
            count = 0
        size.update(dict.fromkeys(s.outputs, count))
    return found


def _is_call(e: Expression, graph: Graph) -> bool:
    """Are these all operations of a module call?"""
    return sum(s.scope == e.root.scope for s in graph.steps) == len(e.steps)


def _common(steps: list[Step]) -> Scopes:
    first = steps[0].scope
    end = 0
    while end < len(first) and all(s.scope[: end + 1] == first[: end + 1] for s in steps):
        end += 1
    return first[:end]


def _repeated(graph: Graph) -> list[Expression]:
    """Stretches of operations that repeat, each going on with what the one before gave."""
    at_of = {o: s.index for s in graph.steps for o in s.outputs}
    marks = [_mark(graph, s, at_of) for s in graph.steps]
    found: list[Expression] = []
    at = free = 0
    while at < len(marks):
        period, times = _longest(marks, at)
        if not times:
            at += 1
            continue
        for first, end in (_widened(graph, marks, at, period, times, free), (at, at + period * times)):
            steps = graph.steps[first:end]
            if _one_leaves(graph, steps):
                found.append(Expression(list(steps), copies=[list(steps[k : k + period]) for k in range(0, len(steps), period)]))
                at = free = end
                break
        else:
            at += 1
    return found


def _widened(graph: Graph, marks: list[Mark], at: int, period: int, times: int, free: int) -> tuple[int, int]:
    """The same repeats from the last of them backwards: the first may begin with leaves, where the others go on."""
    end = at + period * times
    while end < len(marks) and marks[end] == marks[end - period]:
        end += 1
    first = at
    while first > free and graph.steps[first - 1].name == graph.steps[first - 1 + period].name:
        first -= 1
    return end - (end - first) // period * period, end


Source = tuple[str, int]  # where an argument comes from: so many operations before, or from a leaf, or a number
Mark = tuple[str, str, tuple[Source, ...]]


def _mark(graph: Graph, step: Step, at_of: dict[int, int]) -> Mark:
    """What an operation does to what."""
    sources: list[Source] = []
    for i in step.inputs:
        v = graph.values[i]
        if i in at_of:
            sources.append(("before", step.index - at_of[i]))
        else:
            sources.append(("number" if v.kind == "constant" and v.name is None else "leaf", 0))
    return step.name, step.label if step.name != "power" else "", tuple(sources)


def _longest(marks: list[Mark], at: int) -> tuple[int, int]:
    """The period and the number of repeats that cover most from here on, each going on with what the one before gave."""
    best = (0, 0)
    for period in range(1, min(LONGEST_PERIOD, (len(marks) - at) // FEWEST_COPIES) + 1):
        times = 1
        while marks[at + times * period : at + (times + 1) * period] == marks[at : at + period]:
            times += 1
        goes_on = any(
            kind == "before" and k < far <= k + period for k, (_, _, sources) in enumerate(marks[at : at + period]) for kind, far in sources
        )
        if times >= FEWEST_COPIES and goes_on and times * period > best[0] * best[1]:
            best = (period, times)
    return best


def _one_leaves(graph: Graph, steps: Sequence[Step]) -> bool:
    """Does a single number leave these operations, the last one's?"""
    inside = {s.index for s in steps}
    given = {o for s in steps for o in s.outputs}
    taken = {i for s in graph.steps if s.index not in inside for i in s.inputs} | set(graph.outputs)
    return given & taken == {steps[-1].outputs[0]}
