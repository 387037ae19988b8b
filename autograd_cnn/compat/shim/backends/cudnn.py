"""`torch.backends.cudnn`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

enabled, benchmark, deterministic, allow_tf32, benchmark_limit = True, False, False, True, 10


def is_available() -> bool:
    """It is not here."""
    return False


def version() -> None:
    """None: it is not here."""


def is_acceptable(tensor: Any) -> bool:
    """No tensor is its work."""
    return False


@contextlib.contextmanager
def flags(**switches: Any) -> Iterator[None]:
    """Accepted, and changes nothing."""
    yield
