"""Writing the zip container of torch's files, in torch's own layout.

Records are stored uncompressed, each with its content on a multiple of 64 bytes: the extra field of the header ("FB"
and a run of Z) is as long as that takes. Sizes follow the content in a descriptor, as in torch's writer, because a
reader may compute where the contents lie instead of looking. So a file can be mapped, and what is mapped is aligned.

Source: PKWARE APPNOTE.TXT 6.3.10; the layout was read off files that torch 2.13.0 writes.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from typing import Protocol

ALIGNMENT = 64
_MAX32 = 0xFFFFFFFF
_UTF8, _DESCRIPTOR = 0x0800, 0x0008  # names in UTF-8; sizes in a descriptor behind the content


class Sink(Protocol):
    """What an archive is written to."""

    def write(self, data: bytes | memoryview, /) -> object: ...


class ArchiveWriter:
    """A zip file in the making: `write` the records, then `close`."""

    def __init__(self, sink: Sink, root: str) -> None:
        self._sink = sink
        self._root = root
        self._position = 0
        self._entries: list[bytes] = []
        self._identity = hashlib.sha256()

    def write(self, name: str, content: bytes | memoryview) -> None:
        """Append one record."""
        raw_name = f"{self._root}/{name}".encode()
        if len(raw_name) > 0xFFFF:
            raise ValueError(f"save: the name of the record {name!r} is longer than a zip file can hold.")
        size, header = memoryview(content).nbytes, self._position
        wide = size >= _MAX32 or header >= _MAX32
        extra = self._extra(len(raw_name), size, header)
        version = 45 if wide else 0
        local = struct.pack("<4s5H3I2H", b"PK\x03\x04", version, _flags(size), 0, 0, 0, 0, 0, 0, len(raw_name), len(extra))
        self._put(local + raw_name + extra)
        self._put(content)
        crc = zlib.crc32(content)
        if size:
            layout = "<4sI2Q" if wide else "<4sI2I"
            self._put(struct.pack(layout, b"PK\x07\x08", crc, size, size))
        self._entries.append(_entry(raw_name, crc, size, header))
        self._identity.update(struct.pack("<IQ", crc, size) + raw_name)

    def identity(self) -> bytes:
        """Forty digits that tell this content from another: torch's files carry them as `.data/serialization_id`."""
        return b"%040d" % (int.from_bytes(self._identity.digest()[:16], "little") % 10**40)

    def close(self, comment_length: int = 0) -> None:
        """Write the directory. A comment of the promised length is the caller's to write after this."""
        start = self._position
        for entry in self._entries:
            self._put(entry)
        size, count, end64 = self._position - start, len(self._entries), self._position
        self._put(struct.pack("<4sQ2H2I4Q", b"PK\x06\x06", 44, 0x031E, 45, 0, 0, count, count, size, start))
        self._put(struct.pack("<4sIQI", b"PK\x06\x07", 0, end64, 1))
        few = min(count, 0xFFFF)
        short = (few, few, min(size, _MAX32), min(start, _MAX32), comment_length)
        self._put(struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, *short))

    def _put(self, data: bytes | memoryview) -> None:
        self._sink.write(data)
        self._position += memoryview(data).nbytes

    def _extra(self, name_length: int, size: int, header: int) -> bytes:
        """The zip64 numbers where they are needed, then padding up to the alignment."""
        wide = _wide_fields(size, header)
        start = header + 30 + name_length + len(wide) + 4
        padding = -start % ALIGNMENT
        return wide + b"FB" + struct.pack("<H", padding) + b"Z" * padding


def _flags(size: int) -> int:
    """What torch's writer notes of a record; an empty one has no descriptor."""
    return _UTF8 | (_DESCRIPTOR if size else 0)


def _wide_fields(size: int, header: int) -> bytes:
    """The zip64 extra field: both sizes, then the place, each only if its short field is too small for it."""
    numbers = ([size, size] if size >= _MAX32 else []) + ([header] if header >= _MAX32 else [])
    return struct.pack(f"<2H{len(numbers)}Q", 1, 8 * len(numbers), *numbers) if numbers else b""


def _entry(raw_name: bytes, crc: int, size: int, header: int) -> bytes:
    """A record's line in the directory."""
    wide = _wide_fields(size, header)
    version = 45 if wide else 0
    short_size, short_header = min(size, _MAX32), min(header, _MAX32)
    numbers = (0, version, _flags(size), 0, 0, 0, crc, short_size, short_size, len(raw_name), len(wide), 0, 0, 0, 0)
    return struct.pack("<4s6H3I5H2I", b"PK\x01\x02", *numbers, short_header) + raw_name + wide
