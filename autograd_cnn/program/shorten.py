"""A plan made shorter, with the same numbers: what does nothing goes, constants are folded, and what is there twice is computed once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ..ops.activation.relu_primitive import relu_adjoint
from ..ops.elementwise.arithmetic import _add, _div, _sub, cast, expand_to, mul, neg, sum_to
from ..ops.elementwise.exponential import sigmoid_adjoint
from ..ops.elementwise.hyperbolic import tanh_adjoint
from ..ops.reduce.reduce import _sum, spread
from ..ops.registry.derived import _derived
from ..ops.shape.shape import _permute, _reshape
from .plan import Line, Plan, Quantity, Ref, mapped

_LARGEST = 1 << 16  # entries up to which constants are folded
_COPIES = frozenset({"clone", "pack"})
_SAME = _COPIES | {"detach", "data"}
_SCALED = frozenset({_add, _sub, mul, _div, tanh_adjoint, sigmoid_adjoint, relu_adjoint})  # equal entries of an operand are one number
_EITHER_WAY = frozenset({_add, mul})  # whose operands may change places


def shorten(plan: Plan) -> Plan:
    """The plan with the same results in fewer lines."""
    return _Pass(plan).run()


class _Pass:
    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.quantities = dict(plan.quantities)
        self.next = max(self.quantities, default=0)
        self.instead: dict[int, int] = {}  # quantities -> what stands for them
        self.made: dict[int, Line] = {}
        self.known: dict[Any, Line] = {}
        self.lines: list[Line] = []

    def run(self) -> Plan:
        """One look at each line, in order."""
        for line in self.plan.lines:
            line = self._renamed(line)
            if not (self._dropped(line) or self._folded(line)):
                self._kept(self._simpler(line))
        now = self.now
        plan = self.plan
        self._name_gradients()
        found = replace(
            plan,
            quantities=self.quantities,
            lines=tuple(self.lines),
            outputs=tuple(map(now, plan.outputs)),
            gradients=tuple(None if g is None else now(g) for g in plan.gradients),
            moves=tuple(replace(m, values=tuple(map(now, m.values))) for m in plan.moves),
        ).pruned()
        return _with_own_views(found).pruned()

    def now(self, i: int) -> int:
        """What stands for a quantity."""
        while i in self.instead:
            i = self.instead[i]
        return i

    def _renamed(self, line: Line) -> Line:
        params = {k: mapped(p, lambda r: Ref(self.now(r.id))) for k, p in line.params.items()}
        rule = None if line.rule is None else self.now(line.rule)
        inputs = tuple(None if i is None else self.now(i) for i in line.inputs)
        line = replace(line, inputs=inputs, params=params, rule=rule)
        return self._with_numbers(line) if line.primitive in _SCALED else line

    def _with_numbers(self, line: Line) -> Line:
        """An operand with equal entries as a number, where the others have the shape and dtype of the result."""
        y = self.quantities[line.outputs[0]]
        given = [self.quantities[i] for i in line.inputs if i is not None]
        if not any(q.kind != "constant" and (q.shape, q.dtype) == (y.shape, y.dtype) for q in given):
            return line
        return replace(line, inputs=tuple(None if i is None else self._as_number(i) for i in line.inputs))

    def _as_number(self, i: int) -> int:
        q = self.quantities[i]
        if q.kind != "constant" or not isinstance(q.data, np.ndarray | np.generic) or not q.data.size or q.dtype.kind != "f":
            return i
        first = q.data.flat[0] if isinstance(q.data, np.ndarray) else q.data
        return self._new(Quantity(-1, "constant", dtype=q.dtype, data=float(first))) if np.all(q.data == first) else i

    def _new(self, q: Quantity) -> int:
        self.next += 1
        self.quantities[self.next] = replace(q, id=self.next)
        return self.next

    # ------------------------------------------------------------------------------------------------ what goes
    def _dropped(self, line: Line) -> bool:
        """Is the result one of the inputs?"""
        if len(line.outputs) != 1 or not line.inputs or line.inputs[0] is None:
            return False
        x, y = self.quantities[line.inputs[0]], self.quantities[line.outputs[0]]
        prim, same = line.primitive, x.shape == y.shape and x.dtype == y.dtype
        other = None if len(line.inputs) < 2 or line.inputs[1] is None else self.quantities[line.inputs[1]]
        if prim.name == "exchanged":
            return self._stands_for(line, line.inputs[1] if line.inputs[1] is not None else x.id)
        copies = prim.name in _COPIES and self.plan.moves  # of what may be written to in the end
        if prim.name in _SAME and (same or x.shape is None) and not copies:
            return self._stands_for(line, x.id)
        if prim is _permute and line.params["dims"] == tuple(range(len(x.shape or ()))):
            return self._stands_for(line, x.id)
        if same and prim in (_reshape, expand_to, sum_to, cast, spread):
            return self._stands_for(line, x.id)
        if prim is _sum and same and line.params["dims"] == ():
            return self._stands_for(line, x.id)
        if prim in (mul, _div) and other is not None and _is_one(other) and same:
            return self._stands_for(line, x.id)
        if prim is mul and other is not None and _is_one(x) and other.shape == y.shape and other.dtype == y.dtype:
            return self._stands_for(line, other.id)
        if prim is neg:
            before = self.made.get(x.id)
            if before is not None and before.primitive is neg and before.inputs[0] is not None:
                return self._stands_for(line, before.inputs[0])
        return self._known(line)

    def _stands_for(self, line: Line, other: int) -> bool:
        self.instead[line.outputs[0]] = other
        old, new = self.quantities[line.outputs[0]], self.quantities[other]
        if new.kind == "result" and (new.wish is None or new.gradient_of is None):
            self.quantities[other] = replace(
                new, wish=new.wish or old.wish, gradient_of=new.gradient_of if new.gradient_of is not None else old.gradient_of
            )
        return True

    def _known(self, line: Line) -> bool:
        """Is it computed already?"""
        key = _key(line, self.quantities)
        before = self.known.setdefault(key, line) if key is not None else line
        if before is line:
            return False
        for old, new in zip(line.outputs, before.outputs, strict=True):
            self._stands_for(replace(line, outputs=(old,)), new)
        return True

    def _folded(self, line: Line) -> bool:
        """Is it a constant?"""
        given = [self.quantities[i] for i in line.reads()]
        outs = [self.quantities[o] for o in line.outputs]
        if any(q.kind != "constant" for q in given) or any(_size(q) > _LARGEST for q in (*given, *outs)):
            return False
        params = {k: mapped(p, lambda r: self.quantities[r.id].data) for k, p in line.params.items()}
        values = [None if i is None else self.quantities[i].data for i in line.inputs]
        with np.errstate(all="ignore"):
            found = line.primitive.raw(*values, **params)
        for q, data in zip(outs, found if isinstance(found, tuple) else (found,), strict=True):
            self.quantities[q.id] = replace(q, kind="constant", data=data)
        return True

    # ------------------------------------------------------------------------------------------------ what is said otherwise
    def _simpler(self, line: Line) -> Line:
        prim = line.primitive
        before = None if not line.inputs or line.inputs[0] is None else self.made.get(line.inputs[0])
        if before is not None and prim is before.primitive and before.inputs[0] is not None:
            if prim is _reshape:
                return replace(line, inputs=before.inputs)
            if prim is _permute:
                dims = tuple(before.params["dims"][d] for d in line.params["dims"])
                return replace(line, inputs=before.inputs, params={**line.params, "dims": dims})
        if prim in (_add, _sub) and line.inputs[1] is not None:
            after = self.made.get(line.inputs[1])
            if after is not None and after.primitive is neg:
                return replace(line, primitive=_sub if prim is _add else _add, inputs=(line.inputs[0], after.inputs[0]))
            if prim is _add and before is not None and before.primitive is neg:
                return replace(line, primitive=_sub, inputs=(line.inputs[1], before.inputs[0]))
        if prim is mul:
            for i, j in ((0, 1), (1, 0)):
                at, other = line.inputs[i], line.inputs[j]
                if at is not None and other is not None and _is(self.quantities[at], -1.0):
                    return replace(line, primitive=neg, inputs=(other,))
        return line

    def _kept(self, line: Line) -> None:
        if self._again(line):
            return
        self.lines.append(line)
        for o in line.outputs:
            self.made[o] = line

    def _again(self, line: Line) -> bool:
        """Made simpler, it may be what does nothing, or is known."""
        return line is not self.known.get(_key(line, self.quantities)) and self._dropped(line)

    def _name_gradients(self) -> None:
        """What a quantity is the gradient of goes by what stands for it now."""
        for i, q in self.quantities.items():
            if q.gradient_of is not None:
                self.quantities[i] = replace(q, gradient_of=self.now(q.gradient_of))


def _with_own_views(plan: Plan) -> Plan:
    """Each line turns its own operands round: a transposed view costs nothing, and need not be handed from one pass to the other."""
    turned = {line.outputs[0]: line for line in plan.lines if line.primitive is _permute}
    quantities, lines, own = dict(plan.quantities), [], max(plan.quantities, default=0)
    for line in plan.lines:
        inputs = []
        for i in line.inputs:
            if i in turned and line.primitive is not _permute:
                own += 1
                quantities[own] = replace(quantities[i], id=own, wish=None, gradient_of=None)
                lines.append(replace(turned[i], outputs=(own,), backward=line.backward, rule=line.rule))
                i = own
            inputs.append(i)
        lines.append(replace(line, inputs=tuple(inputs)))
    return replace(plan, quantities=quantities, lines=tuple(lines))


def _key(line: Line, quantities: dict[int, Quantity]) -> Any:
    """What two lines share that compute the same; None for what computes something else each time."""
    if line.primitive is _derived:
        return None
    inputs: tuple[Any, ...] = tuple(_content(i, quantities) for i in line.inputs)
    if line.primitive in _EITHER_WAY:
        inputs = tuple(sorted(inputs, key=repr))
    return line.primitive.name, inputs, tuple((k, _hashable(p)) for k, p in line.params.items())


def _content(i: int | None, quantities: dict[int, Quantity]) -> Any:
    """Numbers are known by their value, everything else by its identity."""
    if i is None:
        return None
    q = quantities[i]
    return ("number", type(q.data).__name__, repr(q.data)) if q.kind == "constant" and q.shape is None else i


def _hashable(p: Any) -> Any:
    if isinstance(p, slice):
        return "slice", _hashable(p.start), _hashable(p.stop), _hashable(p.step)
    if isinstance(p, tuple | list):
        return type(p).__name__, tuple(map(_hashable, p))
    return p if isinstance(p, Ref) else ("array", id(p)) if isinstance(p, np.ndarray) else (type(p).__name__, repr(p))


def _size(q: Quantity) -> int:
    return int(np.prod(q.shape)) if q.shape is not None else 1


def _is(q: Quantity, number: float) -> bool:
    return q.kind == "constant" and isinstance(q.data, int | float | np.generic | np.ndarray) and bool(np.all(np.equal(q.data, number)))


def _is_one(q: Quantity) -> bool:
    return _is(q, 1.0)
