"""Writes the type stubs of what the operations' tables provide: `python -m tools.stubs`.

Tensor's and Scalar's methods, the functions of `autograd_cnn` and those of `autograd_cnn.nn.functional` are named where the
operations are defined (`ops/registry/expose.py`) and appear at run time; editors and type checkers read them here:

    tensors/_methods.pyi     TensorMethods, ScalarMethods: methods (operators and what writes in place stand in `tensors/methods/`)
    tensors/_functions.pyi   the functions and dtypes of `autograd_cnn`
    nn/_functional.pyi       those of `nn.functional`
    drawing/canvas/figures.pyi   the methods of `draw`, from the files of the figures

The signatures are the operations' own; an array in one is a Tensor to the user. A test holds the files to the tables.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import autograd_cnn as ac
from autograd_cnn.drawing.canvas.figures import figures as drawn
from autograd_cnn.nn import functional
from autograd_cnn.ops.registry.expose import FUNCTIONAL, FUNCTIONS, METHODS
from autograd_cnn.tensors import scalar
from autograd_cnn.tensors._methods import ScalarMethods, TensorMethods
from autograd_cnn.types import dtypes

_PACKAGE = Path(ac.__file__).parent
_HEAD = '''"""{what} Written by `python -m tools.stubs`: do not edit."""

# ruff: noqa
from builtins import bool as _bool, complex as _complex, float as _float, int as _int, str as _str
from collections.abc import Callable, Sequence
from typing import Any, Literal, Self, TypeAlias, overload

import numpy as np

from {root} import autograd
from {root}.ops.registry import return_types as _return_types
from {root}.random import Generator
from {root}.tensors.scalar import Scalar
from {root}.tensors.tensor import Tensor

Value: TypeAlias = Tensor | _complex | np.ndarray[Any, Any] | np.generic  # what stands beside a tensor in an operation
Steps: TypeAlias = _int | tuple[_int, ...]  # one number for all dims, or one a dim
'''

_WRITTEN = "\n".join(f"from {c.__module__} import {c.__name__}" for c in (*TensorMethods.__bases__, *ScalarMethods.__bases__))

# Results that depend on which arguments are given. {self}: "self", or the tensor with its type; {kind}: of the tuple.
_BY_DIM = ("({self}) -> Tensor", "({self}, dim: _int, keepdim: _bool = ...) -> _return_types.{kind}")
_WITH_INDICES = (
    "({head}, return_indices: Literal[False] = ...) -> Tensor",
    "({head}, *, return_indices: Literal[True]) -> tuple[Tensor, Tensor]",
    "({head}, return_indices: _bool = ...) -> Any",
)
_OVERLOADS: dict[str, tuple[str, ...]] = {
    "max": (*_BY_DIM, "({self}, other: Tensor) -> Tensor"),
    "min": (*_BY_DIM, "({self}, other: Tensor) -> Tensor"),
    "median": _BY_DIM,
    "nanmedian": _BY_DIM,
    "size": ("({self}) -> tuple[_int, ...]", "({self}, dim: _int) -> _int"),
    "stride": ("({self}) -> tuple[_int, ...]", "({self}, dim: _int) -> _int"),
    "type": ("({self}) -> _str", "({self}, dtype: Any, non_blocking: _bool = ...) -> Tensor"),
}
_OVERLOADS_OF_FUNCTIONS: dict[str, tuple[str, ...]] = {
    "where": ("(condition: Tensor) -> tuple[Tensor, ...]", "(condition: Tensor, input: Value, other: Value) -> Tensor"),
}
_INDICES = re.compile(r"(adaptive_)?max_pool\dd")


def signature_of(op: Any) -> inspect.Signature:
    """The signature a user calls: a primitive's parameters may be given by position; its types stand in its forward."""
    signature = inspect.signature(getattr(op, "call", op))
    if not hasattr(op, "forward"):
        return signature
    types = inspect.signature(op.forward)
    known = [p.replace(annotation=types.parameters[n].annotation) for n, p in signature.parameters.items()]
    return signature.replace(parameters=known, return_annotation=types.return_annotation)


