"""`torch.sparse`: tensors given by their entries. Here they are made dense at once; what is computed with them is the same."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...ops.linalg.matrix_products import matmul
from ...tensors.creation import as_dtype, as_tensor
from ...tensors.tensor import Tensor

__all__ = ["DoubleTensor", "FloatTensor", "LongTensor", "addmm", "mm", "sparse_coo_tensor", "spmm"]


def sparse_coo_tensor(
    indices: Any,
    values: Any,
    size: Any = None,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    check_invariants: bool | None = None,
    is_coalesced: bool | None = None,
) -> Tensor:
    """The dense tensor with `values[k]` at `indices[:, k]` (entries of one place add up), and 0 elsewhere.

    Args:
        indices: (dims, count). values: (count). size: by default as large as the indices need.

    Raises:
        IndexError: an index outside.
    """
    at = np.asarray(as_tensor(indices).numpy())
    given = as_tensor(values, as_dtype(dtype, "sparse_coo_tensor"), device)
    shape = tuple(int(n) for n in (at.max(1) + 1 if size is None else size))
    if at.size and bool((at < 0).any() or (at.max(1) >= np.array(shape[: len(at)])).any()):
        raise IndexError(f"sparse_coo_tensor: expected indices inside a tensor of shape {list(shape)}, got {at.max(1).tolist()}")
    places = tuple(as_tensor(row) for row in at)
    made = given.new_zeros(shape).index_put(places, given, accumulate=True)
    return made.detach().requires_grad_(True) if requires_grad else made


def _of(dtype: str) -> Any:
    def make(*given: Any) -> Tensor:
        """`FloatTensor(indices, values, size)`, or of sizes alone: no entries."""
        if len(given) >= 2 and isinstance(given[0], Tensor):
            return sparse_coo_tensor(*given[:3], dtype=dtype)
        return as_tensor(np.zeros(tuple(given[0]) if len(given) == 1 else given, dtype))

    return make


FloatTensor, DoubleTensor, LongTensor = _of("float32"), _of("float64"), _of("int64")


def mm(sparse: Tensor, dense: Tensor) -> Any:
    """Their product."""
    return matmul(sparse, dense)


spmm = mm


def addmm(mat: Tensor, mat1: Tensor, mat2: Tensor, *, beta: float = 1, alpha: float = 1) -> Any:
    """β · mat + α · mat1 · mat2."""
    return mat * beta + matmul(mat1, mat2) * alpha
