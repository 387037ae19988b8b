"""safetensors files with NumPy arrays in and out."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import numpy as np

from ...support.atomic import atomic_write
from ..storage.dtypes import Array
from ..storage.source import FileLike, is_path, open_source
from .header import check_input, layout, read_header
from .reading import read_entry


def save_file(tensors: Mapping[str, Array], filename: FileLike, metadata: Mapping[str, str] | None = None) -> None:
    """Save arrays by name. A path is written atomically.

    Args:
        tensors: the arrays, of bool, integer, float or complex64 type; any memory layout.
        filename: a path, or an open binary file.
        metadata: texts to keep beside them.

    Raises:
        ValueError, TypeError: names or metadata that are not texts.
        DtypeError: an element type that the format lacks.
        OSError: the file cannot be written.

    Example:
        >>> import io
        >>> import numpy as np
        >>> from autograd_cnn.serialization.safetensors import numpy as stn
        >>> file = io.BytesIO()
        >>> stn.save_file({"w": np.arange(3)}, file)
        >>> stn.load(file.getvalue())
        {'w': array([0, 1, 2])}
    """
    check_input(tensors, metadata)
    arrays = {name: _little(np.asarray(array)) for name, array in tensors.items()}
    head, order = layout(arrays, metadata)
    if isinstance(filename, (str, bytes)) or is_path(filename):
        with atomic_write(filename) as file:  # type: ignore[arg-type]
            _write(file, head, arrays, order)
    else:
        _write(filename, head, arrays, order)


def _little(array: Array) -> Array:
    """In the byte order of the format, without a copy where it is that already."""
    return array.astype(array.dtype.newbyteorder("<"), copy=False)


def _write(file: Any, head: bytes, arrays: Mapping[str, Array], order: list[str]) -> None:
    file.write(head)
    for name in order:
        file.write(np.ascontiguousarray(arrays[name]).reshape(-1).view(np.uint8).data)


def save(tensors: Mapping[str, Array], metadata: Mapping[str, str] | None = None) -> bytes:
    """The same as bytes.

    Example:
        >>> import numpy as np
        >>> from autograd_cnn.serialization.safetensors import numpy as stn
        >>> len(stn.save({"w": np.zeros(2)}))
        80
    """
    file = io.BytesIO()
    save_file(tensors, file, metadata)
    return file.getvalue()


def load_file(filename: FileLike, *, mmap: bool = False, widen: bool = False) -> dict[str, Array]:
    """The arrays of a file by name.

    Args:
        filename: a path, or an open binary file.
        mmap: map the file instead of reading it: arrays are read from the disk when they are looked at. Needs a path.
        widen: read bfloat16 and the float8 types, which NumPy lacks, as float32, exactly; without it they are refused.

    Raises:
        FileFormatError (a RuntimeError): it is not a safetensors file, or it is damaged.
        DtypeError (a RuntimeError): it holds a type that NumPy lacks, and `widen` is off.
        OSError: the file cannot be read.

    Example:
        >>> import io
        >>> import numpy as np
        >>> from autograd_cnn.serialization.safetensors import numpy as stn
        >>> stn.load_file(io.BytesIO(stn.save({"w": np.zeros(2)})))
        {'w': array([0., 0.])}
    """
    if mmap and not is_path(filename):
        raise ValueError("load_file: expected a path to map, got an open file. Leave mmap out, or pass the path.")
    with open_source(filename, "load_file") as source:
        entries = read_header(source).entries
        return {name: read_entry(source, name, entry, mmap=mmap, widen=widen) for name, entry in entries.items()}


def load(data: bytes, *, widen: bool = False) -> dict[str, Array]:
    """The arrays in the bytes of a file.

    Example:
        >>> import numpy as np
        >>> from autograd_cnn.serialization.safetensors import numpy as stn
        >>> stn.load(stn.save({"w": np.ones(1)}))
        {'w': array([1.])}
    """
    return load_file(io.BytesIO(data), widen=widen)
