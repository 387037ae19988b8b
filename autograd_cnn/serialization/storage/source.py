"""A file as the readers see it: a known number of bytes, any of which can be asked for, none of which is trusted."""

from __future__ import annotations

import contextlib
import io
import mmap as _mmap
import os
from collections.abc import Iterator
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from ..errors import TruncatedFileError

FileLike = str | os.PathLike[str] | IO[bytes]
Bytes = npt.NDArray[np.uint8]
_BLOCK = 1 << 20


class Source:
    """The bytes of a seekable file from where it stands to its end."""

    def __init__(self, file: IO[bytes], label: str, mappable: bool = False) -> None:
        self.label = label
        self.mappable = mappable
        self._file = file
        self._start = file.tell()
        self.size = max(file.seek(0, os.SEEK_END) - self._start, 0)
        self._map: _mmap.mmap | None = None

    def check(self, offset: int, count: int, what: str) -> None:
        """Raise unless `count` bytes from `offset` on are there. Everybody calls this before allocating."""
        if offset < 0 or count < 0 or offset + count > self.size:
            raise TruncatedFileError(
                f"{self.label}: expected {what} at bytes {offset} to {offset + count}, but the file ends at byte "
                f"{self.size}. It is cut short or damaged; copy or download it again."
            )

    def read(self, offset: int, count: int, what: str = "data") -> bytes:
        """`count` bytes from `offset` on."""
        self.check(offset, count, what)
        self._file.seek(self._start + offset)
        parts: list[bytes] = []
        while count:
            part = self._file.read(count)
            if not part:
                raise TruncatedFileError(f"{self.label}: the file ended within {what}; it shrank while it was read.")
            parts.append(part)
            count -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def blocks(self, offset: int, count: int, what: str = "data") -> Iterator[bytes]:
        """The same bytes, a block at a time."""
        self.check(offset, count, what)
        for start in range(offset, offset + count, _BLOCK):
            yield self.read(start, min(_BLOCK, offset + count - start), what)

    def read_array(self, offset: int, count: int, what: str = "data") -> Bytes:
        """The same bytes as a fresh, writable array, without a second copy of them in memory."""
        self.check(offset, count, what)
        array = np.empty(count, np.uint8)
        readinto = getattr(self._file, "readinto", None)
        if readinto is None:
            for start in range(0, count, _BLOCK):
                part = self.read(offset + start, min(_BLOCK, count - start), what)
                array[start : start + len(part)] = np.frombuffer(part, np.uint8)
            return array
        self._file.seek(self._start + offset)
        view, done = memoryview(array.data), 0
        while done < count:
            got = readinto(view[done:])
            if not got:
                raise TruncatedFileError(f"{self.label}: the file ended within {what}; it shrank while it was read.")
            done += got
        return array

    def map_array(self, offset: int, count: int, what: str = "data") -> Bytes:
        """The same bytes mapped: read from the disk when they are looked at; writes stay in memory."""
        self.check(offset, count, what)
        if count == 0:
            return np.empty(0, np.uint8)
        if self._map is None:
            self._map = _mmap.mmap(self._file.fileno(), 0, access=_mmap.ACCESS_COPY)
        return np.frombuffer(self._map, np.uint8, count, self._start + offset)

    def leave_at(self, offset: int) -> None:
        """Put the file's position behind what was read, for whoever reads on."""
        self._file.seek(self._start + offset)


def is_path(f: object) -> bool:
    """Is this a file's name rather than an open file?"""
    return isinstance(f, (str, os.PathLike))


@contextlib.contextmanager
def open_source(f: FileLike, operation: str) -> Iterator[Source]:
    """A Source over a path, or over an open binary file that can seek. Only files opened here are closed here."""
    if isinstance(f, (str, os.PathLike)):
        with open(f, "rb") as file:
            yield Source(file, f"{operation}({os.fspath(f)!r})", mappable=True)
        return
    _check_readable(f, operation)
    yield Source(f, f"{operation}(file)")


def _check_readable(f: Any, operation: str) -> None:
    for name in ("read", "seek", "tell"):
        if not hasattr(f, name):
            raise AttributeError(
                f"{operation}: expected a path or an open binary file, got {type(f).__name__}, which has no {name!r}. "
                "You can only load from a file that is seekable. Please pre-load the data into a buffer like "
                "io.BytesIO and try to load from it instead."
            )
    if isinstance(f, io.TextIOBase):
        raise TypeError(f"{operation}: expected a file opened in binary mode, got a text file. Open it with 'rb'.")
    try:
        f.seek(f.tell())
    except (io.UnsupportedOperation, OSError) as problem:
        raise io.UnsupportedOperation(
            f"{operation}: {problem}. You can only load from a file that is seekable. Please pre-load the data into a "
            "buffer like io.BytesIO and try to load from it instead."
        ) from None
