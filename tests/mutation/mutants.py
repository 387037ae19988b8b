"""Mutants: copies of the operations' own functions (rules, forwards, kernels, helpers) with one small mistake each.

The mistakes are those people make: a sign, a lost factor, a dropped term, swapped operands, a wrong axis, a forgotten mask, off by one, a
mean for a sum, stride and dilation exchanged, a wrong comparison. Checks of user input (what stands in a `raise`, and messages) are left
alone: they are tested by their text elsewhere.
"""

from __future__ import annotations

import ast
import copy
import functools
import gc
import inspect
import sys
import textwrap
import types
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import autograd_cnn.ops  # noqa: F401  # registers all primitives
from autograd_cnn.primitives.primitive import REGISTRY

from .kinds import binary, called, constant, twin

COMMUTE = {
    "maximum",
    "minimum",
    "add",
    "multiply",
    "equal",
    "max",
    "min",
    "align",
    "logical_and",
    "logical_or",
    "isinstance",
    "getattr",
    "hasattr",
    "range",
    "logaddexp",
    "logical_xor",
    "hypot",
    "broadcast_shapes",
    "result_type",
    "total",
    "expected",
}
PLANS = {
    "_route",
    "_turns",
    "_cut",
    "_lines",
    "_shape_of_columns",
}  # they choose between ways to the same result: a wrong choice costs time only
EXCHANGED = (("stride", "dilation"), ("padding", "stride"))
QUIET = {"expected", "ShapeError", "DtypeError", "RuntimeError", "ValueError", "TypeError", "IndexError", "same_dtype"}


@dataclass(frozen=True)
class Mutant:
    """One mistake in one function; `primitives` are those whose tests should notice."""

    function: types.FunctionType
    kind: str
    line: int
    before: str
    after: str
    code: types.CodeType
    primitives: tuple[str, ...]

    @property
    def role(self) -> str:
        """ "rule", "forward" (float kernels, too) or "helper"."""
        return _roles().get(self.function, "helper")

    def __str__(self) -> str:
        home = self.function.__module__.removeprefix("autograd_cnn.")
        return f"{home}:{self.line} [{self.kind}] {self.before}  →  {self.after}   ({', '.join(self.primitives[:3])})"


class Applied:
    """While it is open, the function runs the mutant's code."""

    def __init__(self, mutant: Mutant) -> None:
        self.mutant = mutant
        self.code = mutant.function.__code__

    def __enter__(self) -> None:
        self.mutant.function.__code__ = self.mutant.code
        forget()

    def __exit__(self, *error: Any) -> None:
        self.mutant.function.__code__ = self.code
        forget()


def forget() -> None:
    """Empty the package's caches: they may hold what a mutant computed."""
    for cached in _caches():
        cached.cache_clear()


@functools.cache
def _caches() -> list[Any]:
    names = [m for m in sys.modules if m.startswith(("autograd_cnn.ops", "autograd_cnn.kernels"))]
    return [v for m in names for v in vars(sys.modules[m]).values() if isinstance(v, functools._lru_cache_wrapper)]


# ------------------------------------------------------------------------------------------------- which functions
def functions() -> dict[types.FunctionType, set[str]]:
    """The rules, forwards and float kernels of all primitives, and the private helpers and array kernels they call by name, with the
    primitives they serve."""
    found: dict[types.FunctionType, set[str]] = {}
    for prim in REGISTRY.values():
        if not prim.__module__.startswith("autograd_cnn.ops"):
            continue
        own = [prim.forward, *(rule for _, rule in prim.groups), *prim.kernels.values()]
        for fn in own:
            for reached in _reached(fn, 0):
                found.setdefault(reached, set()).add(prim.name)
    return found


@functools.cache
def _roles() -> dict[Any, str]:
    roles: dict[Any, str] = {}
    for prim in REGISTRY.values():
        roles.update({inspect.unwrap(rule): "rule" for _, rule in prim.groups})
        roles.update({inspect.unwrap(fn): "forward" for fn in (prim.forward, *prim.kernels.values())})
    return roles


