"""Tensors and parameters, and torch's names for sizes, devices and element types, as files spell them.

Source: the names are those that torch.save writes (`torch/_utils.py`, `torch/_tensor.py`), from 0.2 to 2.13.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...types.device import Size, device
from ..storage import conversion
from ..storage.dtypes import ELEMENTS, REFUSED_NAMES, REFUSED_STORAGES, STORAGE_CLASSES, Element, refuse, torch_name
from ..storage.storage import Storage, view
from . import numpy_pickle
from .builders import TABLE, Builder, Global, StorageType, builds
from .messages import brief, damaged, refused
from .unpickler import Pending

if TYPE_CHECKING:
    from .loading_context import LoadingContext


@builds("torch._utils._rebuild_tensor_v2")
def _tensor(world: LoadingContext, arguments: tuple[Any, ...]) -> Any:
    return _typed_tensor(world, arguments, None)


def _typed_tensor(world: LoadingContext, arguments: tuple[Any, ...], element: Element | None) -> Any:
    storage, offset, size, stride, requires_grad, *rest = arguments  # rest: hooks (never used), flags
    if len(rest) > 2 or type(storage) is not Storage:
        raise damaged("A tensor lacks its storage")
    flags = rest[1] if len(rest) == 2 and rest[1] else {}
    if type(flags) is not dict or not set(flags) <= {"conj", "neg"} or any(type(on) is not bool for on in flags.values()):
        raise damaged("A tensor has flags that no writer writes")
    # torch conjugates and negates lazily, and notes on the tensor that it still has to be done
    lazily = frozenset(name for name, on in flags.items() if on)
    return _wrapped(world, view(storage, offset, size, stride, element, lazily), requires_grad)


def _wrapped(world: LoadingContext, array: Any, requires_grad: Any, is_parameter: bool = False) -> Any:
    if type(requires_grad) is not bool or (requires_grad and array.dtype.kind not in "fc"):
        raise damaged(f"requires_grad={brief(requires_grad)} does not fit a tensor of {array.dtype}")
    world.charge(400)
    return conversion.from_array(array, requires_grad, is_parameter)


@builds("torch._utils._rebuild_tensor")
def _tensor_v1(world: LoadingContext, arguments: tuple[Any, ...]) -> Any:
    storage, offset, size, stride = arguments
    return _tensor(world, (storage, offset, size, stride, False))


@builds("torch._utils._rebuild_tensor_v3")
def _tensor_v3(world: LoadingContext, arguments: tuple[Any, ...]) -> Any:
    storage, offset, size, stride, requires_grad, hooks, dtype, *flags = arguments
    return _typed_tensor(world, (storage, offset, size, stride, requires_grad, hooks, *flags), element_named_by(dtype))


def element_named_by(dtype: Any) -> Element:
    """The element type that a dtype in a file stands for."""
    if not isinstance(dtype, np.dtype):
        raise damaged("A tensor's dtype is not one")
    name = torch_name(dtype)
    if name not in ELEMENTS:
        raise damaged(f"torch has no dtype {name}")
    return ELEMENTS[name]


@builds("torch._utils._rebuild_parameter")
def _parameter(world: LoadingContext, arguments: tuple[Any, ...]) -> Any:
    data, requires_grad, *_ = arguments
    if not conversion.is_tensor(data):
        raise damaged("A parameter lacks its tensor")
    return _wrapped(world, conversion.to_array(data), requires_grad, is_parameter=True)


@builds("torch._utils._rebuild_parameter_with_state")
def _parameter_with_state(world: LoadingContext, arguments: tuple[Any, ...]) -> Any:
    data, requires_grad, hooks, state = arguments
    return _with_attributes(_parameter(world, (data, requires_grad, hooks)), state)


@builds("torch._tensor._rebuild_from_type_v2")
def _of_type(world: LoadingContext, arguments: tuple[Any, ...]) -> Any:
    function, kind, inner, state = arguments
    if kind is not TABLE["torch.Tensor"] and kind is not TABLE["torch.nn.parameter.Parameter"]:
        raise refused("a tensor of a class of its own", "Save its values as a plain tensor.")
    made = world.call(function, inner)
    if not conversion.is_tensor(made):
        raise damaged("A tensor is not made by a tensor's builder")
    if kind is TABLE["torch.nn.parameter.Parameter"] and not conversion.is_parameter(made):
        made = _parameter(world, (made, made.requires_grad))
    return _with_attributes(made, state)


def _with_attributes(made: Any, state: Any) -> Any:
    """Attributes that the user hung on a tensor come back, unless they would hide the tensor's own."""
    slots = state[1] if isinstance(state, tuple) and len(state) == 2 else None
    attributes = state[0] if isinstance(state, tuple) and len(state) == 2 else state
    for group in (attributes, slots):
        for name, value in (group or {}).items():
            if type(name) is not str or not name.isidentifier() or name.startswith("__") or hasattr(type(made), name):
                raise damaged(f"A tensor's attribute {brief(name)} would hide one of its own")
            setattr(made, name, value)
    return made


