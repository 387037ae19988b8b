"""An operation entry by entry: for each output entry an expression of the entries it is made of.

Where they come from, first what is best: the primitive's own `entries` (written beside its rule, in stages); the rule, asked by
`probe`; the reference kernel, run on symbols; and at the least the rule's numbers. Local derivatives, sums and edges follow from the
expressions, for all operations in one way.
"""

from __future__ import annotations

import inspect
import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...symbolic import algebra, calculus
from ...symbolic.algebra import ZERO, Expr, Function, Partial, Symbol
from ...symbolic.calculus import evaluate
from ..view.local_gradients import fitted
from .operation import Array, Operation, Shape
from .probe import Local, Row, Rules, rows

LETTERS = {
    "input": "X",
    "weight": "W",
    "bias": "b",
    "other": "Y",
    "target": "T",
    "mask": "M",
    "indices": "I",
    "exponent": "n",
    "mean": "μ",
    "var": "v",
}
WRITTEN_IN_NUMPY = frozenset({"arithmetic", "activation", "compare", "loss", "reduce"})  # other kernels work on raw memory
VARIADIC = "ABCDFGHJK"  # the values that an operation takes any number of
LETTERS_OF_FAMILY = {"conv": {"weight": "F"}, "norm": {"weight": "γ", "bias": "β"}, "linalg": {"other": "W"}}


@dataclass(slots=True)
class Column:
    """An array and the symbols of its entries."""

    letter: str
    name: str
    symbols: Array  # of Symbol
    kind: str  # "input", "kept", "stage", "output"

    def __iter__(self) -> Iterator[Symbol]:
        return iter(self.symbols.reshape(-1).tolist())

    @property
    def shape(self) -> Shape:
        return tuple(self.symbols.shape)


@dataclass(slots=True)
class Expansion:
    """What each entry is made of. `exprs` holds the stages' and the outputs' expressions, in the order of computation."""

    op: Operation
    columns: dict[str, Column]
    exprs: dict[Symbol, Expr] = field(default_factory=dict)
    closed: dict[Symbol, Expr] = field(default_factory=dict)  # shorter forms of gradients, by input entry
    inference: dict[Symbol, Expr] = field(default_factory=dict)  # what outputs are when nothing is trained
    values: dict[Expr, float] = field(default_factory=dict)
    users: dict[Symbol, list[Symbol]] = field(default_factory=dict)  # by entry, what is made of it

    @property
    def output(self) -> Column:
        return next(c for c in self.columns.values() if c.kind == "output")

    @property
    def stages(self) -> list[Column]:
        return [c for c in self.columns.values() if c.kind == "stage"]

    def column_of(self, s: Symbol) -> Column:
        return self.columns[s.letter]

    def locals(self, target: Symbol) -> list[tuple[Symbol, Expr]]:
        """The entries made of `target`, each with its derivative by it."""
        if not self.users:
            for s, e in self.exprs.items():
                for x in calculus.symbols(e):
                    self.users.setdefault(x, []).append(s)
        return [(s, self.local(s, target)) for s in self.users.get(target, ())]

    def local(self, s: Symbol, by: Symbol) -> Expr:
        """∂s/∂by, with powers and functions that are the entry itself called by its name."""
        e = self.exprs[s]
        return calculus.rename(calculus.derivative(e, by), e, s)

    def gradient(self, target: Symbol) -> Expr:
        """∂E/∂target as the sum over the entries made of it."""
        return calculus.total([algebra.mul(Partial(s), local) for s, local in self.locals(target)])

    def find_values(self) -> None:
        """Numbers for the stages, the outputs and the stages' gradients, as far as they follow from what is known."""
        for s, e in self.exprs.items():
            if s not in self.values and (v := evaluate(e, self.values)) is not None:
                self.values[s] = v
        for s in reversed(self.exprs):
            if Partial(s) not in self.values and self.column_of(s).kind == "stage":
                v = evaluate(self.gradient(s), self.values)
                if v is not None:
                    self.values[Partial(s)] = v