def _reached(fn: Any, depth: int) -> Iterator[types.FunctionType]:
    fn = inspect.unwrap(fn) if callable(fn) else fn
    if (
        not isinstance(fn, types.FunctionType)
        or fn.__code__.co_freevars
        or not fn.__module__.startswith(("autograd_cnn.ops", "autograd_cnn.kernels"))
    ):
        return
    yield fn
    if depth < 2:
        for name in _called(fn):
            other = fn.__globals__.get(name)
            if not isinstance(other, types.FunctionType) or other is fn or name in PLANS or "check" in name:
                continue
            if other.__module__.startswith("autograd_cnn.kernels") or (name.startswith("_") and other.__module__ == fn.__module__):
                yield from _reached(other, depth + 1)


@functools.cache
def _called(fn: types.FunctionType) -> frozenset[str]:
    """The names of the functions it calls."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(fn)))
    except (OSError, SyntaxError):
        return frozenset()
    return frozenset(n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load))


# ------------------------------------------------------------------------------------------------- which mistakes
def mutants() -> list[Mutant]:
    """All of them, in a fixed order."""
    made = []
    for fn, served in functions().items():
        made += list(_of(fn, tuple(sorted(served))))
    gc.collect()
    return made


def _of(fn: types.FunctionType, served: tuple[str, ...]) -> Iterator[Mutant]:
    try:
        lines, first = inspect.getsourcelines(fn)
    except OSError:
        return
    source = textwrap.dedent("".join(lines))
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return
    definition = tree.body[0]
    if not isinstance(definition, ast.FunctionDef):
        return
    definition.decorator_list = []
    definition.returns = None
    seen = {ast.unparse(definition)}
    for path in _places(definition):
        node = _at(definition, path)
        for kind, replacement in _changes(node):
            changed = copy.deepcopy(definition)
            _put(changed, path, replacement)
            text = ast.unparse(ast.fix_missing_locations(changed))
            if text in seen:
                continue
            seen.add(text)
            code = _compiled(fn, changed)
            if code is not None:
                yield Mutant(fn, kind, first + node.lineno - 1, ast.unparse(node), ast.unparse(replacement), code, served)


def _compiled(fn: types.FunctionType, definition: ast.FunctionDef) -> types.CodeType | None:
    bare = copy.deepcopy(definition)
    bare.args.defaults = []  # the function keeps its own
    bare.args.kw_defaults = [None] * len(bare.args.kwonlyargs)
    for arg in (*bare.args.posonlyargs, *bare.args.args, *bare.args.kwonlyargs):
        arg.annotation = None
    module = ast.Module([bare], [])
    space: dict[str, Any] = {}
    try:
        exec(compile(ast.fix_missing_locations(module), fn.__code__.co_filename, "exec"), space)
    except (SyntaxError, ValueError):
        return None
    made = space[definition.name]
    return made.__code__ if not made.__code__.co_freevars else None


Path = tuple[tuple[str, int | None], ...]


def _places(root: ast.AST) -> Iterator[Path]:
    """Paths to all expressions that may be changed."""

    def walk(node: ast.AST, path: Path) -> Iterator[Path]:
        for field, value in ast.iter_fields(node):
            if field in ("annotation", "returns", "decorator_list", "args") and isinstance(node, ast.FunctionDef | ast.arg | ast.AnnAssign):
                continue
            children = [(i, v) for i, v in enumerate(value)] if isinstance(value, list) else [(None, value)]
            for i, child in children:
                if isinstance(child, ast.Raise | ast.Assert | ast.JoinedStr | ast.Import | ast.ImportFrom):
                    continue
                if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
                    continue
                if isinstance(child, ast.Call) and isinstance(child.func, ast.Name) and child.func.id in QUIET:
                    continue
                if isinstance(child, ast.If) and any(isinstance(s, ast.Raise) for s in child.body):
                    yield from walk_list(child.orelse, (*path, (field, i), ("orelse", None)))
                    continue
                if isinstance(child, ast.AST):
                    here = (*path, (field, i))
                    if isinstance(child, ast.expr | ast.stmt):
                        yield here
                    yield from walk(child, here)

    def walk_list(body: list[ast.stmt], prefix: Path) -> Iterator[Path]:
        holder = ast.Module(body, [])
        for p in walk(holder, ()):
            yield (*prefix[:-1], ("orelse", p[0][1]), *p[1:])

    yield from walk(root, ())


def _at(root: Any, path: Path) -> Any:
    for field, i in path:
        root = getattr(root, field) if i is None else getattr(root, field)[i]
    return root


def _put(root: Any, path: Path, new: ast.AST) -> None:
    parent = _at(root, path[:-1])
    field, i = path[-1]
    if i is None:
        setattr(parent, field, new)
    else:
        getattr(parent, field)[i] = new


def _changes(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """The mistakes that can be made at this node."""
    if isinstance(node, ast.BinOp):
        yield from binary(node)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and not isinstance(node.operand, ast.Constant):
        yield "sign", node.operand
    elif isinstance(node, ast.Constant):
        yield from constant(node)
    elif isinstance(node, ast.Compare) and len(node.ops) == 1:
        swap: dict[type, type[ast.cmpop]] = {
            ast.Gt: ast.Lt,
            ast.Lt: ast.Gt,
            ast.GtE: ast.Lt,
            ast.LtE: ast.Gt,
            ast.Eq: ast.NotEq,
            ast.NotEq: ast.Eq,
        }
        other = swap.get(type(node.ops[0]))
        if other is not None and not _about_type(node):
            yield "comparison", ast.Compare(node.left, [other()], node.comparators)
    elif isinstance(node, ast.Call):
        yield from _call(node)
    elif isinstance(node, ast.Return) and node.value is not None and not _no_number(node.value) and "0.0" not in ast.unparse(node):
        yield "sign", ast.Return(ast.UnaryOp(ast.USub(), node.value))
        yield "factor", ast.Return(ast.BinOp(node.value, ast.Mult(), ast.Constant(2)))


def _no_number(value: ast.expr) -> bool:
    """Truth values, texts and zeros: twice or minus that is no mistake one makes."""
    if isinstance(value, ast.IfExp):
        return _no_number(value.body) or _no_number(value.orelse)
    if isinstance(value, ast.Call):
        name = ast.unparse(value.func)
        return name in ("bool", "isinstance", "str", "np.zeros", "np.zeros_like", "np.zeros_like", "tuple", "np.isnan", "np.isfinite")
    return isinstance(value, ast.Tuple | ast.List | ast.Constant | ast.Compare | ast.BoolOp | ast.JoinedStr | ast.GeneratorExp)


def _about_type(node: ast.Compare) -> bool:
    """Decisions about dtypes, and short cuts, are no mathematics."""
    return any(w in ast.unparse(node) for w in ("dtype", "kind", "__class__", ".ndim", "size", "len("))


def _call(node: ast.Call) -> Iterator[tuple[str, ast.AST]]:
    name = called(node)
    yield from twin(node)
    if name == "where" and len(node.args) == 3:
        c, a, b = node.args
        yield "forgotten mask", a
        yield "forgotten mask", b
        yield "swapped branches", ast.Call(node.func, [c, b, a], node.keywords)
    elif len(node.args) == 2 and name not in COMMUTE and not any(isinstance(a, ast.Starred) for a in node.args):
        yield "swapped operands", ast.Call(node.func, [node.args[1], node.args[0]], node.keywords)
    given = {k.arg: k for k in node.keywords}
    for a, b in EXCHANGED:
        if a in given and b in given:
            keywords = [
                ast.keyword(k.arg, given[b].value if k.arg == a else given[a].value if k.arg == b else k.value) for k in node.keywords
            ]
            yield f"{a} and {b} exchanged", ast.Call(node.func, node.args, keywords)
