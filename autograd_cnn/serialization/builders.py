"""The inert builders: all that a file can ask for by name, and what is made of it.

Each builder takes the loader (for its budget and its map_location) and the arguments the file gives, checks them, and
makes a plain value. None of them imports, opens, calls or evaluates anything that comes from the file.

Source: the names are those that torch.save and NumPy write (`torch/_utils.py`, `numpy/_core/multiarray.py`).
"""

from __future__ import annotations

from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..device import Size, device
from . import bridge, numpy_pickle
from .dtypes import ELEMENTS, REFUSED_NAMES, REFUSED_STORAGES, STORAGE_CLASSES, Element, refuse, torch_name
from .machine import Pending
from .messages import damaged, refused
from .storage import Storage, view

if TYPE_CHECKING:
    from .world import SafeWorld

Builder = Callable[["SafeWorld", tuple[Any, ...]], Any]


class Global:
    """A name that a file may use, with its builder. Not callable itself, and never part of a result."""

    __slots__ = ("build", "name")

    def __init__(self, name: str, build: Builder | None = None) -> None:
        self.name = name
        self.build = build

    def __repr__(self) -> str:
        return f"<{self.name}>"


class StorageType(Global):
    """The name of a storage class: the element type of a storage, None for an untyped one."""

    __slots__ = ("element",)

    def __init__(self, name: str, element: Element | None) -> None:
        super().__init__(name)
        self.element = element


TABLE: dict[str, Any] = {}


def _builds(*names: str) -> Callable[[Builder], Builder]:
    """Enter a builder into the table, under these names."""

    def note(build: Builder) -> Builder:
        for name in names:
            TABLE[name] = Global(name, build)
        return build

    return note


# ------------------------------------------------------------------------------------------------------------- tensors
@_builds("torch._utils._rebuild_tensor_v2")
def _tensor(world: SafeWorld, arguments: tuple[Any, ...]) -> Any:
    return _typed_tensor(world, arguments, None)


def _typed_tensor(world: SafeWorld, arguments: tuple[Any, ...], element: Element | None) -> Any:
    storage, offset, size, stride, requires_grad, *rest = arguments  # rest: hooks (never used), flags
    if len(rest) > 2 or type(storage) is not Storage:
        raise damaged("A tensor lacks its storage")
    array = view(storage, offset, size, stride, element)
    flags = rest[1] if len(rest) == 2 and rest[1] else {}
    if type(flags) is not dict or not set(flags) <= {"conj", "neg"}:
        raise damaged("A tensor has flags that no writer writes")
    if flags.get("conj"):  # torch conjugates lazily and notes that it still has to be done
        array = np.conj(array)
    if flags.get("neg"):
        array = np.negative(array)
    return _wrapped(world, array, requires_grad)


def _wrapped(world: SafeWorld, array: Any, requires_grad: Any, is_parameter: bool = False) -> Any:
    if type(requires_grad) is not bool or (requires_grad and array.dtype.kind not in "fc"):
        raise damaged(f"requires_grad={requires_grad!r} does not fit a tensor of {array.dtype}")
    world.charge(400)
    return bridge.from_array(array, requires_grad, is_parameter)


@_builds("torch._utils._rebuild_tensor")
def _tensor_v1(world: SafeWorld, arguments: tuple[Any, ...]) -> Any:
    storage, offset, size, stride = arguments
    return _tensor(world, (storage, offset, size, stride, False))


@_builds("torch._utils._rebuild_tensor_v3")
def _tensor_v3(world: SafeWorld, arguments: tuple[Any, ...]) -> Any:
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


@_builds("torch._utils._rebuild_parameter")
def _parameter(world: SafeWorld, arguments: tuple[Any, ...]) -> Any:
    data, requires_grad, *_ = arguments
    if not bridge.is_tensor(data):
        raise damaged("A parameter lacks its tensor")
    return _wrapped(world, bridge.to_array(data), requires_grad, is_parameter=True)


@_builds("torch._utils._rebuild_parameter_with_state")
def _parameter_with_state(world: SafeWorld, arguments: tuple[Any, ...]) -> Any:
    data, requires_grad, hooks, state = arguments
    return _with_attributes(_parameter(world, (data, requires_grad, hooks)), state)


