"""Reading the zip container of torch's files, strictly.

Python's `zipfile` is written for archives of all kinds; this reader takes the one kind that checkpoints are, and
refuses the rest before anything is allocated: records that overlap (the quadratic zip bomb), sizes that the file
cannot hold, compressed records that would swell, two records of one name, names that climb out of a folder,
encryption, several disks.

Source: PKWARE APPNOTE.TXT 6.3.10, sections 4.3.7 (local header), 4.3.12 (directory), 4.3.14 to 4.3.16 (end records).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from ..errors import FileFormatError
from .source import Bytes, Source

_END = struct.Struct("<4s4H2IH")
_LOCATOR = struct.Struct("<4sIQI")
_END64 = struct.Struct("<4sQ2H2I4Q")
_ENTRY = struct.Struct("<4s6H3I5H2I")
_LOCAL = struct.Struct("<4s5H3I2H")
_MAX32 = 0xFFFFFFFF
STORED, DEFLATED = 0, 8
MAX_RATIO = 100  # trained weights deflate by less than 2; beyond this a record is a bomb, not a checkpoint
FREE_INFLATION = 1 << 20  # what a record may always grow to: short texts and freshly zeroed buffers shrink well


@dataclass
class Record:
    """One file inside the archive, as the directory describes it."""

    name: str
    method: int
    crc: int
    packed: int
    size: int
    header: int
    raw_name: bytes
    limit: int = field(default=0)  # where the next record, or the directory, begins


class Archive:
    """The records of a zip file by name, all of them inside one top folder, `root`."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.comment = b""
        records = list(self._directory())
        self._place(records)
        self._records = {record.name: record for record in records}
        if len(self._records) != len(records):
            raise self._damaged("two records have the same name")
        self.root = self._find_root()
        # Writers that were told not to compute checksums leave zero everywhere; one checksum means that all count.
        self._checked = any(record.crc for record in records)

    def __contains__(self, name: str) -> bool:
        return self.root + name in self._records

    def record(self, name: str) -> Record:
        """The record of this name inside the top folder."""
        try:
            return self._records[self.root + name]
        except KeyError:
            raise self._damaged(f"the record {name!r} is missing") from None

    def read(self, name: str) -> bytes:
        """The content of a record, its checksum compared."""
        return bytes(self.read_array(name).data)

    def read_array(self, name: str) -> Bytes:
        """The content of a record as a fresh array, its checksum compared."""
        record = self.record(name)
        start = self._data_start(record)
        if record.method == STORED:
            content = self._source.read_array(start, record.size, f"record {name!r}")
        else:
            content = self._inflate(record, start)
        if self._checked and zlib.crc32(content.data) != record.crc:
            raise self._damaged(f"the record {name!r} does not have the checksum it was written with")
        return content

    def map_array(self, name: str) -> Bytes:
        """The content of a record, mapped. Its checksum is not compared, for that would read it."""
        record = self.record(name)
        if record.method != STORED:
            return self.read_array(name)
        return self._source.map_array(self._data_start(record), record.size, f"record {name!r}")

    def _damaged(self, what: str) -> FileFormatError:
        return FileFormatError(
            f"{self._source.label}: failed reading zip archive: {what}. The file is damaged or was not written by "
            "torch.save or save(); copy or download it again."
        )

    def _directory(self) -> Iterator[Record]:
        start, size, count = self._find_directory()
        if count * _ENTRY.size > size:
            raise self._damaged(f"{count} records cannot be listed in {size} bytes")
        listing = self._source.read(start, size, "the directory")
        position = 0
        for _ in range(count):
            if position + _ENTRY.size > size:
                raise self._damaged("the directory ends within an entry")
            fields = _ENTRY.unpack_from(listing, position)
            lengths = fields[10:13]  # name, extra, comment
            end = position + _ENTRY.size + sum(lengths)
            if fields[0] != b"PK\x01\x02" or end > size:
                raise self._damaged("an entry of the directory is not one")
            name = listing[position + _ENTRY.size :][: lengths[0]]
            extra = listing[position + _ENTRY.size + lengths[0] :][: lengths[1]]
            yield self._entry(fields, name, extra)
            position = end
        if position != size:
            raise self._damaged("the directory is longer than its entries")
        self._directory_start = start

    def _find_directory(self) -> tuple[int, int, int]:
        """(start, size, number of entries) from the end records."""
        source = self._source
        tail_start = max(0, source.size - _END.size - 0xFFFF)
        tail = source.read(tail_start, source.size - tail_start)
        at = tail.rfind(b"PK\x05\x06")
        while at >= 0:
            if at + _END.size <= len(tail):
                end = _END.unpack_from(tail, at)
                if at + _END.size + end[7] == len(tail):
                    break
            at = tail.rfind(b"PK\x05\x06", 0, at)
        if at < 0:
            raise self._damaged("failed finding central directory; the end of the file is missing")
        self.comment = tail[at + _END.size :]
        position = tail_start + at
        disk, first_disk, here, count, size, start = end[1:7]
        finish = position
        if position >= _LOCATOR.size:
            locator = _LOCATOR.unpack(source.read(position - _LOCATOR.size, _LOCATOR.size))
            if locator[0] == b"PK\x06\x07":
                if locator[1] or locator[3] > 1:
                    raise self._damaged("it is spread over several disks")
                finish = locator[2]
                end64 = _END64.unpack(source.read(finish, _END64.size, "the zip64 end record"))
                if end64[0] != b"PK\x06\x06":
                    raise self._damaged("the zip64 end record is not where it should be")
                disk, first_disk, here, count, size, start = end64[4:10]
        if disk or first_disk or here != count:
            raise self._damaged("it is spread over several disks")
        if start + size != finish:
            raise self._damaged("the directory does not end where its end record begins")
        return start, size, count

    def _entry(self, fields: tuple[int, ...], raw_name: bytes, extra: bytes) -> Record:
        _, _, _, flags, method, _, _, crc, packed, size, _, _, _, disk, _, _, header = fields
        name = raw_name.decode("utf-8", "backslashreplace")
        packed, size, header = self._zip64(extra, packed, size, header, name)
        if flags & 1:
            raise self._damaged(f"the record {name!r} is encrypted")
        if method not in (STORED, DEFLATED):
            raise self._damaged(f"the record {name!r} is compressed by method {method}, which torch does not write")
        if method == STORED and packed != size:
            raise self._damaged(f"the record {name!r} has two sizes, {packed} and {size}")
        if size > max(FREE_INFLATION, MAX_RATIO * packed):
            raise self._damaged(
                f"the record {name!r} would swell from {packed} to {size} bytes, more than {MAX_RATIO} times; such a "
                "record is refused as a zip bomb. If it is yours, store it uncompressed (zip -0)"
            )
        if disk not in (0, 0xFFFF):
            raise self._damaged("it is spread over several disks")
        if not name or name.startswith("/") or any(c in name for c in "\\\0:") or ".." in name.split("/"):
            raise self._damaged(f"the record name {name!r} is not a plain relative path")
        return Record(name, method, crc, packed, size, header, raw_name)

    def _zip64(self, extra: bytes, packed: int, size: int, header: int, name: str) -> tuple[int, int, int]:
        """The true numbers where the short fields say "too large": they stand in the extra field, in this order."""
        if _MAX32 not in (packed, size, header):
            return packed, size, header
        position = 0
        while position + 4 <= len(extra):
            tag, length = struct.unpack_from("<2H", extra, position)
            if tag == 1:
                numbers = extra[position + 4 : position + 4 + length]
                wide = (number for (number,) in struct.iter_unpack("<Q", numbers[: len(numbers) // 8 * 8]))
                try:
                    size = next(wide) if size == _MAX32 else size
                    packed = next(wide) if packed == _MAX32 else packed
                    header = next(wide) if header == _MAX32 else header
                except StopIteration:
                    break
                return packed, size, header
            position += 4 + length
        raise self._damaged(f"the record {name!r} lacks its zip64 sizes")

    def _place(self, records: list[Record]) -> None:
        """No byte belongs to two records; so all of them together are no larger than the file."""
        ordered = sorted(records, key=lambda record: record.header)
        ends = [*(record.header for record in ordered), self._directory_start][1:]
        for record, end in zip(ordered, ends, strict=True):
            record.limit = end
            if record.header + _LOCAL.size + len(record.raw_name) + record.packed > end:
                raise self._damaged(f"the record {record.name!r} overlaps what follows it")

    def _data_start(self, record: Record) -> int:
        what = f"the header of record {record.name!r}"
        local = _LOCAL.unpack(self._source.read(record.header, _LOCAL.size, what))
        start: int = record.header + _LOCAL.size + local[9] + local[10]
        if local[0] != b"PK\x03\x04" or local[3] != record.method or local[9] != len(record.raw_name):
            raise self._damaged(f"{what} does not agree with the directory")
        if self._source.read(record.header + _LOCAL.size, local[9], what) != record.raw_name:
            raise self._damaged(f"{what} bears another name than the directory")
        if start + record.packed > record.limit:
            raise self._damaged(f"the record {record.name!r} overlaps what follows it")
        return start

    def _inflate(self, record: Record, start: int) -> Bytes:
        content = np.empty(record.size, np.uint8)
        unpacker, done = zlib.decompressobj(-zlib.MAX_WBITS), 0
        try:
            for block in self._source.blocks(start, record.packed):
                full = True
                while block or full:  # a part that was full may have left some of it inside, with all of the block read
                    part = unpacker.decompress(block, FREE_INFLATION)
                    if done + len(part) > record.size:
                        raise self._damaged(f"the record {record.name!r} is larger than it says")
                    content[done : done + len(part)] = np.frombuffer(part, np.uint8)
                    done += len(part)
                    block, full = unpacker.unconsumed_tail, len(part) == FREE_INFLATION
        except zlib.error as problem:
            raise self._damaged(f"the record {record.name!r} cannot be decompressed ({problem})") from None
        if done != record.size or not unpacker.eof:
            raise self._damaged(f"the record {record.name!r} is smaller than it says")
        return content

    def _find_root(self) -> str:
        roots = {name[: -len("data.pkl")] for name in self._records if name.count("/") == 1 and name[-9:] == "/data.pkl"}
        if len(roots) != 1:
            found = "no data.pkl" if not roots else "several data.pkl"
            raise self._damaged(f"expected one record FOLDER/data.pkl, found {found}")
        return roots.pop()
