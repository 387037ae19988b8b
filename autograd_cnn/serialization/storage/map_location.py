"""`map_location`: where the storages of a file may go. Here that is the CPU, and the rest is PyTorch's error for it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ...types.device import device
from .storage import Storage

MapLocation = str | bytes | device | Mapping[str, Any] | Callable[[Storage, str], Storage | None] | None
Restore = Callable[[Storage | None, str], None]


class _FromCaller(Exception):
    """An error of the caller's own function on its way out: not to be taken for one of the file's."""


@contextlib.contextmanager
def callers_errors() -> Iterator[None]:
    """Around the reading of a file: what the caller's `map_location` raises comes out as it was raised."""
    try:
        yield
    except _FromCaller as wrapped:
        raise wrapped.args[0] from None


def restorer(map_location: MapLocation) -> Restore:
    """The function that is told each storage and the location it was saved from, and raises if it cannot be placed."""
    if map_location is None:
        return lambda storage, location: _on_cpu(location)
    if isinstance(map_location, (str, bytes, device)):
        target = map_location.decode("ascii") if isinstance(map_location, bytes) else str(map_location)
        _on_cpu(target)
        return lambda storage, location: None
    if isinstance(map_location, Mapping):
        return lambda storage, location: _on_cpu(str(map_location.get(location, location)))
    if callable(map_location):
        return lambda storage, location: _ask(map_location, storage, location)
    raise TypeError(
        "load: expected map_location to be None, 'cpu', a device, a dict of locations or a function of (storage, "
        f"location), got {type(map_location).__name__}."
    )


def _ask(function: Callable[[Any, str], Any], storage: Storage | None, location: str) -> None:
    if storage is None:
        raise RuntimeError("load: a function as map_location does not fit a tensor that was saved as an array. Use 'cpu'.")
    try:
        answer = function(storage, location)
    except Exception as error:
        raise _FromCaller(error) from error
    if answer is None:
        _on_cpu(location)
    elif answer is not storage:
        raise _FromCaller(
            TypeError(
                f"load: expected map_location to return the storage it was given or None, got {type(answer).__name__}. "
                "Use map_location='cpu', or lambda storage, location: storage."
            )
        )


def _on_cpu(location: str) -> None:
    kind = location.partition(":")[0]
    if kind == "cpu":
        return
    if kind == "cuda":
        raise RuntimeError(
            "Attempting to deserialize object on a CUDA device but torch.cuda.is_available() is False. If you are "
            "running on a CPU-only machine, please use load with map_location='cpu' to map your storages to the CPU."
        )
    raise RuntimeError(
        f"load: don't know how to restore data location {location!r}: this library computes on the CPU. Use map_location='cpu'."
    )
