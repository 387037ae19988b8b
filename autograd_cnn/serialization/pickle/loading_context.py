"""What a checkpoint's pickle may reach: the table of builders, the user's own list, and the file's storages."""

from __future__ import annotations

import pickle
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np

from ...types.device import device
from .. import gate
from ..storage.map_location import Restore
from ..storage.storage import Storage
from . import numpy_pickle, plain_builders, safe_globals, tensor_builders
from .builders import TABLE, Global, StorageType
from .messages import damaged, refused_global
from .tensor_builders import OLD_TENSORS, finish, unreadable
from .unpickler import Pending, Reader, Unpickler, check_key

_FILLED_BY = (numpy_pickle, plain_builders, tensor_builders)  # importing them fills the table

Fetch = Callable[[tuple[Any, ...]], Any]

_RENAMED_MODULES = {"__builtin__": "builtins", "copy_reg": "copyreg", "torch.tensor": "torch._tensor"}
_FREE_BYTES, _CARRIED_PER_BYTE = 1 << 16, 16


def full_name(module: str, name: str) -> str:
    """The name that the table knows, for one that an old Python or torch wrote."""
    return f"{_RENAMED_MODULES.get(module, module)}.{name}"


def known(name: str) -> Any:
    """The table's or the user's entry for a name, or an error that says why there is none."""
    entry = TABLE.get(name)
    if entry is None:
        entry = safe_globals.lookup(name)
    if entry is None:
        raise unreadable(name) or refused_global(name)
    return entry


