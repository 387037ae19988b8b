"""A pickle writer that can name what it cannot import.

Python's own pickler insists on importing what it names, and the names here are torch's. Plain values and containers are
written opcode for opcode as CPython writes them, in protocol 2, the one that torch.save uses and that
torch.load(weights_only=True) reads; objects of other classes by their `__reduce_ex__`, by reference to their class.

Source: the opcodes as documented in CPython's `Lib/pickletools.py`.
"""

from __future__ import annotations

import copyreg
import itertools
import pickle
import struct
from collections.abc import Callable, Iterable
from types import BuiltinFunctionType, FunctionType
from typing import Any

from ..storage.naming import find, name_of

_BATCH = 1000
_OLD_MODULES = {"builtins": "__builtin__", "copyreg": "copy_reg"}


class Name:
    """A global by its full name, to be written without looking for it."""

    __slots__ = ("full",)

    def __init__(self, full: str) -> None:
        self.full = full


class Call:
    """A call of a global, to be written as such."""

    __slots__ = ("arguments", "name")

    def __init__(self, name: str, *arguments: Any) -> None:
        self.name = name
        self.arguments = arguments


class Kept:
    """Something that is kept beside the pickle, by its description."""

    __slots__ = ("description",)

    def __init__(self, *description: Any) -> None:
        self.description = description


