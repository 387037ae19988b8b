"""A pickle reader that cannot run anything.

A pickle is a program for a small stack machine. Python's own machine imports what the program names and calls it.
This one knows no import: a name is looked up in a table of inert builders (`world.find`), only what came from that
table is ever called, and attributes are set only where the table's owner says so. Opcodes that torch's files do not
use are refused.

It also keeps count of the memory that the program has asked for: a real pickler spends bytes on what it describes, so
a short file that asks for much is refused.

Source: the opcodes as documented in CPython's `Lib/pickletools.py`; which of them files of PyTorch use was read off
files written by torch (protocol 2) and by `pickle` (protocols 2 to 5).
"""

from __future__ import annotations

import pickle
import struct
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable
from typing import Any, Protocol

from ..errors import FileFormatError, TruncatedFileError

_FREE = 8 << 20  # bytes of memory that any file may ask for
_PER_BYTE = 32  # … and what each byte of the pickle may ask for on top; what CPython writes asks for 20 at most
# What containers cost in CPython, roughly, empty and per item.
_LIST, _DICT, _SET, _TUPLE, _MARK, _ENTRY, _CALL = 64, 64, 216, 64, 64, 100, 128
_LINE = 10_000  # the longest name of a global
_KEY_PARTS = 1000  # a tuple used as a key is hashed part by part; shared parts can make that exponential
_DICTS = (dict, OrderedDict, Counter, defaultdict)
_PLAIN_KEYS = frozenset((str, int, float, bytes, bool, type(None), complex))


class Context(Protocol):
    """What the machine may reach outside of itself."""

    def find(self, module: str, name: str) -> Any: ...
    def persistent(self, pid: Any) -> Any: ...
    def call(self, function: Any, arguments: tuple[Any, ...]) -> Any: ...
    def new(self, cls: Any, arguments: tuple[Any, ...], named: dict[str, Any]) -> Any: ...
    def build(self, instance: Any, state: Any) -> Any: ...
    def owns(self, instance: Any) -> bool: ...
    def is_key(self, key: Any) -> bool: ...


class Pending:
    """An object that exists only once its state has come; then it takes this placeholder's place."""

    __slots__ = ("arguments", "kind", "slots")

    def __init__(self, kind: str, arguments: tuple[Any, ...] = ()) -> None:
        self.kind = kind
        self.arguments = arguments
        self.slots: list[int] = []


class Reader:
    """The bytes of a pickle. `more(count)` brings `count` further bytes or more of them, or fewer at the end."""

    def __init__(self, buffer: bytes, more: Callable[[int], bytes] | None = None) -> None:
        self.buffer = buffer
        self.position = 0  # within the buffer
        self.before = 0  # bytes that left the buffer
        self._more = more

    def take(self, count: int) -> bytes:
        """The next `count` bytes."""
        end = self.position + count
        if end > len(self.buffer):
            self._refill(count)
            end = self.position + count
        part = self.buffer[self.position : end]
        self.position = end
        return part

    def line(self) -> str:
        """The text up to the next line end."""
        while (end := self.buffer.find(b"\n", self.position)) < 0:
            if len(self.buffer) - self.position > _LINE:
                raise ValueError(f"a name is longer than {_LINE} bytes")
            self._refill(len(self.buffer) - self.position + 1)
        part = self.buffer[self.position : end]
        self.position = end + 1
        return part.decode("utf-8")

    @property
    def consumed(self) -> int:
        """How many bytes were taken so far."""
        return self.before + self.position

    def _refill(self, count: int) -> None:
        rest = self.buffer[self.position :]
        fresh = self._more(count - len(rest)) if self._more else b""
        if len(rest) + len(fresh) < count:
            raise TruncatedFileError(
                f"load: the pickle ends at byte {self.consumed + len(rest) + len(fresh)}, in the middle of a value. "
                "The file is cut short or damaged; copy or download it again."
            )
        self.before += self.position
        self.buffer, self.position = rest + fresh, 0