def _translated(annotation: Any, array: str) -> str:
    """An annotation as the stub writes it: `array` for arrays, built-in types under names that no method hides."""
    text = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", "Any")
    text = re.sub(r"\b(?:builtins\.)?(bool|complex|float|int|str)\b", r"_\1", text)
    text = re.sub(r"\bArray\b", array, text)
    return text.replace("return_types.", "_return_types.")


def _default(value: Any) -> str:
    plain = isinstance(value, bool | int | float | str | None) or (isinstance(value, tuple) and all(isinstance(v, int) for v in value))
    text = repr(value)
    return text if plain and "inf" not in text and "nan" not in text else "..."


def _parameter(p: inspect.Parameter, annotation: str) -> str:
    star = "*" if p.kind is p.VAR_POSITIONAL else "**" if p.kind is p.VAR_KEYWORD else ""
    default = "" if p.default is p.empty else f" = {_default(p.default)}"
    return f"{star}{p.name}: {annotation}{default}"


def _parameters(ps: Iterable[inspect.Parameter], value: str = "Value") -> list[str]:
    parts: list[str] = []
    starred = False
    for p in ps:
        if p.kind is p.KEYWORD_ONLY and not starred:
            parts.append("*")
            starred = True
        starred = starred or p.kind is p.VAR_POSITIONAL
        annotation = _translated("Any" if p.annotation is p.empty else p.annotation, value)
        parts.append(_parameter(p, annotation))
    return parts


def _result(signature: inspect.Signature, own: str = "Tensor") -> str:
    given = signature.return_annotation
    return "Any" if given is signature.empty else _translated(given, own)


def _summary(op: Any) -> str:
    """The docstring's first paragraph in one line, for the editor's tooltip."""
    text = " ".join((op.__doc__ or "").strip().split("\n\n")[0].split()).replace("\\", "\\\\").replace('"""', "'''")
    return f' """{text.rstrip(chr(34))}"""' if text else " ..."


def _overloaded(name: str, forms: Iterable[str], indent: str, op: Any) -> Iterator[str]:
    for form in forms:
        yield f"{indent}@overload"
        yield f"{indent}def {name}{form}:{_summary(op)}"


# ------------------------------------------------------------------------------------------------- methods
def _method(name: str, op: Any, own: str, value: str, result: str | None = None) -> Iterator[str]:
    if own == "Tensor" and name in _OVERLOADS:
        yield from _overloaded(name, (f.format(self="self", kind=name) for f in _OVERLOADS[name]), "    ", op)
        return
    signature = signature_of(op)
    first, *rest = signature.parameters.values()
    if first.annotation == signature.return_annotation == "Any":
        result = result or own
    if first.kind is first.VAR_POSITIONAL:
        rest = [first]
    parts = ["self", *_parameters(rest, value)]
    result = result or ("Self" if name.endswith("_") else _result(signature, own))
    yield f"    def {name}({', '.join(parts)}) -> {result}:{_summary(op)}"


def _bases(cls: type) -> str:
    """The classes in which the rest is written out."""
    return ", ".join(c.__name__ for c in cls.__bases__)


def methods() -> str:
    """The text of `_methods.pyi`."""
    lines = [_HEAD.format(what="The methods of Tensor and Scalar that the operations' tables name.", root="autograd_cnn"), _WRITTEN]
    lines += ["", f"class TensorMethods({_bases(TensorMethods)}):"]
    for name in sorted(METHODS):
        lines += _method(name, METHODS[name], "Tensor", "Value")
    lines += ["", f"class ScalarMethods({_bases(ScalarMethods)}):"]
    for name in scalar.METHOD_NAMES:
        lines += _method(name, METHODS[name], "Scalar", "Scalar | _float")
    return "\n".join(lines) + "\n"


