"""Opening a safetensors file to take tensors, or parts of them, one at a time."""

from __future__ import annotations

import contextlib
from types import TracebackType
from typing import Any, Literal

import numpy as np

from ...errors import DtypeError, nearest
from ..errors import FileFormatError
from ..storage import conversion
from ..storage.dtypes import Array, decode
from ..storage.map_location import restorer
from ..storage.source import FileLike, Source, open_source
from .header import Entry, Header, read_header

_FRAMEWORKS = {"pt": True, "torch": True, "pytorch": True, "np": False, "numpy": False}


def read_entry(source: Source, name: str, entry: Entry, *, mmap: bool, widen: bool) -> Array:
    """One tensor's array. Mapped, it is read from the disk when it is looked at."""
    if not entry.element.exact and not widen:
        raise DtypeError(
            f"{source.label}: the tensor {name[:80]!r} is {entry.dtype}, which NumPy has no type for. Pass "
            f"widen=True to get it as {entry.element.dtype} (exactly: each of its numbers is one), or convert the file."
        )
    read = source.map_array if mmap else source.read_array
    raw = read(entry.start, entry.nbytes, f"the tensor {name[:80]!r}")
    return decode(raw, entry.element, "little", checked=not mmap).reshape(entry.shape)


class Slice:
    """A tensor that has not been read yet: `get_slice(name)[rows, columns]` reads a part of it."""

    def __init__(self, source: Source, name: str, entry: Entry, wrap: bool, widen: bool) -> None:
        self._source, self._name, self._entry, self._wrap, self._widen = source, name, entry, wrap, widen

    def get_shape(self) -> list[int]:
        """The whole tensor's sizes."""
        return list(self._entry.shape)

    def get_dtype(self) -> str:
        """The element type, as safetensors names it."""
        return self._entry.dtype

    def __getitem__(self, at: Any) -> Any:
        lazily = self._source.mappable and self._entry.element.exact
        whole = read_entry(self._source, self._name, self._entry, mmap=lazily, widen=self._widen)
        part = np.array(whole[at])
        return conversion.from_array(part) if self._wrap else part


class safe_open(contextlib.AbstractContextManager["safe_open"]):
    """Open a safetensors file: `keys()`, `metadata()`, `get_tensor(name)`, `get_slice(name)`.

    Args:
        filename: a path, or an open binary file.
        framework: "pt" for Tensors, "np" for arrays.
        device: only the CPU.
        widen: read bfloat16 and the float8 types as float32, exactly; without it they are refused.

    Raises:
        FileFormatError (a RuntimeError): it is not a safetensors file, or it is damaged.
        OSError: it cannot be read.

    Example:
        >>> import io
        >>> import autograd_cnn as ac
        >>> from autograd_cnn.serialization.safetensors import safe_open, save
        >>> with safe_open(io.BytesIO(save({"w": ac.ones(2, 3)})), framework="pt") as file:
        ...     for name in file.keys():
        ...         print(name, file.get_slice(name)[0])
        w tensor([1., 1., 1.])
    """

    def __init__(self, filename: FileLike, framework: str = "pt", device: Any = "cpu", *, widen: bool = False) -> None:
        if framework not in _FRAMEWORKS:
            raise ValueError(f"safe_open: expected framework 'pt' or 'np', got {framework!r}.{nearest(framework, _FRAMEWORKS)}")
        restorer(device)
        self._wrap, self._widen = _FRAMEWORKS[framework], widen
        self._open = contextlib.ExitStack()
        self._source = self._open.enter_context(open_source(filename, "safe_open"))
        try:
            self._header: Header = read_header(self._source)
        except BaseException:
            self._open.close()
            raise

    def __enter__(self) -> safe_open:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> Literal[False]:
        self._open.close()
        return False

    def keys(self) -> list[str]:
        """The names of the tensors, sorted."""
        return sorted(self._header.entries)

    def offset_keys(self) -> list[str]:
        """The names of the tensors, in the order of their data."""
        return sorted(self._header.entries, key=lambda name: self._header.entries[name].start)

    def metadata(self) -> dict[str, str] | None:
        """The texts that were saved beside the tensors."""
        return self._header.metadata

    def get_tensor(self, name: str) -> Any:
        """One tensor."""
        array = read_entry(self._source, name, self._entry(name), mmap=False, widen=self._widen)
        return conversion.from_array(array) if self._wrap else array

    def get_slice(self, name: str) -> Slice:
        """One tensor, to be read in parts."""
        return Slice(self._source, name, self._entry(name), self._wrap, self._widen)

    def _entry(self, name: str) -> Entry:
        try:
            return self._header.entries[name]
        except KeyError:
            hint = nearest(name, self._header.entries)
            raise FileFormatError(f"{self._source.label}: File does not contain tensor {name}.{hint}") from None