@_builds("torch._tensor._rebuild_from_type_v2")
def _of_type(world: SafeWorld, arguments: tuple[Any, ...]) -> Any:
    function, kind, inner, state = arguments
    if kind not in (TABLE["torch.Tensor"], TABLE["torch.nn.parameter.Parameter"]):
        raise refused("a tensor of a class of its own", "Save its values as a plain tensor.")
    made = world.call(function, inner)
    if not bridge.is_tensor(made):
        raise damaged("A tensor is not made by a tensor's builder")
    if kind is TABLE["torch.nn.parameter.Parameter"] and not bridge.is_parameter(made):
        made = _parameter(world, (made, made.requires_grad))
    return _with_attributes(made, state)


def _with_attributes(made: Any, state: Any) -> Any:
    """Attributes that the user hung on a tensor come back, unless they would hide the tensor's own."""
    slots = state[1] if isinstance(state, tuple) and len(state) == 2 else None
    attributes = state[0] if isinstance(state, tuple) and len(state) == 2 else state
    for group in (attributes, slots):
        for name, value in (group or {}).items():
            if type(name) is not str or not name.isidentifier() or name.startswith("__") or hasattr(type(made), name):
                raise damaged(f"A tensor's attribute {name!r} would hide one of its own")
            setattr(made, name, value)
    return made


@_builds("torch._utils._rebuild_device_tensor_from_numpy", "torch._utils._rebuild_xla_tensor")
def _from_numpy(world: SafeWorld, arguments: tuple[Any, ...]) -> Any:
    array, dtype, location, requires_grad = arguments
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "biufc" or type(location) is not str:
        raise damaged("A device's tensor lacks its array")
    world.restore(None, location)
    kind = element_named_by(dtype).dtype
    world.carry(array.size * kind.itemsize)
    return _wrapped(world, array.astype(kind), requires_grad)


@_builds("torch._utils._rebuild_device_tensor_from_cpu_tensor")
def _from_cpu_tensor(world: SafeWorld, arguments: tuple[Any, ...]) -> Any:
    tensor, dtype, location, requires_grad = arguments
    if not bridge.is_tensor(tensor) or element_named_by(dtype).dtype != tensor.dtype or type(location) is not str:
        raise damaged("A device's tensor lacks its values")
    world.restore(None, location)
    return _wrapped(world, bridge.to_array(tensor), requires_grad)


@_builds("torch.nn.parameter.Parameter")
def _old_parameter(world: SafeWorld, arguments: tuple[Any, ...]) -> Any:
    """Until 0.3, parameters were pickled as objects: their state comes after them, see `finish`."""
    return Pending("parameter", arguments)


def finish(world: SafeWorld, pending: Pending, state: Any) -> Any:
    """The value whose state has come."""
    if pending.kind == "parameter":
        return _finish_parameter(world, pending.arguments, state)
    if pending.kind == "tensor":
        return _tensor_v1(world, tuple(state))
    return numpy_pickle.finish(world, pending, state)


def _finish_parameter(world: SafeWorld, arguments: tuple[Any, ...], state: Any) -> Any:
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
    "torch.serialization._get_layout": ("a tensor layout", "Save dense tensors."),
}


def _refusing(what: str, fix: str) -> Builder:
    def refuse_it(world: SafeWorld, arguments: tuple[Any, ...]) -> Any:
        raise refused(what, fix)

    return refuse_it


for _name, (_what, _fix) in _OTHERS.items():
    TABLE[_name] = Global(_name, _refusing(_what, _fix))


# -------------------------------------------------------------------------------------------- torch's names for values
@_builds("torch.Size")
def _size(world: SafeWorld, arguments: tuple[Any, ...]) -> Any:
    (sizes,) = arguments
    if type(sizes) not in (tuple, list) or any(type(n) is not int for n in sizes):
        raise damaged("A torch.Size is not made of whole numbers")
    return Size(sizes)


