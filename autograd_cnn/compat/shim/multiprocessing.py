"""`torch.multiprocessing`: Python's. A tensor goes to another process as a copy."""

from __future__ import annotations

import multiprocessing as _real
from multiprocessing import *  # noqa: F403
from typing import Any

__all__ = [*_real.__all__, "get_sharing_strategy", "set_sharing_strategy"]


def set_sharing_strategy(new_strategy: str) -> None:
    """Accepted: tensors are not shared between processes."""


def get_sharing_strategy() -> str:
    """PyTorch's default."""
    return "file_descriptor"


def __getattr__(name: str) -> Any:
    return getattr(_real, name)
