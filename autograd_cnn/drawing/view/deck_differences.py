"""How the copies of a deck differ: nothing is put together silently."""

from __future__ import annotations

from typing import Any

from ...graph.graph import Graph
from ...graph.step import Step
from ..canvas.text import Words, shape
from .blocks import Block, Deck, plain
from .view import Difference

Known = dict[tuple[str, str, int], Step]  # (the module within the copy, the operation, the how-manieth) -> the step


def differences(graph: Graph, deck: Deck) -> list[Difference]:
    """What tells the copies apart, the same difference once for all that have it."""
    usual = _steps(graph, deck.copies[deck.usual])
    found: dict[tuple[Any, ...], list[int]] = {}
    for number, copy in enumerate(deck.copies):
        if number != deck.usual and (difference := _compare(graph, _steps(graph, copy), usual)) != ((), (), ()):
            found.setdefault(difference, []).append(number)
    return [Difference(tuple(copies), *difference) for difference, copies in found.items()]


def _steps(graph: Graph, copy: list[Block]) -> Known:
    known: Known = {}
    counts: dict[tuple[str, str], int] = {}
    for block in copy:
        outer = len(block.scopes)
        for step in graph.steps[block.start : block.end]:
            key = ".".join(s.name for s in step.scope[outer:]), step.name
            counts[key] = counts.get(key, 0) + 1
            known[*key, counts[key]] = step
    return known


def _compare(graph: Graph, ours: Known, usual: Known) -> tuple[Any, ...]:
    changed: dict[tuple[str, str, str], None] = {}
    for key in ours.keys() & usual.keys():
        where = key[0] or key[1]
        a, b = ours[key], usual[key]
        for name in a.params if a.family != "index" else ():
            if a.params[name] != b.params.get(name) and plain(a.params[name]) and not name.startswith("_"):
                changed[f"{where} {name}", _setting(a.params[name]), _setting(b.params.get(name))] = None
        for x, y in zip(_weights(graph, a), _weights(graph, b), strict=False):
            if x != y:
                changed[f"{where} weight", x, y] = None
    return _named(ours, usual), _named(usual, ours), tuple(sorted(changed))


def _named(here: Known, there: Known) -> tuple[str, ...]:
    """What is here and not there, by module where it stands in one."""
    return tuple(sorted({key[0].split(".")[0] or key[1] for key in here.keys() - there.keys()}))


def _weights(graph: Graph, step: Step) -> list[str]:
    return [shape(graph.values[i].shape) for i in step.inputs if graph.values[i].kind == "parameter"]


def _setting(v: Any) -> str:
    """`(2, 2)` is said as 2."""
    if isinstance(v, tuple | list):
        return str(v[0]) if v and all(x == v[0] for x in v) else "×".join(map(str, v))
    return str(v)


def told(difference: Difference, count: int, words: Words, brief: bool = False) -> str:
    """A difference in words: "in the first also downsample, conv2 stride 2 instead of 1". If `brief`, weights of other
    shapes are left out where more is to be said."""
    parts = []
    if difference.extra:
        parts.append(words("also", ", ".join(difference.extra)))
    if difference.lacking:
        parts.append(words("without", ", ".join(difference.lacking)))
    settings = [c for c in difference.changed if not c[0].endswith(" weight")]
    parts += [words("instead", *map(words.label, c)) for c in (settings if brief and (parts or settings) else difference.changed)]
    return f"{_which(difference.copies, count, words)} {', '.join(parts)}"


def told_together(found: list[Difference], count: int, words: Words) -> list[str]:
    """All differences in words, briefly. Where nothing but weights changes from copy to copy, how it goes on is told once."""
    only_weights = all(not d.extra and not d.lacking and all(c[0].endswith(" weight") for c in d.changed) for d in found)
    if len(found) < 2 or not only_weights:
        return [told(d, count, words, brief=True) for d in found]
    by_copy = {i: {name: (own, usual) for name, own, usual in d.changed} for d in found for i in d.copies}
    lines = []
    for name in dict.fromkeys(name for d in found for name, _, _ in d.changed):
        usual = next(c[name][1] for c in by_copy.values() if name in c)
        first, last = (by_copy.get(i, {}).get(name, (usual, usual))[0] for i in (0, count - 1))
        lines.append(words("goes on", name, words.label(first), words.label(last)))
    return lines


def _which(copies: tuple[int, ...], count: int, words: Words) -> str:
    if copies == (0,):
        return words("in the first")
    if copies == (count - 1,):
        return words("in the last")
    if len(copies) == 1:
        return words("in number", copies[0] + 1)
    return words("in some", len(copies), count)
