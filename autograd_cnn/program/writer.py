"""A plan as text: statements, each tried on the values of the traced run before it is taken, and set as one would write them by hand."""

from __future__ import annotations

import ast
import copy
import math
import textwrap
import warnings
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .. import kernels
from ..errors import GraphError
from ..primitives.written import Unwritable, literal
from .names import Names
from .plan import Line, Move, Plan, nested
from .setting import WIDTH, Filled, Named, Tidied, displayed, filled, living, mentions, rename, stored, tuple_of, wrapped
from .templates import Said, called, constant, sayings, slot

_LONG = 70  # columns from which what is handed to the backward pass stands in a line of its own
_NESTED = 76  # columns up to which a line takes in what it alone uses
_COMMENT = 64  # the column to which comments are moved at most
_QUIET = frozenset({"reshape", "permute", "neg", "expand_to", "spread", "cast", "split"})  # what needs no line where it is used once
_SCALING = frozenset({"add", "sub", "mul", "div", "power", "power_of"})  # nor do these, with a number


@dataclass(slots=True)
class Statement:
    """One line: an expression that is given a name, or whatever else a rule says. `line` is None for constants."""

    node: ast.stmt
    line: Line | None
    shapes: dict[str, Any]

    @property
    def target(self) -> str | None:
        """The one name that it gives."""
        node = self.node
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            return node.targets[0].id
        return None

    @property
    def value(self) -> ast.expr:
        """What it gives that name."""
        return self.node.value  # type: ignore[attr-defined,no-any-return]  # asked of assignments alone