# ------------------------------------------------------------------------------------------------- functions
def _function(name: str, op: Any) -> Iterator[str]:
    signature = signature_of(op)
    parts = _parameters(signature.parameters.values())
    tensors = "tensors: Sequence[Tensor]"
    parts = [p.replace("Value", "Tensor", 1) if i == 0 and not p.startswith("*") else p for i, p in enumerate(parts)]
    parts = [tensors if p.startswith("tensors: Sequence") else p for p in parts]
    forms = _OVERLOADS_OF_FUNCTIONS.get(name)
    if forms is None and name in _OVERLOADS:
        forms = tuple(f.format(self="input: Tensor", kind=name) for f in _OVERLOADS[name])
    if forms is None and _INDICES.fullmatch(name):
        forms = tuple(f.format(head=", ".join(parts[:-1])) for f in _WITH_INDICES)
    if forms is not None:
        yield from _overloaded(name, forms, "", op)
        return
    result = "tuple[Tensor, Tensor]" if name.endswith("_with_indices") else _result(signature)
    yield f"def {name}({', '.join(parts)}) -> {result}:{_summary(op)}"


def functions() -> str:
    """The text of `_functions.pyi`. What the façade itself defines is typed there."""
    lines = [_HEAD.format(what="The functions and dtypes of `autograd_cnn`.", root="autograd_cnn")]
    lines += [f"{name}: np.dtype[Any]" for name in dtypes.NAMES]
    for name in sorted(FUNCTIONS):
        if name not in ac.__all__:
            lines += _function(name, FUNCTIONS[name])
    return "\n".join(lines) + "\n"


def functionals() -> str:
    """The text of `nn/_functional.pyi`."""
    lines = [_HEAD.format(what="The functions of `autograd_cnn.nn.functional`.", root="autograd_cnn")]
    for name in sorted(set(dir(functional)) & {*FUNCTIONAL, *FUNCTIONS}):
        lines += _function(name, FUNCTIONAL.get(name) or FUNCTIONS[name])
    return "\n".join(lines) + "\n"


# ------------------------------------------------------------------------------------------------- figures
_FIGURES = '''"""The methods that the figures' files give `draw`. Written by `python -m tools.stubs`: do not edit."""

# ruff: noqa
{imports}

F = TypeVar("F", bound=Callable[..., Any])

def figure(make: F) -> F: ...
def figures() -> dict[str, Callable[..., Any]]: ...

class Figures:
{methods}
'''


def figures() -> str:
    """The text of `drawing/canvas/figures.pyi`. What annotations name is imported from where it is defined."""
    imports, methods = {"from collections.abc import Callable", "from typing import Any", "from typing import TypeVar"}, []
    for name, method in sorted(drawn().items()):
        signature = inspect.signature(method)
        parts = [re.sub(r"\b_(bool|complex|float|int|str)\b", r"\1", p) for p in _parameters(signature.parameters.values())]
        methods.append(f"    def {name}({', '.join(['self', *parts])}) -> {signature.return_annotation}:{_summary(method)}")
        for word in {w for t in (*parts, signature.return_annotation) for w in re.findall(r"\w+", t)} & method.__globals__.keys():
            value = method.__globals__[word]
            if inspect.isclass(value) or getattr(value, "__module__", "") == "typing":
                imports.add(f"from {value.__module__} import {word}")
    return _FIGURES.format(imports="\n".join(sorted(imports)), methods="\n".join(methods))


FILES: dict[str, Callable[[], str]] = {
    "tensors/_methods.pyi": methods,
    "tensors/_functions.pyi": functions,
    "nn/_functional.pyi": functionals,
    "drawing/canvas/figures.pyi": figures,
}


def write() -> None:
    """Write all stubs anew."""
    for name, text in FILES.items():
        (_PACKAGE / name).write_text(text(), encoding="utf-8")


if __name__ == "__main__":
    write()
