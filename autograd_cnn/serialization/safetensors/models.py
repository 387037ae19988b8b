"""Models in safetensors files: tied weights are written once, under one of their names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..storage import conversion
from ..storage.dtypes import Array
from ..storage.source import FileLike
from .sharing import _span, shared_names


def _spare_names(arrays: Mapping[str, Array], preferred: Mapping[str, Any] | None = None) -> dict[str, str]:
    """The names that need no data of their own, each with the name that carries it."""
    donated: dict[str, str] = {}
    for group in shared_names(arrays):
        ranked = sorted(group, key=lambda name: (preferred is not None and name not in preferred, -arrays[name].nbytes, name))
        keeper, rest = ranked[0], ranked[1:]
        for name in rest:
            a, b = arrays[keeper], arrays[name]
            if _span(a) != _span(b) or a.shape != b.shape or a.strides != b.strides or a.dtype != b.dtype:
                raise RuntimeError(
                    f"save_model: the tensors {keeper!r} and {name!r} overlap in memory without being the same tensor. "
                    "Make one of them a .clone()."
                )
            donated[name] = keeper
    return donated


def _arrays(model: Any) -> dict[str, Array]:
    return {name: conversion.to_array(value) for name, value in model.state_dict().items() if conversion.is_tensor(value)}


def save_model(model: Any, filename: FileLike, metadata: Mapping[str, str] | None = None) -> None:
    """Save a module's `state_dict()`. Weights that are tied are written once, and noted in the metadata.

    Args:
        model: a Module.
        filename: a path, or an open binary file.
        metadata: texts to keep beside the tensors.

    Raises:
        As `save_file`; RuntimeError also for tensors that overlap without being the same.

    Example:
        >>> import io
        >>> from autograd_cnn import nn
        >>> from autograd_cnn.serialization.safetensors import load_model, save_model
        >>> file = io.BytesIO()
        >>> save_model(nn.Linear(2, 3), file)
        >>> _ = file.seek(0)
        >>> load_model(nn.Linear(2, 3), file)
        (set(), [])
    """
    from .files import save_file

    arrays = _arrays(model)
    donated = _spare_names(arrays)
    notes = {**(metadata or {}), **donated} or None
    save_file({name: array for name, array in arrays.items() if name not in donated}, filename, notes)


def load_model(model: Any, filename: FileLike, strict: bool = True, device: Any = "cpu") -> tuple[set[str], list[str]]:
    """Load a safetensors file into a module.

    Args:
        model: a Module.
        filename: a path, or an open binary file.
        strict: raise if names are missing or left over; tied weights count as there if one of them is.
        device: only the CPU.

    Returns:
        (missing names, unexpected names).

    Raises:
        As `load_file`; RuntimeError for names that do not fit, under `strict`.

    Example:
        >>> import io
        >>> from autograd_cnn import nn
        >>> from autograd_cnn.serialization.safetensors import load_model, save_model
        >>> file = io.BytesIO()
        >>> save_model(nn.Linear(2, 3), file)
        >>> _ = file.seek(0)
        >>> load_model(nn.Linear(2, 3), file)
        (set(), [])
    """
    from .files import load_file

    state = load_file(filename, device)
    donated = _spare_names(_arrays(model), state)
    result = model.load_state_dict(state, strict=False)
    missing, unexpected = set(result.missing_keys) - set(donated), list(result.unexpected_keys)
    unexpected += [name for name in donated if name in state and donated[name] in state]
    if strict and (missing or unexpected):
        raise RuntimeError(
            f"Error(s) in loading state_dict for {type(model).__name__}: Missing key(s): {sorted(missing)}; "
            f"Unexpected key(s): {sorted(unexpected)}. Pass strict=False to load what fits."
        )
    return missing, unexpected
