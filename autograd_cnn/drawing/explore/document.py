"""What the page is told: one JSON document, compact and stable. Its scheme is `autograd_cnn.explore/1`:

- `title`, `subtitle`, `lang`, `theme`; `dtype`, which most values have; `backward`: are gradients known? `timed`: are times? `numbers`: are
  the results' own numbers? `root`: `name`, `kind`, `args` of the module around everything; `color`: what is coloured at first;
- `nodes`: a list in the order of execution, outer ones before what stands in them: `role` "module", "deck" (a row of `copies` that do the
  same), "call" (of a library function that is made of several operations), "input" (or `copies` of them), "output" or "failure" (left out:
  an operation); `in`: the number of the node around it (left out at the top); `name`; `kind`: class or label; `args`: the settings, a text;
  `open`: is it open at first? `label`, `color`: what a callback gave; `takes` and `gives`: the numbers of values, so that an edge runs from
  the node that gives a value to each that takes it; of an operation `op`: its name, `does`: its label where it is neither `kind` nor the
  usual one, `absent`: the places of arguments left out, `keeps`: `[text, bytes, node]` for each array kept for the backward pass, with the
  node that holds it already (-1: it is a parameter), `sum`: what the gradient of its first entry comes from, a text, `figure`: the number of
  its drawing entry by entry, `cost`: multiply-adds,
  `place`: the number of a line, `took`: seconds; of a failure its `message`, `expected`, `came`, `hint`;
- `values`: `shape` (left out: a plain number), `dtype` where it is not the usual one, `role` "parameter", "input" or "constant" (left out: a
  result), `frozen` of a parameter that takes no gradient, `name`, `is`: the number that it is, `grad`: the norm of the gradient, or "nan" or
  "missing" (left out: none is wanted or known), `stats`: `[least, most, mean, deviation, norm, zeros, nan, infinite]`, the last three
  shares of one, null where there is no number (the last two are left out where both are 0); `entries`: all of them, of an array that has
  few, and `grads`: those of its gradient; `dead`: the share of channels that are zero for
  every sample, of results that have any; `bars`: the heights of a histogram's bins, a sign of base 36 each (not of constants);
- `places`: `[file, line, text]`; `texts`: those that stand many times, by number; `operations`: for each `op` its `family`, its usual
  `label`, its `formula`, the names of its `inputs`; `figures`: SVG, compressed by gzip, as base64.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ...engine.versions import owner
from ...errors import nearest
from ...graph.step import Step, Value
from ..canvas.numbers import Numbers
from ..canvas.text import Words
from ..view.arguments import check_number
from ..view.blocks import plain
from ..view.builder import FEW_INPUTS
from ..view.failure import failure_of
from ..view.sources import Place, shown
from ..view.statistics import MOST_ENTRIES, Statistics, entries_of, rounded, statistics
from ..view.view import gradient_by, gradient_of, leaves_only
from ..view.watching import Watched, number_or_none
from .entry_sums import entry_figure, entry_sum
from .parts import Part, Tree

MODES = ("time", "multiply-adds", "bytes", "weights' gradient", "dead")
SCHEME = "autograd_cnn.explore/1"
_STATE_FAMILIES = ("norm", "dropout", "random")
_UNSHOWN = re.compile("[\x00-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
MOST_SUMS = 16  # different sums that are written out
MOST_FIGURES, MOST_OF_FIGURES = 12, 72_000  # drawings entry by entry that are tried, and characters of all
LONGEST = 200  # characters of a text that a program wrote


@dataclass(frozen=True, slots=True)
class Wishes:
    """What stands open at first (a depth or a predicate), what each part is called, what is coloured: a mode or a callback."""

    open: int | Callable[[Any], Any] | None = None
    label: Callable[[Part], Any] | None = None
    color_by: str | Callable[[Part], Any] | None = None
    timed: bool = False
    backward: bool = False

    def __post_init__(self) -> None:
        if isinstance(self.color_by, str) and self.color_by not in MODES:
            raise ValueError(
                f"draw: expected color_by to be a function of a part or one of {', '.join(map(repr, MODES))}, got {self.color_by!r}."
                + nearest(self.color_by, MODES)
            )
        if self.open is not None and not callable(self.open):
            check_number("open", self.open)


def document(watched: Watched, wishes: Wishes, title: str, subtitle: str, lang: str, theme: str) -> dict[str, Any]:
    """The document of a watched graph."""
    return _Writer(watched, wishes, lang, theme).written(title, subtitle)


class _Writer:
    def __init__(self, watched: Watched, wishes: Wishes, lang: str, theme: str) -> None:
        self.lang, self.theme = lang, theme
        self.watched, self.graph, self.wishes = watched, watched.graph, wishes
        self.numbers = Numbers("en")
        self.tree = Tree(watched)
        self.nodes: list[dict[str, Any]] = []
        self.values: list[dict[str, Any]] = []
        self.number: dict[int, int] = {}
        self.places: dict[Place, int] = {}
        self.operations: dict[str, dict[str, Any]] = {}
        self.texts: dict[str, int] = {}
        self.figures: list[str] = []
        self.drawings = 0  # that were tried
        self.used = {i for s in self.graph.steps for i in s.inputs} | set(self.graph.outputs)
        self.node_of: dict[int, int] = {}  # of a step
        self.of_part: dict[int, int] = {}  # id of a part -> its node
        kinds = Counter(v.dtype for v in self.graph.values if v.dtype and v.kind != "constant")
        self.dtype = next((kind for kind, _ in kinds.most_common(1)), "")
        self.leaves_only = leaves_only(self.graph)
        self.stored: dict[int, int] = {}  # id of an array that is kept -> the node that holds it
        self.sums: dict[Any, str] = {}  # of operations, by what they do on which shapes
        self.held: list[Any] = []  # those arrays, so that no other one takes the identity of one

    def written(self, title: str, subtitle: str) -> dict[str, Any]:
        for v in self.graph.values:
            if v.held == "parameter":
                self.store(v.data, -1)
        self.inputs()
        opened = self.tree.opened(self.wishes.open)
        for part in self.tree.top:
            self.part(part, None, opened)
        self.failure()
        self.outputs()
        root = self.tree.root
        found: dict[str, Any] = {
            "scheme": SCHEME,
            "title": short(title),
            "subtitle": short(subtitle),
            "lang": self.lang,
            "theme": self.theme,
            "dtype": self.dtype,
        }
        found |= {"backward": self.wishes.backward, "timed": self.wishes.timed, "numbers": bool(self.watched.statistics)}
        if root is not None:
            found["root"] = {"name": short(root.name or root.kind), "kind": short(root.kind), "args": self.text(settings_of(root.module))}
        if self.wishes.color_by is not None:
            found["color"] = "own" if callable(self.wishes.color_by) else self.wishes.color_by
        found |= {"nodes": self.nodes, "values": self.values}
        found |= {
            "places": [list(shown(p)) for p in self.places],
            "texts": list(self.texts),
            "figures": self.figures,
            "operations": self.operations,
        }
        return found

    # ------------------------------------------------------------------------------------------------- nodes
    def inputs(self) -> None:
        """The values that come from outside and are no parameters, state of a layer or plain numbers. Many of one shape that go the same way
        are one node."""
        producer = self.graph.producer()
        uses: dict[int, list[Step]] = {}
        for step in self.graph.steps:
            for i in step.inputs:
                uses.setdefault(i, []).append(step)
        standing = [v for v in self.graph.values if v.id not in producer and self.stands(v, uses.get(v.id, ()))]
        bare = [v for v in standing if not v.name]
        groups: dict[Any, list[tuple[str, Value]]] = {}
        for v in standing:
            name = v.name or ("x" if len(bare) == 1 else f"x{bare.index(v) + 1}")
            alike = tuple(s.index for s in uses.get(v.id, ())), v.shape, v.dtype, v.requires_grad
            groups.setdefault(alike, []).append((name, v))
        for group in groups.values():
            together = [group] if len(group) > FEW_INPUTS else [[one] for one in group]
            for some in together:
                name = some[0][0] if len(some) == 1 else f"{some[0][0]} … {some[-1][0]}"
                node = {"role": "input", "name": short(name), "kind": "", "takes": [], "gives": [self.value(v) for _, v in some]}
                self.nodes.append(node if len(some) == 1 else {**node, "copies": len(some)})

    def stands(self, v: Value, users: Sequence[Step]) -> bool:
        if v.kind == "parameter":
            return v.held != "parameter"
        if v.id in self.graph.inputs and v.kind == "input" and v.held != "parameter":
            return v.name is not None or not all(s.family in _STATE_FAMILIES and s.inputs[0] != v.id for s in users)
        return False

    def outputs(self) -> None:
        if self.watched.error is not None:
            return
        for number, i in enumerate(self.graph.outputs):
            v = self.graph.values[i]
            single = len(self.graph.outputs) == 1
            loss = single and v.requires_grad and math.prod(v.shape or ()) == 1
            name = v.name or ("loss" if loss else "output") + ("" if single else str(number))
            self.nodes.append({"role": "output", "name": short(name), "kind": "", "takes": [self.value(v)], "gives": []})

    def part(self, part: Part, within: int | None, opened: set[Part]) -> None:
        at = len(self.nodes)
        self.of_part[id(part)] = at
        node: dict[str, Any] = {"name": short(part.name), "kind": short(part.kind)}
        self.nodes.append(node)
        if part.role != "op":
            node["role"] = part.role
        if within is not None:
            node["in"] = within
        args = settings_of(part.module)
        if args:
            node["args"] = self.text(args)
        if part.copies > 1:
            node["copies"] = part.copies
        if part in opened:
            node["open"] = True
        if self.wishes.label is not None and (said := self.wishes.label(part)) is not None:
            node["label"] = short(str(said))
        if callable(self.wishes.color_by) and (shade := self.wishes.color_by(part)) is not None:
            node["color"] = rounded(float(shade)) if isinstance(shade, int | float) else short(str(shade))
        if part.role == "op":
            self.operation(node, part.steps[0], at)
        for inner in part.parts:
            self.part(inner, at, opened)

    def operation(self, node: dict[str, Any], step: Step, at: int) -> None:
        self.node_of[step.index] = at
        node["op"] = step.name
        known = self.operations.get(step.name, {}).get("label", step.label)
        if step.label not in (node["kind"], known):
            node["does"] = step.label
        args = ", ".join(f"{k}={short(repr(v))}" for k, v in step.params.items() if v is not None and plain(v) and not k.startswith("_"))
        if args and "args" not in node:
            node["args"] = self.text(args)
        node["takes"] = [self.value(self.graph.values[i]) for i in step.inputs]
        node["gives"] = [self.value(self.graph.values[o]) for n, o in enumerate(step.outputs) if not n or o in self.used]
        if step.absent:
            node["absent"] = list(step.absent)
        if keeps := self.kept(step, at):
            node["keeps"] = keeps
        if said := self.sum_of(step):
            node["sum"] = self.text(said)
            self.draw_entries(step, node)
        cost = Part("", "", "op", [step], self.watched).multiply_adds
        if cost:
            node["cost"] = cost
        place = self.watched.places.get(step.index)
        if place is not None:
            node["place"] = self.places.setdefault(place, len(self.places))
        if self.wishes.timed and step.index in self.watched.seconds:
            node["took"] = rounded(self.watched.seconds[step.index], 3)
        if step.name not in self.operations:
            names = [] if step.primitive.variadic else list(step.primitive.inputs)
            self.operations[step.name] = {"family": step.family, "label": step.label, "formula": formula_of(step), "inputs": names}

    def sum_of(self, step: Step) -> str:
        """Of an operation on few entries the sum that a gradient is, for one entry; once for all that do the same on the same shapes."""
        values = [self.graph.values[i] for i in (*step.inputs, *step.outputs)]
        alike = step.name, str(step.params), tuple(v.shape for v in values)
        node = next((n for o in step.outputs[:1] if (n := self.watched.nodes.get(o)) is not None), None)
        small = all(math.prod(v.shape or ()) <= MOST_ENTRIES for v in values) and any(v.shape for v in values)
        if node is None or not small or (alike not in self.sums and len(self.sums) >= MOST_SUMS):
            return ""
        if alike not in self.sums:
            self.sums[alike] = entry_sum(node, self.numbers)
        return self.sums[alike]

    def draw_entries(self, step: Step, node: dict[str, Any]) -> None:
        """Of the first operations on few entries their drawing entry by entry: each takes a tenth of a second to make."""
        if self.drawings == MOST_FIGURES:
            return
        self.drawings += 1
        drawn = entry_figure(self.watched.nodes[step.outputs[0]], Words(self.lang), self.theme)
        if drawn and sum(map(len, self.figures)) + len(drawn) <= MOST_OF_FIGURES:
            node["figure"] = len(self.figures)
            self.figures.append(drawn)

    def text(self, said: str) -> int:
        """The number of a text that stands many times."""
        return self.texts.setdefault(said, len(self.texts))

    def kept(self, step: Step, at: int) -> list[list[Any]]:
        """What the tape holds for an operation's rule, and who holds it already."""
        node = next((n for o in step.outputs if (n := self.watched.nodes.get(o)) is not None), None)
        if node is not None and node.prim is not None and node.prim.name == "pick" and step.name != "pick":
            node = node.inputs[0]
        found = []
        for k, raw in zip(node.prim.keep, node.kept or (), strict=False) if node is not None and node.prim is not None else ():
            if raw is None or k.kind not in ("input", "output", "context"):
                continue
            for part in raw.kept if k.kind == "context" else raw if isinstance(raw, tuple) else (raw,):
                if hasattr(part, "nbytes"):
                    by = self.store(part, at)
                    found.append([self.text(k.name if k.kind != "context" else "saved"), int(part.nbytes), *([] if by == at else [by])])
        return found

    def store(self, raw: Any, at: int) -> int:
        store = owner(raw)
        self.held.append(store)
        return self.stored.setdefault(id(store), at)

    def failure(self) -> None:
        """The operation that did not come about, in the module that it would have stood in."""
        failed = failure_of(self.watched)
        if failed is None:
            return
        inner, rest = self.tree.reached(failed.modules)
        names = [n for n in failed.names[len(failed.names) - rest :] if n]
        kind = type(failed.modules[-1]).__name__ if rest else failed.kind
        node: dict[str, Any] = {"role": "failure", "name": ".".join(names) or failed.kind, "kind": kind, "gives": []}
        node["takes"] = [self.value(self.graph.values[i]) for i in failed.takes]
        node |= {k: short(v) for k, v in failed.said().items()}
        if failed.place is not None:
            node["place"] = self.places.setdefault(failed.place, len(self.places))
        within = self.of_part.get(id(inner))
        if within is None:
            self.nodes.append(node)
            return
        node["in"] = within
        end = within + 1
        while end < len(self.nodes) and self.is_within(end, within):
            end += 1
        self.insert(end, node)

    def is_within(self, at: int, outer: int) -> bool:
        up: int | None = at
        while up is not None and up > outer:
            up = self.nodes[up].get("in")
        return up == outer

    def insert(self, at: int, node: dict[str, Any]) -> None:
        """A node in the midst of the others, which are renumbered."""
        for n in self.nodes:
            if n.get("in", -1) >= at:
                n["in"] += 1
            for kept in n.get("keeps", ()):
                if len(kept) > 2 and kept[2] >= at:
                    kept[2] += 1
        self.nodes.insert(at, node)

    # ------------------------------------------------------------------------------------------------- values
    def value(self, v: Value) -> int:
        if v.id in self.number:
            return self.number[v.id]
        at = self.number[v.id] = len(self.values)
        said: dict[str, Any] = {}
        self.values.append(said)
        if v.shape is not None:
            said["shape"] = list(v.shape)
        if v.dtype and v.dtype != self.dtype:
            said["dtype"] = v.dtype
        held = v.held == "parameter"
        if v.kind != "result":
            said["role"] = "parameter" if held else "input" if v.kind == "parameter" else v.kind
        if held and not v.requires_grad:
            said["frozen"] = True
        if v.name and v.kind != "result" and v.held != "buffer":  # what a buffer is its operation's argument says
            said["name"] = short(v.name)
        number = number_or_none(v)
        if number is not None:
            said["is"] = rounded(number, 6) if math.isfinite(number) else self.numbers.digits(number)
        self.gradient(v, said)
        found = self.watched.statistics.get(v.id)
        if found is None and v.kind != "result" and v.shape and (self.watched.numbers or held):
            found = statistics(v.data)
        if found is not None and math.prod(v.shape or ()) > 1:
            said["stats"] = _stats(found)
            if v.kind == "result" and found.dead is not None:
                said["dead"] = rounded(found.dead, 3)
            if found.bars and (held or v.kind != "constant"):
                said["bars"] = found.bars
            if found.entries:
                said["entries"] = [self.entry(e) for e in found.entries]
        return at

    def gradient(self, v: Value, said: dict[str, Any]) -> None:
        if not self.wishes.backward:
            return
        g = gradient_of(v)
        unseen = self.leaves_only and v.kind == "result" and g.state == "missing"
        if g.state in ("nan", "missing") and not unseen:
            said["grad"] = g.state
        elif g.state in ("flows", "zero"):
            said["grad"] = rounded(g.norm)
        whole = gradient_by(v) if math.prod(v.shape or ()) > 1 else None
        if whole is not None and not unseen and (entries := entries_of(whole)):
            said["grads"] = [self.entry(e) for e in entries]

    def entry(self, e: float) -> float | str | None:
        """A number of an array; what JSON has none for is a word."""
        return rounded(e, 3) if math.isfinite(e) else self.numbers.digits(e)


def _stats(s: Statistics) -> list[float | None]:
    found = [rounded(v, 3) for v in (s.least, s.most, s.mean, s.deviation, s.norm, s.zeros, s.nan, s.infinite)]
    found[4] = rounded(s.norm)
    return found if s.nan or s.infinite else found[:6]


def short(text: str) -> str:
    """As much of a text that a program wrote as a page has room for, and of signs that a page can show."""
    text = _UNSHOWN.sub("\ufffd", text)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def settings_of(module: Any) -> str:
    """What stands in the parentheses of a module's printed form."""
    describe = getattr(module, "extra_repr", None)
    return short(str(describe()).replace("\n", ", ")) if callable(describe) else ""


def formula_of(step: Step) -> str:
    """What an operation computes, as its own documentation begins."""
    first = (step.primitive.__doc__ or "").strip().split("\n\n")[0].replace("\n", " ")
    return short(first.split("   ")[0].strip())
