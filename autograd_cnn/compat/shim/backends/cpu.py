"""`torch.backends.mkldnn`, `.mkl`, `.openmp`: switches of PyTorch's kernels, which are not the ones that compute here."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

enabled, deterministic, allow_tf32 = True, True, False


def is_available() -> bool:
    """PyTorch's own build of it is not here."""
    return False


def set_flags(*switches: Any) -> None:
    """Accepted, and changes nothing."""


@contextlib.contextmanager
def flags(*switches: Any, **named: Any) -> Iterator[None]:
    """Accepted, and changes nothing."""
    yield
