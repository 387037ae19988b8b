"""Torch's element types: their names in a file, their bits on the disk, the NumPy dtype they become.

NumPy lacks some of torch's types. They are widened to the next type that holds each of their numbers exactly:
bfloat16 and the float8 family become float32, complex32 becomes complex64. Quantised and packed types are refused by
name.

Sources: IEEE 754-2019; P. Micikevicius et al., "FP8 Formats for Deep Learning" (2022), section 3; OCP Microscaling 1.0,
section 5 (e8m0); B. Noune et al., "8-bit Numerical Formats for Deep Neural Networks" (2022) (the fnuz kinds).
"""

from __future__ import annotations

import functools
import sys
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import DtypeError
from ..errors import FileFormatError
from ..gate import NUMBERS

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Element:
    """One of torch's element types: `name` in torch, `itemsize` on the disk, `dtype` in memory."""

    name: str
    itemsize: int
    dtype: np.dtype[Any]

    @property
    def exact(self) -> bool:
        """Does NumPy have the type itself, so that the bytes can be used as they lie?"""
        return self.name == self.dtype.name

    @property
    def as_value(self) -> np.dtype[Any]:
        """What a dtype that stands in a file as a value becomes: NumPy's, with torch's name noted if they differ."""
        return self.dtype if self.exact else np.dtype(self.dtype, metadata={"torch": self.name})


def _element(name: str, itemsize: int = 0, dtype: str = "") -> tuple[str, Element]:
    kind = NUMBERS[dtype or name]
    return name, Element(name, itemsize or kind.itemsize, kind)


_SAME = "float32 float64 float16 int64 int32 int16 int8 uint8 bool complex64 complex128 uint16 uint32 uint64"
_FLOAT8 = "float8_e5m2 float8_e4m3fn float8_e5m2fnuz float8_e4m3fnuz float8_e8m0fnu"
ELEMENTS: dict[str, Element] = dict(
    [_element(name) for name in _SAME.split()]
    + [_element("bfloat16", 2, "float32"), _element("complex32", 4, "complex64")]
    + [_element(name, 1, "float32") for name in _FLOAT8.split()]
)

# The classes that name a storage's type in a file. Later types have none and come as an untyped storage and a dtype.
STORAGE_CLASSES: dict[str, str] = {
    "DoubleStorage": "float64",
    "FloatStorage": "float32",
    "HalfStorage": "float16",
    "LongStorage": "int64",
    "IntStorage": "int32",
    "ShortStorage": "int16",
    "CharStorage": "int8",
    "ByteStorage": "uint8",
    "BoolStorage": "bool",
    "BFloat16Storage": "bfloat16",
    "ComplexDoubleStorage": "complex128",
    "ComplexFloatStorage": "complex64",
}
STORAGE_OF: dict[str, str] = {name: storage for storage, name in STORAGE_CLASSES.items()}

_REFUSED = (
    "qint8 qint32 quint8 quint4x2 quint2x4 float4_e2m1fn_x2 bits8 bits16 bits1x8 bits2x4 bits4x2 "
    "uint1 uint2 uint3 uint4 uint5 uint6 uint7 int1 int2 int3 int4 int5 int6 int7"
)
REFUSED_NAMES = frozenset(_REFUSED.split())
REFUSED_STORAGES = frozenset({"QInt8Storage", "QInt32Storage", "QUInt8Storage", "QUInt4x2Storage", "QUInt2x4Storage"})


def refuse(name: str) -> DtypeError:
    """The error for a type that has no exact place in NumPy."""
    return DtypeError(
        f"load: the file holds torch.{name} data, which NumPy has no type for. Convert it before saving, "
        "with .dequantize() for quantised tensors or .to(torch.float32)."
    )


def torch_name(dtype: np.dtype[Any]) -> str:
    """The name that torch has for a dtype: the noted one, where this dtype stands for a type that NumPy lacks."""
    notes: dict[str, str] = dict(dtype.metadata or {})
    return notes.get("torch", dtype.name)


def decode(raw: npt.NDArray[np.uint8], element: Element, byteorder: str, *, checked: bool) -> Array:
    """A storage's bytes as an array of its elements: a view where NumPy has the type, else a widened copy."""
    swap = byteorder != sys.byteorder
    if element.exact:
        # Over the bare memory, so that this array, of its own type, is what all views of it lead to.
        array = np.frombuffer(raw.data, element.dtype, raw.size // element.itemsize) if raw.size else raw.view(element.dtype)
        if checked and element.name == "bool" and raw.size and raw.max() > 1:
            raise FileFormatError(f"load: expected bytes 0 and 1 in a bool tensor, got {raw.max()}. The file is damaged.")
        return array.byteswap() if swap else array
    if element.name == "bfloat16":
        return widen_bfloat16(_numbers(raw, np.dtype(np.uint16), swap))
    if element.name == "complex32":
        return _numbers(raw, np.dtype(np.float16), swap).astype(np.float32).view(np.complex64)
    table: Array = float8_table(element.name)
    return table[raw]


def _numbers(raw: npt.NDArray[np.uint8], dtype: np.dtype[Any], swap: bool) -> Array:
    numbers: Array = raw.view(dtype)
    return numbers.byteswap() if swap else numbers


def widen_bfloat16(bits: Array) -> Array:
    """bfloat16 bits as float32: the upper half of the word, the lower half zero. Exact, NaN payloads included."""
    wide = bits.astype(np.uint32)
    wide <<= np.uint32(16)
    return wide.view(np.float32)


@functools.cache
def float8_table(name: str) -> npt.NDArray[np.float32]:
    """The value of each of the 256 codes of a float8 type."""
    codes = np.arange(256, dtype=np.uint8)
    if name == "float8_e5m2":  # the upper byte of a float16
        return (codes.astype(np.uint16) << np.uint16(8)).view(np.float16).astype(np.float32)
    if name == "float8_e8m0fnu":  # an exponent alone, 2^(x − 127)
        powers = np.ldexp(np.ones(256), codes.astype(np.int64) - 127)
        powers[0xFF] = np.nan
        return powers.astype(np.float32)
    exponent_bits, mantissa_bits, bias = (5, 2, 16) if "e5m2" in name else (4, 3, 8 if "fnuz" in name else 7)
    exponent = ((codes >> mantissa_bits) & ((1 << exponent_bits) - 1)).astype(np.int64)
    mantissa = (codes & ((1 << mantissa_bits) - 1)).astype(np.float64) / (1 << mantissa_bits)
    magnitude = np.ldexp(mantissa + (exponent > 0), np.maximum(exponent, 1) - bias)  # ±(1 + m)·2^(e − bias)
    values: npt.NDArray[np.float32] = np.where(codes & 0x80, -magnitude, magnitude).astype(np.float32)
    # One NaN where −0 would be (fnuz), or all bits set in either sign (fn); neither kind has infinities.
    values[[0x80] if "fnuz" in name else [0x7F, 0xFF]] = np.nan
    return values