# ------------------------------------------------------------------------------------------------- names
def indexed(letter: str, shape: Shape) -> Array:
    """The symbols of an array's entries: indices count from 1, dims of size 1 have none.

    >>> [s.name for s in indexed("X", (1, 1, 2, 2)).reshape(-1)]
    ['X11', 'X12', 'X21', 'X22']
    """
    made = np.empty(shape, dtype=object)
    shown = [d for d, n in enumerate(shape) if n > 1]
    comma = "," if any(n > 9 for n in shape) and len(shown) > 1 else ""
    flat = made.reshape(-1)
    for place, at in enumerate(itertools.product(*map(range, shape))):
        flat[place] = Symbol(letter, comma.join(str(at[d] + 1) for d in shown), place)
    return made


def letters_of(op: Operation) -> tuple[str, dict[str, str]]:
    """The letter of the output, and by name those of the arrays that go in or are kept."""
    output = "L" if op.family == "loss" else "O"
    own = LETTERS_OF_FAMILY.get(op.family, {})
    given: dict[str, str] = {}
    used = {output, "E"}
    for name in [*op.inputs, *(n for n, v in op.kept.items() if isinstance(v, np.ndarray) and n not in op.inputs)]:
        letter = own.get(name) or LETTERS.get(name) or (VARIADIC[len(given) % len(VARIADIC)] if op.prim.variadic else name[:1].upper())
        while letter in used:
            letter += "′"
        used.add(letter)
        given[name] = letter
    return output, given


# ------------------------------------------------------------------------------------------------- building
def expansion_of(op: Operation, outs: Sequence[int] | None = None) -> Expansion:
    """Take an operation apart. `outs`: only these output entries, where not all are wanted."""
    output, letters = letters_of(op)
    columns = {letters[n]: Column(letters[n], n, indexed(letters[n], a.shape), "input") for n, a in op.inputs.items()}
    made = Expansion(op, columns)
    chosen = range(int(np.prod(op.output.shape, dtype=int))) if outs is None else outs
    hook = getattr(op.prim, "entry_rule", None)
    if hook is not None:
        _staged(made, hook, letters, output)
    else:
        columns[output] = Column(output, op.output.name, indexed(output, op.output.shape), "output")
        rules = Rules(op)
        exprs = (
            _from_rule(made, rules, letters, chosen)
            or _from_kernel(made, rules, letters, chosen)
            or _from_numbers(made, rules, letters, chosen)
        )
        made.exprs.update(exprs)
    _note_values(made, letters)
    if not made.stages:
        made.exprs.update({s: _with_constant(made, s, e) for s, e in made.exprs.items()})
    made.find_values()
    return made


def _staged(made: Expansion, hook: Callable[..., Any], letters: dict[str, str], output: str) -> None:
    """Run the primitive's own `entries` on symbols: what it yields becomes a stage, and comes back as the stage's symbols."""
    op = made.op
    given: dict[str, Any] = {}
    for name in inspect.signature(hook).parameters:
        kept = op.kept.get(name)
        if name in op.inputs and (kept is None or kept.dtype.kind == "f"):
            given[name] = made.columns[letters[name]].symbols
        elif name.endswith("_values"):
            given[name] = op.kept.get(name[:-7])
        elif isinstance(kept, np.ndarray) and kept.dtype.kind == "b":  # a mask is part of the picture, 0 or 1
            column = made.columns[letters[name]] = Column(letters[name], name, indexed(letters[name], kept.shape), "kept")
            given[name] = column.symbols
        else:
            given[name] = op.params.get(name, kept)
    run = hook(**given)
    sent: Any = None
    while True:
        try:
            letter, array = run.send(sent)
        except StopIteration as stop:
            _shorter(made, stop.value or {}, letters, output)
            return
        array = np.asarray(array, dtype=object)
        last = letter is None
        letter = output if last else letter
        column = made.columns[letter] = Column(letter, letter, indexed(letter, array.shape), "output" if last else "stage")
        for s, e in zip(column, array.reshape(-1).tolist(), strict=True):
            made.exprs[s] = algebra.expr(e)
        sent = column.symbols


