"""What a tensor is asked without a call: `x.T`, `x.nbytes`, and the flags of devices and layouts that there are none of here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...engine.complaints import refuse_complex
from ...engine.variable import box
from ...errors import expected
from ...ops.shape.shape import _permute
from ...types.layout import layout as _layout
from ...types.layout import strided

if TYPE_CHECKING:
    from ..tensor import Tensor


class TensorAttributes:
    """Properties that are operations, sizes in bytes, and constants."""

    __slots__ = ()

    value: Any
    is_cuda: bool = False
    is_sparse: bool = False
    is_quantized: bool = False
    is_mps: bool = False
    is_xpu: bool = False
    is_meta: bool = False
    is_mkldnn: bool = False
    is_cpu: bool = True
    layout: _layout = strided

    @property
    def T(self) -> Tensor:
        """The dims in reverse order.

        >>> import autograd_cnn as ac
        >>> ac.zeros(2, 3).T.shape
        torch.Size([3, 2])
        """
        return _permute(self, dims=tuple(range(self.value.ndim))[::-1])  # type: ignore[no-any-return]

    @property
    def mT(self) -> Tensor:
        """The last two dims swapped.

        >>> import autograd_cnn as ac
        >>> ac.zeros(2, 3, 4).mT.shape
        torch.Size([2, 4, 3])
        """
        n = self.value.ndim
        if n < 2:
            raise RuntimeError(expected("mT", "a tensor with at least 2 dims", f"{n}"))
        return _permute(self, dims=(*range(n - 2), n - 1, n - 2))  # type: ignore[no-any-return]

    @property
    def H(self) -> Tensor:
        """The transposed matrix (of real numbers).

        Raises:
            DtypeError: complex numbers.

        >>> import autograd_cnn as ac
        >>> ac.zeros(2, 3).H.shape
        torch.Size([3, 2])
        """
        refuse_complex(self.value.dtype, "H")
        n = self.value.ndim
        if n not in (0, 2):
            raise RuntimeError(expected("H", "a tensor of 2 dims (or none)", f"{n}", "Use mH for batches."))
        return self if n == 0 else _permute(self, dims=(1, 0))  # type: ignore[return-value]  # this class is a part of Tensor

    @property
    def mH(self) -> Tensor:
        """The last two dims swapped (of real numbers): the same as `mT`.

        Raises:
            DtypeError: complex numbers.

        >>> import autograd_cnn as ac
        >>> ac.zeros(2, 3).mH.shape
        torch.Size([3, 2])
        """
        refuse_complex(self.value.dtype, "mH")
        return self.mT

    @property
    def real(self) -> Tensor:
        """The tensor itself: it is real.

        Raises:
            DtypeError: it is not.

        >>> import autograd_cnn as ac
        >>> ac.ones(2).real
        tensor([1., 1.])
        """
        refuse_complex(self.value.dtype, "real")
        return self  # type: ignore[return-value]  # this class is a part of Tensor

    @property
    def itemsize(self) -> int:
        """Bytes of one entry.

        >>> import autograd_cnn as ac
        >>> ac.zeros(2).itemsize
        4
        """
        return int(self.value.dtype.itemsize)

    @property
    def nbytes(self) -> int:
        """Bytes of all entries.

        >>> import autograd_cnn as ac
        >>> ac.zeros(2).nbytes
        8
        """
        return int(self.value.nbytes)

    def _reinterpret(self: Any, dtype: Any) -> Any:
        """The same bytes as numbers of another dtype: `x.view(dtype)`."""
        return box(self.storage().view(dtype), None)
