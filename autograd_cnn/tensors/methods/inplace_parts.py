"""Tensor's in-place methods: shapes, parts, running sums and products of matrices."""

from __future__ import annotations

from collections.abc import Sequence
from inspect import unwrap
from typing import TYPE_CHECKING, Any, Self

from ...ops.activation.rectifiers import _keep_where
from ...ops.index.gather import scatter, scatter_add, scatter_reduce
from ...ops.index.index_select import index_add, index_copy, index_fill, index_put
from ...ops.index.masked import masked_fill, masked_scatter
from ...ops.index.scatter import filled_with, index_reduce, put, renorm
from ...ops.linalg.matrix_products import addbmm, addmm, addmv, addr, baddbmm
from ...ops.reduce.cumulative import cumprod, cumsum, logcumsumexp
from ...ops.registry.dims import numpy_names
from ...ops.registry.legacy_arguments import numbers_first
from ...ops.shape.diagonals import tril, triu
from ...ops.shape.shape import squeeze, t, transpose, unsqueeze
from ..inplace import apply_inplace

if TYPE_CHECKING:
    from .operators import Value

# These take their arguments as the methods hand them on, already in PyTorch's order and under its names.
_plain_cumsum = unwrap(cumsum)
_plain_cumprod = unwrap(cumprod)
_plain_logcumsumexp = unwrap(logcumsumexp)
_plain_addmm = unwrap(addmm)
_plain_addmv = unwrap(addmv)
_plain_addr = unwrap(addr)
_plain_baddbmm = unwrap(baddbmm)
_plain_addbmm = unwrap(addbmm)