@builds("torch._utils._rebuild_device_tensor_from_numpy", "torch._utils._rebuild_xla_tensor")
def _from_numpy(world: LoadingContext, arguments: tuple[Any, ...]) -> Any:
    array, dtype, location, requires_grad = arguments
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "biufc" or type(location) is not str:
        raise damaged("A device's tensor lacks its array")
    world.restore(None, location)
    kind = element_named_by(dtype).dtype
    world.carry(array.size * kind.itemsize)
    return _wrapped(world, array.astype(kind), requires_grad)


@builds("torch._utils._rebuild_device_tensor_from_cpu_tensor")
def _from_cpu_tensor(world: LoadingContext, arguments: tuple[Any, ...]) -> Any:
    tensor, dtype, location, requires_grad = arguments
    if not conversion.is_tensor(tensor) or element_named_by(dtype).dtype != tensor.dtype or type(location) is not str:
        raise damaged("A device's tensor lacks its values")
    world.restore(None, location)
    return _wrapped(world, conversion.to_array(tensor), requires_grad)


@builds("torch.nn.parameter.Parameter")
def _old_parameter(world: LoadingContext, arguments: tuple[Any, ...]) -> Any:
    """Until 0.3, parameters were pickled as objects: their state comes after them, see `finish`."""
    return Pending("parameter", arguments)


def finish(world: LoadingContext, pending: Pending, state: Any) -> Any:
    """The value whose state has come."""
    if pending.kind == "parameter":
        return _finish_parameter(world, pending.arguments, state)
    if pending.kind == "tensor":
        return _tensor_v1(world, tuple(state))
    return numpy_pickle.finish(world, pending, state)


def _finish_parameter(world: LoadingContext, arguments: tuple[Any, ...], state: Any) -> Any:
    if type(state) is not tuple or len(state) not in (3, 5):
        raise damaged("A parameter's state is not one")
    # (requires_grad, volatile, hooks), or with data and gradient: (data, grad, hooks, requires_grad, volatile)
    data = state[0] if len(state) == 5 else arguments[0]
    return _parameter(world, (data, bool(state[3] if len(state) == 5 else state[0])))


_OTHERS = {
    "torch._utils._rebuild_qtensor": ("a quantised tensor", "Save its .dequantize() values."),
    "torch._utils._rebuild_sparse_tensor": ("a sparse tensor", "Save its .to_dense() values."),
    "torch._utils._rebuild_nested_tensor": ("a nested tensor", "Save its parts as a list of tensors."),
    "torch._utils._rebuild_meta_tensor_no_storage": ("a tensor on the meta device", "It has no values to load."),
    "torch._utils._rebuild_wrapper_subclass": (
        "a tensor subclass without storage",
        "Save its values as a plain tensor.",
    ),
    "torch.serialization._get_layout": ("a sparse tensor, or its layout", "Save its .to_dense() values."),
}


def _refusing(what: str, fix: str) -> Builder:
    def refuse_it(world: LoadingContext, arguments: tuple[Any, ...]) -> Any:
        raise refused(what, fix)

    return refuse_it


for _name, (_what, _fix) in _OTHERS.items():
    TABLE[_name] = Global(_name, _refusing(_what, _fix))


# -------------------------------------------------------------------------------------------- torch's names for values
@builds("torch.Size")
def _size(world: LoadingContext, arguments: tuple[Any, ...]) -> Any:
    (sizes,) = arguments
    if type(sizes) not in (tuple, list) or any(type(n) is not int for n in sizes):
        raise damaged("A torch.Size is not made of whole numbers")
    world.charge(64 + 8 * len(sizes))
    return Size(sizes)


@builds("torch.device")
def _device(world: LoadingContext, arguments: tuple[Any, ...]) -> Any:
    if not 1 <= len(arguments) <= 2 or type(arguments[0]) is not str or type(arguments[-1]) not in (str, int, type(None)):
        raise damaged("A torch.device is not a name and a number")
    try:
        return device(*arguments)
    except RuntimeError as problem:
        raise damaged(f"A torch.device is not one ({problem})") from None


for _name, _element in ELEMENTS.items():
    TABLE[f"torch.{_name}"] = _element.as_value
for _name, _type in STORAGE_CLASSES.items():
    TABLE[f"torch.{_name}"] = StorageType(f"torch.{_name}", ELEMENTS[_type])
    TABLE[f"torch.{_name[:-7]}Tensor"] = Global(f"torch.{_name[:-7]}Tensor")
    TABLE[f"torch.cuda.{_name}"] = TABLE[f"torch.{_name}"]
    TABLE[f"torch.cuda.{_name[:-7]}Tensor"] = TABLE[f"torch.{_name[:-7]}Tensor"]
TABLE["torch.storage.UntypedStorage"] = TABLE["torch.UntypedStorage"] = StorageType("torch.UntypedStorage", None)
TABLE["torch.Tensor"] = Global("torch.Tensor")
OLD_TENSORS = frozenset(id(entry) for name, entry in TABLE.items() if name.endswith("Tensor"))


def unreadable(name: str) -> Exception | None:
    """The error for an element type of torch's that has no place here."""
    short = name.rpartition(".")[2]
    if name.startswith("torch.") and (short in REFUSED_NAMES or short in REFUSED_STORAGES):
        return refuse(short.removesuffix("Storage").lower())
    return None
