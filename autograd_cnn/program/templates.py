"""How a line of a plan is said in Python: the rule beside its operation with the quantities' names put in, or a call of the kernel."""

from __future__ import annotations

import ast
import copy
import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from ..errors import GraphError
from ..ops.registry.derived import _derived
from ..primitives.written import TEXTS, Operand, Unwritable, call, literal, number
from .plan import Line, Plan, Quantity, Ref, mapped

_PACKAGE = __name__.partition(".")[0]


@dataclass(slots=True)
class Said:
    """Statements in which `q7` stands for the quantity 7, and `t3_name` for a helper of this line. `helpers` are the names that they had."""

    body: list[ast.stmt]
    helpers: dict[str, str]
    exact: bool = False  # is it the engine's own kernel?


def slot(i: int) -> str:
    """The name under which a quantity stands in statements."""
    return f"__q{i}"


def sayings(line: Line, plan: Plan, place: int) -> Iterator[Callable[[], Said]]:
    """The ways to say a line, the most readable first. `place` is the line's, for its helpers."""
    given = [None if i is None else plan.quantities[i] for i in line.inputs]
    outs = [plan.quantities[o] for o in line.outputs if o in plan.quantities]
    of_numbers = all(q is None or q.shape is None for q in given) and all(q.shape is None for q in outs)
    prim = line.primitive
    plain = _text(line, plan, prim.number_rule) if of_numbers else None
    if plain is not None:
        yield lambda: _say(plain, line, plan, place, None)
    if prim is _derived:
        yield lambda: _derived_said(line, plan, place)
        return
    text = _text(line, plan, prim.source_rule)
    if text is not None and not (of_numbers and "np." in text):
        yield lambda: _say(text, line, plan, place, None)
        kinds = {q.dtype for q in given if q is not None and q.shape is not None}
        y = outs[0].dtype if outs else None
        if y is not None and y.kind in "fiu" and any(k != y for k in kinds):
            yield lambda: _say(text, line, plan, place, y)
    yield lambda: _say(_kernel(line, plan), line, plan, place, np.dtype(float) if of_numbers else None, arrays=True)


def _operands(line: Line, plan: Plan) -> dict[str, Any]:
    """The inputs by their names, as rules see them."""
    prim = line.primitive
    if prim.variadic:
        return {prim.inputs[0]: tuple(_operand(slot(i), plan.quantities[i]) for i in line.inputs if i is not None)}
    return {
        n: None if i is None else _operand(n, plan.quantities[i])
        for n, i in zip(prim.inputs, (*line.inputs, *[None] * (len(prim.inputs) - len(line.inputs))), strict=True)
    }


def _operand(name: str, q: Quantity) -> Operand:
    return Operand(name, q.shape, q.dtype, q.data if q.kind == "constant" and q.shape is None else None)


def _params(line: Line, plan: Plan) -> dict[str, Any]:
    def named(r: Ref) -> Operand:
        return _operand(slot(r.id), plan.quantities[r.id])

    return {k: mapped(p, named) for k, p in line.params.items()}


def _text(line: Line, plan: Plan, rule: str | Callable[..., str | None] | None) -> str | None:
    """What a rule of the operation says."""
    if rule is None or isinstance(rule, str):
        return rule
    y = plan.quantities.get(line.outputs[0])
    known = {**_operands(line, plan), **_params(line, plan), "y": None if y is None else _operand("y", y)}
    return rule(**{n: known[n] for n in inspect.signature(rule).parameters})


def _kernel(line: Line, plan: Plan) -> str:
    """A call of the reference kernel, without what is as by default."""
    prim = line.primitive
    operands = _operands(line, plan)
    given = [o.name for v in operands.values() for o in (v if isinstance(v, tuple) else (v,)) if o is not None]
    absent = [n for n, v in operands.items() if v is None]
    last = max((k for k, v in enumerate(operands.values()) if v is not None), default=-1)
    if any(list(operands).index(n) < last for n in absent):  # left out in the middle
        given = ["None" if v is None else v.name for v in list(operands.values())[: last + 1]]
    default = prim.defaults
    options = {k: p for k, p in _params(line, plan).items() if k != "kind" and not (k in default and _same(default[k], p))}
    try:
        said = [f"{k}={literal(p)}" for k, p in options.items()]
    except Unwritable as error:
        raise GraphError(
            f"source: {prim.name} computes with a {error}, which no program can name: expected plain parameters. Compute its result outside "
            "the traced function, and hand it over as an argument."
        ) from None
    return call(f"kernels.{prim.name.replace(' ', '_')}", *given, *said)


def _same(a: Any, b: Any) -> bool:
    return type(a) is type(b) and repr(a) == repr(b)


def _derived_said(line: Line, plan: Plan, place: int) -> Said:
    """A function of values: what is said of it, or a call of it where it stands in the library."""
    return called(line.params["fn"], [slot(i) for i in line.inputs if i is not None], place)


