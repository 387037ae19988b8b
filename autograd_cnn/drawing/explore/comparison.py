"""Two documents as one: what was added, removed, changed, and by how much gradients and weights differ.

Nodes are matched level by level: by their names, and where those are numbers by what they are, so that a layer put into a row moves the
others along. What only the first has stands among the second's nodes, with the values that it took and gave. A node of such a document has
`change`: `status` ("added", "removed", "changed", "inside": something within has changed; left out: the same), `was`: what differs, as the
first has it, `ratios`: the second's norm over the first's, of "gradient" (of the result), "weights" and "weights' gradient", 1 where both
are zero, null where only the first is.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from .norms import Norms

COMPARED = ("kind", "args", "shape", "dtype", "parameters", "copies")
Node = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Compared:
    """The document of both, headed and coloured as the second is; and for each, what changed at its operations, in their order."""

    document: dict[str, Any]
    of_first: list[dict[str, Any]]
    of_second: list[dict[str, Any]]


def compared(first: dict[str, Any], second: dict[str, Any]) -> Compared:
    """Lay one document into the other."""
    merger = _Merger(first, second)
    document = merger.merged()

    def changes(side: _Side, at: dict[int, int]) -> list[dict[str, Any]]:
        return [merger.nodes[at[k]].get("change", {}) for k in range(len(side.nodes)) if side.role(k) == "op"]

    return Compared(document, changes(merger.a, merger.of_first), changes(merger.b, merger.at))


class _Side:
    """A document as a tree. Rows of modules that do the same count as the modules in them."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self.nodes: list[Node] = document["nodes"]
        self.norms = Norms(document)
        self.below: dict[int | None, list[int]] = {}
        for k, n in enumerate(self.nodes):
            self.below.setdefault(n.get("in"), []).append(k)

    def role(self, k: int) -> str:
        return str(self.nodes[k].get("role", "op"))

    def parts(self, k: int | None) -> list[int]:
        found: list[int] = []
        for c in self.below.get(k, ()):
            found += self.parts(c) if self.role(c) == "deck" else [c]
        return found

    def key(self, k: int) -> str:
        """By what a node is known among its neighbours."""
        n = self.nodes[k]
        name = str(n["name"])
        return (
            f"{self.role(k) if self.role(k) in ('input', 'output') else ''} {n['kind'] if name.isdigit() or name == n.get('op') else name}"
        )

    def facts(self, k: int) -> dict[str, Any]:
        """What may differ."""
        n, texts = self.nodes[k], self.document["texts"]
        values = self.document["values"]
        result: dict[str, Any] = next((values[v] for v in (n.get("gives") or n.get("takes") or self.norms.results(k))[:1]), {})
        found = {"kind": n["kind"], "args": texts[n["args"]] if "args" in n else "", "shape": "×".join(map(str, result.get("shape", ())))}
        found |= {"dtype": result.get("dtype", self.document["dtype"] if "shape" in result else "")}
        return found | {"parameters": self.norms.parameters(k), "copies": n.get("copies", 1)}


