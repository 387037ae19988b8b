"""Mutants of the machinery: a module's text with one small mistake in it.

The mistakes are those that people make between the formulas: a statement forgotten, a condition turned or half of it lost, `<` for `<=`,
off by one, a `finally` that does nothing, a `with` left out, a copy not taken, a live dict walked over, a return too early, a threshold
far too high or low. What an error says is left alone; whether it is raised is not.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from .kinds import Change, binary, called, constant, twin

ROOT = Path(__file__).parents[2]
PACKAGE = "autograd_cnn"
OTHER: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
TURNED = ast.Eq | ast.NotEq | ast.Is | ast.IsNot | ast.In | ast.NotIn  # of these the other is the negation
COPIES = {"list", "tuple", "dict", "set", "copy", "deepcopy"}
FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef
TEXTS = (ast.JoinedStr, ast.Import, ast.ImportFrom, ast.Pass, ast.Global, ast.Nonlocal, ast.alias, ast.pattern)


Place = tuple[ast.stmt, tuple[ast.AST, ...], ast.stmt | ast.expr]  # the statement it belongs to, all that is around it, it
Old = list[ast.stmt] | ast.stmt | ast.expr
Found = tuple[str, Old, str]


@dataclass(frozen=True)
class Mistake:
    """One of them: the text from `start` to `end` of the file becomes `after`."""

    file: str  # from the package's folder
    line: int
    scope: str
    kind: str
    before: str
    after: str
    start: int
    end: int
    whole: bytes = field(compare=False, repr=False)
    reached: frozenset[tuple[str, int]] = field(compare=False)  # lines of which one runs when this matters

    @property
    def module(self) -> str:
        return module(self.file)

    def text(self) -> str:
        """The module's text, with as many lines as before."""
        lost = self.whole[self.start : self.end].count(b"\n")
        if self.after.endswith(")"):  # inside brackets lines may be empty
            new = self.after[:-1] + "\n" * lost + ")"
        else:
            new = self.after + "\n" * lost
        return (self.whole[: self.start] + new.encode() + self.whole[self.end :]).decode()

    def __str__(self) -> str:
        return f"{self.file}:{self.line} [{self.kind}] {_short(self.before)}  →  {_short(self.after)}   ({self.scope})"


def module(file: str) -> str:
    """Its name, as imports know it."""
    parts = [PACKAGE, *file.removesuffix(".py").split("/")]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _short(text: str) -> str:
    text = re.sub(r"\s+", " ", text)
    return text if len(text) < 110 else text[:106] + " ..."


def mistakes(files: dict[str, frozenset[str]]) -> list[Mistake]:
    """Of these files, in a fixed order; of a file only those in the functions and classes of these names, if there are any."""
    sources = {name: Source(name, (ROOT / PACKAGE / name).read_bytes()) for name in files}
    return [m for name, only in files.items() for m in sources[name].mistakes(only, sources)]


