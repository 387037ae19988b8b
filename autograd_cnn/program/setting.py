"""Statements as they are set: names and numbers put in, what is only one taken out, long lines broken."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterable, Sequence
from typing import Any

WIDTH = 96  # columns of code


def displayed(result: Any) -> ast.expr:
    """Nested results as tuples and dicts are written."""
    if isinstance(result, dict):
        return ast.Dict([ast.Constant(k) for k in result], [displayed(v) for v in result.values()])
    return tuple_of([displayed(v) for v in result]) if isinstance(result, tuple) else result


def tuple_of(parts: Sequence[ast.expr]) -> ast.expr:
    """Expressions as a tuple."""
    return ast.Tuple(list(parts), ast.Load())


def stored(n: ast.Name) -> bool:
    """Is the name one that is given a value?"""
    return isinstance(getattr(n, "ctx", None), ast.Store)


def mentions(node: ast.AST, name: str) -> bool:
    """Does the name stand anywhere in there?"""
    return any(isinstance(n, ast.Name) and n.id == name for n in ast.walk(node))


def rename(node: ast.AST, old: str, new: str) -> None:
    """Give a name another one, everywhere in there."""
    for n in ast.walk(node):
        if isinstance(n, ast.Name) and n.id == old:
            n.id = new


def _root(target: ast.expr) -> str | None:
    """The name that an assignment changes."""
    while isinstance(target, ast.Subscript | ast.Attribute | ast.Call):
        target = target.func if isinstance(target, ast.Call) else target.value
    return target.id if isinstance(target, ast.Name) else None


def living(body: Sequence[ast.stmt], wanted: set[str]) -> list[ast.stmt]:
    """The statements that the wanted names need; and what they store is marked so."""
    kept: list[ast.stmt] = []
    needed = set(wanted)
    for s in reversed(body):
        targets = s.targets if isinstance(s, ast.Assign) else [s.target] if isinstance(s, ast.AugAssign) else []
        parts = [e for t in targets for e in (t.elts if isinstance(t, ast.Tuple) else [t])]
        roots = {_root(t) for t in parts}
        called_on = {n.id for n in ast.walk(s) if isinstance(n, ast.Name)} if isinstance(s, ast.Expr) else set()
        if not (roots | called_on) & needed:
            continue
        for t in parts:
            if isinstance(t, ast.Name):
                t.ctx = ast.Store()
        kept.append(s)
        needed.update(n.id for n in ast.walk(s) if isinstance(n, ast.Name))
    return kept[::-1]


class Filled(ast.NodeTransformer):
    """Puts one expression in the place of one name."""

    def __init__(self, name: str, value: ast.expr) -> None:
        self.name, self.value = name, value

    def visit_Name(self, node: ast.Name) -> ast.expr:  # its name is Python's
        """The expression, for the name."""
        return copy.deepcopy(self.value) if node.id == self.name else node


class Named(ast.NodeTransformer):
    """Gives slots and helpers their names, and constants their values."""

    def __init__(self, names: dict[str, str], literals: dict[str, ast.expr]) -> None:
        self.names, self.literals = names, literals

    def visit_Name(self, node: ast.Name) -> ast.expr:  # its name is Python's
        """What stands there in the end."""
        if node.id in self.names:
            return ast.Name(self.names[node.id], getattr(node, "ctx", ast.Load()))
        return copy.deepcopy(self.literals[node.id]) if node.id in self.literals else node


class Tidied(ast.NodeTransformer):
    """Takes away what multiplies by one, and says a multiplication by 1 / n as a division."""

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        """The operation, or less."""
        self.generic_visit(node)
        left, right = node.left, node.right
        if isinstance(node.op, ast.Mult) and _one(left):
            return right
        if isinstance(node.op, ast.Mult | ast.Div | ast.Pow) and _one(right) and not _one(left):
            return left
        if isinstance(node.op, ast.Mult):
            for a, b in ((left, right), (right, left)):
                if isinstance(a, ast.BinOp) and isinstance(a.op, ast.Div) and _one(a.left) and isinstance(a.right, ast.Constant):
                    return ast.BinOp(b, ast.Div(), a.right)
        return node


def _one(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) in (int, float) and node.value == 1


def filled(parts: Iterable[str], between: str, width: int) -> list[str]:
    """The parts in as few lines as hold them whole."""
    lines: list[str] = []
    for part in parts:
        if lines and len(lines[-1] + between + part) <= width:
            lines[-1] += between + part
        else:
            lines.append(part)
    return lines


def wrapped(text: str) -> list[str]:
    """A line; a long one is broken after the commas within its first bracket that holds several things."""
    if len(text) <= WIDTH:
        return [text]
    if text.startswith("return ") and len(_parts(text[7:])) > 1:
        text = f"return ({text[7:]})"
    elif text.endswith(" = saved"):
        lines = [f"    {line}," for line in filled(_parts(text[: -len(" = saved")]), ", ", WIDTH - 8)]
        return ["(", *lines, ") = saved"]
    for at, c in enumerate(text):
        if c in "([{" and _closing(text, at) == text.rfind(text[-1]) and len(parts := _parts(text[at + 1 :])) > 1:
            lines = [f"{line}," for line in filled(parts, ", ", WIDTH - 8)]
            return [text[: at + 1], *(f"    {line}" for line in lines), text[_closing(text, at) :]]
    return [text]


def _closing(text: str, at: int) -> int:
    """Where the bracket closes that opens at a place."""
    depth = 0
    for k in range(at, len(text)):
        depth += (text[k] in "([{") - (text[k] in ")]}")
        if depth == 0:
            return k
    return len(text)


def _parts(text: str) -> list[str]:
    """What stands between commas, up to the end of the bracket that is open."""
    parts, depth, start = [], 0, 0
    for k, c in enumerate(text):
        if c == "," and depth == 0:
            parts.append(text[start:k].strip())
            start = k + 1
        depth += (c in "([{") - (c in ")]}")
        if depth < 0:
            text = text[:k]
            break
    last = text[start:].strip()
    return [*parts, *([last] if last else [])]
