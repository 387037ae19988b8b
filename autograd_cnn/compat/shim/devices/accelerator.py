"""`torch.accelerator` where there is none."""

from __future__ import annotations

from typing import Any

from .cuda import current_device as current_device_index
from .cuda import device_count, is_available, synchronize

__all__ = ["current_accelerator", "current_device_index", "device_count", "device_index", "is_available", "set_device_index", "synchronize"]


class device_index:
    """`with torch.accelerator.device_index(n)`: accepted for None, refused for a number."""

    def __init__(self, device: int | None, /) -> None:
        self.index = device

    def __enter__(self) -> None:
        if self.index is not None:
            set_device_index(self.index)

    def __exit__(self, *_: Any) -> None: ...


def current_accelerator(check_available: bool = False) -> Any:
    """None: there is only the CPU."""
    return None


def set_device_index(device: Any, /) -> None:
    """Raises RuntimeError: there is none to choose."""
    raise RuntimeError("Cannot access accelerator device when none is available: expected torch.accelerator.is_available() first.")


set_device_idx = set_device_index
