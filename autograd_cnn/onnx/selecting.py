"""Indexing in ONNX: slices, and what arrays pick, by the operators of an emitter."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from .dims import Dim


class Symbol:
    """A value of the file: its name, its shape (None where no rule needs it; entries may be `Dim`s), its dtype, and its array if it is
    a constant."""

    __slots__ = ("array", "dtype", "name", "shape", "weak")

    def __init__(self, name: str, shape: tuple[Any, ...] | None, dtype: Any, array: Any = None, weak: bool = False) -> None:
        self.name = name
        self.shape = shape
        self.dtype = np.dtype(dtype)
        self.array = array
        self.weak = weak  # a Python number, whose dtype gives way

    def __repr__(self) -> str:
        return f"<{self.name}: {self.dtype}{list(self.shape or ())}>"


def places(to: Any, shape: Sequence[Any], at: Any) -> Any:
    """Where the picked entries stand in the flattened tensor."""
    if any(isinstance(a, Symbol) and a.array is None for a in _flat(at)):
        return to.refuse("has an index that is computed and stands beside others, for which ONNX has no operator")
    sizes = [int(d) for d in shape]
    return np.asarray(np.arange(math.prod(sizes), dtype=np.int64).reshape(sizes)[_numpy_index(at)])


def select(to: Any, x: Any, at: Any) -> Any:
    """Slices, then what arrays pick."""
    at = at if isinstance(at, tuple) else (at,)
    arrays = [a for a in at if _is_array(a)]
    if not arrays:
        return _slices(to, x, at)
    given = sum(_consumes(a) for a in at if a is not Ellipsis)
    full: list[Any] = []
    for a in at:
        full += [slice(None)] * (len(x.shape) - given) if a is Ellipsis else [a]
    rest = tuple(slice(None) if _is_array(a) else a for a in full)
    plain = all(isinstance(a, slice) and a == slice(None) for a in rest)
    if len(arrays) == 1 and all(_is_array(a) or isinstance(a, slice) for a in full):
        place = next(k for k, a in enumerate(full) if _is_array(a))
        index = full[place]
        if index.dtype == np.bool_:
            return _by_mask(to, x, index, place) if plain else _fixed(to, x, at)
        y = x if plain else _slices(to, x, rest)
        return to.node("Gather", [y, _constant(to, index)], axis=place)
    in_front = [_is_array(a) for a in full] == sorted((_is_array(a) for a in full), reverse=True)
    if plain and in_front and all(a.dtype != np.bool_ for a in arrays):  # one index of several numbers
        wide = to.ints(*np.broadcast_shapes(*(tuple(int(d) for d in a.shape) for a in arrays)), 1)
        columns = [to.node("Expand", [to.node("Unsqueeze", [_constant(to, a), [-1]]), wide]) for a in arrays]
        return to.node("GatherND", [x, to.node("Concat", columns, axis=-1)])
    return _fixed(to, x, at)


def _by_mask(to: Any, x: Any, mask: Any, place: int) -> Any:
    dims = len(mask.shape)
    shape = (*x.shape[:place], math.prod(x.shape[place : place + dims]), *x.shape[place + dims :])
    return to.node("Compress", [to.reshape(x, shape), to.node("Reshape", [_constant(to, mask), [-1]])], axis=place)


def _fixed(to: Any, x: Any, at: Any) -> Any:
    """By a table of places, which the file holds."""
    return to.node("Gather", [to.node("Reshape", [x, [-1]]), to.const(places(to, x.shape, at))], axis=0)


def _constant(to: Any, a: Any) -> Any:
    return a if isinstance(a, Symbol) else to.const(np.asarray(a))


def _slices(to: Any, x: Any, at: Sequence[Any]) -> Any:
    parts: list[tuple[Any, Any, int, int]] = []  # start, end, axis, step
    squeezed, new = [], []
    given, dim, out = sum(a is not None and a is not Ellipsis for a in at), 0, 0
    for a in at:
        if a is Ellipsis:
            dim, out = dim + len(x.shape) - given, out + len(x.shape) - given
        elif a is None:
            new.append(out)
            out += 1
        elif isinstance(a, slice):
            if a != slice(None):
                parts.append(
                    (0 if a.start is None else a.start, 2**62 if a.stop is None else a.stop, dim, 1 if a.step is None else int(a.step))
                )
            dim, out = dim + 1, out + 1
        else:
            index = a if isinstance(a, Dim) or int(a) >= 0 else x.shape[dim] + a
            parts.append((index, index + 1, dim, 1))
            squeezed.append(dim)
            dim += 1
    y = x
    if parts:
        starts, ends, axes, steps = (list(p) for p in zip(*parts, strict=True))
        y = to.node("Slice", [x, starts, ends, axes, None if set(steps) == {1} else steps])
    y = to.node("Squeeze", [y, squeezed]) if squeezed else y
    y = to.node("Unsqueeze", [y, new]) if new else y
    return to.node("Identity", [x]) if y is x else y


def _is_array(a: Any) -> bool:
    return isinstance(a, Symbol) or (hasattr(a, "ndim") and not isinstance(a, np.integer)) or isinstance(a, list)


def _consumes(a: Any) -> int:
    """How many dims an entry of an index stands for."""
    if a is None:
        return 0
    return len(a.shape) if _is_array(a) and a.dtype == np.bool_ else 1


def _flat(at: Any) -> Iterator[Any]:
    for a in at if isinstance(at, tuple | list) else (at,):
        if isinstance(a, tuple | list):
            yield from _flat(a)
        else:
            yield a


def _numpy_index(at: Any) -> Any:
    if isinstance(at, tuple):
        return tuple(_numpy_index(a) for a in at)
    return at.array if isinstance(at, Symbol) else at