class _Merger:
    def __init__(self, first: dict[str, Any], second: dict[str, Any]) -> None:
        self.a, self.b = _Side(first), _Side(second)
        self.nodes: list[Node] = []
        self.values: list[dict[str, Any]] = list(second["values"])
        self.texts: list[str] = list(second["texts"])
        self.number_of_text = {text: k for k, text in enumerate(self.texts)}
        self.places: list[Any] = list(second["places"])
        self.figures: list[str] = list(second["figures"])
        self.value_of: dict[int, int] = {}  # the first's values -> ours
        self.at: dict[int, int] = {}  # the second's nodes -> ours
        self.of_first: dict[int, int] = {}  # the first's nodes -> ours
        self.counts: Counter[str] = Counter()

    def merged(self) -> dict[str, Any]:
        self.level(None, None, None)
        for node in self.nodes:
            for kept in node.get("keeps", ()):
                if len(kept) > 2 and kept[2] >= 0:
                    kept[2] = self.at.get(kept[2], -1)
        self.link()
        self.inside()
        found = {
            **self.b.document,
            "nodes": self.nodes,
            "values": self.values,
            "texts": self.texts,
            "places": self.places,
            "figures": self.figures,
        }
        found["operations"] = {**self.a.document["operations"], **self.b.document["operations"]}
        found["backward"] = bool(self.a.document["backward"] and self.b.document["backward"])
        found["compared"] = {k: self.counts[k] for k in ("added", "removed", "changed")}
        found.pop("color", None)
        return found

    # ------------------------------------------------------------------------------------------------- matching
    def level(self, a: int | None, b: int | None, within: int | None) -> None:
        """Lay the parts of two matched nodes into each other."""
        of_a, of_b = self.a.parts(a), self.b.parts(b)
        for one, other in self.pairs(of_a, of_b):
            if one is None and other is not None:
                self.copy(self.b, other, within, "added")
            elif other is None and one is not None:
                self.copy(self.a, one, within, "removed")
            elif one is not None and other is not None:
                at = self.put(self.b, other, within)
                self.know(one, other, at)
                self.change(one, other, at)
                self.level(one, other, at)

    def pairs(self, of_a: list[int], of_b: list[int]) -> Iterator[tuple[int | None, int | None]]:
        keys_a, keys_b = [self.a.key(k) for k in of_a], [self.b.key(k) for k in of_b]
        for tag, i, to_i, j, to_j in SequenceMatcher(None, keys_a, keys_b, autojunk=False).get_opcodes():
            same = tag == "equal" or (tag == "replace" and to_i - i == to_j - j)
            if same and all(self.alike(x, y) for x, y in zip(of_a[i:to_i], of_b[j:to_j], strict=True)):
                yield from zip(of_a[i:to_i], of_b[j:to_j], strict=True)
            else:
                yield from ((k, None) for k in of_a[i:to_i])
                yield from ((None, k) for k in of_b[j:to_j])

    def alike(self, a: int, b: int) -> bool:
        """May one have become the other? Not an input an operation."""
        ends = ("input", "output", "failure")
        return self.a.role(a) == self.b.role(b) or not (self.a.role(a) in ends or self.b.role(b) in ends)

    # ------------------------------------------------------------------------------------------------- building
    def put(self, side: _Side, k: int, within: int | None) -> int:
        at = len(self.nodes)
        node = {key: v for key, v in side.nodes[k].items() if key != "in"}
        node["keeps"] = [list(kept) for kept in node.get("keeps", ())]
        if not node["keeps"]:
            del node["keeps"]
        if within is not None:
            node["in"] = within
        self.nodes.append(node)
        (self.at if side is self.b else self.of_first)[k] = at
        return at

    def copy(self, side: _Side, k: int, within: int | None, status: str) -> None:
        """A node that only one of them has, with all in it."""
        self.counts[status] += 1
        waiting = [(k, within)]
        while waiting:
            part, outer = waiting.pop()
            at = self.put(side, part, outer)
            node = self.nodes[at]
            node["change"] = {"status": status}
            if side is self.a:
                node.pop("keeps", None)
                for said in ("args", "sum"):
                    if said in node:
                        node[said] = self.text(side.document["texts"][node[said]])
                if "figure" in node:
                    self.figures.append(side.document["figures"][node["figure"]])
                    node["figure"] = len(self.figures) - 1
                if "place" in node:
                    self.places.append(side.document["places"][node["place"]])
                    node["place"] = len(self.places) - 1
                node["gives"] = [self.value(v) for v in node.get("gives", ())]
                node["takes"] = [self.value(v) for v in node.get("takes", ())]
            waiting += [(c, at) for c in reversed(side.parts(part))]

    def text(self, said: str) -> int:
        if said not in self.number_of_text:
            self.number_of_text[said] = len(self.texts)
            self.texts.append(said)
        return self.number_of_text[said]

    def value(self, v: int) -> int:
        """A value of the first: that of the matched node, or one of its own."""
        if v not in self.value_of:
            self.value_of[v] = len(self.values)
            self.values.append(self.a.document["values"][v])
        return self.value_of[v]

    def know(self, a: int, b: int, at: int) -> None:
        one, other = self.a.nodes[a], self.b.nodes[b]
        self.value_of.update(zip(one.get("gives", ()), other.get("gives", ()), strict=False))
        self.nodes[at]["first"] = a
        self.of_first[a] = at

    def link(self) -> None:
        """What a node that was removed gave went to nodes that are still there."""
        removed = {v for n in self.nodes if n.get("change", {}).get("status") == "removed" for v in n.get("gives", ())}
        for node in self.nodes:
            a = node.pop("first", None)
            if a is None:
                continue
            before = [self.value_of[v] for v in self.a.nodes[a].get("takes", ()) if v in self.value_of and self.value_of[v] in removed]
            if before:
                node["before"] = before

    # ------------------------------------------------------------------------------------------------- what differs
    def change(self, a: int, b: int, at: int) -> None:
        was, now = self.a.facts(a), self.b.facts(b)
        found: dict[str, Any] = {}
        different = {k: was[k] for k in COMPARED if was[k] != now[k]}
        module = self.b.role(b) in ("module", "deck", "call")
        if different and not (module and set(different) <= {"parameters", "copies"}):
            found["status"] = "changed"
            self.counts["changed"] += 1
        if different:
            found["was"] = different
        ratios = {
            k: _ratio(x, y) for k, x, y in zip(Norms.KINDS, self.a.norms.of(a), self.b.norms.of(b), strict=True) if None not in (x, y)
        }
        if ratios:
            found["ratios"] = ratios
        if found:
            self.nodes[at]["change"] = found

    def inside(self) -> None:
        """Modules in which something has changed say so."""
        for node in reversed(self.nodes):
            if node.get("change", {}).get("status") and "in" in node:
                self.nodes[node["in"]].setdefault("change", {}).setdefault("status", "inside")


def _ratio(first: float | None, second: float | None) -> float | None:
    if first is None or second is None:
        return None
    if not first:
        return None if second else 1.0
    ratio = second / first
    return round(ratio, 3 - math.floor(math.log10(ratio))) if ratio and math.isfinite(ratio) else ratio if ratio == 0 else None