def _shorter(made: Expansion, given: dict[str, Any], letters: dict[str, str], output: str) -> None:
    """What `entries` returned: shorter forms of the gradients, and what the outputs are at inference."""
    if "gradient" in given:
        arriving = np.array([Partial(s) for s in made.columns[output]], dtype=object).reshape(made.columns[output].shape)
        for name, array in given["gradient"](arriving).items():
            for s, e in zip(made.columns[letters[name]], np.asarray(array, dtype=object).reshape(-1).tolist(), strict=True):
                made.closed[s] = algebra.expr(e)
    if "inference" in given:
        for s, e in zip(made.columns[output], np.asarray(given["inference"], dtype=object).reshape(-1).tolist(), strict=True):
            made.inference[s] = algebra.expr(e)


def _from_rule(made: Expansion, rules: Rules, letters: dict[str, str], outs: Sequence[int]) -> dict[Symbol, Expr] | None:
    found = rows(rules, outs) if rules.usable else None
    if found is None:
        return None
    outputs = made.output.symbols.reshape(-1)
    return {outputs[o]: _assembled(made, row, letters, outputs[o]) for o, row in zip(outs, found, strict=True)}


def _assembled(made: Expansion, row: Row, letters: dict[str, str], own: Symbol) -> Expr:
    """An output entry from its derivatives: constants times entries, products of two entries once."""
    out = made.op.output.name

    def symbol(name: str, place: int) -> Symbol:
        if name == out:
            return made.output.symbols.reshape(-1)[place]  # type: ignore[no-any-return]
        return made.columns[letters[name]].symbols.reshape(-1)[place]  # type: ignore[no-any-return]

    if any(name not in made.op.inputs for local in row.values() for name, _ in local.factors):
        # a derivative that depends on an output tells what it is, not what the output is made of
        arguments = tuple(symbol(*key) for key in row)
        return Function(made.op.prim.name, arguments, tuple(_expr(local, symbol) for local in row.values()))
    terms: list[Expr] = []
    paired: set[frozenset[tuple[str, int]]] = set()
    for key, local in row.items():
        if local.constant:
            terms.append(algebra.expr(local.constant) * symbol(*key))
        for other, factor in local.factors.items():
            if frozenset((key, other)) not in paired:
                paired.add(frozenset((key, other)))
                half = 0.5 if key == other else 1.0  # x·x is met once, with twice its factor
                terms.append(algebra.expr(factor * half) * symbol(*other) * symbol(*key))
    return calculus.total(terms)


def _expr(local: Local, symbol: Callable[[str, int], Symbol]) -> Expr:
    return calculus.total([algebra.expr(local.constant), *(algebra.expr(f) * symbol(*k) for k, f in local.factors.items())])


def _from_kernel(made: Expansion, rules: Rules, letters: dict[str, str], outs: Sequence[int]) -> dict[Symbol, Expr] | None:
    """Run the reference kernel on symbols, and see that its derivatives are the rule's."""
    op = made.op
    forward = getattr(op.prim, "forward", None)
    own = getattr(forward, "__module__", "").partition(".")[0] == __name__.partition(".")[0]
    if forward is None or not rules.usable or (own and op.family not in WRITTEN_IN_NUMPY):
        return None
    given = [made.columns[letters[n]].symbols if n in letters and n in op.inputs else op.prim.optional.get(n) for n in op.prim.inputs]
    try:
        y = forward(*given, **op.params)
        flat = np.asarray(y[0] if isinstance(y, tuple) else y, dtype=object).reshape(-1)
        exprs = {s: algebra.expr(flat[s.place]) for s in np.take(made.output.symbols.reshape(-1), outs)}
        return exprs if _agrees(made, rules, letters, exprs) else None
    except Exception:  # compiled kernels take no symbols: then the rule's numbers must do
        return None


