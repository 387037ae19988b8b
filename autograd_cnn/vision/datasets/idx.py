"""MNIST's files: the idx format, plain or gzipped."""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from ...serialization.gate import spelt

_KINDS = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_MAX_DIMS = 64  # NumPy's
_PIECE = 1 << 20
_LIMIT = 1 << 31  # bytes of one file's array; MNIST has 47 million


def read_idx(path: str | Path) -> Any:
    """The array in an idx file (`.gz` or not), in native byte order.

    Raises:
        FileNotFoundError
        ValueError: a file that is not idx, is cut short, or states absurd sizes (before allocating).

    Source: LeCun, Cortes, Burges, "The MNIST database of handwritten digits": the file format.
    """
    path = Path(path)
    with path.open("rb") as file:
        zipped = file.read(2) == b"\x1f\x8b"
    try:
        with gzip.open(path, "rb") if zipped else path.open("rb") as file:
            head = file.read(4)
            if len(head) < 4 or head[:2] != b"\0\0" or head[2] not in _KINDS or not head[3]:
                raise ValueError(f"{path}: expected an idx file (magic 0 0 type dims), got {head!r}. Is it MNIST's original file?")
            dtype, ndim = spelt(_KINDS[head[2]]), head[3]
            sizes = file.read(4 * ndim)
            if len(sizes) < 4 * ndim:
                raise ValueError(f"{path}: expected {ndim} sizes in the header, but the file ends. Fetch it again.")
            shape = struct.unpack(f">{ndim}I", sizes)
            count = math.prod(shape) * dtype.itemsize
            if ndim > _MAX_DIMS or math.prod(n or 1 for n in shape) * dtype.itemsize > _LIMIT:
                raise ValueError(
                    f"{path}: expected at most {_MAX_DIMS} dims and {_LIMIT} bytes of data, the header states {count} bytes "
                    f"(shape {shape[:8]}, {ndim} dims). The file is damaged."
                )
            data = _read(file, count + 1)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(f"{path}: the gzip file is damaged or cut short ({error}). Fetch it again.") from None
    if len(data) != count:
        more = "more" if len(data) > count else f"only {len(data)}"
        raise ValueError(f"{path}: expected {count} bytes of data for shape {shape}, got {more}. Fetch it again.")
    array = np.frombuffer(data, dtype).reshape(shape)
    return array.astype(dtype.newbyteorder("="))


def _read(file: Any, count: int) -> bytes:
    """At most `count` bytes, piece by piece: a head that promises much and a file that is short take little memory."""
    pieces: list[bytes] = []
    while count and (piece := file.read(min(count, _PIECE))):
        pieces.append(piece)
        count -= len(piece)
    return b"".join(pieces)


_FILES = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}


def mnist_arrays(folder: str | Path) -> dict[str, tuple[Any, Any]]:
    """{"train": (images, labels), "test": …}: what of MNIST lies in the folder (or its `MNIST/raw`, torchvision's layout).

    Raises:
        FileNotFoundError: that names the folder, the files expected and where they come from.
        ValueError: files that do not belong together.
    """
    folder = Path(folder)
    places = [folder, folder / "MNIST" / "raw", folder / "raw"]
    found: dict[str, tuple[Any, Any]] = {}
    for part, names in _FILES.items():
        for place in places:
            files = [_either(place, name) for name in names]
            if all(files):
                images, labels = (read_idx(f) for f in files if f)
                if images.ndim != 3 or labels.shape != images.shape[:1]:
                    raise ValueError(f"{place}: expected as many labels as images, got images {images.shape} and labels {labels.shape}.")
                if labels.size and labels.max() > 9:
                    raise ValueError(f"{place}: expected labels from 0 to 9, got {labels.max()}.")
                found[part] = (images, labels.astype(np.int64))
                break
    if not found:
        what = "exists but does not hold them" if folder.is_dir() else "does not exist"
        raise FileNotFoundError(
            f"MNIST: expected {_FILES['train'][0]}[.gz] and {_FILES['train'][1]}[.gz], or {_FILES['test'][0]}[.gz] and {_FILES['test'][1]}[.gz], in "
            f"{folder}, which {what}. They are the original files of the MNIST database; put them there and give --data mnist:FOLDER."
        )
    return found


def _either(place: Path, name: str) -> Path | None:
    for candidate in (place / name, place / f"{name}.gz"):
        if candidate.is_file():
            return candidate
    return None
