"""Files made by hand, opcode by opcode and byte by byte, for the tests of hostile and of old files."""

from __future__ import annotations

import io
import pickle
import struct
import zipfile
from collections.abc import Mapping
from typing import Any

P = pickle


def text(value: str) -> bytes:
    """The opcode for a text."""
    raw = value.encode()
    return P.BINUNICODE + struct.pack("<I", len(raw)) + raw


def number(value: int) -> bytes:
    """The opcode for a whole number."""
    if 0 <= value < 256:
        return P.BININT1 + bytes([value])
    raw = P.encode_long(value)
    return P.LONG1 + bytes([len(raw)]) + raw


def name(module: str, qualified: str) -> bytes:
    """The opcode for a global."""
    return P.GLOBAL + f"{module}\n{qualified}\n".encode()


def tuple_of(*items: bytes) -> bytes:
    """The opcodes for a tuple."""
    return P.MARK + b"".join(items) + P.TUPLE


def numbers(values: Any) -> bytes:
    """The opcodes for a tuple of whole numbers."""
    return tuple_of(*map(number, values))


def program(*codes: bytes) -> bytes:
    """A whole pickle."""
    return P.PROTO + b"\x02" + b"".join(codes) + P.STOP


def storage(
    key: str = "0",
    numel: int = 4,
    kind: str = "FloatStorage",
    location: str = "cpu",
    *more: bytes,
    module: str = "torch",
) -> bytes:
    """The opcodes for a reference to a storage."""
    return tuple_of(text("storage"), name(module, kind), text(key), text(location), number(numel), *more) + P.BINPERSID


def tensor(
    size: Any = (4,),
    stride: Any = (1,),
    offset: int = 0,
    of: bytes | None = None,
    grad: bytes = P.NEWFALSE,
    *more: bytes,
) -> bytes:
    """The opcodes for a tensor."""
    hooks = name("collections", "OrderedDict") + P.EMPTY_TUPLE + P.REDUCE
    parts = (of or storage(), number(offset), numbers(size), numbers(stride), grad, hooks, *more)
    return name("torch._utils", "_rebuild_tensor_v2") + tuple_of(*parts) + P.REDUCE


FOUR = struct.pack("<4f", 1, 2, 3, 4)


def archive(pickled: bytes, records: Mapping[str, bytes] | None = None, root: str = "x") -> io.BytesIO:
    """A zip file with this pickle and these records."""
    file = io.BytesIO()
    content = {"data.pkl": pickled, "byteorder": b"little", "data/0": FOUR, "version": b"3\n", **(records or {})}
    with zipfile.ZipFile(file, "w") as out:
        for record, data in content.items():
            out.writestr(f"{root}/{record}", data)
    file.seek(0)
    return file


MAGIC = program(P.LONG1 + b"\x0a" + P.encode_long(0x1950A86A20F9469CFC6C))
SYSTEM = pickle.dumps({"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2}}, 2)


def legacy(pickled: bytes, storages: Mapping[str, bytes], itemsize: int = 4) -> io.BytesIO:
    """A legacy file with this pickle and these storages."""
    file = io.BytesIO()
    for part in (MAGIC, pickle.dumps(1001, 2), SYSTEM, pickled, pickle.dumps(sorted(storages), 2)):
        file.write(part)
    for key in sorted(storages):
        file.write(struct.pack("<q", len(storages[key]) // itemsize) + storages[key])
    file.seek(0)
    return file
