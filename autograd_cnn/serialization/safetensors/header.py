"""The safetensors format: eight bytes of length, a JSON header, and the tensors' bytes one after the other.

Everything in the header is checked against the file before anything is allocated, with the rules of the reference
implementation: at most 100 MB of header, no name twice, and tensors that cover the data without gaps or overlaps.

Source: the format description of https://github.com/huggingface/safetensors (README.md, "Format").
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import DtypeError
from ..errors import FileFormatError, TruncatedFileError
from ..storage.dtypes import ELEMENTS, Element
from ..storage.source import Source

MAX_HEADER = 100_000_000
_MAX_DIMS = 64  # NumPy's
METADATA = "__metadata__"
# In the order in which the reference implementation ranks them: files list the last first, so that data stay aligned.
_ELEMENT_OF = {
    "BOOL": "bool",
    "U8": "uint8",
    "I8": "int8",
    "F8_E5M2": "float8_e5m2",
    "F8_E4M3": "float8_e4m3fn",
    "F8_E8M0": "float8_e8m0fnu",
    "F8_E4M3FNUZ": "float8_e4m3fnuz",
    "F8_E5M2FNUZ": "float8_e5m2fnuz",
    "I16": "int16",
    "U16": "uint16",
    "F16": "float16",
    "BF16": "bfloat16",
    "I32": "int32",
    "U32": "uint32",
    "F32": "float32",
    "C64": "complex64",
    "F64": "float64",
    "I64": "int64",
    "U64": "uint64",
}
_RANK = {name: rank for rank, name in enumerate(_ELEMENT_OF)}
_NAME_OF = {element: name for name, element in _ELEMENT_OF.items()}


@dataclass(frozen=True)
class Entry:
    """One tensor of a file: its element type, its shape, and where its bytes lie in the file."""

    dtype: str
    shape: tuple[int, ...]
    start: int
    nbytes: int

    @property
    def element(self) -> Element:
        """The element type in torch's terms."""
        return ELEMENTS[_ELEMENT_OF[self.dtype]]


@dataclass(frozen=True)
class Header:
    """What a file says of itself."""

    entries: dict[str, Entry]
    metadata: dict[str, str] | None


def read_header(source: Source) -> Header:
    """The header of a file, once all of it has been checked.

    Raises:
        FileFormatError: it is not the header of this file. TruncatedFileError: the file ends within it.
    """
    size = int.from_bytes(source.read(0, 8, "the header's length"), "little")
    if size > MAX_HEADER:
        raise _wrong(source, f"expected a header of at most {MAX_HEADER} bytes, got {size}")
    raw = source.read(8, size, "the header")
    listing = _parse(source, raw)
    metadata = listing.pop(METADATA, None)
    if metadata is not None and not (isinstance(metadata, dict) and all(isinstance(v, str) for v in metadata.values())):
        raise _wrong(source, f"expected texts by name as {METADATA}, got something else")
    begin = 8 + size
    entries = {name: _entry(source, name, fields, begin) for name, fields in listing.items()}
    _check_cover(source, entries, begin)
    return Header(entries, metadata)


def _wrong(source: Source, what: str) -> FileFormatError:
    return FileFormatError(f"{source.label}: not a safetensors file, or a damaged one: {what}. Copy or download it again.")


def _parse(source: Source, raw: bytes) -> dict[str, Any]:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise ValueError("a name comes twice")
        return found

    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is not JSON")

    if raw[:1] != b"{":
        raise _wrong(source, "the header does not begin with '{'")
    try:
        listing = json.loads(raw.decode("utf-8"), object_pairs_hook=unique, parse_constant=refuse)
    except (ValueError, RecursionError) as problem:
        raise _wrong(source, f"the header is not valid JSON ({problem})") from None
    if not isinstance(listing, dict):
        raise _wrong(source, "the header is not an object")
    return listing


