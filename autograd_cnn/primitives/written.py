"""What a rule under `@<name>.source` works with: what is known of the inputs when a program is written, and pieces of its text."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeVar

import numpy as np

R = TypeVar("R", bound=Callable[..., Any])
_SIMPLE, _SMALL = 9999, 20  # the largest parts of a fraction that a number is written as
_SHORT = 7  # characters of a decimal that no fraction is better than
LITERAL_SIZE = 16  # entries up to which an array is written out
TEXTS: dict[Callable[..., Any], str] = {}  # functions of values that operations compute with beside the tape -> how they are written


@dataclass(frozen=True, slots=True)
class Operand:
    """An input, an array among the parameters, or the output: `name` stands for it in the text. `shape` is None for a Python number."""

    name: str
    shape: tuple[int, ...] | None
    dtype: Any = None
    value: Any = None  # of a Python number that is known

    @property
    def ndim(self) -> int:
        """How many dims it has."""
        return len(self.shape or ())

    @property
    def size(self) -> int:
        """How many entries it has."""
        return math.prod(self.shape or ())

    def __repr__(self) -> str:
        return self.name


class Unwritable(Exception):
    """A parameter that no text can name."""


def written(text: str) -> Callable[[R], R]:
    """Say how a function of values (see `derived` and `updated`) is written: as a rule under `@<name>.source` is, over the names of its
    parameters."""

    def put(fn: R) -> R:
        TEXTS[fn] = text
        return fn

    return put


def literal(p: Any) -> str:
    """A parameter as Python writes it.

    >>> literal((1, None, slice(2, None), np.dtype(np.float32), math.inf))
    '(1, None, slice(2, None, None), np.float32, np.inf)'
    """
    if isinstance(p, Operand):
        return p.name
    if isinstance(p, np.dtype) or (isinstance(p, type) and issubclass(p, np.generic | bool | int | float)):
        return f"np.{np.dtype(p).name}" if np.dtype(p) != np.bool_ else "bool"
    if p is Ellipsis:
        return "..."
    if isinstance(p, np.generic):
        return literal(p.item())
    if isinstance(p, float) and not math.isfinite(p):
        return "np.nan" if p != p else "np.inf" if p > 0 else "-np.inf"
    if isinstance(p, float):
        return number(p)
    if p is None or isinstance(p, bool | int | complex | str):
        return repr(p)
    if isinstance(p, tuple | list):
        inside = ", ".join(map(literal, p))
        return f"[{inside}]" if isinstance(p, list) else f"({inside}{',' if len(p) == 1 else ''})"
    if isinstance(p, slice):
        return f"slice({literal(p.start)}, {literal(p.stop)}, {literal(p.step)})"
    if isinstance(p, np.ndarray) and p.size <= LITERAL_SIZE:
        return f"np.array({literal(p.tolist())}, dtype={literal(p.dtype)})" if p.size else f"np.zeros({p.shape}, dtype={literal(p.dtype)})"
    raise Unwritable(f"{type(p).__name__} {getattr(p, '__name__', '')}".strip())


def number(x: Any, dtype: Any = None) -> str:
    """A number as one would write it: `2 / 15` for 0.13333334 in single precision, where that is the same number.

    >>> number(0.13333334, np.float32), number(0.1), number(4 / 3), number(0.7071067811865475)
    ('2 / 15', '0.1', '4 / 3', '0.7071067811865475')
    """
    if not isinstance(x, float | np.floating) or not np.isfinite(x):
        return literal(x)
    kind = np.dtype(dtype or float).type
    short = repr(float(str(kind(x))))
    if len(short) <= _SHORT:
        return short
    near = Fraction(float(x)).limit_denominator(_SIMPLE)
    top = _SIMPLE if kind is np.float64 else _SMALL  # in fewer digits a fraction of large numbers is any number
    if 0 < abs(near.numerator) <= top and kind(near.numerator / near.denominator) == kind(x):
        return f"{near.numerator} / {near.denominator}"
    return short


def index(at: Any) -> str:
    """What stands between the brackets.

    >>> index((slice(None), 0, None, slice(1, None, 2), ...))
    ':, 0, None, 1::2, ...'
    """
    parts = at if isinstance(at, tuple) else (at,)
    return ", ".join(_slice(p) if isinstance(p, slice) else literal(p) for p in parts) or "()"


def _slice(p: slice) -> str:
    start = None if isinstance(p.start, int) and p.start == 0 and p.stop is not None else p.start
    ends = [("" if e is None else literal(e)) for e in (start, p.stop)]
    return ":".join(ends) + ("" if p.step in (None, 1) else f":{literal(p.step)}")


def over(dims: Any, keepdim: bool = False) -> str:
    """The arguments of a reduction: `axis=1, keepdims=True`.

    >>> over((1,)), over(None, True), over((0, 2))
    ('axis=1', 'keepdims=True', 'axis=(0, 2)')
    """
    one = dims[0] if isinstance(dims, tuple | list) and len(dims) == 1 else dims
    said = [] if dims is None else [f"axis={literal(tuple(one) if isinstance(one, list) else one)}"]
    return ", ".join([*said, *(["keepdims=True"] if keepdim else [])])


def call(name: str, *given: str, **options: Any) -> str:
    """A call with the options that are not None: `call("kernels.conv", "x", "w", padding=2)`."""
    said = [*given, *(f"{k}={literal(p)}" for k, p in options.items() if p is not None)]
    return f"{name}({', '.join(said)})"


def alike(numbers: int | Sequence[int], but: int | None = None) -> Any:
    """One number for equal numbers, None where it is `but`.

    >>> alike((2, 2)), alike((1, 2)), alike((1, 1), 1)
    (2, (1, 2), None)
    """
    given = (numbers,) if isinstance(numbers, int) else tuple(numbers)
    one = given[0] if given and len({*given}) == 1 else given
    return None if one == but or not given else one


def sides(padding: int | Sequence[int] | Sequence[Sequence[int]]) -> Any:
    """Padding as one number, a number for each dim, or as it is; None for none.

    >>> sides(((2, 2), (2, 2))), sides(((0, 0),)), sides(((0, 1), (2, 2)))
    (2, None, ((0, 1), (2, 2)))
    """
    pairs = tuple((p, p) if isinstance(p, int) else (p[0], p[1]) for p in ((padding,) if isinstance(padding, int) else padding))
    return alike([a for a, _ in pairs], 0) if all(a == b for a, b in pairs) else pairs


def broadcast(of: str, ndim: int) -> str:
    """A value for each channel, so that it broadcasts against (N, C, *S) of `ndim` dims: `of[:, None, None]`."""
    return of + (f"[:{', None' * (ndim - 2)}]" if ndim > 2 else "")


def narrow(x: Operand) -> bool:
    """Is it of a dtype whose sums and exponentials the kernels take in a wider one?"""
    return x.dtype is not None and x.dtype == np.float16


def meet(input: Operand, other: Operand) -> bool:
    """Do they meet in a dtype that NumPy finds by itself: one dtype, or a Python number beside floats?"""
    if input.shape is None or other.shape is None:
        kind = input.dtype if input.shape is not None else other.dtype
        return kind is None or kind.kind == "f"
    return bool(input.dtype == other.dtype)


def compared(sign: str) -> Callable[[Operand, Operand], str | None]:
    """The rule of a comparison."""

    def rule(input: Operand, other: Operand) -> str | None:
        return f"input {sign} other" if meet(input, other) else None

    return rule


def combined(sign: str, name: str = "") -> Callable[[Operand, Operand], str | None]:
    """The rule of an operation of bits, or of truth values (`name` is NumPy's function for others)."""

    def rule(input: Operand, other: Operand) -> str | None:
        if name and not input.dtype == other.dtype == bool:
            return f"np.{name}(input, other)"
        return f"input {sign} other" if input.dtype == other.dtype else None

    return rule


def reduced(name: str, wide: bool = False) -> Callable[[Operand, Any, bool], str | None]:
    """The rule of a reduction that is an array's method. `wide`: kernels take narrow floats in a wider dtype."""

    def rule(input: Operand, dims: Any, keepdim: bool) -> str | None:
        return None if wide and narrow(input) else f"input.{name}({over(dims, keepdim)})"

    return rule


def zeros(y: Operand) -> str:
    """Zeros as the operand is.

    >>> zeros(Operand("y", (2, 3), np.dtype(np.float32)))
    'np.zeros((2, 3), dtype=np.float32)'
    """
    return f"np.zeros({y.shape}{'' if y.dtype == np.float64 else f', dtype={literal(y.dtype)}'})"


def summed(text: str, reduction: str) -> str:
    """A loss's entries, averaged, added up, or as they are."""
    return text if reduction == "none" and text[:1] != "(" else f"({text})" if reduction == "none" else f"np.{reduction}({text})"


def labels(input: Operand, target: Operand, weight: Operand | None, ignore_index: int) -> bool:
    """Are the targets the numbers of the classes of (N, C), with nothing weighted, and nothing ignored that an index would meet?"""
    classes = (input.shape or (0, 0))[1] if input.ndim == 2 else 0
    whole = target.ndim == 1 and target.dtype is not None and target.dtype.kind == "i"
    return classes > 0 and whole and weight is None and not narrow(input) and not -classes <= ignore_index < classes