@_builds("torch.device")
def _device(world: SafeWorld, arguments: tuple[Any, ...]) -> Any:
    if (
        not 1 <= len(arguments) <= 2
        or type(arguments[0]) is not str
        or type(arguments[-1]) not in (str, int, type(None))
    ):
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


# ---------------------------------------------------------------------------------------------------- Python's own
# types @_builds("collections.OrderedDict")
def _ordered(world: SafeWorld, arguments: tuple[Any, ...]) -> Any:
    world.charge(200)
    made: OrderedDict[Any, Any] = OrderedDict()
    for pair in arguments[0] if arguments else ():
        key, value = pair
        world.check_key(key)
        made[key] = value
    return made


@_builds("collections.Counter")
def _counter(world: SafeWorld, arguments: tuple[Any, ...]) -> Any:
    if arguments and type(arguments[0]) is not dict:
        raise damaged("A Counter is not made of a dict")
    world.charge(200 + 100 * len(arguments[0] if arguments else ()))
    made: Counter[Any] = Counter()
    dict.update(made, *arguments)
    return made


FACTORIES: dict[str, Any] = {f"builtins.{kind.__name__}": kind for kind in (list, dict, int, float, str, bool, tuple)}
for _name in FACTORIES:
    TABLE[_name] = Global(_name)


@_builds("collections.defaultdict")
def _defaultdict(world: SafeWorld, arguments: tuple[Any, ...]) -> Any:
    world.charge(200)
    factory = arguments[0] if arguments else None
    if len(arguments) > 1 or not (factory is None or (isinstance(factory, Global) and factory.name in _DEFAULTS)):
        raise refused("a defaultdict that makes more than empty containers and zeros", "Save dict(it) instead.")
    return defaultdict(None if factory is None else _DEFAULTS[factory.name])


def _collection(kind: type) -> Builder:
    def build(world: SafeWorld, arguments: tuple[Any, ...]) -> Any:
        items = arguments[0] if arguments else []
        if len(arguments) > 1 or type(items) not in (list, tuple):
            raise damaged(f"A {kind.__name__} is not made of a list")
        world.charge(216 + 100 * len(items))
        for item in items:
            world.check_key(item)
        return kind(items)

    return build


TABLE["builtins.set"] = Global("builtins.set", _collection(set))
TABLE["builtins.frozenset"] = Global("builtins.frozenset", _collection(frozenset))
_DEFAULTS = {**FACTORIES, "builtins.set": set}


@_builds("_codecs.encode")
def _encode(world: SafeWorld, arguments: tuple[Any, ...]) -> bytes:
    """How protocol 2 spells bytes: their numbers as a text's characters."""
    text, codec = arguments
    if type(text) is not str or codec not in ("latin1", "latin-1"):
        raise damaged("Bytes are not spelt as latin1 text")
    world.carry(len(text))
    return text.encode("latin1")


@_builds("builtins.bytearray")
def _bytearray(world: SafeWorld, arguments: tuple[Any, ...]) -> Any:
    if arguments and type(arguments[0]) is bytes:
        world.carry(len(arguments[0]))
        return bytearray(arguments[0])
    return bytearray(_encode(world, arguments) if arguments else b"")


@_builds("builtins.bytes")
def _bytes(world: SafeWorld, arguments: tuple[Any, ...]) -> Any:
    return bytes(_bytearray(world, arguments))


@_builds("builtins.complex")
def _complex(world: SafeWorld, arguments: tuple[Any, ...]) -> complex:
    if not 1 <= len(arguments) <= 2 or any(type(part) not in (int, float) for part in arguments):
        raise damaged("A complex number is not made of two numbers")
    return complex(*arguments)


def _of_integers(kind: type) -> Builder:
    def build(world: SafeWorld, arguments: tuple[Any, ...]) -> Any:
        if any(type(part) not in (int, type(None)) for part in arguments):
            raise damaged(f"A {kind.__name__} is not made of whole numbers")
        return kind(*arguments)

    return build


TABLE["builtins.range"] = Global("builtins.range", _of_integers(range))
TABLE["builtins.slice"] = Global("builtins.slice", _of_integers(slice))

for _name, _build in numpy_pickle.BUILDERS.items():
    TABLE[_name] = Global(_name, _build)
