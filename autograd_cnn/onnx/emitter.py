"""What is written to while a graph becomes an ONNX model: nodes, constants, and sizes computed from shapes."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NoReturn

import numpy as np

from ..types.promotion import promote_types
from .dims import Dim, OnnxError
from .needs import package
from .selecting import Symbol, places, select


class Emitter:
    """Implements `Emit` of `primitives.emit`."""

    def __init__(self, opset: int) -> None:
        self.onnx = package()
        self.helper, self.numpy, self.schemas = self.onnx.helper, package("numpy_helper"), package("defs")
        self.opset = opset
        self.nodes: list[Any] = []
        self.initializers: list[Any] = []
        self.taken: set[str] = set()
        self.scope = ""
        self.operation = ""
        self.dtype: Any = np.dtype(np.float32)
        self.sources: list[Symbol] = []  # whose shapes sizes that vary are computed from: the file's inputs
        self.near: list[Symbol] = []  # the same of the step that is written
        self.sizes: dict[tuple[int, ...], Symbol] = {}
        self.shapes: dict[str, Symbol] = {}
        self.constants: dict[tuple[Any, ...], Symbol] = {}

    # ----------------------------------------------------------------------------------------------------- names
    def fresh(self, wanted: str) -> str:
        """A name that nothing has yet."""
        name, k = wanted, 0
        while name in self.taken:
            k += 1
            name = f"{wanted}_{k}"
        self.taken.add(name)
        return name

    def initializer(self, array: Any, name: str) -> str:
        """An array that the file holds."""
        made = self.fresh(name)
        array = np.asarray(array)
        if array.nbytes >= 2**31 - 2**20:
            raise OnnxError(
                f"onnx.export: {name} has {array.nbytes:,} bytes: expected less than 2 GB, which is what an ONNX file can hold."
            )
        self.initializers.append(self.numpy.from_array(np.ascontiguousarray(array).reshape(array.shape), made))
        return made

    # ------------------------------------------------------------------------------------------------- operators
    def __getattr__(self, operator: str) -> Callable[..., Any]:
        if operator.startswith("_") or not operator[0].isupper():
            raise AttributeError(operator)
        return lambda *inputs, **attributes: self.node(operator, inputs, **attributes)

    def node(self, operator: str, inputs: Sequence[Any], outs: int = 1, dtype: Any = None, **attributes: Any) -> Any:
        """A node, checked against the operator's schema."""
        given = list(inputs)
        while given and given[-1] is None:
            given.pop()
        like = next((i.dtype for i in given if isinstance(i, Symbol)), np.dtype(np.float32))
        symbols = [None if i is None else self._symbol(i, like) for i in given]
        kept = {k: list(v) if isinstance(v, tuple) else v for k, v in attributes.items() if v is not None}
        self._check(operator, len(symbols), kept)
        names = [self.fresh(f"{self.scope}{operator}_{len(self.nodes)}" + (f"_{k}" if outs > 1 else "")) for k in range(outs)]
        self.nodes.append(
            self.helper.make_node(
                operator, ["" if s is None else s.name for s in symbols], names, name=f"{self.scope}{operator}.{len(self.nodes)}", **kept
            )
        )
        if dtype is None:
            dtype = np.bool_ if operator in _BOOLEAN else np.int64 if operator in _WHOLE else like
            dtype = symbols[1].dtype if operator == "Where" and symbols[1] is not None else dtype
        made = tuple(Symbol(n, None, np.int64 if k and operator in ("TopK", "MaxPool", "Unique") else dtype) for k, n in enumerate(names))
        return made[0] if outs == 1 else made

    def _symbol(self, i: Any, like: Any) -> Any:
        if isinstance(i, Symbol):
            return i
        if isinstance(i, list | tuple):
            return self.ints(*i)
        return self.ints(i) if isinstance(i, Dim) else self.const(i, like if isinstance(i, int | float) else None)

    def _check(self, operator: str, inputs: int, attributes: dict[str, Any]) -> None:
        try:
            schema = self.schemas.get_schema(operator, self.opset, "")
        except self.schemas.SchemaError:
            since = self._since(operator)
            raise OnnxError(
                f"onnx.export: {self.operation} needs the operator {operator}, which came with opset {since}: expected opset_version to be at least that, "
                f"got {self.opset}."
            ) from None
        unknown = [a for a in attributes if a not in schema.attributes]
        if unknown or inputs > schema.max_input:
            what = f"{operator}'s attribute {unknown[0]!r}" if unknown else f"{inputs} inputs of {operator}"
            raise OnnxError(
                f"onnx.export: {self.operation} needs {what}, which opset {self.opset} does not have. Give a later opset_version."
            )

    def _since(self, operator: str) -> int:
        versions = [s.since_version for s in self.schemas.get_all_schemas_with_history() if s.name == operator and s.domain == ""]
        return min(versions, default=0)

    # ------------------------------------------------------------------------------------------------- constants
    def const(self, value: Any, dtype: Any = None) -> Symbol:
        """A constant, one of each value."""
        array = np.asarray(value.value if hasattr(value, "node") else value)
        if dtype is not None:
            with np.errstate(over="ignore"):
                array = array.astype(dtype)
        elif array.dtype == np.float64 and isinstance(value, float):
            array = array.astype(np.float32)
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self.constants:
            name = self.initializer(array, f"{self.scope}constant_{len(self.constants)}")
            self.constants[key] = Symbol(name, array.shape, array.dtype, array)
        return self.constants[key]

    def ints(self, *sizes: Any) -> Any:
        """An int64 list; of sizes that vary each is looked up."""
        if all(not isinstance(s, Dim) for s in sizes):
            return self.const(np.array([int(s) for s in sizes], np.int64))
        parts: list[Any] = []
        fixed: list[int] = []
        for s in (*sizes, None):
            if fixed and not isinstance(s, int | np.integer):
                parts.append(self.const(np.array(fixed, np.int64)))
                fixed = []
            if isinstance(s, Dim):
                parts.append(self._size(s))
            elif s is not None:
                fixed.append(int(s))
        return self.node("Concat", parts, axis=0) if len(parts) > 1 else parts[0]

    def _size(self, dim: Dim) -> Any:
        """A size that varies, as a tensor of one int64: a dim of a known value, a multiple, a part, or a product of two of them."""
        if dim.samples not in self.sizes:
            self.sizes[dim.samples] = self._found(dim)
        return self.sizes[dim.samples]

    def _known(self) -> Iterator[tuple[Dim, Symbol, int]]:
        seen = set()
        for symbol in (*self.sources, *self.near):
            for axis, d in enumerate(symbol.shape or ()):
                if isinstance(d, Dim) and d.samples not in seen:
                    seen.add(d.samples)
                    yield d, symbol, axis

    def _of(self, symbol: Symbol, axis: int) -> Any:
        if symbol.name not in self.shapes:
            self.shapes[symbol.name] = self.node("Shape", [symbol], dtype=np.int64)
        return self.node("Gather", [self.shapes[symbol.name], self.const(np.array([axis], np.int64))], axis=0)

    def _found(self, dim: Dim) -> Any:
        known = list(self._known())
        for d, symbol, axis in known:
            if d == dim:
                return self._of(symbol, axis)
        for d, symbol, axis in known:
            for times, over in ((dim, d), (d, dim)):
                factor = _ratio(times, over)
                if factor is not None:
                    return self.node("Mul" if times is dim else "Div", [self._of(symbol, axis), self.const(np.array([factor], np.int64))])
        for (a, sa, xa), (b, sb, xb) in itertools.combinations_with_replacement(known, 2):
            factor = _ratio(dim, a * b)
            if factor is not None:
                product = self.node("Mul", [self._of(sa, xa), self._of(sb, xb)])
                return product if factor == 1 else self.node("Mul", [product, self.const(np.array([factor], np.int64))])
        return dim._fixed()

    # --------------------------------------------------------------------------------------------------- helpers
    def cast(self, x: Any, dtype: Any) -> Any:
        """x as another dtype."""
        dtype = np.dtype(dtype)
        if x.dtype == dtype:
            return x
        if x.array is not None and np.asarray(x.array).size <= 64:
            made = self.const(np.asarray(x.array).astype(dtype))
        else:
            made = self.node("Cast", [x], to=self.helper.np_dtype_to_tensor_dtype(dtype), dtype=dtype)
        return Symbol(made.name, x.shape, dtype, made.array)

    def common(self, xs: Sequence[Any]) -> Any:
        """The dtype in which these meet, as PyTorch counts."""
        best: list[Any] = [None, None, None]
        for x in xs:
            at = 2 if x.weak else 0 if x.shape is None or len(x.shape) else 1
            best[at] = x.dtype if best[at] is None else promote_types(best[at], x.dtype)
        kinds = {"b": 0, "i": 1, "u": 1, "f": 2, "c": 3}
        result = None
        for dtype in best:
            if dtype is not None and (result is None or kinds[dtype.kind] > kinds[result.kind]):
                result = dtype
        return result

    def alike(self, *xs: Any) -> Sequence[Any]:
        """The inputs in one dtype."""
        to = self.common(xs)
        return [self.cast(x, to) for x in xs]

    def reduce(self, kind: str, x: Any, dims: Any, keepdim: bool = False) -> Any:
        """A reduction; up to opset 17 most take the axes as an attribute."""
        axes = None if dims is None else [int(d) for d in np.atleast_1d(np.asarray(dims, np.int64))]
        if axes == []:
            return x
        keep = int(bool(keepdim))
        if kind == "Sum" or self.opset >= 18:
            return self.node(f"Reduce{kind}", [x, None if axes is None else self.ints(*axes)], keepdims=keep)
        return self.node(f"Reduce{kind}", [x], axes=axes, keepdims=keep)

    def reshape(self, x: Any, shape: Sequence[Any]) -> Any:
        """Reshape, with a −1 for one size that varies."""
        vary = [d for d in shape if isinstance(d, Dim)]
        if len(vary) == 1 and all(isinstance(d, Dim) or d > 0 for d in shape):
            to = self.ints(*[-1 if isinstance(d, Dim) else d for d in shape])
        else:
            to = self.ints(*shape)
        made = self.node(
            "Reshape", [x, to], allowzero=1 if self.opset >= 14 and any(not isinstance(d, Dim) and d == 0 for d in shape) else None
        )
        made.shape = tuple(shape)
        return made

    def select(self, x: Any, at: Any) -> Any:
        """x[at]."""
        return select(self, x, at)

    def places(self, shape: Sequence[Any], at: Any) -> Any:
        """Where the picked entries stand in the flattened tensor."""
        return places(self, shape, at)

    def along(self, x: Any, matrix: Any, dim: int, dims: int) -> Any:
        """Σ_k matrix[p, k] x[…, k, …]."""
        order = [*(d for d in range(dims) if d != dim), dim]
        last = self.node("Transpose", [x], perm=order) if dim != dims - 1 else x
        y = self.node("MatMul", [last, self.const(np.ascontiguousarray(np.asarray(matrix).T))])
        return self.node("Transpose", [y], perm=[int(d) for d in np.argsort(order)]) if dim != dims - 1 else y

    def reduced(self, x: Any, reduction: str) -> Any:
        """The reduction of a loss."""
        return x if reduction == "none" else self.reduce("Mean" if reduction == "mean" else "Sum", x, None)

    def expm1(self, x: Any) -> Any:
        """By the tangent hyperbolic near 0."""
        half = self.node("Tanh", [self.node("Div", [x, 2.0])])
        near = self.node("Div", [self.node("Mul", [half, 2.0]), self.node("Sub", [self.const(1, x.dtype), half])])
        return self.node("Where", [self.node("Less", [self.node("Abs", [x]), 1.0]), near, self.node("Sub", [self.node("Exp", [x]), 1.0])])

    def log1p(self, x: Any) -> Any:
        """ln y · x / (y − 1) for y = 1 + x as it was rounded   [Kahan]"""
        y = self.node("Add", [x, 1.0])
        rest = self.node("Sub", [y, 1.0])
        zero = self.node("Equal", [rest, 0.0])
        bent = self.node("Div", [self.node("Mul", [self.node("Log", [y]), x]), self.node("Where", [zero, self.const(1, x.dtype), rest])])
        return self.node("Where", [zero, x, self.node("Where", [self.node("IsInf", [y]), y, bent])])

    def running(self, kind: str, x: Any, dim: int) -> Any:
        """A running extremum: of each place's forerunners, the others set to what never wins."""
        if not x.shape:
            return self.node("Identity", [x]), self.node("Identity", [self.const(0, np.int64)])
        n, dims = int(x.shape[dim]), len(x.shape)
        order = [*(d for d in range(dims) if d != dim), dim]
        back = [int(d) for d in np.argsort(order)]
        never = np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).max
        if kind == "Max":
            never = -np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min
        row = self.node("Unsqueeze", [self.node("Transpose", [x], perm=order), [-2]])
        wide = self.node("Where", [self.const(np.tril(np.ones((n, n), bool))), row, self.const(never, x.dtype)])
        at = self.node("ArgMax" if kind == "Max" else "ArgMin", [wide], axis=dims, keepdims=0, select_last_index=1)
        return tuple(self.node("Transpose", [y], perm=back) for y in (self.reduce(kind, wide, (dims,)), at))

    def refuse(self, why: str) -> NoReturn:
        """Say that this call cannot be written."""
        raise OnnxError(f"onnx.export: {self.operation} {why}")


_BOOLEAN = frozenset("Equal Less LessOrEqual Greater GreaterOrEqual And Or Xor Not IsNaN IsInf".split())
_WHOLE = frozenset("Shape NonZero ArgMax ArgMin Size".split())


def _ratio(a: Any, b: Any) -> int | None:
    """a / b, if it is one whole number in all traces."""
    if not isinstance(a, Dim) or not isinstance(b, Dim):
        return None
    found = {(p // q if q and p % q == 0 else None) for p, q in zip(a.samples, b.samples, strict=True)}
    return found.pop() if len(found) == 1 else None