def called(fn: Any, values: list[str], place: int) -> Said:
    """`fn(*values)`, for a function of values under `@written`, one of NumPy's, or one of the library."""
    inner = fn.func if isinstance(fn, partial) else fn
    before, options = (fn.args, fn.keywords) if isinstance(fn, partial) else ((), {})
    try:
        if isinstance(inner, np.ufunc):
            text = call(f"np.{inner.__name__}", *map(literal, before), *values, **options)
            return _parsed(text, {}, place)
        if inner in TEXTS:
            bound = inspect.signature(inner).bind(*before, *(Operand(v, ()) for v in values), **options)
            bound.apply_defaults()
            return _parsed(TEXTS[inner], {n: _expression(literal(p)) for n, p in bound.arguments.items()}, place)
        module = getattr(inner, "__module__", "") or ""
        if module.partition(".")[0] == _PACKAGE and "<" not in inner.__qualname__:
            where = f"{module.partition('.')[2]}.{inner.__qualname__}"
            return _parsed(call(f"kernels.part({where!r})", *map(literal, before), *values, **options), {}, place)
    except Unwritable as error:
        raise _no_text(inner, str(error)) from None
    raise _no_text(inner, "")


def _no_text(fn: Any, what: str) -> GraphError:
    name = getattr(fn, "__name__", type(fn).__name__)
    return GraphError(
        f"source: the function applies {name}{f', with a {what},' if what else ''} to values, which no program can name: expected operations. "
        "Compute it outside the traced function, and hand its result over as an argument."
    )


# ------------------------------------------------------------------------------------------------- names put in
def _expression(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def _say(text: str, line: Line, plan: Plan, place: int, dtype: Any, arrays: bool = False) -> Said:
    """The rule's text about this line. `dtype`: operands of others are cast to it; `arrays`: constants without dims are no plain numbers."""
    names: dict[str, ast.expr] = {}
    prim = line.primitive
    if not prim.variadic:
        for n in prim.inputs:
            names[n] = ast.Constant(None)
        for n, i in zip(prim.inputs, line.inputs, strict=False):
            if i is not None:
                names[n] = _value(plan.quantities[i], dtype, arrays)
    for k, p in _params(line, plan).items():
        try:
            names[k] = _expression(literal(p))
        except Unwritable:
            continue  # the rule does without
    said = _parsed(text, names, place)
    said.exact = arrays
    return said


def _value(q: Quantity, dtype: Any, arrays: bool) -> ast.expr:
    if arrays and dtype is not None and isinstance(q.data, float):
        return _expression(f"np.float64({slot(q.id)})")
    if arrays and q.kind == "constant" and q.shape == ():
        return _expression(f"{literal(q.dtype)}({constant(q)})")
    if dtype is not None and q.shape is not None and q.dtype != dtype:
        return _expression(f"{slot(q.id)}.astype({literal(dtype)})")
    return ast.Name(slot(q.id))


def _parsed(text: str, names: Mapping[str, ast.expr], place: int) -> Said:
    tree = ast.parse(inspect.cleandoc(text))
    stored = [n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store) and n.id not in names]
    helpers = {n: f"__t{place}_{n}" for n in dict.fromkeys(stored)}
    tree = _Put({**names, **{n: ast.Name(h) for n, h in helpers.items()}}).visit(tree)
    return Said(tree.body, {h: n for n, h in helpers.items()})


class _Put(ast.NodeTransformer):
    """Puts expressions in the place of names."""

    def __init__(self, names: Mapping[str, ast.expr]) -> None:
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.expr:  # its name is Python's
        """The expression that stands for the name."""
        found = self.names.get(node.id)
        return node if found is None else copy.deepcopy(found)


# ------------------------------------------------------------------------------------------------- constants
def constant(q: Quantity) -> str | None:
    """A constant as Python writes it; None where it is too large for that."""
    data = q.data
    if not isinstance(data, np.ndarray) or q.shape is None:
        return number(data, q.dtype)
    if data.ndim == 0:
        return number(data[()], data.dtype) if data.dtype.kind == "f" else f"np.array({literal(data.item())}, dtype={literal(data.dtype)})"
    if data.size and np.all(data == data.flat[0]):
        return _uniform(data)
    if data.ndim == 1 and data.size > 2 and data.dtype.kind == "i" and np.array_equal(data, np.arange(data.size)):
        return f"np.arange({data.size})" if data.dtype == np.int64 else f"np.arange({data.size}, dtype={literal(data.dtype)})"
    try:
        return literal(data)
    except Unwritable:
        return None


def _uniform(data: Any) -> str:
    first, kind = data.flat[0], "" if data.dtype == np.float64 else f", dtype={literal(data.dtype)}"
    if first == 0 and not np.signbit(first):
        return f"np.zeros({data.shape}{kind})"
    return (
        f"np.ones({data.shape}{kind})" if first == 1 else f"np.full({data.shape}, {number(first, data.dtype)}, dtype={literal(data.dtype)})"
    )