def _agrees(made: Expansion, rules: Rules, letters: dict[str, str], exprs: dict[Symbol, Expr]) -> bool:
    """Are the derivatives of these expressions what the rule says, at random numbers?"""
    op, rng = made.op, np.random.default_rng(21)
    arrays = {n: rng.uniform(0.5, 1.5, a.shape) for n, a in op.inputs.items()}
    at: dict[Expr, float] = {}
    for n, array in arrays.items():
        at.update(zip(made.columns[letters[n]], array.reshape(-1).tolist(), strict=True))
    y = np.zeros(op.output.shape)
    for s, e in exprs.items():
        y.reshape(-1)[s.place] = at[s] = evaluate(e, at) or 0.0
    for s, e in exprs.items():
        pulled = rules.pull(rules.one_hot(s.place), {**arrays, op.output.name: y})
        for n, d in pulled.items():
            for x, expected in zip(made.columns[letters[n]], d.reshape(-1).tolist(), strict=True):
                got = evaluate(calculus.derivative(e, x), at)
                if got is None or abs(got - expected) > 1e-6 * max(1.0, abs(expected)):
                    return False
    return True


def _from_numbers(made: Expansion, rules: Rules, letters: dict[str, str], outs: Sequence[int]) -> dict[Symbol, Expr]:
    """At the least: which inputs each output depends on, and how much, at the numbers that the tape holds."""
    op = made.op
    outputs = made.output.symbols.reshape(-1)
    values = rules.actual() if rules.usable else None
    found: dict[Symbol, Expr] = {}
    for o in outs:
        if values is not None:
            pulled = rules.pull(rules.one_hot(o), values)
        else:
            given = op.pull(rules.one_hot(o))
            pulled = {n: fitted(d, op.inputs[n].shape) for n, d in given.items() if n in op.inputs}
        arguments, locals = [], []
        for n, d in pulled.items():
            flat = d.reshape(-1)
            for place in np.flatnonzero(flat).tolist():
                arguments.append(made.columns[letters[n]].symbols.reshape(-1)[place])
                locals.append(algebra.expr(float(flat[place])))
        found[outputs[o]] = Function(op.prim.name, tuple(arguments), tuple(locals)) if arguments else ZERO
    return found


def _with_constant(made: Expansion, s: Symbol, e: Expr) -> Expr:
    """With the number that an output has besides, which no derivative tells: the 2 of x + 2, which nothing keeps. Where the numbers are not
    known that would show it, a function of what the output is made of."""
    op, y, told = made.op, made.values.get(s), evaluate(e, made.values)
    if isinstance(e, Function):
        return e
    if y is not None and told is not None and np.isfinite(y - told):
        digits = 6 if op.output.value is not None and op.output.value.dtype.itemsize < 8 else 12
        rest = float(y - told)
        besides = round(rest, digits - 1 - math.floor(math.log10(abs(rest)))) if rest else 0.0
        return e + besides if abs(besides) > 10.0 ** (1 - digits) * max(1.0, abs(y), abs(told)) else e
    unseen = not op.prim.variadic and any(n not in (*op.inputs, *op.kept, *op.prim.optional) for n in op.prim.inputs)
    if not unseen and e != ZERO:
        return e
    arguments = tuple(dict.fromkeys(calculus.symbols(e)))
    return Function(op.prim.name, arguments, tuple(calculus.derivative(e, x) for x in arguments))


def _note_values(made: Expansion, letters: dict[str, str]) -> None:
    op = made.op
    arrays = [(letters[n], a.value) for n, a in op.inputs.items() if n in letters]
    arrays += [(letters[n], op.kept[n]) for n in op.kept if n in letters and letters[n] in made.columns and n not in op.inputs]
    arrays.append((made.output.letter, op.output.value))
    for letter, array in arrays:
        if array is not None and array.dtype.kind in "fb" and letter in made.columns and array.shape == made.columns[letter].shape:
            made.values.update(zip(made.columns[letter], np.asarray(array, dtype=np.float64).reshape(-1).tolist(), strict=True))
    if op.gradient is not None:
        made.values.update({Partial(s): float(g) for s, g in zip(made.output, op.gradient.reshape(-1).tolist(), strict=True)})