def _entry(source: Source, name: str, fields: Any, begin: int) -> Entry:
    shown = f"the tensor {name[:80]!r}"
    if not isinstance(fields, dict) or not {"dtype", "shape", "data_offsets"} <= set(fields):
        raise _wrong(source, f"{shown} lacks its dtype, shape or data_offsets")
    dtype, shape, offsets = fields["dtype"], fields["shape"], fields["data_offsets"]
    if not isinstance(dtype, str):
        raise _wrong(source, f"{shown} has no dtype")
    if not _sizes(shape) or not _sizes(offsets) or len(offsets) != 2 or len(shape) > _MAX_DIMS:
        raise _wrong(source, f"{shown} has a shape or offsets that are not whole numbers from 0 on")
    first, last = offsets
    if dtype not in _ELEMENT_OF:
        raise DtypeError(
            f"{source.label}: {shown} has dtype {dtype[:20]!r}, which NumPy has no type for. Convert the file to F32 "
            "with the program that wrote it."
        )
    needed = math.prod(shape) * ELEMENTS[_ELEMENT_OF[dtype]].itemsize
    if max(shape, default=0) >= 1 << 60 or needed != last - first:
        raise _wrong(source, f"{shown} of shape {shape[:8]} and dtype {dtype} does not fit into {last - first} bytes")
    return Entry(dtype, tuple(shape), begin + first, last - first)


def _sizes(values: Any) -> bool:
    return isinstance(values, list) and all(type(n) is int and 0 <= n < 1 << 64 for n in values)


def _check_cover(source: Source, entries: dict[str, Entry], begin: int) -> None:
    position = begin
    for name, entry in sorted(entries.items(), key=lambda item: (item[1].start, item[1].nbytes)):
        if entry.start != position:
            what = "overlaps" if entry.start < position else "leaves a gap after"
            raise _wrong(source, f"the tensor {name[:80]!r} {what} the one before it")
        position += entry.nbytes
    if position > source.size:
        raise TruncatedFileError(
            f"{source.label}: expected {position} bytes, but the file ends at byte {source.size}. It is cut short; "
            "copy or download it again."
        )
    if position < source.size:
        raise _wrong(source, f"{source.size - position} bytes at its end belong to no tensor")


def layout(arrays: Mapping[str, np.ndarray[Any, Any]], metadata: Mapping[str, str] | None) -> tuple[bytes, list[str]]:
    """(length and header, the names in the order of their data) for these arrays."""
    types = {name: _type_name(name, array.dtype) for name, array in arrays.items()}
    order = sorted(arrays, key=lambda name: (-_RANK[types[name]], name))
    listing: dict[str, Any] = {} if metadata is None else {METADATA: dict(metadata)}
    position = 0
    for name in order:
        end = position + arrays[name].nbytes
        listing[name] = {"dtype": types[name], "shape": list(arrays[name].shape), "data_offsets": [position, end]}
        position = end
    raw = json.dumps(listing, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    raw += b" " * (-len(raw) % 8)
    if len(raw) > MAX_HEADER:
        raise ValueError(f"save_file: the names and metadata take {len(raw)} bytes, and {MAX_HEADER} is the most there may be.")
    return len(raw).to_bytes(8, "little") + raw, order


def _type_name(name: str, dtype: np.dtype[Any]) -> str:
    found = _NAME_OF.get(dtype.name)
    if found is None:
        fix = "Save its real and imaginary part." if dtype.kind == "c" else "Convert it first."
        raise DtypeError(f"save_file: safetensors has no type for the {dtype} tensor {name!r}. {fix}")
    return found


def check_input(tensors: Any, metadata: Any) -> None:
    """Refuse what cannot be written, before anything is."""
    if not isinstance(tensors, Mapping):
        raise ValueError(f"Expected a dict of [str, Tensor] but received {type(tensors).__name__}. For other trees use save().")
    for name in tensors:
        if not isinstance(name, str) or name == METADATA:
            raise ValueError(f"save_file: expected names of tensors to be texts other than {METADATA!r}, got {name!r:.60}.")
    if metadata is not None and not (
        isinstance(metadata, Mapping) and all(isinstance(part, str) for item in metadata.items() for part in item)
    ):
        raise TypeError("save_file: expected metadata to be a dict of texts; convert numbers with str().")
