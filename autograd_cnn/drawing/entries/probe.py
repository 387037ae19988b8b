"""How an operation's rule depends on each entry, found by asking the rule itself.

A pull-back rule is linear in the gradient that arrives. So a gradient that is 1 at one output entry and 0 elsewhere gives that
entry's derivative by every input entry; and asked with two sets of random numbers in the place of what the tape keeps, it tells
which kept entry such a derivative is (`F11`, `2·X3`), or that it is a constant (`1/4`). A third set checks the answer.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..view.local_gradients import fitted
from .operation import Array, Operation

TOLERANCE = 1e-9
MOST_ASKED = 400  # entries tried one by one, where two sets of numbers do not tell


@dataclass(slots=True)
class Local:
    """A local derivative: a constant plus multiples of kept entries, `(name, flat place) -> factor`."""

    constant: float = 0.0
    factors: dict[tuple[str, int], float] = field(default_factory=dict)


Row = dict[tuple[str, int], Local]  # for one output entry: (input name, flat place) -> derivative


class Rules:
    """The rules of an operation, called with numbers of our own."""

    def __init__(self, op: Operation) -> None:
        self.op = op
        self.groups = [(served, rule, tuple(inspect.signature(rule).parameters)) for served, rule in getattr(op.prim, "groups", ())]
        self.names = list(op.prim.inputs)
        shapes = {a.name: a.shape for a in op.inputs.values()}
        self.shapes = {**shapes, **{n: v.shape for n, v in op.kept.items() if isinstance(v, np.ndarray)}, op.output.name: op.output.shape}
        wanted = {n for _, _, names in self.groups for n in names}
        self.unknown = [n for n in wanted if self._is_value(n) and n not in self.shapes and n in self.names and n not in op.prim.optional]
        self.free = sorted(n for n in wanted if self._is_value(n) and n in self.shapes and self._floats(n))

    def _is_value(self, name: str) -> bool:
        return name in self.names or name in self.op.prim.outputs

    def _floats(self, name: str) -> bool:
        value = self.op.kept.get(name)
        return name in self.op.inputs or (name in self.op.prim.outputs and (not isinstance(value, np.ndarray) or value.dtype.kind == "f"))

    @property
    def usable(self) -> bool:
        return bool(self.groups) and not self.op.prim.variadic and not self.unknown

    def pull(self, g: Array, values: Mapping[str, Array]) -> dict[str, Array]:
        """What the rules give each input when `g` arrives."""
        found: dict[str, Array] = {}
        for served, rule, names in self.groups:
            served_names = [self.names[s] for s in served]
            if not any(n in self.op.inputs for n in served_names):
                continue
            args = [self._given(n, g, values, served_names) for n in names]
            with np.errstate(all="ignore"):
                made = rule(*args)
            for n, d in zip(served_names, made if len(served) > 1 else (made,), strict=True):
                if d is not None and n in self.op.inputs:
                    found[n] = fitted(d, self.op.inputs[n].shape)
        return found

    def _given(self, name: str, g: Array, values: Mapping[str, Array], served: Sequence[str]) -> Any:
        if name == "g":
            return g
        if name == "need":
            return tuple(n in self.op.inputs for n in served)
        if name in values:
            return values[name]
        if name in self.op.kept:
            return self.op.kept[name]
        if name.endswith("_shape") and name[:-6] in self.op.inputs:
            return self.op.inputs[name[:-6]].shape
        return self.op.params.get(name)

    def actual(self) -> dict[str, Array] | None:
        """The real numbers, if the rules have all they want."""
        values = {}
        for n in self.free:
            given = self.op.inputs[n].value if n in self.op.inputs else self.op.output.value
            given = self.op.kept.get(n, given)
            if given is None:
                return None
            values[n] = np.asarray(given, dtype=np.float64)
        return values

    def random(self) -> list[dict[str, Array]]:
        """Three sets of numbers; what is positive in the first is negative in the second, so that a kink at 0 shows."""
        rng = np.random.default_rng(20)
        sizes = [{n: rng.uniform(0.5, 1.5, self.shapes[n]) for n in self.free} for _ in range(3)]
        signs = {n: rng.choice([-1.0, 1.0], self.shapes[n]) for n in self.free}
        return [{n: v * sign * signs[n] for n, v in values.items()} for values, sign in zip(sizes, (1.0, -1.0, 1.0), strict=True)]

    def one_hot(self, o: int) -> Array:
        g = np.zeros(self.op.output.shape)
        g.reshape(-1)[o] = 1.0
        return g


def rows(rules: Rules, outs: Sequence[int]) -> list[Row] | None:
    """For each output entry its derivatives in terms of kept entries, or None where they are not of that form."""
    sets = rules.random()
    actual = rules.actual()
    keys = [(n, e) for n in rules.free for e in range(sets[0][n].size)]
    flat = [np.concatenate([s[n].reshape(-1) for n in rules.free] or [np.empty(0)]) for s in sets]
    found: list[Row] = []
    try:
        for o in outs:
            pulled = [rules.pull(rules.one_hot(o), values) for values in sets]
            row = _decoded(rules, o, sets, pulled, keys, flat)
            if row is None or (actual is not None and not _holds(row, rules.pull(rules.one_hot(o), actual), actual)):
                return None
            found.append(row)
    except Exception:  # a rule that refuses our numbers is asked with its own instead
        return None
    return found


def _decoded(
    rules: Rules, o: int, sets: list[dict[str, Array]], pulled: list[dict[str, Array]], keys: list[tuple[str, int]], flat: list[Array]
) -> Row | None:
    row: Row = {}
    for name in pulled[0]:
        a, b, c = (p[name].reshape(-1) for p in pulled)
        if not (np.isfinite(a).all() and np.isfinite(b).all()):
            return None
        for at in np.flatnonzero((np.abs(a) > TOLERANCE) | (np.abs(b) > TOLERANCE)).tolist():
            local = _guess(a[at], b[at], flat, keys) or _asked(rules, o, name, at, keys)
            if local is None or abs(_value(local, sets[2]) - c[at]) > 1e-7 * max(1.0, abs(c[at])):
                return None
            row[name, at] = local
    return row


def _holds(row: Row, pulled: dict[str, Array], values: Mapping[str, Array]) -> bool:
    """Is this what the rule says at the real numbers? (A kink elsewhere than at 0 shows here.)"""
    for name, d in pulled.items():
        told = np.zeros(d.size)
        for (n, at), local in row.items():
            if n == name:
                told[at] = _value(local, values)
        if not np.allclose(told, d.reshape(-1), rtol=1e-6, atol=1e-9, equal_nan=True):
            return False
    return True


def _guess(a: float, b: float, flat: list[Array], keys: list[tuple[str, int]]) -> Local | None:
    if abs(a - b) <= TOLERANCE * max(1.0, abs(a)):
        return Local(float(a))
    ratios = a / flat[0]
    same = np.flatnonzero(np.abs(ratios - b / flat[1]) <= TOLERANCE * np.maximum(1.0, np.abs(ratios)))
    return Local(0.0, {keys[same[0]]: float(ratios[same[0]])}) if len(same) == 1 else None


def _asked(rules: Rules, o: int, name: str, at: int, keys: list[tuple[str, int]]) -> Local | None:
    """The same entry by entry: the derivative with all kept entries 0, then with one of them 1."""
    if len(keys) > MOST_ASKED:
        return None
    g = rules.one_hot(o)
    zero = {n: np.zeros(rules.shapes[n]) for n in rules.free}
    base = float(rules.pull(g, zero)[name].reshape(-1)[at])
    local = Local(base)
    for n, e in keys:
        one = {**zero, n: np.zeros(rules.shapes[n])}
        one[n].reshape(-1)[e] = 1.0
        change = float(rules.pull(g, one)[name].reshape(-1)[at]) - base
        if abs(change) > TOLERANCE:
            local.factors[n, e] = change
    return local if np.isfinite(base) else None


def _value(local: Local, values: Mapping[str, Array]) -> float:
    return local.constant + sum(f * float(values[n].reshape(-1)[e]) for (n, e), f in local.factors.items())