class InplaceParts:
    """`x.squeeze_()`, `x.index_add_(…)`, `x.addmm_(…)` and their like; what they give is `x`."""

    __slots__ = ()

    def squeeze_(self, dim: int | Sequence[int] | None = None) -> Self:
        """In-place `squeeze`: this tensor looks at its memory so from now on."""
        return apply_inplace(self, squeeze, "squeeze_", (dim,))

    def unsqueeze_(self, dim: int) -> Self:
        """In-place `unsqueeze`: this tensor looks at its memory so from now on."""
        return apply_inplace(self, unsqueeze, "unsqueeze_", (dim,))

    def transpose_(self, dim0: int, dim1: int) -> Self:
        """In-place `transpose`: this tensor looks at its memory so from now on."""
        return apply_inplace(self, transpose, "transpose_", (dim0, dim1))

    def swapaxes_(self, dim0: int, dim1: int) -> Self:
        """In-place `swapaxes`: this tensor looks at its memory so from now on."""
        return apply_inplace(self, transpose, "swapaxes_", (dim0, dim1))

    def swapdims_(self, dim0: int, dim1: int) -> Self:
        """In-place `swapdims`: this tensor looks at its memory so from now on."""
        return apply_inplace(self, transpose, "swapdims_", (dim0, dim1))

    def t_(self) -> Self:
        """In-place `t`: this tensor looks at its memory so from now on."""
        return apply_inplace(self, t, "t_")

    def fill_(self, value: Any) -> Self:
        """In-place `fill`: writes the result into this tensor and returns it."""
        return apply_inplace(self, filled_with, "fill_", (value,))

    def masked_fill_(self, mask: Value, value: Any) -> Self:
        """In-place `masked_fill`: writes the result into this tensor and returns it."""
        return apply_inplace(self, masked_fill, "masked_fill_", (mask, value))

    def masked_scatter_(self, mask: Value, source: Value) -> Self:
        """In-place `masked_scatter`: writes the result into this tensor and returns it."""
        return apply_inplace(self, masked_scatter, "masked_scatter_", (mask, source))

    def _where_(self, condition: Value, other: Value) -> Self:
        """Where the condition does not hold, `other` is written into this tensor."""
        return apply_inplace(self, _keep_where, "_where_", (condition, other))

    def index_add_(self, dim: int, index: Value, source: Value, *, alpha: float = 1) -> Self:
        """In-place `index_add`: writes the result into this tensor and returns it."""
        return apply_inplace(self, index_add, "index_add_", (dim, index, source), {"alpha": alpha})

    def index_copy_(self, dim: int, index: Value, source: Value) -> Self:
        """In-place `index_copy`: writes the result into this tensor and returns it."""
        return apply_inplace(self, index_copy, "index_copy_", (dim, index, source))

    def index_fill_(self, dim: int, index: Value, value: Any) -> Self:
        """In-place `index_fill`: writes the result into this tensor and returns it."""
        return apply_inplace(self, index_fill, "index_fill_", (dim, index, value))

    def index_put_(self, indices: Sequence[Any], values: Value, accumulate: bool = False) -> Self:
        """In-place `index_put`: writes the result into this tensor and returns it."""
        return apply_inplace(self, index_put, "index_put_", (indices, values, accumulate))

    def index_reduce_(self, dim: int, index: Value, source: Value, reduce: str, *, include_self: bool = True) -> Self:
        """In-place `index_reduce`: writes the result into this tensor and returns it."""
        return apply_inplace(self, index_reduce, "index_reduce_", (dim, index, source, reduce), {"include_self": include_self})

    def put_(self, index: Value, source: Value, accumulate: bool = False) -> Self:
        """In-place `put`: writes the result into this tensor and returns it."""
        return apply_inplace(self, put, "put_", (index, source, accumulate))

    def scatter_(self, dim: int, index: Value, src: Any = None, *, value: Any = None, reduce: str | None = None) -> Self:
        """In-place `scatter`: writes the result into this tensor and returns it."""
        return apply_inplace(self, scatter, "scatter_", (dim, index, src), {"value": value, "reduce": reduce})

    def scatter_add_(self, dim: int, index: Value, src: Value) -> Self:
        """In-place `scatter_add`: writes the result into this tensor and returns it."""
        return apply_inplace(self, scatter_add, "scatter_add_", (dim, index, src))

    def scatter_reduce_(self, dim: int, index: Value, src: Value, reduce: str, *, include_self: bool = True) -> Self:
        """In-place `scatter_reduce`: writes the result into this tensor and returns it."""
        return apply_inplace(self, scatter_reduce, "scatter_reduce_", (dim, index, src, reduce), {"include_self": include_self})

    def tril_(self, diagonal: int = 0) -> Self:
        """In-place `tril`: writes the result into this tensor and returns it."""
        return apply_inplace(self, tril, "tril_", (diagonal,))

    def triu_(self, diagonal: int = 0) -> Self:
        """In-place `triu`: writes the result into this tensor and returns it."""
        return apply_inplace(self, triu, "triu_", (diagonal,))

    def renorm_(self, p: float, dim: int, maxnorm: float) -> Self:
        """In-place `renorm`: writes the result into this tensor and returns it."""
        return apply_inplace(self, renorm, "renorm_", (p, dim, maxnorm))

    @numpy_names
    def cumsum_(self, dim: int, *, dtype: Any = None) -> Self:
        """In-place `cumsum`: writes the result into this tensor and returns it."""
        return apply_inplace(self, _plain_cumsum, "cumsum_", (dim,), {"dtype": dtype})

    @numpy_names
    def cumprod_(self, dim: int, *, dtype: Any = None) -> Self:
        """In-place `cumprod`: writes the result into this tensor and returns it."""
        return apply_inplace(self, _plain_cumprod, "cumprod_", (dim,), {"dtype": dtype})

    @numpy_names
    def logcumsumexp_(self, dim: int) -> Self:
        """In-place `logcumsumexp`: writes the result into this tensor and returns it."""
        return apply_inplace(self, _plain_logcumsumexp, "logcumsumexp_", (dim,))

    @numbers_first("beta", "alpha")
    def addmm_(self, mat1: Value, mat2: Value, *, beta: float = 1, alpha: float = 1) -> Self:
        """In-place `addmm`: writes the result into this tensor and returns it."""
        return apply_inplace(self, _plain_addmm, "addmm_", (mat1, mat2), {"beta": beta, "alpha": alpha})

    @numbers_first("beta", "alpha")
    def addmv_(self, mat: Value, vec: Value, *, beta: float = 1, alpha: float = 1) -> Self:
        """In-place `addmv`: writes the result into this tensor and returns it."""
        return apply_inplace(self, _plain_addmv, "addmv_", (mat, vec), {"beta": beta, "alpha": alpha})

    @numbers_first("beta", "alpha")
    def addr_(self, vec1: Value, vec2: Value, *, beta: float = 1, alpha: float = 1) -> Self:
        """In-place `addr`: writes the result into this tensor and returns it."""
        return apply_inplace(self, _plain_addr, "addr_", (vec1, vec2), {"beta": beta, "alpha": alpha})

    @numbers_first("beta", "alpha")
    def baddbmm_(self, batch1: Value, batch2: Value, *, beta: float = 1, alpha: float = 1) -> Self:
        """In-place `baddbmm`: writes the result into this tensor and returns it."""
        return apply_inplace(self, _plain_baddbmm, "baddbmm_", (batch1, batch2), {"beta": beta, "alpha": alpha})

    @numbers_first("beta", "alpha")
    def addbmm_(self, batch1: Value, batch2: Value, *, beta: float = 1, alpha: float = 1) -> Self:
        """In-place `addbmm`: writes the result into this tensor and returns it."""
        return apply_inplace(self, _plain_addbmm, "addbmm_", (batch1, batch2), {"beta": beta, "alpha": alpha})