class Writer:
    """Writes one plan."""

    def __init__(self, plan: Plan, title: str) -> None:
        self.title = title
        self.plan = self._with_large_constants(plan)
        self.names = Names(self.plan)
        self.numbers = self.plan.numbers
        self.env: dict[str, Any] = {"np": np, "math": math, "kernels": kernels}  # what the lines so far have given, as they were tried
        self.env |= {slot(i): self._start(i) for i in (*self.plan.arguments, *(s for s in self.plan.seeds if s is not None))}
        self.called: dict[str, str] = {}  # slots and helpers -> names
        self.literals: dict[str, ast.expr] = {}
        self.count = 0
        for i, q in self.plan.quantities.items():
            if q.kind == "constant":
                text = constant(q)
                self.literals[slot(i)] = ast.parse(text or "None", mode="eval").body
                self.env[slot(i)] = self._evaluated(self.literals[slot(i)])
            elif i in self.names.of:
                self.called[slot(i)] = self.names.of[i]
        self.last = self.plan.last_use()

    def text(self) -> str:
        """The module."""
        backward = bool(self.plan.wanted)
        parts = [self._forward(backward), *([self._backward()] if backward else [])]
        body = "\n\n\n".join(parts) + "\n"
        imports = [
            *(["import math"] if "math." in body else []),
            *(["import numpy as np"] if "np." in body else []),
            *(["from autograd_cnn import kernels"] if "kernels." in body else []),
        ]
        head = [f'"""{self._title(backward)}"""', *(["\n".join(_comment(n) for n in self.plan.notes)] if self.plan.notes else [])]
        if imports:
            head.append(
                "\n\n".join(["\n".join(imports[:-1]), imports[-1]])
                if imports[-1].startswith("from") and imports[1:]
                else "\n".join(imports)
            )
        return "\n\n".join(head) + "\n\n\n" + body

    def _title(self, backward: bool) -> str:
        what = f"{self.title}: forward and backward pass" if backward else self.title
        return what.replace("\\", "/").replace('"', "'")

    # ------------------------------------------------------------------------------------------------ the two functions
    def _forward(self, backward: bool) -> str:
        plan = self.plan
        found = self._statements(plan.part(False))
        moves = [s for m in plan.moves for s in self._move(m)]
        saved = plan.saved() if backward else ()
        before = self._before_moves(plan, saved)
        result = nested(plan.structure, [self._end(i) for i in plan.outputs], lambda p: ast.parse(_plainly(p), mode="eval").body)
        ends: list[ast.expr] = [displayed(result)]
        keep: list[ast.stmt] = []
        if backward:
            ends.append(tuple_of([ast.Name(slot(i)) for i in saved]))
            if sum(len(self.names.of[i]) + 2 for i in saved) > _LONG:
                keep, ends[1] = [ast.Assign([ast.Name("saved", ast.Store())], ends[1])], ast.Name("saved")
        back = ast.Return(tuple_of(ends) if backward else ends[0])
        body = self._set([*found, *before], [*moves, *keep, back])
        return self._function("forward", [self.names.of[i] for i in plan.arguments], self._shapes(plan.arguments), body)

    def _backward(self) -> str:
        plan = self.plan
        saved = plan.saved()
        seeds = [s for s in plan.seeds if s is not None]
        body = self._statements(plan.part(True))
        grads: list[ast.expr] = [ast.Constant(None) if g is None else self._end(g) for g in plan.gradients]
        lines = self._set(body, [ast.Return(grads[0] if len(grads) == 1 else tuple_of(grads))])
        if saved:
            names = ", ".join(self.names.of[i] for i in saved)
            lines = [*wrapped(f"{names}{',' if len(saved) == 1 else ''} = saved"), *lines]
        return self._function("backward", ["saved", *(self.names.of[s] for s in seeds)], self._shapes(seeds), lines)

    def _end(self, i: int) -> ast.expr:
        """What comes out: a constant without dims in its dtype, which a plain number has not."""
        q = self.plan.quantities[i]
        if q.kind != "constant" or q.shape != () or q.dtype.kind != "f":
            return ast.Name(slot(i))
        return ast.parse(f"{literal(q.dtype)}({constant(q)})", mode="eval").body

    def _function(self, name: str, arguments: Sequence[str], shapes: list[str], body: list[str]) -> str:
        head = f"def {name}({', '.join(arguments)}):"
        if len(head) > WIDTH:
            head = "\n".join([f"def {name}(", *(f"    {line}," for line in filled(arguments, ", ", WIDTH - 8)), "):"])
        return "\n".join([head, *(f"    {line}" for line in (*shapes, *body))])

    def _shapes(self, ids: Iterable[int]) -> list[str]:
        """The shapes of arguments, as comments."""
        said = [f"{self.names.of[i]} {_shape(self.env[slot(i)])}" for i in ids if self.plan.quantities[i].shape is not None]
        return [f"# {line}" for line in filled(said, "  ", WIDTH - 6)]

    # ------------------------------------------------------------------------------------------------ statements
    def _statements(self, lines: Sequence[Line]) -> list[Statement]:
        found: list[Statement] = []
        for line in lines:
            found += self._tried(line)
        return found

    def _tried(self, line: Line) -> list[Statement]:
        """The first of the ways to say it whose results have the shapes, dtypes and values that the engine's have."""
        self.count += 1
        first: Exception | None = None
        for say in sayings(line, self.plan, self.count):
            try:
                with warnings.catch_warnings(), np.errstate(all="ignore"):
                    warnings.simplefilter("ignore")
                    said = say()
                    statements = self._assigned(said, line)
                    env: dict[str, Any] = {}
                    for s in statements:
                        self._run(s, env)
            except GraphError:
                raise
            except Exception as error:  # not for these dtypes: what comes next is
                first = first or error
                continue
            if all(self._fits(env.get(slot(o)), o, line, said.exact) for o in line.outputs if o in self.plan.quantities):
                self.env.update({slot(o): env[slot(o)] for o in line.outputs if slot(o) in env})
                self.called.update(
                    {
                        h: self.names.helper(n, line.backward)
                        for h, n in said.helpers.items()
                        if any(mentions(s.node, h) for s in statements)
                    }
                )
                return statements
        raise GraphError(
            f"source: no text for {line.primitive.name} gives what the operation gave"
            + (f" ({type(first).__name__}: {first})." if first is not None else ".")
            + " Expected an operation with a rule under `.source`, or a kernel of arrays: compute it outside the traced function."
        ) from first

    def _assigned(self, said: Said, line: Line) -> list[Statement]:
        """The statements, the last of which gives the line's results their names."""
        *before, last = said.body
        if not isinstance(last, ast.Expr):
            raise TypeError(f"{line.primitive.name}.source: expected a text whose last line is an expression, got {ast.unparse(last)!r}.")
        outs = [o if self._needed(o) else None for o in line.outputs]
        value, body = last.value, [*before]
        several = line.primitive.several and line.primitive.outputs[1:] == ()
        if len(outs) == 1 and not several:
            body += self._given(outs[0], value, body, said)
        elif isinstance(value, ast.Tuple) and len(value.elts) == len(outs):
            for o, part in zip(outs, value.elts, strict=True):
                body += self._given(o, part, body, said) if o is not None else []
        else:
            body.append(ast.Assign([tuple_of([ast.Name("_" if o is None else slot(o)) for o in outs])], value))
        return [Statement(s, line, {}) for s in living(body, {slot(o) for o in outs if o is not None})]

    def _needed(self, o: int) -> bool:
        return o in self.plan.quantities and o in self.last

    def _given(self, o: int | None, value: ast.expr, body: list[ast.stmt], said: Said) -> list[ast.stmt]:
        """`o = value`; where the value is a helper, that goes by the result's name."""
        if o is None:
            return []
        if isinstance(value, ast.Name) and value.id in said.helpers:
            del said.helpers[value.id]
            old = value.id
            for s in body:
                rename(s, old, slot(o))
            rename(said.body[-1], old, slot(o))
            return []
        return [ast.Assign([ast.Name(slot(o))], value)]

    def _run(self, s: Statement, env: dict[str, Any]) -> None:
        exec(ast.unparse(ast.fix_missing_locations(s.node)), self.env, env)
        for n in ast.walk(s.node):
            if isinstance(n, ast.Name) and n.id in env:
                s.shapes[n.id] = env[n.id]
        s.shapes = {k: _shape(v) for k, v in s.shapes.items() if hasattr(v, "shape")}

    def _evaluated(self, value: ast.expr) -> Any:
        return eval(ast.unparse(value), {"np": np, "math": math})

    def _fits(self, found: Any, o: int, line: Line, exact: bool) -> bool:
        """Is it what the engine has? `exact`: it is the same kernel, whose values need no comparison."""
        q = self.plan.quantities[o]
        if not self._needed(o) or (isinstance(q.data, np.ndarray) and type(q.data) is not np.ndarray):  # switches in a kernel's own words
            return True
        if q.shape is None:
            return isinstance(found, float | int) and _close(found, q.data, 0.0)
        y = np.asarray(found)
        if y.shape != q.shape or (q.dtype is not None and y.dtype != q.dtype):
            return False
        return exact or _close(y, q.data, max((_top(self.plan.quantities[i].data) for i in line.reads()), default=0.0))

    def _start(self, i: int) -> Any:
        data = self.plan.quantities[i].data
        return np.array(data) if isinstance(data, np.ndarray) else data

    def _move(self, m: Move) -> list[ast.stmt]:
        """What is written into an argument, in the end."""
        target = slot(m.target)
        if m.fn is None:
            return [ast.parse(f"{target}[...] = {slot(m.values[0])}").body[0]]
        said = called(m.fn, [target, *map(slot, m.values)], self.count)
        self.count += 1
        return said.body

    def _before_moves(self, plan: Plan, saved: Sequence[int]) -> list[Statement]:
        """Copies of what would be overwritten though it is needed afterwards."""
        targets = {m.target for m in plan.moves}
        if targets.intersection((*saved, *plan.outputs)) or any(self._aliases(i, targets) for i in (*saved, *plan.outputs)):
            raise GraphError(
                "source: the function writes into a tensor whose former values are needed afterwards, in the backward pass or as a result: "
                "expected a new tensor instead of the write (x = x + y for x += y)."
            )
        return []

    def _aliases(self, i: int, targets: set[int]) -> bool:
        found = self.env.get(slot(i))
        return isinstance(found, np.ndarray) and any(
            isinstance(self.env[slot(t)], np.ndarray) and np.may_share_memory(found, self.env[slot(t)]) for t in targets
        )

    # ------------------------------------------------------------------------------------------------ setting
    def _set(self, statements: list[Statement], ends: list[ast.stmt]) -> list[str]:
        """The lines of a function, each with its shape."""
        uses = Counter(
            n.id for s in (*(s.node for s in statements), *ends) for n in ast.walk(s) if isinstance(n, ast.Name) and not stored(n)
        )
        statements = self._nested(statements, uses, ends)
        lines: list[tuple[str, str]] = []
        defined = self._constants([*(s.node for s in statements), *ends], uses)
        for name, value in defined.items():
            lines.append((f"{name} = {ast.unparse(value)}", _shape(self._evaluated(value))))
        for s in statements:
            shown = [n.id for n in ast.walk(s.node) if isinstance(n, ast.Name) and stored(n) and n.id in s.shapes]
            lines.append((self._unparsed(s.node), "  ".join(dict.fromkeys(s.shapes[n] for n in shown))))
        lines += [(self._unparsed(s), "") for s in ends]
        code = [(wrapped(text), shape) for text, shape in lines]
        column = min(max((len(c[-1]) for c, shape in code if shape), default=0), _COMMENT)
        return [
            line if k + 1 < len(c) or not shape or self.numbers else f"{line:<{column}}  # {shape}"
            for c, shape in code
            for k, line in enumerate(c)
        ]

    def _constants(self, nodes: list[ast.stmt], uses: Counter[str]) -> dict[str, ast.expr]:
        """Arrays that are written out, and stand there more than once: each has a name."""
        found: dict[str, ast.expr] = {}
        for n in dict.fromkeys(n.id for s in nodes for n in ast.walk(s) if isinstance(n, ast.Name) and n.id in self.literals):
            value = self.literals[n]
            if isinstance(value, ast.Call) and uses[n] > 1:
                self.called.setdefault(n, self.names.unique("c"))
                found[self.called[n]] = value
        return found

    def _nested(self, statements: list[Statement], uses: Counter[str], ends: list[ast.stmt]) -> list[Statement]:
        """What only the next user needs, and what has no name of its own, stands in that line."""
        kept: list[Statement] = []
        waiting: dict[str, Statement] = {}
        for s in statements:
            put = {n.id: waiting[n.id] for n in ast.walk(s.node) if isinstance(n, ast.Name) and n.id in waiting and not stored(n)}
            for name, inner in put.items():
                node = copy.deepcopy(s.node)
                Filled(name, inner.value).visit(node)
                if self._together(s, inner) and len(self._unparsed(node)) <= _NESTED:
                    s = replace(s, node=node)
                    kept.remove(inner)
                del waiting[name]
            kept.append(s)
            target = s.target
            if target is not None and uses[target] == 1 and s.line is not None and not self._stands_alone(target, s, ends):
                waiting[target] = s
        return kept

    def _stands_alone(self, target: str, s: Statement, ends: list[ast.stmt]) -> bool:
        """Has it a name that somebody gave it, or is it what comes out?"""
        i = int(target[3:]) if target.startswith("__q") else None
        if i is None or s.line is None or any(mentions(e, target) for e in ends):
            return True
        q = self.plan.quantities[i]
        return q.wish is not None or i in self.names.named or (q.gradient_of in self.names.of and s.line.backward)

    def _together(self, s: Statement, inner: Statement) -> bool:
        """Are both part of one rule, or the inner one too little for a line?"""
        if s.line is None or inner.line is None:
            return False
        name, outer = inner.line.primitive.name, s.line.primitive.name
        if name in _QUIET or inner.line.backward or (inner.line.rule is not None and inner.line.rule == s.line.rule):
            return True
        with_number = name == "power" or any(i is not None and self.plan.quantities[i].kind == "constant" for i in inner.line.inputs)
        return (name in _SCALING and with_number and outer in _SCALING) or (name == "matmul" and outer == "add")

    def _unparsed(self, node: ast.AST) -> str:
        node = ast.fix_missing_locations(Named(self.called, self.literals).visit(copy.deepcopy(node)))
        node = Tidied().visit(node)
        if isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple) and len(node.value.elts) > 1:
            return f"return {', '.join(ast.unparse(e) for e in node.value.elts)}"
        text = ast.unparse(node)
        return text if '"' in text else text.replace("'", '"')

    def _with_large_constants(self, plan: Plan) -> Plan:
        """Constants that no line has room for are handed in."""
        large = [i for i, q in plan.quantities.items() if q.kind == "constant" and constant(q) is None]
        quantities = {
            **plan.quantities,
            **{i: replace(plan.quantities[i], kind="argument", wish=plan.quantities[i].wish or "c") for i in large},
        }
        return replace(plan, quantities=quantities, arguments=(*plan.arguments, *large))


