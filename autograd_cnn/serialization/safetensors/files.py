"""Files of tensors by name."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from ..storage import conversion
from ..storage.map_location import MapLocation, restorer
from ..storage.source import FileLike
from . import numpy as _numpy
from .header import check_input
from .sharing import refuse_shared


def save_file(tensors: Mapping[str, Any], filename: FileLike, metadata: Mapping[str, str] | None = None) -> None:
    """Save tensors by name. A path is written atomically.

    The format knows no shared memory: tensors that overlap are refused. Save models with tied weights by `save_model`.

    Args:
        tensors: the tensors (or arrays), of bool, integer, float or complex64 type; any memory layout.
        filename: a path, or an open binary file.
        metadata: texts to keep beside them.

    Raises:
        ValueError, TypeError: not tensors by name, or metadata that are not texts.
        RuntimeError: tensors that share memory.
        DtypeError (a RuntimeError): an element type that the format lacks.
        OSError: the file cannot be written.

    Example:
        >>> import io
        >>> import autograd_cnn as ac
        >>> from autograd_cnn.serialization import load_file, save_file
        >>> file = io.BytesIO()
        >>> save_file({"weight": ac.ones(2)}, file, metadata={"epoch": "3"})
        >>> _ = file.seek(0)
        >>> load_file(file)
        {'weight': tensor([1., 1.])}

    Source: the format of https://github.com/huggingface/safetensors.
    """
    check_input(tensors, metadata)
    arrays = {name: _array(name, tensor) for name, tensor in tensors.items()}
    refuse_shared(arrays)
    _numpy.save_file(arrays, filename, metadata)


def _array(name: str, tensor: Any) -> Any:
    if conversion.is_tensor(tensor):
        return conversion.to_array(tensor)
    if hasattr(tensor, "dtype") and hasattr(tensor, "__array__"):
        return tensor.__array__()
    raise ValueError(
        f"Key `{name}` is invalid, expected Tensor but received {type(tensor).__name__}. Only tensors have a place "
        "in the format; keep texts in metadata, and other trees in save()."
    )


def save(tensors: Mapping[str, Any], metadata: Mapping[str, str] | None = None) -> bytes:
    """The same as bytes.

    Example:
        >>> import autograd_cnn as ac
        >>> from autograd_cnn.serialization import safetensors
        >>> safetensors.load(safetensors.save({"w": ac.zeros(2)}))
        {'w': tensor([0., 0.])}
    """
    file = io.BytesIO()
    save_file(tensors, file, metadata)
    return file.getvalue()


def load_file(filename: FileLike, device: MapLocation = "cpu", *, mmap: bool = False, widen: bool = False) -> dict[str, Any]:
    """The tensors of a safetensors file by name.

    Args:
        filename: a path, or an open binary file.
        device: only the CPU.
        mmap: map the file instead of reading it: tensors are read from the disk when they are looked at, and writes to
            them stay in memory. Needs a path.
        widen: read bfloat16 and the float8 types, which NumPy lacks, as float32, exactly; without it they are refused.

    Raises:
        FileFormatError (a RuntimeError): it is not a safetensors file, or it is damaged.
        DtypeError (a RuntimeError): it holds a type that NumPy lacks, and `widen` is off.
        RuntimeError: another device. OSError: the file cannot be read.

    Example:
        >>> import io
        >>> import autograd_cnn as ac
        >>> from autograd_cnn.serialization import load_file, safetensors
        >>> load_file(io.BytesIO(safetensors.save({"w": ac.zeros(2)})))
        {'w': tensor([0., 0.])}
    """
    restorer(device)
    arrays = _numpy.load_file(filename, mmap=mmap, widen=widen)
    return {name: conversion.from_array(array) for name, array in arrays.items()}


def load(data: bytes, *, widen: bool = False) -> dict[str, Any]:
    """The tensors in the bytes of a file.

    Example:
        >>> import autograd_cnn as ac
        >>> from autograd_cnn.serialization import safetensors
        >>> safetensors.load(safetensors.save({"w": ac.ones(1)}))
        {'w': tensor([1.])}
    """
    return load_file(io.BytesIO(data), widen=widen)
