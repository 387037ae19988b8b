"""One model on several devices (there is one) or in several processes."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from ...support.listing import listed
from .data import DataParallel, data_parallel

if TYPE_CHECKING:
    from .distributed import DistributedDataParallel, GradBucket

__all__ = ["DataParallel", "DistributedDataParallel", "GradBucket", "data_parallel"]

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        """What needs other processes is loaded when it is first asked for."""
        if name not in ("DistributedDataParallel", "GradBucket"):
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(importlib.import_module(f"{__name__}.distributed"), name)


def __dir__() -> list[str]:
    return listed(globals())
