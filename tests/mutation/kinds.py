"""Small mistakes that one can make at a node of an expression, wherever it stands."""

from __future__ import annotations

import ast
from collections.abc import Iterator

TWINS = {
    "sum": "mean",
    "mean": "sum",
    "max": "min",
    "min": "max",
    "maximum": "minimum",
    "minimum": "maximum",
    "argmax": "argmin",
    "argmin": "argmax",
    "sin": "cos",
    "cos": "sin",
    "floor": "ceil",
    "ceil": "floor",
    "sinh": "cosh",
    "cosh": "sinh",
    "logical_and": "logical_or",
    "logical_or": "logical_and",
    "amax": "amin",
    "amin": "amax",
    "tril": "triu",
    "triu": "tril",
    "add": "subtract",
    "subtract": "add",
    "multiply": "divide",
    "true_divide": "multiply",
    "less": "greater",
    "greater": "less",
    "zeros": "ones",
    "zeros_like": "ones_like",
    "ones": "zeros",
    "ones_like": "zeros_like",
}

Change = tuple[str, ast.expr]


def binary(node: ast.BinOp) -> Iterator[Change]:
    """A sign, a lost term or factor, operands exchanged, a mask."""
    left, right, op = node.left, node.right, node.op
    if isinstance(op, ast.Add | ast.Sub):
        if isinstance(left, ast.Tuple) or isinstance(right, ast.Tuple):
            return
        yield "sign", ast.BinOp(left, ast.Sub() if isinstance(op, ast.Add) else ast.Add(), right)
        yield "dropped term", left
        yield "dropped term", right
        if isinstance(op, ast.Sub):
            yield "swapped operands", ast.BinOp(right, op, left)
    elif isinstance(op, ast.Mult):
        yield "lost factor", left
        yield "lost factor", right
    elif isinstance(op, ast.Div | ast.FloorDiv | ast.Pow | ast.MatMult):
        yield "swapped operands", ast.BinOp(right, op, left)
        yield "lost factor", left
        if isinstance(op, ast.Div):
            yield "times for over", ast.BinOp(left, ast.Mult(), right)
    elif isinstance(op, ast.BitAnd | ast.BitOr):
        yield "mask", ast.BinOp(left, ast.BitOr() if isinstance(op, ast.BitAnd) else ast.BitAnd(), right)
        yield "mask", left


def constant(node: ast.Constant) -> Iterator[Change]:
    """A flag turned, a whole number off by one, a real one doubled."""
    v = node.value
    if isinstance(v, bool):
        yield "flag", ast.Constant(not v)
    elif isinstance(v, int):
        yield "off by one", ast.Constant(v + 1)
    elif isinstance(v, float):
        yield "constant", ast.Constant(v * 2 if v else 1.0)


def twin(node: ast.Call) -> Iterator[Change]:
    """The function's neighbour: a mean for a sum, a floor for a ceiling."""
    name = called(node)
    nothing = bool(node.args) and isinstance(node.args[0], ast.Constant) and node.args[0].value == 0  # zeros(0) is ones(0)
    if name in TWINS and not nothing and isinstance(node.func, ast.Attribute | ast.Name):
        if isinstance(node.func, ast.Attribute):
            func: ast.expr = ast.Attribute(node.func.value, TWINS[name], ast.Load())
        else:
            func = ast.Name(TWINS[name], ast.Load())
        yield f"{TWINS[name]} for {name}", ast.Call(func, node.args, node.keywords)


def called(node: ast.Call) -> str:
    """The last part of the name of what is called."""
    return node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id if isinstance(node.func, ast.Name) else ""