class Source:
    """A file, by its name and its bytes."""

    def __init__(self, name: str, text: bytes) -> None:
        self.name = name
        self.bytes = text
        self.tree = ast.parse(self.bytes)
        self.starts = [0]
        for line in self.bytes.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))

    def mistakes(self, only: frozenset[str], sources: dict[str, Source]) -> Iterator[Mistake]:
        """Those of this file."""
        seen = set()
        for statement, above, node in self._nodes():
            scope = ".".join(n.name for n in above if isinstance(n, FUNCTIONS | ast.ClassDef))
            if only and not any(scope == o or scope.startswith(o + ".") for o in only):
                continue
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr) and not any(isinstance(n, FUNCTIONS) for n in above):
                continue  # the name of a type
            found = _of_statement(node, above) if isinstance(node, ast.stmt) else _of_expression(node, statement)
            for kind, old, after in found:
                start, end = self._span(old)
                if (start, end, after) in seen:
                    continue
                seen.add((start, end, after))
                before = self.bytes[start:end].decode()
                if isinstance(old, list):
                    reached = frozenset({(self.name, old[0].lineno)})
                else:
                    reached = self._reached(statement, above, sources)
                yield Mistake(self.name, node.lineno, scope, kind, before, after, start, end, self.bytes, reached)

    def _span(self, nodes: Old) -> tuple[int, int]:
        first, last = (nodes[0], nodes[-1]) if isinstance(nodes, list) else (nodes, nodes)
        assert last.end_lineno is not None and last.end_col_offset is not None
        start = self.starts[first.lineno - 1] + first.col_offset
        if isinstance(nodes, ast.While):  # its keyword
            return start, start + len("while")
        return start, self.starts[last.end_lineno - 1] + last.end_col_offset

    def _nodes(self) -> Iterator[Place]:
        def walk(node: ast.AST, statement: ast.stmt | None, above: tuple[ast.AST, ...]) -> Iterator[Place]:
            if isinstance(node, TEXTS) or _says_nothing(node):
                return
            if isinstance(node, ast.stmt):
                statement = node
            if statement is not None and isinstance(node, ast.stmt | ast.expr):
                yield statement, above, node
            for name, value in ast.iter_fields(node):
                if name in ("annotation", "returns", "decorator_list", "bases", "keywords" if isinstance(node, ast.ClassDef) else ""):
                    continue
                if isinstance(node, ast.Raise | ast.Assert) and name != "test":
                    continue
                for child in value if isinstance(value, list) else [value]:
                    if isinstance(child, ast.AST):
                        yield from walk(child, statement, (*above, node))

        yield from walk(self.tree, None, ())

    def _reached(self, statement: ast.stmt, above: tuple[ast.AST, ...], sources: dict[str, Source]) -> frozenset[tuple[str, int]]:
        if isinstance(statement, FUNCTIONS):  # a default: what it decides is in the body
            first = statement.body[1:2] or statement.body[:1]
            return frozenset({(self.name, first[0].lineno)})
        around = [n for n in above if isinstance(n, FUNCTIONS | ast.ClassDef)]
        if around and not isinstance(around[-1], ast.ClassDef):
            return frozenset({(self.name, statement.lineno)})
        if not around and not isinstance(statement, ast.Assign | ast.AugAssign | ast.AnnAssign):  # it registers functions that it names
            named = {n.id for n in ast.walk(statement) if isinstance(n, ast.Name)}
            of = frozenset((self.name, s.lineno) for n in self.tree.body if isinstance(n, FUNCTIONS) and n.name in named for s in n.body)
            if of:
                return of
        names = {n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        names |= {n.value.id for n in ast.walk(statement) if isinstance(n, ast.Subscript) and isinstance(n.value, ast.Name)}
        for name in (todo := list(names)):  # and what is made of it
            found = {n for s in sources.values() for n in s.made.get(name, ())} - names
            names |= found
            todo.extend(found)
        first = above[1] if len(above) > 1 else statement
        read = frozenset((s.name, line) for s in sources.values() for name in names for line in s.uses.get(name, ()))
        return read if read or not isinstance(first, ast.stmt) else frozenset({(self.name, first.lineno)})

    @cached_property
    def made(self) -> dict[str, set[str]]:
        """What a module's own assignments make of a name: other names."""
        found: dict[str, set[str]] = {}
        for statement in self.tree.body:
            if isinstance(statement, ast.Assign | ast.AnnAssign):
                names = {n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
                for node in ast.walk(statement):
                    if isinstance(node, ast.Name | ast.Attribute):
                        found.setdefault(node.id if isinstance(node, ast.Name) else node.attr, set()).update(names)
        return found

    @cached_property
    def uses(self) -> dict[str, set[int]]:
        """Where a name is read: the lines of the statements of functions."""
        found: dict[str, set[int]] = {}
        for statement, above, node in self._nodes():
            if any(isinstance(n, FUNCTIONS) for n in above):
                name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
                body = statement.body[1:2] or statement.body[:1] if isinstance(statement, FUNCTIONS) else [statement]  # a default
                found.setdefault(name, set()).add(body[0].lineno)
        return found


def _says_nothing(node: ast.AST) -> bool:
    """Docstrings, what only a type checker reads, lists of public names, `strict=True` (which asserts what is so already)."""
    if isinstance(node, ast.keyword):
        return node.arg in ("strict", "covariant")
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    if isinstance(node, ast.If):
        return "TYPE_CHECKING" in ast.unparse(node.test) or "__name__" in ast.unparse(node.test)
    if isinstance(node, ast.FunctionDef):
        return any("overload" in ast.unparse(d) for d in node.decorator_list)
    return isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in ("__all__", "__slots__", "__match_args__")


# ------------------------------------------------------------------------------------------------- statements
def _of_statement(node: ast.stmt, above: tuple[ast.AST, ...]) -> Iterator[Found]:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call | ast.Await):
        yield "call left out", node, "pass"
    elif isinstance(node, ast.Assign | ast.AugAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if isinstance(node, ast.AugAssign) or all(isinstance(t, ast.Attribute | ast.Subscript) for t in targets):
            yield "state not set", node, "pass"
        yield from _threshold(node, above)
    elif isinstance(node, ast.AnnAssign) and node.value is not None and isinstance(node.target, ast.Attribute):
        yield "state not set", node, "pass"
    elif isinstance(node, ast.Delete):
        yield "not deleted", node, "pass"
    elif isinstance(node, ast.Continue):
        yield "no continue", node, "pass"
        yield "break for continue", node, "break"
    elif isinstance(node, ast.Break):
        yield "continue for break", node, "continue"
    elif isinstance(node, ast.If) and all(isinstance(s, ast.Raise) for s in node.body):
        yield "no guard", node.test, "False"
    elif isinstance(node, ast.Raise) and node.exc is None:
        yield "error swallowed", node, "pass"
    elif isinstance(node, ast.Try) and node.finalbody and not isinstance(node.finalbody[0], ast.Pass):
        yield "no finally", node.finalbody, "pass"
    elif isinstance(node, ast.With):
        for item in node.items:
            if item.optional_vars is None and isinstance(item.context_expr, ast.Call | ast.Name | ast.Attribute):
                yield "no with", item.context_expr, "__import__('contextlib').nullcontext()"
    elif isinstance(node, ast.FunctionDef) and len(node.body) > 3 and not _gives(node):
        yield "early return", [node.body[len(node.body) // 2]], "return"
    elif isinstance(node, ast.While) and not any(isinstance(n, ast.Break | ast.Continue) for n in ast.walk(node)):
        yield "one step only", node, "if"


def _gives(function: ast.FunctionDef) -> bool:
    return any(isinstance(n, ast.Yield | ast.YieldFrom) or (isinstance(n, ast.Return) and n.value is not None) for n in ast.walk(function))


def _threshold(node: ast.Assign | ast.AugAssign, above: tuple[ast.AST, ...]) -> Iterator[Found]:
    """A named size of a module, far too large and far too small."""
    if isinstance(node, ast.Assign) and len(above) == 1 and isinstance(node.targets[0], ast.Name) and node.targets[0].id.isupper():
        try:
            value = eval(compile(ast.Expression(node.value), "", "eval"), {"__builtins__": {}})
        except Exception:
            return
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) > 7:
            yield "threshold", node.value, f"({value!r} * 1000)"
            yield "threshold", node.value, f"({value!r} // 1000)"


# ------------------------------------------------------------------------------------------------- expressions
def _of_expression(node: ast.expr, statement: ast.stmt) -> Iterator[Found]:
    if isinstance(node, ast.Slice | ast.Starred):
        return
    for condition in _conditions(node, statement):
        if isinstance(condition, ast.UnaryOp) and isinstance(condition.op, ast.Not):
            yield "condition turned", condition, _written(condition.operand)
        elif not (isinstance(condition, ast.Compare) and len(condition.ops) == 1 and isinstance(condition.ops[0], TURNED)):
            yield "condition turned", condition, _written(ast.UnaryOp(ast.Not(), condition))
    for kind, new in _changes(node):
        yield kind, node, _written(new)


def _written(node: ast.expr) -> str:
    return f"({ast.unparse(ast.fix_missing_locations(node))})"


def _conditions(node: ast.expr, statement: ast.stmt) -> Iterator[ast.expr]:
    if isinstance(statement, ast.If | ast.While) and statement.test is node:
        yield node
    if isinstance(node, ast.IfExp):
        yield node.test
    if isinstance(node, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
        for part in node.generators:
            yield from part.ifs


def _changes(node: ast.expr) -> Iterator[Change]:
    if isinstance(node, ast.BoolOp):
        for i in range(len(node.values)):
            rest = node.values[:i] + node.values[i + 1 :]
            yield "half a condition", rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest)
        if len(node.values) == 2:
            yield "and for or", ast.BoolOp(ast.And() if isinstance(node.op, ast.Or) else ast.Or(), node.values)
    elif isinstance(node, ast.Compare) and len(node.ops) == 1:
        yield "comparison", ast.Compare(node.left, [OTHER[type(node.ops[0])]()], node.comparators)
    elif isinstance(node, ast.BinOp):
        if not any(_is_text(n) for n in (node.left, node.right)):
            yield from binary(node)
    elif isinstance(node, ast.Constant):
        yield from constant(node)
    elif isinstance(node, ast.Call):
        yield from _call(node)


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str | bytes))


def _call(node: ast.Call) -> Iterator[Change]:
    name = called(node)
    if name == "copy" and isinstance(node.func, ast.Attribute) and not node.args:
        yield "no copy", node.func.value
    elif name in COPIES and len(node.args) == 1 and not node.keywords and not isinstance(node.args[0], ast.GeneratorExp | ast.Starred):
        yield "no copy", node.args[0]
    elif name == "sorted" and len(node.args) == 1:
        yield "not sorted", ast.Call(ast.Name("list", ast.Load()), node.args, [])
    else:
        yield from twin(node)
