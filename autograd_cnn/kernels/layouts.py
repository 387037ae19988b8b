"""What whoever holds values knows of backends: which arrays one of them keeps in an order of its own, and how these become ordinary ones.

One backend keeps such arrays today, so its own functions stand here under neutral names, at no cost for each operation.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .onednn.binary import add_into
from .onednn.channels_last import ChannelsLast as OwnOrder
from .onednn.plain import run_reference, to_plain, to_storage
from .reference.pooling import Codes

RAW: tuple[type, ...] = (OwnOrder, Codes)  # what a kernel may return beside ordinary arrays and numbers
STORES: dict[type, Callable[..., Any]] = {
    OwnOrder: to_storage,
    Codes: Codes.places,
}  # how each becomes an ordinary array, once and for good

__all__ = ["RAW", "STORES", "Codes", "OwnOrder", "add_into", "run_reference", "to_plain"]
