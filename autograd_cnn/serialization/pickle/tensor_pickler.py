"""How tensors, and NumPy's values, are spelt in a file: in torch's words, and in NumPy's."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...types.device import Size, device
from ..gate import admitted, is_plain
from ..storage import conversion
from ..storage.dtypes import ELEMENTS, STORAGE_OF, torch_name
from ..storage.views import StorageTable
from .pickler import Call, Kept, Name, Pickler


class TensorPickler(Pickler):
    """A pickler whose tensors' memory goes into `storages`; `legacy` describes it as torch did before 1.6."""

    def __init__(self, storages: StorageTable, legacy: bool = False) -> None:
        super().__init__()
        self._storages = storages
        self._legacy = legacy
        self._numpy_dtypes: dict[str, _NumpyObject] = {}

    def describe(self, value: Any) -> object | None:
        if isinstance(value, Size):
            return Call("torch.Size", tuple(value))
        if isinstance(value, device):
            return Call("torch.device", value.type, *(() if value.index is None else (value.index,)))
        if isinstance(value, np.dtype):
            return self._dtype(value)
        if isinstance(value, np.generic):
            return Call("numpy._core.multiarray.scalar", self._numpy_dtype(value.dtype), value.tobytes())
        if isinstance(value, np.ndarray):
            return self._array(value)
        if conversion.is_tensor(value):
            return self._tensor(value)
        return None

    def _tensor(self, tensor: Any) -> Call:
        array, requires_grad = conversion.to_array(tensor), bool(tensor.requires_grad)
        if not conversion.is_parameter(tensor):
            return self._plain_tensor(array, requires_grad)
        # The values of a parameter do not require a gradient, the parameter does.
        plain = self._plain_tensor(array, False)
        return Call("torch._utils._rebuild_parameter", plain, requires_grad, Call("collections.OrderedDict"))

    def _plain_tensor(self, array: Any, requires_grad: bool) -> Call:
        name = array.dtype.name
        if name not in ELEMENTS:
            raise self.refusal(f"a tensor of {array.dtype}, which torch has no type for", "Convert it first.")
        typed = name in STORAGE_OF
        key, numel, offset, strides = self._storages.add(array, name, array.itemsize if typed else 1)
        kind = Name(f"torch.{STORAGE_OF[name]}" if typed else "torch.storage.UntypedStorage")
        storage = Kept("storage", kind, key, "cpu", numel, *((None,) if self._legacy else ()))
        common = (storage, offset, tuple(array.shape), strides, requires_grad, Call("collections.OrderedDict"))
        if typed:
            return Call("torch._utils._rebuild_tensor_v2", *common)
        return Call("torch._utils._rebuild_tensor_v3", *common, Name(f"torch.{name}"))

    def _dtype(self, dtype: np.dtype[Any]) -> Call | Name:
        if dtype.name in ELEMENTS and dtype.isnative:
            return Name(f"torch.{torch_name(dtype)}")
        raise self.refusal(f"the dtype {dtype}, which torch has no name for", "Save its name, str(dtype), instead.")

    def _numpy_dtype(self, dtype: np.dtype[Any]) -> _NumpyObject:
        """NumPy's own spelling, inside of arrays: code, then the byte order as a state."""
        found = self._numpy_dtypes.get(dtype.str)
        if found is None:
            if not is_plain(dtype):
                fix = "Only numbers, bytes and text are saved; convert it first."
                raise self.refusal(f"a NumPy value of {dtype}", fix)
            found = self._numpy_dtypes[dtype.str] = _NumpyObject("numpy.dtype", *admitted(dtype).__reduce__()[1:])
        return found

    def _array(self, array: np.ndarray[Any, Any]) -> _NumpyObject:
        if type(array) not in (np.ndarray, np.memmap):
            kind = type(array).__name__
            raise self.refusal(f"a {kind}, a NumPy array of a class of its own", "Save numpy.asarray(it).")
        by_columns = array.flags.f_contiguous and not array.flags.c_contiguous
        content = array.tobytes("F" if by_columns else "C")
        state = (1, array.shape, self._numpy_dtype(array.dtype), by_columns, content)
        return _NumpyObject("numpy._core.multiarray._reconstruct", (Name("numpy.ndarray"), (0,), b"b"), state)


class _NumpyObject:
    """An object that NumPy spells as a call followed by a state."""

    def __init__(self, name: str, arguments: tuple[Any, ...], state: tuple[Any, ...]) -> None:
        self.name, self.arguments, self.state = name, arguments, state

    def __reduce_ex__(self, protocol: Any) -> Any:
        return Name(self.name), self.arguments, self.state
