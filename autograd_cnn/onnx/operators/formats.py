"""Number formats that tensors do not hold (of 2, 4 and 8 bits, bfloat16) and bits as they are: in NumPy with the formats of `ml_dtypes`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..dims import OnnxError
from ..needs import package
from .table import HELD, Node, Unsupported, operator, settled


def format_of(n: Node, number: Any) -> Any:
    """The NumPy dtype of a data type of ONNX."""
    try:
        return np.dtype(package("helper").tensor_dtype_to_np_dtype(number))
    except KeyError:
        raise OnnxError(f"onnx: {n.operator}: expected a data type that this version of onnx knows, got number {number}.") from None


def _limits(to: Any) -> tuple[float, float]:
    """The least and the greatest number of a small format: it has few enough to look at all."""
    every = np.arange(256, dtype=np.uint8).view(to) if to.itemsize == 1 and _bits(to) == 8 else np.arange(2 ** _bits(to)).astype(np.uint8)
    values = every.view(to).astype(np.float64)
    finite = values[np.isfinite(values)]
    return float(finite.min()), float(finite.max())


def _bits(to: Any) -> int:
    """Bits of a format's numbers, from its name: float4_e2m1fn, int4, float8_e5m2."""
    return int("".join(c for c in to.name.split("_")[0] if c.isdigit()))


def narrowed(x: Any, to: Any, saturate: bool = True) -> Any:
    """Real numbers in a smaller format: rounded to the nearest, halves to even; what is beyond its ends becomes its ends, if it saturates."""
    if saturate:
        low, high = _limits(to)
        x = np.where(np.isnan(x), x, np.clip(x, low, high)).astype(x.dtype)
    return x.astype(to)


def saturated(x: Any, to: Any) -> Any:
    """Rounded numbers in a format of whole ones, whose ends are the ends."""
    low, high = _limits(to)
    return np.clip(x, low, high).astype(to)


def _wrapped(x: Any, to: Any) -> Any:
    """What is right of the point falls away, then the higher bits."""
    bits, low = _bits(to), _limits(to)[0]
    whole = np.trunc(x.astype(np.float64)).astype(np.int64) if x.dtype.kind not in "iub" else x.astype(np.int64)
    return ((whole - int(low)) % 2**bits + int(low)).astype(np.int8 if low else np.uint8).astype(to)


def _exponents(x: Any, to: Any, saturate: bool, mode: str) -> Any:
    """float8_e8m0fnu: powers of 2 alone, from 2^-127."""
    y = x.astype(np.float64)
    mantissa, exponent = np.frexp(y)  # of [0.5, 1)
    up = {"up": mantissa > 0.5, "down": np.zeros_like(mantissa, bool), "nearest": mantissa >= 0.75}
    if mode not in up:
        raise OnnxError(f"onnx: Cast: expected the round_mode up, down or nearest, got {mode!r}.")
    code = exponent - 1 + up[mode] + 127
    code = np.where(y == 0, -1, np.where(np.isinf(y), 255, code))
    inside = (code >= 0) & (code <= 254)
    code = np.clip(code, 0, 254) if saturate else np.where(inside, code, 255)
    return np.where(np.isnan(y), 255, code).astype(np.uint8).view(to)


@operator("Cast", "CastLike", takes="arrays")
def _(n: Node, x: Any, like: Any = None) -> Any:
    to = format_of(n, n.get("to")) if like is None else like.dtype
    if "O" in (to.kind, x.dtype.kind):
        raise Unsupported
    x = np.asarray(x)
    with np.errstate(all="ignore"):
        if to in HELD or to.name == "bfloat16":
            return x.astype(to)
        saturate = bool(n.get("saturate", 1))
        if to.name == "float8_e8m0fnu":
            return _exponents(x, to, saturate, n.get("round_mode", "up"))
        if to.name.startswith("float"):
            return narrowed(x if x.dtype in HELD and x.dtype.kind == "f" else x.astype(np.float32), to, saturate)
        return _wrapped(x, to)


@operator("BitCast", takes="arrays")
def _(n: Node, x: Any) -> Any:
    to = format_of(n, n.get("to"))
    if to.itemsize != x.dtype.itemsize or "O" in (to.kind, x.dtype.kind):
        raise OnnxError(f"onnx: BitCast: expected a format as wide as {x.dtype}, got {to}.")
    return x.view(to)


# ------------------------------------------------------------------------------------------------------------------- bfloat16
def _brief(x: Any) -> bool:
    return isinstance(x, np.ndarray | np.generic) and x.dtype.name == "bfloat16"


def widened(given: Sequence[Any]) -> list[Any] | None:
    """What is bfloat16 as float32, in which its operators compute; None if nothing is."""
    return [np.asarray(x).astype(np.float32) if _brief(x) else x for x in given] if any(_brief(x) for x in given) else None


def rounded(schema: Any, given: Sequence[Any], outputs: Sequence[Any]) -> list[Any]:
    """The outputs that are of the type of an input that is bfloat16, as bfloat16."""
    brief = next(x.dtype for x in given if _brief(x))
    letters = {_letter(schema.inputs, k) for k, x in enumerate(given) if _brief(x)}
    return [
        np.asarray(settled(y, "a bfloat16 number")).astype(brief) if _letter(schema.outputs, k) in letters else y
        for k, y in enumerate(outputs)
    ]


def _letter(formal: Any, k: int) -> str:
    return str(formal[min(k, len(formal) - 1)].type_str)
