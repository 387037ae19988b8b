"""What kernels raise, in PyTorch's exception types and with the shapes at hand."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from ..errors import ShapeError


# ------------------------------------------------------------------------------------------------- what kernels raise
def explain(prim: Any, error: Exception, values: tuple[Any, ...]) -> Exception:
    """NumPy's complaint, in PyTorch's exception type and with the shapes at hand."""
    text = str(error)
    shapes = [list(getattr(v, "shape", ())) for v in values if hasattr(v, "shape")]
    if type(error) is ValueError and "broadcast" in text and len(shapes) >= 2:
        return ShapeError(_mismatch(shapes) + f" (in {prim.name}: shapes {' and '.join(map(str, shapes))} do not broadcast)")
    if type(error) is ValueError and "core dimension" in text:
        sizes = " and ".join("x".join(map(str, s)) for s in shapes)
        return ShapeError(f"mat1 and mat2 shapes cannot be multiplied ({sizes}) in {prim.name}: their inner sizes must be equal.")
    if type(error) is np.exceptions.AxisError:
        match = re.search(r"axis (-?\d+) is out of bounds for array of dimension (\d+)", text)
        if match:
            dim, n = int(match[1]), max(int(match[2]), 1)
            return IndexError(f"Dimension out of range (expected to be in range of [{-n}, {n - 1}], but got {dim}) in {prim.name}")
    if type(error) is IndexError:
        return IndexError(_index_text(text) if prim.family == "index" else f"{prim.name}: {_index_text(text)}")
    if isinstance(error, MemoryError):
        return RuntimeError(f"{prim.name}: can't allocate memory: {text}. Use smaller sizes.")
    if isinstance(error, OverflowError):
        return RuntimeError(f"{prim.name}: value cannot be converted without overflow: {text}. Expected numbers that the dtype can hold.")
    if type(error).__name__ in ("UFuncTypeError", "_UFuncNoLoopError", "UFuncNoLoopError"):
        kinds = [str(getattr(v, "dtype", type(v).__name__)) for v in values]
        return TypeError(f"{prim.name}: not defined for {' and '.join(kinds)}. Convert with .to(dtype) first.")
    return error


def _index_text(text: str) -> str:
    match = re.search(r"index (-?\d+) is out of bounds for axis (\d+) with size (\d+)", text)
    if match:
        return f"index {match[1]} is out of bounds for dimension {match[2]} with size {match[3]}"
    return text


def _mismatch(shapes: list[list[int]]) -> str:
    a, b = shapes[0], shapes[1]
    for back in range(1, max(len(a), len(b)) + 1):
        m = a[-back] if back <= len(a) else 1
        n = b[-back] if back <= len(b) else 1
        if m != n and 1 not in (m, n):
            dim = max(len(a), len(b)) - back
            return f"The size of tensor a ({m}) must match the size of tensor b ({n}) at non-singleton dimension {dim}"
    return "The sizes of the tensors do not match"
