"""What a call of `draw.expand` or `draw.formula` means: which operation, which entry, and how much of it can be shown."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import GraphError, nearest
from ...symbolic.algebra import ZERO, Partial, Symbol
from ...symbolic.calculus import evaluate, symbols
from .expansion import Expansion, expansion_of, indexed, letters_of
from .operation import Operation, operation_of

MOST = 80  # entries in one picture
MOST_OUTPUTS = 20_000  # of which a single one is looked for


@dataclass(slots=True)
class Choice:
    """An operation taken apart, the entry that is asked for, and whether numbers were asked for."""

    expansion: Expansion
    target: Symbol
    near: bool

    @property
    def wants_output(self) -> bool:
        return self.expansion.column_of(self.target).kind == "output"


def choose(
    caller: str, value: Any, wrt: str | None, op: str | None, loss: Any, numbers: bool | None, near: bool, picture: bool = True
) -> Choice:
    """Read the arguments. `near`: only what the entry meets; `picture`: it must fit into one."""
    operation = operation_of(caller, value, op, loss)
    if picture and not near:
        _check_size(caller, operation)
    output, letters = letters_of(operation)
    places = {letter: indexed(letter, operation.inputs[n].shape) for n, letter in letters.items() if n in operation.inputs}
    places[output] = indexed(output, operation.output.shape)
    if not places or not operation.inputs:
        raise GraphError(f"{caller}: {operation.prim.name} takes no entries that a gradient could flow to.")
    staged = operation.prim.__dict__.get("entry_rule") is not None
    target = None if staged else _found(caller, wrt if wrt is not None else _first(places, letters, operation), places)
    outs = [target.place] if target is not None and near and target.letter == output else None
    count = int(np.prod(operation.output.shape, dtype=int))
    if outs is None and count > MOST_OUTPUTS:
        raise ValueError(
            f"{caller}: expected an operation with at most {MOST_OUTPUTS:,} output entries, got {count:,}. Run it on a smaller input."
        )
    expansion = expansion_of(operation, outs)
    if target is None:  # the stages are known only now
        places = {c.letter: c.symbols for c in expansion.columns.values()}
        target = _found(caller, wrt if wrt is not None else _first(places, letters, operation), places)
    if wrt is None:
        target = _receiving(expansion, target)
    _check_numbers(caller, expansion, target, numbers)
    if numbers is False:
        expansion.values.clear()
    return Choice(expansion, target, near)


def _check_size(caller: str, op: Operation) -> None:
    first = next(iter(op.inputs.values()), None)
    inputs, outputs = (int(np.prod(a.shape, dtype=int)) for a in (first or op.output, op.output))
    if inputs + outputs > MOST:
        raise_too_many(caller, op.label, f"{inputs:,} input and {outputs:,} output entries")


def raise_too_many(caller: str, label: str, found: str, near: bool = False) -> None:
    """More entries than a picture can hold: say what narrows it."""
    narrower = "" if near else f"{caller}(y, wrt='O…', near=True) draws only what one output entry is made of. "
    raise ValueError(
        f"{caller}: {label} has {found} here; a picture holds at most {MOST}. {narrower}Or run the operation on a smaller input, "
        "such as x[:1, :1, :4, :4]."
    )


def _first(places: dict[str, Any], letters: dict[str, str], op: Operation) -> str:
    """The entry of the lecture's example: the first weight, or else the first input entry."""
    names = [n for n in op.inputs if n == "weight" and op.family != "norm"] or list(op.inputs)
    symbol: Symbol = places[letters[names[0]]].reshape(-1)[0]
    return symbol.name


def _receiving(e: Expansion, first: Symbol) -> Symbol:
    """The first entry of the same array that a gradient reaches at all (of a window's entries, the maximum)."""
    for s in e.column_of(first):
        if any(local != ZERO and evaluate(local, e.values) != 0 for _, local in e.locals(s)):
            return s
    return first


def _found(caller: str, wrt: str, places: dict[str, Any]) -> Symbol:
    """The entry that a name means: `F11`, `F1,1`, `F_11`, `F_{11}`."""
    if not isinstance(wrt, str):
        raise TypeError(f"{caller}: expected wrt to be the name of an entry, such as 'F11', got {type(wrt).__name__}.")
    plain = re.sub(r"[_{}\s]", "", wrt)
    parts = re.fullmatch(r"([^\W\d_]+′*)([\d,]*)", plain)
    letter = parts[1] if parts else plain
    if parts is None or letter not in places:
        known = ", ".join(_range(places[p]) for p in places)
        raise ValueError(f"{caller}: expected wrt to name an entry of {known}; got {wrt!r}.{nearest(letter, places)}")
    shown = sum(n > 1 for n in places[letter].shape)
    for s in places[letter].reshape(-1).tolist():
        if parts[2] in (s.index, ",".join(s.index) if shown == len(s.index) else s.index):
            return s  # type: ignore[no-any-return]
    raise ValueError(f"{caller}: there is no entry {wrt!r}: {_range(places[letter])}.")


def _range(symbols: Any) -> str:
    first, last = symbols.reshape(-1)[0], symbols.reshape(-1)[-1]
    return f"{first.name}" if symbols.size == 1 else f"{first.letter} runs from {first.name} to {last.name}"


def _check_numbers(caller: str, e: Expansion, target: Symbol, numbers: bool | None) -> None:
    """If numbers were asked for, they must be there."""
    if not numbers:
        return
    needed = [target] if e.column_of(target).kind == "output" else [Partial(s) for s, _ in e.locals(target)]
    missing = [s for s in needed if s not in e.values]
    if not missing:
        return
    if isinstance(missing[0], Partial):
        raise GraphError(
            f"{caller}: numbers=True needs the gradient of {e.output.letter}, and none has arrived yet. Name the loss: "
            f"{caller}(y, loss=loss); or call y.retain_grad() and loss.backward(retain_graph=True) before."
        )
    unknown = sorted({s.letter for s in symbols(e.exprs.get(target, target)) if s not in e.values})
    raise GraphError(
        f"{caller}: numbers=True needs the entries of {', '.join(unknown)}, which the tape does not hold: no gradient is wanted that "
        "depends on them. Give the value itself instead of its node, and requires_grad=True to the inputs."
    )
