"""What the figure of a graph, its nodes and its results are called."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...ops.registry.expose import FUNCTIONAL, FUNCTIONS, METHODS
from ..canvas.text import Words
from .view import Unit, View, has_gradients, is_freed, leaves_only, number_of, summary


def subtitle_of(view: View, words: Words, precision: int) -> str:
    """What a graph is, in one line."""
    facts = summary(view)
    shown = facts["operations"] if not view.folded else words("drawn as", words.count(facts["operations"]), len(view.units))
    parts = [words.operations(facts["operations"]) if not view.folded else shown]
    if facts["held"] > facts["parameters"]:
        parts.append(words("parameters of", words.count(facts["parameters"]), words.count(facts["held"])))
    elif facts["parameters"]:
        parts.append(words.parameters(facts["parameters"]))
    if facts["frozen"]:
        parts.append(words("of them frozen", words.count(facts["frozen"])))
    if facts["dtype"]:
        parts.append(facts["dtype"])
    for u in view.units:
        if u.kind == "loss" and u.value is not None and (v := number_of(u.value)) is not None:
            name = words("loss") if sum(w.kind == "loss" for w in view.units) == 1 else u.title
            parts.append(f"{name} {words.figure(v, precision)}")
    if facts["kept"]:
        parts.append(words("kept in all", words.memory(facts["kept"])))
    if is_freed(view.graph):
        parts.append(words("freed"))
        if has_gradients(view.graph) and leaves_only(view.graph):
            parts.append(words("leaves only"))
    return words.comma.join(parts)


def title_of(unit: Unit, size: int) -> str:
    """What the user wrote: the label of the operation, or of the one that a call of several is named after, or the call's own name, if all
    its operations (`size`) are here."""
    call, label = unit.steps[0].call, unit.main.label
    if call is None or len(unit.steps) != size:
        return label
    name, first = _squashed(call[0]), _squashed(label.split(" ")[0])
    if _squashed(label).startswith(name) or (len(first) > 1 and name.startswith(first)):
        return label
    known = len(unit.steps) > 1 or (first.isascii() and call[0] in (FUNCTIONS.keys() | METHODS.keys() | FUNCTIONAL.keys()))
    return call[0].replace("_", " ") if known and (first or len(unit.steps) > 1) else label


def _squashed(name: str) -> str:
    return "".join(c for c in name.lower() if c.isalnum())


def output_names(structure: Any, name: str = "") -> Iterator[tuple[int, str]]:
    """What a function calls the values it returns, by their number: the keys of a dict, the fields of a named tuple."""
    if isinstance(structure, int) and not isinstance(structure, bool):
        yield structure, name
    elif isinstance(structure, dict):
        for key, part in structure.items():
            yield from output_names(part, str(key))
    elif isinstance(structure, tuple) and structure[:1] != ("constant",):
        for i, part in enumerate(structure):
            yield from output_names(part, structure._fields[i] if hasattr(structure, "_fields") else f"{name}.{i}" if name else "")