def _top(x: Any) -> float:
    """The largest finite entry."""
    a = np.asarray(x) if isinstance(x, np.ndarray | np.generic | float) else np.zeros(0)
    return float(np.max(np.abs(a), where=np.isfinite(a), initial=0.0)) if a.dtype.kind == "f" else 0.0


def _close(found: Any, known: Any, beside: float) -> bool:
    """Nearly the engine's value, computed from such as are at most `beside`; what it keeps in words of its own is not compared."""
    if type(known) not in (np.ndarray, float, int, bool) and not isinstance(known, np.generic):
        return True
    a, b = np.asarray(found), np.asarray(known)
    if b.dtype.kind not in "fc" or not b.size:
        return bool(np.array_equal(a, b))
    with np.errstate(all="ignore"):
        rough = math.sqrt(float(np.finfo(b.dtype).eps))
        return bool(np.allclose(a, b, rtol=rough, atol=rough * max(_top(b), beside) + 1e-30, equal_nan=True))


def _shape(x: Any) -> str:
    return str(tuple(np.shape(x)))


def _comment(text: str) -> str:
    return "\n".join(textwrap.wrap(text, WIDTH, initial_indent="# ", subsequent_indent="# "))


def _plainly(p: Any) -> str:
    """Something else that the function returns."""
    try:
        return literal(p)
    except Unwritable as error:
        raise GraphError(
            f"source: the function returns a {error} beside its tensors, which no program can name: expected tensors, numbers, texts, and "
            "tuples, lists and dicts of these."
        ) from None