class LoadingContext:
    """The machine's world while a checkpoint is read. `fetch` finds the storages, `restore` places them."""

    def __init__(self, fetch: Fetch, restore: Restore) -> None:
        self._fetch = fetch
        self.restore = restore
        self._carried = 0
        self._reader = Reader(b"")
        self._machine: Unpickler | None = None

    def run(self, reader: Reader, encoding: str) -> Any:
        """Read one pickle in this world: the finished object."""
        self._reader, self._machine = reader, Unpickler(reader, self, encoding)
        return settled(self._machine.run())

    # ---- what builders need
    def charge(self, count: int) -> None:
        """Note memory that a builder takes."""
        if self._machine is not None:
            self._machine.charge(count)

    def carry(self, count: int) -> None:
        """Note bytes that a builder copies. All of them come from the pickle, a few times at most."""
        self._carried += count
        if self._carried > _FREE_BYTES + _CARRIED_PER_BYTE * self._reader.consumed:
            raise damaged(f"{self._reader.consumed} bytes of it ask for {self._carried} bytes of data")

    def check_key(self, key: Any) -> None:
        """Refuse what may not be a key."""
        check_key(key, self)

    # ---- what the machine needs
    def find(self, module: str, name: str) -> Any:
        return known(full_name(module, name))

    def persistent(self, pid: Any) -> Any:
        if type(pid) is not tuple or not pid:
            raise pickle.UnpicklingError(f"persistent_load id must be tuple, but got {type(pid)}")
        return self._fetch(pid)

    def call(self, function: Any, arguments: tuple[Any, ...]) -> Any:
        if isinstance(function, Global) and function.build is not None:
            return function.build(self, arguments)
        if safe_globals.is_allowed(function):
            return _vetted(function(*arguments))
        raise pickle.UnpicklingError(f"Trying to call reduce for unrecognized function {_shown(function)}")

    def new(self, cls: Any, arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
        if id(cls) in OLD_TENSORS:
            return Pending("tensor")
        if isinstance(cls, Global) and cls.build is not None and not named:
            return cls.build(self, arguments)
        if safe_globals.is_allowed(cls):
            return _vetted(cls.__new__(cls, *arguments, **named))
        raise pickle.UnpicklingError(
            f"Can only create new object for nn.Parameter or classes allowlisted via `add_safe_globals` but got {_shown(cls)}"
        )

    def build(self, instance: Any, state: Any) -> Any:
        if type(instance) is Pending:
            return finish(self, instance, state)
        if type(instance) is OrderedDict:
            return _with_attributes(instance, state)
        if self.owns(instance):
            return _with_state(instance, state)
        raise pickle.UnpicklingError(
            f"Can only build Tensor, Parameter, OrderedDict or types allowlisted via `add_safe_globals`, but got {type(instance)}"
        )

    def owns(self, instance: Any) -> bool:
        # NumPy's `__setstate__` believes what it is told, so NumPy's values are for `numpy_pickle`, allowed or not
        return safe_globals.is_allowed(type(instance)) and not isinstance(instance, (np.dtype, np.ndarray, np.generic))

    def is_key(self, key: Any) -> bool:
        return isinstance(key, (np.generic, np.dtype, device, range)) or self.owns(key)


def _vetted(value: Any) -> Any:
    """What a callable that the user allowed has made of a file's arguments: NumPy's values of plain dtypes only."""
    if isinstance(value, np.dtype):
        return gate.admitted(value)
    if isinstance(value, (np.ndarray, np.generic)):
        gate.admitted(value.dtype)
    return value


def _shown(value: Any) -> str:
    return repr(value) if isinstance(value, Global) else str(type(value))


def _with_attributes(made: OrderedDict[Any, Any], state: Any) -> OrderedDict[Any, Any]:
    """A module's state_dict carries its `_metadata` as an attribute. None may hide a method."""
    if type(state) is not dict:
        raise damaged("An OrderedDict's attributes are not a dict")
    for name in state:
        if type(name) is not str or hasattr(OrderedDict, name):
            raise damaged("An OrderedDict's attribute would hide one of its methods")
    vars(made).update(state)
    return made


def _with_state(instance: Any, state: Any) -> Any:
    """Give an instance of a class that the user allowed its state, as pickle does."""
    restore = getattr(instance, "__setstate__", None)
    if restore is not None:
        restore(state)
        return instance
    slots = None
    if isinstance(state, tuple) and len(state) == 2:
        state, slots = state
    if state:
        vars(instance).update(state)
    for name, value in (slots or {}).items():
        setattr(instance, name, value)
    return instance


def settled(result: Any) -> Any:
    """The result, once it is sure that none of the machine's own objects is left in it."""
    seen: set[int] = set()
    waiting = [result]
    while waiting:
        value = waiting.pop()
        kind = type(value)
        if kind in (str, int, float, bool, bytes) or value is None:
            continue
        if isinstance(value, (Global, Pending, Storage)):
            what = {Storage: "a bare storage", Pending: "an object without its state"}.get(kind, f"{value!r} as a value")
            raise pickle.UnpicklingError(
                f"Weights only load failed. The file holds {what}, which is not a tensor, number, text or plain container."
            )
        if isinstance(value, (list, tuple, set, frozenset, dict)) and id(value) not in seen:
            seen.add(id(value))
            if isinstance(value, dict):
                waiting.extend(value.values())
                if kind is OrderedDict:
                    waiting.extend(vars(value).values())
            waiting.extend(value)
    return result


class _Anything:
    """Stands for whatever a survey does not build."""

    def extend(self, items: Any) -> None: ...
    def __setitem__(self, key: Any, value: Any) -> None: ...


class Survey:
    """A world that builds nothing: it notes the names and the storages that a pickle asks for."""

    def __init__(self) -> None:
        self.names: dict[str, None] = {}  # in the order in which they come
        self.storages: list[tuple[Any, ...]] = []

    def find(self, module: str, name: str) -> Any:
        full = full_name(module, name)
        self.names[full] = None
        entry = TABLE.get(full)
        return entry if isinstance(entry, StorageType) else _Anything()

    def persistent(self, pid: Any) -> Any:
        if type(pid) is not tuple or not pid:
            raise pickle.UnpicklingError(f"persistent_load id must be tuple, but got {type(pid)}")
        self.storages.append(pid)
        return _Anything()

    def call(self, function: Any, arguments: tuple[Any, ...]) -> Any:
        return _Anything()

    def new(self, cls: Any, arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
        return _Anything()

    def build(self, instance: Any, state: Any) -> Any:
        return instance

    def owns(self, instance: Any) -> bool:
        return type(instance) is _Anything

    def is_key(self, key: Any) -> bool:
        return type(key) is _Anything
