"""What a file can hold as numbers, because no input changes it."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from ..engine.variable import Variable
from ..graph.graph import Graph
from ..graph.step import Step, exchanged
from ..random import Generator, get_rng_state, set_rng_state
from .dims import merged


def folded(graphs: Sequence[Graph], used: Sequence[Step], named: Mapping[int, str]) -> dict[int, tuple[Any, ...]]:
    """What operations without a rule give that compute from constants alone (places from an index, masks), by the numbers of their steps.
    `named`: parameters and buffers, which are no constants."""
    without = {s.index: s for s in used if s.primitive.onnx_rule is None}
    if not without:
        return {}
    found = [_computed(g, named) for g in graphs]
    return {
        k: tuple(merged(list(ys), f"what {step.name} gives") for ys in zip(*(f[k] for f in found), strict=True))
        for k, step in without.items()
        if all(k in f for f in found)
    }


def _computed(graph: Graph, named: Mapping[int, str]) -> dict[int, tuple[Any, ...]]:
    """The results of all steps whose inputs are constants, or such results."""
    known: dict[int, Any] = {}
    for v in graph.values:
        raw = v.data.value if isinstance(v.data, Variable) else v.data
        if v.kind == "constant" and v.name is None and id(raw) not in named:
            known[v.id] = raw
    made = {}
    for step in graph.steps:
        if all(i in known for i in (*step.inputs, *step.linked.values())):
            given = [known[i] for i in step.inputs]
            for at in step.absent:
                given.insert(at, None)
            params = {k: exchanged(p, step.linked, known.__getitem__) for k, p in step.params.items()}
            state = get_rng_state()
            y = step.primitive.forward(*given, **params)
            if _draws(params) or (get_rng_state() != state).any():  # by chance: each run of the file would have the same
                set_rng_state(state)
                continue
            made[step.index] = y if isinstance(y, tuple) else (y,)
            known.update(zip(step.outputs, made[step.index], strict=True))
    return made


def _draws(params: Mapping[str, Any]) -> bool:
    """Does it compute with a generator of random numbers?"""
    fn = params.get("fn")
    return isinstance(fn, functools.partial) and any(isinstance(a, Generator) for a in fn.args)


def said(graph: Graph, step: Step) -> str:
    """An operation's name; where it only computes from values what another one works with, that one's."""
    if step.name != "derived":
        return step.name
    outputs = set(step.outputs)
    return next(
        (f"what {s.name} takes from values" for s in graph if outputs & {*s.inputs, *s.linked.values()}), "an output taken from values"
    )