class Pickler:
    """Writes one object. Subclasses teach it further kinds of values through `describe`."""

    def __init__(self) -> None:
        self._out = [pickle.PROTO + b"\x02"]
        self._memo: dict[int, int] = {}
        self._texts: dict[str, int] = {}
        self._names: dict[str, int] = {}
        self._slots = 0
        self._kept: list[Any] = []  # ids are memo keys, so what they belong to must live
        self._path: list[str] = []

    def dump(self, value: Any) -> bytes:
        """The pickle of `value`.

        Raises:
            pickle.PicklingError: something in it cannot be saved; the message says what and where.
        """
        try:
            self._save(value)
        except RecursionError:
            raise self.refusal("an object nested this deeply", "Save a flatter one.") from None
        self._out.append(pickle.STOP)
        return b"".join(self._out)

    def describe(self, value: Any) -> object | None:
        """How to write a value of a kind that Python's pickler does not know, or None."""
        return None

    def refusal(self, what: str, fix: str) -> pickle.PicklingError:
        """The error for something that cannot be saved."""
        place = "".join(self._path)
        return pickle.PicklingError(f"save: cannot save {what}, at obj{place[:200]}. {fix}")

    # ------------------------------------------------------------------------------------------------------- the frame
    def _save(self, value: Any) -> None:
        writer = _WRITERS.get(type(value))
        if writer is not None:
            writer(self, value)
        elif not self._recall(value):
            description = self.describe(value)
            if description is None:
                self._save_object(value)
            else:
                self._save_call(description) if type(description) is Call else self._save(description)
                self._memoize(value)

    def _recall(self, value: Any) -> bool:
        """Write a reference, if this very object was written before."""
        slot = self._memo.get(id(value))
        if slot is None:
            return False
        self._get(slot)
        return True

    def _get(self, slot: int) -> None:
        self._emit(pickle.BINGET + bytes([slot]) if slot < 256 else pickle.LONG_BINGET + struct.pack("<I", slot))

    def _put(self) -> int:
        slot = self._slots
        self._slots += 1
        self._emit(pickle.BINPUT + bytes([slot]) if slot < 256 else pickle.LONG_BINPUT + struct.pack("<I", slot))
        return slot

    def _memoize(self, value: Any) -> None:
        self._memo[id(value)] = self._put()
        self._kept.append(value)

    def _emit(self, code: bytes) -> None:
        self._out.append(code)

    # ----------------------------------------------------------------------------------------------- numbers and texts
    def _save_none(self, value: None) -> None:
        self._emit(pickle.NONE)

    def _save_bool(self, value: bool) -> None:
        self._emit(pickle.NEWTRUE if value else pickle.NEWFALSE)

    def _save_int(self, value: int) -> None:
        if 0 <= value < 1 << 8:
            self._emit(pickle.BININT1 + bytes([value]))
        elif 0 <= value < 1 << 16:
            self._emit(pickle.BININT2 + struct.pack("<H", value))
        elif -(1 << 31) <= value < 1 << 31:
            self._emit(pickle.BININT + struct.pack("<i", value))
        else:
            raw = pickle.encode_long(value)
            size = pickle.LONG1 + bytes([len(raw)]) if len(raw) < 256 else pickle.LONG4 + struct.pack("<i", len(raw))
            self._emit(size + raw)

    def _save_float(self, value: float) -> None:
        self._emit(pickle.BINFLOAT + struct.pack(">d", value))

    def _save_text(self, value: str) -> None:
        slot = self._texts.get(value)
        if slot is not None:
            self._get(slot)
            return
        raw = value.encode("utf-8", "surrogatepass")
        if len(raw) > 0xFFFFFFFF:
            raise self.refusal("a text of more than 4 GiB", "Protocol 2 has no place for it; save it in parts.")
        self._emit(pickle.BINUNICODE + struct.pack("<I", len(raw)) + raw)
        self._texts[value] = self._put()

    def _save_bytes(self, value: bytes) -> None:
        # Protocol 2 has no bytes: they are spelt as a text of their numbers, and encoded when read.
        self._save_as(value, Call("_codecs.encode", value.decode("latin1"), "latin1"))

    def _save_bytearray(self, value: bytearray) -> None:
        text = (value.decode("latin1"), "latin-1") if value else ()
        self._save_as(value, Call("builtins.bytearray", *text))

    def _save_complex(self, value: complex) -> None:
        self._save_as(value, Call("builtins.complex", value.real, value.imag))

    def _save_set(self, value: set[Any] | frozenset[Any]) -> None:
        self._save_as(value, Call(f"builtins.{type(value).__name__}", list(value)))

    def _save_as(self, value: Any, call: Call) -> None:
        if not self._recall(value):
            self._save_call(call)
            self._memoize(value)

    # ------------------------------------------------------------------------------------------------------ containers
    def _save_tuple(self, value: tuple[Any, ...]) -> None:
        if not value:
            self._emit(pickle.EMPTY_TUPLE)
        elif not self._recall(value):
            self._new_tuple(value)

    def _new_tuple(self, value: tuple[Any, ...]) -> None:
        short = len(value) <= 3
        if not short:
            self._emit(pickle.MARK)
        for i, item in enumerate(value):
            self._save_at(f"[{i}]", item)
        if id(value) in self._memo:  # it contains itself, by way of a list, and was written meanwhile
            self._emit(pickle.POP * len(value) if short else pickle.POP_MARK)
            self._get(self._memo[id(value)])
            return
        self._emit((pickle.TUPLE1, pickle.TUPLE2, pickle.TUPLE3)[len(value) - 1] if short else pickle.TUPLE)
        self._memoize(value)

    def _save_list(self, value: list[Any]) -> None:
        if not self._recall(value):
            self._emit(pickle.EMPTY_LIST)
            self._memoize(value)
            self._append(value)

    def _save_dict(self, value: dict[Any, Any]) -> None:
        if not self._recall(value):
            self._emit(pickle.EMPTY_DICT)
            self._memoize(value)
            self._set_items(value.items())

    def _save_at(self, place: str, *values: Any) -> None:
        self._path.append(place)
        for value in values:
            self._save(value)
        self._path.pop()

    def _append(self, items: Iterable[Any]) -> None:
        numbered = enumerate(items)
        while batch := list(itertools.islice(numbered, _BATCH)):
            self._emit(pickle.MARK if len(batch) > 1 else b"")
            for i, item in batch:
                self._save_at(f"[{i}]", item)
            self._emit(pickle.APPENDS if len(batch) > 1 else pickle.APPEND)

    def _set_items(self, pairs: Iterable[tuple[Any, Any]]) -> None:
        pairs = iter(pairs)
        while batch := list(itertools.islice(pairs, _BATCH)):
            self._emit(pickle.MARK if len(batch) > 1 else b"")
            for key, value in batch:
                self._save_at(f"[{key!r:.60}]" if type(key) in (str, int) else "[…]", key, value)
            self._emit(pickle.SETITEMS if len(batch) > 1 else pickle.SETITEM)

    # -------------------------------------------------------------------------------------------------- names and calls
    def _save_name(self, value: Name) -> None:
        slot = self._names.get(value.full)
        if slot is not None:
            self._get(slot)
            return
        module, _, name = value.full.rpartition(".")
        self._global(module, name)
        self._names[value.full] = self._put()

    def _global(self, module: str, name: str) -> None:
        self._emit(pickle.GLOBAL + f"{_OLD_MODULES.get(module, module)}\n{name}\n".encode())

    def _save_call(self, value: Call) -> None:
        self._save_name(Name(value.name))
        self._save(value.arguments)
        self._emit(pickle.REDUCE)

    def _save_inner_call(self, value: Call) -> None:
        """A call among the arguments of another. Its slot is never asked for; CPython writes it, so files are alike."""
        self._save_call(value)
        self._put()

    def _save_kept(self, value: Kept) -> None:
        self._save(value.description)
        self._emit(pickle.BINPERSID)

    # --------------------------------------------------------------------------------------------------- other objects
    def _save_object(self, value: Any) -> None:
        if isinstance(value, (type, FunctionType, BuiltinFunctionType)):
            self._save_global(value, value.__qualname__)
            return
        try:
            reduced = value.__reduce_ex__(2)
        except TypeError as problem:
            raise self.refusal(f"a {_kind(value)} ({problem})", "Leave it out, or save what it is made from.") from None
        if isinstance(reduced, str):
            self._save_global(value, reduced)
            return
        function, arguments, state, items, pairs = (*reduced, None, None, None)[:5]
        if len(reduced) > 5 or function is copyreg.__newobj_ex__:  # type: ignore[attr-defined]
            raise self.refusal(f"a {_kind(value)}", "Its class asks for a later pickle protocol than files of torch have.")
        self._make(function, arguments)
        if self._already_made(value):
            return
        self._memoize(value)
        self._append(items or ())
        self._set_items(pairs or ())
        if state is not None:
            self._save_at("", state)
            self._emit(pickle.BUILD)

    def _make(self, function: Any, arguments: tuple[Any, ...]) -> None:
        if function is copyreg.__newobj__:  # type: ignore[attr-defined]
            self._save(arguments[0])
            self._save(arguments[1:])
            self._emit(pickle.NEWOBJ)
        else:
            self._save(function)
            self._save(arguments)
            self._emit(pickle.REDUCE)

    def _already_made(self, value: Any) -> bool:
        """Did the arguments lead back to the value, so that it was written meanwhile?"""
        if id(value) not in self._memo:
            return False
        self._emit(pickle.POP)
        self._get(self._memo[id(value)])
        return True

    def _save_global(self, value: Any, name: str) -> None:
        """A class or function, by reference. It must be found again under its name."""
        module, name = name_of(value, name)
        found = find(module, name)
        if found is not value:
            where = "a local or replaced one" if "<" in name or found is None else "another object now"
            raise self.refusal(
                f"{module}.{name}, which cannot be found again under that name (it is {where})",
                "Define it at the top of a module, or save what it holds.",
            )
        self._global(module, name)
        self._memoize(value)


def _kind(value: Any) -> str:
    return f"{type(value).__module__}.{type(value).__qualname__}"


_Writer = Callable[[Pickler, Any], None]
_WRITERS: dict[type, _Writer] = {
    type(None): Pickler._save_none,
    bool: Pickler._save_bool,
    int: Pickler._save_int,
    float: Pickler._save_float,
    complex: Pickler._save_complex,
    str: Pickler._save_text,
    bytes: Pickler._save_bytes,
    bytearray: Pickler._save_bytearray,
    tuple: Pickler._save_tuple,
    list: Pickler._save_list,
    dict: Pickler._save_dict,
    set: Pickler._save_set,
    frozenset: Pickler._save_set,
    Name: Pickler._save_name,
    Call: Pickler._save_inner_call,
    Kept: Pickler._save_kept,
}