class Unpickler:
    """Runs one pickle to its end. `encoding` is for texts that Python 2 wrote; "bytes" leaves them as they are."""

    def __init__(self, reader: Reader, world: Context, encoding: str = "utf-8") -> None:
        self._reader = reader
        self._world = world
        self._encoding = encoding
        self._stack: list[Any] = []
        self._marks: list[list[Any]] = []
        self._memo: dict[int, Any] = {}
        self._spent = 0

    def run(self) -> Any:
        """The object that the pickle describes.

        Raises:
            pickle.UnpicklingError: what it describes is refused, or the pickle is damaged.
            TruncatedFileError: it ends too early.
        """
        reader, handlers = self._reader, _HANDLERS
        opcode = -1
        try:
            while True:
                opcode = reader.take(1)[0]
                if opcode == 0x2E:  # STOP
                    if len(self._stack) != 1 or self._marks:
                        raise self._damaged("it stops with values left over")
                    return self._stack.pop()
                handler = handlers[opcode]
                if handler is None:
                    raise self._damaged(f"opcode {opcode:#04x} is not one that checkpoints use")
                handler(self)
        except (pickle.UnpicklingError, FileFormatError):
            raise
        except UnicodeDecodeError as problem:
            hint = " If Python 2 wrote it, try load(..., encoding='latin1')." if opcode in (0x54, 0x55) else ""
            raise self._damaged(f"a text is not {problem.encoding} ({problem.reason}).{hint}") from None
        except (ArithmeticError, LookupError, TypeError, ValueError, AttributeError, struct.error) as problem:
            raise self._damaged(f"opcode {opcode:#04x} failed: {type(problem).__name__}: {problem}") from problem

    def charge(self, count: int) -> None:
        """Note that the pickle asked for so much memory."""
        self._spent += count
        if self._spent > _FREE + _PER_BYTE * self._reader.consumed:
            raise self._damaged(
                f"{self._reader.consumed} bytes of it ask for more than {self._spent >> 20} MiB of memory, as no checkpoint does"
            )

    def _damaged(self, what: str) -> pickle.UnpicklingError:
        return pickle.UnpicklingError(
            f"load: the pickle inside the file cannot be read at byte {self._reader.consumed}: {what}. "
            "The file is damaged, or is not a checkpoint."
        )

    # ---- stack and memo
    def _mark(self) -> None:
        self.charge(_MARK)
        self._marks.append(self._stack)
        self._stack = []

    def _since_mark(self) -> list[Any]:
        items = self._stack
        self._stack = self._marks.pop()
        return items

    def _put(self, slot: int) -> None:
        value = self._stack[-1]
        if slot not in self._memo:
            self.charge(_ENTRY)
        self._memo[slot] = value
        if type(value) is Pending:
            value.slots.append(slot)

    def _pop(self) -> None:
        self._stack.pop()

    # ---- names and objects
    def _global(self) -> None:
        module = self._reader.line()
        self._stack.append(self._world.find(module, self._reader.line()))

    def _stack_global(self) -> None:
        name, module = self._stack.pop(), self._stack.pop()
        if type(name) is not str or type(module) is not str:
            raise self._damaged("a global's name is not text")
        self._stack.append(self._world.find(module, name))

    def _persistent(self) -> None:
        self._stack.append(self._world.persistent(self._stack.pop()))

    def _reduce(self) -> None:
        self.charge(_CALL)
        arguments = _arguments(self._stack.pop())
        self._stack[-1] = self._world.call(self._stack[-1], arguments)

    def _new(self) -> None:
        self.charge(_CALL)
        arguments = _arguments(self._stack.pop())
        self._stack[-1] = self._world.new(self._stack[-1], arguments, {})

    def _new_named(self) -> None:
        self.charge(_CALL)
        named, arguments = self._stack.pop(), _arguments(self._stack.pop())
        if type(named) is not dict or not all(type(key) is str for key in named):
            raise self._damaged("named arguments are not a dict of names")
        self._stack[-1] = self._world.new(self._stack[-1], arguments, named)

    def _build(self) -> None:
        state, instance = self._stack.pop(), self._stack[-1]
        built = self._world.build(instance, state)
        self._stack[-1] = built
        if type(instance) is Pending:
            for slot in instance.slots:
                self._memo[slot] = built

    # ---- containers
    def _empty_list(self) -> None:
        self.charge(_LIST)
        self._stack.append([])

    def _empty_dict(self) -> None:
        self.charge(_DICT)
        self._stack.append({})

    def _empty_set(self) -> None:
        self.charge(_SET)
        self._stack.append(set())

    def _append(self) -> None:
        item = self._stack.pop()
        self._extend([item])

    def _appends(self) -> None:
        self._extend(self._since_mark())

    def _extend(self, items: list[Any]) -> None:
        target = self._stack[-1]
        if type(target) is not list and not self._world.owns(target):
            raise pickle.UnpicklingError(f"Can only extend lists, but got {type(target)}")
        target.extend(items)

    def _set_item(self) -> None:
        value, key = self._stack.pop(), self._stack.pop()
        self._update([key, value])

    def _set_items(self) -> None:
        self._update(self._since_mark())

    def _update(self, items: list[Any]) -> None:
        target = self._stack[-1]
        if type(target) not in _DICTS and not self._world.owns(target):
            raise pickle.UnpicklingError(f"Can only SETITEM for dict, collections.OrderedDict, collections.Counter, but got {type(target)}")
        self.charge(_ENTRY * len(items) // 2)
        for i in range(0, len(items), 2):
            self._check_key(items[i])
            target[items[i]] = items[i + 1]

    def _add_items(self) -> None:
        items = self._since_mark()
        if type(self._stack[-1]) is not set:
            raise pickle.UnpicklingError(f"Can only add to sets, but got {type(self._stack[-1])}")
        self.charge(_ENTRY * len(items))
        for item in items:
            self._check_key(item)
        self._stack[-1].update(items)

    def _frozen_set(self) -> None:
        items = self._since_mark()
        self.charge(_SET + _ENTRY * len(items))
        for item in items:
            self._check_key(item)
        self._stack.append(frozenset(items))

    def _check_key(self, key: Any) -> None:
        if type(key) not in _PLAIN_KEYS:
            check_key(key, self._world)

    def _tuple(self) -> None:
        items = self._since_mark()
        self.charge(_TUPLE)
        self._stack.append(tuple(items))

    def _tuple_of(self, count: int) -> None:
        if len(self._stack) < count:
            raise self._damaged("a tuple lacks its items")
        self.charge(_TUPLE)
        self._stack[-count:] = [tuple(self._stack[-count:])]

    # ---- numbers and texts
    def _text(self, size: int) -> None:
        self._stack.append(self._reader.take(size).decode("utf-8", "surrogatepass"))

    def _old_text(self, size: int) -> None:
        raw = self._reader.take(size)
        self._stack.append(raw if self._encoding == "bytes" else raw.decode(self._encoding))

    def _number(self, layout: str) -> Any:
        return struct.unpack(layout, self._reader.take(struct.calcsize(layout)))[0]

    def _size(self, layout: str) -> int:
        size = int(self._number(layout))
        if size < 0:
            raise self._damaged("a length is negative")
        return size

    def _long(self, size: int) -> None:
        self._stack.append(int.from_bytes(self._reader.take(size), "little", signed=True))

    def _protocol(self) -> None:
        version = self._reader.take(1)[0]
        if version > pickle.HIGHEST_PROTOCOL:
            raise self._damaged(f"it is of protocol {version}, and {pickle.HIGHEST_PROTOCOL} is the latest known")


def _arguments(value: Any) -> tuple[Any, ...]:
    if type(value) is not tuple:
        raise TypeError(f"expected a tuple of arguments, got {type(value).__name__}")
    return value


def check_key(key: Any, world: Context) -> None:
    """Refuse what cannot be hashed in a short time."""
    parts, waiting = 0, [key]
    while waiting:
        parts += 1
        part = waiting.pop()
        if isinstance(part, tuple):
            waiting.extend(part[:_KEY_PARTS])  # with itself that is one too many
        elif type(part) not in _PLAIN_KEYS and type(part) is not frozenset and not world.is_key(part):
            raise pickle.UnpicklingError(f"load: {type(part).__name__} cannot be a key of a dict or a member of a set.")
        if parts > _KEY_PARTS:
            raise pickle.UnpicklingError(f"load: a key of more than {_KEY_PARTS} parts; the file is damaged or hostile.")


_Handler = Callable[[Unpickler], object]


def _push(value: Any) -> _Handler:
    return lambda m: m._stack.append(value)


def _handlers() -> dict[bytes, _Handler]:
    M = Unpickler
    return {
        pickle.PROTO: M._protocol,
        pickle.FRAME: lambda m: m._size("<Q"),  # a hint for buffering
        pickle.MARK: M._mark,
        pickle.POP: M._pop,
        pickle.POP_MARK: M._since_mark,
        pickle.BINPUT: lambda m: m._put(m._reader.take(1)[0]),
        pickle.LONG_BINPUT: lambda m: m._put(m._size("<I")),
        pickle.MEMOIZE: lambda m: m._put(len(m._memo)),
        pickle.BINGET: lambda m: m._stack.append(m._memo[m._reader.take(1)[0]]),
        pickle.LONG_BINGET: lambda m: m._stack.append(m._memo[m._size("<I")]),
        pickle.GLOBAL: M._global,
        pickle.STACK_GLOBAL: M._stack_global,
        pickle.BINPERSID: M._persistent,
        pickle.REDUCE: M._reduce,
        pickle.NEWOBJ: M._new,
        pickle.NEWOBJ_EX: M._new_named,
        pickle.BUILD: M._build,
        pickle.EMPTY_LIST: M._empty_list,
        pickle.EMPTY_DICT: M._empty_dict,
        pickle.EMPTY_SET: M._empty_set,
        pickle.EMPTY_TUPLE: _push(()),
        pickle.APPEND: M._append,
        pickle.APPENDS: M._appends,
        pickle.SETITEM: M._set_item,
        pickle.SETITEMS: M._set_items,
        pickle.ADDITEMS: M._add_items,
        pickle.FROZENSET: M._frozen_set,
        pickle.TUPLE: M._tuple,
        pickle.TUPLE1: lambda m: m._tuple_of(1),
        pickle.TUPLE2: lambda m: m._tuple_of(2),
        pickle.TUPLE3: lambda m: m._tuple_of(3),
        pickle.NONE: _push(None),
        pickle.NEWTRUE: _push(True),
        pickle.NEWFALSE: _push(False),
        pickle.BININT: lambda m: m._stack.append(m._number("<i")),
        pickle.BININT1: lambda m: m._stack.append(m._reader.take(1)[0]),
        pickle.BININT2: lambda m: m._stack.append(m._number("<H")),
        pickle.BINFLOAT: lambda m: m._stack.append(m._number(">d")),
        pickle.LONG1: lambda m: m._long(m._reader.take(1)[0]),
        pickle.LONG4: lambda m: m._long(m._size("<i")),
        pickle.BINUNICODE: lambda m: m._text(m._size("<I")),
        pickle.SHORT_BINUNICODE: lambda m: m._text(m._reader.take(1)[0]),
        pickle.BINUNICODE8: lambda m: m._text(m._size("<Q")),
        pickle.SHORT_BINSTRING: lambda m: m._old_text(m._reader.take(1)[0]),
        pickle.BINSTRING: lambda m: m._old_text(m._size("<i")),
        pickle.SHORT_BINBYTES: lambda m: m._stack.append(m._reader.take(m._reader.take(1)[0])),
        pickle.BINBYTES: lambda m: m._stack.append(m._reader.take(m._size("<I"))),
        pickle.BINBYTES8: lambda m: m._stack.append(m._reader.take(m._size("<Q"))),
        pickle.BYTEARRAY8: lambda m: m._stack.append(bytearray(m._reader.take(m._size("<Q")))),
    }


_HANDLERS: list[_Handler | None] = [None] * 256
for _code, _handler in _handlers().items():
    _HANDLERS[_code[0]] = _handler
